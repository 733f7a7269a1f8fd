//! The entries of an archive, and whether they agree with each other and with their headers.

use rawzip::{
    CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder,
    ZipFileHeaderRecord,
};

use super::end::Directory;
use super::error::{ArchiveError, Fault};
use super::header::{self, Header};
use super::names::Names;
use super::read::{exactly, le};
use super::{ArchiveLimits, Reader};
use crate::package::path::PackagePath;

/// Flags that an entry may have: how well it was deflated, sizes after its data, a name in UTF-8.
const FLAGS: u16 = 0b0000_1000_0000_1110;
const ENCRYPTED: u16 = 0b0010_0000_0100_0001;
const SIZES_AFTER: u16 = 1 << 3;

/// Files below this size may grow as they like.
const SMALL: u64 = 512 << 10;

/// The signature before sizes that stand after the data.
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// A file in an archive.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it lies in the package.
    pub path: PackagePath,
    /// Bytes, unpacked.
    pub size: u64,
    /// Bytes in the archive.
    pub packed: u64,
    /// The CRC-32 of its bytes, unpacked.
    pub crc: u32,
    pub(super) method: CompressionMethod,
    pub(super) wayfinder: ZipArchiveEntryWayfinder,
}

/// The bytes that an entry has in the archive.
struct Extent {
    start: u64,
    end: u64,
    crc: u32,
    packed: u64,
    size: u64,
    sizes_after: bool,
    name: Vec<u8>,
}

pub(super) fn read(
    zip: &ZipArchive<Reader>,
    directory: Directory,
    limits: &ArchiveLimits,
) -> Result<Vec<Entry>, ArchiveError> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE.max(3 << 16)];
    let mut records = zip.entries(&mut buffer);
    let mut names = Names::default();
    let (mut files, mut extents) = (Vec::new(), Vec::new());
    let (mut size, mut packed, mut count) = (0_u64, 0_u64, 0_u64);
    loop {
        let record = match records.next_entry() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(_) => return Err(Fault::Count.into()),
        };
        count += 1;
        if count > limits.entries {
            return Err(Fault::TooManyEntries.into());
        }
        let name = record.file_path().as_ref().to_vec();
        check_kind(&record, &name)?;
        check_sizes(&record, &name, limits)?;
        size = size.saturating_add(record.uncompressed_size_hint());
        packed = packed.saturating_add(record.compressed_size_hint());
        if size > limits.size {
            return Err(Fault::TooLarge.of(&name));
        }
        let is_folder = record.is_dir();
        let path = take(&mut names, &name, is_folder)?;
        extents.push(extent(zip, &record, name)?);
        if !is_folder {
            files.push(Entry {
                path,
                size: record.uncompressed_size_hint(),
                packed: record.compressed_size_hint(),
                crc: record.crc32(),
                method: record.compression_method(),
                wayfinder: record.wayfinder(),
            });
        }
    }
    if count != directory.entries {
        return Err(Fault::Count.into());
    }
    if files.is_empty() {
        return Err(Fault::Empty.into());
    }
    if size > SMALL && size / limits.ratio > packed {
        return Err(Fault::Ratio.into());
    }
    check_extents(zip, extents, directory.start)?;
    Ok(files)
}

fn take(names: &mut Names, name: &[u8], is_folder: bool) -> Result<PackagePath, ArchiveError> {
    let text = std::str::from_utf8(name).map_err(|_| Fault::Name.of(name))?;
    let text = if is_folder {
        text.strip_suffix('/').unwrap_or(text)
    } else {
        text
    };
    let path = PackagePath::parse(text).map_err(|_| Fault::Name.of(name))?;
    if names.take(&path, is_folder) {
        Ok(path)
    } else {
        Err(Fault::Duplicate.of(name))
    }
}

/// No encryption, links or foreign methods.
fn check_kind(record: &ZipFileHeaderRecord<'_>, name: &[u8]) -> Result<(), ArchiveError> {
    let flags = record.flags().bits();
    if flags & ENCRYPTED != 0 {
        return Err(Fault::Encrypted.of(name));
    }
    if flags & !FLAGS != 0 {
        return Err(Fault::Flags.of(name));
    }
    let method = record.compression_method();
    if method != CompressionMethod::STORE && method != CompressionMethod::DEFLATE {
        return Err(Fault::Method.of(name));
    }
    // The kind of a file in a Unix mode, whatever system it says to be from: programs look at
    // either. Zero, a file or a folder.
    let kind = record.external_attributes() >> 28;
    let fits = match kind {
        0 => true,
        0o10 => !record.is_dir(),
        0o4 => record.is_dir(),
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(Fault::Link.of(name))
    }
}

fn check_sizes(
    record: &ZipFileHeaderRecord<'_>,
    name: &[u8],
    limits: &ArchiveLimits,
) -> Result<(), ArchiveError> {
    let (size, packed) = (
        record.uncompressed_size_hint(),
        record.compressed_size_hint(),
    );
    let stored = record.compression_method() == CompressionMethod::STORE;
    if (stored && size != packed) || (record.is_dir() && size > 0) {
        return Err(Fault::Sizes.of(name));
    }
    if size > SMALL && size / limits.ratio > packed {
        return Err(Fault::Ratio.of(name));
    }
    Ok(())
}

/// Compares an entry with the header before its data.
fn extent(
    zip: &ZipArchive<Reader>,
    record: &ZipFileHeaderRecord<'_>,
    name: Vec<u8>,
) -> Result<Extent, ArchiveError> {
    let central = Header::central(zip.get_ref(), record.central_directory_offset())?;
    let start = record.local_header_offset();
    let local = Header::local(zip.get_ref(), start)?;
    let (size, packed) = (
        record.uncompressed_size_hint(),
        record.compressed_size_hint(),
    );
    let sizes_after = record.flags().bits() & SIZES_AFTER != 0;
    let sizes = header::Sizes {
        size,
        packed,
        crc: record.crc32().into(),
    };
    if let Some(fault) = central.contradicts(&sizes, false) {
        return Err(fault.of(&name));
    }
    if !local.has_the_same_kind(&central) || local.name != name {
        return Err(Fault::Headers.of(&name));
    }
    if let Some(fault) = local.contradicts(&sizes, sizes_after) {
        return Err(fault.of(&name));
    }
    let end = (start + local.length).checked_add(packed);
    Ok(Extent {
        start,
        end: end.ok_or_else(|| Fault::Truncated.of(&name))?,
        crc: record.crc32(),
        packed,
        size,
        sizes_after,
        name,
    })
}

/// Entries lie one after the other, from the first byte to the directory.
fn check_extents(
    zip: &ZipArchive<Reader>,
    mut extents: Vec<Extent>,
    directory: u64,
) -> Result<(), ArchiveError> {
    extents.sort_by_key(|extent| extent.start);
    if extents.first().is_some_and(|first| first.start > 0) {
        return Err(Fault::Before.into());
    }
    let starts = extents.iter().skip(1).map(|next| next.start);
    let ends: Vec<u64> = starts.chain([directory]).collect();
    for (extent, next) in extents.iter().zip(ends) {
        let Some(rest) = next.checked_sub(extent.end) else {
            return Err(Fault::Overlap.of(&extent.name));
        };
        match rest {
            0 if !extent.sizes_after => {}
            12 | 16 | 20 | 24 if extent.sizes_after => {
                let bytes = exactly(zip.get_ref(), extent.end, rest)?;
                if !describes(&bytes, extent) {
                    return Err(Fault::Headers.of(&extent.name));
                }
            }
            _ => return Err(Fault::Gap.of(&extent.name)),
        }
    }
    Ok(())
}

/// Whether what stands after an entry's data is its checksum and sizes.
fn describes(bytes: &[u8], extent: &Extent) -> bool {
    let bytes = match bytes.len() {
        16 | 24 => match bytes.strip_prefix(DESCRIPTOR) {
            Some(bytes) => bytes,
            None => return false,
        },
        _ => bytes,
    };
    let width = (bytes.len() - 4) / 2;
    le(bytes, 0, 4) == u64::from(extent.crc)
        && le(bytes, 4, width) == extent.packed
        && le(bytes, 4 + width, width) == extent.size
}
