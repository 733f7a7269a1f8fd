//! The SHA-256 of what is read.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use crate::model::ContentDigest;

/// Reads to the end: how many bytes there are, and their digest. `progress` is told how many were
/// read so far.
pub(super) fn digest(
    mut data: impl Read,
    progress: &mut dyn FnMut(u64),
) -> io::Result<(u64, ContentDigest)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    loop {
        match data.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(buffer.get(..count).unwrap_or_default());
                done += count as u64;
                progress(done);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((done, ContentDigest::from_bytes(hasher.finalize().into())))
}

/// The SHA-256 of what is read to its end. `progress` is told how many bytes were read so far.
///
/// # Errors
/// What keeps the bytes from being read.
pub fn digest_of(data: impl Read, progress: &mut dyn FnMut(u64)) -> io::Result<ContentDigest> {
    digest(data, progress).map(|(_, digest)| digest)
}
