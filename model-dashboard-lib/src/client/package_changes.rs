//! What differs between the packages of two revisions.

use serde::Deserialize;

use super::drafts::{RemoteFieldChange, RemoteLabelChange};
use crate::model::Timestamp;

/// The packages of two revisions that do not have the same one, and what differs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemotePackageDifference {
    /// That of the earlier side, if it has one.
    #[serde(default)]
    pub before: Option<RemoteNamedPackage>,
    /// That of the later side.
    #[serde(default)]
    pub after: Option<RemoteNamedPackage>,
    /// Which sides cannot be read, so that it is not known what they name: `before`, `after`.
    #[serde(default)]
    pub unreadable: Vec<String>,
    /// What differs; `None` where it is not known what is in one of them.
    #[serde(default)]
    pub contents: Option<RemoteContents>,
    /// Why jobs may not run the model correctly with that of the later side, but for what the earlier one
    /// lacks as well.
    #[serde(default)]
    pub lacking: Vec<String>,
}

/// The package that a revision names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteNamedPackage {
    /// Its name in the store.
    pub id: String,
    /// The name of its file when it was uploaded; `None`, as size and digest, where it is not there.
    #[serde(default)]
    pub file_name: Option<String>,
    /// Its bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// Their SHA-256, in hexadecimal digits.
    #[serde(default)]
    pub sha256: Option<String>,
    /// When they were purged.
    #[serde(default)]
    pub removed_at: Option<Timestamp>,
    /// Why they were; `None` where the token may not know it.
    #[serde(default)]
    pub removed_because: Option<String>,
}

/// What differs in two packages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteContents {
    /// Files, by path.
    #[serde(default)]
    pub files: Vec<RemoteFileChange>,
    /// How many more differ.
    #[serde(default)]
    pub more_files: usize,
    /// How many are the same.
    #[serde(default)]
    pub same_files: usize,
    /// How many of these are so by size and by the CRC-32 that their archives state.
    #[serde(default)]
    pub same_by_checksum: usize,
    /// Labels that the packages tell, by number.
    #[serde(default)]
    pub labels: Vec<RemoteLabelChange>,
    /// What else they tell of themselves.
    #[serde(default)]
    pub fields: Vec<RemoteFieldChange>,
    /// Whether whoever uses the model takes one thing for another.
    #[serde(default)]
    pub breaking: bool,
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteFileChange {
    /// Where it lies in the package.
    pub path: String,
    /// `added`, `removed`, `changed` or `unknown`.
    pub kind: String,
    /// What it was; `None` if it was not there.
    #[serde(default)]
    pub before: Option<RemoteFileState>,
    /// What it is then.
    #[serde(default)]
    pub after: Option<RemoteFileState>,
}

/// The bytes of a file, unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteFileState {
    /// How many.
    pub size: u64,
    /// Their SHA-256, in hexadecimal digits, where it is known.
    #[serde(default)]
    pub sha256: Option<String>,
    /// The CRC-32 that their archive states of them, in hexadecimal digits.
    #[serde(default)]
    pub crc32: Option<String>,
}
