//! What goes wrong in SQLite, in words.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// A fault inside the backend, before it is put into words for the file at hand.
#[derive(Debug)]
pub(super) enum Error {
    Sqlite(rusqlite::Error),
    Io(std::io::Error),
    Store(StoreError),
}

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Sqlite(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::Io(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        Error::Store(error)
    }
}

impl Error {
    /// A value in the database that this program never wrote there.
    pub(super) fn bad_data(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Store(StoreError::internal(source))
    }

    /// What SQLite answers to a write to a file that may only be read.
    pub(super) fn read_only() -> Error {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
        Error::Sqlite(rusqlite::Error::SqliteFailure(code, None))
    }

    /// Whether a unique index refused the row.
    pub(super) fn is_duplicate(&self) -> bool {
        matches!(self, Error::Sqlite(rusqlite::Error::SqliteFailure(error, _))
            if error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
    }

    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Error::Sqlite(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)))
    }

    /// The error for callers, about the database at `path`.
    pub(super) fn about(self, path: &Path) -> StoreError {
        let error = match self {
            Error::Store(error) => return error,
            Error::Io(error) => {
                let message = format!("{}: {error}", path.display());
                return StoreError::Unavailable {
                    message,
                    source: Some(Box::new(error)),
                };
            }
            Error::Sqlite(error) => error,
        };
        let path = path.display();
        let message = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                format!("{path} is locked by another program; end that program or try again")
            }
            Some(ErrorCode::DiskFull) => {
                format!("the disk that holds {path} is full; free space on it")
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => format!(
                "{path} cannot be written; give this program write access to it and its folder"
            ),
            Some(ErrorCode::CannotOpen) => format!(
                "{path} cannot be opened; check that its folder exists and that this program \
                 may write there"
            ),
            Some(ErrorCode::SystemIoFailure) => {
                format!("the disk that holds {path} reports an error; check the disk")
            }
            Some(ErrorCode::DatabaseCorrupt) => {
                return StoreError::Unusable {
                    message: format!("{path} is damaged; stop the program and restore a backup"),
                };
            }
            Some(ErrorCode::NotADatabase) => {
                return StoreError::Unusable {
                    message: format!(
                        "{path} is no SQLite database; check the setting, or restore a backup"
                    ),
                };
            }
            _ => return StoreError::internal(error),
        };
        StoreError::Unavailable {
            message,
            source: Some(Box::new(error)),
        }
    }
}
