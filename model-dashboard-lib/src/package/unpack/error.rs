//! Why a package cannot be unpacked, or a folder not verified.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::ContentDigest;
use crate::package::{PackageError, PackagePath, PathError};

/// Why a package cannot be unpacked, or a folder not verified. What is safe to keep of an unpacking that
/// failed is kept, and the next one goes on with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The package cannot be read, or is not what it says.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Something is already there, and is not this package.
    #[error("already there, and not this package: {}", list(.0))]
    Exists(Vec<PathBuf>),
    /// Other datasets or tasks with the same numbers are already there, by which the framework asks for
    /// them.
    #[error("others with the same number are already there: {}", list(.0))]
    SameNumber(Vec<PathBuf>),
    /// The package itself holds several datasets or tasks with the same number.
    #[error("several in the package have the same number: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// Two files would have the same place, also on a system that ignores case, or one would be where
    /// the receipt is.
    #[error("{0} has no place: another file is there")]
    Taken(PackagePath),
    /// The path of a file would not be one below the folder.
    #[error("{path} has no place: {error}")]
    Place {
        /// The file.
        path: PackagePath,
        /// What would be wrong.
        error: PathError,
    },
    /// What came is not the package with this digest, or not all of it.
    #[error("what came is not the package, whose SHA-256 is {0}")]
    NotThePackage(ContentDigest),
    /// A file has not the digest that its report says.
    #[error("{0} is not the file that was inspected: its SHA-256 is another one")]
    Digest(PackagePath),
    /// Another process unpacks the same package there.
    #[error("another process is unpacking this package in {0:?}")]
    Busy(PathBuf),
    /// What an earlier unpacking left belongs to somebody else, who could change it meanwhile.
    #[error("{0:?} belongs to somebody else, or others may write to it: it has to be removed")]
    Foreign(PathBuf),
    /// A folder was not made by unpacking a package, or its receipt is broken.
    #[error("{0:?} has no receipt of a package")]
    NoReceipt(PathBuf),
    /// The disk.
    #[error("{path:?} could not be read or written")]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

/// An error of the disk at this path.
pub(super) fn disk(path: &Path) -> impl Fn(io::Error) -> UnpackError {
    move |error| UnpackError::Disk {
        path: path.to_owned(),
        error,
    }
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths.iter().map(|it| it.display().to_string()).collect();
    paths.join(", ")
}
