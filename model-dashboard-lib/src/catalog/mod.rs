//! The catalogue: an in-memory, sorted, searchable picture of a repository.
//!
//! Lists, searches and counts never read the repository. They read the present [`Picture`], which
//! is swapped as a whole: a reader keeps the one it took and never waits. The catalogue follows
//! the repository in three ways:
//! - what this process writes enters at once ([`Catalog::apply`]);
//! - what others write is found by a change marker that is looked at every few seconds, and by a
//!   full listing at an interval that grows with its cost ([`Catalog::follow`]); only objects that
//!   a listing shows in another state are read, 64 at a time;
//! - a restart begins from a snapshot, of which only entries count that the listing confirms
//!   ([`Catalog::load`]).
//!
//! An object that cannot be read does no harm to the others: it is listed as broken, with the
//! reason. While the repository does not answer, the last picture stands (that of the last run, where
//! it did not answer from the start), with as many whole definitions as there is room for, and
//! [`Catalog::state`] says since when and why.

mod ahead;
mod asking;
mod bits;
mod bodies;
mod difference;
mod edit;
mod entry;
mod fetch;
mod follow;
mod gathered;
mod left_out;
mod near;
mod order;
mod outside;
mod picture;
mod places;
mod query;
mod refresh;
mod schedule;
mod search;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use self::bodies::Bodies;
use self::edit::Edit;
use self::entry::Fresh;
use self::outside::Noticed;
use self::refresh::Following;
use crate::model::{ModelKey, Timestamp};
use crate::repository::{ModelRepository, RepositoryError, StoredModel};

pub use self::entry::{Entry, EntryState, Tombstone};
pub use self::left_out::LeftOut;
pub use self::order::{Sort, SortBy};
pub(crate) use self::outside::{Outside, OutsideChange, OutsideCounts};
pub use self::picture::{Counts, MOST_RENAMES, Picture};
pub use self::query::{Cursor, CursorError, Page, Query, StateFilter};

/// How many writes may wait to be completed; the next writer completes what finds no place.
const MAX_UNFINISHED: usize = 10_000;

/// In place of a time: the repository answers.
const ANSWERS: i64 = i64::MAX;

/// Settings of a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogOptions {
    /// The file of the snapshot; its folder is made where it is missing. `None`: no snapshot.
    pub snapshot: Option<PathBuf>,
    /// How much room whole definitions may take in memory, in bytes.
    pub body_bytes: usize,
    /// How often the change marker is looked at.
    pub look_every: Duration,
    /// How long the repository may take for a small answer; for many objects it may take 4 times,
    /// for a listing 20 times as long. Then it counts as not answering.
    pub answer_within: Duration,
}

/// No snapshot, 16 MiB of definitions, a look every 2 seconds, small answers within 30 seconds.
impl Default for CatalogOptions {
    fn default() -> Self {
        Self {
            snapshot: None,
            body_bytes: 16 << 20,
            look_every: Duration::from_secs(2),
            answer_within: Duration::from_secs(30),
        }
    }
}

/// How well the catalogue knows the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogState {
    /// When the first picture was complete; `None` before.
    pub loaded_at: Option<Timestamp>,
    /// When the repository answered last.
    pub last_success: Option<Timestamp>,
    /// Set while it does not answer: the picture may be out of date.
    pub failing: Option<Failing>,
}

/// That the repository does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Since when.
    pub since: Timestamp,
    /// Why, fit for people to read.
    pub message: String,
}

/// An in-memory picture of a repository that follows it. Cheap to clone; clones are the same
/// catalogue.
#[derive(Clone, Debug)]
pub struct Catalog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    repository: Arc<dyn ModelRepository>,
    options: CatalogOptions,
    picture: ArcSwap<Picture>,
    writing: Mutex<Writing>,
    following: tokio::sync::Mutex<Following>,
    state: Mutex<CatalogState>,
    /// Since when the repository has not answered, in microseconds, as in `state`; `ANSWERS` while
    /// it does. For those who look at it with every request.
    stale: AtomicI64,
    left_out: ArcSwap<LeftOut>,
    bodies: Bodies,
}

/// What those who change the picture share; whoever changes it holds the lock.
#[derive(Debug, Default)]
struct Writing {
    /// The keys written by this process since the running refresh began: what the refresh saw of
    /// them may be older. `None` while there is none.
    written: Option<HashSet<ModelKey>>,
    /// How many entries changed since the last snapshot.
    unsaved: usize,
    /// What this process wrote and could not complete.
    unfinished: Vec<ModelKey>,
    /// What others did.
    noticed: Noticed,
}

impl Catalog {
    /// An empty catalogue; [`Catalog::load`] fills it.
    #[must_use]
    pub fn new(repository: Arc<dyn ModelRepository>, options: CatalogOptions) -> Self {
        let bodies = Bodies::new(options.body_bytes);
        let inner = Inner {
            repository,
            options,
            picture: ArcSwap::default(),
            writing: Mutex::default(),
            following: tokio::sync::Mutex::default(),
            state: Mutex::default(),
            stale: AtomicI64::new(ANSWERS),
            left_out: ArcSwap::default(),
            bodies,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The present picture. Never waits.
    #[must_use]
    pub fn current(&self) -> Arc<Picture> {
        self.inner.picture.load_full()
    }

    /// Whether the repository was looked through once.
    pub(crate) fn is_loaded(&self) -> bool {
        lock(&self.inner.state).loaded_at.is_some()
    }

    /// How well the catalogue knows the repository.
    #[must_use]
    pub fn state(&self) -> CatalogState {
        lock(&self.inner.state).clone()
    }

    /// Since when the repository has not answered, if it does not. Costs next to nothing.
    #[must_use]
    pub fn stale_since(&self) -> Option<Timestamp> {
        let since = self.inner.stale.load(Ordering::Relaxed);
        (since != ANSWERS).then(|| Timestamp::from_unix_micros(since))
    }

    /// What the last listing found that no list of models shows.
    #[must_use]
    pub fn left_out(&self) -> Arc<LeftOut> {
        self.inner.left_out.load_full()
    }

    /// Enters what this process has just written (or deleted: a tombstone). It shows at once, and
    /// a refresh that looked before the write does not bring the older state back. A state with a
    /// lower revision number than the one known is left out.
    ///
    /// Cost with 100,000 models: some milliseconds at most, without waiting for the repository.
    pub fn apply(&self, stored: &StoredModel) {
        self.apply_all(std::slice::from_ref(stored));
    }

    /// Enters many writes at the cost of little more than one.
    pub fn apply_all(&self, stored: &[StoredModel]) {
        self.enter(stored.iter().map(Fresh::read).collect());
        self.keep_bodies(stored);
    }

    /// Enters a rename: `stored` is what the repository answered, `from` the key that it had.
    pub fn apply_rename(&self, from: &ModelKey, stored: &StoredModel) {
        let fresh = Fresh::read(stored);
        let left = Fresh::moved_away(from, &fresh.entry);
        self.enter(vec![fresh, left]);
        self.keep_bodies(std::slice::from_ref(stored));
    }

    /// Takes out a tombstone that this process has just removed for good. What was written at its
    /// key meanwhile stays.
    pub(crate) fn forget(&self, tombstone: &StoredModel) {
        let key = &tombstone.key;
        let mut writing = lock(&self.inner.writing);
        let picture = self.current();
        let is_it = picture.known(key).is_some_and(|known| {
            // The mark of a rename was entered without being read.
            let unread = || known.id() == Fresh::read(tombstone).entry.id();
            known.tombstone().is_some()
                && known
                    .version()
                    .map_or_else(unread, |it| it == tombstone.version)
        });
        if !is_it {
            return;
        }
        if let Some(written) = &mut writing.written {
            written.insert(key.clone());
        }
        writing.unsaved += 1;
        let edits = vec![Edit::Remove(key.clone())];
        self.inner.picture.store(Arc::new(picture.with(edits)));
    }

    /// Notes that a write of this process is done, but its history not complete: the one who
    /// follows the repository completes it as soon as that answers.
    pub(crate) fn complete_later(&self, key: &ModelKey) {
        let mut writing = lock(&self.inner.writing);
        if writing.unfinished.len() < MAX_UNFINISHED {
            writing.unfinished.push(key.clone());
        }
    }

    fn enter(&self, fresh: Vec<Fresh>) {
        let mut writing = lock(&self.inner.writing);
        let picture = self.current();
        let is_news = |fresh: &Fresh| {
            let known = picture.known(&fresh.entry.key);
            !known.is_some_and(|known| known.is_later_than(&fresh.entry))
        };
        let edits: Vec<Edit> = fresh.into_iter().filter(is_news).map(Edit::Put).collect();
        if let Some(written) = &mut writing.written {
            written.extend(edits.iter().map(|edit| edit.key().clone()));
        }
        writing.unsaved += edits.len();
        if self.is_loaded() {
            writing.notice(&picture, &edits);
        }
        self.inner.picture.store(Arc::new(picture.with(edits)));
    }

    fn keep_bodies(&self, stored: &[StoredModel]) {
        stored
            .iter()
            .for_each(|stored| self.inner.bodies.put(Arc::new(stored.clone())));
    }

    /// The whole definition at a key, from memory where it is the state that the picture shows,
    /// otherwise read from the repository. What is read may be newer than the picture, even a
    /// tombstone.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] for what the picture does not show, without asking the
    /// repository; otherwise as [`ModelRepository::get`], in the time for a small answer.
    pub async fn body(&self, key: &ModelKey) -> Result<Arc<StoredModel>, RepositoryError> {
        let known = self.current().get(key);
        let entry = known.ok_or_else(|| RepositoryError::NotFound { key: key.clone() })?;
        self.body_of(&entry).await
    }

    /// The definition at a key, if it is that of a model and in memory.
    pub(crate) fn known_body_at(&self, network_type: &str, name: &str) -> Option<Arc<StoredModel>> {
        let picture = self.inner.picture.load();
        let entry = picture.visible(network_type, name)?;
        if entry.broken().is_some() {
            return None;
        }
        self.known_body_of(entry)
    }

    /// The definition of an entry, if it is in memory.
    pub(crate) fn known_body_of(&self, entry: &Entry) -> Option<Arc<StoredModel>> {
        self.inner.bodies.get(entry.key(), entry.version()?)
    }

    /// [`Catalog::body`] of an entry that was looked up already.
    ///
    /// # Errors
    /// As [`Catalog::body`].
    pub(crate) async fn body_of(&self, entry: &Entry) -> Result<Arc<StoredModel>, RepositoryError> {
        if let Some(body) = self.known_body_of(entry) {
            return Ok(body);
        }
        let body = Arc::new(self.ask_one(entry.key()).await?);
        self.inner.bodies.put(body.clone());
        Ok(body)
    }
}

/// Locks what no panic can leave half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
