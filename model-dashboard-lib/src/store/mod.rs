//! Where accounts, tokens, sessions, the audit log and counts of downloads live.

mod accounts;
mod audit_chain;
mod audit_key;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::error::Error as StdError;

pub use audit_key::AuditKey;
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{DatabaseState, Migration, PendingUpgrade, SqliteStore, holds_bare_hashes};

/// What can go wrong in a store of accounts, tokens, sessions or events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such row.
    #[error("{what} was not found")]
    NotFound {
        /// What was looked for, such as `user “mkeller”`.
        what: String,
    },
    /// The name is taken.
    #[error("{what} exists already")]
    Duplicate {
        /// What is there already.
        what: String,
    },
    /// The change would leave no active administrator.
    #[error("this is the last active administrator; make another one first")]
    LastAdministrator,
    /// A limit on the number of rows is reached.
    #[error("there are too many {what} already (at most {limit})")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The store cannot be used as it is, and an administrator has to act.
    #[error("{message}")]
    Unusable {
        /// What is wrong and what to do.
        message: String,
    },
    /// The store did not answer: locked, full, gone.
    #[error("the user database is not available: {message}")]
    Unavailable {
        /// What is wrong, fit for people to read.
        message: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// A fault of this program or of the data.
    #[error("the user database gave an unexpected answer")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl StoreError {
    pub(crate) fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> StoreError {
        StoreError::Internal(source.into())
    }
}
