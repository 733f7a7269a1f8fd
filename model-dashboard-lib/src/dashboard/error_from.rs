//! What the errors of stores and passwords are to whoever asked.

use std::time::Duration;

use super::Error;
use super::models::Model;
use crate::auth::PasswordError;
use crate::auth::local::HasherError;
use crate::repository::RepositoryError;
use crate::repository::packages::{MAX_PACKAGE_BYTES, PackageStoreError};
use crate::store::StoreError;

/// How long a client should wait before it asks a store again that did not answer.
const STORE_RETRY: Duration = Duration::from_secs(5);

/// When to try again with an upload that another process writes.
const UPLOAD_RETRY: Duration = Duration::from_secs(30);

/// When to try again with a server that was about to end.
const RESTART: Duration = Duration::from_secs(2);

/// When to try again with a store that has to be replaced.
const UNFIT_RETRY: Duration = Duration::from_secs(60);

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        match error {
            StoreError::NotFound { what } => Error::not_found(what),
            StoreError::Duplicate { what } => Error::Exists { what },
            StoreError::LastAdministrator => Error::LastAdministrator,
            StoreError::TooMany { what, limit } => Error::TooMany { what, limit },
            unavailable @ StoreError::Unavailable { .. } => Error::Unavailable {
                what: "the user database does not answer; try again in a moment".to_owned(),
                since: None,
                retry_after: STORE_RETRY,
                source: Some(Box::new(unavailable)),
            },
            other => Error::Store(other),
        }
    }
}

impl From<RepositoryError> for Error {
    fn from(error: RepositoryError) -> Error {
        match error {
            RepositoryError::NotFound { key } => Error::not_found(format!("model {key}")),
            RepositoryError::Exists { key } => Error::Exists {
                what: format!("model {key}"),
            },
            RepositoryError::Conflict { key, current } => Error::Conflict {
                key,
                current: current.and_then(|stored| Model::read(&stored).ok().map(Box::new)),
            },
            RepositoryError::TooLarge { key, size } => Error::Broken {
                key,
                reason: format!("it has {size} bytes; a definition has at most 1 MiB"),
                position: None,
            },
            RepositoryError::Unsafe { message } => Error::Unavailable {
                what: message,
                since: None,
                retry_after: UNFIT_RETRY,
                source: None,
            },
            unavailable @ RepositoryError::Unavailable { .. } => Error::Unavailable {
                what:
                    "the model store does not answer, or does not allow it: the log says why; try \
                       again in a moment"
                        .to_owned(),
                since: None,
                retry_after: STORE_RETRY,
                source: Some(Box::new(unavailable)),
            },
            other => Error::Repository(other),
        }
    }
}

impl From<PackageStoreError> for Error {
    fn from(error: PackageStoreError) -> Error {
        match error {
            PackageStoreError::NoUpload { id } => Error::not_found(format!("upload {id}")),
            PackageStoreError::NoPackage { id } => Error::not_found(format!("package {id}")),
            PackageStoreError::WrongOffset { received } => Error::WrongOffset { received },
            PackageStoreError::TooLong { size } => Error::UploadTooLong { size },
            PackageStoreError::Interrupted { received, source } => {
                Error::UploadInterrupted { received, source }
            }
            PackageStoreError::Incomplete { received, size } => {
                Error::UploadIncomplete { received, size }
            }
            PackageStoreError::TakenOver { received } => Error::UploadTakenOver { received },
            PackageStoreError::Busy { .. } => Error::Busy {
                retry_after: UPLOAD_RETRY,
            },
            PackageStoreError::Ending { .. } => Error::Busy {
                retry_after: RESTART,
            },
            PackageStoreError::Lost { reason, .. } => Error::UploadLost { reason },
            PackageStoreError::TooLarge => Error::PackageTooLarge {
                limit: MAX_PACKAGE_BYTES,
            },
            PackageStoreError::Repository(error) => error.into(),
            other => Error::Internal(Box::new(other)),
        }
    }
}

impl From<HasherError> for Error {
    fn from(error: HasherError) -> Error {
        match error {
            HasherError::Busy { retry_after } => Error::Busy { retry_after },
            other => Error::Internal(Box::new(other)),
        }
    }
}

/// A password that cannot be taken is wrong in the field `password`.
impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Error {
        Error::invalid("password", error.to_string())
    }
}
