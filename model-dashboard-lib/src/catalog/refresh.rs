//! Bringing the picture up to date with a listing.

use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use futures::stream;

use super::edit::Edit;
use super::entry::{Fresh, SharedTexts, unseen};
use super::picture::Picture;
use super::schedule::Schedule;
use super::{Catalog, Failing, lock, snapshot};
use crate::model::{BrokenDefinition, ModelKey, Timestamp};
use crate::repository::{ListedModel, Listing, Marker, RepositoryError, StoredModel};

/// How many objects are read at a time.
const READS: usize = 64;

/// How many objects are parsed in one go, on a thread that may block.
const BATCH: usize = 128;

/// How many such threads are used.
const PARSERS: usize = 2;

/// How many objects may fail to be read before the refresh gives up.
const MAX_UNREADABLE: usize = 64;

/// How many of the objects found at the very first load are checked for an unfinished write.
const CHECKED_AT_FIRST: usize = 64;

/// How many objects may wait to be completed; the next writer completes what finds no place.
const MAX_UNCHECKED: usize = 10_000;

/// What the one who refreshes remembers between refreshes.
#[derive(Debug)]
pub(super) struct Following {
    /// The marker as it was before the last listing; `None`: look again in any case.
    pub(super) marker: Option<Marker>,
    pub(super) schedule: Schedule,
    /// Objects in which another writer, or a crashed one of ours, may have left something undone.
    pub(super) unchecked: VecDeque<ModelKey>,
    pub(super) saved_at: Option<Instant>,
}

impl Default for Following {
    fn default() -> Self {
        Self {
            marker: None,
            schedule: Schedule::new(),
            unchecked: VecDeque::new(),
            saved_at: None,
        }
    }
}

/// What a listing shows to be different.
#[derive(Debug, Default)]
struct Difference {
    /// Entries of the snapshot that the listing confirms.
    confirmed: Vec<Fresh>,
    /// Objects to read.
    changed: Vec<ListedModel>,
    /// Keys that are no more.
    gone: Vec<ModelKey>,
}

/// What came of reading objects.
#[derive(Debug, Default)]
struct Fetched {
    fresh: Vec<Fresh>,
    gone: Vec<ModelKey>,
    unreadable: Vec<(ListedModel, RepositoryError)>,
}

impl Catalog {
    /// Fills the catalogue: takes the entries of the snapshot that a listing confirms, and reads
    /// everything else. Cost without a snapshot: one read for each object.
    ///
    /// # Errors
    /// Those of [`ModelRepository::list`](crate::repository::ModelRepository::list); an object
    /// that cannot be read is no error, it is listed as broken. Afterwards the catalogue is as it
    /// was, and may be loaded again.
    pub async fn load(&self) -> Result<(), RepositoryError> {
        let mut following = self.inner.following.lock().await;
        let known = self.read_snapshot().await;
        let result = self.update(&mut following, known).await;
        self.note(&result, true);
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
        let result = self.update(following, Vec::new()).await;
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
                    tracing::warn!(error, "the model store does not answer");
                }
                let since = state.failing.as_ref().map_or(now, |failing| failing.since);
                state.failing = Some(Failing { since, message });
            }
        }
    }

    async fn read_snapshot(&self) -> Vec<Fresh> {
        let Some(path) = self.inner.options.snapshot.clone() else {
            return Vec::new();
        };
        let location = self.inner.repository.location();
        let shown = path.display().to_string();
        let read = move || snapshot::read(&path, &location);
        match blocking(read).await {
            Ok(Ok(known)) => known,
            Ok(Err(snapshot::SnapshotError::Io(error)))
                if error.kind() == std::io::ErrorKind::NotFound =>
            {
                Vec::new()
            }
            Ok(Err(error)) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    file.path = shown,
                    error,
                    "the catalogue's snapshot is ignored"
                );
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    async fn update(
        &self,
        following: &mut Following,
        known: Vec<Fresh>,
    ) -> Result<(), RepositoryError> {
        let began = Instant::now();
        // In this order: what is written after either of these lines is seen by the next refresh
        // or is left to whoever wrote it.
        let marker = self.inner.repository.marker().await?;
        lock(&self.inner.writing).written = Some(HashSet::new());
        let listing = self.inner.repository.list().await?;

        let picture = self.current();
        let first = known.is_empty() && picture.keys.is_empty();
        let difference = blocking(move || Difference::find(listing, known, &picture)).await?;
        let mut fetched = self.fetch(difference.changed).await;
        let complete = self.settle_unreadable(&mut fetched).await?;

        following.marker = complete.then_some(marker);
        following.note_unchecked(&fetched.fresh, first);
        let catalog = self.clone();
        let confirmed = difference.confirmed;
        let gone = difference.gone.into_iter().chain(fetched.gone).collect();
        let commit = move || catalog.commit(confirmed, fetched.fresh, gone);
        if !blocking(commit).await? {
            following.marker = None;
        }
        following.schedule.listed(began, Instant::now());
        Ok(())
    }

    /// Reads objects, and parses them elsewhere meanwhile. What fails is tried once more.
    async fn fetch(&self, changed: Vec<ListedModel>) -> Fetched {
        let get = async |listed: ListedModel| {
            let mut result = self.inner.repository.get(&listed.key).await;
            if matches!(result, Err(RepositoryError::Unavailable { .. })) {
                result = self.inner.repository.get(&listed.key).await;
            }
            (listed, result)
        };
        let mut fetched = Fetched::default();
        let mut shared = SharedTexts::default();
        let parse = |batch: Vec<(ListedModel, Result<StoredModel, RepositoryError>)>| {
            blocking(move || Fetched::parse(batch))
        };
        let mut parsed = stream::iter(changed)
            .map(get)
            .buffer_unordered(READS)
            .chunks(BATCH)
            .map(parse)
            .buffer_unordered(PARSERS);
        while let Some(batch) = parsed.next().await {
            let Ok(mut batch) = batch else { continue };
            batch
                .fresh
                .iter_mut()
                .for_each(|fresh| shared.share_in(fresh));
            fetched.fresh.append(&mut batch.fresh);
            fetched.gone.append(&mut batch.gone);
            fetched.unreadable.append(&mut batch.unreadable);
            if fetched.unreadable.len() > MAX_UNREADABLE {
                break;
            }
        }
        fetched
    }

    /// Lists what could not be read as broken, if it is not the repository as a whole that fails.
    /// Answers whether everything could be read.
    async fn settle_unreadable(&self, fetched: &mut Fetched) -> Result<bool, RepositoryError> {
        let too_many = fetched.unreadable.len() > MAX_UNREADABLE;
        let mut unreadable = std::mem::take(&mut fetched.unreadable)
            .into_iter()
            .peekable();
        if unreadable.peek().is_none() {
            return Ok(true);
        }
        if too_many && let Some((_, error)) = unreadable.next() {
            return Err(error);
        }
        self.inner.repository.marker().await?;
        for (listed, error) in unreadable {
            let key = listed.key.to_string();
            let reason = format!("cannot be read: {error}").into();
            let error: &dyn std::error::Error = &error;
            tracing::warn!(model.key = key, error, "a definition cannot be read");
            let broken = BrokenDefinition {
                key: listed.key,
                version: None,
                reason,
                position: None,
                size: listed.size,
            };
            fetched.fresh.push(Fresh::broken(unseen(), broken));
        }
        Ok(false)
    }

    /// Enters what a refresh found, but for what this process wrote meanwhile. Answers whether
    /// there was no such thing.
    fn commit(&self, confirmed: Vec<Fresh>, fresh: Vec<Fresh>, gone: Vec<ModelKey>) -> bool {
        let mut writing = lock(&self.inner.writing);
        let written = writing.written.take().unwrap_or_default();
        writing.unsaved += fresh.len() + gone.len();
        let puts = confirmed.into_iter().chain(fresh).map(Edit::Put);
        let mut edits: Vec<Edit> = puts.chain(gone.into_iter().map(Edit::Remove)).collect();
        let found = edits.len();
        edits.retain(|edit| !written.contains(edit.key()));
        let all = edits.len() == found;
        if !edits.is_empty() {
            let picture = self.current();
            self.inner.picture.store(Arc::new(picture.with(edits)));
        }
        all
    }
}

impl Following {
    fn note_unchecked(&mut self, fresh: &[Fresh], first: bool) {
        let readable = fresh
            .iter()
            .map(|fresh| &fresh.entry)
            .filter(|e| e.broken().is_none());
        if first {
            // Everything is new here. Only the last writes can have been cut off by a crash, and
            // a legacy bucket is not archived as a whole.
            let mut ours: Vec<_> = readable.filter(|entry| entry.id().is_some()).collect();
            ours.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.modified_at()));
            self.unchecked
                .extend(ours.iter().take(CHECKED_AT_FIRST).map(|e| e.key.clone()));
        } else {
            let room = MAX_UNCHECKED.saturating_sub(self.unchecked.len());
            self.unchecked
                .extend(readable.take(room).map(|entry| entry.key.clone()));
        }
    }
}

impl Difference {
    /// Compares a listing with what is known: a picture, or the entries of a snapshot while the
    /// picture does not have them.
    fn find(mut listing: Listing, mut known: Vec<Fresh>, picture: &Picture) -> Self {
        listing.models.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        known.sort_by(|a, b| a.entry.key.cmp(&b.entry.key));
        let mut difference = Self::default();
        let mut shared = SharedTexts::default();
        let mut known = known.into_iter().peekable();
        let mut present = picture
            .keys
            .iter()
            .map(|&slot| picture.entry(slot))
            .peekable();
        for listed in listing.models {
            while let Some(entry) = present.next_if(|entry| entry.key < listed.key) {
                difference.gone.push(entry.key.clone());
            }
            let entry = present.next_if(|entry| entry.key == listed.key);
            if entry.is_some_and(|entry| entry.stamp == listed.stamp) {
                continue;
            }
            while known
                .next_if(|fresh| fresh.entry.key < listed.key)
                .is_some()
            {}
            match known.next_if(|fresh| fresh.entry.key.cmp(&listed.key) == Ordering::Equal) {
                Some(mut fresh) if fresh.entry.stamp == listed.stamp => {
                    shared.share_in(&mut fresh);
                    difference.confirmed.push(fresh);
                }
                _ => difference.changed.push(listed),
            }
        }
        difference
            .gone
            .extend(present.map(|entry| entry.key.clone()));
        difference
    }
}

impl Fetched {
    fn parse(batch: Vec<(ListedModel, Result<StoredModel, RepositoryError>)>) -> Self {
        let mut fetched = Self::default();
        for (listed, result) in batch {
            match result {
                Ok(stored) => fetched.fresh.push(Fresh::read(&stored)),
                Err(RepositoryError::NotFound { .. }) => fetched.gone.push(listed.key),
                Err(RepositoryError::TooLarge { size, .. }) => {
                    let broken = BrokenDefinition::too_large(listed.key, size);
                    fetched.fresh.push(Fresh::broken(listed.stamp, broken));
                }
                Err(error) => fetched.unreadable.push((listed, error)),
            }
        }
        fetched
    }
}

/// Runs what takes long on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RepositoryError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| RepositoryError::Internal(error.into()))
}
