//! Any store of the `object_store` crate that honours conditional writes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMode, PutOptions, PutResult, UpdateVersion,
};
use sha2::{Digest as _, Sha256};

use super::conditional::{Condition, ConditionalStore, Fault, Labels, Level, Listed, Object, Tag};
use super::faults::{fault, tells_of_more};
use super::keys::{Folder, StoreKey};
use crate::model::{MAX_DEFINITION_BYTES, Timestamp, Version};
use crate::repository::Stamp;

/// How long it is waited before a conditional write is sent again that was not done though its
/// condition holds. Amazon's S3 refuses one of two at once with 409.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
];

/// A [`ConditionalStore`] over an [`ObjectStore`].
#[derive(Debug)]
pub(super) struct RemoteStore {
    store: Arc<dyn ObjectStore>,
    location: String,
    unquoting: bool,
}

impl RemoteStore {
    pub(super) fn new(store: Arc<dyn ObjectStore>, location: impl Into<String>) -> Self {
        Self {
            store,
            location: location.into(),
            unquoting: false,
        }
    }

    /// Gives tags without quotation marks in conditions, if `unquoting`.
    #[cfg(feature = "s3")]
    pub(super) fn unquoting(mut self, unquoting: bool) -> Self {
        self.unquoting = unquoting;
        self
    }

    async fn try_put(
        &self,
        key: &StoreKey,
        bytes: &Arc<[u8]>,
        condition: &Condition,
        labels: Option<&Labels>,
    ) -> Result<PutResult, Error> {
        let options = PutOptions {
            mode: match condition {
                Condition::Always => PutMode::Overwrite,
                Condition::Absent => PutMode::Create,
                Condition::Unchanged(Tag::Given(tag)) => self.update(tag),
                Condition::Unchanged(Tag::Content(_) | Tag::Listed(_)) => {
                    return Err(Error::NotSupported {
                        source: "a tag of another store".into(),
                    });
                }
            },
            attributes: labels.map(attributes).unwrap_or_default(),
            ..PutOptions::default()
        };
        let payload = Bytes::from_owner(bytes.clone()).into();
        let path = Path::parse(key.as_str())?;
        self.store.put_opts(&path, payload, options).await
    }

    fn update(&self, tag: &UpdateVersion) -> PutMode {
        let mut tag = tag.clone();
        if self.unquoting {
            tag.e_tag = tag.e_tag.map(|tag| tag.trim_matches('"').to_owned());
        }
        PutMode::Update(tag)
    }
}

#[async_trait]
impl ConditionalStore for RemoteStore {
    async fn get(&self, key: &StoreKey) -> Result<Option<Object>, Fault> {
        let found = match self
            .store
            .get_opts(&path(key)?, GetOptions::default())
            .await
        {
            Ok(found) => found,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(fault(error)),
        };
        let meta = found.meta.clone();
        if meta.e_tag.is_none() {
            // An error that says that it is none, or a store that could not be written to on
            // condition.
            return Err(Fault::Unavailable {
                message: "it gives an object without a tag".to_owned(),
                source: None,
            });
        }
        if meta.size > MAX_DEFINITION_BYTES as u64 {
            return Err(Fault::TooLarge {
                size: meta.size,
                stamp: stamp(&meta),
                tag: Tag::Given(UpdateVersion {
                    e_tag: meta.e_tag,
                    version: meta.version,
                }),
            });
        }
        let bytes = found.bytes().await.map_err(fault)?;
        Ok(Some(Object {
            version: Version::of(&bytes),
            bytes: Arc::from(&*bytes),
            stamp: stamp(&meta),
            written_at: Some(Timestamp::from_unix_micros(
                meta.last_modified.timestamp_micros(),
            )),
            tag: Tag::Given(UpdateVersion {
                e_tag: meta.e_tag,
                version: meta.version,
            }),
        }))
    }

    async fn put(
        &self,
        key: &StoreKey,
        bytes: Arc<[u8]>,
        condition: &Condition,
        labels: Option<&Labels>,
    ) -> Result<Option<Stamp>, Fault> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let refused = match self.try_put(key, &bytes, condition, labels).await {
                // Without a tag no listing can match, and the object is read once more.
                Ok(put) => return Ok(Some(Stamp(put.e_tag.unwrap_or_default().into()))),
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => None,
                Err(error) if is_missing(&error) => None,
                Err(error) => Some(error),
            };
            // The answer may have been lost, to this try or to an earlier one.
            let found = self.get(key).await;
            if let Ok(Some(object)) = &found
                && object.bytes == bytes
            {
                return Ok(Some(object.stamp.clone()));
            }
            let as_before = match (condition, &found) {
                (Condition::Absent, Ok(None)) => true,
                (Condition::Unchanged(tag), Ok(Some(object))) => tag.is(&object.tag),
                _ => false,
            };
            let passes = refused
                .as_ref()
                .is_none_or(|error| matches!(error, Error::Generic { .. }));
            // The condition sees to it that no try overwrites what came between.
            if as_before
                && passes
                && let Some(pause) = pauses.next()
            {
                tokio::time::sleep(jittered(pause)).await;
                continue;
            }
            return match (found, refused) {
                (_, Some(error)) => Err(fault(error)),
                (Ok(None), None) if as_before => Err(Fault::Unavailable {
                    message: "it refuses to make an object that is not there".to_owned(),
                    source: None,
                }),
                (Ok(_) | Err(Fault::TooLarge { .. }), None) => Ok(None),
                (Err(error), None) => Err(error),
            };
        }
    }

    async fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<bool, Fault> {
        match self
            .store
            .copy_if_not_exists(&path(from)?, &path(to)?)
            .await
        {
            Ok(()) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(fault(error)),
        }
    }

    async fn digest(&self, key: &StoreKey) -> Result<Option<Version>, Fault> {
        let options = GetOptions::default();
        let found = match self.store.get_opts(&path(key)?, options).await {
            Ok(found) => found,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(fault(error)),
        };
        let (mut hasher, mut pieces) = (Sha256::new(), found.into_stream());
        while let Some(piece) = pieces.try_next().await.map_err(fault)? {
            hasher.update(&piece);
        }
        Ok(Some(Version::of_digest(hasher.finalize().into())))
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        match self.store.delete(&path(key)?).await {
            Ok(()) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(fault(error)),
        }
    }

    async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        let prefix = parse(&folder.path())?;
        let found = self.store.list_with_delimiter(Some(&prefix)).await;
        let found = found.map_err(fault)?;
        let name = |path: &Path| path.filename().unwrap_or_default().to_owned();
        Ok(Level {
            folders: found.common_prefixes.iter().map(name).collect(),
            objects: found
                .objects
                .iter()
                .map(|meta| Listed {
                    name: name(&meta.location),
                    stamp: stamp(meta),
                    size: meta.size,
                })
                .collect(),
            odd: Vec::new(),
        })
    }

    fn location(&self) -> String {
        self.location.clone()
    }
}

/// `Path::from` would encode `%`, `#` and everything that is not ASCII; the keys of the existing
/// system are not encoded.
fn parse(text: &str) -> Result<Path, Fault> {
    Path::parse(text).map_err(|error| Fault::Unexpected(error.into()))
}

fn path(key: &StoreKey) -> Result<Path, Fault> {
    parse(key.as_str())
}

fn stamp(meta: &ObjectMeta) -> Stamp {
    Stamp(match &meta.e_tag {
        Some(tag) => tag.as_str().into(),
        None => {
            let modified = meta.last_modified.timestamp_micros();
            format!("{modified:x}-{:x}", meta.size).into()
        }
    })
}

/// Metadata travels in HTTP headers: a name that does not fit into one is left out.
fn attributes(labels: &Labels) -> Attributes {
    let enabled = if labels.enabled { "true" } else { "false" };
    let named = [
        ("name", labels.key.name.as_str()),
        ("network_type", labels.key.network_type.as_str()),
        ("enabled", enabled),
    ];
    let fitting = named.into_iter().filter(|(_, value)| value.is_ascii());
    fitting
        .map(|(name, value)| (Attribute::Metadata(name.into()), value.to_owned()))
        .collect()
}

/// Whether there is no such object, in a store that is there.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && !tells_of_more(error)
}

/// Half of the time for certain, the rest by chance, so that those who failed together do not come
/// again together.
pub(super) fn jittered(pause: Duration) -> Duration {
    let chance = getrandom::u32().unwrap_or(u32::MAX / 2);
    pause / 2 + (pause / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
}
