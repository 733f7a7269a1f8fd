//! Bringing the picture up to date with a listing.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::difference::{Difference, SnapshotOf};
use super::edit::Edit;
use super::entry::Entry;
use super::fetch::blocking;
use super::gathered::Gathered;
use super::picture::Picture;
use super::schedule::Schedule;
use super::{ANSWERS, Catalog, Failing, lock};
use crate::model::{ModelKey, NetworkType, Timestamp};
use crate::repository::{Marker, RepositoryError, UnreadableType};

/// How many of the objects found at the very first load are checked for an unfinished write.
const CHECKED_AT_FIRST: usize = 64;

/// How many objects may wait to be completed; the next writer completes what finds no place.
const MAX_UNCHECKED: usize = 10_000;

/// How often it is asked which keys are noted, where the store does not answer.
const ASKS_FOR_NOTES: usize = 10;

/// How many of the objects that this process wrote during a listing are read again in one go.
const READ_AGAIN: usize = 128;

/// What the one who refreshes remembers between refreshes.
#[derive(Debug, Default)]
pub(super) struct Following {
    /// The marker as it was before the last listing; `None`: look again in any case.
    pub(super) marker: Option<Marker>,
    pub(super) schedule: Schedule,
    /// Objects in which another writer, or a crashed one of ours, may have left something undone.
    pub(super) unchecked: VecDeque<ModelKey>,
    /// How often it may still be asked which keys are noted, to put what lies there and does not say
    /// whose it is among these.
    asks: usize,
    /// Models whose objects others removed, and when that was seen, to be noted in their histories.
    pub(super) removed: VecDeque<(ModelKey, Timestamp)>,
    /// Models whose definitions are to be read before anybody asks for them.
    pub(super) ahead: VecDeque<ModelKey>,
    /// Network types that the last listing could not read.
    unreadable: HashSet<NetworkType>,
    /// Objects that the last refresh could not read.
    unread: HashSet<ModelKey>,
}

impl Catalog {
    /// Fills the catalogue: takes the entries of the snapshot that a listing confirms, and reads
    /// everything else. Cost without a snapshot: one read for each object.
    ///
    /// # Errors
    /// Those of [`ModelRepository::list`](crate::repository::ModelRepository::list); an object
    /// that cannot be read is no error, it is listed as broken. Afterwards the catalogue is as it
    /// was, and may be loaded again; but where the repository does not answer and nothing is known
    /// yet, it shows what the snapshot holds, and [`Catalog::state`] says that it is old.
    pub async fn load(&self) -> Result<(), RepositoryError> {
        let mut following = self.inner.following.lock().await;
        let location = self.inner.repository.location();
        let path = self.inner.options.snapshot.clone();
        let snapshot = path.map(|path| SnapshotOf { path, location });
        let result = self.update(&mut following, snapshot.clone()).await;
        if let (Err(error), Some(snapshot)) = (&result, snapshot) {
            self.recall(snapshot, error).await;
        }
        self.note(&result, true);
        following.ahead = self.unread_ahead();
        result
    }

    /// Lists the repository and brings the picture up to date. Cost: one listing, and one read
    /// for each object that changed.
    ///
    /// # Errors
    /// As [`Catalog::load`]; the picture stays as it is.
    pub async fn refresh(&self) -> Result<(), RepositoryError> {
        let mut following = self.inner.following.lock().await;
        self.refresh_with(&mut following).await
    }

    pub(super) async fn refresh_with(
        &self,
        following: &mut Following,
    ) -> Result<(), RepositoryError> {
        let result = self.update(following, None).await;
        self.note(&result, true);
        result
    }

    /// Remembers whether the repository answers. Only a listing ends a failure: a store may give
    /// the marker and nothing else.
    pub(super) fn note<T>(&self, result: &Result<T, RepositoryError>, listed: bool) {
        let now = Timestamp::now();
        let mut state = lock(&self.inner.state);
        match result {
            Ok(_) => {
                state.last_success = Some(now);
                if listed {
                    state.loaded_at.get_or_insert(now);
                    if state.failing.take().is_some() {
                        tracing::info!("the model store answers again");
                    }
                }
            }
            Err(error) => {
                let message = error.to_string();
                if state.failing.is_none() {
                    let error: &dyn std::error::Error = error;
                    // A target of its own, for programs that tell it in another way.
                    tracing::warn!(
                        target: "model_dashboard::unanswered",
                        error,
                        "the model store does not answer"
                    );
                }
                let since = state.failing.as_ref().map_or(now, |failing| failing.since);
                state.failing = Some(Failing { since, message });
            }
        }
        let since = state.failing.as_ref().map(|failing| failing.since);
        let since = since.map_or(ANSWERS, Timestamp::unix_micros);
        self.inner.stale.store(since, Ordering::Relaxed);
    }

    async fn update(
        &self,
        following: &mut Following,
        snapshot: Option<SnapshotOf>,
    ) -> Result<(), RepositoryError> {
        let began = Instant::now();
        // In this order: what is written after either of these lines is seen by the next refresh
        // or is left to whoever wrote it.
        let marker = self.ask_marker().await?;
        let result = self.update_since(marker, began, following, snapshot).await;
        if result.is_err() {
            following.schedule.failed(Instant::now());
        }
        result
    }

    async fn update_since(
        &self,
        marker: Marker,
        began: Instant,
        following: &mut Following,
        snapshot: Option<SnapshotOf>,
    ) -> Result<(), RepositoryError> {
        lock(&self.inner.writing).written = Some(HashSet::new());
        let listing = self.ask_listing().await?;

        let picture = self.current();
        let empty = picture.keys.is_empty();
        let find = move || {
            let mut difference = Difference::find(listing, &picture);
            snapshot
                .iter()
                .for_each(|snapshot| difference.confirm(snapshot, &picture));
            difference
        };
        let Difference {
            confirmed,
            changed,
            mut gone,
            left_out,
        } = blocking(find).await?;
        let known = confirmed.len();
        let mut fetched = self.fetch(changed, confirmed, &following.unread).await?;
        gone.append(&mut fetched.gone);

        let news = fetched.gathered.entries().skip(known);
        following.note_unchecked(news, empty && known == 0);
        following.note_removed(&gone, &self.current());
        let catalog = self.clone();
        let commit = move || catalog.commit(fetched.gathered, known, gone);
        let overtaken = blocking(commit).await?;
        let all_entered = self.read_again(overtaken).await;
        let as_before = following.note_unreadable(&left_out.unreadable);
        if left_out.count > 0 && self.state().loaded_at.is_none() {
            tracing::info!("{left_out}");
        }
        self.inner.left_out.store(Arc::new(left_out));
        let complete = all_entered && fetched.unread.is_empty() && as_before;
        following.unread = fetched.unread;
        following.marker = complete.then_some(marker);
        following.schedule.listed(began, Instant::now());
        Ok(())
    }

    /// After the first load: puts what others made of our writes, so that it does not say so itself,
    /// among what is to be checked.
    pub(super) async fn note_unsaid(&self, following: &mut Following) {
        let asks = std::mem::take(&mut following.asks);
        let picture = self.current();
        let is_unsaid = |entry: &Arc<Entry>| entry.id().is_none() && entry.version().is_some();
        if asks == 0 || !picture.entries().any(is_unsaid) {
            return;
        }
        match self.ask_inventory().await {
            Ok(inventory) => {
                let room = MAX_UNCHECKED.saturating_sub(following.unchecked.len());
                let unsaid = |key: &ModelKey| picture.known(key).is_some_and(is_unsaid);
                let unsaid = inventory.noted.into_iter().filter(unsaid);
                following.unchecked.extend(unsaid.take(room));
            }
            Err(_) if asks > 1 => following.asks = asks - 1,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "whose some definitions are cannot be asked");
            }
        }
    }

    /// Enters what a refresh gathered, but for what this process wrote meanwhile, which is answered.
    /// The first `known` entries are in the snapshot already.
    fn commit(&self, gathered: Gathered, known: usize, gone: Vec<ModelKey>) -> Vec<ModelKey> {
        let mut writing = lock(&self.inner.writing);
        let written = writing.written.take().unwrap_or_default();
        let found = gathered.len() + gone.len();
        writing.unsaved += found - known;
        if found == 0 {
            return Vec::new();
        }
        let picture = self.current();
        let loaded = self.is_loaded();
        if picture.keys.is_empty() && written.is_empty() && !loaded {
            self.inner.picture.store(Arc::new(Picture::of(gathered)));
            return Vec::new();
        }
        let mut edits = gathered.into_edits();
        edits.extend(gone.into_iter().map(Edit::Remove));
        let overtaken = edits.extract_if(.., |edit| written.contains(edit.key()));
        let overtaken = overtaken.map(|edit| edit.key().clone()).collect();
        if loaded {
            writing.notice(&picture, &edits);
        }
        self.inner.picture.store(Arc::new(picture.with(edits)));
        overtaken
    }

    /// Reads what this process wrote while others may have, too. Answers whether all of it is known
    /// now.
    async fn read_again(&self, overtaken: Vec<ModelKey>) -> bool {
        let mut all = true;
        for keys in overtaken.chunks(READ_AGAIN) {
            let read = self.ask_many(keys).await;
            all &= read.iter().all(Result::is_ok);
            let read: Vec<_> = read.into_iter().flatten().collect();
            self.apply_all(&read);
        }
        all
    }
}

impl Following {
    /// Remembers which models are gone that were not deleted here.
    fn note_removed(&mut self, gone: &[ModelKey], picture: &Picture) {
        let noticed = Timestamp::now();
        let room = MAX_UNCHECKED.saturating_sub(self.removed.len());
        let live = gone.iter().filter(|key| picture.get(key).is_some());
        let removed = live.take(room).map(|key| (key.clone(), noticed));
        self.removed.extend(removed);
    }

    /// Remembers which types could not be listed and logs each once; whether there is none that
    /// could be listed before.
    fn note_unreadable(&mut self, unreadable: &[UnreadableType]) -> bool {
        let before = std::mem::take(&mut self.unreadable);
        for UnreadableType {
            network_type,
            reason,
        } in unreadable
        {
            if !before.contains(network_type) {
                let network_type = network_type.as_str();
                tracing::warn!(
                    model.network_type = network_type,
                    reason,
                    "a folder cannot be listed"
                );
            }
            self.unreadable.insert(network_type.clone());
        }
        for network_type in before.difference(&self.unreadable) {
            let network_type = network_type.as_str();
            tracing::info!(
                model.network_type = network_type,
                "a folder can be listed again"
            );
        }
        self.unreadable.is_subset(&before)
    }

    fn note_unchecked<'a>(&mut self, news: impl Iterator<Item = &'a Arc<Entry>>, first: bool) {
        // What cannot be read as a definition is archived, too; what is too large only by who
        // replaces it.
        let read = news.filter(|entry| entry.version().is_some());
        let room = MAX_UNCHECKED.saturating_sub(self.unchecked.len());
        if first {
            // Everything is new here. Only the last writes can have been cut off by a crash, and
            // a legacy bucket is not archived as a whole, but what others made of our writes is.
            self.asks = ASKS_FOR_NOTES;
            let mut ours: Vec<_> = read.filter(|entry| entry.id().is_some()).collect();
            ours.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.modified_at()));
            let (last, earlier) = ours.split_at(ours.len().min(CHECKED_AT_FIRST));
            let changed = earlier.iter().filter(|entry| !entry.ours);
            let checked = last.iter().chain(changed).take(room);
            self.unchecked
                .extend(checked.map(|entry| entry.key.clone()));
        } else {
            self.unchecked
                .extend(read.take(room).map(|entry| entry.key.clone()));
        }
    }
}
