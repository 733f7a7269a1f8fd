//! The end of an archive, which says where its directory is (APPNOTE.TXT 4.3.14 to 4.3.16).

use super::error::{ArchiveError, Fault};
use super::read::{exactly, le};
use crate::package::source::Source;

const SIGNATURE: &[u8] = b"PK\x05\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";
const LARGE: &[u8] = b"PK\x06\x06";

/// The record without its comment.
const SIZE: u64 = 22;
const LOCATOR_SIZE: u64 = 20;
const LARGE_SIZE: u64 = 56;
/// The comment's length has two bytes.
const LONGEST: u64 = SIZE + 0xffff;

/// Where the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) start: u64,
    pub(super) size: u64,
    pub(super) entries: u64,
}

/// Finds it. There is one reading: one record, at the very end, whose directory ends where the
/// record begins.
pub(super) fn find(source: &dyn Source) -> Result<Directory, ArchiveError> {
    let size = source.size();
    let tail_start = size.saturating_sub(LONGEST);
    let tail = exactly(source, tail_start, size - tail_start)?;
    // Readers look from the end. What stands further ahead is within an entry, such as an archive
    // that is stored in this one; it must not reach to the end, too.
    let mut found = None;
    for at in memchr::memmem::rfind_iter(&tail, SIGNATURE) {
        let reaches = at as u64 + SIZE + le(&tail, at + 20, 2) == tail.len() as u64;
        match found {
            None => found = Some(at),
            Some(_) if reaches => return Err(Fault::Ends.into()),
            Some(_) => {}
        }
    }
    let Some(at) = found else {
        let begins = exactly(source, 0, 4.min(size))? == b"PK\x03\x04";
        let fault = if begins {
            Fault::Truncated
        } else {
            Fault::NotAnArchive
        };
        return Err(fault.into());
    };
    let record = tail.get(at..).unwrap_or_default();
    if (record.len() as u64) < SIZE {
        return Err(Fault::Truncated.into());
    }
    let comment = le(record, 20, 2);
    match (record.len() as u64).cmp(&(SIZE + comment)) {
        std::cmp::Ordering::Less => return Err(Fault::Truncated.into()),
        std::cmp::Ordering::Greater => return Err(Fault::After.into()),
        std::cmp::Ordering::Equal => {}
    }
    let end = tail_start + at as u64;
    let small = Directory {
        start: le(record, 16, 4),
        size: le(record, 12, 4),
        entries: le(record, 10, 2),
    };
    if le(record, 4, 2) != le(record, 6, 2) || le(record, 8, 2) != small.entries {
        return Err(Fault::Disks.into());
    }
    let disk = le(record, 4, 2);
    let (directory, end) = match large(source, end)? {
        Some((large, start)) => {
            let agrees = |small: u64, mark: u64, large: u64| small == mark || small == large;
            let agree = agrees(small.start, 0xffff_ffff, large.start)
                && agrees(small.size, 0xffff_ffff, large.size)
                && agrees(small.entries, 0xffff, large.entries);
            if !agree || (disk != 0 && disk != 0xffff) {
                return Err(Fault::Ends.into());
            }
            (large, start)
        }
        None if disk != 0 => return Err(Fault::Disks.into()),
        None => (small, end),
    };
    match directory.start.checked_add(directory.size) {
        Some(stop) if stop == end => Ok(directory),
        // There is something behind the directory, or before everything.
        Some(stop) if stop < end => {
            let there = exactly(source, directory.start, 4)? == b"PK\x01\x02";
            Err(if there { Fault::Gap } else { Fault::Before }.into())
        }
        _ => Err(Fault::Truncated.into()),
    }
}

/// The record of large archives (zip64) and where it begins, where there is one before `end`.
fn large(source: &dyn Source, end: u64) -> Result<Option<(Directory, u64)>, ArchiveError> {
    let Some(locator_start) = end.checked_sub(LOCATOR_SIZE) else {
        return Ok(None);
    };
    let locator = exactly(source, locator_start, LOCATOR_SIZE)?;
    if !locator.starts_with(LOCATOR) {
        return Ok(None);
    }
    if le(&locator, 4, 4) != 0 || le(&locator, 16, 4) > 1 {
        return Err(Fault::Disks.into());
    }
    // Nothing between the two records, and no extensible data: one reading.
    let start = le(&locator, 8, 8);
    if start.checked_add(LARGE_SIZE) != Some(locator_start) {
        return Err(Fault::Ends.into());
    }
    let record = exactly(source, start, LARGE_SIZE)?;
    if !record.starts_with(LARGE) || le(&record, 4, 8) != LARGE_SIZE - 12 {
        return Err(Fault::Ends.into());
    }
    if le(&record, 16, 4) != 0
        || le(&record, 20, 4) != 0
        || le(&record, 24, 8) != le(&record, 32, 8)
    {
        return Err(Fault::Disks.into());
    }
    let directory = Directory {
        entries: le(&record, 32, 8),
        size: le(&record, 40, 8),
        start: le(&record, 48, 8),
    };
    Ok(Some((directory, start)))
}
