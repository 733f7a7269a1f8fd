//! Models, and whoever asks for them.

use http::header::{ETAG, IF_MATCH};
use reqwest::Method;
use serde::Deserialize;

use super::sending::{Answer, Repeat};
use super::{Client, ClientError};
use crate::model::{DuplicateKeys, JsonObject, ModelDefinition, ModelKey, ModelName, NetworkType};

/// Why something is changed.
pub(super) const MESSAGE: &str = "model-dashboard-message";
const OVERRIDE: &str = "model-dashboard-override";

/// Whose token it is, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Whoever {
    /// The name of the account.
    pub username: String,
    /// What the token may do.
    #[serde(default)]
    pub permissions: Vec<String>,
}

/// A model in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedModel {
    /// Its type and name.
    pub key: ModelKey,
    /// Whether inference jobs may use it.
    pub enabled: bool,
    /// The name people read.
    pub alias: String,
    /// The version people read.
    pub version: String,
    /// When it was last modified, as it is stored.
    pub last_modified_date: String,
}

/// A definition that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenModel {
    /// Its type and name.
    pub key: ModelKey,
    /// Why.
    pub reason: String,
}

/// A model as it is, or was as of a revision.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RemoteModel {
    /// Its type and name.
    pub key: ModelKey,
    /// All that is stored of it.
    pub definition: ModelDefinition,
    /// Names its state for a change.
    pub etag: String,
}

impl RemoteModel {
    /// The number of the revision; `None` for what another program wrote.
    #[must_use]
    pub fn revision(&self) -> Option<u64> {
        Some(self.definition.registry()?.revision)
    }
}

/// What is changed of a model.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Change<'a> {
    /// All of it becomes this.
    Replace(&'a ModelDefinition),
    /// What a merge patch (RFC 7396) names.
    Patch(&'a JsonObject),
    /// Enable it although jobs may not run it correctly with its package.
    EnableIncomplete,
    /// Enable it whatever its package, which only administrators may; the message is the reason.
    EnableDespitePackage,
}

#[derive(Deserialize)]
struct List {
    models: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    network_type: String,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    alias: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    last_modified_date: String,
}

#[derive(Deserialize)]
struct BrokenList {
    models: Vec<BrokenEntry>,
}

#[derive(Deserialize)]
struct BrokenEntry {
    name: String,
    network_type: String,
    #[serde(default)]
    reason: String,
}

impl Client {
    /// Whose token this is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn whoever(&self) -> Result<Whoever, ClientError> {
        self.get(&["me"], &[]).await
    }

    /// Models with all these words in what is searched; all without any. Sorted by type and name.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn models(&self, words: &str) -> Result<Vec<ListedModel>, ClientError> {
        let list: List = self.get(&["models"], &[("search", words)]).await?;
        let read = |entry: Entry| {
            Ok(ListedModel {
                key: self.listed_key(&entry.network_type, &entry.name)?,
                enabled: entry.enabled,
                alias: entry.alias,
                version: entry.version,
                last_modified_date: entry.last_modified_date,
            })
        };
        list.models.into_iter().map(read).collect()
    }

    /// The definitions that cannot be read, which no list of models has, and why. Sorted by type and name.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn broken_models(&self) -> Result<Vec<BrokenModel>, ClientError> {
        let list: BrokenList = self.get(&["broken-models"], &[]).await?;
        let read = |entry: BrokenEntry| {
            Ok(BrokenModel {
                key: self.listed_key(&entry.network_type, &entry.name)?,
                reason: entry.reason,
            })
        };
        list.models.into_iter().map(read).collect()
    }

    /// The keys of all models of this name.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn named(&self, name: &str) -> Result<Vec<ModelKey>, ClientError> {
        let found = self.models(name).await?;
        let keys = found.into_iter().map(|it| it.key);
        Ok(keys.filter(|key| key.name.as_str() == name).collect())
    }

    /// A model.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn model(&self, key: &ModelKey) -> Result<RemoteModel, ClientError> {
        let url = self.server.api(&of(key), &[]);
        let answer = self
            .send(Repeat::Safe, |http| http.get(url.clone()))
            .await?;
        self.read_model(key, &answer)
    }

    /// What a model was as of a revision.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn model_at(
        &self,
        key: &ModelKey,
        revision: u64,
    ) -> Result<RemoteModel, ClientError> {
        let [models, network_type, name] = of(key);
        let number = revision.to_string();
        let path = [models, network_type, name, "revisions", &number];
        let url = self.server.api(&path, &[]);
        let answer = self
            .send(Repeat::Safe, |http| http.get(url.clone()))
            .await?;
        self.read_model(key, &answer)
    }

    /// Creates a model; `message` says why.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create(
        &self,
        key: &ModelKey,
        definition: &ModelDefinition,
        message: &str,
    ) -> Result<RemoteModel, ClientError> {
        let mut definition = definition.clone();
        definition.set_key(key);
        let url = self.server.api(&["models"], &[]);
        let answer = self.send(Repeat::NotArrived, |http| {
            http.post(url.clone())
                .header(MESSAGE, message.as_bytes())
                .body(definition.to_bytes())
        });
        self.read_model(key, &answer.await?)
    }

    /// Changes a model that is as `etag` says; `message` says why.
    ///
    /// # Errors
    /// [`ClientError`]; one of kind `conflict` if it is not.
    pub async fn change(
        &self,
        key: &ModelKey,
        etag: &str,
        change: Change<'_>,
        message: &str,
    ) -> Result<RemoteModel, ClientError> {
        let confirm: &[_] = match change {
            Change::EnableIncomplete => &[("confirm", "incomplete")],
            _ => &[],
        };
        let url = self.server.api(&of(key), confirm);
        let (method, body) = match change {
            Change::Replace(definition) => (Method::PUT, definition.to_bytes()),
            Change::Patch(patch) => (Method::PATCH, patch.to_bytes()),
            Change::EnableIncomplete | Change::EnableDespitePackage => {
                (Method::PATCH, br#"{"enabled":true}"#.to_vec())
            }
        };
        let answer = self.send(Repeat::NotArrived, |http| {
            let request = http
                .request(method.clone(), url.clone())
                .header(IF_MATCH, etag)
                .header(MESSAGE, message.as_bytes());
            let request = match change {
                Change::EnableDespitePackage => request.header(OVERRIDE, "package"),
                Change::Replace(_) | Change::Patch(_) | Change::EnableIncomplete => request,
            };
            request.body(body.clone())
        });
        self.read_model(key, &answer.await?)
    }

    /// Gives a model that is as `etag` says another name or type; it keeps its identity and history. `as_typed` says
    /// that this is meant whatever its package says.
    ///
    /// # Errors
    /// [`ClientError`]; one of kind `conflict` if it is not, of kind `exists` if the name is taken;
    /// [`ClientError::MismatchedPackage`] where its package says that it is for another model.
    pub async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        as_typed: bool,
        etag: &str,
        message: &str,
    ) -> Result<RemoteModel, ClientError> {
        let [models, network_type, name] = of(from);
        let confirm: &[_] = match as_typed {
            true => &[("confirm", "as_typed")],
            false => &[],
        };
        let url = self
            .server
            .api(&[models, network_type, name, "rename"], confirm);
        let body = serde_json::json!({
            "network_type": to.network_type.as_str(), "name": to.name.as_str(),
        });
        let body = body.to_string();
        let answer = self.send(Repeat::NotArrived, |http| {
            http.post(url.clone())
                .header(IF_MATCH, etag)
                .header(MESSAGE, message.as_bytes())
                .body(body.clone())
        });
        self.read_model(to, &answer.await?)
    }

    /// Deletes a model that is as `etag` says; its history stays.
    ///
    /// # Errors
    /// As [`Client::change`].
    pub async fn delete(
        &self,
        key: &ModelKey,
        etag: &str,
        message: &str,
    ) -> Result<(), ClientError> {
        let url = self.server.api(&of(key), &[]);
        let answer = self.send(Repeat::NotArrived, |http| {
            http.delete(url.clone())
                .header(IF_MATCH, etag)
                .header(MESSAGE, message.as_bytes())
        });
        answer.await.map(drop)
    }

    /// The definition of a model as it is stored.
    pub(super) async fn stored(&self, key: &ModelKey) -> Result<Vec<u8>, ClientError> {
        let url = self.server.api(&of(key), &[]);
        let answer = self.send(Repeat::Safe, |http| http.get(url.clone()));
        Ok(answer.await?.body)
    }

    fn listed_key(&self, network_type: &str, name: &str) -> Result<ModelKey, ClientError> {
        let odd = |what: &str| self.not_understood(format!("{what} in a list of models"));
        let network_type = NetworkType::existing(network_type).map_err(|_| odd("an odd type"))?;
        let name = ModelName::existing(name).map_err(|_| odd("an odd name"))?;
        Ok(ModelKey::new(network_type, name))
    }

    pub(super) fn read_model(
        &self,
        key: &ModelKey,
        answer: &Answer,
    ) -> Result<RemoteModel, ClientError> {
        let definition = ModelDefinition::parse(&answer.body, DuplicateKeys::LastWins);
        let definition = definition.map_err(|error| self.not_understood(error.to_string()))?;
        let etag = answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        Ok(RemoteModel {
            key: key.clone(),
            definition,
            etag: etag.unwrap_or_default().to_owned(),
        })
    }
}

/// The address of a model.
pub(super) fn of(key: &ModelKey) -> [&str; 3] {
    ["models", key.network_type.as_str(), key.name.as_str()]
}
