//! The states between which a change of a model leads: what it replaces, and what it makes of that.

use tokio::sync::OwnedSemaphorePermit;

use super::edits::{mended, replaced};
use super::packages::{Asked, Had};
use super::{Error, Model, RawModel};
use crate::catalog::OutsideChange;
use crate::model::{BrokenDefinition, ModelDefinition, ModelKey, Version};
use crate::repository::StoredModel;

/// The state that a change replaces.
pub(super) struct Before {
    pub(super) key: ModelKey,
    pub(super) version: Version,
    pub(super) model: Result<Model, BrokenDefinition>,
    /// Whether jobs may use it, also by another reader.
    pub(super) enabled: bool,
    /// What was changed outside, if nobody else has noticed.
    pub(super) over: Option<OutsideChange>,
    /// What was found in packages, where the change [looks](Looks) there.
    pub(super) packages: Found,
}

/// What was found in packages, for as long as a change is worked out.
#[derive(Default)]
pub(super) struct Found {
    /// In the one that the model has.
    pub(super) had: Had,
    /// In the one that it is to get back, where that is another one.
    pub(super) gets: Option<Had>,
    /// It takes much memory.
    pub(super) _place: Option<OwnedSemaphorePermit>,
}

impl Before {
    pub(super) fn new(stored: StoredModel) -> Before {
        let model = Model::read(&stored);
        let enabled = match &model {
            Ok(model) => model.definition.enabled(),
            Err(_) => may_be_enabled(&stored.bytes),
        };
        Before {
            key: stored.key,
            version: stored.version,
            model,
            enabled,
            over: None,
            packages: Found::default(),
        }
    }

    /// A state that was read before.
    pub(super) fn of(model: Model) -> Before {
        Before {
            key: model.key.clone(),
            version: model.version,
            enabled: model.definition.enabled(),
            model: Ok(model),
            over: None,
            packages: Found::default(),
        }
    }

    /// A definition that is too large to be read. For other readers it may be enabled.
    pub(super) fn unread(raw: RawModel) -> Before {
        let broken = raw.broken.unwrap_or_else(|| {
            let size = raw.bytes.len() as u64;
            BrokenDefinition::too_large(raw.key.clone(), size)
        });
        Before {
            key: raw.key,
            version: raw.version,
            model: Err(broken),
            enabled: true,
            over: None,
            packages: Found::default(),
        }
    }

    /// The same without what was found in packages.
    pub(super) fn without_packages(self) -> Before {
        Before {
            packages: Found::default(),
            ..self
        }
    }

    /// Whether jobs use it now.
    pub(super) fn is_in_use(&self) -> bool {
        let model = self.model.as_ref();
        model.is_ok_and(|model| model.definition.enabled())
    }

    pub(super) fn readable(&self) -> Result<&Model, Error> {
        self.model.as_ref().map_err(|broken| broken.clone().into())
    }

    /// What a whole new definition makes of it, readable or not.
    pub(super) fn replaced_by(&self, definition: ModelDefinition) -> Result<Option<After>, Error> {
        let content = match &self.model {
            Ok(model) => replaced(model, definition),
            Err(_) => mended(&self.key, definition),
        };
        Ok(content?.map(After::Content))
    }
}

/// What a change looks at before it is worked out, each time with the state that it replaces.
pub(super) enum Looks {
    /// At no package.
    Nowhere,
    /// At what was found in the package that the model has.
    AtPresent,
    /// Also at that of this definition, which is to come back, where it is another one.
    AtBoth(ModelDefinition),
}

/// What a change makes of a model.
pub(super) enum After {
    /// The same key with this content.
    Content(ModelDefinition),
    /// The same, with a package.
    Given(ModelDefinition, Asked),
    /// The same key with this content, which an earlier revision held.
    Restored(ModelDefinition, u64, Asked),
    /// Another key with this content.
    Renamed(ModelKey, ModelDefinition, Asked),
    Deleted,
}

impl After {
    /// What is stored then.
    pub(super) fn content(&self) -> Option<&ModelDefinition> {
        match self {
            After::Content(content)
            | After::Given(content, _)
            | After::Restored(content, ..)
            | After::Renamed(_, content, _) => Some(content),
            After::Deleted => None,
        }
    }

    /// What has to be confirmed before; it is told once.
    pub(super) fn asked(&mut self) -> Asked {
        match self {
            After::Given(_, asked) | After::Restored(.., asked) | After::Renamed(.., asked) => {
                std::mem::take(asked)
            }
            After::Content(_) | After::Deleted => Asked::default(),
        }
    }
}

/// Whether a definition that cannot be read here may count as enabled for another reader.
pub(super) fn may_be_enabled(bytes: &[u8]) -> bool {
    let text: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    memchr::memmem::find(&text, br#""enabled":true"#).is_some()
}
