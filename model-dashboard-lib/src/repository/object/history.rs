//! The revisions of a model: immutable, numbered from 1 without gaps.

use std::sync::Arc;

use super::conditional::{Condition, Fault, Object};
use super::keys::{Folder, StoreKey, revision_number};
use super::{ATTEMPTS, ObjectRepository};
use crate::model::{ModelId, ModelKey, RegistryInfo, Timestamp};
use crate::repository::revise::{is_held_at, removed_tombstone};
use crate::repository::revisions::newest;
use crate::repository::state::{Carried, LOOK_BACK, State, next_number};
use crate::repository::{Archived, READS_AT_ONCE, RepositoryError, Revision};

/// How many bytes what is too large to be read may have to be compared. What is larger is copied
/// anew by every try.
const MAX_COMPARED: u64 = 256 << 20;

/// What became of a state that should be in the history.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is the last revision, as it was before.
    Already(u64),
    /// It is now.
    Now(u64),
    /// It is no longer the present state: whoever replaced it archived it.
    Overtaken,
}

/// What was found where a revision should be.
pub(super) fn revision(
    id: ModelId,
    number: u64,
    found: Result<Option<Object>, Fault>,
) -> Result<Revision, RepositoryError> {
    match found {
        Ok(Some(object)) => Ok(Revision {
            id,
            number,
            bytes: object.bytes,
            archived_at: object.written_at,
        }),
        Ok(None) => Err(RepositoryError::RevisionNotFound { number }),
        Err(Fault::TooLarge { size, .. }) => {
            Err(RepositoryError::RevisionTooLarge { number, size })
        }
        Err(fault) => Err(fault.into()),
    }
}

impl ObjectRepository {
    /// The last revisions below a number. Cost, where the number is given and none is missing, as
    /// is usual: the reads alone, all at once.
    pub(super) async fn read_history(
        &self,
        id: ModelId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Archived>, RepositoryError> {
        if let Some(before) = before {
            let likely: Vec<u64> = (1..before).rev().take(limit).collect();
            let read = self.read_revisions(id, likely).await;
            let missing = |it: &Archived| {
                matches!(it.revision, Err(RepositoryError::RevisionNotFound { .. }))
            };
            if !read.iter().any(missing) {
                return Ok(read);
            }
        }
        let numbers = newest(&self.numbers(id).await?, before, limit);
        Ok(self.read_revisions(id, numbers).await)
    }

    async fn read_revisions(&self, id: ModelId, numbers: Vec<u64>) -> Vec<Archived> {
        let keys = numbers.iter().map(|number| StoreKey::revision(id, *number));
        let found = self.store.get_many(keys.collect()).await;
        let read = numbers.into_iter().zip(found);
        read.map(|(number, found)| Archived {
            number,
            revision: revision(id, number, found),
        })
        .collect()
    }

    /// The numbers of a model's revisions, ascending. Cost: one listing.
    pub(super) async fn numbers(&self, id: ModelId) -> Result<Vec<u64>, RepositoryError> {
        let level = self.store.list(&Folder::Revisions(id)).await?;
        let names = level.objects.iter();
        let mut numbers: Vec<u64> = names
            .filter_map(|object| revision_number(&object.name))
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The bytes of one revision. One that is too large to be read has none: it equals nothing.
    pub(super) async fn archived(
        &self,
        id: ModelId,
        number: u64,
    ) -> Result<Option<Arc<[u8]>>, RepositoryError> {
        match self.store.get(&StoreKey::revision(id, number)).await {
            Err(Fault::TooLarge { .. }) => Ok(Some(Arc::default())),
            found => Ok(found?.map(|object| object.bytes)),
        }
    }

    /// The number of the last revision, 0 if there is none.
    pub(super) async fn last_number(&self, id: ModelId) -> Result<u64, RepositoryError> {
        Ok(self.numbers(id).await?.last().copied().unwrap_or(0))
    }

    /// Makes sure that the state is the last revision in the history of its model, and says which
    /// that is.
    pub(super) async fn archive_present(
        &self,
        state: &State,
    ) -> Result<(ModelId, Outcome), RepositoryError> {
        if let Some(info) = state.noted() {
            // The usual case, seen by two reads, however long the history is.
            let own = self.archived(info.id, info.revision);
            let next = self.archived(info.id, info.revision.saturating_add(1));
            if let (Some(own), None) = futures::try_join!(own, next)?
                && own == state.stored().bytes
            {
                return Ok((info.id, Outcome::Already(info.revision)));
            }
        }
        let id = self.id(state.key(), Some(state)).await?;
        Ok((id, self.archive(id, state).await?))
    }

    /// Makes sure that the state is the last revision in this history.
    pub(super) async fn archive(
        &self,
        id: ModelId,
        state: &State,
    ) -> Result<Outcome, RepositoryError> {
        let bytes = &state.stored().bytes;
        for _ in 0..ATTEMPTS {
            let last = self.last_number(id).await?;
            let is_last = match state.is_unread() {
                _ if last == 0 => false,
                false => self.archived(id, last).await?.as_ref() == Some(bytes),
                true => self.is_copied(state.key(), id, last).await?,
            };
            if is_last {
                return Ok(Outcome::Already(last));
            }
            // Only what is still there after that look is missing in the history: had it been
            // replaced before, the look might have seen it followed by its successor.
            if !self.is_present(state).await? {
                return Ok(Outcome::Overtaken);
            }
            let number = state.number_after(last, id)?;
            let recorded = match state.is_unread() {
                false => self.record(id, number, bytes).await?,
                true => {
                    let from = StoreKey::definition(state.key());
                    self.store
                        .copy(&from, &StoreKey::revision(id, number))
                        .await?
                }
            };
            if recorded {
                return Ok(Outcome::Now(number));
            }
        }
        Err(super::write::crowded(state.key()))
    }

    /// Whether what is too large to be read at a key was copied to a revision: by an earlier try of
    /// a write that failed after that.
    async fn is_copied(
        &self,
        key: &ModelKey,
        id: ModelId,
        number: u64,
    ) -> Result<bool, RepositoryError> {
        let (source, copy) = (StoreKey::definition(key), StoreKey::revision(id, number));
        let sizes = futures::try_join!(self.size_unread(&source), self.size_unread(&copy))?;
        let (Some(size), true) = (sizes.0, sizes.0 == sizes.1) else {
            return Ok(false);
        };
        if size > MAX_COMPARED {
            return Ok(false);
        }
        let digests = futures::try_join!(self.store.digest(&source), self.store.digest(&copy))?;
        Ok(digests.0.is_some() && digests.0 == digests.1)
    }

    /// The size of an object that is too large to be read.
    async fn size_unread(&self, key: &StoreKey) -> Result<Option<u64>, RepositoryError> {
        match self.store.get(key).await {
            Err(Fault::TooLarge { size, .. }) => Ok(Some(size)),
            found => Ok(found.map(|_| None)?),
        }
    }

    async fn is_present(&self, state: &State) -> Result<bool, RepositoryError> {
        let current = self.current(state.key()).await?;
        let version = state.stored().version;
        Ok(current.is_some_and(|current| current.state.stored().version == version))
    }

    /// Puts a revision under its number; `false` if another one has it.
    async fn record(
        &self,
        id: ModelId,
        number: u64,
        bytes: &Arc<[u8]>,
    ) -> Result<bool, RepositoryError> {
        let key = StoreKey::revision(id, number);
        let written = self
            .store
            .put(&key, bytes.clone(), &Condition::Absent, None);
        Ok(written.await?.is_some())
    }

    /// Puts the removal of a model's object by another program into its history.
    pub(super) async fn record_removal(
        &self,
        key: &ModelKey,
        noticed: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let Some(id) = self.belongs(key).await?.id else {
            return Ok(false);
        };
        for _ in 0..ATTEMPTS {
            let last = self.last_number(id).await?;
            let Some(bytes) = self.archived(id, last).await? else {
                return Ok(false);
            };
            // In this order: whoever writes there after this look goes on from that number.
            if !is_held_at(key, &bytes) || self.current(key).await?.is_some() {
                return Ok(false);
            }
            let number = next_number(id, last)?;
            let removed = removed_tombstone(key, id, number, noticed)?;
            if self.record(id, number, &removed.bytes).await? {
                return Ok(true);
            }
        }
        Err(super::write::crowded(key))
    }

    /// Puts a revision that was just written into the history: under its number, or under the next
    /// free one if a state from outside took that.
    pub(super) async fn record_written(
        &self,
        id: ModelId,
        number: u64,
        bytes: &Arc<[u8]>,
    ) -> Result<(), RepositoryError> {
        for number in (number..).take(ATTEMPTS) {
            if self.record(id, number, bytes).await? {
                return Ok(());
            }
        }
        let taken = format!("{ATTEMPTS} revisions after number {number} of {id} are taken");
        Err(RepositoryError::Internal(taken.into()))
    }

    /// What the next revision of the model at a key takes over.
    pub(super) async fn carried_at(
        &self,
        key: &ModelKey,
    ) -> Result<Option<RegistryInfo>, RepositoryError> {
        let Some(current) = self.current(key).await? else {
            return Ok(None);
        };
        if let Some(carried) = told(current.state.carried()) {
            return Ok(carried);
        }
        match self.known_id(key).await? {
            // The present state may not be in the history yet.
            Some(id) => {
                let next = next_number(id, self.last_number(id).await?)?;
                self.carried(id, &current.state, next).await
            }
            None => Ok(None),
        }
    }

    /// What the revision after `state` takes over; where another program dropped the field, from
    /// the last archived revision that has it.
    pub(super) async fn carried(
        &self,
        id: ModelId,
        state: &State,
        number: u64,
    ) -> Result<Option<RegistryInfo>, RepositoryError> {
        if let Some(carried) = told(state.carried()) {
            return Ok(carried);
        }
        let earlier = number.saturating_sub(LOOK_BACK).max(1)..number;
        let earlier: Vec<u64> = earlier.rev().collect();
        // Nearly always the last one says it.
        let (last, others) = earlier.split_at(earlier.len().min(1));
        for page in std::iter::once(last).chain(others.chunks(READS_AT_ONCE)) {
            for archived in self.read_revisions(id, page.to_vec()).await {
                let revision = match archived.revision {
                    Ok(revision) => revision,
                    Err(
                        RepositoryError::RevisionNotFound { .. }
                        | RepositoryError::RevisionTooLarge { .. },
                    ) => continue,
                    Err(error) => return Err(error),
                };
                let state = State::archived(state.key(), revision.bytes);
                if let Some(carried) = told(state.carried()) {
                    return Ok(carried);
                }
            }
        }
        Ok(None)
    }
}

/// What is carried forward, where a state says it.
fn told(carried: Carried) -> Option<Option<RegistryInfo>> {
    match carried {
        Carried::From(info) => Some(Some(*info)),
        Carried::Nothing => Some(None),
        Carried::Unknown => None,
    }
}
