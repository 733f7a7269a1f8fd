//! What the registry adds to a definition, in its field `registry`.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::json::{JsonObject, ObjectView, minify, quote, quote_all};
use super::{ContentDigest, ModelDefinition, ModelKey, Timestamp, Version};

const FIELD: &str = "registry";
const DIGEST: &str = "content_digest";

/// The identity of a model for life, through every rename: a ULID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelId(Ulid);

/// The text is no ULID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a model id is a ULID: 26 letters and digits")]
pub struct ModelIdError;

impl ModelId {
    /// A new id from the clock and random bits.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "every call gives another value")]
    pub fn new() -> Self {
        Self(Ulid::generate())
    }

    /// The id with this number, for identities that must come out the same every time.
    #[must_use]
    pub const fn from_u128(number: u128) -> Self {
        Self(Ulid(number))
    }

    /// Parses the 26 characters of a ULID.
    pub fn parse(text: &str) -> Result<Self, ModelIdError> {
        Ulid::from_string(text).map(Self).map_err(|_| ModelIdError)
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelId({})", self.0)
    }
}

impl FromStr for ModelId {
    type Err = ModelIdError;

    fn from_str(text: &str) -> Result<Self, ModelIdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ModelId {
    type Error = ModelIdError;

    fn try_from(text: String) -> Result<Self, ModelIdError> {
        Self::parse(&text)
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.to_string()
    }
}

/// By which way a change came in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum Via {
    /// The web pages.
    Dashboard,
    /// The REST API.
    Api,
    /// The command line.
    Cli,
    /// Another writer, straight into the bucket.
    Outside,
    /// Any other word.
    Other(Box<str>),
}

impl Via {
    /// The word that is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Outside => "outside",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<String> for Via {
    fn from(word: String) -> Self {
        match word.as_str() {
            "dashboard" => Self::Dashboard,
            "api" => Self::Api,
            "cli" => Self::Cli,
            "outside" => Self::Outside,
            _ => Self::Other(word.into()),
        }
    }
}

impl From<Via> for String {
    fn from(via: Via) -> Self {
        via.as_str().to_owned()
    }
}

/// That a model was deleted: its definition is a tombstone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Deleted {
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The key where the model lives on, after a rename or move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
}

impl Deleted {
    fn read(raw: &str) -> Option<Self> {
        if raw == "null" || raw == "false" {
            return None;
        }
        // Whatever else stands there, a model once deleted must not come back by a typo.
        let object = ObjectView::of(raw).unwrap_or_default();
        Some(Self {
            at: object.read("at"),
            by: object.read("by"),
            moved_to: object.read("moved_to"),
        })
    }
}

/// The field `registry` of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryInfo {
    /// The identity of the model.
    pub id: ModelId,
    /// The number of this revision; the first is 1.
    pub revision: u64,
    /// The key that it was written at. An object that says another key is a copy that someone
    /// made, and not the same model.
    pub key: Option<ModelKey>,
    /// Why the revision was made.
    pub message: Option<String>,
    /// Who made it.
    pub modified_by: Option<String>,
    /// The directory that they are of, if they are of one.
    pub modified_by_source: Option<String>,
    /// When it was made.
    pub modified_at: Option<Timestamp>,
    /// By which way it came in.
    pub via: Option<Via>,
    /// The digest of the content, computed by [`ModelDefinition::with_registry`].
    pub content_digest: Option<ContentDigest>,
    /// A random word by which a writer knows its own write again.
    pub write_id: Option<String>,
    /// The version of the revision before, where the registry replaced it: by it a history shows
    /// what was changed in it afterwards.
    pub previous: Option<Version>,
    /// The team or person that answers for the model.
    pub owner: Option<String>,
    /// Words to find the model by.
    pub tags: Vec<String>,
    /// The package that belongs to this revision.
    pub package: Option<String>,
    /// The reference that the model was derived from.
    pub derived_from: Option<String>,
    /// The key that a rename or move took the model from, until the next change: by it a move
    /// that was interrupted is finished.
    pub moved_from: Option<ModelKey>,
    /// Set in a tombstone; [`ModelDefinition::deleted`] says whether the definition is one.
    pub deleted: Option<Deleted>,
    /// Members that this version of the registry does not know; they are kept.
    pub other: JsonObject,
}

impl RegistryInfo {
    /// A revision of a model, everything else empty.
    #[must_use]
    pub fn new(id: ModelId, revision: u64) -> Self {
        Self {
            id,
            revision,
            key: None,
            message: None,
            modified_by: None,
            modified_by_source: None,
            modified_at: None,
            via: None,
            content_digest: None,
            write_id: None,
            previous: None,
            owner: None,
            tags: Vec::new(),
            package: None,
            derived_from: None,
            moved_from: None,
            deleted: None,
            other: JsonObject::new(),
        }
    }

    /// Reads the field. `None` without a readable `id` and `revision`; any other member that is
    /// missing or unreadable is left out.
    fn read(object: &ObjectView<'_>) -> Option<Self> {
        let key = |member| {
            let text: Option<String> = object.read(member);
            text.and_then(|text| text.parse().ok())
        };
        let mut info = Self {
            key: key("key"),
            moved_from: key("moved_from"),
            message: object.read("message"),
            modified_by: object.read("modified_by"),
            modified_by_source: object.read("modified_by_source"),
            modified_at: object.read("modified_at"),
            via: object.read("via"),
            content_digest: object.read(DIGEST),
            write_id: object.read("write_id"),
            previous: object.read("previous"),
            owner: object.read("owner"),
            tags: object.read("tags").unwrap_or_default(),
            package: object.read("package"),
            derived_from: object.read("derived_from"),
            deleted: object.get("deleted").and_then(Deleted::read),
            ..Self::new(object.read("id")?, object.read("revision")?)
        };
        for (key, value) in object.iter().filter(|(key, _)| !KNOWN.contains(key)) {
            info.other.push(key, value.into());
        }
        Some(info)
    }

    /// The known members in the order of [`KNOWN`], as JSON text; `None` for one that is not set.
    fn members(&self) -> [Option<String>; KNOWN.len()] {
        let text = |text: &Option<String>| text.as_deref().map(quote);
        let key = |key: &Option<ModelKey>| key.as_ref().map(|key| quote(&key.to_string()));
        [
            Some(quote(&self.id.to_string())),
            Some(self.revision.to_string()),
            key(&self.key),
            text(&self.message),
            text(&self.modified_by),
            text(&self.modified_by_source),
            self.modified_at.map(|at| quote(&at.to_string())),
            self.via.as_ref().map(|via| quote(via.as_str())),
            self.content_digest.map(|digest| quote(&digest.to_string())),
            text(&self.write_id),
            self.previous.map(|version| quote(&version.to_string())),
            text(&self.owner),
            (!self.tags.is_empty()).then(|| quote_all(&self.tags)),
            text(&self.package),
            text(&self.derived_from),
            key(&self.moved_from),
            self.deleted
                .as_ref()
                .map(|deleted| serde_json::json!(deleted).to_string()),
        ]
    }
}

/// The members of the field, in the order in which they are first written.
const KNOWN: &[&str] = &[
    "id",
    "revision",
    "key",
    "message",
    "modified_by",
    "modified_by_source",
    "modified_at",
    "via",
    "content_digest",
    "write_id",
    "previous",
    "owner",
    "tags",
    "package",
    "derived_from",
    "moved_from",
    "deleted",
];

impl ModelDefinition {
    /// What the registry keeps about the model; `None` if the field is missing, is no object, or
    /// lacks a readable `id` or `revision`.
    #[must_use]
    pub fn registry(&self) -> Option<RegistryInfo> {
        RegistryInfo::read(&self.as_object().view(FIELD)?)
    }

    /// That the model was deleted, if the definition is a tombstone. One that another program has
    /// enabled is none any more: jobs may run it, so people must see it.
    #[must_use]
    pub fn deleted(&self) -> Option<Deleted> {
        self.deleted_by(self.registry()?.deleted)
    }

    /// The same for what the field `registry` says.
    pub(crate) fn deleted_by<D>(&self, said: Option<D>) -> Option<D> {
        let enabled = self.as_object().get("enabled");
        said.filter(|_| matches!(enabled, None | Some("null" | "false")))
    }

    /// The definition with this field `registry`, its `content_digest` computed anew. Members keep
    /// their places, and their text where they say the same already.
    #[must_use]
    pub fn with_registry(mut self, info: &RegistryInfo) -> Self {
        let earlier = self
            .registry()
            .map(|earlier| earlier.members())
            .unwrap_or_default();
        let mut object = self.as_object().get_object(FIELD).unwrap_or_default();
        let kept: HashSet<&str> = info.other.iter().map(|(key, _)| key).collect();
        object.retain(|key| KNOWN.contains(&key) || kept.contains(key));
        for ((&key, value), earlier) in KNOWN.iter().zip(info.members()).zip(earlier) {
            match value {
                // Holds the place until the digest is known.
                _ if key == DIGEST => object.put(key, "null".into()),
                value if value == earlier => {}
                Some(value) => object.put(key, value.into()),
                None => drop(object.remove(key)),
            }
        }
        object.put_all(&info.other);
        self.as_object_mut().put(FIELD, object.to_text().into());
        object.put(DIGEST, quote(&self.content_digest().to_string()).into());
        self.as_object_mut().put(FIELD, object.to_text().into());
        self
    }

    /// The digest of the definition without white space between tokens and without the member
    /// `registry.content_digest`.
    #[must_use]
    pub fn content_digest(&self) -> ContentDigest {
        // One long text is hashed several times as fast as its pieces.
        let mut content = String::with_capacity(self.as_object().encoded_len());
        let mut feed = |piece: &str| content.push_str(piece);
        self.as_object().write_with(&mut feed, |key, value, feed| {
            match ObjectView::of(value).filter(|_| key == FIELD) {
                Some(registry) => {
                    let mut kept = registry.members;
                    kept.retain(|member| member.key != DIGEST);
                    for (n, member) in kept.iter().enumerate() {
                        feed(if n == 0 { "{" } else { "," });
                        feed(member.key_text);
                        feed(":");
                        minify(member.value, feed);
                    }
                    feed(if kept.is_empty() { "{}" } else { "}" });
                }
                None => minify(value, feed),
            }
        });
        ContentDigest::of(content.as_bytes())
    }

    /// Whether another writer than the registry made this state: the field `registry` is missing
    /// or its digest does not match.
    #[must_use]
    pub fn is_changed_outside(&self) -> bool {
        let noted = self.registry().and_then(|registry| registry.content_digest);
        noted.is_none_or(|noted| noted != self.content_digest())
    }
}
