//! Why an archive is not accepted.

use std::fmt;
use std::io;

/// What is wrong with an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// It is no zip archive.
    NotAnArchive,
    /// It holds no file.
    Empty,
    /// It has more entries than are allowed.
    TooManyEntries,
    /// Its directory is larger than is allowed.
    DirectoryTooLarge,
    /// Unpacked it is larger than is allowed.
    TooLarge,
    /// An entry grows by more than is allowed when it is unpacked.
    Ratio,
    /// The sizes that it states are not true.
    Sizes,
    /// An entry's name is no path that stays within the package.
    Name,
    /// Two entries have the same name, or would have on some systems.
    Duplicate,
    /// An entry is a link or a device.
    Link,
    /// It is encrypted.
    Encrypted,
    /// It uses flags that have no meaning for stored and deflated entries.
    Flags,
    /// An entry is neither stored nor deflated.
    Method,
    /// What stands before an entry's data contradicts the directory.
    Headers,
    /// Entries share bytes.
    Overlap,
    /// There are bytes that belong to no entry.
    Gap,
    /// There are bytes before the first entry.
    Before,
    /// There are bytes after the end.
    After,
    /// The end can be read in more than one way.
    Ends,
    /// It has not as many entries as it says.
    Count,
    /// It is one of several parts.
    Disks,
    /// An entry's data has not the checksum that is stated.
    Checksum,
    /// It ends too early.
    Truncated,
    /// It, or the compressed data of an entry, cannot be read.
    Broken,
}

impl Fault {
    fn text(self) -> &'static str {
        match self {
            Self::NotAnArchive => "it is no zip archive",
            Self::Empty => "it holds no file",
            Self::TooManyEntries => "it has too many entries",
            Self::DirectoryTooLarge => "its directory is too large",
            Self::TooLarge => "it is too large when unpacked",
            Self::Ratio => "it grows too much when unpacked",
            Self::Sizes => "the sizes that it states are not true",
            Self::Name => "the name of an entry leaves the package or cannot be a path everywhere",
            Self::Duplicate => "two entries have the same name",
            Self::Link => "an entry is a link or a device",
            Self::Encrypted => "it is encrypted",
            Self::Flags => "it uses flags that have no meaning",
            Self::Method => "an entry is compressed by another method than deflate",
            Self::Headers => "what stands before an entry contradicts the directory",
            Self::Overlap => "entries share bytes",
            Self::Gap => "it holds bytes that belong to no entry",
            Self::Before => "there are bytes before the first entry",
            Self::After => "there are bytes after its end",
            Self::Ends => "its end can be read in more than one way",
            Self::Count => "it has not as many entries as it says",
            Self::Disks => "it is a part of several",
            Self::Checksum => "an entry has not the checksum that is stated",
            Self::Truncated => "it ends too early",
            Self::Broken => "it cannot be read",
        }
    }
}

/// Why an archive, or one of its files, cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// It is not accepted as it is: another archive has to be made.
    Refused {
        /// What is wrong.
        fault: Fault,
        /// The name of the entry that shows it, as far as it can be printed.
        entry: Option<String>,
    },
    /// Its bytes could not be had.
    Source(#[source] io::Error),
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { fault, entry } => {
                write!(f, "the archive is refused: {}", fault.text())?;
                match entry {
                    Some(entry) => write!(f, " ({})", entry.escape_debug()),
                    None => Ok(()),
                }
            }
            Self::Source(_) => f.write_str("the archive could not be read"),
        }
    }
}

impl From<Fault> for ArchiveError {
    fn from(fault: Fault) -> Self {
        Self::Refused { fault, entry: None }
    }
}

impl Fault {
    /// Shown by the entry of that name.
    pub(super) fn of(self, name: &[u8]) -> ArchiveError {
        ArchiveError::Refused {
            fault: self,
            entry: Some(String::from_utf8_lossy(name).into_owned()),
        }
    }
}
