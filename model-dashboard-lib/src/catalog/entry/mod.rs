//! What the catalogue holds about one object.

mod fresh;
mod model;
mod shared;
mod spans;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::model::{BrokenDefinition, ModelDefinition, ModelId, ModelKey, Timestamp, Version};
use crate::repository::Stamp;

pub(super) use self::fresh::{Fresh, unseen};
pub(super) use self::model::ModelParts;
pub(super) use self::shared::SharedTexts;
pub(super) use self::spans::{Span, Spans};

/// What an object is to the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryState {
    /// A model that inference jobs may use.
    Enabled,
    /// A model that they may not use.
    Disabled,
    /// An object that cannot be read as a definition.
    Broken,
    /// A tombstone: hidden from every list.
    Deleted,
}

/// One object of the repository as the catalogue knows it, about 1 KB in memory.
///
/// Texts of a model lie once, in its list entry; reading one costs nothing unless it holds an
/// escaped character.
pub struct Entry {
    pub(super) key: ModelKey,
    pub(super) version: Option<Version>,
    pub(super) stamp: Stamp,
    /// Whether the registry wrote this state here, and nobody changed it since.
    pub(super) ours: bool,
    pub(super) kind: Kind,
}

#[expect(clippy::large_enum_variant, reason = "almost every entry is a model")]
pub(super) enum Kind {
    Model(ModelParts),
    Broken(Box<BrokenDefinition>),
    Deleted(Box<Tombstone>),
}

/// That a model was deleted or moved away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tombstone {
    /// The identity of the model.
    pub id: Option<ModelId>,
    /// The number of the revision that deleted it.
    pub revision: Option<u64>,
    /// When.
    pub at: Option<Timestamp>,
    /// Who did it.
    pub by: Option<String>,
    /// Where the model lives on, after a rename or move.
    pub moved_to: Option<ModelKey>,
}

impl Tombstone {
    fn read(definition: &ModelDefinition) -> Self {
        let Some(registry) = definition.registry() else {
            return Self::default();
        };
        let deleted = registry.deleted.unwrap_or_default();
        Self {
            id: Some(registry.id),
            revision: Some(registry.revision),
            at: deleted.at,
            by: deleted.by,
            moved_to: deleted.moved_to.and_then(|key| key.parse().ok()),
        }
    }
}

impl Entry {
    fn model(&self) -> Option<&ModelParts> {
        match &self.kind {
            Kind::Model(model) => Some(model),
            Kind::Broken(_) | Kind::Deleted(_) => None,
        }
    }

    fn text(&self, span: fn(&Spans) -> &Span) -> Cow<'_, str> {
        self.model()
            .map_or(Cow::Borrowed(""), |model| model.text(span))
    }

    /// Where it lies.
    #[must_use]
    pub fn key(&self) -> &ModelKey {
        &self.key
    }

    /// The version of the stored bytes; `None` if they have not been read.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// What the object is.
    #[must_use]
    pub fn state(&self) -> EntryState {
        match &self.kind {
            Kind::Model(model) if model.enabled => EntryState::Enabled,
            Kind::Model(_) => EntryState::Disabled,
            Kind::Broken(_) => EntryState::Broken,
            Kind::Deleted(_) => EntryState::Deleted,
        }
    }

    /// Whether an inference job may use it.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.state() == EntryState::Enabled
    }

    /// Why it cannot be read, if it cannot.
    #[must_use]
    pub fn broken(&self) -> Option<&BrokenDefinition> {
        match &self.kind {
            Kind::Broken(broken) => Some(broken),
            Kind::Model(_) | Kind::Deleted(_) => None,
        }
    }

    /// How it was deleted, if it is a tombstone.
    #[must_use]
    pub fn tombstone(&self) -> Option<&Tombstone> {
        match &self.kind {
            Kind::Deleted(tombstone) => Some(tombstone),
            Kind::Model(_) | Kind::Broken(_) => None,
        }
    }

    /// The entry of `GET /api/v1/models` as
    /// [`ModelSummary::list_entry_json`](crate::model::ModelSummary::list_entry_json)
    /// writes it; `None` unless it is a model.
    #[must_use]
    pub fn list_json(&self) -> Option<&str> {
        self.model().map(|model| &*model.list_json)
    }

    /// The name that people read; the name of the key where there is no other.
    #[must_use]
    pub fn alias(&self) -> Cow<'_, str> {
        match self.model() {
            Some(model) => model.text(|spans| &spans.alias),
            None => Cow::Borrowed(self.key.name.as_str()),
        }
    }

    /// The first 200 characters of the description.
    #[must_use]
    pub fn description(&self) -> Cow<'_, str> {
        self.text(|spans| &spans.description)
    }

    /// The version that people see.
    #[must_use]
    pub fn shown_version(&self) -> Cow<'_, str> {
        self.text(|spans| &spans.version)
    }

    /// When the model came to be, as the definition says it.
    #[must_use]
    pub fn create_date(&self) -> Cow<'_, str> {
        self.text(|spans| &spans.create_date)
    }

    /// What [`Self::create_date`] means, if that can be told.
    #[must_use]
    pub fn created(&self) -> Option<Timestamp> {
        self.model()?.created
    }

    /// When the model was changed last, as the definition says it.
    #[must_use]
    pub fn last_modified_date(&self) -> Cow<'_, str> {
        self.text(|spans| &spans.last_modified_date)
    }

    /// What [`Self::last_modified_date`] means, if that can be told.
    #[must_use]
    pub fn modified(&self) -> Option<Timestamp> {
        self.model()?.modified
    }

    /// The number of labels.
    #[must_use]
    pub fn label_count(&self) -> u32 {
        self.model().map_or(0, |model| model.label_count)
    }

    /// Who answers for it.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.model()?.owner.as_deref()
    }

    /// Words to find it by, each once.
    pub fn tags(&self) -> impl ExactSizeIterator<Item = &str> {
        self.shared_tags().iter().map(|tag| &**tag)
    }

    pub(super) fn shared_tags(&self) -> &[Arc<str>] {
        self.model().map_or(&[], |model| &model.tags)
    }

    pub(super) fn shared_owner(&self) -> Option<&Arc<str>> {
        self.model()?.owner.as_ref()
    }

    /// Its identity, if the registry has written it before.
    #[must_use]
    pub fn id(&self) -> Option<ModelId> {
        match &self.kind {
            Kind::Model(model) => model.id,
            Kind::Deleted(tombstone) => tombstone.id,
            Kind::Broken(_) => None,
        }
    }

    /// The number of the revision that it notes.
    #[must_use]
    pub fn revision(&self) -> Option<u64> {
        match &self.kind {
            Kind::Model(model) => model.revision,
            Kind::Deleted(tombstone) => tombstone.revision,
            Kind::Broken(_) => None,
        }
    }

    /// Whether the registry wrote this state here, and nobody changed it since.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.ours
    }

    /// Who made that revision.
    #[must_use]
    pub fn modified_by(&self) -> Option<&str> {
        self.model()?.modified_by.as_deref()
    }

    /// When that revision was made.
    #[must_use]
    pub fn modified_at(&self) -> Option<Timestamp> {
        match &self.kind {
            Kind::Model(model) => model.modified_at,
            Kind::Deleted(tombstone) => tombstone.at,
            Kind::Broken(_) => None,
        }
    }

    /// Whether the definition gives itself another name or type than its key.
    #[must_use]
    pub fn contradicts_key(&self) -> bool {
        self.model().is_some_and(|model| model.contradicts_key)
    }

    /// Whether fields have a type that they should not have.
    #[must_use]
    pub fn has_wrong_types(&self) -> bool {
        self.model().is_some_and(|model| model.has_wrong_types)
    }

    /// Whether it shows what was read, not that nothing could be read.
    pub(super) fn was_read(&self) -> bool {
        self.version.is_some() || self.broken().is_none()
    }

    /// Whether it belongs into lists.
    pub(super) fn is_visible(&self) -> bool {
        !matches!(self.kind, Kind::Deleted(_))
    }

    /// Whether this certainly is a later state of the same model than `other`. A number counts
    /// only where the registry wrote it.
    pub(super) fn is_later_than(&self, other: &Self) -> bool {
        let both_ours = self.ours && other.ours;
        both_ours
            && self.id().is_some()
            && self.id() == other.id()
            && self.revision() > other.revision()
    }

    /// 128 bits of a SHA-256 over key and version: what the entry adds to the picture's version.
    pub(super) fn hash(&self) -> u128 {
        let mut hasher = Sha256::new();
        for part in [self.key.network_type.as_str(), self.key.name.as_str()] {
            hasher.update(part);
            // Names hold no control characters.
            hasher.update([0]);
        }
        if let Some(version) = self.version {
            hasher.update(version.to_string());
        }
        let digest: [u8; 32] = hasher.finalize().into();
        digest
            .iter()
            .take(16)
            .fold(0, |hash, &byte| hash << 8 | u128::from(byte))
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key)
            .field("version", &self.version)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
