//! What is kept for times in which the repository does not answer: definitions that nobody has asked
//! for yet, and the picture of the last run.

use std::collections::VecDeque;
use std::sync::Arc;

use super::difference::SnapshotOf;
use super::entry::{Entry, Fresh};
use super::fetch::blocking;
use super::gathered::Gathered;
use super::picture::Picture;
use super::refresh::Following;
use super::{Catalog, Failing, lock, snapshot};
use crate::model::{ModelKey, Timestamp};
use crate::repository::{RepositoryError, StoredModel};

/// How many definitions are read ahead in all, and at each look.
const AHEAD: usize = 16_384;
const AT_A_LOOK: usize = 512;

impl Catalog {
    /// Keeps a definition that was just read, if there is room without dropping another.
    pub(super) fn keep(&self, stored: StoredModel, fresh: &Fresh) {
        if is_served(&fresh.entry) {
            self.inner.bodies.offer(Arc::new(stored));
        }
    }

    /// The models whose definitions are not in memory, those first that may run.
    pub(super) fn unread_ahead(&self) -> VecDeque<ModelKey> {
        let picture = self.current();
        let of = |enabled: bool| {
            let wanted = move |entry: &&Arc<Entry>| entry.enabled() == enabled && is_served(entry);
            let missing = |entry: &&Arc<Entry>| self.known_body_of(entry).is_none();
            picture.entries().filter(wanted).filter(missing)
        };
        let keys = of(true).chain(of(false)).map(|entry| entry.key.clone());
        keys.take(AHEAD).collect()
    }

    /// Reads some of the definitions that are not in memory, until there is no room.
    pub(super) async fn read_ahead(&self, following: &mut Following) {
        let count = following.ahead.len().min(AT_A_LOOK);
        if count == 0 {
            return;
        }
        let keys: Vec<ModelKey> = following.ahead.drain(..count).collect();
        for stored in self.ask_many(&keys).await.into_iter().flatten() {
            if !self.inner.bodies.offer(Arc::new(stored)) {
                following.ahead.clear();
                return;
            }
        }
    }

    /// Shows what was known when the last run ended, where nothing is known yet because of `error`.
    /// Every object is compared as soon as the repository answers.
    pub(super) async fn recall(&self, from: SnapshotOf, error: &RepositoryError) {
        let is_away = matches!(error, RepositoryError::Unavailable { .. });
        if self.is_loaded() || !is_away {
            return;
        }
        let read = blocking(move || read(&from)).await;
        let Ok(Some((picture, saved))) = read else {
            return;
        };
        let _writing = lock(&self.inner.writing);
        let nothing_yet = self.current().keys.is_empty() && !self.is_loaded();
        if !nothing_yet {
            return;
        }
        let models = picture.len();
        self.inner.picture.store(Arc::new(picture));
        let mut state = lock(&self.inner.state);
        state.loaded_at = Some(Timestamp::now());
        state.failing = Some(Failing {
            since: saved,
            message: error.to_string(),
        });
        let error: &dyn std::error::Error = error;
        tracing::warn!(
            error,
            since = %saved,
            models,
            "the model store does not answer; what was known when the catalogue was saved is shown"
        );
    }
}

/// Whether jobs and people get the definition of an entry.
fn is_served(entry: &Entry) -> bool {
    entry.is_visible() && entry.broken().is_none()
}

/// The picture that a snapshot holds and when it was written; `None` if it is of no use.
fn read(from: &SnapshotOf) -> Option<(Picture, Timestamp)> {
    let written = std::fs::metadata(&from.path).and_then(|file| file.modified());
    let saved = Timestamp::from(written.ok()?);
    // As exact as `stale` is.
    let saved = Timestamp::from_unix_micros(saved.unix_micros());
    let mut gathered = Gathered::default();
    snapshot::read(&from.path, &from.location, |fresh| gathered.push(fresh)).ok()?;
    (gathered.len() > 0).then(|| (Picture::of(gathered), saved))
}
