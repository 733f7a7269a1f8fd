//! Packages that are proposed to models.

use http::header::{ETAG, IF_MATCH};
use serde::Deserialize;

use super::models::{MESSAGE, RemoteModel, of};
use super::packages::{Record, RemotePackage};
use super::sending::Repeat;
use super::uploads::{confirmed, of_jobs, parts};
use super::{Client, ClientError};
use crate::dashboard::{Confirmed, Giving};
use crate::model::{ModelKey, Timestamp};

/// A package that is proposed to a model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteDraft {
    /// The package; the draft is called so, too.
    pub package: String,
    /// The model when it was proposed, as `type/name`.
    pub model: String,
    /// The revision that the model had then.
    #[serde(default)]
    pub revision: Option<u64>,
    /// What the definition takes over from the package.
    #[serde(default)]
    pub take: Vec<String>,
    /// The name of whoever proposed it.
    pub proposed_by: String,
    /// The source of their account, where that is told.
    #[serde(default)]
    pub proposed_by_source: Option<String>,
    /// When.
    pub proposed_at: Timestamp,
    /// Why; may be empty.
    #[serde(default)]
    pub message: String,
    /// What the file of the package is called.
    #[serde(default)]
    pub file_name: String,
    /// The bytes of the package.
    #[serde(default)]
    pub size: u64,
    /// Their SHA-256 in hexadecimal digits, where it is known.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Whether what is kept of it cannot be read: it can be discarded and nothing else.
    #[serde(default)]
    pub unreadable: bool,
}

/// A draft, and what would come of it now.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RemoteProposal {
    /// The draft.
    pub draft: RemoteDraft,
    /// What it would change of the definition.
    pub changes: RemoteChanges,
    /// What was checked.
    pub checks: Vec<RemoteCheck>,
    /// What is known of the package.
    pub package: RemotePackage,
    /// Names the state of the model that this holds for.
    pub etag: String,
}

/// What differs between two states of a definition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteChanges {
    /// Fields.
    #[serde(default)]
    pub fields: Vec<RemoteFieldChange>,
    /// Labels, by number.
    #[serde(default)]
    pub labels: Vec<RemoteLabelChange>,
    /// Whether a label number stands for something else.
    #[serde(default)]
    pub breaking: bool,
    /// How many more there are.
    #[serde(default)]
    pub more: usize,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteFieldChange {
    /// Its name, dots before inner ones.
    pub field: String,
    /// What it was; `None` if it was not there.
    pub before: Option<String>,
    /// What it is then.
    pub after: Option<String>,
}

/// A label that differs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteLabelChange {
    /// Its number.
    pub number: u32,
    /// The names it stood for; `None` if it was not there.
    pub before: Option<Vec<String>>,
    /// The names it stands for then.
    pub after: Option<Vec<String>>,
    /// `added`, `removed`, `respelled` or `redefined`.
    pub kind: String,
    /// Whether whoever knows the number of old takes one structure for another.
    #[serde(default)]
    pub breaking: bool,
}

/// Something that was checked of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteCheck {
    /// `passed`, `doubtful` or `failed`.
    pub verdict: String,
    /// What was seen.
    pub text: String,
}

/// What is proposed to models.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RemoteDrafts {
    /// How many there are; of all models they may be more than are listed.
    #[serde(default)]
    pub total: usize,
    /// The drafts.
    pub drafts: Vec<RemoteDraft>,
}

#[derive(Deserialize)]
struct Proposal {
    #[serde(flatten)]
    draft: RemoteDraft,
    changes: RemoteChanges,
    checks: Vec<RemoteCheck>,
    found: Record,
}

impl Client {
    /// What is proposed to a model.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn drafts(&self, key: &ModelKey) -> Result<Vec<RemoteDraft>, ClientError> {
        let [models, network_type, name] = of(key);
        let path = [models, network_type, name, "drafts"];
        let RemoteDrafts { drafts, .. } = self.get(&path, &[]).await?;
        Ok(drafts)
    }

    /// What is proposed to all models, those first that were proposed last; of many the last ones.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn all_drafts(&self) -> Result<RemoteDrafts, ClientError> {
        self.get(&["drafts"], &[]).await
    }

    /// A draft of a model, and what would come of it now.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn draft(
        &self,
        key: &ModelKey,
        package: &str,
    ) -> Result<RemoteProposal, ClientError> {
        let [models, network_type, name] = of(key);
        let path = [models, network_type, name, "drafts", package];
        let url = self.server.api(&path, &[]);
        let answer = self
            .send(Repeat::Safe, |http| http.get(url.clone()))
            .await?;
        let proposal: Proposal = self.json(&answer)?;
        let etag = answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.ok_or_else(|| self.not_understood("a draft without an ETag"))?;
        Ok(RemoteProposal {
            draft: proposal.draft,
            changes: proposal.changes,
            checks: proposal.checks,
            package: self.read_package(key, None, proposal.found)?,
            etag: etag.to_owned(),
        })
    }

    /// Proposes the package of an upload to a model, which stays as it is. What stands for something else is
    /// confirmed when the draft is published.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn propose(
        &self,
        upload: &str,
        key: &ModelKey,
        giving: &Giving,
        message: &str,
    ) -> Result<RemoteDraft, ClientError> {
        let [models, network_type, name] = of(key);
        let url = self
            .server
            .api(&[models, network_type, name, "drafts"], &[]);
        let giving = Giving {
            confirmed: Confirmed::default(),
            ..giving.clone()
        };
        let body = serde_json::json!({
            "upload": upload, "take": parts(&giving), "confirm": confirmed(&giving),
        });
        let body = body.to_string();
        let answer = self.send(Repeat::NotArrived, |http| {
            http.post(url.clone())
                .header(MESSAGE, message.as_bytes())
                .body(body.clone())
        });
        self.json(&answer.await?)
    }

    /// Makes a draft the next revision of its model, which is as `etag` says. Without a message that of
    /// the draft counts.
    ///
    /// # Errors
    /// [`ClientError`]; one of kind `conflict` if it is not; [`ClientError::BreakingPackage`] and
    /// [`ClientError::IncompletePackage`] unless that is `confirmed`.
    pub async fn publish_draft(
        &self,
        key: &ModelKey,
        package: &str,
        confirmed: Confirmed,
        etag: &str,
        message: &str,
    ) -> Result<RemoteModel, ClientError> {
        let [models, network_type, name] = of(key);
        let path = [models, network_type, name, "drafts", package, "publish"];
        let confirmed = of_jobs(confirmed).join(",");
        let url = self.server.api(&path, &[("confirm", &confirmed)]);
        let answer = self.send(Repeat::NotArrived, |http| {
            http.post(url.clone())
                .header(IF_MATCH, etag)
                .header(MESSAGE, message.as_bytes())
        });
        self.read_model(key, &answer.await?)
    }

    /// Ends a draft.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn discard_draft(
        &self,
        key: &ModelKey,
        package: &str,
        message: &str,
    ) -> Result<(), ClientError> {
        let [models, network_type, name] = of(key);
        let path = [models, network_type, name, "drafts", package];
        let url = self.server.api(&path, &[]);
        let answer = self.send(Repeat::NotArrived, |http| {
            http.delete(url.clone()).header(MESSAGE, message.as_bytes())
        });
        answer.await.map(drop)
    }
}
