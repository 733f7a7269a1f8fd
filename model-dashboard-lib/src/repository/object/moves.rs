//! Renames and moves: two objects to change, one of which decides.
//!
//! The model is first put at its new key, provisionally: it says where it came from
//! (`registry.moved_from`), and the new key does not belong to it yet. Then a conditional write
//! puts a tombstone at the old key: this decides. If the old definition was changed meanwhile, the
//! move has failed, and the new key gets a tombstone instead. Whoever meets a provisional
//! definition, the mover or anyone after a crash, settles it in the same way. At last the keys are
//! noted anew: a new key that belongs to the model is settled for good.
//!
//! Only a definition of ours can be decided upon. What another program wrote, changed or put back
//! where its model had moved away is first written anew as a revision of ours, where it is.

use std::sync::{MutexGuard, PoisonError};

use super::conditional::{Condition, Labels, Tag};
use super::ids::Noted;
use super::keys::StoreKey;
use super::write::{Ground, done};
use super::{ATTEMPTS, Current, ObjectRepository};
use crate::model::{DuplicateKeys, ModelDefinition, ModelId, ModelKey, RegistryInfo};
use crate::repository::revise::{Ready, Revising, moved_tombstone, new_write_id};
use crate::repository::state::{State, check};
use crate::repository::{Change, FinishedMove, Precondition, RepositoryError, StoredModel};

/// How many finished moves are kept for whoever asks for them.
const MAX_FINISHED: usize = 1_000;

/// What became of a definition that may be provisional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It stands, as it did before.
    Before,
    /// It stands now: a move was finished.
    Now,
    /// The move had failed and was undone.
    Undone,
}

/// What was noted for the two keys of a move before it was decided.
#[derive(Debug)]
pub(super) struct Keys {
    from: Noted,
    to: Noted,
}

impl ObjectRepository {
    pub(super) async fn move_model(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        let write_id = new_write_id();
        let mut precondition = precondition.clone();
        for _ in 0..ATTEMPTS {
            let current = self.current(from).await?;
            let Some(current) = current.filter(|current| current.state.is_live()) else {
                return Err(RepositoryError::NotFound { key: from.clone() });
            };
            check(from, Some(&current.state), &precondition)?;
            let target = self.current(to).await?;
            // A provisional definition at either key is another move that was interrupted.
            let mut settled = self.settle(&current).await?;
            if let Some(target) = &target
                && settled == Settled::Before
            {
                settled = self.settle(target).await?;
            }
            if settled != Settled::Before {
                continue;
            }
            check(to, target.as_ref().map(|t| &t.state), &Precondition::Absent)?;

            let Some(ground) = self.ground(from, Some(&current)).await? else {
                continue;
            };
            if current
                .state
                .noted()
                .is_none_or(|noted| noted.id != ground.id)
            {
                let adopted = self.adopt(&current, &ground, content, change).await?;
                if let (Some(adopted), Precondition::Version(version)) =
                    (adopted, &mut precondition)
                {
                    *version = adopted.version;
                }
                continue;
            }
            if let Some(former) = &target
                && former.state.belongs_in_history()
                && self.ground(to, Some(former)).await?.is_none()
            {
                continue;
            }
            let keys = self.keys(from, to).await?;
            let ready = Revising {
                key: to,
                id: ground.id,
                number: ground.number,
                change,
                write_id: &write_id,
                previous: ground.previous,
                carried: ground.carried.as_ref(),
                moved_from: Some(from),
            }
            .definition(content)?;
            let provisional = self.commit(to, target.as_ref(), &ready, &ground).await?;
            let Some(provisional) = provisional else {
                continue;
            };
            let moved = State::read(provisional);
            let Some(noted) = moved.noted() else {
                return Err(RepositoryError::Internal("a move left no trace".into()));
            };
            if self.decide(from, to, noted).await? {
                let noted = self.note_keys(from, to, noted, &keys).await;
                let finished = self.finish(&ground, &ready).await;
                return done(moved.stored().clone(), noted.and(finished));
            }
            self.undo(from, &moved).await?;
        }
        Err(super::write::crowded(from))
    }

    /// Writes what another program wrote or changed anew as a revision of ours; `None` if it is
    /// overtaken. What cannot be read is replaced by the content that is to be moved.
    async fn adopt(
        &self,
        current: &Current,
        ground: &Ground,
        content: &ModelDefinition,
        change: &Change,
    ) -> Result<Option<StoredModel>, RepositoryError> {
        let stored = current.state.stored();
        let found = ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins);
        let found = found.unwrap_or_else(|_| {
            let mut content = content.clone();
            content.set_key(&stored.key);
            content
        });
        let write_id = new_write_id();
        let ready = Revising {
            key: &stored.key,
            id: ground.id,
            number: ground.number,
            change,
            write_id: &write_id,
            previous: ground.previous,
            carried: ground.carried.as_ref(),
            moved_from: None,
        }
        .definition(&found)?;
        let adopted = self.commit(&stored.key, Some(current), &ready, ground);
        let Some(adopted) = adopted.await? else {
            return Ok(None);
        };
        // Whoever goes on from here archives it first.
        if let Err(error) = self.finish(ground, &ready).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(model.key = %stored.key, error, "a revision is not archived yet");
        }
        Ok(Some(adopted))
    }

    /// Finishes or undoes the move that a definition may be provisional for. The caller reads
    /// again unless it stood before.
    pub(super) async fn settle(&self, current: &Current) -> Result<Settled, RepositoryError> {
        let (Some(from), Some(noted)) = (current.state.moved_from(), current.state.noted()) else {
            return Ok(Settled::Before);
        };
        let to = current.state.key();
        let keys = self.keys(from, to).await?;
        if keys.to.id == Some(noted.id) {
            return Ok(Settled::Before);
        }
        self.marks.note_unknown();
        if !self.decide(from, to, noted).await? {
            self.undo(from, &current.state).await?;
            return Ok(Settled::Undone);
        }
        self.note_keys(from, to, noted, &keys).await?;
        self.note_finished(from, to, noted);
        Ok(Settled::Now)
    }

    /// The finished moves that nobody has asked for. Nothing is left half done under the lock.
    pub(super) fn finished(&self) -> MutexGuard<'_, Vec<FinishedMove>> {
        let finished = self.finished.lock();
        finished.unwrap_or_else(PoisonError::into_inner)
    }

    fn note_finished(&self, from: &ModelKey, to: &ModelKey, noted: &RegistryInfo) {
        let moved = FinishedMove {
            from: from.clone(),
            to: to.clone(),
            revision: noted.revision,
            by: noted.modified_by.clone(),
            message: noted.message.clone().unwrap_or_default(),
        };
        let mut finished = self.finished();
        if finished.len() < MAX_FINISHED {
            finished.push(moved);
            return;
        }
        drop(finished);
        tracing::warn!(
            model.key = %to,
            model.from = %from,
            model.revision = noted.revision,
            user.name = noted.modified_by.as_deref().unwrap_or_default(),
            "an interrupted rename was finished, and so many wait to be told that it is told here alone"
        );
    }

    /// Puts the tombstone at the old key, or sees that it was put; `false` if that key's model
    /// went on without the move, or by another one.
    async fn decide(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        noted: &RegistryInfo,
    ) -> Result<bool, RepositoryError> {
        let tombstone = moved_tombstone(from, to, noted)?;
        for _ in 0..ATTEMPTS {
            let Some(old) = self.current(from).await? else {
                return Ok(true);
            };
            let said = old.state.said_here();
            let Some(said) = said.filter(|said| said.id == noted.id) else {
                // Another model, or another program's: no ground to undo anything.
                return Ok(true);
            };
            // Also if another program has enabled it since.
            if let Some(there) = said.deleted.as_ref().and_then(|it| it.moved_to.as_ref()) {
                return Ok(*there == to.to_string() && said.write_id == noted.write_id);
            }
            let untouched = old.state.noted().is_some()
                && old.state.is_live()
                && said.revision < noted.revision;
            if !untouched {
                return Ok(false);
            }
            if self.replace(from, old.tag, tombstone.clone()).await? {
                return Ok(true);
            }
        }
        Err(super::write::crowded(from))
    }

    /// Puts a tombstone in the place of a provisional definition, if it is still there.
    async fn undo(&self, from: &ModelKey, provisional: &State) -> Result<(), RepositoryError> {
        let to = provisional.key();
        let (Some(current), Some(noted)) = (self.current(to).await?, provisional.noted()) else {
            return Ok(());
        };
        if current.state.stored().version == provisional.stored().version {
            let tombstone = moved_tombstone(to, from, noted)?;
            self.replace(to, current.tag, tombstone).await?;
        }
        Ok(())
    }

    async fn replace(
        &self,
        key: &ModelKey,
        tag: Tag,
        tombstone: Ready,
    ) -> Result<bool, RepositoryError> {
        let labels = Labels {
            key: key.clone(),
            enabled: tombstone.enabled,
        };
        let (at, condition) = (StoreKey::definition(key), Condition::Unchanged(tag));
        let put = self
            .store
            .put(&at, tombstone.bytes, &condition, Some(&labels));
        Ok(put.await?.is_some())
    }

    pub(super) async fn keys(
        &self,
        from: &ModelKey,
        to: &ModelKey,
    ) -> Result<Keys, RepositoryError> {
        let (from, to) = futures::try_join!(self.belongs(from), self.belongs(to))?;
        Ok(Keys { from, to })
    }

    /// Notes that the old key no longer belongs to the model, and that the new one does: this
    /// comes last and says that all is done. Where the notes have changed since before the move
    /// was decided, someone else has done it.
    pub(super) async fn note_keys(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        noted: &RegistryInfo,
        before: &Keys,
    ) -> Result<(), RepositoryError> {
        if before.from.id.is_none_or(|id| id == noted.id) {
            self.set_belongs(from, ModelId::new(), &before.from).await?;
        }
        if before.to.id != Some(noted.id) {
            self.set_belongs(to, noted.id, &before.to).await?;
        }
        Ok(())
    }
}
