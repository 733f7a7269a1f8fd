//! Why a file is not what it should be.

use std::io;

use super::Format;
use crate::package::archive::ArchiveError;

/// Why a file of a known format cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// It ends before what it says it holds.
    #[error("it ends too early")]
    Truncated,
    /// It breaks a rule of its format.
    #[error("{0}")]
    Malformed(String),
    /// It holds more than is read of such a file.
    #[error("{0} than is read")]
    TooLarge(&'static str),
    /// It is of a version that is not known.
    #[error("{0} that is not read")]
    Unsupported(String),
    /// Its name says that it is of this format, and it is not.
    #[error("it is named as {0}, but is none")]
    NotAsNamed(Format),
    /// Only a pointer of Git LFS is there: the file itself was not fetched.
    #[error("a pointer of Git LFS is in its place: the file itself was not fetched")]
    Pointer,
    /// The archive that it is cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Its bytes could not be had.
    #[error("it could not be read")]
    Source(#[source] io::Error),
}

impl FormatError {
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }
}

/// A text of a file as it may stand in a message: short, and without what cannot be seen.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = text.escape_debug().take(LONGEST).collect();
    if text.escape_debug().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
