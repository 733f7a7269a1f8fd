//! A local folder, shared by any number of processes.
//!
//! A file system has no conditional write. Here one is made of a lock that all writers of an
//! object take (`.registry/locks`, sharded, so that writers of different models seldom meet), a
//! comparison of the content, and a rename of a file written and synced beforehand in
//! `.registry/tmp`. A crash leaves the old or the new state, and perhaps a temporary file that no
//! listing shows and that is removed at a later start. Where one process alone writes, the turns
//! that its writers take are enough, and a file system without locks will do.
//!
//! Programs that take no lock are seen when an object is compared, but not between that and the
//! rename or the removal that follows: what they write in those microseconds is replaced unseen, or
//! removed with a purged tombstone.
//!
//! Files and folders are named as the objects are: nothing is encoded. Symbolic links are not
//! followed.

mod faults;
mod files;
mod packages;
mod reading;
mod swap;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt as _};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use tokio::task::JoinError;
use tokio::time::timeout;

use self::faults::may_pass;
use self::files::Files;
use super::conditional::{Condition, ConditionalStore, Fault, Labels, Level, Object, Removal, Tag};
use super::keys::{Folder, StoreKey};
use crate::model::Version;
use crate::repository::Stamp;

/// How many objects are locked apart from each other.
const SHARDS: usize = 64;

/// How many threads read, and how many write, at a time.
const THREADS: usize = 16;

/// How many objects one thread reads in a row.
const BATCH: usize = 128;

/// How long the start waits for the folder to be opened.
const OPENED_WITHIN: Duration = Duration::from_secs(2);

/// A [`ConditionalStore`] in a local folder.
#[derive(Debug)]
pub(super) struct FolderStore {
    place: Arc<Place>,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
    /// How many threads bring bytes of uploads to the disk.
    syncs: Arc<Semaphore>,
    /// Writers of this process wait here, without a thread, before they take the file lock.
    turns: Vec<Arc<Mutex<()>>>,
}

/// Where the folder is, opened by the first who gets that far.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    shared: bool,
    files: OnceLock<Files>,
}

impl Place {
    fn files(&self) -> Result<&Files, Fault> {
        if let Some(files) = self.files.get() {
            return Ok(files);
        }
        let files = Files::open(&self.path, self.shared)?;
        Ok(self.files.get_or_init(|| files))
    }
}

impl FolderStore {
    /// Opens a folder, which is created if it is not there, and removes temporary files that a
    /// crash left behind. Unless it is `shared`, no other process writes there.
    ///
    /// A folder that does not answer, as that of a file server may, is opened once it does.
    pub(super) async fn open(path: PathBuf, shared: bool) -> Result<Self, Fault> {
        let store = Self::unopened(path, shared);
        let opening = store.run(&store.readers, None, |_| ());
        let opened = timeout(OPENED_WITHIN, opening).await;
        let late = match opened {
            Ok(Ok(())) => return Ok(store),
            Ok(Err(fault)) if may_pass(&fault) => fault.to_string(),
            Ok(Err(fault)) => return Err(fault),
            Err(_) => format!("no answer within {} s", OPENED_WITHIN.as_secs()),
        };
        tracing::warn!(
            reason = late,
            "the folder of the models cannot be opened yet"
        );
        Ok(store)
    }

    fn unopened(path: PathBuf, shared: bool) -> Self {
        Self {
            place: Arc::new(Place {
                path,
                shared,
                files: OnceLock::new(),
            }),
            readers: Arc::new(Semaphore::new(THREADS)),
            writers: Arc::new(Semaphore::new(THREADS)),
            syncs: Arc::new(Semaphore::new(THREADS)),
            turns: (0..SHARDS).map(|_| Arc::default()).collect(),
        }
    }

    /// Runs blocking work on a thread of its own, at most [`THREADS`] of a kind at a time. Work
    /// that has begun runs to its end, even if no one waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        threads: &Arc<Semaphore>,
        turn: Option<OwnedMutexGuard<()>>,
        work: impl FnOnce(&Files) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let place = self.place.clone();
        let done = on_a_thread(threads.clone(), move || {
            let done = place.files().map(work);
            drop(turn);
            done
        });
        done.await
            .map_err(|error| Fault::Unexpected(error.into()))?
    }
}

/// Runs what blocks on a thread, once there are not too many at it.
async fn on_a_thread<T: Send + 'static>(
    threads: Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    let permit = threads.acquire_owned().await;
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(permit);
        done
    });
    done.await
}

#[async_trait]
impl ConditionalStore for FolderStore {
    async fn get(&self, key: &StoreKey) -> Result<Option<Object>, Fault> {
        let key = key.clone();
        self.run(&self.readers, None, move |files| files.read(&key))
            .await?
    }

    async fn get_many(&self, keys: Vec<StoreKey>) -> Vec<Result<Option<Object>, Fault>> {
        let batches: Vec<Vec<StoreKey>> = keys.chunks(BATCH).map(<[_]>::to_vec).collect();
        let batches = stream::iter(batches).map(async |keys| {
            let expected = keys.len();
            let read = move |files: &Files| keys.iter().map(|key| files.read(key)).collect();
            match self.run(&self.readers, None, read).await {
                Ok(found) => found,
                Err(fault) => {
                    let message = fault.to_string();
                    let again = || {
                        Err(Fault::Unavailable {
                            message: message.clone(),
                            source: None,
                        })
                    };
                    (0..expected).map(|_| again()).collect()
                }
            }
        });
        batches.buffered(THREADS).concat().await
    }

    async fn put(
        &self,
        key: &StoreKey,
        bytes: Arc<[u8]>,
        condition: &Condition,
        _: Option<&Labels>,
    ) -> Result<Option<Stamp>, Fault> {
        let shard = swap::shard(key);
        let turn = match condition {
            Condition::Always => None,
            _ => Some(self.turns[shard].clone().lock_owned().await),
        };
        let (key, condition) = (key.clone(), condition.clone());
        let work = move |files: &Files| files.put(&key, &bytes, &condition);
        self.run(&self.writers, turn, work).await?
    }

    async fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<bool, Fault> {
        let turn = self.turns[swap::shard(to)].clone().lock_owned().await;
        let (from, to) = (from.clone(), to.clone());
        let work = move |files: &Files| files.copy(&from, &to);
        self.run(&self.writers, Some(turn), work).await?
    }

    async fn digest(&self, key: &StoreKey) -> Result<Option<Version>, Fault> {
        let key = key.clone();
        self.run(&self.readers, None, move |files| files.digest(&key))
            .await?
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        let key = key.clone();
        self.run(&self.writers, None, move |files| files.remove(&key))
            .await?
    }

    fn removes_on_condition(&self) -> bool {
        true
    }

    async fn remove_unchanged(&self, key: &StoreKey, tag: &Tag) -> Result<Removal, Fault> {
        let turn = self.turns[swap::shard(key)].clone().lock_owned().await;
        let (key, tag) = (key.clone(), tag.clone());
        let work = move |files: &Files| files.remove_unchanged(&key, &tag);
        self.run(&self.writers, Some(turn), work).await?
    }

    async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        let folder = folder.clone();
        self.run(&self.readers, None, move |files| files.list(&folder))
            .await?
    }

    fn location(&self) -> String {
        let files = self.place.files.get();
        let path = files.map_or(self.place.path.as_path(), Files::root);
        path.display().to_string()
    }
}
