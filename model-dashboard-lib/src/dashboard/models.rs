//! Reading models.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Caller, Dashboard, Error, Reader};
use crate::auth::Permission;
use crate::catalog::{CatalogState, Entry, Page, Picture, Query};
use crate::model::{
    BrokenDefinition, DuplicateKeys, ModelDefinition, ModelKey, ModelSummary, Timestamp, Version,
};
use crate::repository::{RepositoryError, StoredModel};

/// With so many models a search takes milliseconds, so it runs beside the async threads.
const SEARCH_BESIDE: usize = 5_000;

/// How many names a missing one is compared with.
const NAMES_COMPARED: usize = 10_000;

/// How many keys are suggested in place of one that was renamed.
const NAMES_SUGGESTED: usize = 5;

/// A model: its definition as it is stored at this moment.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// Where it lies.
    pub key: ModelKey,
    /// What it says.
    pub definition: ModelDefinition,
    /// The version of its bytes, to change it by.
    pub version: Version,
    /// The stored bytes.
    pub bytes: Arc<[u8]>,
}

impl Model {
    /// Reads a stored definition.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn read(stored: &StoredModel) -> Result<Model, BrokenDefinition> {
        match ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins) {
            Ok(definition) => Ok(Model {
                key: stored.key.clone(),
                definition,
                version: stored.version,
                bytes: stored.bytes.clone(),
            }),
            Err(error) => Err(BrokenDefinition::new(
                stored.key.clone(),
                &stored.bytes,
                &error,
            )),
        }
    }

    /// What a list shows of it.
    #[must_use]
    pub fn summary(&self) -> ModelSummary {
        ModelSummary::new(self.key.clone(), self.version, &self.definition)
    }

    /// The number of the revision, if the registry wrote it.
    #[must_use]
    pub fn revision(&self) -> Option<u64> {
        self.definition.registry().map(|registry| registry.revision)
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.definition.deleted().is_some()
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("key", &self.key)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The stored text of a definition, readable or not.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawModel {
    /// Where it lies.
    pub key: ModelKey,
    /// The stored bytes.
    pub bytes: Arc<[u8]>,
    /// Their version, to replace them by.
    pub version: Version,
    /// Why the definition cannot be read, if it cannot.
    pub broken: Option<BrokenDefinition>,
}

impl RawModel {
    /// Whether it is larger than a definition may be: nothing of it was read.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        let broken = self.broken.as_ref();
        broken.is_some_and(|broken| broken.size > self.bytes.len() as u64)
    }

    /// The same, for who needs its text.
    ///
    /// # Errors
    /// [`Error::Broken`] where nothing of it was read.
    pub fn whole(self) -> Result<Self, Error> {
        match self.broken {
            Some(broken) if broken.size > self.bytes.len() as u64 => Err(broken.into()),
            _ => Ok(self),
        }
    }
}

impl std::fmt::Debug for RawModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawModel")
            .field("key", &self.key)
            .field("version", &self.version)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

impl From<BrokenDefinition> for Error {
    fn from(broken: BrokenDefinition) -> Error {
        Error::Broken {
            key: broken.key,
            reason: broken.reason.into(),
            position: broken.position,
        }
    }
}

impl Dashboard {
    /// Makes sure that the caller may read models.
    pub(super) async fn may_read(
        &self,
        caller: &Caller,
        target: impl FnOnce() -> String,
    ) -> Result<(), Error> {
        self.require(caller, Permission::ModelsRead, target).await
    }

    /// The page of models that a query asks for, from memory. Needs `models:read`.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Unavailable`] before the models were loaded once.
    pub async fn list(&self, caller: &Caller, query: &Query) -> Result<Page, Error> {
        let picture = self.picture(caller).await?;
        if query.search.is_empty() || picture.len() < SEARCH_BESIDE {
            return Ok(picture.query(query));
        }
        let query = query.clone();
        let page = tokio::task::spawn_blocking(move || picture.query(&query)).await;
        page.map_err(|error| Error::Internal(Box::new(error)))
    }

    /// All models as they are known at this moment, from memory. Needs `models:read`.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Unavailable`] before the models were loaded once.
    pub async fn picture(&self, caller: &Caller) -> Result<Arc<Picture>, Error> {
        self.may_read(caller, || "models".to_owned()).await?;
        self.loaded()?;
        Ok(self.inner.catalog.current())
    }

    /// How well the models are known: since when they are not up to date, and why.
    #[must_use]
    pub fn catalog_state(&self) -> CatalogState {
        self.inner.catalog.state()
    }

    /// Since when the model store has not answered, if it does not: what is shown was known then.
    /// Costs next to nothing.
    #[must_use]
    pub fn stale_since(&self) -> Option<Timestamp> {
        self.inner.catalog.stale_since()
    }

    pub(super) fn loaded(&self) -> Result<(), Error> {
        if self.inner.catalog.is_loaded() {
            return Ok(());
        }
        let state = self.inner.catalog.state();
        Err(Error::Unavailable {
            what: match &state.failing {
                Some(failing) => format!(
                    "the registry is starting, and its models cannot be loaded yet: {}",
                    failing.message
                ),
                None => "the registry is starting: the models are being loaded".to_owned(),
            },
            since: state.failing.map(|failing| failing.since),
            retry_after: Duration::from_secs(2),
            source: None,
        })
    }

    /// The model of this name, whatever its type. Needs `models:read`.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] with the candidates, otherwise as [`Dashboard::model`].
    pub async fn find(&self, caller: &Caller, name: &str) -> Result<Model, Error> {
        let picture = self.picture(caller).await?;
        match picture.find_by_name(name).as_slice() {
            [key] => self.model(caller, key).await,
            [] => {
                let was = |entry: &&Arc<Entry>| entry.key().name.as_str() == name;
                let graves = picture.tombstones().take(NAMES_COMPARED);
                let mut graves = graves.filter(was).peekable();
                let near = match graves.peek() {
                    Some(_) => {
                        let keys: BTreeSet<_> =
                            graves.flat_map(|it| picture.near(it.key())).collect();
                        let keys = keys.iter().take(NAMES_SUGGESTED);
                        keys.map(ToString::to_string).collect()
                    }
                    None => {
                        let names = picture.entries().map(|entry| entry.key().name.as_str());
                        super::near_names(name, names.take(NAMES_COMPARED))
                    }
                };
                let what = format!("model {name}");
                Err(Error::NotFound { what, near })
            }
            several => Err(Error::Ambiguous {
                name: name.to_owned(),
                candidates: several.to_vec(),
            }),
        }
    }

    /// The stored bytes of a model that can be read: what [`Dashboard::model`] gives without
    /// reading it, and the quickest way to serve one. From memory where it is known. Needs
    /// `models:read`.
    ///
    /// # Errors
    /// As [`Dashboard::model`].
    pub async fn body(&self, caller: &Caller, key: &ModelKey) -> Result<Arc<StoredModel>, Error> {
        self.may_read(caller, || format!("model:{key}")).await?;
        self.body_at(key).await
    }

    /// [`Dashboard::body`] where it can be answered from memory and is a model; any other answer is
    /// left to it.
    #[must_use]
    pub fn known_body(
        &self,
        reader: &Reader,
        network_type: &str,
        name: &str,
    ) -> Option<Arc<StoredModel>> {
        if !reader.has(Permission::ModelsRead) {
            return None;
        }
        self.inner.catalog.known_body_at(network_type, name)
    }

    async fn body_at(&self, key: &ModelKey) -> Result<Arc<StoredModel>, Error> {
        self.loaded()?;
        let entry = self.inner.catalog.current().get(key);
        let entry = entry.ok_or_else(|| self.no_model(key))?;
        if let Some(broken) = entry.broken() {
            return Err(broken.clone().into());
        }
        let stored = match self.inner.catalog.body_of(&entry).await {
            Err(RepositoryError::NotFound { .. }) => return Err(self.no_model(key)),
            other => other?,
        };
        if Some(stored.version) != entry.version() && Model::read(&stored)?.is_deleted() {
            return Err(self.no_model(key));
        }
        Ok(stored)
    }

    /// All broken definitions, in order of key. Needs `models:read`.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Unavailable`] before the models were loaded once.
    pub async fn broken(&self, caller: &Caller) -> Result<Vec<Arc<Entry>>, Error> {
        Ok(self.picture(caller).await?.broken())
    }

    /// One model. Needs `models:read`.
    ///
    /// # Errors
    /// [`Error::NotFound`] with names like it, [`Error::Broken`], [`Error::Denied`].
    pub async fn model(&self, caller: &Caller, key: &ModelKey) -> Result<Model, Error> {
        let stored = self.body(caller, key).await?;
        Ok(Model::read(&stored)?)
    }

    /// The stored text of a model, also of a broken one; of one of more than 1 MiB, which is not
    /// read at all, nothing, but its version. Needs `models:read`.
    ///
    /// # Errors
    /// [`Error::NotFound`] with names like it, [`Error::Denied`].
    pub async fn raw(&self, caller: &Caller, key: &ModelKey) -> Result<RawModel, Error> {
        self.may_read(caller, || format!("model:{key}")).await?;
        let stored = match self.live(key).await {
            Err(error @ Error::Broken { .. }) => return self.unread(key, error),
            stored => stored?,
        };
        let broken = Model::read(&stored).err();
        Ok(RawModel {
            key: stored.key,
            bytes: stored.bytes,
            version: stored.version,
            broken,
        })
    }

    /// What is stored now at `key`, deleted ones excepted.
    pub(super) async fn live(&self, key: &ModelKey) -> Result<StoredModel, Error> {
        let stored = match self.inner.catalog.ask_one(key).await {
            Ok(stored) => stored,
            Err(RepositoryError::NotFound { .. }) => return Err(self.no_model(key)),
            Err(other) => return Err(other.into()),
        };
        match Model::read(&stored) {
            Ok(model) if model.is_deleted() => Err(self.no_model(key)),
            _ => Ok(stored),
        }
    }

    /// That there is no such model, with keys like it.
    pub(super) fn no_model(&self, key: &ModelKey) -> Error {
        let near = self.inner.catalog.current().near(key);
        Error::NotFound {
            what: format!("model {key}"),
            near: near.iter().map(ToString::to_string).collect(),
        }
    }
}
