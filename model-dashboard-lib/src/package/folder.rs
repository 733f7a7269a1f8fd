//! The files below a folder of the disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::PackageError;
use super::path::PackagePath;

/// A name below a folder: its path, its last part, and whether it is a folder.
pub(super) struct Name<'a> {
    pub(super) path: &'a str,
    pub(super) last: &'a str,
    pub(super) is_folder: bool,
}

/// A folder whose files are a package.
#[derive(Debug, Clone)]
pub(super) struct Root {
    dir: PathBuf,
    /// What comes before the paths of its files: the name by which nnU-Net finds it, with a slash, or nothing.
    prefix: String,
}

impl Root {
    pub(super) fn of(dir: &Path) -> Self {
        let name = std::path::absolute(dir).ok();
        let name = name.as_deref().and_then(Path::file_name);
        let name = name.and_then(|name| name.to_str());
        // A task of nnU-Net 1 is found by the folder around it as well, which is not in the archive.
        let is_numbered = |name: &&str| is_numbered(name, "Dataset");
        Self {
            dir: dir.to_owned(),
            prefix: name
                .filter(is_numbered)
                .map(|name| format!("{name}/"))
                .unwrap_or_default(),
        }
    }

    /// Where one of its files lies.
    pub(super) fn path_of(&self, file: &PackagePath) -> PathBuf {
        let path = file.as_str();
        self.dir
            .join(path.strip_prefix(&*self.prefix).unwrap_or(path))
    }
}

/// Whether a name is one of nnU-Net's: `Dataset012_Liver`, for the word `Dataset`.
pub(super) fn is_numbered(name: &str, word: &str) -> bool {
    let rest = name.strip_prefix(word).unwrap_or_default();
    rest.len() > 4 && rest.bytes().take(3).all(|b| b.is_ascii_digit()) && rest.as_bytes()[3] == b'_'
}

/// The files below `root` with their sizes, sorted by path; not those, and not the folders, of which
/// `leave` is true. Links are not followed.
pub(super) fn walk(
    root: &Root,
    most: u64,
    leave: &mut dyn FnMut(&Name<'_>) -> bool,
) -> Result<Vec<(PackagePath, u64)>, PackageError> {
    let mut files = Vec::new();
    let mut folders = vec![(root.dir.clone(), root.prefix.clone())];
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
