//! Where things lie in a store.

use std::fmt;

use crate::model::{ContentDigest, ModelId, ModelKey};
use crate::repository::packages::PackageId;
use crate::repository::state::MAX_REVISION;

/// The folder that holds everything but the definitions.
pub(super) const REGISTRY: &str = ".registry";

/// The key of an object: segments joined by `/`, each as it stands in names, nothing encoded.
///
/// Every segment comes from a [`ModelKey`], a [`ModelId`] or this file: none is empty, `.` or
/// `..`, and none holds a slash or a control character.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct StoreKey(Box<str>);

impl StoreKey {
    /// The definition of a model.
    pub(super) fn definition(key: &ModelKey) -> Self {
        Self(key.to_string().into())
    }

    /// One revision of a model.
    pub(super) fn revision(id: ModelId, number: u64) -> Self {
        Self(format!("{REGISTRY}/revisions/{id}/{number:08}.json").into())
    }

    /// The id of the model that a key belongs to.
    pub(super) fn id_of(key: &ModelKey) -> Self {
        Self(format!("{REGISTRY}/keys/{key}").into())
    }

    /// The marker that every write renews. It has three segments: for other readers of the bucket
    /// whatever has two is a definition.
    pub(super) fn change() -> Self {
        Self(format!("{REGISTRY}/marker/change").into())
    }

    /// An object to try the store with; `word` makes it one of its own.
    pub(super) fn probe(word: &str) -> Self {
        Self(format!("{REGISTRY}/probe/{word}").into())
    }

    /// The bytes of a package.
    pub(super) fn package(id: PackageId) -> Self {
        Self(format!("{REGISTRY}/packages/{id}").into())
    }

    /// What was found in a package.
    pub(super) fn report(id: PackageId) -> Self {
        Self(format!("{REGISTRY}/packages/{id}.json").into())
    }

    /// What is noted of a package.
    pub(super) fn package_note(id: PackageId) -> Self {
        Self(format!("{REGISTRY}/packages/{id}.note.json").into())
    }

    /// What is kept of a package that is proposed to a model.
    pub(super) fn draft(model: ModelId, package: PackageId) -> Self {
        Self(format!("{REGISTRY}/drafts/{model}/{package}.json").into())
    }

    /// What is kept of bytes that must not exist.
    pub(super) fn purged(digest: ContentDigest) -> Self {
        Self(format!("{REGISTRY}/purged/{}.json", digest.to_hex()).into())
    }

    /// What is known of an upload.
    pub(super) fn upload(id: PackageId) -> Self {
        Self(format!("{REGISTRY}/uploads/{id}.json").into())
    }

    /// The bytes of an upload, where they are appended to one file.
    pub(super) fn upload_bytes(id: PackageId) -> Self {
        Self(format!("{REGISTRY}/uploads/{id}.bytes").into())
    }

    /// The last bytes of an upload, where whole parts alone can be kept otherwise; `word` makes it
    /// one of its own.
    pub(super) fn upload_tail(id: PackageId, word: &str) -> Self {
        Self(format!("{REGISTRY}/uploads/{id}.{word}.tail").into())
    }

    /// Something that a listing of the uploads named.
    pub(super) fn beside_uploads(name: &str) -> Self {
        Self(format!("{REGISTRY}/uploads/{name}").into())
    }

    /// The key as text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place that can be listed one level deep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Folder {
    /// The whole store.
    Root,
    /// The folder of a network type, or of whatever else lies at the root.
    Named(Box<str>),
    /// The revisions of a model.
    Revisions(ModelId),
    /// The drafts of a model, or all models that have any.
    Drafts(Option<ModelId>),
    /// A folder of the registry's own; empty for the one that holds all of them.
    Registry(Box<str>),
}

impl Folder {
    /// The path as text, without a slash at the end; empty for the root.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Named(name) => name.to_string(),
            Self::Revisions(id) => format!("{REGISTRY}/revisions/{id}"),
            Self::Drafts(None) => format!("{REGISTRY}/drafts"),
            Self::Drafts(Some(id)) => format!("{REGISTRY}/drafts/{id}"),
            Self::Registry(folder) if folder.is_empty() => REGISTRY.to_owned(),
            Self::Registry(folder) => format!("{REGISTRY}/{folder}"),
        }
    }
}

/// The number of the revision in a file of this name.
pub(super) fn revision_number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let number: u64 = digits.parse().ok()?;
    (number <= MAX_REVISION && format!("{number:08}") == digits).then_some(number)
}
