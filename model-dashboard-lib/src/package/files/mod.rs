//! A package as files, whatever it comes as.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::{Archive, ArchiveError, ArchiveLimits};
use super::crc::Crc32;
use super::folder;
use super::path::{PackagePath, PathError};
use super::source::{OnDisk, Source, Stream};
use super::unpack::RECEIPT;

/// The files of a model package: of an archive, of a folder, or one by itself.
#[derive(Debug)]
pub struct Package {
    content: Content,
    files: Vec<PackageFile>,
}

#[derive(Debug)]
enum Content {
    Archive(Archive),
    Folder(folder::Root),
    File(Arc<dyn Source>),
}

/// A file in a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFile {
    /// Where it lies.
    pub path: PackagePath,
    /// Bytes, unpacked.
    pub size: u64,
    /// Its place among the entries of the archive.
    index: usize,
}

/// Why a package cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The archive is refused or cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The name of a file cannot be part of a package.
    #[error("{name:?} cannot be in a package: {error}")]
    Name {
        /// The name, as far as it can be printed.
        name: String,
        /// What is wrong with it.
        error: PathError,
    },
    /// A folder holds a link or a device, which would not be the same elsewhere.
    #[error("{0:?} is a link or a device: packages hold files and folders alone")]
    NoFile(PathBuf),
    /// A folder holds more files than an archive may.
    #[error("the folder holds more than {0} files")]
    TooManyFiles(u64),
    /// An archive of the folder would be taken for a file of torch, Keras or NumPy, which are archives
    /// with these names in them.
    #[error(
        "the archive of {0:?} would be read as one file of torch, Keras or NumPy: put it into a folder, or send such a file itself"
    )]
    OneFile(PathBuf),
    /// A file is larger than what is read of such a file.
    #[error("{path} is larger than {limit} bytes")]
    FileTooLarge {
        /// The file.
        path: PackagePath,
        /// How much would have been read.
        limit: u64,
    },
    /// A file of a folder is not as it was when its archive began to be made.
    #[error("{0} was changed while the folder was packed")]
    Changed(PackagePath),
    /// Bytes could not be read.
    #[error("{path} could not be read")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// Why.
        #[source]
        error: io::Error,
    },
}

impl Package {
    /// What `source` is: an archive of files, or one file called `name`. Files that are archives by
    /// themselves, as torch writes them, are one file: their entries are no package.
    ///
    /// Cost: that of [`Archive::open`].
    ///
    /// # Errors
    /// [`PackageError::Archive`], [`PackageError::Name`].
    pub fn open(
        name: &str,
        source: Arc<dyn Source>,
        limits: &ArchiveLimits,
    ) -> Result<Self, PackageError> {
        if !Archive::is_at_the_end_of(&*source)? {
            return Self::of_file(name, source);
        }
        let archive = Archive::open(Arc::clone(&source), limits)?;
        if is_one_file(|| archive.entries().iter().map(|entry| &entry.path)) {
            return Self::of_file(name, source);
        }
        let entries = archive.entries().iter().enumerate();
        let files = entries.map(|(index, entry)| PackageFile {
            path: entry.path.clone(),
            size: entry.size,
            index,
        });
        Ok(Self {
            files: files.collect(),
            content: Content::Archive(archive),
        })
    }

    fn of_file(name: &str, source: Arc<dyn Source>) -> Result<Self, PackageError> {
        let file = PackageFile {
            path: parse(name)?,
            size: source.size(),
            index: 0,
        };
        Ok(Self {
            files: vec![file],
            content: Content::File(source),
        })
    }

    /// The files below a folder but [receipts](RECEIPT), which are of an earlier package, sorted by path; below the name of one that nnU-Net finds by it, as
    /// `Dataset012_Liver`. Links are not followed.
    ///
    /// Cost: lists every folder below it.
    ///
    /// # Errors
    /// [`PackageError::NoFile`], [`PackageError::Name`], [`PackageError::TooManyFiles`],
    /// [`PackageError::Unreadable`].
    pub fn of_folder(root: &Path, limits: &ArchiveLimits) -> Result<Self, PackageError> {
        let root = folder::Root::of(root);
        let found = folder::walk(&root, limits.entries, &mut |it| {
            it.last == RECEIPT && !it.is_folder
        })?;
        let files = found.into_iter().map(|(path, size)| PackageFile {
            path,
            size,
            index: 0,
        });
        Ok(Self {
            files: files.collect(),
            content: Content::Folder(root),
        })
    }

    /// Its files: of an archive in its order, of a folder sorted.
    #[must_use]
    pub fn files(&self) -> &[PackageFile] {
        &self.files
    }

    /// Bytes of all its files, unpacked.
    #[must_use]
    pub fn size(&self) -> u64 {
        let sizes = self.files.iter().map(|file| file.size);
        sizes.fold(0, u64::saturating_add)
    }

    /// Whether it is a file by itself, and not one of several that belong together.
    #[must_use]
    pub fn is_one_file(&self) -> bool {
        matches!(self.content, Content::File(_))
    }

    /// The bytes of one of its [`files`](Self::files), readable at any place.
    ///
    /// # Errors
    /// [`PackageError::Archive`], [`PackageError::Unreadable`].
    pub fn source(&self, file: &PackageFile) -> Result<Arc<dyn Source>, PackageError> {
        match &self.content {
            Content::File(source) => Ok(Arc::clone(source)),
            Content::Archive(archive) => match archive.entries().get(file.index) {
                Some(entry) => Ok(archive.at(entry)?),
                None => Err(unreadable(file, io::ErrorKind::NotFound.into())),
            },
            Content::Folder(root) => {
                let opened = folder::open(&root.path_of(&file.path));
                match opened.and_then(OnDisk::new) {
                    Ok(opened) => Ok(Arc::new(opened)),
                    Err(error) => Err(unreadable(file, error)),
                }
            }
        }
    }

    /// The bytes of one of its files as a stream. Of an archive, size and checksum are checked at
    /// the end.
    ///
    /// # Errors
    /// As [`source`](Self::source).
    pub fn read(&self, file: &PackageFile) -> Result<Box<dyn Read + Send>, PackageError> {
        if let Content::Archive(archive) = &self.content
            && let Some(entry) = archive.entries().get(file.index)
        {
            return Ok(Box::new(archive.read(entry)?));
        }
        Ok(Box::new(Stream::new(self.source(file)?)))
    }

    /// The CRC-32 that an archive states of one of its files.
    pub(super) fn crc(&self, file: &PackageFile) -> Option<Crc32> {
        match &self.content {
            Content::Archive(archive) => Some(Crc32(archive.entries().get(file.index)?.crc)),
            _ => None,
        }
    }

    /// All bytes of a small file.
    ///
    /// # Errors
    /// [`PackageError::FileTooLarge`] above `limit` bytes; otherwise as [`source`](Self::source).
    pub fn read_whole(&self, file: &PackageFile, limit: u64) -> Result<Vec<u8>, PackageError> {
        let mut bytes = Vec::new();
        let mut data = self.read(file)?.take(limit.saturating_add(1));
        data.read_to_end(&mut bytes)
            .map_err(|error| unreadable(file, error))?;
        if bytes.len() as u64 > limit {
            return Err(PackageError::FileTooLarge {
                path: file.path.clone(),
                limit,
            });
        }
        Ok(bytes)
    }
}

fn unreadable(file: &PackageFile, error: io::Error) -> PackageError {
    PackageError::Unreadable {
        path: file.path.to_string(),
        error,
    }
}

fn parse(name: &str) -> Result<PackagePath, PackageError> {
    PackagePath::parse(name).map_err(|error| PackageError::Name {
        name: name.to_owned(),
        error,
    })
}

/// Whether an archive with these paths is a file of a framework: torch (`…/data.pkl` and `…/version`),
/// TorchScript (`…/constants.pkl`), Keras 3, numpy.
pub(super) fn is_one_file<'a, I>(paths: impl Fn() -> I) -> bool
where
    I: Iterator<Item = &'a PackagePath>,
{
    let holds = |name: &str| paths().any(|path| path.as_str() == name);
    let in_a_folder =
        |name: &str| paths().any(|path| path.file_name() == name && path.segments().count() <= 2);
    let is_torch =
        in_a_folder("version") && (in_a_folder("data.pkl") || in_a_folder("constants.pkl"));
    let is_keras = holds("config.json") && holds("metadata.json") && holds("model.weights.h5");
    let is_numpy = paths().all(|path| path.file_name().ends_with(".npy"));
    is_torch || is_keras || is_numpy
}

#[cfg(test)]
mod tests;
