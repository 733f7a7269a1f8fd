//! The two headers of an entry, raw: what the directory says of it, and what stands before its
//! data (APPNOTE.TXT 4.3.7, 4.3.12, 4.5.3).

use super::error::{ArchiveError, Fault};
use super::read::{exactly, extra_fields, le};
use crate::package::source::Source;

/// Stands where the size is in the extra field for large archives (zip64).
const ELSEWHERE: u64 = 0xffff_ffff;

const LARGE: u64 = 0x0001;
const UNICODE_PATH: u64 = 0x7075;

/// What an entry's sizes are in truth.
pub(super) struct Sizes {
    pub(super) size: u64,
    pub(super) packed: u64,
    pub(super) crc: u64,
}

/// A header as it stands there.
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    /// Bytes, with name and extra fields.
    pub(super) length: u64,
    flags: u64,
    method: u64,
    crc: u64,
    packed: u64,
    size: u64,
    /// Of the directory alone: the disk, and where the other header is.
    elsewhere: [(u64, u64); 2],
    extra: Vec<u8>,
}

impl Header {
    /// The one in the directory.
    pub(super) fn central(source: &dyn Source, at: u64) -> Result<Self, ArchiveError> {
        let fixed = exactly(source, at, 46)?;
        let elsewhere = [(le(&fixed, 42, 4), ELSEWHERE), (le(&fixed, 34, 2), 0xffff)];
        Self::read(source, at, &fixed, b"PK\x01\x02", 8, 28, elsewhere)
    }

    /// The one before the data.
    pub(super) fn local(source: &dyn Source, at: u64) -> Result<Self, ArchiveError> {
        let fixed = exactly(source, at, 30)?;
        // It has neither.
        Self::read(source, at, &fixed, b"PK\x03\x04", 6, 26, [(0, 1); 2])
    }

    fn read(
        source: &dyn Source,
        at: u64,
        fixed: &[u8],
        signature: &[u8],
        flags: usize,
        lengths: usize,
        elsewhere: [(u64, u64); 2],
    ) -> Result<Self, ArchiveError> {
        if !fixed.starts_with(signature) {
            return Err(Fault::Headers.into());
        }
        let (name, extra) = (le(fixed, lengths, 2), le(fixed, lengths + 2, 2));
        let mut text = exactly(source, at + fixed.len() as u64, name + extra)?;
        // Not longer than what was read.
        let extra_bytes = text.split_off(usize::try_from(name).unwrap_or(0));
        Ok(Self {
            name: text,
            length: fixed.len() as u64 + name + extra,
            flags: le(fixed, flags, 2),
            method: le(fixed, flags + 2, 2),
            crc: le(fixed, flags + 8, 4),
            packed: le(fixed, flags + 12, 4),
            size: le(fixed, flags + 16, 4),
            elsewhere,
            extra: extra_bytes,
        })
    }

    pub(super) fn has_the_same_kind(&self, other: &Self) -> bool {
        (self.flags, self.method) == (other.flags, other.method)
    }

    /// What is wrong with it if these are the sizes. Zeros will do where sizes stand after the data.
    pub(super) fn contradicts(&self, sizes: &Sizes, may_be_zero: bool) -> Option<Fault> {
        let Some(fields) = extra_fields(&self.extra) else {
            return Some(Fault::Headers);
        };
        for (id, field) in &fields {
            // A version, a checksum, and the name in UTF-8: for readers that prefer it.
            if *id == UNICODE_PATH && field.get(5..) != Some(&*self.name) {
                return Some(Fault::Headers);
            }
        }
        let mut large = fields.iter().filter(|(id, _)| *id == LARGE);
        let (first, more) = (large.next(), large.next());
        let mut rest = first.map_or(&[][..], |(_, field)| field);
        let mut resolve = |value: u64, mark: u64| {
            if value != mark {
                return Some(value);
            }
            let width = if mark == 0xffff { 4 } else { 8 };
            let (digits, after) = rest.split_at_checked(width)?;
            rest = after;
            Some(le(digits, 0, width))
        };
        let size = resolve(self.size, ELSEWHERE);
        let packed = resolve(self.packed, ELSEWHERE);
        let _ = resolve(self.elsewhere[0].0, self.elsewhere[0].1);
        let disk = resolve(self.elsewhere[1].0, self.elsewhere[1].1);
        let (Some(size), Some(packed), Some(disk)) = (size, packed, disk) else {
            return Some(Fault::Sizes);
        };
        if disk != 0 {
            return Some(Fault::Disks);
        }
        // What stands in the field and is not asked for could be asked for by others.
        if more.is_some() || !rest.is_empty() {
            return Some(Fault::Headers);
        }
        let same = |stated: u64, truth: u64| stated == truth || (may_be_zero && stated == 0);
        let agrees =
            same(size, sizes.size) && same(packed, sizes.packed) && same(self.crc, sizes.crc);
        (!agrees).then_some(Fault::Headers)
    }
}
