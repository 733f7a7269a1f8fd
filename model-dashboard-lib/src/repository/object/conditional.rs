//! What the write protocol asks of a store: reads, conditional writes, listings of one level.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt as _};
use object_store::UpdateVersion;

use super::keys::{Folder, StoreKey};
use crate::model::{ModelKey, Timestamp, Version};
use crate::repository::{READS_AT_ONCE, RepositoryError, Stamp};

/// An object as it was read.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) bytes: Arc<[u8]>,
    /// The digest of `bytes`.
    pub(super) version: Version,
    pub(super) tag: Tag,
    pub(super) stamp: Stamp,
    /// When it was written, by the store's clock.
    pub(super) written_at: Option<Timestamp>,
}

/// What a store knows a state of an object by.
#[derive(Clone, Debug)]
pub(super) enum Tag {
    /// Its content.
    Content(Version),
    /// What a listing shows, for an object that is too large to be read.
    Listed(Stamp),
    /// A tag that the store gave.
    Given(UpdateVersion),
}

impl Tag {
    /// Whether both are of the same state.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Given(one), Self::Given(other)) => {
                one.e_tag == other.e_tag && one.version == other.version
            }
            (Self::Content(one), Self::Content(other)) => one == other,
            (Self::Listed(one), Self::Listed(other)) => one == other,
            _ => false,
        }
    }
}

/// What must be true for a write to happen.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// Nothing.
    Always,
    /// There is no object.
    Absent,
    /// The object still is what was read.
    Unchanged(Tag),
}

/// What became of an object that was to be removed on condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removal {
    /// It is gone.
    Done,
    /// It is not what was read any more.
    Changed,
    /// The store cannot look and remove in one.
    Unsafe,
}

/// What jobs read beside a definition, where the store can hold it.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    pub(super) key: ModelKey,
    pub(super) enabled: bool,
}

/// One level of a store.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// Names of what lies deeper.
    pub(super) folders: Vec<String>,
    /// Objects here.
    pub(super) objects: Vec<Listed>,
    /// What is neither, as far as its name can be shown.
    pub(super) odd: Vec<String>,
}

/// An object in a listing.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) stamp: Stamp,
    pub(super) size: u64,
}

/// A store of objects that can be written on condition.
#[async_trait]
pub(super) trait ConditionalStore: fmt::Debug + Send + Sync {
    /// Reads an object; none is no fault.
    async fn get(&self, key: &StoreKey) -> Result<Option<Object>, Fault>;

    /// Reads many, the answers in the order of the keys.
    async fn get_many(&self, keys: Vec<StoreKey>) -> Vec<Result<Option<Object>, Fault>> {
        let reads = stream::iter(keys).map(async |key| self.get(&key).await);
        reads.buffered(READS_AT_ONCE).collect().await
    }

    /// Writes an object if the condition holds, durably but for the change marker. Answers the stamp
    /// of the new state, or `None` if the condition did not hold.
    ///
    /// An object that already has exactly these bytes counts as written: whoever made it so wrote
    /// the same. With bytes that no one else writes this tells a lost answer from a lost race.
    async fn put(
        &self,
        key: &StoreKey,
        bytes: Arc<[u8]>,
        condition: &Condition,
        labels: Option<&Labels>,
    ) -> Result<Option<Stamp>, Fault>;

    /// Copies an object of any size to a key where there is none, durably and without holding it in
    /// memory; `false` if there is one, or nothing to be copied.
    async fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<bool, Fault>;

    /// The version of an object of any size, found out without holding it in memory; `None` if there
    /// is none.
    async fn digest(&self, key: &StoreKey) -> Result<Option<Version>, Fault>;

    /// Removes an object, if there is one.
    async fn remove(&self, key: &StoreKey) -> Result<(), Fault>;

    /// Whether [`remove_unchanged`](ConditionalStore::remove_unchanged) can be done. S3 servers
    /// answer conditional deletions in ways that cannot be relied on, if at all.
    fn removes_on_condition(&self) -> bool {
        false
    }

    /// Removes an object if it still is what was read, so that no writer who goes by conditions
    /// loses anything.
    async fn remove_unchanged(&self, key: &StoreKey, tag: &Tag) -> Result<Removal, Fault> {
        let _ = (key, tag);
        Ok(Removal::Unsafe)
    }

    /// Lists one level. A name that cannot be read does not fail the rest; a folder that is not
    /// there is empty.
    async fn list(&self, folder: &Folder) -> Result<Level, Fault>;

    /// What people read as the place.
    fn location(&self) -> String;
}

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The object is larger than a definition may be.
    #[error("the object has {size} bytes")]
    TooLarge { size: u64, stamp: Stamp, tag: Tag },
    /// The store cannot do it now.
    #[error("{message}")]
    Unavailable {
        message: String,
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The store cannot be written to on condition.
    #[error("{message}")]
    Unsafe { message: String },
    /// Bytes that were stored are there no more, and do not come back.
    #[error("{message}")]
    Lost { message: String },
    /// It cannot be.
    #[error("an unexpected answer")]
    Unexpected(#[source] Box<dyn Error + Send + Sync>),
}

impl Fault {
    /// The error that callers see, for what was done to `key`.
    pub(super) fn at(self, key: &ModelKey) -> RepositoryError {
        match self {
            Self::TooLarge { size, .. } => RepositoryError::TooLarge {
                key: key.clone(),
                size,
            },
            other => other.into(),
        }
    }
}

impl From<Fault> for RepositoryError {
    fn from(fault: Fault) -> Self {
        match fault {
            // Only definitions are read with their key at hand; nothing else is so large.
            Fault::TooLarge { size, .. } => {
                Self::Internal(format!("an object of the registry has {size} bytes").into())
            }
            Fault::Unavailable { message, source } => Self::Unavailable { message, source },
            Fault::Unsafe { message } => Self::Unsafe { message },
            Fault::Lost { message } => Self::Internal(message.into()),
            Fault::Unexpected(source) => Self::Internal(source),
        }
    }
}
