//! What the catalogue holds about one object.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::search::distinct_words;
use crate::model::{
    BrokenDefinition, DuplicateKeys, ModelDefinition, ModelId, ModelKey, ModelSummary, Timestamp,
    Version, fold_for_search,
};
use crate::repository::{Stamp, StoredModel, is_ours};

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

/// What a list shows of a model beside the texts in its list entry.
pub(super) struct ModelParts {
    pub(super) enabled: bool,
    pub(super) contradicts_key: bool,
    pub(super) has_wrong_types: bool,
    pub(super) label_count: u32,
    pub(super) list_json: Box<str>,
    pub(super) spans: Spans,
    pub(super) created: Option<Timestamp>,
    pub(super) modified: Option<Timestamp>,
    pub(super) modified_at: Option<Timestamp>,
    pub(super) modified_by: Option<Arc<str>>,
    pub(super) owner: Option<Arc<str>>,
    pub(super) tags: Box<[Arc<str>]>,
    pub(super) id: Option<ModelId>,
    pub(super) revision: Option<u64>,
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

/// An entry on its way into the picture, with the words that it is found by.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) entry: Arc<Entry>,
    pub(super) words: Box<str>,
}

impl Fresh {
    /// Reads what is stored: a model, a tombstone, or something broken.
    pub(super) fn read(stored: &StoredModel) -> Self {
        let key = stored.key.clone();
        let mut ours = false;
        let (kind, words) = match ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins) {
            Err(error) => {
                let words = words_of_key(&key);
                let broken = BrokenDefinition::new(key, &stored.bytes, &error);
                (Kind::Broken(Box::new(broken)), words)
            }
            Ok(definition) => {
                ours = is_ours(&key, &definition);
                let summary = ModelSummary::new(key, stored.version, &definition);
                if summary.deleted {
                    (
                        Kind::Deleted(Box::new(Tombstone::read(&definition))),
                        "".into(),
                    )
                } else {
                    let words = distinct_words(summary.search_text());
                    (Kind::Model(ModelParts::new(summary)), words)
                }
            }
        };
        let entry = Entry {
            key: stored.key.clone(),
            version: Some(stored.version),
            stamp: stored.stamp.clone(),
            ours,
            kind,
        };
        Self {
            entry: Arc::new(entry),
            words,
        }
    }

    /// An object that was listed but cannot be read.
    pub(super) fn broken(stamp: Stamp, broken: BrokenDefinition) -> Self {
        let key = broken.key.clone();
        let words = words_of_key(&key);
        let kind = Kind::Broken(Box::new(broken));
        Self {
            entry: Arc::new(Entry {
                key,
                version: None,
                stamp,
                ours: false,
                kind,
            }),
            words,
        }
    }

    /// What is left at `from` when `moved` lives on under another key. The tombstone itself has
    /// not been read, so the next listing looks at it.
    pub(super) fn moved_away(from: &ModelKey, moved: &Entry) -> Self {
        let tombstone = Tombstone {
            id: moved.id(),
            revision: moved.revision(),
            at: moved.modified_at(),
            by: moved.modified_by().map(str::to_owned),
            moved_to: Some(moved.key.clone()),
        };
        let entry = Entry {
            key: from.clone(),
            version: None,
            stamp: unseen(),
            ours: moved.ours,
            kind: Kind::Deleted(Box::new(tombstone)),
        };
        Self {
            entry: Arc::new(entry),
            words: "".into(),
        }
    }
}

/// The stamp of an object whose present state was not read: no listing shows it.
pub(super) fn unseen() -> Stamp {
    Stamp("".into())
}

fn words_of_key(key: &ModelKey) -> Box<str> {
    distinct_words(&fold_for_search(&format!(
        "{} {}",
        key.name, key.network_type
    )))
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

impl ModelParts {
    fn new(summary: ModelSummary) -> Self {
        let list_json = summary.list_entry_json().into_boxed_str();
        Self {
            enabled: summary.enabled,
            contradicts_key: summary.contradicts_key,
            has_wrong_types: summary.has_wrong_types,
            label_count: summary.label_count,
            spans: Spans::of(&list_json),
            list_json,
            created: summary.create_date.instant(),
            modified: summary.last_modified_date.instant(),
            modified_at: summary.modified_at,
            modified_by: summary.modified_by.map(Arc::from),
            owner: summary.owner.map(Arc::from),
            tags: distinct(summary.tags),
            id: summary.id,
            revision: summary.revision,
        }
    }

    fn text(&self, span: fn(&Spans) -> &Span) -> Cow<'_, str> {
        let text = self
            .list_json
            .get(span(&self.spans).range())
            .unwrap_or_default();
        if text.contains('\\') {
            serde_json::from_str(&format!("\"{text}\"")).unwrap_or_default()
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// Each tag once, in the order given.
fn distinct(tags: Box<[Box<str>]>) -> Box<[Arc<str>]> {
    let mut seen: Vec<Arc<str>> = Vec::with_capacity(tags.len());
    for tag in tags {
        if !seen.iter().any(|other| **other == *tag) {
            seen.push(tag.into());
        }
    }
    seen.into()
}

/// Where texts lie in a list entry, without their quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spans {
    pub(super) description: Span,
    pub(super) version: Span,
    pub(super) alias: Span,
    pub(super) create_date: Span,
    pub(super) last_modified_date: Span,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Spans {
    /// Finds the texts in a list entry that this program wrote.
    pub(super) fn of(list_json: &str) -> Self {
        #[derive(Deserialize)]
        struct Texts<'a> {
            #[serde(borrow)]
            description: &'a RawValue,
            #[serde(borrow)]
            version: &'a RawValue,
            #[serde(borrow)]
            alias: &'a RawValue,
            #[serde(borrow)]
            create_date: &'a RawValue,
            #[serde(borrow)]
            last_modified_date: &'a RawValue,
        }
        let Ok(texts) = serde_json::from_str::<Texts<'_>>(list_json) else {
            return Self::default();
        };
        // A definition has at most 1 MiB, so offsets are far below 4 GiB.
        let span = |value: &RawValue| {
            let start = value.get().as_ptr().addr() - list_json.as_ptr().addr() + 1;
            Span {
                start: start as u32,
                end: (start + value.get().len() - 2) as u32,
            }
        };
        Self {
            description: span(texts.description),
            version: span(texts.version),
            alias: span(texts.alias),
            create_date: span(texts.create_date),
            last_modified_date: span(texts.last_modified_date),
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
    /// [`ModelSummary::list_entry_json`] writes it; `None` unless it is a model.
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

/// Texts that many entries hold.
#[derive(Debug, Default)]
pub(super) struct SharedTexts {
    texts: HashSet<Arc<str>>,
    types: HashSet<crate::model::NetworkType>,
}

impl SharedTexts {
    /// Lets the texts of a new entry share the memory of equal ones seen before.
    pub(super) fn share_in(&mut self, fresh: &mut Fresh) {
        // It is new, so nothing else holds it.
        let Some(entry) = Arc::get_mut(&mut fresh.entry) else {
            return;
        };
        self.share_type(&mut entry.key);
        match &mut entry.kind {
            Kind::Model(model) => {
                model.tags.iter_mut().for_each(|tag| self.share(tag));
                model.owner.iter_mut().for_each(|owner| self.share(owner));
                model
                    .modified_by
                    .iter_mut()
                    .for_each(|name| self.share(name));
            }
            Kind::Broken(broken) => broken.key = entry.key.clone(),
            Kind::Deleted(_) => {}
        }
    }

    fn share(&mut self, text: &mut Arc<str>) {
        match self.texts.get(text) {
            Some(known) => *text = known.clone(),
            None => drop(self.texts.insert(text.clone())),
        }
    }

    fn share_type(&mut self, key: &mut ModelKey) {
        match self.types.get(&key.network_type) {
            Some(known) => key.network_type = known.clone(),
            None => drop(self.types.insert(key.network_type.clone())),
        }
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
