//! What was put into a folder, and from where.

use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{UnpackError, disk};
use crate::model::{ContentDigest, Timestamp};
use crate::package::{PackagePath, folder};

/// The file that says it, at the root of the folder.
pub const RECEIPT: &str = ".model-dashboard.json";

/// Longer ones were not written here: it is more than 10,000 files with the longest paths have.
const MAX_SIZE: u64 = 64 << 20;

/// Where a package is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The model and its version, as people write it: `nnUNet_v2/Liver@3`.
    pub reference: String,
    /// The registry. It holds no password: the receipt is for all to read.
    pub from: String,
    /// Of the package as it was sent.
    pub package: ContentDigest,
    /// When it was unpacked.
    pub at: Timestamp,
}

/// What was put into a folder. Its JSON stays readable: fields are added, never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// Where it is from.
    #[serde(flatten)]
    pub origin: Origin,
    /// All folders that the package fills, below the one that models share; empty in receipts of before
    /// this was noted.
    #[serde(default)]
    pub folders: Vec<String>,
    /// All files but the receipt, sorted by path.
    pub files: Vec<ReceiptFile>,
}

/// A file that was put into a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReceiptFile {
    /// Where it lies in the folder.
    pub path: PackagePath,
    /// Bytes.
    pub size: u64,
    /// Of its bytes.
    pub digest: ContentDigest,
}

impl Receipt {
    /// The receipt in a folder.
    ///
    /// # Errors
    /// [`UnpackError::NoReceipt`] if there is none that can be read as one; [`UnpackError::Disk`].
    pub fn read(root: &Path) -> Result<Self, UnpackError> {
        let path = root.join(RECEIPT);
        let none = || UnpackError::NoReceipt(root.to_owned());
        let file = match folder::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(none()),
            opened => opened.map_err(disk(&path))?,
        };
        let mut text = Vec::new();
        file.take(MAX_SIZE)
            .read_to_end(&mut text)
            .map_err(disk(&path))?;
        serde_json::from_slice(&text).map_err(|_| none())
    }
}
