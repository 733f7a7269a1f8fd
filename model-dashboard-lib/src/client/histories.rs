//! Histories of models: who changed them, what differs between revisions, going back to one.

use http::header::IF_MATCH;
use serde::Deserialize;

use super::drafts::RemoteChanges;
use super::models::{MESSAGE, RemoteModel, of};
use super::package_changes::RemotePackageDifference;
use super::sending::Repeat;
use super::uploads::of_jobs;
use super::{Client, ClientError};
use crate::dashboard::Confirmed;
use crate::model::{ModelKey, Timestamp};

/// A page of a history.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteHistory {
    /// The identity of the model, the same through all its names.
    pub id: String,
    /// Its revisions, the last one first, each with what it changed.
    pub revisions: Vec<RemoteStep>,
    /// What the history lacks.
    #[serde(default)]
    pub missing: Vec<RemoteGap>,
    /// What the next page is before; `None` on the last one.
    #[serde(default)]
    pub next: Option<u64>,
}

/// Numbers in a row that a history lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteGap {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
}

/// A revision, and what it changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteStep {
    /// The revision.
    #[serde(flatten)]
    pub revision: RemoteRevision,
    /// What differs from the revision `since`, where the two can be compared; long values are cut.
    #[serde(default)]
    pub changes: Option<RemoteChanges>,
    /// The revision that it is compared with.
    #[serde(default)]
    pub since: Option<u64>,
}

/// A revision as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteRevision {
    /// Its number.
    #[serde(rename = "revision")]
    pub number: u64,
    /// The model as `type/name` by which it went then, where that is known.
    #[serde(default)]
    pub key: Option<String>,
    /// When it was made; of a change made outside, when it was noticed.
    #[serde(default)]
    pub modified_at: Option<Timestamp>,
    /// Who made it, where the registry did.
    #[serde(default)]
    pub modified_by: Option<String>,
    /// The directory that they are of, if they are of one.
    #[serde(default)]
    pub modified_by_source: Option<String>,
    /// Through what.
    #[serde(default)]
    pub via: Option<String>,
    /// Why; may be empty.
    #[serde(default)]
    pub message: String,
    /// `registry`, `outside` or `falsified`.
    #[serde(default)]
    pub origin: String,
    /// Whether jobs might use the model by it; `None` where it holds no definition.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// The version that people see by it.
    #[serde(default)]
    pub version: Option<String>,
    /// Whether it says that the model was deleted.
    #[serde(default)]
    pub deleted: bool,
    /// Why it cannot be read; `None` if it can.
    #[serde(default)]
    pub unreadable: Option<String>,
}

/// Two revisions, and what differs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct RemoteDifference {
    /// The earlier side.
    pub from: RemoteRevision,
    /// The later side.
    pub to: RemoteRevision,
    /// What differs; `None` where one of the two holds no definition.
    #[serde(default)]
    pub changes: Option<RemoteChanges>,
    /// What differs between their packages; `None` where they have the same one or none, and for who
    /// may not read packages.
    #[serde(default)]
    pub package: Option<RemotePackageDifference>,
}

impl Client {
    /// Up to `limit` revisions of a model (100 at most) with numbers below `before`, the last one
    /// first. There may be fewer: go on until `next` is `None`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn history(
        &self,
        key: &ModelKey,
        before: Option<u64>,
        limit: usize,
    ) -> Result<RemoteHistory, ClientError> {
        let [models, network_type, name] = of(key);
        let before = before.map(|it| it.to_string()).unwrap_or_default();
        let limit = limit.clamp(1, 100).to_string();
        let query = [("before", &*before), ("limit", &limit)];
        self.get(&[models, network_type, name, "revisions"], &query)
            .await
    }

    /// What differs from one revision of a model to another.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn diff(
        &self,
        key: &ModelKey,
        from: u64,
        to: u64,
    ) -> Result<RemoteDifference, ClientError> {
        let [models, network_type, name] = of(key);
        let (from, to) = (from.to_string(), to.to_string());
        let path = [models, network_type, name, "revisions", &to, "diff"];
        self.get(&path, &[("from", &from)]).await
    }

    /// Makes what a revision held the present state of a model that is as `etag` says, also its package.
    /// A deleted model, which has no `etag`, is brought back so, disabled.
    ///
    /// # Errors
    /// [`ClientError`]; one of kind `conflict` if the model is another by now;
    /// [`ClientError::BreakingPackage`], and for an enabled model [`ClientError::IncompletePackage`], unless that
    /// is `confirmed`.
    pub async fn restore(
        &self,
        key: &ModelKey,
        revision: u64,
        confirmed: Confirmed,
        etag: Option<&str>,
        message: &str,
    ) -> Result<RemoteModel, ClientError> {
        let [models, network_type, name] = of(key);
        let number = revision.to_string();
        let path = [models, network_type, name, "revisions", &number, "restore"];
        let confirmed = of_jobs(confirmed).join(",");
        let url = self.server.api(&path, &[("confirm", &confirmed)]);
        let answer = self.send(Repeat::NotArrived, |http| {
            let request = http.post(url.clone()).header(MESSAGE, message.as_bytes());
            match etag {
                Some(etag) => request.header(IF_MATCH, etag),
                None => request,
            }
        });
        self.read_model(key, &answer.await?)
    }
}
