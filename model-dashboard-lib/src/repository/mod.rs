//! Where model definitions and their history live: the [`ModelRepository`] trait.

mod error;
mod maintenance;
mod memory;
mod object;
pub mod packages;
mod revise;
mod revisions;
#[cfg(feature = "sqlite")]
mod sole_writer;
mod state;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt as _};

use crate::model::{
    ModelDefinition, ModelId, ModelKey, NetworkType, RegistryInfo, Timestamp, Version, Via,
};

pub use error::RepositoryError;
pub use maintenance::{Inventory, LeftOver, Purged};
pub use memory::MemoryRepository;
pub use object::ObjectRepository;
pub use revisions::{Archived, Revision};
#[cfg(feature = "sqlite")]
pub(crate) use sole_writer::SoleWriter;
use state::State;
pub(crate) use state::is_ours;

/// How many objects are read from a store at a time.
const READS_AT_ONCE: usize = 64;

/// A definition as it lies in the store. It may be broken, deleted or changed outside.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredModel {
    /// Its key.
    pub key: ModelKey,
    /// The object's bytes.
    pub bytes: Arc<[u8]>,
    /// The digest of `bytes`: what the API shows as ETag.
    pub version: Version,
    /// What a listing shows for this state of the object.
    pub stamp: Stamp,
}

impl fmt::Debug for StoredModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredModel")
            .field("key", &self.key)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What a listing tells of an object's state, opaque: the same stamp means the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stamp(pub Box<str>);

impl Stamp {
    /// The version of an object in this state that is too large to be read: it follows from the
    /// state alone.
    #[must_use]
    pub fn version_unread(&self) -> Version {
        Version::of(format!("too large to be read: {}", self.0).as_bytes())
    }
}

/// One definition in a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedModel {
    /// Its key.
    pub key: ModelKey,
    /// Its state.
    pub stamp: Stamp,
    /// Size in bytes.
    pub size: u64,
}

/// Everything in the store but what the registry itself keeps.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Objects whose key has exactly two segments, in no particular order.
    pub models: Vec<ListedModel>,
    /// Objects that are no definitions: at the root, folders deeper down (with a slash at the end,
    /// without what they hold), links, names that cannot be a key. At most 10,000 are named.
    pub others: Vec<String>,
    /// Network types whose folder could not be listed: what lies there is not among the models.
    pub unreadable: Vec<UnreadableType>,
}

/// A network type whose folder could not be listed, while the store answers otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableType {
    /// The type.
    pub network_type: NetworkType,
    /// Why, fit for people to read.
    pub reason: String,
}

/// What must be true of the stored state for a write to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// There is no live definition: none at all, or a deleted one.
    Absent,
    /// The live definition has this version.
    Version(Version),
    /// There is a live definition, whatever its version: an overwrite that knows what it does.
    Exists,
}

/// Who changes a definition, through what, when, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The name people read as author.
    pub by: String,
    /// The source of the author's account, where it is a directory: another source may have somebody
    /// of that name.
    pub source: Option<String>,
    /// Through what.
    pub via: Via,
    /// Now.
    pub at: Timestamp,
    /// Why, in the author's words; may be empty.
    pub message: String,
}

/// A rename that was interrupted and that another call finished.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FinishedMove {
    /// Where the model was.
    pub from: ModelKey,
    /// Where it is.
    pub to: ModelKey,
    /// The revision that it has there.
    pub revision: u64,
    /// Who renamed it, as far as that is noted.
    pub by: Option<String>,
    /// Why; may be empty.
    pub message: String,
}

/// The marker that every writer of ours renews. Equal markers: nothing was written between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker(pub Option<Box<str>>);

/// Stores model definitions, one object per `type/name`, and every revision of them.
///
/// # Writing
/// Each write has exactly one commit point and is safe for any number of writers that use this
/// trait and for a crash at any point: the revision to be replaced is archived, then the
/// definition is replaced on condition that it still is what the caller saw, then the new
/// revision is archived, before the write is acknowledged. Of several writers with the same
/// precondition one wins and the others get [`RepositoryError::Conflict`] (or what describes the
/// winner's doing better: [`RepositoryError::Exists`] after a creation,
/// [`RepositoryError::NotFound`] after a deletion or a rename).
///
/// The repository fills the `registry` field: a new model gets an id and revision 1; a change
/// keeps the id and takes the next number. `owner`, `tags`, `package` and `derived_from` are
/// taken from the content's `registry` where it names them (null names none), otherwise carried
/// forward from the definition that is replaced (or, where another program dropped the field,
/// from the last archived revision that has it); nothing is carried over a deletion. Everything
/// else in the content's `registry` is replaced.
///
/// # Other writers
/// A definition that lacks the field, whose `content_digest` does not match, or that was written
/// for another key (a copy made by hand) was changed outside. It belongs to the model that its
/// key belonged to before, or to a new one; [`reconcile`](ModelRepository::reconcile) or the next
/// write archives it under the next number. The promise of no lost update binds only writers that
/// use this trait.
///
/// # Objects too large to be read
/// What another program wrote may be larger than a definition may be. Such an object is replaced
/// and deleted like any other, without being read: its version is
/// [`Stamp::version_unread`], its revision in the history is the whole object.
///
/// # Deleting
/// A deleted model stays as a small tombstone at its key. Numbers go on after it: creating the
/// same key again continues the same id, unless the model moved away, then a new one begins.
///
/// # Dropped futures
/// A write whose future is dropped is done, not done, or done but for its place in the history,
/// which the next write or `reconcile` makes up for.
#[async_trait]
pub trait ModelRepository: fmt::Debug + Send + Sync {
    /// Lists all definitions (tombstones and broken ones included). Cost: one listing, no reads.
    /// A network type that cannot be listed does not hide the others: it is named.
    async fn list(&self) -> Result<Listing, RepositoryError>;

    /// Reads one definition; tombstones and broken ones are given too.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`]; [`RepositoryError::TooLarge`] above
    /// [`MAX_DEFINITION_BYTES`](crate::model::MAX_DEFINITION_BYTES).
    async fn get(&self, key: &ModelKey) -> Result<StoredModel, RepositoryError>;

    /// Reads many at once; each answer stands at the place of its key. Everything asked for is in
    /// memory at the end: ask for some hundreds at a time.
    ///
    /// Provided: up to 64 calls of [`get`](ModelRepository::get) at a time.
    async fn get_many(&self, keys: &[ModelKey]) -> Vec<Result<StoredModel, RepositoryError>> {
        let reads = stream::iter(keys.iter().cloned()).map(async |key| self.get(&key).await);
        reads.buffered(READS_AT_ONCE).collect().await
    }

    /// Writes `content` at `key`.
    ///
    /// # Errors
    /// [`RepositoryError::Exists`] (precondition [`Precondition::Absent`]),
    /// [`RepositoryError::NotFound`], [`RepositoryError::Conflict`],
    /// [`RepositoryError::TooLarge`] for content of more than
    /// [`MAX_DEFINITION_BYTES`](crate::model::MAX_DEFINITION_BYTES);
    /// [`RepositoryError::Unfinished`] for a write that is done.
    async fn put(
        &self,
        key: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError>;

    /// Deletes the definition at `key`, leaving a tombstone, which is answered.
    ///
    /// # Errors
    /// As [`put`](ModelRepository::put).
    async fn delete(
        &self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError>;

    /// Gives the model at `from` the key `to`, with the same id and the next number; `content` is
    /// what it holds from then on. A tombstone with a pointer stays at `from`. A crash in between
    /// leaves the model readable under both names; the next write or `reconcile` at `to` finishes
    /// the move, or takes it back if the model at `from` was changed before that.
    ///
    /// # Errors
    /// As [`put`](ModelRepository::put); [`RepositoryError::Exists`] when `to` is taken.
    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError>;

    /// The numbers of a model's archived revisions, ascending.
    async fn revisions(&self, id: &ModelId) -> Result<Vec<u64>, RepositoryError>;

    /// One archived revision.
    ///
    /// # Errors
    /// [`RepositoryError::RevisionNotFound`]; [`RepositoryError::RevisionTooLarge`].
    async fn revision(&self, id: &ModelId, number: u64) -> Result<Revision, RepositoryError>;

    /// Up to `limit` archived revisions with numbers below `before`, the last one first. One that
    /// cannot be read does not hide the others. Everything asked for is in memory at the end.
    ///
    /// Provided: a listing and up to 64 calls of [`revision`](ModelRepository::revision) at a time.
    async fn history(
        &self,
        id: &ModelId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Archived>, RepositoryError> {
        let numbers = revisions::newest(&self.revisions(id).await?, before, limit);
        let read = stream::iter(numbers).map(async |number| Archived {
            number,
            revision: self.revision(id, number).await,
        });
        Ok(read.buffered(READS_AT_ONCE).collect().await)
    }

    /// The model that the object at `key` belongs to, or belonged to before it was deleted; not
    /// one that moved away. `None` where nothing is there, or nothing of it was archived yet.
    ///
    /// Provided: what a definition that was written at this key says of itself.
    async fn identify(&self, key: &ModelKey) -> Result<Option<ModelId>, RepositoryError> {
        match self.get(key).await {
            Ok(stored) => Ok(State::read(stored).id()),
            Err(RepositoryError::NotFound { .. } | RepositoryError::TooLarge { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a [`put`](ModelRepository::put) at `key` takes over of owner, tags, package and origin where its
    /// content names none, as long as the object there stays as it is. Cost: a read; more where another program
    /// dropped it.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`].
    async fn carried(&self, key: &ModelKey) -> Result<Option<RegistryInfo>, RepositoryError>;

    /// Completes what a crashed writer or another program left undone for the object at
    /// `stored.key`: archives its state if the history lacks it, and finishes a move. Idempotent;
    /// answers whether there was something to do. A state that is no longer the present one is
    /// left alone. Cost: three small reads when there is nothing to do.
    async fn reconcile(&self, stored: &StoredModel) -> Result<bool, RepositoryError>;

    /// Writes into the history that the model of this key was seen to be gone at `noticed`: another
    /// program removed its object. Whether there was something to write: not where something lies at
    /// the key, where the history ends with a deletion, or where the model lives on at another key.
    ///
    /// Provided: writes nothing.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`].
    async fn note_removed(
        &self,
        key: &ModelKey,
        noticed: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let _ = (key, noticed);
        Ok(false)
    }

    /// The present change marker: one small read.
    async fn marker(&self) -> Result<Marker, RepositoryError>;

    /// Whether nothing but writes through this very value (or its clones) came between two markers:
    /// whoever notes those has nothing to look for. `false` where it is not known.
    ///
    /// Provided: it is not known.
    fn is_own_work(&self, since: &Marker, now: &Marker) -> bool {
        let _ = (since, now);
        false
    }

    /// The interrupted renames that calls of this very value (or its clones) finished for others
    /// since this was asked last: whoever began one may not know that it is done.
    ///
    /// Provided: none.
    fn finished_moves(&self) -> Vec<FinishedMove> {
        Vec::new()
    }

    /// What the registry keeps beside the definitions. Cost: a listing of it, no reads.
    ///
    /// Provided: nothing.
    async fn inventory(&self) -> Result<Inventory, RepositoryError> {
        Ok(Inventory::default())
    }

    /// The models that have a history, in no particular order. Cost: one listing, no reads.
    ///
    /// Provided: those of the [`inventory`](ModelRepository::inventory).
    async fn histories(&self) -> Result<Vec<ModelId>, RepositoryError> {
        Ok(self.inventory().await?.histories)
    }

    /// The model that a key is noted to belong to, whatever lies there.
    ///
    /// Provided: none.
    async fn noted(&self, key: &ModelKey) -> Result<Option<ModelId>, RepositoryError> {
        let _ = key;
        Ok(None)
    }

    /// Whether a definition is what a rename has put at its new key that is neither finished nor
    /// taken back: [`reconcile`](ModelRepository::reconcile) does either.
    ///
    /// Provided: it is none.
    async fn is_moving(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        let _ = stored;
        Ok(false)
    }

    /// Whether [`purge`](ModelRepository::purge) can be done safely.
    ///
    /// Provided: it cannot.
    fn can_purge(&self) -> bool {
        false
    }

    /// Removes a tombstone for good, on condition that it still is the present state. Its history
    /// stays, and gets the tombstone if it lacks it.
    ///
    /// Provided: [`Purged::Unsafe`].
    async fn purge(&self, tombstone: &StoredModel) -> Result<Purged, RepositoryError> {
        let _ = tombstone;
        Ok(Purged::Unsafe)
    }

    /// Removes what [`inventory`](ModelRepository::inventory) found left over. Once more does
    /// nothing.
    ///
    /// Provided: nothing.
    async fn remove_left_over(&self, left: &LeftOver) -> Result<(), RepositoryError> {
        let _ = left;
        Ok(())
    }

    /// Proves, by writing and removing a small object of its own, that the store can be written
    /// to and honours conditional writes.
    ///
    /// # Errors
    /// [`RepositoryError::Unsafe`] when it does not.
    async fn probe(&self) -> Result<(), RepositoryError>;

    /// What people read as the place of the models, without credentials.
    fn location(&self) -> String;
}
