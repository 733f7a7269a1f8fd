//! The bytes that are sent: those of a file, or of a folder that is packed on the way.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use model_dashboard::package::pack::{FolderArchive, Listing, Without};
use model_dashboard::package::source::{OnDisk, Source};

use super::Upload;
use crate::failure::Failure;
use crate::model::inspect;
use crate::output::{counted, note};
use crate::progress::bytes_bar;

/// The bytes of a package, and what its file is called.
pub(super) fn open(upload: &Upload) -> Result<(String, Arc<dyn Source>), Failure> {
    let path = &upload.package;
    let unreadable =
        |error: std::io::Error| Failure::io(format!("{} cannot be read", path.display()), &error);
    let name = std::path::absolute(path).map_err(unreadable)?;
    let name = name
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy();
    let kind = path.metadata().map_err(unreadable)?.file_type();
    if kind.is_dir() {
        return Ok((format!("{name}.zip"), pack(upload, path)?));
    }
    if !kind.is_file() {
        let what = format!("{} is neither a file nor a folder", path.display());
        return Err(Failure::usage(what));
    }
    if !upload.without.is_empty() {
        return Err(Failure::usage(
            "--without leaves files of a folder behind, not of an archive",
        ));
    }
    let source = File::open(path).and_then(OnDisk::new).map_err(unreadable)?;
    Ok((name.into_owned(), Arc::new(source)))
}

fn pack(upload: &Upload, folder: &Path) -> Result<Arc<dyn Source>, Failure> {
    let failed = |error| inspect::failure(folder, &error);
    let names = upload.without.iter().map(|name| name.trim());
    let without = Without::names(names).map_err(Failure::usage)?;
    let listing = Listing::of(folder, &without, &Default::default()).map_err(failed)?;
    for name in listing.unused(&without) {
        let parts = listing
            .files()
            .iter()
            .flat_map(|(path, _)| path.as_str().split('/'));
        let stems = parts.map(|part| part.split('.').next().unwrap_or(part));
        if let Some(meant) = stems
            .into_iter()
            .find(|stem| stem.eq_ignore_ascii_case(name))
        {
            let told = format!("nothing is called {name}, but {meant}: it would not stay behind");
            return Err(Failure::usage(told));
        }
        note(format_args!("nothing is called {name}"));
    }
    if !listing.left_out().is_empty() {
        let left = listing.left_out();
        note(format_args!(
            "{} or folders stay behind: {}",
            counted(left.len() as u64, "file"),
            left.join(", ")
        ));
    }
    let bar = bytes_bar(listing.size(), "packing");
    let archive = FolderArchive::read(listing, &mut |done| bar.set_position(done));
    bar.finish_and_clear();
    Ok(Arc::new(archive.map_err(failed)?))
}
