//! Whether a folder still holds what was put into it.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::{UnpackError, disk};
use super::receipt::{RECEIPT, Receipt};
use crate::package::digest::digest;
use crate::package::{PackagePath, folder};

/// How a folder differs from its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// What was put there.
    pub receipt: Receipt,
    /// Files that are not there.
    pub missing: Vec<PackagePath>,
    /// Files with other bytes, or in whose place is something else.
    pub changed: Vec<PackagePath>,
    /// Paths of files and links that were not put there, as far as they can be printed.
    pub added: Vec<String>,
}

impl Verification {
    /// Whether it holds just what was put there.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty() && self.added.is_empty()
    }
}

/// Compares a folder with the receipt in it. Links are not followed. `progress` is told now and then how
/// many bytes are done.
///
/// Cost: reads every file that has the right size.
///
/// # Errors
/// [`UnpackError::NoReceipt`], [`UnpackError::Disk`].
pub fn verify(root: &Path, progress: &mut dyn FnMut(u64)) -> Result<Verification, UnpackError> {
    let receipt = Receipt::read(root)?;
    let (mut files, mut others) = there(root)?;
    files.remove(RECEIPT);
    let (mut missing, mut changed) = (Vec::new(), Vec::new());
    let mut done = 0;
    for file in &receipt.files {
        let path = root.join(file.path.as_str());
        if others.remove(file.path.as_str()) {
            changed.push(file.path.clone());
        } else if !files.remove(file.path.as_str()) {
            missing.push(file.path.clone());
        } else {
            let opened = folder::open(&path).map_err(disk(&path))?;
            let size = opened.metadata().map_err(disk(&path))?.len();
            let same = size == file.size
                && digest(opened, &mut |bytes| progress(done + bytes)).map_err(disk(&path))?
                    == (size, file.digest);
            if !same {
                changed.push(file.path.clone());
            }
        }
        done += file.size;
    }
    files.append(&mut others);
    Ok(Verification {
        receipt,
        missing,
        changed,
        added: files.into_iter().collect(),
    })
}

/// The paths of files below a folder, and those of what is neither a file nor a folder.
fn there(root: &Path) -> Result<(BTreeSet<String>, BTreeSet<String>), UnpackError> {
    let (mut files, mut others) = (BTreeSet::new(), BTreeSet::new());
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(disk(&folder))? {
            let entry = entry.map_err(disk(&folder))?;
            let kind = entry.file_type().map_err(disk(&folder))?;
            let path = format!("{prefix}{}", entry.file_name().display());
            if kind.is_dir() {
                folders.push((entry.path(), format!("{path}/")));
            } else if kind.is_file() {
                files.insert(path);
            } else {
                others.insert(path);
            }
        }
    }
    Ok((files, others))
}
