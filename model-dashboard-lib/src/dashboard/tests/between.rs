//! A repository in which something happens between the reading of a model and what follows.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use futures::future::BoxFuture;

use super::*;
use crate::model::{ModelId, RegistryInfo};
use crate::repository::{
    Change, Inventory, Listing, Marker, ModelRepository, RepositoryError, Revision, StoredModel,
};

type Happening = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// The repository in memory, with what happens after a model was read.
#[derive(Default)]
pub(super) struct Between {
    inner: MemoryRepository,
    happening: Mutex<Option<(Happening, bool)>>,
    silent: AtomicBool,
    loses: AtomicBool,
    read_only: AtomicBool,
    kept_back: AtomicU64,
    hides_histories: AtomicBool,
    reading: AtomicUsize,
    /// How many histories were read at a time.
    pub(super) most_read: AtomicUsize,
    /// How often all that the registry keeps was listed.
    pub(super) inventories: AtomicUsize,
    /// How often anything was asked for while it was silent.
    pub(super) unanswered: AtomicUsize,
}

impl Between {
    /// Lets this happen each time.
    pub(super) fn always(
        &self,
        happening: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        *self.happening.lock().unwrap() = Some((Arc::new(happening), true));
    }

    /// Lets this happen the next time.
    pub(super) fn once(
        &self,
        happening: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        *self.happening.lock().unwrap() = Some((Arc::new(happening), false));
    }

    /// From now on nothing is answered any more.
    pub(super) fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// From now on what is written is done, and the answer lost.
    pub(super) fn lose_answers(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }

    /// Whether it can be read and not written from now on.
    pub(super) fn refuse_writes(&self, refused: bool) {
        self.read_only.store(refused, Ordering::SeqCst);
    }

    /// From now on the revisions of this number are not given, as those in an archive are not.
    pub(super) fn keep_back(&self, number: u64) {
        self.kept_back.store(number, Ordering::SeqCst);
    }

    /// From now on no history is listed.
    pub(super) fn hide_histories(&self) {
        self.hides_histories.store(true, Ordering::SeqCst);
    }

    fn told(
        &self,
        written: Result<StoredModel, RepositoryError>,
    ) -> Result<StoredModel, RepositoryError> {
        match self.loses.load(Ordering::SeqCst) {
            false => written,
            true => Err(unavailable("the answer was lost")),
        }
    }

    async fn answers(&self) {
        if self.silent.load(Ordering::SeqCst) {
            self.unanswered.fetch_add(1, Ordering::SeqCst);
            std::future::pending().await
        }
    }

    fn next(&self) -> Option<Happening> {
        let mut planned = self.happening.lock().unwrap();
        let (happening, again) = planned.clone()?;
        if !again {
            *planned = None;
        }
        Some(happening)
    }
}

fn unavailable(message: &str) -> RepositoryError {
    RepositoryError::Unavailable {
        message: message.to_owned(),
        source: None,
    }
}

impl fmt::Debug for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Between")
    }
}

#[async_trait::async_trait]
impl ModelRepository for Between {
    async fn get(&self, key: &ModelKey) -> Result<StoredModel, RepositoryError> {
        self.answers().await;
        let stored = self.inner.get(key).await;
        if let Some(happening) = self.next() {
            happening().await;
        }
        stored
    }

    async fn list(&self) -> Result<Listing, RepositoryError> {
        self.answers().await;
        self.inner.list().await
    }

    async fn put(
        &self,
        key: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.answers().await;
        self.told(self.inner.put(key, content, precondition, change).await)
    }

    async fn delete(
        &self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.answers().await;
        self.told(self.inner.delete(key, precondition, change).await)
    }

    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.answers().await;
        let inner = &self.inner;
        self.told(inner.rename(from, to, content, precondition, change).await)
    }

    async fn revisions(&self, id: &ModelId) -> Result<Vec<u64>, RepositoryError> {
        self.answers().await;
        let reading = self.reading.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_read.fetch_max(reading, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.reading.fetch_sub(1, Ordering::SeqCst);
        match self.hides_histories.load(Ordering::SeqCst) {
            false => self.inner.revisions(id).await,
            true => Err(unavailable("it denies access")),
        }
    }

    async fn revision(&self, id: &ModelId, number: u64) -> Result<Revision, RepositoryError> {
        self.answers().await;
        match self.kept_back.load(Ordering::SeqCst) == number {
            false => self.inner.revision(id, number).await,
            true => Err(unavailable("it lies in an archive")),
        }
    }

    async fn carried(&self, key: &ModelKey) -> Result<Option<RegistryInfo>, RepositoryError> {
        self.inner.carried(key).await
    }

    async fn reconcile(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        self.answers().await;
        self.inner.reconcile(stored).await
    }

    async fn histories(&self) -> Result<Vec<ModelId>, RepositoryError> {
        self.answers().await;
        self.inner.histories().await
    }

    async fn inventory(&self) -> Result<Inventory, RepositoryError> {
        self.inventories.fetch_add(1, Ordering::SeqCst);
        self.inner.inventory().await
    }

    async fn marker(&self) -> Result<Marker, RepositoryError> {
        self.answers().await;
        self.inner.marker().await
    }

    async fn probe(&self) -> Result<(), RepositoryError> {
        self.answers().await;
        if self.read_only.load(Ordering::SeqCst) {
            return Err(unavailable("it denies access"));
        }
        self.inner.probe().await
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}
