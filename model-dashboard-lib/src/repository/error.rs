//! What can go wrong in a repository.

use super::StoredModel;
use crate::model::ModelKey;

/// What can go wrong in a repository.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// There is no live definition at the key.
    #[error("there is no model {key}")]
    NotFound {
        /// The key.
        key: ModelKey,
    },
    /// There is one already.
    #[error("there is a model {key} already")]
    Exists {
        /// The key.
        key: ModelKey,
    },
    /// The definition changed since it was read. Nothing was written.
    #[error("{key} was changed by someone else meanwhile")]
    Conflict {
        /// The key.
        key: ModelKey,
        /// What is stored now, if it could be read.
        current: Option<Box<StoredModel>>,
    },
    /// No such revision.
    #[error("there is no revision {number}")]
    RevisionNotFound {
        /// The number that was asked for.
        number: u64,
    },
    /// The revision is larger than a definition may be: another program wrote it.
    #[error("revision {number} has {size} bytes; a definition has at most 1 MiB")]
    RevisionTooLarge {
        /// Its number.
        number: u64,
        /// Its size.
        size: u64,
    },
    /// The object is larger than a definition may be.
    #[error("{key} has {size} bytes; a definition has at most 1 MiB")]
    TooLarge {
        /// The key.
        key: ModelKey,
        /// Its size.
        size: u64,
    },
    /// The store cannot be shared by several writers.
    #[error("{message}")]
    Unsafe {
        /// What it does wrong and what to do.
        message: String,
    },
    /// The write is done and stays, but what follows it (its place in the history, the notes of a
    /// rename) failed. The next write there, or
    /// [`reconcile`](super::ModelRepository::reconcile), makes up for it.
    #[error("the change of {} is stored, but its history is not complete yet", stored.key)]
    Unfinished {
        /// What is stored now.
        stored: Box<StoredModel>,
        /// Why it is not complete.
        #[source]
        source: Box<RepositoryError>,
    },
    /// The store did not answer, is read-only or full. A write may be done all the same, or not;
    /// nobody ever reads half of one.
    #[error("the model store is not available: {message}")]
    Unavailable {
        /// What is wrong, fit for people to read. What to do about it, where that is known,
        /// follows after a semicolon: see [`RepositoryError::advice`].
        message: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A fault of this program or of the stored data.
    #[error("the model store gave an unexpected answer")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl RepositoryError {
    /// What is wrong with a store that is not available, and what to do about it, if that is known.
    #[must_use]
    pub fn advice(&self) -> Option<(&str, &str)> {
        match self {
            Self::Unavailable { message, .. } => message.split_once("; "),
            _ => None,
        }
    }
}
