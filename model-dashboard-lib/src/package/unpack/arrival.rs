//! The bytes of a package as they come.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::error::{UnpackError, disk};
use super::staging::Staging;
use crate::model::ContentDigest;

/// A package that is written into its [`Staging`], and is as far as its file is long: whoever opens it
/// again goes on. Its calls block.
#[derive(Debug)]
pub struct Arrival {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    received: u64,
    size: u64,
    digest: ContentDigest,
}

impl Arrival {
    /// Looks how far the package is that `staging` is for, of `size` bytes. `progress` is told how many
    /// of those that are there were read.
    ///
    /// Cost: reads what is there.
    ///
    /// # Errors
    /// [`UnpackError::Disk`].
    pub fn open(
        staging: &Staging,
        size: u64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, UnpackError> {
        let path = staging.package_file();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(disk(&path))?;
        if file.metadata().map_err(disk(&path))?.len() > size {
            file.set_len(0).map_err(disk(&path))?;
        }
        let mut hasher = Sha256::new();
        let mut received = 0;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    hasher.update(buffer.get(..count).unwrap_or_default());
                    received += count as u64;
                    progress(received);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(disk(&path)(error)),
            }
        }
        Ok(Self {
            path,
            file,
            hasher,
            received,
            size,
            digest: *staging.package(),
        })
    }

    /// How many bytes are there.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How many there will be.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether all are there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.received == self.size
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`UnpackError::NotThePackage`] for more than there are; [`UnpackError::Disk`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), UnpackError> {
        if self.received + bytes.len() as u64 > self.size {
            return Err(self.refuse());
        }
        self.file.write_all(bytes).map_err(disk(&self.path))?;
        self.hasher.update(bytes);
        self.received += bytes.len() as u64;
        Ok(())
    }

    /// The file, once it is the package. One that is not is emptied.
    ///
    /// # Errors
    /// [`UnpackError::NotThePackage`] if bytes are missing or are others; [`UnpackError::Disk`].
    pub fn finish(mut self) -> Result<File, UnpackError> {
        if !self.is_complete() {
            return Err(UnpackError::NotThePackage(self.digest));
        }
        let found = ContentDigest::from_bytes(self.hasher.finalize_reset().into());
        if found != self.digest {
            return Err(self.refuse());
        }
        self.file
            .seek(SeekFrom::Start(0))
            .map_err(disk(&self.path))?;
        Ok(self.file)
    }

    /// Nothing of it is gone on with.
    fn refuse(&self) -> UnpackError {
        match self.file.set_len(0) {
            Ok(()) => UnpackError::NotThePackage(self.digest),
            Err(error) => disk(&self.path)(error),
        }
    }
}
