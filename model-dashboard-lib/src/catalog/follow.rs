//! Following the repository in the background.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream;

use super::fetch::blocking;
use super::refresh::Following;
use super::{Catalog, lock, snapshot};
use crate::model::ModelKey;
use crate::repository::RepositoryError;

/// How many objects are checked for something undone at each look.
const CHECKS: usize = 64;

/// How many of them at a time.
const CHECKS_AT_A_TIME: usize = 4;

/// The shortest time between two snapshots while running.
const SAVE_GAP: Duration = Duration::from_secs(5 * 60);

impl Catalog {
    /// Follows the repository until `shutdown`, then writes the snapshot. Loads the catalogue
    /// first if it is not loaded. Never fails: see [`Catalog::state`].
    pub async fn follow(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let mut saved: Option<Instant> = None;
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = self.look() => {}
            }
            // Outside of the choice: a snapshot once begun is finished.
            if self.is_worth_saving() && saved.is_none_or(|saved| saved.elapsed() >= SAVE_GAP) {
                self.save().await;
                saved = Some(Instant::now());
            }
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = tokio::time::sleep(self.inner.options.look_every) => {}
            }
        }
        self.save().await;
    }

    /// Looks at the change marker once, and does what follows from it and from the time.
    pub(crate) async fn look(&self) {
        if self.state().loaded_at.is_none() {
            let may_try = {
                let following = self.inner.following.lock().await;
                following.schedule.may_try(Instant::now())
            };
            if !may_try || self.load().await.is_err() {
                return;
            }
        }
        let mut following = self.inner.following.lock().await;
        let unfinished = std::mem::take(&mut lock(&self.inner.writing).unfinished);
        following.unchecked.extend(unfinished);
        let marker = self.ask_marker().await;
        self.note(&marker, false);
        let Ok(marker) = marker else { return };
        let mut changed = following.marker.as_ref() != Some(&marker);
        if let Some(since) = &following.marker
            && changed
            && self.inner.repository.is_own_work(since, &marker)
        {
            // What this process writes enters by itself.
            following.marker = Some(marker);
            changed = false;
        }
        let recovering = self.state().failing.is_some();
        let now = Instant::now();
        if recovering && !following.schedule.may_try(now) {
            return;
        }
        if (recovering || following.schedule.is_due(now, changed))
            && self.refresh_with(&mut following).await.is_err()
        {
            return;
        }
        self.note_unsaid(&mut following).await;
        self.check_some(&mut following).await;
        self.note_some_removed(&mut following).await;
        self.read_ahead(&mut following).await;
    }

    /// Completes what a crashed or a foreign writer left undone, for some of the objects.
    async fn check_some(&self, following: &mut Following) {
        let count = following.unchecked.len().min(CHECKS);
        let keys: Vec<ModelKey> = following.unchecked.drain(..count).collect();
        let away = AtomicBool::new(false);
        let check = async |key: ModelKey| {
            let result = self.ask_to_reconcile(&key);
            let result = unless_away(&away, result).await;
            (key, result)
        };
        let mut checks = stream::iter(keys)
            .map(check)
            .buffer_unordered(CHECKS_AT_A_TIME);
        while let Some((key, result)) = checks.next().await {
            match result {
                Some(Ok(true)) => {
                    tracing::info!(model.key = %key, "completed the history of a model");
                }
                // It is gone, or changed again: then another look follows.
                Some(
                    Ok(false)
                    | Err(RepositoryError::NotFound { .. } | RepositoryError::Conflict { .. }),
                ) => {}
                Some(Err(RepositoryError::Unavailable { .. })) | None => {
                    following.unchecked.push_back(key);
                }
                Some(Err(error)) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(model.key = %key, error, "the history cannot be completed");
                }
            }
        }
    }

    /// Writes into some histories that others removed the model.
    async fn note_some_removed(&self, following: &mut Following) {
        let count = following.removed.len().min(CHECKS);
        let removed: Vec<_> = following.removed.drain(..count).collect();
        let away = AtomicBool::new(false);
        for (key, noticed) in removed {
            let result = self.ask_to_note_removed(&key, noticed);
            match unless_away(&away, result).await {
                Some(Ok(_)) => {}
                Some(Err(RepositoryError::Unavailable { .. })) | None => {
                    following.removed.push_back((key, noticed));
                }
                Some(Err(error)) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(model.key = %key, error, "a removal cannot be put into the history");
                }
            }
        }
    }

    /// Whether so much changed that the next start would be noticeably slower without a snapshot.
    fn is_worth_saving(&self) -> bool {
        let unsaved = lock(&self.inner.writing).unsaved;
        let known = self.current().keys.len();
        unsaved > known / 50 && unsaved >= 100
    }

    /// Writes the snapshot now, if one is configured and anything changed since the last one.
    /// A failure is logged: the next start is slower, that is all.
    pub async fn save(&self) {
        let Some(path) = self.inner.options.snapshot.clone() else {
            return;
        };
        let unsaved = std::mem::take(&mut lock(&self.inner.writing).unsaved);
        if unsaved == 0 || self.state().loaded_at.is_none() {
            return;
        }
        let picture = self.current();
        let location = self.inner.repository.location();
        let shown = path.display().to_string();
        let written = blocking(move || snapshot::write(&path, &location, &picture)).await;
        if let Ok(Err(error)) = written {
            lock(&self.inner.writing).unsaved += unsaved;
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                file.path = shown,
                error,
                "the catalogue's snapshot cannot be written"
            );
        }
    }
}

/// Asks the repository unless it was `away` when it was asked before. Each answer that does not come
/// is waited for, and so long nobody sees that it does not: the rest is for another look.
async fn unless_away<T>(
    away: &AtomicBool,
    answer: impl Future<Output = Result<T, RepositoryError>>,
) -> Option<Result<T, RepositoryError>> {
    if away.load(Ordering::Relaxed) {
        return None;
    }
    let answer = answer.await;
    if let Err(RepositoryError::Unavailable { .. }) = &answer {
        away.store(true, Ordering::Relaxed);
    }
    Some(answer)
}
