//! The revisions of a model: immutable, numbered from 1 without gaps.

use std::sync::Arc;

use super::conditional::{Condition, Fault, Object};
use super::keys::{Folder, StoreKey, revision_number};
use super::{ATTEMPTS, ObjectRepository};
use crate::model::{ModelId, RegistryInfo, Version};
use crate::repository::revisions::newest;
use crate::repository::state::{Carried, State};
use crate::repository::{Archived, RepositoryError, Revision, Stamp, StoredModel};

/// How far back owner and package are looked for where other programs dropped them again and
/// again.
const LOOK_BACK: u64 = 1000;

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
            if last > 0
                && !state.is_unread()
                && self.archived(id, last).await?.as_ref() == Some(bytes)
            {
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

    /// What the revision after `state` takes over; where another program dropped the field, from
    /// the last archived revision that has it.
    pub(super) async fn carried(
        &self,
        id: ModelId,
        state: &State,
        number: u64,
    ) -> Result<Option<RegistryInfo>, RepositoryError> {
        let mut carried = state.carried();
        let mut earlier = (number.saturating_sub(LOOK_BACK).max(1)..number).rev();
        loop {
            match carried {
                Carried::From(info) => return Ok(Some(*info)),
                Carried::Nothing => return Ok(None),
                Carried::Unknown => {}
            }
            let Some(number) = earlier.next() else {
                return Ok(None);
            };
            if let Some(bytes) = self.archived(id, number).await? {
                let stored = StoredModel {
                    key: state.key().clone(),
                    version: Version::of(&bytes),
                    bytes,
                    stamp: Stamp(Box::default()),
                };
                carried = State::read(stored).carried();
            }
        }
    }
}
