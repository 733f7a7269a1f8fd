//! What an archive of a folder will hold.

use std::path::Path;

use super::records;
use super::without::Without;
use crate::package::archive::{ArchiveError, ArchiveLimits, Fault, Names};
use crate::package::files::is_one_file;
use crate::package::unpack::RECEIPT;
use crate::package::{PackageError, PackagePath, folder};

/// The files of a folder that can be an archive, before any is read.
#[derive(Debug, Clone)]
pub struct Listing {
    pub(super) root: folder::Root,
    /// Sorted by path, with their sizes.
    pub(super) files: Vec<(PackagePath, u64)>,
    left_out: Vec<String>,
    used: Vec<bool>,
    size: u64,
    archive_size: u64,
}

impl Listing {
    /// Lists the files below `root` but [receipts](RECEIPT), which are of an earlier package, below its name where nnU-Net finds it by that (`Dataset012_Liver`), and says beforehand what a reader of its archive would refuse.
    ///
    /// Cost: lists every folder below it that is not left out.
    ///
    /// # Errors
    /// - [`PackageError::NoFile`] for links and devices;
    /// - [`PackageError::Name`] for a name that cannot be part of a package;
    /// - [`PackageError::TooManyFiles`];
    /// - [`PackageError::OneFile`] for a file of a framework that somebody unpacked;
    /// - [`PackageError::Archive`] where names would be the same on some systems, or where there are
    ///   no files or too large ones;
    /// - [`PackageError::Unreadable`].
    pub fn of(
        root: &Path,
        without: &Without,
        limits: &ArchiveLimits,
    ) -> Result<Self, PackageError> {
        let mut left_out = Vec::new();
        let mut used = vec![false; without.len()];
        let mut leave = |name: &folder::Name<'_>| {
            if name.last == RECEIPT && !name.is_folder {
                return true;
            }
            let Some(rule) = without.rule_of(name.last, name.is_folder) else {
                return false;
            };
            used.iter_mut().skip(rule).take(1).for_each(|it| *it = true);
            // They are told for people: beyond the limit, they are too many for them.
            if (left_out.len() as u64) < limits.entries {
                left_out.push(name.path.to_owned());
            }
            true
        };
        let own = folder::Root::of(root);
        let files = folder::walk(&own, limits.entries, &mut leave)?;
        left_out.sort();
        let refused = |fault: Fault, path: Option<&PackagePath>| {
            let entry = path.map(ToString::to_string);
            PackageError::Archive(ArchiveError::Refused { fault, entry })
        };
        if files.is_empty() {
            return Err(refused(Fault::Empty, None));
        }
        if is_one_file(|| files.iter().map(|(path, _)| path)) {
            return Err(PackageError::OneFile(root.to_owned()));
        }
        let mut names = Names::default();
        let (mut size, mut start, mut directory) = (0_u64, 0_u64, 0_u64);
        for (path, bytes) in &files {
            if !names.take(path, false) {
                return Err(refused(Fault::Duplicate, Some(path)));
            }
            size = size.saturating_add(*bytes);
            if size > limits.size {
                return Err(refused(Fault::TooLarge, Some(path)));
            }
            directory += records::directory_size(path, *bytes, start);
            start += records::header_size(path, *bytes) + bytes;
        }
        if directory > limits.directory {
            return Err(refused(Fault::DirectoryTooLarge, None));
        }
        let end = records::end(files.len() as u64, directory, start);
        Ok(Self {
            root: own,
            left_out,
            used,
            size,
            archive_size: start + directory + end.len() as u64,
            files,
        })
    }

    /// The files, sorted by path, with their sizes.
    #[must_use]
    pub fn files(&self) -> &[(PackagePath, u64)] {
        &self.files
    }

    /// The files and folders that stay behind, sorted.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The names of `without`, with which it was made, that nothing is called by.
    #[must_use]
    pub fn unused<'a>(&self, without: &'a Without) -> Vec<&'a str> {
        let names = without.iter().zip(&self.used);
        names
            .filter(|(_, used)| !**used)
            .map(|(name, _)| name)
            .collect()
    }

    /// Bytes of all files.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that the archive will have.
    #[must_use]
    pub fn archive_size(&self) -> u64 {
        self.archive_size
    }
}
