//! A store that one process alone may write to.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::{
    Archived, Change, FinishedMove, Inventory, LeftOver, Listing, Marker, ModelRepository,
    Precondition, Purged, RepositoryError, Revision, StoredModel,
};
use crate::model::{ModelDefinition, ModelId, ModelKey, RegistryInfo, Timestamp};

/// Reads as what it wraps does, and writes only while this process holds a lock on a file: of
/// several processes on one data folder the first that writes is the one that may, until it ends.
pub(crate) struct SoleWriter {
    inner: Arc<dyn ModelRepository>,
    file: PathBuf,
    lock: OnceCell<File>,
}

impl SoleWriter {
    /// `file` is made when it is first locked. Its file system needs file locks, as that of the
    /// user database does.
    pub(crate) fn new(inner: Arc<dyn ModelRepository>, file: PathBuf) -> Self {
        Self {
            inner,
            file,
            lock: OnceCell::new(),
        }
    }

    /// Makes this process the one that writes, if none is; says whether it is.
    pub(crate) async fn claim(&self) -> Result<bool, RepositoryError> {
        let claimed = self.lock.get_or_try_init(async || {
            let file = self.file.clone();
            let locking = tokio::task::spawn_blocking(move || lock(&file)).await;
            locking.map_err(|error| Some(RepositoryError::Internal(error.into())))?
        });
        match claimed.await {
            Ok(_) => Ok(true),
            Err(None) => Ok(false),
            Err(Some(error)) => Err(error),
        }
    }

    /// Before anything is written.
    async fn write(&self) -> Result<&dyn ModelRepository, RepositoryError> {
        match self.claim().await? {
            true => Ok(&*self.inner),
            false => Err(RepositoryError::Unavailable {
                message: IN_USE.to_owned(),
                source: None,
            }),
        }
    }
}

const IN_USE: &str = "another process writes to it, and STORAGE_SINGLE_WRITER lets one alone; change models in the \
     dashboard or by the API of the server that runs, or end it first";

/// The locked file; no error if another process has locked it.
fn lock(path: &Path) -> Result<File, Option<RepositoryError>> {
    let failed = |error: std::io::Error| {
        Some(RepositoryError::Unavailable {
            message: format!("{} cannot be locked: {error}", path.display()),
            source: Some(error.into()),
        })
    };
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let file = options.open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

impl fmt::Debug for SoleWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoleWriter")
            .field("inner", &self.inner)
            .field("writes", &self.lock.initialized())
            .finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ModelRepository for SoleWriter {
    async fn list(&self) -> Result<Listing, RepositoryError> {
        self.inner.list().await
    }

    async fn get(&self, key: &ModelKey) -> Result<StoredModel, RepositoryError> {
        self.inner.get(key).await
    }

    async fn get_many(&self, keys: &[ModelKey]) -> Vec<Result<StoredModel, RepositoryError>> {
        self.inner.get_many(keys).await
    }

    async fn put(
        &self,
        key: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        let inner = self.write().await?;
        inner.put(key, content, precondition, change).await
    }

    async fn delete(
        &self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        let inner = self.write().await?;
        inner.delete(key, precondition, change).await
    }

    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        let inner = self.write().await?;
        inner.rename(from, to, content, precondition, change).await
    }

    async fn revisions(&self, id: &ModelId) -> Result<Vec<u64>, RepositoryError> {
        self.inner.revisions(id).await
    }

    async fn revision(&self, id: &ModelId, number: u64) -> Result<Revision, RepositoryError> {
        self.inner.revision(id, number).await
    }

    async fn history(
        &self,
        id: &ModelId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Archived>, RepositoryError> {
        self.inner.history(id, before, limit).await
    }

    async fn identify(&self, key: &ModelKey) -> Result<Option<ModelId>, RepositoryError> {
        self.inner.identify(key).await
    }

    async fn carried(&self, key: &ModelKey) -> Result<Option<RegistryInfo>, RepositoryError> {
        self.inner.carried(key).await
    }

    /// Left to the process that writes: looking at models makes none the one that does.
    async fn reconcile(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        match self.lock.initialized() {
            true => self.inner.reconcile(stored).await,
            false => Ok(false),
        }
    }

    async fn note_removed(
        &self,
        key: &ModelKey,
        noticed: Timestamp,
    ) -> Result<bool, RepositoryError> {
        match self.lock.initialized() {
            true => self.inner.note_removed(key, noticed).await,
            false => Ok(false),
        }
    }

    async fn marker(&self) -> Result<Marker, RepositoryError> {
        self.inner.marker().await
    }

    fn is_own_work(&self, since: &Marker, now: &Marker) -> bool {
        self.inner.is_own_work(since, now)
    }

    fn finished_moves(&self) -> Vec<FinishedMove> {
        self.inner.finished_moves()
    }

    async fn inventory(&self) -> Result<Inventory, RepositoryError> {
        self.inner.inventory().await
    }

    async fn histories(&self) -> Result<Vec<ModelId>, RepositoryError> {
        self.inner.histories().await
    }

    async fn noted(&self, key: &ModelKey) -> Result<Option<ModelId>, RepositoryError> {
        self.inner.noted(key).await
    }

    async fn is_moving(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        self.inner.is_moving(stored).await
    }

    fn can_purge(&self) -> bool {
        self.inner.can_purge()
    }

    async fn purge(&self, tombstone: &StoredModel) -> Result<Purged, RepositoryError> {
        self.write().await?.purge(tombstone).await
    }

    async fn remove_left_over(&self, left: &LeftOver) -> Result<(), RepositoryError> {
        self.write().await?.remove_left_over(left).await
    }

    async fn probe(&self) -> Result<(), RepositoryError> {
        self.write().await?.probe().await
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::repository::ObjectRepository;

    #[tokio::test]
    async fn the_first_that_writes_is_the_only_one_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let models = Arc::new(ObjectRepository::in_memory());
        let process = || SoleWriter::new(models.clone(), folder.path().join("writer.lock"));
        let (server, command) = (process(), process());
        // Reading claims nothing.
        assert!(command.list().await.unwrap().models.is_empty());
        server.probe().await.unwrap();

        let refused = command.probe().await.unwrap_err();
        assert!(matches!(refused, RepositoryError::Unavailable { .. }));
        assert!(refused.to_string().contains("STORAGE_SINGLE_WRITER"));
        assert!(command.list().await.is_ok());

        drop(server);
        command.probe().await.unwrap();
    }
}
