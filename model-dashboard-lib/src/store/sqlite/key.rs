//! Which key belongs to the audit log of a file.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::audit;
use super::error::Result;
use crate::store::{AuditKey, StoreError};

/// Where the key of an audit log comes from.
pub(super) enum KeySource {
    /// The caller has it.
    Given(AuditKey),
    /// The file beside the database, or else this one.
    Files { elsewhere: PathBuf },
}

impl KeySource {
    /// The key of the log in `db`, which lies at `path`. A key is made only for a log that has
    /// not begun: another one in place of a lost key would break the chain for good.
    pub(super) fn key(&self, db: &Connection, path: &Path) -> Result<AuditKey> {
        match self.check(db, path)? {
            Some(key) => Ok(key),
            None => Ok(AuditKey::read_or_create(&AuditKey::beside(path))?),
        }
    }

    /// The same, but makes none: there is none only for a log that has not begun.
    pub(super) fn check(&self, db: &Connection, path: &Path) -> Result<Option<AuditKey>> {
        // Asked first: a log that has begun had its key before.
        let begun = audit::has_begun(db)?;
        let (key, origin) = match self {
            KeySource::Given(key) => (key.clone(), "the key that was given".to_owned()),
            KeySource::Files { elsewhere } => {
                let elsewhere = std::path::absolute(elsewhere)?;
                match find(&AuditKey::beside(path), &elsewhere, begun, path)? {
                    Some((key, file)) => (key, file.display().to_string()),
                    None => return Ok(None),
                }
            }
        };
        if begun && !audit::fits(db, &key)? {
            return Err(unusable(format!(
                "the audit log in {} was not written with {origin}; put back the key that belongs \
                 to it, or let data_dir name the folder whose audit.key it is",
                path.display()
            )));
        }
        Ok(Some(key))
    }
}

fn find(
    beside: &Path,
    elsewhere: &Path,
    begun: bool,
    path: &Path,
) -> Result<Option<(AuditKey, PathBuf)>, StoreError> {
    for file in [beside, elsewhere] {
        if let Some(key) = AuditKey::read(file)? {
            return Ok(Some((key, file.to_owned())));
        }
    }
    if begun {
        return Err(StoreError::Unusable {
            message: format!(
                "the key of the audit log in {} is missing: neither {} nor {} is there; put it \
                 back, or let data_dir name the folder that holds audit.key",
                path.display(),
                beside.display(),
                elsewhere.display()
            ),
        });
    }
    Ok(None)
}

fn unusable(message: String) -> super::error::Error {
    StoreError::Unusable { message }.into()
}
