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
//! use model_dashboard::package::unpack::{Layout, Origin, run_lines, unpack, verify};
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
//! let unpacked = unpack(&package, &report, &layout, &origin, &dir, &mut |_| {})?;
//! assert_eq!(unpacked[0].folder, dir.join("Spleen"));
//! // No framework knows it.
//! assert!(run_lines(&report, &layout, &dir).is_empty());
//!
//! std::fs::write(dir.join("Spleen/weights.bin"), "others")?;
//! let found = verify(&dir.join("Spleen"), &mut |_| {})?;
//! assert_eq!(found.changed[0].as_str(), "weights.bin");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod layout;
mod receipt;
mod run_line;
mod staging;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use self::error::UnpackError;
use self::error::disk;
pub use self::layout::Layout;
pub use self::receipt::{Origin, RECEIPT, Receipt, ReceiptFile};
pub use self::run_line::{RunLine, run_lines};
use self::staging::Staging;
pub use self::verify::{Verification, verify};
use super::archive::Names;
use super::inspect::Report;
use super::{Package, PackageFile, PackagePath};

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

/// The files that go into one folder, with their paths in it.
type Filling<'a> = Vec<(&'a PackageFile, PackagePath)>;

/// Unpacks a package below `dir`, which is made if it is not there; the folders that it fills. Those
/// that hold just this package are left as they are. What an earlier call that was interrupted wrote is
/// used again where it is whole. `progress` is told now and then how many bytes of [`Package::size`]
/// are done.
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
    dir: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Unpacked>, UnpackError> {
    let fillings = places(package, layout)?;
    let mut unpacked = Vec::new();
    let there = already_there(&fillings, origin, dir)?;
    let mut done: u64 = there
        .values()
        .flat_map(|it| &it.files)
        .map(|it| it.size)
        .sum();
    if there.len() < fillings.len() {
        fs::create_dir_all(dir).map_err(disk(dir))?;
        let staging = Staging::open(dir, &origin.package)?;
        let mut made = Vec::new();
        for (number, (folder, files)) in fillings.iter().enumerate() {
            if !there.contains_key(folder) {
                let source = staging.folder(number);
                let receipt = fill(package, report, files, origin, &source, &mut |bytes| {
                    progress(done + bytes);
                })?;
                done += files.iter().map(|(file, _)| file.size).sum::<u64>();
                made.push((source, folder, receipt));
            }
        }
        for (source, folder, receipt) in made {
            put(&source, dir, folder)?;
            unpacked.push(Unpacked {
                folder: dir.join(folder),
                receipt,
                was_there: false,
            });
        }
        staging.remove()?;
        staging::sync(dir)?;
    }
    progress(package.size());
    unpacked.extend(there.into_iter().map(|(folder, receipt)| Unpacked {
        folder: dir.join(folder),
        receipt,
        was_there: true,
    }));
    unpacked.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(unpacked)
}

/// The files by the folders that they go to.
fn places<'a>(
    package: &'a Package,
    layout: &'a Layout,
) -> Result<BTreeMap<&'a str, Filling<'a>>, UnpackError> {
    let mut fillings: BTreeMap<&str, Filling<'_>> = BTreeMap::new();
    let mut names: BTreeMap<&str, Names> = BTreeMap::new();
    for file in package.files() {
        let (folder, path) = layout
            .place(&file.path)
            .map_err(|error| UnpackError::Place {
                path: file.path.clone(),
                error,
            })?;
        let is_free = names.entry(folder).or_default().take(&path, false);
        if !is_free || path.as_str().eq_ignore_ascii_case(RECEIPT) {
            return Err(UnpackError::Taken(file.path.clone()));
        }
        fillings.entry(folder).or_default().push((file, path));
    }
    Ok(fillings)
}

/// The folders that already hold this package, with their receipts.
fn already_there<'a>(
    fillings: &BTreeMap<&'a str, Filling<'_>>,
    origin: &Origin,
    dir: &Path,
) -> Result<BTreeMap<&'a str, Receipt>, UnpackError> {
    let (mut there, mut others, mut same_number) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (folder, files) in fillings {
        let target = dir.join(folder);
        match fs::symlink_metadata(&target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                same_number.extend(with_the_same_number(&target)?);
            }
            Err(error) => return Err(disk(&target)(error)),
            Ok(metadata) => match verify(&target, &mut |_| {}) {
                Ok(found)
                    if metadata.is_dir()
                        && found.is_clean()
                        && found.receipt.origin.package == origin.package
                        && found.receipt.files.len() == files.len() =>
                {
                    there.insert(*folder, found.receipt);
                }
                _ => others.push(target),
            },
        }
    }
    if !others.is_empty() {
        return Err(UnpackError::Exists(others));
    }
    if !same_number.is_empty() {
        return Err(UnpackError::SameNumber(same_number));
    }
    Ok(there)
}

/// The other datasets or tasks beside this one that have its number.
fn with_the_same_number(target: &Path) -> Result<Vec<PathBuf>, UnpackError> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let number = layout::number(&name, "Dataset").or_else(|| layout::number(&name, "Task"));
    let (Some(number), Some(around)) = (number, target.parent()) else {
        return Ok(Vec::new());
    };
    let entries = match fs::read_dir(around) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(disk(around))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(disk(around))?;
        if entry.file_name().to_string_lossy().starts_with(number) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Writes the files of one folder, and the receipt.
fn fill(
    package: &Package,
    report: &Report,
    files: &Filling<'_>,
    origin: &Origin,
    to: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Receipt, UnpackError> {
    let digests = report
        .files
        .iter()
        .filter_map(|it| Some((&it.path, it.digest?)));
    let digests: BTreeMap<_, _> = digests.collect();
    let keep: HashSet<String> = files.iter().map(|(_, path)| path.to_string()).collect();
    staging::clean(to, &keep)?;
    let mut done = 0;
    let mut written = Vec::with_capacity(files.len());
    for (file, path) in files {
        let target = to.join(path.as_str());
        let digest = staging::write(package, file, &target, &mut |bytes| progress(done + bytes))?;
        if digests.get(&file.path).is_some_and(|it| *it != digest) {
            fs::remove_file(&target).map_err(disk(&target))?;
            return Err(UnpackError::Digest(file.path.clone()));
        }
        done += file.size;
        written.push(ReceiptFile {
            path: path.clone(),
            size: file.size,
            digest,
        });
    }
    written.sort();
    let receipt = Receipt {
        origin: origin.clone(),
        files: written,
    };
    let target = to.join(RECEIPT);
    let mut text =
        serde_json::to_vec_pretty(&receipt).map_err(|error| disk(&target)(error.into()))?;
    text.push(b'\n');
    staging::write_new(&target, &text).map_err(disk(&target))?;
    staging::seal(to)?;
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
    staging::sync(around)
}
