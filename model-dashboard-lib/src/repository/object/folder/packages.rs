//! Packages in a local folder: bytes are appended to a file, which is renamed when it is whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::faults::{fault, unlockable};
use super::files::{Files, is_absent};
use super::reading::{Ahead, FileRead};
use super::swap::sync_folder;
use super::{Condition, ConditionalStore, Fault, FolderStore, on_a_thread};
use crate::repository::object::keys::StoreKey;
use crate::repository::object::packages::large::{Append, Claim, Kept, LargeObjects, LargeWrite};
use crate::repository::packages::{PackageId, Pieces};

impl Files {
    fn begin_upload(&self, id: PackageId) -> Result<(), Fault> {
        let path = self.path(&StoreKey::upload_bytes(id));
        self.still_there()?;
        let folder = self.make_way(&path)?;
        options()
            .create_new(true)
            .open(&path)
            .map_err(|error| fault(&path, "cannot be written", error))?;
        sync_folder(&folder)
    }

    /// Locks the bytes of an upload, unless it is finished.
    fn claim_upload(&self, id: PackageId) -> Result<Claim, Fault> {
        let path = self.path(&StoreKey::upload_bytes(id));
        if !self.shared {
            return Ok(Claim::Held(None));
        }
        let file = match options().open(&path) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => {
                return self.still_there().map(|()| Claim::Held(None));
            }
            Err(error) => return Err(fault(&path, "cannot be written", error)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Claim::Held(Some(Arc::new(file)))),
            Err(TryLockError::WouldBlock) => Ok(Claim::Taken),
            Err(TryLockError::Error(error)) => Err(unlockable(&path, error)),
        }
    }

    /// A file to append to, whose bytes after the first `received` go.
    fn open_upload(&self, id: PackageId, received: u64) -> Result<File, Fault> {
        let path = self.path(&StoreKey::upload_bytes(id));
        let unwritable = |error| fault(&path, "cannot be written", error);
        let mut file = match options().open(&path) {
            Err(error) if is_absent(&error) => return self.lost(&path, 0, received),
            opened => opened.map_err(unwritable)?,
        };
        let there = file.metadata().map_err(unwritable)?.len();
        if there < received {
            return self.lost(&path, there, received);
        }
        file.set_len(received).map_err(unwritable)?;
        file.seek(SeekFrom::Start(received)).map_err(unwritable)?;
        Ok(file)
    }

    /// The fault that a file is shorter than it was, unless the whole folder is gone.
    fn lost<T>(&self, path: &Path, there: u64, received: u64) -> Result<T, Fault> {
        self.still_there()?;
        Err(Fault::Lost {
            message: format!("{} has {there} of {received} bytes", path.display()),
        })
    }

    fn complete_upload(&self, id: PackageId, size: u64) -> Result<(), Fault> {
        let from = self.path(&StoreKey::upload_bytes(id));
        let to = self.path(&StoreKey::package(id));
        let unwritable = |error| fault(&to, "cannot be written", error);
        self.still_there()?;
        let folder = self.make_way(&to)?;
        match fs::symlink_metadata(&from) {
            Ok(found) if found.is_file() && found.len() == size => {
                // The same bytes may not be written to any more: who has read them relies on it.
                fs::rename(&from, &to).map_err(unwritable)?;
                from.parent().map_or(Ok(()), sync_folder)?;
            }
            Ok(found) if found.is_file() && found.len() < size => {
                return self.lost(&from, found.len(), size);
            }
            Ok(_) => {
                let error = io::Error::other("it is not the file that was written");
                return Err(fault(&from, "cannot be taken", error));
            }
            // An earlier try may have got this far.
            Err(error) if is_absent(&error) => {
                let found = match fs::symlink_metadata(&to) {
                    Err(error) if is_absent(&error) => return self.lost(&from, 0, size),
                    found => found.map_err(unwritable)?,
                };
                if !found.is_file() || found.len() != size {
                    let error = io::Error::other("it is not the file that was written");
                    return Err(fault(&to, "cannot be taken", error));
                }
            }
            Err(error) => return Err(unwritable(error)),
        }
        sync_folder(&folder)
    }

    /// Opens an object of any size, with its size.
    fn open_object(&self, key: &StoreKey) -> Result<Option<(File, u64)>, Fault> {
        let path = self.path(key);
        let unreadable = |error| fault(&path, "cannot be read", error);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() && self.is_reached(&path).map_err(unreadable)? => {}
            Ok(_) => return self.still_there().map(|()| None),
            Err(error) if is_absent(&error) => return self.still_there().map(|()| None),
            Err(error) => return Err(unreadable(error)),
        }
        let file = File::open(&path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        Ok(Some((file, size)))
    }
}

#[async_trait]
impl LargeObjects for FolderStore {
    fn is_local(&self) -> bool {
        true
    }

    async fn begin(&self, id: PackageId, _: u64) -> Result<Kept, Fault> {
        let begin = move |files: &Files| files.begin_upload(id);
        self.run(&self.writers, None, begin).await??;
        Ok(Kept::default())
    }

    async fn claim(&self, id: PackageId) -> Result<Claim, Fault> {
        let claim = move |files: &Files| files.claim_upload(id);
        self.run(&self.writers, None, claim).await?
    }

    async fn resume(
        &self,
        id: PackageId,
        received: u64,
        _: &Kept,
    ) -> Result<Box<dyn LargeWrite>, Fault> {
        let open = move |files: &Files| files.open_upload(id, received);
        let file = self.run(&self.writers, None, open).await??;
        Ok(Box::new(FolderWrite {
            file: Arc::new(file),
            syncs: self.syncs.clone(),
            name: StoreKey::upload_bytes(id),
            syncing: Arc::default(),
        }))
    }

    async fn tidy(&self, _: PackageId, _: &Kept, _: &Kept) -> Result<(), Fault> {
        Ok(())
    }

    async fn complete(&self, id: PackageId, size: u64, _: &Kept) -> Result<(), Fault> {
        let complete = move |files: &Files| files.complete_upload(id, size);
        self.run(&self.writers, None, complete).await?
    }

    async fn give_up(&self, id: PackageId, _: &Kept) -> Result<(), Fault> {
        let remove = move |files: &Files| {
            files.remove(&StoreKey::upload_bytes(id))?;
            files.remove(&StoreKey::package(id))
        };
        self.run(&self.writers, None, remove).await?
    }

    async fn create(&self, key: &StoreKey, bytes: Arc<[u8]>) -> Result<bool, Fault> {
        let put = ConditionalStore::put(self, key, bytes, &Condition::Absent, None);
        Ok(put.await?.is_some())
    }

    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, Fault> {
        let key = key.clone();
        let open = move |files: &Files| files.open_object(&key);
        let found = self.run(&self.readers, None, open).await??;
        Ok(found.map(|(_, size)| size))
    }

    async fn read(
        &self,
        key: &StoreKey,
        range: Range<u64>,
    ) -> Result<Option<Box<dyn Pieces>>, Fault> {
        let key = key.clone();
        let open = move |files: &Files| files.open_object(&key);
        let found = self.run(&self.readers, None, open).await??;
        Ok(found.map(|(file, size)| {
            let range = range.start.min(size)..range.end.min(size);
            let read = FileRead::new(file, range, self.readers.clone());
            Box::new(Ahead::of(read)) as Box<dyn Pieces>
        }))
    }
}

/// After how many bytes the disk begins to get them, so that it has little to do once they must be safe.
const EARLY: usize = 32 << 20;

/// A file that is appended to.
#[derive(Clone, Debug)]
struct FolderWrite {
    file: Arc<File>,
    syncs: Arc<Semaphore>,
    name: StoreKey,
    syncing: Arc<Syncing>,
}

/// How bytes get to the disk.
#[derive(Debug, Default)]
struct Syncing {
    /// What went wrong. The system tells it once, and what was written before may be lost.
    failed: Mutex<Option<(io::ErrorKind, String)>>,
    /// Whether the disk is asked to get them before they must be safe.
    early: AtomicBool,
}

impl FolderWrite {
    /// Waits until the bytes that were written are on the disk. After one failure nothing is safe any
    /// more.
    fn sync(&self) -> io::Result<()> {
        let failed = &self.syncing.failed;
        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_none()
            && let Err(error) = self.file.sync_data()
        {
            *failed = Some((error.kind(), error.to_string()));
        }
        match &*failed {
            Some((kind, text)) => Err(io::Error::new(*kind, text.clone())),
            None => Ok(()),
        }
    }

    /// Has the disk begin to get the bytes, unless it is at it.
    fn sync_early(&self, runtime: &Handle) {
        if self.syncing.early.swap(true, Ordering::SeqCst) {
            return;
        }
        let this = self.clone();
        runtime.spawn(on_a_thread(Arc::clone(&self.syncs), move || {
            // Whoever needs the bytes safe is told.
            let _ = this.sync();
            this.syncing.early.store(false, Ordering::SeqCst);
        }));
    }

    fn fault(&self, error: io::Error) -> Fault {
        fault(Path::new(self.name.as_str()), "cannot be written", error)
    }
}

#[async_trait]
impl LargeWrite for FolderWrite {
    fn appends(&self) -> Box<dyn Append> {
        Box::new(FolderAppend {
            write: self.clone(),
            runtime: Handle::current(),
            written: 0,
        })
    }

    async fn settle(&mut self) -> Result<Kept, Fault> {
        let this = self.clone();
        let synced = on_a_thread(Arc::clone(&self.syncs), move || this.sync()).await;
        let synced = synced.map_err(|error| Fault::Unexpected(error.into()))?;
        synced.map_err(|error| self.fault(error))?;
        Ok(Kept::default())
    }
}

struct FolderAppend {
    write: FolderWrite,
    runtime: Handle,
    /// Since the disk began to get bytes.
    written: usize,
}

impl Append for FolderAppend {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let written = (&*self.write.file).write_all(bytes);
        written.map_err(|error| self.write.fault(error))?;
        self.written += bytes.len();
        if self.written >= EARLY {
            self.written = 0;
            self.write.sync_early(&self.runtime);
        }
        Ok(())
    }
}

/// How files of uploads are opened: never behind a link.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let nofollow = rustix::fs::OFlags::NOFOLLOW.bits();
        options.mode(0o640).custom_flags(nofollow.cast_signed());
    }
    options
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn write(file: File, syncing: &Arc<Syncing>) -> FolderWrite {
        FolderWrite {
            file: Arc::new(file),
            syncs: Arc::new(Semaphore::new(1)),
            name: StoreKey::upload_bytes(PackageId::new()),
            syncing: Arc::clone(syncing),
        }
    }

    #[tokio::test]
    async fn after_a_failure_no_bytes_are_safe() {
        let syncing = Arc::default();
        let mut good = write(tempfile::tempfile().unwrap(), &syncing);
        good.settle().await.unwrap();
        // What has no disk behind it cannot be brought there.
        let nowhere = OpenOptions::new().write(true).open("/dev/null").unwrap();
        let mut bad = write(nowhere, &syncing);
        bad.settle().await.unwrap_err();
        // The system tells of it once: later looks say that all is well.
        for _ in 0..2 {
            let fault = good.settle().await.unwrap_err();
            assert!(fault.to_string().contains("cannot be written"), "{fault}");
        }
    }
}
