//! Which model a key belongs to.
//!
//! A definition that the registry wrote, and that is the last one of its history, says it itself. For
//! all others, and for what is created, a small object per key says it, which every writer asks: so
//! they agree on one id for an object that only the existing system has written, find it again when
//! that system drops the field, and do not take what it writes where a model moved away for that
//! model.

use serde::{Deserialize, Serialize};

use super::conditional::Condition;
use super::keys::StoreKey;
use super::{ATTEMPTS, ObjectRepository};
use crate::model::{ModelId, ModelKey, RegistryInfo};
use crate::repository::RepositoryError;
use crate::repository::state::State;

#[derive(Serialize, Deserialize)]
struct Belongs {
    id: ModelId,
}

/// What was noted for a key, and the condition under which that may be changed.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) id: Option<ModelId>,
    unchanged: Condition,
}

impl ObjectRepository {
    /// The model that the object at a key belongs to, or that something created there will be.
    pub(super) async fn id(
        &self,
        key: &ModelKey,
        state: Option<&State>,
    ) -> Result<ModelId, RepositoryError> {
        // The model that moved away from here took its id along.
        let away = state.filter(|state| state.is_moved_away());
        let away = away.and_then(State::noted).map(|info| info.id);
        for _ in 0..ATTEMPTS {
            let noted = self.belongs(key).await?;
            let id = match state {
                Some(state) => self.id_by(state, noted.id).await?,
                None => noted.id,
            };
            let id = id.filter(|id| Some(*id) != away);
            if let Some(id) = id
                && (noted.id == Some(id) || self.note_as_said(key, state).await?)
            {
                return Ok(id);
            }
            let id = id.unwrap_or_else(ModelId::new);
            if self.set_belongs(key, id, &noted).await? {
                return Ok(id);
            }
        }
        Err(super::write::crowded(key))
    }

    /// The model that the object at a key belongs to, as far as it is noted.
    pub(super) async fn known_id(
        &self,
        key: &ModelKey,
    ) -> Result<Option<ModelId>, RepositoryError> {
        let Some(current) = self.current(key).await? else {
            return Ok(None);
        };
        if current.state.is_moved_away() {
            return Ok(None);
        }
        let noted = self.belongs(key).await?.id;
        self.id_by(&current.state, noted).await
    }

    /// The model that a state belongs to where `noted` is noted for its key. What the state says
    /// itself may be from before that model moved away: another program wrote it from what it had
    /// read then, or put it back.
    async fn id_by(
        &self,
        state: &State,
        noted: Option<ModelId>,
    ) -> Result<Option<ModelId>, RepositoryError> {
        let Some(said) = state.said_here().filter(|_| !state.is_moved_away()) else {
            return Ok(noted);
        };
        let is_as_said = match (noted, &said.moved_from) {
            (Some(noted), _) if noted == said.id => true,
            (None, None) => true,
            (_, Some(from)) => self.has_come(from, state.key(), said).await?,
            (Some(_), None) => false,
        };
        Ok(if is_as_said { Some(said.id) } else { noted })
    }

    /// Notes what ends a move for a state that says that it came by one; `false` for any other.
    async fn note_as_said(
        &self,
        key: &ModelKey,
        state: Option<&State>,
    ) -> Result<bool, RepositoryError> {
        let said = state.and_then(State::said_here);
        let Some((said, from)) = said.and_then(|said| Some((said, said.moved_from.as_ref()?)))
        else {
            return Ok(false);
        };
        let keys = self.keys(from, key).await?;
        self.note_keys(from, key, said, &keys).await?;
        Ok(true)
    }

    /// Whether a model has moved to a key and stays there, though that is not noted: another
    /// program changed what a mover who crashed had put there.
    async fn has_come(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        said: &RegistryInfo,
    ) -> Result<bool, RepositoryError> {
        let next = self.archived(said.id, said.revision.saturating_add(1));
        if next.await?.is_some() {
            return Ok(false);
        }
        let old = self.current(from).await?;
        let left = old.as_ref().and_then(|old| old.state.said_here());
        Ok(match left.filter(|left| left.id == said.id) {
            Some(left) => {
                let to = Some(to.to_string());
                let moved = left.deleted.as_ref().is_some_and(|it| it.moved_to == to);
                moved && left.write_id == said.write_id
            }
            // Another model, or none any more.
            None => true,
        })
    }

    /// What is noted for a key. What cannot be read counts as nothing.
    pub(super) async fn belongs(&self, key: &ModelKey) -> Result<Noted, RepositoryError> {
        let Some(object) = self.store.get(&StoreKey::id_of(key)).await? else {
            return Ok(Noted {
                id: None,
                unchanged: Condition::Absent,
            });
        };
        let belongs: Option<Belongs> = serde_json::from_slice(&object.bytes).ok();
        Ok(Noted {
            id: belongs.map(|belongs| belongs.id),
            unchanged: Condition::Unchanged(object.tag),
        })
    }

    /// Notes another model for a key, if what was noted is unchanged.
    pub(super) async fn set_belongs(
        &self,
        key: &ModelKey,
        id: ModelId,
        before: &Noted,
    ) -> Result<bool, RepositoryError> {
        let text = serde_json::to_vec(&Belongs { id });
        let text = text.map_err(|error| RepositoryError::Internal(error.into()))?;
        let written = self
            .store
            .put(&StoreKey::id_of(key), text.into(), &before.unchanged, None)
            .await?;
        Ok(written.is_some())
    }
}
