//! Reading and listing the files of a folder. Everything here blocks.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::Fault;
use super::faults::fault;
use super::swap::sync_folder;
use crate::model::{MAX_DEFINITION_BYTES, Timestamp, Version};
use crate::repository::Stamp;
use crate::repository::object::conditional::{Level, Listed, Object, Tag};
use crate::repository::object::keys::{Folder, REGISTRY, StoreKey};

/// How old a temporary file must be to be taken for the remains of a crash.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

/// How often a file is read again that is being changed in place by another program.
const READ_AGAIN: usize = 3;

/// A folder.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    /// Whether the registry's own folder was there at the start. If it is gone later, so are the
    /// models: a volume that is no longer mounted must not look like an empty one.
    marked: bool,
    /// Whether other processes write here, too: then writers take file locks.
    pub(super) shared: bool,
}

impl Files {
    pub(super) fn open(path: &Path, shared: bool) -> Result<Self, Fault> {
        let what = "cannot be created";
        new_folder(true)
            .create(path)
            .map_err(|error| fault(path, what, error))?;
        let root =
            fs::canonicalize(path).map_err(|error| fault(path, "cannot be opened", error))?;
        fs::read_dir(&root).map_err(|error| fault(path, "cannot be read", error))?;
        let own = root.join(REGISTRY);
        // A folder that can only be read may lack it.
        drop(new_folder(false).create(&own));
        let marked = fs::symlink_metadata(&own).is_ok_and(|found| found.is_dir());
        let files = Self {
            root,
            marked,
            shared,
        };
        files.sweep();
        Ok(files)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn path(&self, key: &StoreKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    pub(super) fn temporary(&self) -> PathBuf {
        self.root.join(REGISTRY).join("tmp")
    }

    /// Removes what crashed writers left. What fails here fails again, and louder, when the
    /// folder is written to.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.temporary()) else {
            return;
        };
        for entry in entries.flatten() {
            let modified = entry.metadata().and_then(|found| found.modified());
            let age = modified.map(|at| SystemTime::now().duration_since(at));
            if age.is_ok_and(|age| age.is_ok_and(|age| age > LEFT_BEHIND)) {
                drop(fs::remove_file(entry.path()));
            }
        }
    }

    /// Reads an object. What is no regular file, or lies behind a link, is none.
    pub(super) fn read(&self, key: &StoreKey) -> Result<Option<Object>, Fault> {
        let path = self.path(key);
        let found = self.is_reached(&path).and_then(|reached| match reached {
            true => read(&path),
            false => Ok(Content::Absent),
        });
        match found {
            Ok(Content::Whole(bytes, stamp, written_at)) => {
                let version = Version::of(&bytes);
                Ok(Some(Object {
                    bytes,
                    version,
                    tag: Tag::Content(version),
                    stamp,
                    written_at,
                }))
            }
            Ok(Content::TooLarge(size, stamp)) => Err(Fault::TooLarge {
                size,
                tag: Tag::Listed(stamp.clone()),
                stamp,
            }),
            Ok(Content::Absent | Content::NoFile { .. }) => self.still_there().map(|()| None),
            Err(error) => Err(fault(&path, "cannot be read", error)),
        }
    }

    /// Whether the way to a file leads through folders alone.
    pub(super) fn is_reached(&self, path: &Path) -> io::Result<bool> {
        let folders = path.ancestors().skip(1);
        for folder in folders.take_while(|folder| *folder != self.root) {
            match fs::symlink_metadata(folder) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Ok(false),
                Err(error) if is_absent(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Lists one level.
    pub(super) fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        self.still_there()?;
        let path = self.root.join(folder.path());
        let unreadable = |error| fault(&path, "cannot be listed", error);
        let mut level = Level::default();
        if !self.is_reached(&path.join("x")).map_err(unreadable)? {
            return Ok(level);
        }
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) && *folder != Folder::Root => return Ok(level),
            Err(error) => return Err(unreadable(error)),
        };
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let name = match entry.file_name().into_string() {
                Ok(name) => name,
                Err(name) => {
                    level.odd.push(name.to_string_lossy().into_owned());
                    continue;
                }
            };
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                level.folders.push(name);
            } else if !kind.is_file() {
                level.odd.push(name);
            } else {
                match entry.metadata() {
                    Ok(found) => level.objects.push(Listed {
                        name,
                        stamp: stamp(&found),
                        size: found.len(),
                    }),
                    // Removed since the folder was read.
                    Err(error) if is_absent(&error) => {}
                    Err(error) => return Err(unreadable(error)),
                }
            }
        }
        Ok(level)
    }

    /// The digest of a file of any size; see [`super::ConditionalStore::digest`].
    pub(super) fn digest(&self, key: &StoreKey) -> Result<Option<Version>, Fault> {
        let path = self.path(key);
        let unreadable = |error| fault(&path, "cannot be read", error);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() && self.is_reached(&path).map_err(unreadable)? => {}
            Ok(_) => return Ok(None),
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        }
        let mut file = File::open(&path).map_err(unreadable)?;
        let (mut hasher, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
        loop {
            match file.read(&mut piece).map_err(unreadable)? {
                0 => break,
                read => hasher.update(&piece[..read]),
            }
        }
        Ok(Some(Version::of_digest(hasher.finalize().into())))
    }

    /// Removes a file, if there is one, for good.
    pub(super) fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => path.parent().map_or(Ok(()), sync_folder),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(fault(&path, "cannot be removed", error)),
        }
    }

    /// Fails if the whole folder is gone.
    pub(super) fn still_there(&self) -> Result<(), Fault> {
        let sign = match self.marked {
            true => self.root.join(REGISTRY),
            false => self.root.clone(),
        };
        match fs::symlink_metadata(&sign) {
            Ok(_) => Ok(()),
            Err(error) => Err(fault(&sign, "cannot be found any more", error)),
        }
    }
}

/// What is at a path, by one look at it: a second one may find what another process put there
/// in between.
pub(super) enum Content {
    Absent,
    /// A folder, a link or a special file.
    NoFile {
        is_folder: bool,
    },
    /// The bytes, the state, and when it was written.
    Whole(Arc<[u8]>, Stamp, Option<Timestamp>),
    TooLarge(u64, Stamp),
}

/// Reads a regular file of limited size.
pub(super) fn read(path: &Path) -> io::Result<Content> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(found) => {
            let is_folder = found.is_dir();
            return Ok(Content::NoFile { is_folder });
        }
        Err(error) if is_absent(&error) => return Ok(Content::Absent),
        Err(error) => return Err(error),
    }
    let mut again = 0;
    loop {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Ok(Content::Absent),
            Err(error) => return Err(error),
        };
        let before = file.metadata()?;
        let limit = MAX_DEFINITION_BYTES as u64;
        if before.len() > limit {
            return Ok(Content::TooLarge(before.len(), stamp(&before)));
        }
        let bytes = read_open(&file, usize::try_from(before.len()).unwrap_or(0))?;
        let (stamp, after) = (stamp(&before), stamp(&file.metadata()?));
        again += 1;
        if stamp == after || again == READ_AGAIN {
            // After the last try the stamp is that of before: the next listing differs from it.
            let written_at = before.modified().ok().map(Timestamp::from);
            return Ok(Content::Whole(bytes.into(), stamp, written_at));
        }
    }
}

/// Reads a file that most likely has `size` bytes: then in one go.
fn read_open(mut file: &File, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size + 1];
    let read = file.read(&mut bytes)?;
    bytes.truncate(read);
    if read != size {
        let limit = (MAX_DEFINITION_BYTES + 1 - read.min(MAX_DEFINITION_BYTES)) as u64;
        file.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Whether the error says that there is no such file, which a name too long for one also does.
pub(super) fn is_absent(error: &io::Error) -> bool {
    use ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}

/// A builder of folders that other people on the machine cannot look into.
pub(super) fn new_folder(recursive: bool) -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o750);
    builder
}

/// What tells one state of a file from another: the time of its last change (which no program can
/// set), its size and its number.
#[cfg(unix)]
pub(super) fn stamp(found: &Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    let (seconds, nanos) = (found.ctime(), found.ctime_nsec());
    Stamp(format!("{seconds:x}.{nanos:x}-{:x}-{:x}", found.size(), found.ino()).into())
}

/// What tells one state of a file from another: the time of its last change and its size.
#[cfg(not(unix))]
pub(super) fn stamp(found: &Metadata) -> Stamp {
    let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let since = modified.duration_since(SystemTime::UNIX_EPOCH);
    let nanos = since.unwrap_or_default().as_nanos();
    Stamp(format!("{nanos:x}-{:x}", found.len()).into())
}
