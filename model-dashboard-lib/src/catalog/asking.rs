//! Asking the repository, which may take a bounded time to answer.
//!
//! A file system that hangs never answers. Whoever follows it must go on, and say so.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use super::Catalog;
use crate::model::{ModelId, ModelKey, RegistryInfo, Timestamp};
use crate::repository::{
    Archived, Inventory, LeftOver, Listing, Marker, Purged, RepositoryError, Revision, StoredModel,
};

/// How much longer than a small answer many objects, and a listing, may take.
const MANY: u32 = 4;
const LISTING: u32 = 20;

/// How long those who ask for one thing wait for a repository that is known not to answer.
const HURRIED: Duration = Duration::from_secs(2);

/// How many of the objects that could not be read are asked for once more.
const ASKED_AGAIN: usize = 64;

impl Catalog {
    pub(crate) async fn ask_marker(&self) -> Result<Marker, RepositoryError> {
        let limit = self.inner.options.answer_within;
        within(limit, self.inner.repository.marker()).await
    }

    pub(crate) async fn ask_listing(&self) -> Result<Listing, RepositoryError> {
        let limit = self.inner.options.answer_within.saturating_mul(LISTING);
        within(limit, self.inner.repository.list()).await
    }

    /// How long a small answer may take.
    pub(crate) fn answer_within(&self) -> Duration {
        self.inner.options.answer_within
    }

    /// How often the change marker is looked at.
    pub(crate) fn look_every(&self) -> Duration {
        self.inner.options.look_every
    }

    /// How long a small answer may take that somebody waits for.
    fn waiting(&self) -> Duration {
        let limit = self.inner.options.answer_within;
        match self.stale_since() {
            Some(_) => limit.min(HURRIED),
            None => limit,
        }
    }

    /// [`ModelRepository::get`](crate::repository::ModelRepository::get) in bounded time.
    pub(crate) async fn ask_one(&self, key: &ModelKey) -> Result<StoredModel, RepositoryError> {
        let limit = self.waiting();
        within(limit, self.inner.repository.get(key)).await
    }

    /// [`ModelRepository::history`](crate::repository::ModelRepository::history) in bounded time.
    pub(crate) async fn ask_history(
        &self,
        id: &ModelId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Archived>, RepositoryError> {
        let time = self.waiting().saturating_mul(MANY);
        within(time, self.inner.repository.history(id, before, limit)).await
    }

    /// [`ModelRepository::revision`](crate::repository::ModelRepository::revision) in bounded time.
    pub(crate) async fn ask_revision(
        &self,
        id: &ModelId,
        number: u64,
    ) -> Result<Revision, RepositoryError> {
        let time = self.waiting();
        within(time, self.inner.repository.revision(id, number)).await
    }

    /// [`ModelRepository::identify`](crate::repository::ModelRepository::identify) in bounded time.
    pub(crate) async fn ask_identity(
        &self,
        key: &ModelKey,
    ) -> Result<Option<ModelId>, RepositoryError> {
        let time = self.waiting();
        within(time, self.inner.repository.identify(key)).await
    }

    /// [`ModelRepository::carried`](crate::repository::ModelRepository::carried) in bounded time.
    pub(crate) async fn ask_carried(
        &self,
        key: &ModelKey,
    ) -> Result<Option<RegistryInfo>, RepositoryError> {
        let time = self.waiting();
        within(time, self.inner.repository.carried(key)).await
    }

    /// [`ModelRepository::inventory`](crate::repository::ModelRepository::inventory) in bounded time.
    pub(crate) async fn ask_inventory(&self) -> Result<Inventory, RepositoryError> {
        let limit = self.inner.options.answer_within.saturating_mul(LISTING);
        within(limit, self.inner.repository.inventory()).await
    }

    /// [`ModelRepository::histories`](crate::repository::ModelRepository::histories) in bounded time.
    pub(crate) async fn ask_histories(&self) -> Result<Vec<ModelId>, RepositoryError> {
        let limit = self.inner.options.answer_within.saturating_mul(LISTING);
        within(limit, self.inner.repository.histories()).await
    }

    /// [`ModelRepository::noted`](crate::repository::ModelRepository::noted) in bounded time.
    pub(crate) async fn ask_note(
        &self,
        key: &ModelKey,
    ) -> Result<Option<ModelId>, RepositoryError> {
        let limit = self.waiting();
        within(limit, self.inner.repository.noted(key)).await
    }

    /// [`ModelRepository::is_moving`](crate::repository::ModelRepository::is_moving) in bounded time.
    pub(crate) async fn ask_whether_moving(
        &self,
        stored: &StoredModel,
    ) -> Result<bool, RepositoryError> {
        let limit = self.waiting();
        within(limit, self.inner.repository.is_moving(stored)).await
    }

    /// [`ModelRepository::purge`](crate::repository::ModelRepository::purge) in bounded time.
    pub(crate) async fn ask_to_purge(
        &self,
        tombstone: &StoredModel,
    ) -> Result<Purged, RepositoryError> {
        let limit = self.inner.options.answer_within.saturating_mul(MANY);
        within(limit, self.inner.repository.purge(tombstone)).await
    }

    /// Removes what was left over, in bounded time.
    pub(crate) async fn ask_to_remove(&self, left: &LeftOver) -> Result<(), RepositoryError> {
        let limit = self.inner.options.answer_within;
        within(limit, self.inner.repository.remove_left_over(left)).await
    }

    /// Asks for many objects, and once more for some that could not be read the first time.
    pub(crate) async fn ask_many(
        &self,
        keys: &[ModelKey],
    ) -> Vec<Result<StoredModel, RepositoryError>> {
        let limit = self.inner.options.answer_within.saturating_mul(MANY);
        let Ok(mut results) = timeout(limit, self.inner.repository.get_many(keys)).await else {
            return keys.iter().map(|_| Err(no_answer(limit))).collect();
        };
        let again = async {
            let failed = results.iter_mut().zip(keys);
            let failed = failed
                .filter(|(result, _)| matches!(result, Err(RepositoryError::Unavailable { .. })))
                .take(ASKED_AGAIN);
            for (result, key) in failed {
                *result = self.inner.repository.get(key).await;
            }
        };
        // What was not asked for again in time stays as it is.
        let _ = timeout(limit, again).await;
        results
    }

    /// [`ModelRepository::note_removed`](crate::repository::ModelRepository::note_removed) in bounded
    /// time.
    pub(crate) async fn ask_to_note_removed(
        &self,
        key: &ModelKey,
        noticed: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let limit = self.inner.options.answer_within.saturating_mul(MANY);
        within(limit, self.inner.repository.note_removed(key, noticed)).await
    }

    /// Completes what was left undone for one object.
    pub(crate) async fn ask_to_reconcile(&self, key: &ModelKey) -> Result<bool, RepositoryError> {
        let limit = self.inner.options.answer_within.saturating_mul(MANY);
        let reconcile = async {
            let stored = self.inner.repository.get(key).await?;
            self.inner.repository.reconcile(&stored).await
        };
        within(limit, reconcile).await
    }
}

async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, RepositoryError>>,
) -> Result<T, RepositoryError> {
    timeout(limit, answer)
        .await
        .unwrap_or_else(|_| Err(no_answer(limit)))
}

fn no_answer(limit: Duration) -> RepositoryError {
    RepositoryError::Unavailable {
        message: format!("no answer within {} s", limit.as_secs()),
        source: None,
    }
}
