//! The files below a folder of the disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::PackageError;
use super::path::PackagePath;

/// A name below a folder: its path, its last part, and whether it is a folder.
pub(super) struct Name<'a> {
    pub(super) path: &'a str,
    pub(super) last: &'a str,
    pub(super) is_folder: bool,
}

/// The files below `root` with their sizes, sorted by path; not those, and not the folders, of which
/// `leave` is true. Links are not followed.
pub(super) fn walk(
    root: &Path,
    most: u64,
    leave: &mut dyn FnMut(&Name<'_>) -> bool,
) -> Result<Vec<(PackagePath, u64)>, PackageError> {
    let mut files = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let unreadable = |error| PackageError::Unreadable {
            path: folder.display().to_string(),
            error,
        };
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            let name = entry.file_name();
            // What is no Unicode is no path of a package; it is told with what can be shown.
            let last = match name.to_str() {
                Some(name) => name.to_owned(),
                None => format!("{}\0", name.display()),
            };
            let path = format!("{prefix}{last}");
            if leave(&Name {
                path: &path,
                last: &last,
                is_folder: kind.is_dir(),
            }) {
                continue;
            }
            if kind.is_dir() {
                folders.push((entry.path(), format!("{path}/")));
            } else if kind.is_file() {
                let path = PackagePath::parse(&path)
                    .map_err(|error| PackageError::Name { name: path, error })?;
                files.push((path, entry.metadata().map_err(unreadable)?.len()));
            } else {
                return Err(PackageError::NoFile(entry.path()));
            }
            if (files.len() + folders.len()) as u64 > most {
                return Err(PackageError::TooManyFiles(most));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Opens a file to read it. What has become a link, or a pipe that nobody writes to, is none.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;

        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        // The bits are those of the system's own type, as it takes them.
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no file"))
    }
}
