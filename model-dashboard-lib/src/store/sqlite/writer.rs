//! The one connection that writes, on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{timeout, timeout_at};

use super::error::{Error, Result};
use super::migrations;
use crate::store::StoreError;

/// How many writes may wait.
const QUEUE: usize = 256;
/// How long a write waits to begin. Those that wait behind a lock end together, not one after the
/// other.
const PATIENCE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

enum Message {
    Run(Job),
    Stop,
}

/// Runs closures on the writing connection, one after the other, each in a transaction of its
/// own. A transaction never waits for anything but the disk.
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    path: Arc<Path>,
    patience: Duration,
    /// How many writes that count were committed.
    committed: Arc<AtomicU64>,
}

impl Writer {
    pub(super) fn start(connection: Connection, path: Arc<Path>) -> Result<Writer> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("user-database".into())
            .spawn(move || run(connection, jobs))?;
        Ok(Writer {
            queue,
            thread: Mutex::new(Some(thread)),
            path,
            patience: PATIENCE,
            committed: Arc::default(),
        })
    }

    /// Runs `work` in an immediate transaction, which is committed if it succeeds. The answer
    /// comes after the commit is durable. If the caller stops waiting, a write that has begun is
    /// finished and one that has not is left out.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let committed = Arc::clone(&self.committed);
        let path = Arc::clone(&self.path);
        self.run(move |connection| {
            let result = in_transaction(connection, &path, work);
            // Here, as the caller may wait no more; and afterwards, so that whoever sees the new
            // number reads what was written.
            committed.fetch_add(1, Ordering::SeqCst);
            result
        })
        .await
    }

    /// Like [`Writer::write`], for what changes nothing that anybody holds in memory.
    pub(super) async fn note<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let path = Arc::clone(&self.path);
        self.run(move |connection| in_transaction(connection, &path, work))
            .await
    }

    /// How many times [`Writer::write`] has written.
    pub(super) fn committed(&self) -> u64 {
        self.committed.load(Ordering::SeqCst)
    }

    /// A number that changes when another connection commits, but not when this one does.
    pub(super) async fn data_version(&self) -> Result<u64, StoreError> {
        self.run(|connection| data_version(connection)).await
    }

    async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        let (answer, mut answered) = oneshot::channel();
        let begin_by = Instant::now() + self.patience;
        let path = Arc::clone(&self.path);
        // Settled once: the write begins, or the caller gives it up.
        let settled = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&settled);
        let job: Job = Box::new(move |connection| {
            if answer.is_closed() || begins.swap(true, Ordering::AcqRel) {
                return;
            }
            // Nobody may wait any more: the write stands all the same.
            let _ = answer.send(if Instant::now() >= begin_by {
                Err(unavailable(&path, TOO_MANY))
            } else {
                catch_unwind(AssertUnwindSafe(|| work(connection)))
                    .unwrap_or_else(|_| {
                        Err(Error::bad_data("a write to the user database panicked"))
                    })
                    .map_err(|error| error.about(&path))
            });
        });
        match timeout(self.patience, self.queue.send(Message::Run(job))).await {
            Err(_) => Err(unavailable(&self.path, TOO_MANY)),
            Ok(Err(_)) => Err(unavailable(&self.path, CLOSED)),
            Ok(Ok(())) => {
                let waited = timeout_at(begin_by.into(), &mut answered).await;
                if waited.is_err() && !settled.swap(true, Ordering::AcqRel) {
                    return Err(unavailable(&self.path, TOO_MANY));
                }
                let answer = match waited {
                    Ok(answer) => answer,
                    // It has begun, and what becomes of it is not known before its end.
                    Err(_) => answered.await,
                };
                answer.unwrap_or_else(|_| Err(unavailable(&self.path, CLOSED)))
            }
        }
    }

    /// Finishes the writes that wait and closes the connection.
    pub(super) async fn stop(&self) {
        // An error says that the thread has ended already.
        let _ = self.queue.send(Message::Stop).await;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(|| thread.join()).await;
        }
    }
}

const TOO_MANY: &str = "too many writes are waiting; try again";
const CLOSED: &str = "it is closed";

fn unavailable(path: &Path, what: &str) -> StoreError {
    let message = format!("{}: {what}", path.display());
    StoreError::Unavailable {
        message,
        source: None,
    }
}

/// A number that changes when another connection than this one commits.
pub(super) fn data_version(connection: &Connection) -> Result<u64> {
    let version: i64 = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
    Ok(version.cast_unsigned())
}

fn run(mut connection: Connection, mut jobs: mpsc::Receiver<Message>) {
    while let Some(Message::Run(job)) = jobs.blocking_recv() {
        job(&mut connection);
    }
}

fn in_transaction<T>(
    connection: &mut Connection,
    path: &Path,
    work: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another program may have upgraded the file since it was opened. What this one writes could
    // lack what the newer schema promises.
    migrations::refuse_newer(&transaction, path)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::mpsc;

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn a_write_waits_for_a_place_in_the_queue_but_not_for_ever() {
        let connection = Connection::open_in_memory().unwrap();
        let mut writer = Writer::start(connection, Path::new("users.db").into()).unwrap();
        writer.patience = Duration::from_millis(20);
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let (began, has_begun) = oneshot::channel();
        let busy = writer.write(move |_| {
            began.send(()).unwrap();
            may_go_on.recv().unwrap();
            Ok(())
        });
        // One is being done, the queue is full, and one is too many. All of those end while the
        // first goes on.
        let waiting = async {
            has_begun.await.unwrap();
            let refused = join_all((0..=QUEUE).map(|_| writer.write(|_| Ok(())))).await;
            go_on.send(()).unwrap();
            refused
        };
        let (busy, waited) = tokio::join!(busy, waiting);
        busy.unwrap();
        for refused in &waited {
            let message = refused.as_ref().unwrap_err().to_string();
            assert!(message.contains("too many writes are waiting"), "{message}");
        }
    }

    #[tokio::test]
    async fn writes_behind_a_lock_end_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        // As long as this only the first write waits.
        connection.busy_timeout(Duration::from_millis(100)).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut writer = Writer::start(connection, path.into()).unwrap();
        writer.patience = Duration::from_millis(20);
        let writes = (0..QUEUE).map(|_| writer.write(|_| Ok(())));
        let refused = join_all(writes).await;
        let said = |what: &str| {
            let messages = refused.iter().map(|r| r.as_ref().unwrap_err().to_string());
            messages.filter(|message| message.contains(what)).count()
        };
        assert_eq!(said("locked by another program"), 1);
        assert_eq!(said("too many writes are waiting"), QUEUE - 1);
    }
}
