//! The one connection that writes, on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::error::{Error, Result};
use crate::store::StoreError;

/// How many writes may wait.
const QUEUE: usize = 256;
/// How long a write waits for a place in the queue.
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
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            if answer.is_closed() {
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(|| in_transaction(connection, work)))
                .unwrap_or_else(|_| Err(Error::bad_data("a write to the user database panicked")));
            // Nobody waits any more: the write stands all the same.
            let _ = answer.send(result);
        });
        match timeout(self.patience, self.queue.send(Message::Run(job))).await {
            Err(_) => Err(self.unavailable("too many writes are waiting; try again")),
            Ok(Err(_)) => Err(self.unavailable("it is closed")),
            Ok(Ok(())) => match answered.await {
                Ok(result) => result.map_err(|error| error.about(&self.path)),
                Err(_) => Err(self.unavailable("it is closed")),
            },
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

    fn unavailable(&self, what: &str) -> StoreError {
        let message = format!("{}: {what}", self.path.display());
        StoreError::Unavailable {
            message,
            source: None,
        }
    }
}

fn run(mut connection: Connection, mut jobs: mpsc::Receiver<Message>) {
    while let Some(Message::Run(job)) = jobs.blocking_recv() {
        job(&mut connection);
    }
}

fn in_transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
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
        let busy = writer.write(move |_| {
            may_go_on.recv().unwrap();
            Ok(())
        });
        // One is being done, the queue is full, and one is too many.
        let waiting = join_all((0..QUEUE).map(|_| writer.write(|_| Ok(()))));
        let too_many = async {
            let refused = writer.write(|_| Ok(())).await;
            go_on.send(()).unwrap();
            refused
        };
        let (_, waited, refused) = tokio::join!(busy, waiting, too_many);
        let refusals = waited
            .iter()
            .chain([&refused])
            .filter_map(|r| r.as_ref().err());
        let refusals: Vec<String> = refusals.map(ToString::to_string).collect();
        assert!((1..=2).contains(&refusals.len()), "{refusals:?}");
        assert!(
            refusals[0].contains("too many writes are waiting"),
            "{refusals:?}"
        );
    }
}
