//! Which folders a package fills, and whether they are free.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{UnpackError, disk};
use super::layout::{self, CONFIGURATIONS, Layout};
use super::receipt::{RECEIPT, Receipt};
use super::verify::verify;
use crate::model::ContentDigest;
use crate::package::archive::Names;
use crate::package::{Package, PackageFile, PackagePath};

/// The files that go into one folder, with their paths in it.
pub(super) type Filling<'a> = Vec<(&'a PackageFile, PackagePath)>;

/// The files by the folders that they go to.
pub(super) fn places<'a>(
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
    let mut numbered: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (number, name) in fillings.keys().filter_map(|folder| number(folder)) {
        numbered.entry(number).or_default().insert(name);
    }
    match numbered.into_values().find(|names| names.len() > 1) {
        Some(names) => {
            let names = names.into_iter().map(str::to_owned);
            Err(UnpackError::Ambiguous(names.collect()))
        }
        None => Ok(fillings),
    }
}

/// Those of these folders that already hold this package, with their receipts; the others are free.
pub(super) fn already_there<'a>(
    folders: impl Iterator<Item = &'a str> + Clone,
    package: &ContentDigest,
    dir: &Path,
) -> Result<BTreeMap<&'a str, Receipt>, UnpackError> {
    let (mut there, mut others) = (BTreeMap::new(), Vec::new());
    for folder in folders.clone() {
        let target = dir.join(folder);
        if let Some(metadata) = metadata(&target)? {
            match verify(&target, &mut |_| {}) {
                Ok(found)
                    if metadata.is_dir()
                        && found.is_clean()
                        && found.receipt.origin.package == *package =>
                {
                    there.insert(folder, found.receipt);
                }
                _ => others.push(target),
            }
        }
    }
    if !others.is_empty() {
        return Err(UnpackError::Exists(others));
    }
    let missing = folders.filter(|folder| !there.contains_key(folder));
    are_free(missing, dir)?;
    Ok(there)
}

/// That nothing is where these folders go, and no framework would find others instead of them.
pub(super) fn are_free<'a>(
    folders: impl Iterator<Item = &'a str>,
    dir: &Path,
) -> Result<(), UnpackError> {
    let (mut others, mut same_number) = (Vec::new(), BTreeSet::new());
    for folder in folders {
        let target = dir.join(folder);
        if metadata(&target)?.is_some() {
            others.push(target);
        }
        same_number.extend(with_the_same_number(folder, dir)?);
    }
    if !others.is_empty() {
        return Err(UnpackError::Exists(others));
    }
    if !same_number.is_empty() {
        return Err(UnpackError::SameNumber(same_number.into_iter().collect()));
    }
    Ok(())
}

fn metadata(path: &Path) -> Result<Option<fs::Metadata>, UnpackError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some).map_err(disk(path)),
    }
}

/// The name of the dataset or task that a folder is of, behind what its number makes of it:
/// `Dataset012` and `Dataset012_Liver`.
fn number(folder: &str) -> Option<(&str, &str)> {
    folder.split('/').find_map(|name| {
        let number = layout::number(name, "Dataset").or_else(|| layout::number(name, "Task"))?;
        Some((number.trim_end_matches('_'), name))
    })
}

/// The other datasets or tasks in `dir` that a framework finds by the number of this one. nnU-Net 2
/// takes every folder whose name begins with it, nnU-Net 1 those of all configurations.
fn with_the_same_number(folder: &str, dir: &Path) -> Result<Vec<PathBuf>, UnpackError> {
    let Some((number, name)) = number(folder) else {
        return Ok(Vec::new());
    };
    let places = match folder.split_once('/') {
        Some(("nnUNet", _)) => CONFIGURATIONS
            .map(|it| dir.join("nnUNet").join(it))
            .to_vec(),
        _ => vec![dir.to_owned()],
    };
    let mut found = Vec::new();
    for place in places {
        let entries = match fs::read_dir(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(disk(&place))?,
        };
        for entry in entries {
            let entry = entry.map_err(disk(&place))?;
            let other = entry.file_name();
            let other = other.to_string_lossy();
            if other.starts_with(number) && other != name {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}
