//! What can go wrong with packages in a store.

use std::io;

use super::{MAX_ABOUT_BYTES, MAX_NOTE_BYTES, MAX_PACKAGE_BYTES, MAX_REPORT_BYTES, PackageId};
use crate::repository::RepositoryError;

/// What can go wrong with packages in a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageStoreError {
    /// No such upload: it never began, or was given up or expired.
    #[error("there is no upload {id}")]
    NoUpload {
        /// Its name.
        id: PackageId,
    },
    /// No such package.
    #[error("there is no package {id}")]
    NoPackage {
        /// Its name.
        id: PackageId,
    },
    /// The bytes are not those that come next. Nothing was read of them.
    #[error("{received} bytes are there: go on with the next one")]
    WrongOffset {
        /// How many bytes are there.
        received: u64,
    },
    /// There are more bytes than were announced. Those that were are there.
    #[error("there are more bytes than the {size} that were announced")]
    TooLong {
        /// How many were announced.
        size: u64,
    },
    /// The bytes broke off. Those that came are there.
    #[error("the upload broke off after {received} bytes")]
    Interrupted {
        /// How many bytes are there.
        received: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another connection goes on with the upload. The bytes that came are there.
    #[error("another connection goes on with the upload; {received} bytes are there")]
    TakenOver {
        /// How many bytes are there.
        received: u64,
    },
    /// This process is about to end. The bytes that came are there, for others to go on.
    #[error("the server is about to end; {received} bytes of the upload are there")]
    Ending {
        /// How many bytes are there.
        received: u64,
    },
    /// Not all bytes are there.
    #[error("{received} of {size} bytes are there")]
    Incomplete {
        /// How many bytes are there.
        received: u64,
        /// How many were announced.
        size: u64,
    },
    /// Another process is writing it.
    #[error("another connection is sending this upload; try again in half a minute")]
    Busy {
        /// Its name.
        id: PackageId,
    },
    /// Bytes that were received are there no more: the store purged them, or something else did.
    /// It stays so. The upload can be given up, and another one begun.
    #[error("bytes of the upload {id} are lost: {reason}; begin anew")]
    Lost {
        /// Its name.
        id: PackageId,
        /// What is missing, fit for people to read.
        reason: String,
    },
    /// More bytes are announced than a package has.
    #[error("a package has at most {} GiB", MAX_PACKAGE_BYTES >> 30)]
    TooLarge,
    /// The note is too long.
    #[error("what is noted of an upload has at most {MAX_ABOUT_BYTES} bytes")]
    AboutTooLong,
    /// The report is too large.
    #[error("the report of a package has at most {MAX_REPORT_BYTES} bytes")]
    ReportTooLarge,
    /// The note is too large.
    #[error("what is noted of a package has at most {MAX_NOTE_BYTES} bytes")]
    NoteTooLarge,
    /// The store did not do it.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}
