//! What no upload counts.

use super::{PackageId, PackageStoreError};
use crate::model::Timestamp;

/// Something that no upload counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Of which upload.
    pub id: PackageId,
    /// What it is.
    pub kind: LeftoverKind,
    /// When it was made, as its name says.
    pub since: Timestamp,
}

/// What is left over of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftoverKind {
    /// A file or an object with bytes.
    Bytes {
        /// Its name beside those of the uploads.
        name: String,
    },
    /// Parts of an object that was never put together.
    Parts {
        /// What the store calls the lot of them.
        lot: String,
    },
}

/// What a sweep has done.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Swept {
    /// What is gone.
    pub removed: Vec<Leftover>,
    /// What is still there, and why.
    pub left: Vec<(Leftover, PackageStoreError)>,
}
