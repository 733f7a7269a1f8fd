//! The write protocol: archive what is replaced, replace it on condition, archive what is new.

use super::conditional::{Condition, Fault, Labels};
use super::history::Outcome;
use super::keys::StoreKey;
use super::moves::Settled;
use super::{ATTEMPTS, Current, ObjectRepository};
use crate::model::{ModelId, ModelKey, RegistryInfo, Version};
use crate::repository::revise::{Ready, Revising, new_write_id};
use crate::repository::state::{State, check, conflict, next_number};
use crate::repository::{Change, Precondition, RepositoryError, Stamp, StoredModel};

/// What a write goes on from.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) id: ModelId,
    /// The number of the revision to be written.
    pub(super) number: u64,
    /// The version of the revision before, where one is replaced.
    pub(super) previous: Option<Version>,
    pub(super) carried: Option<RegistryInfo>,
}

impl ObjectRepository {
    /// Writes what `make` makes at a key.
    pub(super) async fn write(
        &self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
        make: impl Fn(&Revising<'_>) -> Result<Ready, RepositoryError> + Send + Sync,
    ) -> Result<StoredModel, RepositoryError> {
        let write_id = new_write_id();
        for _ in 0..ATTEMPTS {
            let current = self.current(key).await?;
            check(key, current.as_ref().map(|c| &c.state), precondition)?;
            if let Some(current) = &current
                && self.settle(current).await? == Settled::Undone
            {
                continue;
            }
            let Some(ground) = self.ground(key, current.as_ref()).await? else {
                continue;
            };
            let ready = make(&Revising {
                key,
                id: ground.id,
                number: ground.number,
                change,
                write_id: &write_id,
                previous: ground.previous,
                carried: ground.carried.as_ref(),
                moved_from: None,
            })?;
            if let Some(stored) = self.commit(key, current.as_ref(), &ready, &ground).await? {
                let finished = self.finish(&ground, &ready).await;
                return done(stored, finished);
            }
        }
        Err(crowded(key))
    }

    /// Archives the present state, and says what follows it; `None` if it is overtaken.
    pub(super) async fn ground(
        &self,
        key: &ModelKey,
        current: Option<&Current>,
    ) -> Result<Option<Ground>, RepositoryError> {
        let state = current.map(|current| &current.state);
        let (id, last) = match state.filter(|state| state.belongs_in_history()) {
            None => {
                let id = self.id(key, state).await?;
                (id, self.last_number(id).await?)
            }
            Some(state) => match self.archive_present(state).await? {
                (id, Outcome::Already(number) | Outcome::Now(number)) => (id, number),
                (_, Outcome::Overtaken) => return Ok(None),
            },
        };
        let replaced = state.filter(|state| state.belongs_in_history() && !state.is_unread());
        let previous = replaced.map(|state| state.stored().version);
        let carried = match state {
            None => None,
            Some(state) => self.carried(id, state, last).await?,
        };
        Ok(Some(Ground {
            id,
            number: next_number(id, last)?,
            previous,
            carried,
        }))
    }

    /// Replaces the definition if it still is what was read; `None` if it is not.
    pub(super) async fn commit(
        &self,
        key: &ModelKey,
        current: Option<&Current>,
        ready: &Ready,
        ground: &Ground,
    ) -> Result<Option<StoredModel>, RepositoryError> {
        let condition = match current {
            None => Condition::Absent,
            Some(current) => Condition::Unchanged(current.tag.clone()),
        };
        let labels = Labels {
            key: key.clone(),
            enabled: ready.enabled,
        };
        let at = StoreKey::definition(key);
        let bytes = &ready.bytes;
        let put = self
            .store
            .put(&at, bytes.clone(), &condition, Some(&labels));
        let stamp = match put.await {
            Ok(Some(stamp)) => stamp,
            // The write may have been done, its answer lost, and the next writer have been quick:
            // then that one archived it.
            refused @ (Ok(None) | Err(Fault::Unavailable { .. })) => {
                let archived = self.archived(ground.id, ground.number).await;
                match (archived, refused) {
                    (Ok(Some(archived)), _) if archived == *bytes => Stamp(Box::default()),
                    (_, Err(fault)) => return Err(fault.at(key)),
                    (archived, Ok(_)) => return archived.map(|_| None),
                }
            }
            Err(fault) => return Err(fault.at(key)),
        };
        Ok(Some(StoredModel {
            key: key.clone(),
            bytes: bytes.clone(),
            version: Version::of(bytes),
            stamp,
        }))
    }

    /// Archives a state just written, and tells the other writers to look again, which they should
    /// even if that failed.
    pub(super) async fn finish(
        &self,
        ground: &Ground,
        ready: &Ready,
    ) -> Result<(), RepositoryError> {
        let recorded = self.record_written(ground.id, ground.number, &ready.bytes);
        let recorded = recorded.await;
        self.renew_marker().await;
        recorded
    }
}

/// The outcome of a write that is done, whatever became of what follows it.
pub(super) fn done(
    stored: StoredModel,
    finished: Result<(), RepositoryError>,
) -> Result<StoredModel, RepositoryError> {
    match finished {
        Ok(()) => Ok(stored),
        Err(error) => Err(RepositoryError::Unfinished {
            stored: Box::new(stored),
            source: Box::new(error),
        }),
    }
}

/// The error when others come between again and again.
pub(super) fn crowded(key: &ModelKey) -> RepositoryError {
    conflict(key, None::<&State>)
}
