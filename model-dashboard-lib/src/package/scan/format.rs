//! What a file can be taken for, by its first and last bytes.

use std::io;

use super::tar;
use crate::package::archive::{Archive, ArchiveError};
use crate::package::source::Source;

/// What a loader can take a file for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Compressed by something that is not read.
    Packed(&'static str),
    Zip,
    Tar,
    Numpy,
    LegacyTorch,
    /// A pickle, by its first bytes or its name.
    Pickle,
    /// One, if it calls something: a loader asks neither what a file is called nor how it begins.
    PerhapsPickle,
}

/// The number that torch's older files begin with, as a pickle of protocol 2: 0x1950a86a20f9469cfc6c.
const LEGACY_TORCH: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

const PACKED: &[(&[u8], &str)] = &[
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x5d\0\0", "lzma"),
    (b"\x78\x01", "zlib"),
    (b"\x78\x5e", "zlib"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
];

/// Extensions of pickles: what is nothing else has to be one.
const PICKLES: &[&str] = &[
    "ckpt", "dill", "joblib", "model", "p", "pck", "pickle", "pk", "pkl", "pt", "pth",
];

/// Extensions of archives, which may begin with anything.
const ARCHIVES: &[&str] = &[
    "keras",
    "npz",
    "pt",
    "ptl",
    "pth",
    "torchscript",
    "ts",
    "zip",
];

/// Up to this size a file that is not called so is searched for the end of an archive with a comment.
/// Of larger ones that would read more than everything else. `torch.load` and numpy take a file for an archive
/// by its first bytes; `torch.jit.load` and Python's `zipfile`, which go by the end, are not expected to be given
/// one of these names that has a comment.
const SMALL: u64 = 64 << 10;

/// The size of the end of an archive without a comment.
const END: u64 = 22;

impl Format {
    /// All that a loader can take a file for. Which of them it does depends on the loader: torch
    /// looks for a zip, then for a tar, then for its older format; others for one of them alone.
    ///
    /// Reads up to 512 bytes at the beginning, and at the end as much as may make it an archive.
    pub(super) fn all_of(name: &str, source: &dyn Source) -> io::Result<Vec<Self>> {
        let head = beginning(source, 512)?;
        let starts = |magic: &[u8]| head.starts_with(magic);
        let extension = name.rsplit_once('.').map(|(_, it)| it.to_ascii_lowercase());
        let is_of = |list: &[&str]| extension.as_deref().is_some_and(|it| list.contains(&it));
        let mut all = Vec::new();
        if starts(b"PK\x03\x04") || is_archive(source, is_of(ARCHIVES))? {
            all.push(Self::Zip);
        }
        if tar::is_header(&head) {
            all.push(Self::Tar);
        }
        if let Some((_, name)) = PACKED.iter().find(|(magic, _)| starts(magic)) {
            all.push(Self::Packed(name));
        }
        if starts(LEGACY_TORCH) {
            all.push(Self::LegacyTorch);
        }
        if starts(b"\x93NUMPY") {
            all.push(Self::Numpy);
        }
        let is_pickle = matches!(*head, [0x80, 0..=5, ..]) || is_of(PICKLES);
        // Torch's older format is several of them.
        if !all.contains(&Self::LegacyTorch) {
            all.push(match is_pickle && all.is_empty() {
                true => Self::Pickle,
                false => Self::PerhapsPickle,
            });
        }
        Ok(all)
    }
}

/// Whether a file ends as an archive. In large ones that are not called so, one with a comment is
/// not looked for.
fn is_archive(source: &dyn Source, by_name: bool) -> io::Result<bool> {
    if by_name || source.size() <= SMALL {
        return match Archive::is_at_the_end_of(source) {
            Err(ArchiveError::Source(error)) => Err(error),
            Err(ArchiveError::Refused { .. }) | Ok(true) => Ok(true),
            Ok(false) => Ok(false),
        };
    }
    let mut end = [0; 4];
    let count = source.read_at(source.size() - END, &mut end)?;
    Ok(end.get(..count) == Some(b"PK\x05\x06"))
}

fn beginning(source: &dyn Source, length: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read_at(filled as u64, rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(filled);
    Ok(head)
}
