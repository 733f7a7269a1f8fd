//! What a list shows about a model, small enough to keep a hundred thousand in memory.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::json::too_large_message;
use super::{
    DuplicateKeys, JsonError, ModelDefinition, ModelId, ModelKey, Position, StoredDate, Timestamp,
    Version,
};

/// How much of a description a list shows, in characters (Unicode scalar values).
pub const LISTED_DESCRIPTION_CHARS: usize = 200;

/// How many tags of a model a list shows.
pub const LISTED_TAGS: usize = 100;

/// How much of a tag or an owner a list shows, in characters.
pub const LISTED_NAME_CHARS: usize = 200;

/// What a list shows about a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Where the definition lies.
    pub key: ModelKey,
    /// The version of the stored bytes.
    pub version: Version,
    /// The name that people read; the name of the key where no alias is given.
    pub alias: Box<str>,
    /// The first [`LISTED_DESCRIPTION_CHARS`] characters of the description.
    pub description: Box<str>,
    /// The version that people see.
    pub shown_version: Box<str>,
    /// Whether an inference job may use the model.
    pub enabled: bool,
    /// When the model came to be.
    pub create_date: StoredDate,
    /// When it was changed last, as the definition says.
    pub last_modified_date: StoredDate,
    /// The number of labels.
    pub label_count: u32,
    /// Who answers for it, at most [`LISTED_NAME_CHARS`] characters.
    pub owner: Option<Box<str>>,
    /// Words to find it by: the first [`LISTED_TAGS`], at most [`LISTED_NAME_CHARS`] characters
    /// each.
    pub tags: Box<[Box<str>]>,
    /// Its identity; `None` while only other writers have touched it.
    pub id: Option<ModelId>,
    /// The number of the revision that the definition notes.
    pub revision: Option<u64>,
    /// Who made that revision.
    pub modified_by: Option<Box<str>>,
    /// When that revision was made.
    pub modified_at: Option<Timestamp>,
    /// Whether the definition is a tombstone.
    pub deleted: bool,
    /// Whether the definition gives itself another name or type than its key.
    pub contradicts_key: bool,
    /// Whether fields have a type that they should not have.
    pub has_wrong_types: bool,
    search: Box<str>,
}

/// The fixed entry of a list, in the fixed order.
#[derive(Serialize)]
struct ListEntry<'a> {
    name: &'a str,
    network_type: &'a str,
    description: &'a str,
    version: &'a str,
    enabled: bool,
    alias: &'a str,
    create_date: &'a str,
    last_modified_date: &'a str,
}

impl ModelSummary {
    /// Summarises a definition that was read under this key and version.
    #[must_use]
    pub fn new(key: ModelKey, version: Version, definition: &ModelDefinition) -> Self {
        let registry = definition.registry();
        let noted = registry.as_ref();
        let alias = match definition.given_alias() {
            alias if alias.is_empty() => key.name.as_str().into(),
            alias => alias.into_boxed_str(),
        };
        let description = definition.description();
        let (labels, label_errors) = definition.read_labels();
        let listed = |name: &str| first_chars(name, LISTED_NAME_CHARS).into();
        let owner: Option<Box<str>> = noted.and_then(|r| r.owner.as_deref()).map(listed);
        let tags: Box<[Box<str>]> = noted
            .into_iter()
            .flat_map(|r| r.tags.iter().take(LISTED_TAGS))
            .map(|tag| listed(tag))
            .collect();

        let label_names = labels.iter().flat_map(|(_, names)| names.as_slice());
        let mut search = String::with_capacity(256 + description.len() + 32 * labels.len());
        // The longest part comes last: whoever has no room for everything loses its end.
        [key.name.as_str(), key.network_type.as_str(), &alias]
            .into_iter()
            .chain(owner.as_deref())
            .chain(tags.iter().map(|tag| &**tag))
            .chain(label_names.map(String::as_str))
            .chain([&*description])
            .for_each(|part| push_line(&mut search, part));

        Self {
            version,
            description: first_chars(&description, LISTED_DESCRIPTION_CHARS).into(),
            shown_version: definition.version().into(),
            enabled: definition.enabled(),
            create_date: definition.create_date(),
            last_modified_date: definition.last_modified_date(),
            label_count: u32::try_from(labels.len()).unwrap_or(u32::MAX),
            id: noted.map(|r| r.id),
            revision: noted.map(|r| r.revision),
            modified_by: noted.and_then(|r| r.modified_by.as_deref()).map(Into::into),
            modified_at: noted.and_then(|r| r.modified_at),
            deleted: definition
                .deleted_by(noted.and_then(|r| r.deleted.as_ref()))
                .is_some(),
            contradicts_key: definition.contradicts(&key).is_some(),
            has_wrong_types: !label_errors.is_empty() || !definition.check_fields().is_empty(),
            search: search.into(),
            key,
            alias,
            owner,
            tags,
        }
    }

    /// Summarises a stored object, or says why it cannot be read.
    pub fn read(key: ModelKey, bytes: &[u8]) -> Result<Self, BrokenDefinition> {
        match ModelDefinition::parse(bytes, DuplicateKeys::LastWins) {
            Ok(definition) => Ok(Self::new(key, Version::of(bytes), &definition)),
            Err(error) => Err(BrokenDefinition::new(key, bytes, &error)),
        }
    }

    /// The entry of `GET /api/v1/models`: exactly the keys `name`, `network_type`, `description`,
    /// `version`, `enabled`, `alias`, `create_date`, `last_modified_date`, in this order. Name and
    /// type are those of the key.
    #[must_use]
    pub fn list_entry_json(&self) -> String {
        let entry = ListEntry {
            name: self.key.name.as_str(),
            network_type: self.key.network_type.as_str(),
            description: &self.description,
            version: &self.shown_version,
            enabled: self.enabled,
            alias: &self.alias,
            create_date: self.create_date.as_str(),
            last_modified_date: self.last_modified_date.as_str(),
        };
        #[expect(clippy::expect_used, reason = "texts and a bool are always JSON")]
        serde_json::to_string(&entry).expect("texts and a bool are always JSON")
    }

    /// Name, network type, alias, owner, tags, contour names and whole description, one on a line,
    /// each as [`fold_for_search`] gives it: a query folded likewise is found as a substring.
    #[must_use]
    pub fn search_text(&self) -> &str {
        &self.search
    }
}

fn push_line(out: &mut String, part: &str) {
    if part.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push('\n');
    }
    if part.is_ascii() {
        let start = out.len();
        out.push_str(part);
        out[start..].make_ascii_lowercase();
    } else {
        out.push_str(&fold_for_search(part));
    }
}

fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices()
        .nth(count)
        .map_or(text, |(end, _)| &text[..end])
}

/// Folds text so that it is found however it was typed: Unicode NFKC, then lower case, then NFKC
/// again, because lower case may leave it.
#[must_use]
pub fn fold_for_search(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|b| b.is_ascii() && !b.is_ascii_uppercase())
    {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfkc().flat_map(char::to_lowercase).nfkc().collect())
}

/// A stored object at the place of a definition that cannot be read as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenDefinition {
    /// Where it lies.
    pub key: ModelKey,
    /// The version of its bytes; `None` if there are too many to read.
    pub version: Option<Version>,
    /// Why it cannot be read.
    pub reason: Box<str>,
    /// Where in the text the reason is.
    pub position: Option<Position>,
    /// Its size in bytes.
    pub size: u64,
}

impl BrokenDefinition {
    /// Notes why these bytes cannot be read.
    #[must_use]
    pub fn new(key: ModelKey, bytes: &[u8], error: &JsonError) -> Self {
        Self {
            key,
            version: Some(Version::of(bytes)),
            reason: error.message().into(),
            position: Some(error.position()),
            size: bytes.len() as u64,
        }
    }

    /// Notes an object that was not read because it is too large.
    #[must_use]
    pub fn too_large(key: ModelKey, size: u64) -> Self {
        let reason = too_large_message(size).into();
        Self {
            key,
            version: None,
            reason,
            position: None,
            size,
        }
    }
}
