//! What was put into folders, and whether it is still there.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::Unpacked;
use super::error::{UnpackError, disk};
use super::receipt::{RECEIPT, Receipt};
use crate::model::ContentDigest;
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
    let (mut files, mut others) = listed(root)?;
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
fn listed(root: &Path) -> Result<(BTreeSet<String>, BTreeSet<String>), UnpackError> {
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

/// How deep below the folder that they share those of models lie at most: `nnUNet/3d_fullres/TaskNNN_X`.
const DEPTH: u32 = 3;

/// The folders of packages: `dir` itself, or those below it, sorted. Links are not followed.
///
/// Cost: lists the folders around them, and not what is in them.
///
/// # Errors
/// [`UnpackError::Disk`]; none if `dir` is not there.
pub fn folders_with_receipts(dir: &Path) -> Result<Vec<PathBuf>, UnpackError> {
    fn find(folder: &Path, depth: u32, found: &mut Vec<PathBuf>) -> io::Result<()> {
        if folder.join(RECEIPT).symlink_metadata().is_ok() {
            found.push(folder.to_owned());
            return Ok(());
        }
        if depth == 0 {
            return Ok(());
        }
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if entry.file_type()?.is_dir() && !is_hidden {
                find(&entry.path(), depth - 1, found)?;
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    match find(dir, DEPTH, &mut found) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        result => result.map_err(disk(dir))?,
    }
    found.sort();
    Ok(found)
}

/// The folders of a package that is unpacked below `dir`, all of them and as they were made; `None` if
/// one is missing or changed, or is from before receipts named all. Nobody has to have the package for
/// that.
///
/// Cost: reads the files of the package.
///
/// # Errors
/// [`UnpackError::Disk`].
pub fn there(
    dir: &Path,
    package: &ContentDigest,
    progress: &mut dyn FnMut(u64),
) -> Result<Option<Vec<Unpacked>>, UnpackError> {
    let is_it = |folder: &PathBuf| match Receipt::read(folder) {
        Ok(receipt) if receipt.origin.package == *package => Some(receipt.folders),
        _ => None,
    };
    let Some(folders) = folders_with_receipts(dir)?.iter().find_map(is_it) else {
        return Ok(None);
    };
    let mut unpacked = Vec::new();
    let mut done = 0;
    for folder in &folders {
        let folder = dir.join(folder);
        let found = match verify(&folder, &mut |bytes| progress(done + bytes)) {
            Err(UnpackError::NoReceipt(_)) => return Ok(None),
            Err(UnpackError::Disk { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            found => found?,
        };
        if !found.is_clean() || found.receipt.origin.package != *package {
            return Ok(None);
        }
        done += found.receipt.files.iter().map(|it| it.size).sum::<u64>();
        unpacked.push(Unpacked {
            folder,
            receipt: found.receipt,
            was_there: true,
        });
    }
    Ok(Some(unpacked).filter(|unpacked| !unpacked.is_empty()))
}
