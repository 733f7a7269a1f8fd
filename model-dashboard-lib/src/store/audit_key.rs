//! The key of the audit chain, in a file of its own outside the database.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;

/// The 256-bit key that chains the events of an audit log. Whoever has the database but not the
/// key cannot change an event unnoticed, so back both up, but not in the same place.
#[derive(Clone)]
pub struct AuditKey(pub(super) [u8; 32]);

impl AuditKey {
    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> AuditKey {
        AuditKey(bytes)
    }

    /// Reads the key from `path`: 64 hexadecimal digits. If there is no such file, a random key
    /// is written to it, readable by its owner only and durably, before it is used. Of several
    /// processes that do so at once one makes the key and the others read it. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if the file holds something else, [`StoreError::Unavailable`] if
    /// it can be neither read nor made.
    pub fn read_or_create(path: &Path) -> Result<AuditKey, StoreError> {
        if let Some(key) = AuditKey::read(path)? {
            return Ok(key);
        }
        create(path).map_err(|error| unavailable(path, error))?;
        let made = AuditKey::read(path)?;
        made.ok_or_else(|| unavailable(path, io::ErrorKind::NotFound.into()))
    }

    /// Where the key of the audit log in the database at this path lies: beside it, with
    /// `.audit-key` at the end of its name.
    pub fn beside(database: &Path) -> PathBuf {
        let mut name = database.as_os_str().to_owned();
        name.push(".audit-key");
        name.into()
    }

    /// The key in the file at `path`, if there is one. Blocks.
    pub(super) fn read(path: &Path) -> Result<Option<AuditKey>, StoreError> {
        match File::open(path) {
            Ok(file) => AuditKey::read_from(file, path)
                .map_err(|error| unavailable(path, error))?
                .map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable(path, error)),
        }
    }

    fn read_from(file: File, path: &Path) -> io::Result<Result<AuditKey, StoreError>> {
        let mut text = String::new();
        // A little more than a key, so that a longer file is seen to be none.
        match file.take(128).read_to_string(&mut text) {
            Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(error),
            _ => {}
        }
        let mut bytes = [0; 32];
        Ok(match hex::decode_to_slice(text.trim_end(), &mut bytes) {
            Ok(()) => Ok(AuditKey(bytes)),
            Err(_) => Err(StoreError::Unusable {
                message: format!(
                    "{} is no audit key (64 hexadecimal digits); restore it from a backup",
                    path.display()
                ),
            }),
        })
    }
}

fn unavailable(path: &Path, source: io::Error) -> StoreError {
    StoreError::Unavailable {
        message: format!(
            "the audit key {} cannot be read or made: {source}",
            path.display()
        ),
        source: Some(Box::new(source)),
    }
}

/// Writes a fresh key beside `path` and links it into place, so that the file never exists
/// half-written and an existing key is never replaced.
fn create(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let mut file = tempfile::Builder::new()
        .prefix(".audit-key-")
        .tempfile_in(folder)?;
    writeln!(file, "{}", hex::encode(bytes))?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => OpenOptions::new().read(true).open(folder)?.sync_all(),
        Err(raced) if raced.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(failed) => Err(failed.error),
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey(…)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_only_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/audit.key");
        let made = AuditKey::read_or_create(&path).unwrap();
        assert_eq!(AuditKey::read_or_create(&path).unwrap().0, made.0);
        assert_ne!(made.0, [0; 32]);
        assert_eq!(format!("{made:?}"), "AuditKey(…)");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file stays");
    }

    #[test]
    fn several_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| AuditKey::read_or_create(&path).unwrap().0))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_file_that_is_no_key_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.key");
        for bad in [&b"short"[..], b"", &[0xff; 40], &[b'a'; 65]] {
            fs::write(&path, bad).unwrap();
            let refused = AuditKey::read_or_create(&path);
            assert!(
                matches!(refused, Err(StoreError::Unusable { .. })),
                "{refused:?}"
            );
            assert_eq!(fs::read(&path).unwrap(), bad);
        }
    }
}
