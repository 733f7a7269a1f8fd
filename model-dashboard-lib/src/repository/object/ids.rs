//! Which model a key belongs to.
//!
//! A definition that the registry wrote says it itself. For all others, and for what is created, a
//! small object per key says it, which every writer asks: so they agree on one id for an object
//! that only the existing system has written, and find it again when that system drops the field.

use serde::{Deserialize, Serialize};

use super::conditional::Condition;
use super::keys::StoreKey;
use super::{ATTEMPTS, ObjectRepository};
use crate::model::{ModelId, ModelKey};
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
        if let Some(id) = state.and_then(State::id) {
            return Ok(id);
        }
        // The model that moved away from here took its id along.
        let away = state.filter(|state| state.is_moved_away());
        let away = away.and_then(State::noted).map(|info| info.id);
        for _ in 0..ATTEMPTS {
            let noted = self.belongs(key).await?;
            if let Some(id) = noted.id.filter(|id| Some(*id) != away) {
                return Ok(id);
            }
            let id = ModelId::new();
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
        if let Some(id) = current.state.id() {
            return Ok(Some(id));
        }
        if current.state.is_moved_away() {
            return Ok(None);
        }
        Ok(self.belongs(key).await?.id)
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
