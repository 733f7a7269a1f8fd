//! The folder in which a package is unpacked before it is moved to its place.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::{UnpackError, disk};
use super::lock::{WhenBusy, lock};
use crate::model::ContentDigest;

/// What the names of folders and locks begin with.
const PREFIX: &str = ".model-dashboard-";

/// What is not gone on with for so long is removed.
const ABANDONED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A folder for one package, beside its place, that only this process writes to and only this user can
/// look into. What an earlier process left in it is still there: it may hold the package itself, as far
/// as it came, and the files that were unpacked.
#[derive(Debug)]
pub struct Staging {
    dir: PathBuf,
    path: PathBuf,
    package: ContentDigest,
    /// Its lock dies with the process. It lies beside the folder, as that is removed.
    _lock: File,
}

impl Staging {
    /// The one of this package in `dir`, which is made if it is not there. Those of other packages that
    /// nobody went on with for a week are removed.
    ///
    /// # Errors
    /// [`UnpackError::Busy`], [`UnpackError::Foreign`], [`UnpackError::Disk`].
    pub fn open(
        dir: &Path,
        package: &ContentDigest,
        when_busy: WhenBusy,
    ) -> Result<Self, UnpackError> {
        fs::create_dir_all(dir).map_err(disk(dir))?;
        let name: String = package.to_hex().chars().take(16).collect();
        let path = dir.join(format!("{PREFIX}{name}"));
        let lock_path = dir.join(format!("{PREFIX}{name}.lock"));
        let Some(lock) = lock(&lock_path, when_busy).map_err(disk(&lock_path))? else {
            return Err(UnpackError::Busy(path));
        };
        sweep(dir, &path);
        let staging = Self {
            dir: dir.to_owned(),
            path,
            package: *package,
            _lock: lock,
        };
        staging.make()?;
        Ok(staging)
    }

    fn make(&self) -> Result<(), UnpackError> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(disk(&self.path)(error));
            }
            _ => {}
        }
        let metadata = fs::symlink_metadata(&self.path).map_err(disk(&self.path))?;
        if !metadata.is_dir() || !is_ours_alone(&metadata) {
            return Err(UnpackError::Foreign(self.path.clone()));
        }
        Ok(())
    }

    /// The file for the package itself, which whoever fetches it writes.
    #[must_use]
    pub fn package_file(&self) -> PathBuf {
        self.path.join("package")
    }

    /// The folder that packages are unpacked below.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Of the package that it is for.
    #[must_use]
    pub fn package(&self) -> &ContentDigest {
        &self.package
    }

    /// The folder of its own for one of those that are moved to their places.
    pub(super) fn folder(&self, number: usize) -> PathBuf {
        self.path.join(number.to_string())
    }

    /// Keeps everybody else who unpacks below the same folder from moving anything to its place.
    pub(super) fn nobody_else_moves(&self) -> Result<File, UnpackError> {
        let path = self.dir.join(".model-dashboard.lock");
        let lock = lock(&path, WhenBusy::Wait).map_err(disk(&path))?;
        lock.ok_or(UnpackError::Busy(path))
    }

    /// Removes it, with what is left in it.
    pub(super) fn remove(self) -> Result<(), UnpackError> {
        fs::remove_dir_all(&self.path).map_err(disk(&self.path))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // One that holds something stays.
        let _ = fs::remove_dir(&self.path);
    }
}

/// Removes what others left behind for good. What cannot be removed stays: it is in nobody's way.
fn sweep(dir: &Path, own: &Path) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path == own || !is_one(&path) || !is_abandoned(&path) {
            continue;
        }
        let lock_path = path.with_added_extension("lock");
        if let Ok(Some(_lock)) = lock(&lock_path, WhenBusy::Fail)
            // Somebody may have gone on with it, and ended.
            && is_abandoned(&path)
        {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Whether a folder is called as those of packages are, and is ours.
fn is_one(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let digest = name.strip_prefix(PREFIX).unwrap_or_default();
    let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    digest.len() == 16
        && digest.bytes().all(is_hex)
        && fs::symlink_metadata(path).is_ok_and(|it| it.is_dir() && is_ours_alone(&it))
}

/// Whether nothing in it was written to for long.
fn is_abandoned(path: &Path) -> bool {
    fn newest(path: &Path) -> io::Result<SystemTime> {
        let metadata = fs::symlink_metadata(path)?;
        let mut last = metadata.modified()?;
        if metadata.is_dir() {
            for entry in fs::read_dir(path)? {
                last = last.max(newest(&entry?.path())?);
            }
        }
        Ok(last)
    }
    let age = newest(path).map(|at| at.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age > ABANDONED)
}

#[cfg(unix)]
fn is_ours_alone(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o077 == 0
}

#[cfg(not(unix))]
fn is_ours_alone(_: &fs::Metadata) -> bool {
    true
}
