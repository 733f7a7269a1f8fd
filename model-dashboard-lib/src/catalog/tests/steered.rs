//! A repository whose answers a test can hold back or turn into failures.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::model::{ModelDefinition, ModelId, ModelKey, NetworkType, RegistryInfo, Timestamp};
use crate::repository::{
    Change, Inventory, Listing, Marker, MemoryRepository, ModelRepository, Precondition,
    RepositoryError, Revision, StoredModel, UnreadableType,
};

/// The repository in memory, steered.
#[derive(Debug, Default)]
pub(super) struct Steered {
    pub(super) inner: MemoryRepository,
    /// Holds a listing back after it was made.
    pub(super) list_gate: Gate,
    /// Holds the marker back.
    pub(super) marker_gate: Gate,
    /// Holds an object back after it was read.
    pub(super) get_gate: Gate,
    /// The store does not answer at all.
    pub(super) down: AtomicBool,
    /// The store gives the marker, and no listing.
    pub(super) unlistable: AtomicBool,
    /// The store can be read and not written, as far as histories go.
    pub(super) read_only: AtomicBool,
    /// How often it was asked to write one all the same.
    pub(super) refused: AtomicUsize,
    /// These objects cannot be read.
    pub(super) unreadable: Mutex<HashSet<ModelKey>>,
    /// The folders of these types cannot be listed.
    pub(super) unlistable_types: Mutex<HashSet<NetworkType>>,
    /// Objects that are no definitions.
    pub(super) others: Mutex<Vec<String>>,
    pub(super) lists: AtomicUsize,
    pub(super) gets: AtomicUsize,
    pub(super) reconciled: Mutex<Vec<ModelKey>>,
}

/// Where a call waits once the gate is closed.
#[derive(Debug)]
pub(super) struct Gate {
    closed: AtomicBool,
    reached: Semaphore,
    passes: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            closed: AtomicBool::new(false),
            reached: Semaphore::new(0),
            passes: Semaphore::new(0),
        }
    }
}

impl Gate {
    /// The next call will wait.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Waits until a call waits.
    pub(super) async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    /// Lets the call that waits go on.
    pub(super) fn open(&self) {
        self.passes.add_permits(1);
    }

    async fn pass(&self) {
        if self.closed.swap(false, Ordering::SeqCst) {
            self.reached.add_permits(1);
            self.passes.acquire().await.unwrap().forget();
        }
    }
}

pub(super) fn unavailable() -> RepositoryError {
    RepositoryError::Unavailable {
        message: "unplugged".to_owned(),
        source: None,
    }
}

impl Steered {
    fn check(&self) -> Result<(), RepositoryError> {
        if self.down.load(Ordering::SeqCst) {
            Err(unavailable())
        } else {
            Ok(())
        }
    }

    fn check_write(&self) -> Result<(), RepositoryError> {
        if self.read_only.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(unavailable());
        }
        Ok(())
    }
}

#[async_trait]
impl ModelRepository for Steered {
    async fn list(&self) -> Result<Listing, RepositoryError> {
        self.check()?;
        self.lists.fetch_add(1, Ordering::SeqCst);
        if self.unlistable.load(Ordering::SeqCst) {
            return Err(unavailable());
        }
        let mut listing = self.inner.list().await?;
        for network_type in self.unlistable_types.lock().unwrap().iter() {
            let models = &mut listing.models;
            models.retain(|listed| listed.key.network_type != *network_type);
            listing.unreadable.push(UnreadableType {
                network_type: network_type.clone(),
                reason: "unplugged".to_owned(),
            });
        }
        listing.others.clone_from(&self.others.lock().unwrap());
        self.list_gate.pass().await;
        Ok(listing)
    }

    async fn get(&self, key: &ModelKey) -> Result<StoredModel, RepositoryError> {
        self.check()?;
        if self.unreadable.lock().unwrap().contains(key) {
            return Err(unavailable());
        }
        self.gets.fetch_add(1, Ordering::SeqCst);
        let stored = self.inner.get(key).await;
        self.get_gate.pass().await;
        stored
    }

    async fn put(
        &self,
        key: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.check()?;
        self.inner.put(key, content, precondition, change).await
    }

    async fn delete(
        &self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.check()?;
        self.inner.delete(key, precondition, change).await
    }

    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.check()?;
        self.inner
            .rename(from, to, content, precondition, change)
            .await
    }

    async fn revisions(&self, id: &ModelId) -> Result<Vec<u64>, RepositoryError> {
        self.inner.revisions(id).await
    }

    async fn revision(&self, id: &ModelId, number: u64) -> Result<Revision, RepositoryError> {
        self.inner.revision(id, number).await
    }

    async fn carried(&self, key: &ModelKey) -> Result<Option<RegistryInfo>, RepositoryError> {
        self.inner.carried(key).await
    }

    async fn reconcile(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        self.check()?;
        self.check_write()?;
        self.reconciled.lock().unwrap().push(stored.key.clone());
        self.inner.reconcile(stored).await
    }

    async fn note_removed(&self, key: &ModelKey, at: Timestamp) -> Result<bool, RepositoryError> {
        self.check()?;
        self.check_write()?;
        self.inner.note_removed(key, at).await
    }

    async fn inventory(&self) -> Result<Inventory, RepositoryError> {
        self.check()?;
        self.inner.inventory().await
    }

    async fn marker(&self) -> Result<Marker, RepositoryError> {
        self.check()?;
        self.marker_gate.pass().await;
        self.inner.marker().await
    }

    async fn probe(&self) -> Result<(), RepositoryError> {
        self.inner.probe().await
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}
