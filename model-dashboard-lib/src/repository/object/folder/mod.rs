//! A local folder, shared by any number of processes.
//!
//! A file system has no conditional write. Here one is made of a lock that all writers of an
//! object take (`.registry/locks`, sharded, so that writers of different models seldom meet), a
//! comparison of the content, and a rename of a file written and synced beforehand in
//! `.registry/tmp`. A crash leaves the old or the new state, and perhaps a temporary file that no
//! listing shows and that is removed at a later start.
//!
//! Files and folders are named as the objects are: nothing is encoded. Symbolic links are not
//! followed.

mod faults;
mod files;
mod swap;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt as _};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};

use self::files::Files;
use super::conditional::{Condition, ConditionalStore, Fault, Labels, Level, Object};
use super::keys::{Folder, StoreKey};
use crate::repository::Stamp;

/// How many objects are locked apart from each other.
const SHARDS: usize = 64;

/// How many threads read, and how many write, at a time.
const THREADS: usize = 16;

/// How many objects one thread reads in a row.
const BATCH: usize = 128;

/// A [`ConditionalStore`] in a local folder.
#[derive(Debug)]
pub(super) struct FolderStore {
    files: Arc<Files>,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
    /// Writers of this process wait here, without a thread, before they take the file lock.
    turns: Vec<Arc<Mutex<()>>>,
}

impl FolderStore {
    /// Opens a folder, which is created if it is not there, and removes temporary files that a
    /// crash left behind.
    pub(super) async fn open(path: PathBuf) -> Result<Self, Fault> {
        let files = tokio::task::spawn_blocking(move || Files::open(&path));
        let files = files
            .await
            .map_err(|error| Fault::Unexpected(error.into()))??;
        Ok(Self {
            files: Arc::new(files),
            readers: Arc::new(Semaphore::new(THREADS)),
            writers: Arc::new(Semaphore::new(THREADS)),
            turns: (0..SHARDS).map(|_| Arc::default()).collect(),
        })
    }

    /// Runs blocking work on a thread of its own, at most [`THREADS`] of a kind at a time. Work
    /// that has begun runs to its end, even if no one waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        threads: &Arc<Semaphore>,
        turn: Option<OwnedMutexGuard<()>>,
        work: impl FnOnce(&Files) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let permit = threads.clone().acquire_owned().await;
        let files = self.files.clone();
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&files);
            drop((turn, permit));
            done
        });
        done.await.map_err(|error| Fault::Unexpected(error.into()))
    }
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
                    let again = || Err(Fault::Unexpected(message.clone().into()));
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

    async fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        let key = key.clone();
        self.run(&self.writers, None, move |files| files.remove(&key))
            .await?
    }

    async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        let folder = folder.clone();
        self.run(&self.readers, None, move |files| files.list(&folder))
            .await?
    }

    fn location(&self) -> String {
        self.files.root().display().to_string()
    }
}
