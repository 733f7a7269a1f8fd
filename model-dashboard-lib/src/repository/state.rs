//! What an object at a key is: live, deleted, broken, written by the registry or by someone else.

use std::sync::Arc;

use super::{Precondition, RepositoryError, Stamp, StoredModel};
use crate::model::{
    Deleted, DuplicateKeys, ModelDefinition, ModelId, ModelKey, RegistryInfo, Version,
};

/// The highest number of a revision. A higher one was written by hand, and counts as none.
pub(crate) const MAX_REVISION: u64 = 1 << 48;

/// How far back owner and package are looked for where other programs dropped them again and
/// again, in revisions.
pub(crate) const LOOK_BACK: u64 = 1000;

/// The number after `last`.
pub(crate) fn next_number(id: ModelId, last: u64) -> Result<u64, RepositoryError> {
    let next = last.checked_add(1).filter(|next| *next <= MAX_REVISION);
    next.ok_or_else(|| {
        let message = format!("revision {last} of {id} has the highest number there is");
        RepositoryError::Internal(message.into())
    })
}

/// An object read as far as it can be read.
#[derive(Debug)]
pub(crate) struct State {
    stored: StoredModel,
    info: Option<RegistryInfo>,
    deleted: Option<Deleted>,
    ours: bool,
    unread: bool,
}

/// What a state says about owner, tags and package for the revision that follows it.
#[derive(Debug)]
pub(crate) enum Carried {
    /// This.
    From(Box<RegistryInfo>),
    /// That there is nothing to carry: the model was deleted.
    Nothing,
    /// Nothing at all: another program dropped the field, or the object is broken.
    Unknown,
}

impl State {
    /// Reads an object.
    pub(crate) fn read(stored: StoredModel) -> Self {
        let parsed = ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins);
        let definition = parsed.as_ref().ok();
        let info = definition.and_then(ModelDefinition::registry);
        let deleted = info.as_ref().and_then(|info| info.deleted.clone());
        let deleted = definition.and_then(|definition| definition.deleted_by(deleted));
        let ours = definition.is_some_and(|definition| is_ours(&stored.key, definition));
        Self {
            stored,
            info,
            deleted,
            ours,
            unread: false,
        }
    }

    /// Reads what a history holds of the model at `key`.
    pub(crate) fn archived(key: &ModelKey, bytes: Arc<[u8]>) -> Self {
        Self::read(StoredModel {
            key: key.clone(),
            version: Version::of(&bytes),
            bytes,
            stamp: Stamp(Box::default()),
        })
    }

    /// An object that is too large to be read: there is something, and it is not ours.
    pub(crate) fn unread(key: &ModelKey, stamp: Stamp) -> Self {
        Self {
            stored: StoredModel {
                key: key.clone(),
                bytes: Arc::default(),
                version: stamp.version_unread(),
                stamp,
            },
            info: None,
            deleted: None,
            ours: false,
            unread: true,
        }
    }

    /// Whether the object is too large to be read: its bytes are not here.
    pub(crate) fn is_unread(&self) -> bool {
        self.unread
    }

    /// The object.
    pub(crate) fn stored(&self) -> &StoredModel {
        &self.stored
    }

    /// Its key.
    pub(crate) fn key(&self) -> &ModelKey {
        &self.stored.key
    }

    /// Whether there is something at the key for people: anything but a tombstone.
    pub(crate) fn is_live(&self) -> bool {
        self.deleted.is_none()
    }

    /// Whether the state is a tombstone of a model that lives on at another key.
    pub(crate) fn is_moved_away(&self) -> bool {
        self.moved_to().is_some()
    }

    /// Where the model lives on, if the state is a tombstone that says so.
    pub(crate) fn moved_to(&self) -> Option<&str> {
        self.deleted.as_ref()?.moved_to.as_deref()
    }

    /// What the registry noted when it wrote this state here; `None` if anyone else changed it.
    pub(crate) fn noted(&self) -> Option<&RegistryInfo> {
        self.info.as_ref().filter(|_| self.ours)
    }

    /// What the field `registry` says if it was written for this key, though the rest may have
    /// been changed outside since.
    pub(crate) fn said_here(&self) -> Option<&RegistryInfo> {
        let info = self.info.as_ref()?;
        (info.key.as_ref() == Some(self.key())).then_some(info)
    }

    /// The id of the model that the state belongs to, if the state itself can be trusted to say
    /// so: not for a copy made by hand, and not for the tombstone of a model that moved away.
    pub(crate) fn id(&self) -> Option<ModelId> {
        let here = self.said_here().filter(|_| !self.is_moved_away());
        here.map(|info| info.id)
    }

    /// The key that an interrupted rename may have to be finished for.
    pub(crate) fn moved_from(&self) -> Option<&ModelKey> {
        let noted = self.noted().filter(|_| self.is_live())?;
        noted.moved_from.as_ref()
    }

    /// Whether the state belongs into the history. What a rename leaves behind does not.
    pub(crate) fn belongs_in_history(&self) -> bool {
        !(self.ours && self.is_moved_away())
    }

    /// The number of the state in a history that it is missing in, after the number `last`.
    pub(crate) fn number_after(&self, last: u64, id: ModelId) -> Result<u64, RepositoryError> {
        let next = next_number(id, last)?;
        match self.info.as_ref().filter(|info| info.id == id) {
            Some(info) if self.ours => Ok(next.max(info.revision)),
            // Others changed a revision of ours that never came into the history. Under the number
            // of that, this would be taken for it, falsified.
            Some(info) if info.revision == next => next_number(id, next),
            _ => Ok(next),
        }
    }

    /// What the next revision takes over from this one.
    pub(crate) fn carried(&self) -> Carried {
        match &self.info {
            Some(_) if self.deleted.is_some() => Carried::Nothing,
            Some(info) => Carried::From(Box::new(info.clone())),
            None => Carried::Unknown,
        }
    }
}

/// Whether the registry wrote this definition at this key, and nobody changed it since.
pub(crate) fn is_ours(key: &ModelKey, definition: &ModelDefinition) -> bool {
    definition.registry().is_some_and(|info| {
        info.key.as_ref() == Some(key)
            && info.revision <= MAX_REVISION
            && info.content_digest == Some(definition.content_digest())
    })
}

/// Whether a write to `key` may go ahead.
pub(crate) fn check(
    key: &ModelKey,
    current: Option<&State>,
    precondition: &Precondition,
) -> Result<(), RepositoryError> {
    let live = current.filter(|state| state.is_live());
    match (live, precondition) {
        (None, Precondition::Absent) | (Some(_), Precondition::Exists) => Ok(()),
        (Some(state), Precondition::Version(version)) if state.stored().version == *version => {
            Ok(())
        }
        (Some(state), Precondition::Version(_)) => Err(conflict(key, Some(state))),
        (Some(_), Precondition::Absent) => Err(RepositoryError::Exists { key: key.clone() }),
        (None, Precondition::Version(_) | Precondition::Exists) => {
            Err(RepositoryError::NotFound { key: key.clone() })
        }
    }
}

/// The error of a lost race.
pub(crate) fn conflict(key: &ModelKey, current: Option<&State>) -> RepositoryError {
    RepositoryError::Conflict {
        key: key.clone(),
        current: current
            .filter(|state| !state.is_unread())
            .map(|state| Box::new(state.stored().clone())),
    }
}
