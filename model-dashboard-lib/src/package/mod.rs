//! What is in a model package, told without running or unpacking it.
//!
//! A package is a zip archive, a folder, or a single file. It is read through [`source::Source`]s,
//! which may be files or objects of a store, by blocking calls: nothing here needs tokio.

pub mod archive;
mod crc;
mod digest;
mod extension;
mod files;
mod folder;
pub mod formats;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
#[cfg(test)]
mod hostile;
pub mod inspect;
pub mod pack;
mod path;
pub mod pickle;
pub mod scan;
pub mod source;
pub mod unpack;

pub use crc::Crc32;
pub use digest::digest_of;
pub use extension::extension_of;
pub use files::{Package, PackageError, PackageFile};
pub use path::{MAX_PATH_BYTES, MAX_PATH_DEPTH, PackagePath, PathError};
