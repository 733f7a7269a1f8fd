//! Bytes and numbers of an archive.

use std::io;

use super::error::{ArchiveError, Fault};
use crate::package::source::Source;

/// Exactly these bytes; what is not there is [`Fault::Truncated`].
pub(super) fn exactly(source: &dyn Source, start: u64, size: u64) -> Result<Vec<u8>, ArchiveError> {
    let there = source.size().saturating_sub(start);
    let size = match usize::try_from(size) {
        Ok(count) if size <= there => count,
        _ => return Err(Fault::Truncated.into()),
    };
    let mut bytes = vec![0; size];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read_at(start + filled as u64, rest) {
            Ok(0) => return Err(Fault::Truncated.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ArchiveError::Source(error)),
        }
    }
    Ok(bytes)
}

/// The number of `width` bytes at `at`, the lowest first; 0 for what is not there.
pub(super) fn le(bytes: &[u8], at: usize, width: usize) -> u64 {
    let digits = bytes.get(at..at + width).unwrap_or_default();
    let shifted = |(place, byte): (usize, &u8)| u64::from(*byte) << (8 * place);
    digits.iter().enumerate().map(shifted).sum()
}

/// The extra fields of a header, by their ids; `None` if they do not fill it exactly.
pub(super) fn extra_fields(mut bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_at_checked(4)?;
        let length = usize::try_from(le(head, 2, 2)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        fields.push((le(head, 0, 2), field));
        bytes = rest;
    }
    Some(fields)
}
