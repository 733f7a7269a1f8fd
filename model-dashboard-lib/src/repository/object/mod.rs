//! Models in an object store or a local folder, for any number of writers.
//!
//! The definition of a model lies at `{network_type}/{name}`; beside it, under `.registry`, its
//! revisions (`revisions/{id}/{number:08}.json`), the id that belongs to each key
//! (`keys/{network_type}/{name}`, for when another program drops the field that says it), and the
//! marker that every writer renews (`marker/change`).
//!
//! Every write goes the same way ([`write`]): the state to be replaced is archived, the definition
//! is replaced on condition that it still is that state, the new state is archived. The second
//! step alone decides; whoever comes next makes up for a third one that is missing. A rename has
//! two objects to change ([`moves`]).

#[cfg(feature = "s3")]
mod alone;
mod conditional;
mod faults;
mod folder;
mod history;
mod ids;
mod keys;
mod marker;
mod moves;
mod packages;
mod probe;
mod reconcile;
mod remote;
#[cfg(feature = "s3")]
mod s3;
#[cfg(all(test, feature = "conformance"))]
mod tests;
mod tidy;
mod write;

use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::{self, StreamExt as _};
use object_store::memory::InMemory;

#[cfg(feature = "s3")]
use self::alone::AloneStore;
use self::conditional::{ConditionalStore, Fault, Level, Object, Tag};
use self::folder::FolderStore;
use self::keys::{Folder, REGISTRY, StoreKey};
use self::marker::Marks;
use self::packages::large::LargeObjects;
use self::packages::{ObjectPackages, PartedObjects};
use self::remote::RemoteStore;
#[cfg(feature = "s3")]
use self::s3::S3Store;
#[cfg(feature = "s3")]
use super::packages::AddressProof;
use super::revise::Revising;
use super::state::State;
use super::{
    Archived, Change, FinishedMove, Inventory, LeftOver, ListedModel, Listing, Marker,
    ModelRepository, Precondition, Purged, RepositoryError, Revision, StoredModel, UnreadableType,
};
#[cfg(feature = "s3")]
use crate::config::S3Config;
use crate::model::{
    ModelDefinition, ModelId, ModelKey, ModelName, NetworkType, RegistryInfo, Timestamp,
};

/// How many folders are listed at a time.
const LISTINGS_AT_ONCE: usize = 16;

/// How many objects that are no definitions a listing names.
const OTHERS_NAMED: usize = 10_000;

/// How often a step is tried anew when other writers come between.
const ATTEMPTS: usize = 256;

/// A [`ModelRepository`] over a store of objects.
#[derive(Clone, Debug)]
pub struct ObjectRepository {
    store: Arc<dyn ConditionalStore>,
    packages: Arc<ObjectPackages>,
    marks: Arc<Marks>,
    finished: Arc<Mutex<Vec<FinishedMove>>>,
}

impl Marker {
    fn read(found: Option<Object>) -> Self {
        Self(found.map(|object| String::from_utf8_lossy(&object.bytes).into()))
    }
}

/// The present object at a key, and by what the store knows it.
#[derive(Debug)]
struct Current {
    state: State,
    tag: Tag,
}

impl ObjectRepository {
    fn over(store: Arc<dyn ConditionalStore>, large: Arc<dyn LargeObjects>) -> Self {
        Self {
            packages: Arc::new(ObjectPackages::new(store.clone(), large)),
            store,
            marks: Arc::default(),
            finished: Arc::default(),
        }
    }

    /// One for tests of the models: its packages lie in memory.
    #[cfg(test)]
    fn new(store: Arc<dyn ConditionalStore>) -> Self {
        let large = PartedObjects::new(Arc::new(InMemory::new()));
        Self::over(store, Arc::new(large))
    }

    /// Models in the memory of the process, behind the same write protocol as a real store.
    #[must_use]
    pub fn in_memory() -> Self {
        let store = Arc::new(InMemory::new());
        let large = Arc::new(PartedObjects::new(store.clone()));
        Self::over(Arc::new(RemoteStore::new(store, "memory")), large)
    }

    /// Models in a local folder, one file per model, which is created if it is not there.
    ///
    /// Any number of processes may use the folder, if its file system has working file locks.
    /// Symbolic links inside the folder are not followed. A change is on the disk when it is
    /// acknowledged.
    ///
    /// [`Stamp`](super::Stamp)s are made of a file's change time, size and number: they miss a
    /// change made in place, to a text of the same length, within the tick of the file system's
    /// clock (some milliseconds at worst) in which the file was read.
    ///
    /// Writers that do not take its locks, such as other programs, are noticed by the content they
    /// leave. What they write within the microseconds between a look at a file and its replacement
    /// or removal is lost.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] if the folder cannot be created or read. A folder that can
    /// only be read is opened; writing to it is then [`RepositoryError::Unavailable`]. So is
    /// everything in a folder that does not answer yet (of a file server, for one), which is opened
    /// once it does.
    pub async fn open_folder(path: impl AsRef<Path> + Send) -> Result<Self, RepositoryError> {
        let folder = FolderStore::open(path.as_ref().to_path_buf(), true).await?;
        let folder = Arc::new(folder);
        Ok(Self::over(folder.clone(), folder))
    }

    /// [`open_folder`](Self::open_folder) for one process that alone writes there: takes no file
    /// locks, so that any file system will do. Two such processes overwrite each other's changes.
    ///
    /// # Errors
    /// As [`open_folder`](Self::open_folder).
    pub async fn open_folder_alone(path: impl AsRef<Path> + Send) -> Result<Self, RepositoryError> {
        let folder = FolderStore::open(path.as_ref().to_path_buf(), false).await?;
        let folder = Arc::new(folder);
        Ok(Self::over(folder.clone(), folder))
    }

    /// Models in a bucket of MinIO or another S3 server that honours `If-None-Match` and `If-Match`
    /// when objects are put ([`probe`](ModelRepository::probe) proves it), for any number of
    /// processes. Nothing is asked of the server yet.
    ///
    /// Definitions carry the metadata `name`, `network_type` and `enabled`. Requests for what is
    /// small are given up after 4 s without a byte, or after 10 s, and tried again up to four times
    /// within 10 s; conditional writes up to three times while their condition holds.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] if the configuration is of no use, such as a file of
    /// certificates that cannot be read.
    #[cfg(feature = "s3")]
    pub fn open_bucket(config: &S3Config) -> Result<Self, RepositoryError> {
        let store = S3Store::open(config)?;
        let large = store.large();
        Ok(Self::over(Arc::new(store), large))
    }

    /// [`open_bucket`](Self::open_bucket) for one process that alone writes there: any S3 server
    /// will do. Two such processes overwrite each other's changes. So does a server that answers no
    /// more, and does what it was asked for much later.
    ///
    /// # Errors
    /// As [`open_bucket`](Self::open_bucket).
    #[cfg(feature = "s3")]
    pub fn open_bucket_alone(config: &S3Config) -> Result<Self, RepositoryError> {
        let store = S3Store::open(config)?;
        let large = store.large_alone();
        Ok(Self::over(Arc::new(AloneStore::new(store)), large))
    }

    /// Makes the bucket if it is not there; whether it was missing.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`], which says why not and what to do.
    #[cfg(feature = "s3")]
    pub async fn make_bucket(config: &S3Config) -> Result<bool, RepositoryError> {
        Ok(S3Store::open(config)?.make_bucket().await?)
    }

    /// Tries whether a bucket gives packages itself, at addresses that are signed for clients.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] where none can be signed.
    #[cfg(feature = "s3")]
    pub async fn prove_addresses(config: &S3Config) -> Result<AddressProof, RepositoryError> {
        Ok(S3Store::prove_addresses(config).await?)
    }

    async fn current(&self, key: &ModelKey) -> Result<Option<Current>, RepositoryError> {
        let found = match self.store.get(&StoreKey::definition(key)).await {
            Err(Fault::TooLarge { stamp, tag, .. }) => {
                let state = State::unread(key, stamp);
                return Ok(Some(Current { state, tag }));
            }
            found => found.map_err(|fault| fault.at(key))?,
        };
        Ok(found.map(|object| Current {
            tag: object.tag.clone(),
            state: State::read(stored(key, object)),
        }))
    }
}

fn stored(key: &ModelKey, object: Object) -> StoredModel {
    StoredModel {
        key: key.clone(),
        bytes: object.bytes,
        version: object.version,
        stamp: object.stamp,
    }
}

impl Listing {
    fn other(&mut self, name: String) {
        if self.others.len() < OTHERS_NAMED {
            self.others.push(name);
        }
    }

    /// Takes in what lies in the folder of a network type.
    fn extend(&mut self, network_type: &NetworkType, level: Level) {
        for object in level.objects {
            match ModelName::existing(&object.name) {
                Ok(name) => self.models.push(ListedModel {
                    key: ModelKey::new(network_type.clone(), name),
                    stamp: object.stamp,
                    size: object.size,
                }),
                Err(_) => self.other(format!("{network_type}/{}", object.name)),
            }
        }
        for name in level.folders {
            self.other(format!("{network_type}/{name}/"));
        }
        for name in level.odd {
            self.other(format!("{network_type}/{name}"));
        }
    }
}

#[async_trait]
impl ModelRepository for ObjectRepository {
    async fn list(&self) -> Result<Listing, RepositoryError> {
        let root = self.store.list(&Folder::Root).await?;
        let mut listing = Listing::default();
        let names = root.objects.into_iter().map(|object| object.name);
        for name in names.chain(root.odd) {
            listing.other(name);
        }
        let mut types = Vec::new();
        for name in root.folders {
            match NetworkType::existing(&name) {
                Ok(network_type) => types.push(network_type),
                Err(_) if name == REGISTRY => {}
                Err(_) => listing.other(format!("{name}/")),
            }
        }
        let levels = stream::iter(types).map(async |network_type| {
            let folder = Folder::Named(network_type.as_str().into());
            let level = self.store.list(&folder).await;
            (network_type, level)
        });
        let mut levels = levels.buffer_unordered(LISTINGS_AT_ONCE);
        while let Some((network_type, level)) = levels.next().await {
            match level {
                Ok(level) => listing.extend(&network_type, level),
                Err(fault) => {
                    // Is it this folder or everything?
                    self.marker().await?;
                    listing.unreadable.push(UnreadableType {
                        network_type,
                        reason: fault.to_string(),
                    });
                }
            }
        }
        Ok(listing)
    }

    async fn get(&self, key: &ModelKey) -> Result<StoredModel, RepositoryError> {
        let found = self.store.get(&StoreKey::definition(key)).await;
        let found = found.map_err(|fault| fault.at(key))?;
        found
            .map(|object| stored(key, object))
            .ok_or_else(|| RepositoryError::NotFound { key: key.clone() })
    }

    async fn get_many(&self, keys: &[ModelKey]) -> Vec<Result<StoredModel, RepositoryError>> {
        let wanted = keys.iter().map(StoreKey::definition).collect();
        let found = self.store.get_many(wanted).await;
        let answer = |(key, found): (&ModelKey, Result<Option<Object>, Fault>)| match found {
            Ok(Some(object)) => Ok(stored(key, object)),
            Ok(None) => Err(RepositoryError::NotFound { key: key.clone() }),
            Err(fault) => Err(fault.at(key)),
        };
        keys.iter().zip(found).map(answer).collect()
    }

    async fn put(
        &self,
        key: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        let make = |next: &Revising<'_>| next.definition(content);
        self.write(key, precondition, change, make).await
    }

    async fn delete(
        &self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        if *precondition == Precondition::Absent {
            // What is not there cannot be deleted, and what is there is not absent.
            let current = self.current(key).await?.filter(|c| c.state.is_live());
            let key = key.clone();
            return Err(match current {
                Some(_) => RepositoryError::Exists { key },
                None => RepositoryError::NotFound { key },
            });
        }
        let make = |next: &Revising<'_>| next.tombstone();
        self.write(key, precondition, change, make).await
    }

    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.move_model(from, to, content, precondition, change)
            .await
    }

    async fn revisions(&self, id: &ModelId) -> Result<Vec<u64>, RepositoryError> {
        self.numbers(*id).await
    }

    async fn revision(&self, id: &ModelId, number: u64) -> Result<Revision, RepositoryError> {
        let found = self.store.get(&StoreKey::revision(*id, number)).await;
        history::revision(*id, number, found)
    }

    async fn history(
        &self,
        id: &ModelId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Archived>, RepositoryError> {
        self.read_history(*id, before, limit).await
    }

    async fn identify(&self, key: &ModelKey) -> Result<Option<ModelId>, RepositoryError> {
        self.known_id(key).await
    }

    async fn carried(&self, key: &ModelKey) -> Result<Option<RegistryInfo>, RepositoryError> {
        self.carried_at(key).await
    }

    async fn reconcile(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        self.make_up_for(stored).await
    }

    async fn note_removed(
        &self,
        key: &ModelKey,
        noticed: Timestamp,
    ) -> Result<bool, RepositoryError> {
        self.record_removal(key, noticed).await
    }

    async fn marker(&self) -> Result<Marker, RepositoryError> {
        Ok(Marker::read(self.store.get(&StoreKey::change()).await?))
    }

    fn is_own_work(&self, since: &Marker, now: &Marker) -> bool {
        self.marks.lead(since, now)
    }

    fn finished_moves(&self) -> Vec<FinishedMove> {
        std::mem::take(&mut *self.finished())
    }

    async fn inventory(&self) -> Result<Inventory, RepositoryError> {
        self.take_inventory().await
    }

    async fn histories(&self) -> Result<Vec<ModelId>, RepositoryError> {
        let mut inventory = Inventory::default();
        self.take_histories(&mut inventory).await?;
        Ok(inventory.histories)
    }

    async fn noted(&self, key: &ModelKey) -> Result<Option<ModelId>, RepositoryError> {
        Ok(self.belongs(key).await?.id)
    }

    async fn is_moving(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        self.has_unsettled_move(stored).await
    }

    fn can_purge(&self) -> bool {
        self.store.removes_on_condition()
    }

    async fn purge(&self, tombstone: &StoredModel) -> Result<Purged, RepositoryError> {
        self.purge_tombstone(tombstone).await
    }

    async fn remove_left_over(&self, left: &LeftOver) -> Result<(), RepositoryError> {
        self.remove_probe(left).await
    }

    async fn probe(&self) -> Result<(), RepositoryError> {
        self.try_out().await
    }

    fn location(&self) -> String {
        self.store.location()
    }
}
