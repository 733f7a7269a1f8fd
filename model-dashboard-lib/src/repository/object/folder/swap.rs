//! Replacing a file on condition. Everything here blocks.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ulid::Ulid;

use super::faults::{fault, in_the_way, unlockable};
use super::files::{Content, Files, is_absent, new_folder, read, stamp};
use super::{Fault, SHARDS};
use crate::model::Version;
use crate::repository::Stamp;
use crate::repository::object::conditional::{Condition, Removal, Tag};
use crate::repository::object::keys::{REGISTRY, StoreKey};

/// How long another process may hold a lock, which it needs for some milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lock that all writers of an object share.
pub(super) fn shard(key: &StoreKey) -> usize {
    // FNV-1a: the same in every process and every release.
    let hash = key
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    usize::try_from(hash % SHARDS as u64).unwrap_or_default()
}

/// What a look at a file says about a write to it.
enum Verdict {
    Go,
    /// It has the very bytes that were to be written.
    Done(Stamp),
    Refused,
}

impl Files {
    /// Writes a file if the condition holds; see [`super::ConditionalStore::put`].
    pub(super) fn put(
        &self,
        key: &StoreKey,
        bytes: &[u8],
        condition: &Condition,
    ) -> Result<Option<Stamp>, Fault> {
        let path = self.path(key);
        let unwritable = |error| fault(&path, "cannot be written", error);
        self.still_there()?;
        let folder = self.make_way(&path)?;
        // The marker tells those who run; after a power cut nobody does.
        let durable = *key != StoreKey::change();
        if let Condition::Always = condition {
            let (temporary, file) = self.write_temporary(bytes, durable)?;
            fs::rename(&temporary.0, &path).map_err(unwritable)?;
            return Ok(Some(stamp(&file.metadata().map_err(unwritable)?)));
        }
        // Looking before anything is written spares the losers of a race the work.
        match self.judge(&path, bytes, condition)? {
            Verdict::Refused => return Ok(None),
            Verdict::Go | Verdict::Done(_) => {}
        }
        let (temporary, file) = self.write_temporary(bytes, durable)?;
        let lock = self.lock_if_shared(key)?;
        let stamp = match self.judge(&path, bytes, condition)? {
            Verdict::Refused => return Ok(None),
            Verdict::Done(stamp) => stamp,
            Verdict::Go => {
                fs::rename(&temporary.0, &path).map_err(unwritable)?;
                stamp(&file.metadata().map_err(unwritable)?)
            }
        };
        drop(lock);
        if durable {
            // Also for bytes that someone else wrote: they may not have got this far.
            sync_folder(&folder)?;
        }
        Ok(Some(stamp))
    }

    /// Copies a file to where none is; see [`super::ConditionalStore::copy`].
    pub(super) fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<bool, Fault> {
        let (source, path) = (self.path(from), self.path(to));
        self.still_there()?;
        let unreadable = |error| fault(&source, "cannot be read", error);
        let unwritable = |error| fault(&path, "cannot be written", error);
        let found = match fs::symlink_metadata(&source) {
            Ok(found) => found.is_file() && self.is_reached(&source).map_err(unreadable)?,
            Err(error) if is_absent(&error) => false,
            Err(error) => return Err(unreadable(error)),
        };
        if !found {
            return Ok(false);
        }
        let folder = self.make_way(&path)?;
        let (temporary, mut file) = self.write_temporary(&[], false)?;
        let mut source = File::open(&source).map_err(unreadable)?;
        io::copy(&mut source, &mut file).map_err(unwritable)?;
        file.sync_all().map_err(unwritable)?;
        let lock = self.lock_if_shared(to)?;
        match fs::symlink_metadata(&path) {
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(unwritable(error)),
            Ok(_) => return Ok(false),
        }
        fs::rename(&temporary.0, &path).map_err(unwritable)?;
        drop(lock);
        sync_folder(&folder)?;
        Ok(true)
    }

    /// Removes a file if it still is what was read; see
    /// [`super::ConditionalStore::remove_unchanged`].
    pub(super) fn remove_unchanged(&self, key: &StoreKey, tag: &Tag) -> Result<Removal, Fault> {
        let path = self.path(key);
        self.still_there()?;
        let lock = self.lock_if_shared(key)?;
        let unchanged = Condition::Unchanged(tag.clone());
        if !matches!(self.judge(&path, &[], &unchanged)?, Verdict::Go) {
            return Ok(Removal::Changed);
        }
        self.remove(key)?;
        drop(lock);
        Ok(Removal::Done)
    }

    /// The lock of an object, where other processes write, too.
    fn lock_if_shared(&self, key: &StoreKey) -> Result<Option<File>, Fault> {
        self.shared.then(|| self.lock(shard(key))).transpose()
    }

    fn judge(&self, path: &Path, bytes: &[u8], condition: &Condition) -> Result<Verdict, Fault> {
        let found = read(path).map_err(|error| fault(path, "cannot be read", error))?;
        Ok(match (found, condition) {
            (_, Condition::Always) => Verdict::Go,
            (Content::Absent, Condition::Absent) => Verdict::Go,
            (Content::NoFile { is_folder }, Condition::Absent) => {
                let what = match is_folder {
                    true => "a folder",
                    false => "a link or a special file",
                };
                return Err(in_the_way(path, what));
            }
            (Content::Whole(found, stamp, _), _) if *found == *bytes => Verdict::Done(stamp),
            (Content::Whole(found, ..), Condition::Unchanged(Tag::Content(version)))
                if Version::of(&found) == *version =>
            {
                Verdict::Go
            }
            (Content::TooLarge(_, found), Condition::Unchanged(Tag::Listed(stamp)))
                if found == *stamp =>
            {
                Verdict::Go
            }
            _ => Verdict::Refused,
        })
    }

    /// Writes a file that no one sees.
    fn write_temporary(&self, bytes: &[u8], sync: bool) -> Result<(Temporary, File), Fault> {
        let folder = self.temporary();
        let path = folder.join(Ulid::generate().to_string());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
        let mut opened = options.open(&path);
        if opened.as_ref().is_err_and(is_absent) {
            self.make_way(&path)?;
            opened = options.open(&path);
        }
        let unwritable = |error| fault(&folder, "cannot be written to", error);
        let mut file = opened.map_err(unwritable)?;
        let temporary = Temporary(path);
        file.write_all(bytes).map_err(unwritable)?;
        if sync {
            file.sync_all().map_err(unwritable)?;
        }
        Ok((temporary, file))
    }

    /// Takes a lock that excludes other threads and processes until it is dropped.
    fn lock(&self, shard: usize) -> Result<File, Fault> {
        let path = self
            .root()
            .join(REGISTRY)
            .join("locks")
            .join(format!("{shard:02x}"));
        let unlockable = |error| unlockable(&path, error);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
        let mut opened = options.open(&path);
        if opened.as_ref().is_err_and(is_absent) {
            self.make_way(&path)?;
            opened = options.open(&path);
        }
        let file = opened.map_err(unlockable)?;
        let start = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(unlockable(error)),
                Err(TryLockError::WouldBlock) if start.elapsed() > PATIENCE => {
                    let held = "another process has held it for 10 seconds";
                    return Err(unlockable(io::Error::new(ErrorKind::TimedOut, held)));
                }
                Err(TryLockError::WouldBlock) => {
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(16));
                }
            }
        }
    }

    /// Makes the folders on the way to a file, and answers the last of them.
    pub(super) fn make_way(&self, path: &Path) -> Result<PathBuf, Fault> {
        let mut folders: Vec<&Path> = path.ancestors().skip(1).collect();
        folders.retain(|folder| folder.starts_with(self.root()) && *folder != self.root());
        let mut parent = self.root();
        for folder in folders.into_iter().rev() {
            match fs::symlink_metadata(folder) {
                Ok(found) if found.is_dir() => {}
                Ok(found) if found.is_symlink() => {
                    return Err(in_the_way(folder, "a symbolic link"));
                }
                Ok(_) => return Err(in_the_way(folder, "a file")),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    match new_folder(false).create(folder) {
                        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                            return Err(fault(folder, "cannot be created", error));
                        }
                        _ => sync_folder(parent)?,
                    }
                }
                Err(error) => return Err(fault(folder, "cannot be read", error)),
            }
            parent = folder;
        }
        Ok(parent.to_path_buf())
    }
}

/// A file that is removed unless it was renamed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// Makes the names in a folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Fault> {
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| fault(folder, "cannot be synced", error))?;
    Ok(())
}
