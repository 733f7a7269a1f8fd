//! What a write stores: the next revision of a definition, and tombstones.

use std::sync::Arc;

use ulid::Ulid;

use super::{Change, RepositoryError};
use crate::model::{
    Deleted, DuplicateKeys, JsonKind, JsonObject, MAX_DEFINITION_BYTES, ModelDefinition, ModelId,
    ModelKey, RegistryInfo, Timestamp, Version, Via,
};

/// A revision that is about to be written.
#[derive(Debug)]
pub(crate) struct Revising<'a> {
    /// Where it goes.
    pub(crate) key: &'a ModelKey,
    /// The model.
    pub(crate) id: ModelId,
    /// The revision's number.
    pub(crate) number: u64,
    /// Who, when, why.
    pub(crate) change: &'a Change,
    /// A word that no other write has.
    pub(crate) write_id: &'a str,
    /// The version of the revision before, where one is replaced.
    pub(crate) previous: Option<Version>,
    /// What the revision before said.
    pub(crate) carried: Option<&'a RegistryInfo>,
    /// The old key of a rename.
    pub(crate) moved_from: Option<&'a ModelKey>,
}

/// Bytes ready to be stored, with what jobs read beside them where the store can hold it.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) enabled: bool,
}

/// A random word by which a writer knows its own write again.
pub(crate) fn new_write_id() -> String {
    Ulid::generate().to_string()
}

impl Revising<'_> {
    fn info(&self) -> RegistryInfo {
        let change = self.change;
        RegistryInfo {
            key: Some(self.key.clone()),
            message: (!change.message.is_empty()).then(|| change.message.clone()),
            modified_by: Some(change.by.clone()),
            modified_by_source: change.source.clone(),
            modified_at: Some(change.at),
            via: Some(change.via.clone()),
            write_id: Some(self.write_id.to_owned()),
            previous: self.previous,
            moved_from: self.moved_from.cloned(),
            ..RegistryInfo::new(self.id, self.number)
        }
    }

    /// The definition with its field `registry` filled: `owner`, `tags`, `package` and
    /// `derived_from` as the content names them (null counts as naming none), else as carried.
    pub(crate) fn definition(&self, content: &ModelDefinition) -> Result<Ready, RepositoryError> {
        let named = content.as_object().get_object("registry");
        let named = named.unwrap_or_default();
        let carried = self.carried;
        let text = |member: &str, carried: Option<&String>| match named.kind(member) {
            None => carried.cloned(),
            Some(_) => named.get_as(member).unwrap_or_default(),
        };
        let info = RegistryInfo {
            owner: text("owner", carried.and_then(|info| info.owner.as_ref())),
            tags: tags(&named, carried),
            package: text("package", carried.and_then(|info| info.package.as_ref())),
            derived_from: text(
                "derived_from",
                carried.and_then(|info| info.derived_from.as_ref()),
            ),
            other: carried.map(|info| info.other.clone()).unwrap_or_default(),
            ..self.info()
        };
        let mut content = content.clone();
        if content.registry().is_none() {
            // A field without identity is nobody's: nothing in it may stay in place.
            content.as_object_mut().set_text("registry", "");
        }
        ready(self.key, &content.with_registry(&info))
    }

    /// What stays at the key of a deleted model: a disabled model without content.
    pub(crate) fn tombstone(&self) -> Result<Ready, RepositoryError> {
        let deleted = Deleted {
            at: Some(self.change.at),
            by: Some(self.change.by.clone()),
            moved_to: None,
        };
        let info = RegistryInfo {
            deleted: Some(deleted),
            ..self.info()
        };
        ready(
            self.key,
            &ModelDefinition::new(self.key).with_registry(&info),
        )
    }
}

/// What stays at the key `from` of a model that lives on at `to`, where `moved` was noted. It
/// follows from these alone, so that whoever finishes the move writes the same.
pub(crate) fn moved_tombstone(
    from: &ModelKey,
    to: &ModelKey,
    moved: &RegistryInfo,
) -> Result<Ready, RepositoryError> {
    let info = RegistryInfo {
        key: Some(from.clone()),
        moved_from: None,
        previous: None,
        owner: None,
        tags: Vec::new(),
        package: None,
        derived_from: None,
        deleted: Some(Deleted {
            at: moved.modified_at,
            by: moved.modified_by.clone(),
            moved_to: Some(to.to_string()),
        }),
        other: JsonObject::new(),
        ..moved.clone()
    };
    ready(from, &ModelDefinition::new(from).with_registry(&info))
}

/// What the history says of a model that another program removed: since when it was seen to be gone.
pub(crate) fn removed_tombstone(
    key: &ModelKey,
    id: ModelId,
    number: u64,
    noticed: Timestamp,
) -> Result<Ready, RepositoryError> {
    let info = RegistryInfo {
        key: Some(key.clone()),
        message: Some("removed by another program".to_owned()),
        modified_at: Some(noticed),
        via: Some(Via::Outside),
        deleted: Some(Deleted {
            at: Some(noticed),
            by: None,
            moved_to: None,
        }),
        ..RegistryInfo::new(id, number)
    };
    ready(key, &ModelDefinition::new(key).with_registry(&info))
}

/// Whether a removal is to be noted after a revision with these bytes: it is one of the model at this
/// key, and no deletion.
pub(crate) fn is_held_at(key: &ModelKey, last: &[u8]) -> bool {
    match ModelDefinition::parse(last, DuplicateKeys::LastWins) {
        Ok(definition) => {
            let said = definition.registry().and_then(|info| info.key);
            definition.deleted().is_none() && said.is_none_or(|said| said == *key)
        }
        Err(_) => true,
    }
}

fn tags(named: &JsonObject, carried: Option<&RegistryInfo>) -> Vec<String> {
    match named.kind("tags") {
        None => carried.map(|info| info.tags.clone()).unwrap_or_default(),
        Some(JsonKind::Null) => Vec::new(),
        Some(_) => named.get_as("tags").unwrap_or_default().unwrap_or_default(),
    }
}

fn ready(key: &ModelKey, definition: &ModelDefinition) -> Result<Ready, RepositoryError> {
    let bytes = definition.to_bytes();
    if bytes.len() > MAX_DEFINITION_BYTES {
        return Err(RepositoryError::TooLarge {
            key: key.clone(),
            size: bytes.len() as u64,
        });
    }
    Ok(Ready {
        bytes: bytes.into(),
        enabled: definition.enabled(),
    })
}
