//! The files of a package on the disk.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::{UnpackError, disk};
use crate::model::ContentDigest;
use crate::package::{Package, PackageError, PackageFile, folder};

/// Removes below `root` all but the files of these paths.
pub(super) fn clean(root: &Path, keep: &HashSet<String>) -> Result<(), UnpackError> {
    fn clean(folder: &Path, prefix: &str, keep: &HashSet<String>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let path = format!("{prefix}{}", entry.file_name().display());
            if kind.is_dir() {
                clean(&entry.path(), &format!("{path}/"), keep)?;
                // One that still holds something stays.
                let _ = fs::remove_dir(entry.path());
            } else if !kind.is_file() || !keep.contains(&path) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
    match clean(root, "", keep) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(disk(root)),
    }
}

/// Writes a file of a package, or finds that it is already there, byte for byte as its checksum says.
/// `progress` is told how many bytes are done.
pub(super) fn write(
    package: &Package,
    file: &PackageFile,
    to: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<ContentDigest, UnpackError> {
    if let Some(crc) = package.crc(file)
        && let Some(found) = found(to, file.size, crc.0).map_err(disk(to))?
    {
        progress(file.size);
        return Ok(found);
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(disk(folder))?;
    }
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(disk(to)(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut target = options
        .write(true)
        .create_new(true)
        .open(to)
        .map_err(disk(to))?;
    let mut data = package.read(file)?;
    let unreadable = |error| PackageError::Unreadable {
        path: file.path.to_string(),
        error,
    };
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    loop {
        let count = match data.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error).into()),
        };
        let piece = buffer.get(..count).unwrap_or_default();
        target.write_all(piece).map_err(disk(to))?;
        hasher.update(piece);
        done += count as u64;
        progress(done);
    }
    // Archives check it themselves; a file of a folder may have become another one.
    if done != file.size {
        return Err(PackageError::Changed(file.path.clone()).into());
    }
    set_mode(to, 0o644).map_err(disk(to))?;
    target.sync_all().map_err(disk(to))?;
    Ok(ContentDigest::from_bytes(hasher.finalize().into()))
}

/// Writes a file that is not there.
pub(super) fn write_new(to: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut target = options.write(true).create_new(true).open(to)?;
    target.write_all(bytes)?;
    set_mode(to, 0o644)?;
    target.sync_all()
}

/// The digest of a file that has this size and checksum.
fn found(path: &Path, size: u64, crc: u32) -> io::Result<Option<ContentDigest>> {
    let file = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == size => folder::open(path)?,
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let (mut hasher, mut checksum) = (Sha256::new(), crc32fast::Hasher::new());
    let mut data = io::BufReader::with_capacity(1 << 16, file);
    loop {
        let piece = io::BufRead::fill_buf(&mut data)?;
        if piece.is_empty() {
            break;
        }
        hasher.update(piece);
        checksum.update(piece);
        let count = piece.len();
        io::BufRead::consume(&mut data, count);
    }
    if checksum.finalize() != crc {
        return Ok(None);
    }
    set_mode(path, 0o644)?;
    data.get_ref().sync_all()?;
    Ok(Some(ContentDigest::from_bytes(hasher.finalize().into())))
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Gives a folder and those in it their modes, and has the disk keep their names.
pub(super) fn seal(folder: &Path) -> Result<(), UnpackError> {
    for entry in fs::read_dir(folder).map_err(disk(folder))? {
        let entry = entry.map_err(disk(folder))?;
        if entry.file_type().map_err(disk(folder))?.is_dir() {
            seal(&entry.path())?;
        }
    }
    set_mode(folder, 0o755).map_err(disk(folder))?;
    sync(folder)
}

/// Has the disk keep the names in a folder.
pub(super) fn sync(folder: &Path) -> Result<(), UnpackError> {
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(disk(folder))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
