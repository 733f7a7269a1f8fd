//! Locks that die with the process that holds them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// What to do where another process is at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenBusy {
    /// End with [`UnpackError::Busy`](super::UnpackError::Busy).
    Fail,
    /// Wait until it is done, however long that takes.
    Wait,
}

/// Takes the lock of this file, which is made if it is not there and stays for ever: one that was removed
/// while somebody waits for it would be two. `None` if it is taken.
pub(super) fn lock(path: &Path, when_busy: WhenBusy) -> io::Result<Option<File>> {
    loop {
        let file = open(path)?;
        match when_busy {
            WhenBusy::Wait => file.lock()?,
            WhenBusy::Fail => match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            },
        }
        // Somebody may have removed it all the same, and others lock the next one.
        if is_at(&file, path)? {
            return Ok(Some(file));
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;

        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed()).mode(0o666);
    }
    match options.open(path) {
        // Of somebody else who uses the same folder. Most file systems lock what can be read.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            crate::package::folder::open(path)
        }
        opened => opened,
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;

    let locked = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (locked.dev(), locked.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_lock_of_a_file_that_is_not_there_any_more_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = lock(&path, WhenBusy::Fail).unwrap().unwrap();
        let waiting = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| lock(&path, WhenBusy::Wait).unwrap().unwrap());
            while !waits_for_a_lock() {
                std::thread::yield_now();
            }
            fs::remove_file(&path).unwrap();
            drop(first);
            waiting.join().unwrap()
        });
        assert!(is_at(&waiting, &path).unwrap());
        assert!(lock(&path, WhenBusy::Fail).unwrap().is_none());
    }

    /// Whether a thread of this process waits for a lock, as the system lists it (proc(5), `->`).
    #[cfg(target_os = "linux")]
    fn waits_for_a_lock() -> bool {
        let own = format!(" {} ", std::process::id());
        let locks = fs::read_to_string("/proc/locks").unwrap();
        locks
            .lines()
            .any(|it| it.contains("->") && it.contains(&own))
    }

    #[cfg(not(target_os = "linux"))]
    fn waits_for_a_lock() -> bool {
        true
    }
}
