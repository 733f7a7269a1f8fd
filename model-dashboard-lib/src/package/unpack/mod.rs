//! Lays a package out for a job, as its framework wants it.
//!
//! A job asks a framework to run a model, and the framework looks for it in folders of its own. The
//! files of a package are written, checked, into a folder beside their place that nobody else looks
//! into, and moved there when all of them are on the disk: what is found in its place is whole. Each
//! folder holds a [`Receipt`], by which [`verify`] tells later, without a registry, whether it still
//! holds what was put there.
//!
//! ```
//! use std::sync::Arc;
//!
//! use model_dashboard::model::{ContentDigest, ModelName, Timestamp};
//! use model_dashboard::package::Package;
//! use model_dashboard::package::inspect::Inspectors;
//! use model_dashboard::package::source::InMemory;
//! use model_dashboard::package::unpack::{
//!     Layout, Origin, Staging, WhenBusy, run_lines, unpack, verify,
//! };
//!
//! # let folder = tempfile::tempdir()?;
//! # let dir = folder.path().join("models");
//! let bytes = b"the weights".to_vec();
//! let origin = Origin {
//!     reference: "MONAI/Spleen@2".to_owned(),
//!     from: "https://models.example.org".to_owned(),
//!     package: ContentDigest::of(&bytes),
//!     at: Timestamp::now(),
//! };
//! let source = Arc::new(InMemory::from(bytes));
//! let package = Package::open("weights.bin", source, &Default::default())?;
//! let report = Inspectors::default().look(&package)?;
//! let layout = Layout::of(&report, &ModelName::parse("Spleen")?);
//! let staging = Staging::open(&dir, &origin.package, WhenBusy::Fail)?;
//! let unpacked = unpack(&package, &report, &layout, &origin, staging, &mut |_| {})?;
//! assert_eq!(unpacked[0].folder, dir.join("Spleen"));
//! // No framework knows it.
//! assert!(run_lines(&report, &layout, &dir).is_empty());
//!
//! std::fs::write(dir.join("Spleen/weights.bin"), "others")?;
//! let found = verify(&dir.join("Spleen"), &mut |_| {})?;
//! assert_eq!(found.changed[0].as_str(), "weights.bin");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arrival;
mod error;
mod layout;
mod lock;
mod place;
mod receipt;
mod run_line;
mod staging;
#[cfg(test)]
mod tests;
mod verify;
mod written;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use self::arrival::Arrival;
pub use self::error::UnpackError;
use self::error::disk;
pub use self::layout::Layout;
pub use self::lock::WhenBusy;
use self::place::{Filling, already_there, are_free, places};
pub use self::receipt::{Origin, RECEIPT, Receipt, ReceiptFile};
pub use self::run_line::{RunLine, run_lines};
pub use self::staging::Staging;
pub use self::verify::{Verification, folders_with_receipts, there, verify};
use super::Package;
use super::inspect::Report;
use crate::model::ContentDigest;

/// A folder with the files of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unpacked {
    /// The folder.
    pub folder: PathBuf,
    /// What it holds.
    pub receipt: Receipt,
    /// Whether all of it was already there.
    pub was_there: bool,
}

/// Unpacks the package that `staging` is for; the folders that it fills. Those that hold just this package
/// are left as they are. What an earlier call that was interrupted wrote is used again where it is whole.
/// `progress` is told now and then how many bytes of [`Package::size`] are done.
///
/// The report is that of the package; files are held against its digests, where it has some.
///
/// # Errors
/// [`UnpackError`], all but [`UnpackError::NoReceipt`]. Folders that are already there are told before
/// anything is written.
pub fn unpack(
    package: &Package,
    report: &Report,
    layout: &Layout,
    origin: &Origin,
    staging: Staging,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Unpacked>, UnpackError> {
    let fillings = places(package, layout)?;
    let dir = staging.dir().to_owned();
    let mut unpacked = Vec::new();
    let there = already_there(fillings.keys().copied(), &origin.package, &dir)?;
    let differs = |(folder, receipt): (&&str, &Receipt)| {
        let files = fillings.get(folder).map_or(0, Vec::len);
        (receipt.files.len() != files).then(|| dir.join(folder))
    };
    let others: Vec<PathBuf> = there.iter().filter_map(differs).collect();
    if !others.is_empty() {
        // Another version laid it out in another way.
        return Err(UnpackError::Exists(others));
    }
    let mut done: u64 = there
        .values()
        .flat_map(|it| &it.files)
        .map(|it| it.size)
        .sum();
    let folders: Vec<String> = fillings.keys().map(|it| (*it).to_owned()).collect();
    let mut made = Vec::new();
    for (number, (folder, files)) in fillings.iter().enumerate() {
        if !there.contains_key(folder) {
            let source = staging.folder(number);
            let receipt = Receipt {
                origin: origin.clone(),
                folders: folders.clone(),
                files: Vec::new(),
            };
            let receipt = fill(package, report, files, receipt, &source, &mut |bytes| {
                progress(done + bytes);
            })?;
            done += files.iter().map(|(file, _)| file.size).sum::<u64>();
            made.push((source, *folder, receipt));
        }
    }
    if !made.is_empty() {
        // It may have become another package's while this one was written.
        let _alone = staging.nobody_else_moves()?;
        are_free(made.iter().map(|(_, folder, _)| *folder), &dir)?;
        for (source, folder, receipt) in made {
            put(&source, &dir, folder)?;
            unpacked.push(Unpacked {
                folder: dir.join(folder),
                receipt,
                was_there: false,
            });
        }
    }
    staging.remove()?;
    written::sync(&dir)?;
    progress(package.size());
    unpacked.extend(there.into_iter().map(|(folder, receipt)| Unpacked {
        folder: dir.join(folder),
        receipt,
        was_there: true,
    }));
    unpacked.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(unpacked)
}

/// Whether a package could be unpacked below `dir` by this layout: for those who have to fetch it before.
/// Folders that hold it already are in nobody's way.
///
/// Cost: reads what such folders hold.
///
/// # Errors
/// [`UnpackError::Exists`], [`UnpackError::SameNumber`], [`UnpackError::Disk`].
pub fn check(layout: &Layout, package: &ContentDigest, dir: &Path) -> Result<(), UnpackError> {
    let folders: Vec<&str> = layout.folders().collect();
    already_there(folders.iter().copied(), package, dir).map(drop)
}

/// Writes the files of one folder, and the receipt.
fn fill(
    package: &Package,
    report: &Report,
    files: &Filling<'_>,
    mut receipt: Receipt,
    to: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Receipt, UnpackError> {
    let digests = report
        .files
        .iter()
        .filter_map(|it| Some((&it.path, it.digest?)));
    let digests: BTreeMap<_, _> = digests.collect();
    let keep: HashSet<String> = files.iter().map(|(_, path)| path.to_string()).collect();
    written::clean(to, &keep)?;
    let mut done = 0;
    let mut all = Vec::with_capacity(files.len());
    for (file, path) in files {
        let target = to.join(path.as_str());
        let digest = written::write(package, file, &target, &mut |bytes| progress(done + bytes))?;
        if digests.get(&file.path).is_some_and(|it| *it != digest) {
            fs::remove_file(&target).map_err(disk(&target))?;
            return Err(UnpackError::Digest(file.path.clone()));
        }
        done += file.size;
        all.push(ReceiptFile {
            path: path.clone(),
            size: file.size,
            digest,
        });
    }
    all.sort();
    receipt.files = all;
    let target = to.join(RECEIPT);
    let mut text =
        serde_json::to_vec_pretty(&receipt).map_err(|error| disk(&target)(error.into()))?;
    text.push(b'\n');
    written::write_new(&target, &text).map_err(disk(&target))?;
    written::seal(to)?;
    Ok(receipt)
}

/// Moves a folder to its place.
fn put(source: &Path, dir: &Path, folder: &str) -> Result<(), UnpackError> {
    let target = dir.join(folder);
    let around = target.parent().unwrap_or(dir);
    fs::create_dir_all(around).map_err(disk(around))?;
    fs::rename(source, &target).map_err(|error| match error.kind() {
        // Somebody was faster.
        io::ErrorKind::DirectoryNotEmpty
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::NotADirectory => UnpackError::Exists(vec![target.clone()]),
        _ => disk(&target)(error),
    })?;
    written::sync(around)
}
