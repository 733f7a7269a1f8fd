//! Bytes that can be read at any place.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

/// The bytes of a package or of a file in it: a file of the disk, memory, an object of a store that
/// is read by ranges. They do not change while they are read.
///
/// # Cost
/// Readers ask for up to 64 KiB at a time, in no particular order. A source with slow answers does
/// well to keep some of them.
pub trait Source: fmt::Debug + Send + Sync {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Reads from `offset` on into `buffer`, as much as comes at once; 0 is the end.
    ///
    /// # Errors
    /// What keeps the bytes from being read.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Bytes in memory.
#[derive(Clone)]
pub struct InMemory(Arc<[u8]>);

impl From<Vec<u8>> for InMemory {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InMemory({} bytes)", self.0.len())
    }
}

impl Source for InMemory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut rest = self.0.get(from..).unwrap_or_default();
        rest.read(buffer)
    }
}

/// A file of the disk, as long as it was when it was opened.
#[derive(Debug)]
pub struct OnDisk {
    file: std::fs::File,
    size: u64,
}

impl OnDisk {
    /// # Errors
    /// If its size cannot be told.
    pub fn new(file: std::fs::File) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

impl Source for OnDisk {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)
    }
}

/// A part of a source.
#[derive(Debug, Clone)]
pub struct Part {
    whole: Arc<dyn Source>,
    start: u64,
    size: u64,
}

impl Part {
    /// `size` bytes of `whole` from `start` on, as far as they are there.
    #[must_use]
    pub fn new(whole: Arc<dyn Source>, start: u64, size: u64) -> Self {
        let size = size.min(whole.size().saturating_sub(start));
        Self { whole, start, size }
    }
}

impl Source for Part {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = buffer.len().min(rest);
        match buffer.get_mut(..length) {
            Some(buffer) if length > 0 => self.whole.read_at(self.start + offset, buffer),
            _ => Ok(0),
        }
    }
}

/// A source as a stream, from its first byte on.
#[derive(Debug)]
pub struct Stream {
    source: Arc<dyn Source>,
    offset: u64,
}

impl Stream {
    /// Reads `source` from its first byte on.
    #[must_use]
    pub fn new(source: Arc<dyn Source>) -> Self {
        Self { source, offset: 0 }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(self.offset, buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}
