//! A folder as a zip archive that is written nowhere.
//!
//! What a framework leaves in a folder is sent as an archive. That archive depends on names and
//! bytes of the files alone, and on the folder's own name where nnU-Net finds it by that
//! (`Dataset012_Liver`), so it is the same on every machine: sorted, stored as they are, with
//! one time and one mode for all. Where it begins and ends is known before a file is read, and
//! any part of it can be made again, which is how an interrupted upload goes on.
//!
//! ```
//! use std::sync::Arc;
//!
//! use model_dashboard::package::Package;
//! use model_dashboard::package::pack::{FolderArchive, Listing, Without};
//! use model_dashboard::package::source::Source;
//!
//! # let folder = tempfile::tempdir()?;
//! # std::fs::create_dir(folder.path().join("fold_0"))?;
//! # std::fs::write(folder.path().join("plans.json"), "{}")?;
//! # std::fs::write(folder.path().join("fold_0/checkpoint_final.pth"), "weights")?;
//! # std::fs::write(folder.path().join("fold_0/checkpoint_best.pth"), "others")?;
//! let without = Without::names(["checkpoint_best", "validation"])?;
//! let listing = Listing::of(folder.path(), &without, &Default::default())?;
//! assert_eq!(listing.left_out(), ["fold_0/checkpoint_best.pth"]);
//! assert_eq!(listing.unused(&without), ["validation"]);
//! let size = listing.archive_size();
//!
//! let archive = FolderArchive::read(listing, &mut |_| {})?;
//! assert_eq!(archive.size(), size);
//! let package = Package::open("liver.zip", Arc::new(archive), &Default::default())?;
//! assert_eq!(package.files().len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod listing;
mod records;
#[cfg(test)]
mod tests;
mod without;

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

pub use self::listing::Listing;
use self::records::Record;
pub use self::without::{Without, WithoutError};
use super::source::Source;
use super::{PackageError, PackagePath, folder};

/// The archive of a folder, made as far as it is read.
///
/// Reading fails with [`io::ErrorKind::InvalidData`] and a [`PackageError::Changed`] where a file
/// is another one, or has another size or time, than when its checksum was taken, or, where it is read in
/// order, another checksum.
///
/// # Cost
/// Some hundred bytes for each file; one file is open at a time.
pub struct FolderArchive {
    root: folder::Root,
    entries: Box<[Entry]>,
    /// The directory and the end.
    tail: Box<[u8]>,
    /// Where they begin.
    tail_start: u64,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Entry {
    record: Record,
    state: State,
}

/// What tells that a file is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    size: u64,
    modified: SystemTime,
    /// Of Unix: the device, the number of the file on it, and when anything of it was changed, which
    /// nobody can set back.
    identity: [i64; 4],
}

impl State {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            size: metadata.len(),
            modified: metadata.modified()?,
            identity: identity(metadata),
        })
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt as _;

    let (device, number) = (metadata.dev().cast_signed(), metadata.ino().cast_signed());
    [device, number, metadata.ctime(), metadata.ctime_nsec()]
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> [i64; 4] {
    [0; 4]
}

/// The file that was read last.
struct Open {
    /// Its place among the entries.
    index: usize,
    file: File,
    /// How far it was read.
    at: u64,
    /// Of all before, where all was read.
    crc: Option<crc32fast::Hasher>,
}

impl FolderArchive {
    /// Takes the checksums of the files of a listing. `progress` is told now and then how many of
    /// [`Listing::size`] are done.
    ///
    /// Cost: reads every file.
    ///
    /// # Errors
    /// [`PackageError::Changed`] if a file is not as long as it was when it was listed, or is
    /// written to meanwhile; [`PackageError::Unreadable`].
    pub fn read(listing: Listing, progress: &mut dyn FnMut(u64)) -> Result<Self, PackageError> {
        let Listing { root, files, .. } = listing;
        let mut entries = Vec::with_capacity(files.len());
        let (mut start, mut done) = (0, 0);
        for (path, size) in files {
            let (state, crc) = checksum(&root, &path, size, &mut |bytes| progress(done + bytes))?;
            done += size;
            let record = Record {
                path,
                size,
                crc,
                start,
            };
            start = record.end();
            entries.push(Entry { record, state });
        }
        let tail = records::tail(entries.iter().map(|entry| &entry.record), start);
        Ok(Self {
            root,
            entries: entries.into(),
            tail: tail.into(),
            tail_start: start,
            open: Mutex::default(),
        })
    }

    /// The files in it, in their order, with their sizes.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&PackagePath, u64)> {
        let records = self.entries.iter().map(|entry| &entry.record);
        records.map(|record| (&record.path, record.size))
    }

    /// Reads a file of the folder.
    fn read_file(&self, index: usize, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(Entry { record, state }) = self.entries.get(index) else {
            return Ok(0);
        };
        // A read that failed leaves nothing that is not true.
        let mut last = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut open = match last.take().filter(|open| open.index == index) {
            Some(open) => open,
            None => Open {
                index,
                file: folder::open(&self.root.path_of(&record.path))?,
                at: 0,
                crc: None,
            },
        };
        let changed = || {
            let error = PackageError::Changed(record.path.clone());
            io::Error::new(io::ErrorKind::InvalidData, error)
        };
        if State::of(&open.file.metadata()?)? != *state {
            return Err(changed());
        }
        let rest = usize::try_from(record.size - at).unwrap_or(usize::MAX);
        let length = buffer.len().min(rest);
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        open.file.seek(SeekFrom::Start(at))?;
        let count = open.file.read(buffer)?;
        if count == 0 && length > 0 {
            return Err(changed());
        }
        if at == 0 {
            open.crc = Some(crc32fast::Hasher::new());
        } else if at != open.at {
            open.crc = None;
        }
        open.at = at + count as u64;
        if let Some(crc) = &mut open.crc {
            crc.update(buffer.get(..count).unwrap_or_default());
            if open.at == record.size && crc.clone().finalize() != record.crc {
                return Err(changed());
            }
        }
        *last = Some(open);
        Ok(count)
    }
}

impl fmt::Debug for FolderArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderArchive")
            .field("root", &self.root)
            .field("entries", &self.entries.len())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

impl Source for FolderArchive {
    fn size(&self) -> u64 {
        self.tail_start + self.tail.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if let Some(at) = offset.checked_sub(self.tail_start) {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            return self.tail.get(at..).unwrap_or_default().read(buffer);
        }
        // The first entry begins at 0.
        let begun = |entry: &Entry| entry.record.start <= offset;
        let index = self.entries.partition_point(begun).saturating_sub(1);
        let Some(Entry { record, .. }) = self.entries.get(index) else {
            return Ok(0);
        };
        let at = offset - record.start;
        match at.checked_sub(record.header_size()) {
            Some(at) => self.read_file(index, at, buffer),
            None => {
                let header = record.header();
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                header.get(at..).unwrap_or_default().read(buffer)
            }
        }
    }
}

/// The checksum of a file that nobody writes to.
fn checksum(
    root: &folder::Root,
    path: &PackagePath,
    size: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<(State, u32), PackageError> {
    let unreadable = |error| PackageError::Unreadable {
        path: path.to_string(),
        error,
    };
    let mut file = folder::open(&root.path_of(path)).map_err(unreadable)?;
    let state = |file: &File| State::of(&file.metadata()?);
    let before = state(&file).map_err(unreadable)?;
    let mut crc = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    while done <= size {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                crc.update(buffer.get(..count).unwrap_or_default());
                done += count as u64;
                progress(done.min(size));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    let after = state(&file).map_err(unreadable)?;
    if before != after || before.size != size || done != size {
        return Err(PackageError::Changed(path.clone()));
    }
    Ok((after, crc.finalize()))
}
