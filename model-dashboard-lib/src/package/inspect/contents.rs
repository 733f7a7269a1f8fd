//! Finding and reading the small files of a package.

use super::description::Description;
use super::finding::{Finding, FindingKind};
use super::json;
use super::value::Value;
use crate::package::{Package, PackageError, PackageFile};

/// The largest JSON or text file that is read: results of every case of a large dataset fit.
pub(super) const MAX_TEXT: u64 = 32 << 20;

/// The file at this path.
pub(super) fn file<'a>(package: &'a Package, path: &str) -> Option<&'a PackageFile> {
    package
        .files()
        .iter()
        .find(|file| file.path.as_str() == path)
}

/// The files of that name, wherever they lie.
pub(super) fn named<'a>(
    package: &'a Package,
    name: &'a str,
) -> impl Iterator<Item = &'a PackageFile> {
    let is_named = move |file: &&PackageFile| file.path.file_name() == name;
    package.files().iter().filter(is_named)
}

/// The folder of a file, empty for the root.
pub(super) fn folder(file: &PackageFile) -> &str {
    let path = file.path.as_str();
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folder that holds this one, and its name in it.
pub(super) fn split(folder: &str) -> (&str, &str) {
    folder.rsplit_once('/').unwrap_or(("", folder))
}

/// A path in a folder, which may be the root.
pub(super) fn within(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

/// What a JSON file holds, or `None` if it cannot be read as such.
pub(super) fn peek(package: &Package, file: &PackageFile) -> Result<Option<Value>, PackageError> {
    if file.size > MAX_TEXT {
        return Ok(None);
    }
    let bytes = package.read_whole(file, MAX_TEXT)?;
    Ok(json::parse(&bytes).ok())
}

/// The same; that it cannot be read is a finding.
pub(super) fn read(
    package: &Package,
    file: &PackageFile,
    description: &mut Description,
) -> Result<Option<Value>, PackageError> {
    let fault = if file.size > MAX_TEXT {
        "it is too large to be read".to_owned()
    } else {
        match json::parse(&package.read_whole(file, MAX_TEXT)?) {
            Ok(value) => return Ok(Some(value)),
            Err(fault) => fault.to_string(),
        }
    };
    let finding = Finding::new(
        FindingKind::Odd,
        format!("{fault}: nothing of it is told here"),
    );
    description.found(finding.at(&file.path));
    Ok(None)
}

/// The same of the file at this path, if there is one.
pub(super) fn read_at(
    package: &Package,
    path: &str,
    description: &mut Description,
) -> Result<Option<Value>, PackageError> {
    match file(package, path) {
        Some(file) => read(package, file, description),
        None => Ok(None),
    }
}

/// Extensions of what is put beside a model for people to read.
const DOCUMENTS: &[&str] = &[
    "md", "txt", "rst", "pdf", "html", "json", "yaml", "yml", "toml", "csv", "png", "jpg", "jpeg",
    "svg",
];

/// More files than this are no model in a file.
const FEW: usize = 100;

/// The files that are the model, where a package is files beside documents; none if they are many.
pub(super) fn models(package: &Package) -> Vec<&PackageFile> {
    let is_document = |file: &&PackageFile| {
        let name = file.path.file_name();
        match name.rsplit_once('.') {
            Some((_, extension)) => DOCUMENTS.contains(&&*extension.to_ascii_lowercase()),
            None => matches!(name, "LICENSE" | "LICENCE" | "NOTICE" | "README"),
        }
    };
    let files: Vec<_> = package
        .files()
        .iter()
        .filter(|file| !is_document(file))
        .collect();
    if files.len() <= FEW {
        files
    } else {
        Vec::new()
    }
}
