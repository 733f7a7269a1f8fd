//! Zip archives, read where they lie, and only if there is one way to read them.
//!
//! An archive comes from anybody, and programs disagree about zips that are not as they should be:
//! what is looked at here could be something else than what a job unpacks. So an archive is read
//! to its last header when it is opened, and refused with a [`Fault`] unless everything agrees:
//! directory and local headers, sizes, offsets without overlaps or gaps, names that are paths on
//! every system, one end. Data is checked as it is read. Nothing is unpacked to disk.

mod end;
mod entries;
mod error;
mod header;
mod names;
mod read;
#[cfg(test)]
mod tests;
mod unpacked;

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ReaderAt, ZipArchive};

pub use self::entries::Entry;
pub use self::error::{ArchiveError, Fault};
pub(super) use self::names::Names;
use self::unpacked::Unpacked;
use super::source::{Part, Source, Stream};

/// How much an archive may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveLimits {
    /// Entries, folders counted.
    pub entries: u64,
    /// Bytes of the directory.
    pub directory: u64,
    /// Bytes of all files, unpacked.
    pub size: u64,
    /// By how much a file of more than 512 KiB, or all of them, may grow when unpacked.
    pub ratio: u64,
}

impl Default for ArchiveLimits {
    /// 10,000 entries, 16 MiB of directory, 100 GiB unpacked, a ratio of 200.
    fn default() -> Self {
        Self {
            entries: 10_000,
            directory: 16 << 20,
            size: 100 << 30,
            ratio: 200,
        }
    }
}

/// A zip archive that was found to be in order. Clones share everything.
#[derive(Clone)]
pub struct Archive {
    zip: Arc<ZipArchive<Reader>>,
    entries: Arc<[Entry]>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("source", &self.zip.get_ref().whole)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// The archive's bytes, with those of its directory in memory.
#[derive(Debug)]
struct Reader {
    whole: Arc<dyn Source>,
    directory_start: u64,
    directory: Vec<u8>,
}

impl Source for Reader {
    fn size(&self) -> u64 {
        self.whole.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let within = offset.checked_sub(self.directory_start);
        let kept = within.and_then(|at| self.directory.get(usize::try_from(at).ok()?..));
        match kept {
            Some(mut kept) if !kept.is_empty() => kept.read(buffer),
            _ => self.whole.read_at(offset, buffer),
        }
    }
}

impl ReaderAt for Reader {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Source::read_at(self, offset, buffer)
    }
}

impl Archive {
    /// Reads the directory and every local header.
    ///
    /// Cost: the directory, and for each entry a header of about 100 bytes just before its data.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] with what is wrong first; [`ArchiveError::Source`].
    pub fn open(source: Arc<dyn Source>, limits: &ArchiveLimits) -> Result<Self, ArchiveError> {
        let directory = end::find(&*source)?;
        if directory.entries > limits.entries {
            return Err(Fault::TooManyEntries.into());
        }
        if directory.size > limits.directory {
            return Err(Fault::DirectoryTooLarge.into());
        }
        let size = source.size();
        let reader = Reader {
            directory: read::exactly(&*source, directory.start, directory.size)?,
            directory_start: directory.start,
            whole: source,
        };
        let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
        let zip = rawzip::ZipLocator::new()
            .locate_in_reader(reader, &mut buffer, size)
            .map_err(|(_, error)| broken(error))?;
        // Two readings of the end would be two archives.
        if zip.directory_offset() != directory.start || zip.entries_hint() != directory.entries {
            return Err(Fault::Ends.into());
        }
        let entries = entries::read(&zip, directory, limits)?;
        Ok(Self {
            zip: Arc::new(zip),
            entries: entries.into(),
        })
    }

    /// Whether `source` ends as an archive does, whatever it begins with: programs look at either.
    ///
    /// Cost: the last 64 KiB.
    ///
    /// # Errors
    /// [`ArchiveError::Source`].
    pub fn is_at_the_end_of(source: &dyn Source) -> Result<bool, ArchiveError> {
        match end::find(source) {
            Err(ArchiveError::Refused {
                fault: Fault::NotAnArchive,
                ..
            }) => Ok(false),
            Err(ArchiveError::Source(error)) => Err(ArchiveError::Source(error)),
            _ => Ok(true),
        }
    }

    /// The files, in the order of the directory. Folders have no entry here.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The unpacked bytes of one of the [`entries`](Self::entries). Size and checksum are checked
    /// at the end: until then, nothing read is certain.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`], [`ArchiveError::Source`]; reading fails with
    /// [`io::ErrorKind::InvalidData`] where the data is not what the archive says.
    pub fn read(&self, entry: &Entry) -> Result<impl Read + Send + use<>, ArchiveError> {
        let place = self.zip.get_entry(entry.wayfinder).map_err(broken)?;
        let whole = Arc::clone(&self.zip.get_ref().whole);
        let (start, end) = place.compressed_data_range();
        let packed = BufReader::with_capacity(
            1 << 16,
            Stream::new(Arc::new(Part::new(whole, start, end - start))),
        );
        let data: Box<dyn Read + Send> = if entry.is_stored() {
            Box::new(packed)
        } else {
            Box::new(Inflated(DeflateDecoder::new(packed)))
        };
        // One byte more than there is to be would show that there is more.
        let data = data.take(entry.size.saturating_add(1));
        Ok(Checked(place.verifying_reader(data)))
    }

    /// The bytes of an entry, readable at any place: where they lie, or unpacked as far as they are
    /// asked for.
    ///
    /// # Errors
    /// As [`read`](Self::read), also while reading.
    pub fn at(&self, entry: &Entry) -> Result<Arc<dyn Source>, ArchiveError> {
        Ok(match self.stored(entry)? {
            Some(part) => Arc::new(part),
            None => Arc::new(Unpacked::new(self.clone(), entry.clone())),
        })
    }

    /// The bytes of an entry that is stored as it is, readable at any place. Their checksum is not
    /// checked.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn stored(&self, entry: &Entry) -> Result<Option<Part>, ArchiveError> {
        if !entry.is_stored() {
            return Ok(None);
        }
        let place = self.zip.get_entry(entry.wayfinder).map_err(broken)?;
        let (start, end) = place.compressed_data_range();
        let whole = Arc::clone(&self.zip.get_ref().whole);
        Ok(Some(Part::new(whole, start, end - start)))
    }
}

impl Entry {
    fn is_stored(&self) -> bool {
        self.method == CompressionMethod::STORE
    }
}

/// Inflated data, to which all that was packed belongs.
struct Inflated(DeflateDecoder<BufReader<Stream>>);

impl Read for Inflated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        if count == 0 && !buffer.is_empty() && !self.0.get_mut().fill_buf()?.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "there is more after the end of the compressed data",
            ));
        }
        Ok(count)
    }
}

/// Data whose errors are of kind [`io::ErrorKind::InvalidData`] where the archive is to blame.
struct Checked<R>(R);

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
                io::Error::new(io::ErrorKind::InvalidData, error)
            }
            _ => error,
        })
    }
}

/// What the zip crate says of an archive.
fn broken(error: rawzip::Error) -> ArchiveError {
    use rawzip::ErrorKind;
    match error.into_kind() {
        ErrorKind::IO(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Fault::Truncated.into()
        }
        ErrorKind::IO(error) => ArchiveError::Source(error),
        ErrorKind::Eof => Fault::Truncated.into(),
        ErrorKind::MissingEndOfCentralDirectory => Fault::NotAnArchive.into(),
        _ => Fault::Broken.into(),
    }
}
