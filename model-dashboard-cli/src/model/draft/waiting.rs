//! Drafts of a registry, whether that is a server or the installation of this machine.

use std::collections::BTreeSet;

use model_dashboard::client::{RemoteDraft, RemoteProposal};
use model_dashboard::dashboard::{self, Confirmed, Giving};
use model_dashboard::model::{ContentDigest, ModelKey, Timestamp};
use model_dashboard::repository::Precondition;
use model_dashboard::repository::packages::PackageId;
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::Installation;
use crate::model::Changed;
use crate::model::changes::Changes;
use crate::model::registry::Registry;
use crate::model::remote;

/// A draft as programs read it.
#[derive(Debug, Serialize)]
pub(in crate::model) struct Draft {
    pub(in crate::model) package: String,
    pub(in crate::model) model: String,
    revision: Option<u64>,
    pub(super) take: Vec<String>,
    proposed_by: String,
    proposed_by_source: Option<String>,
    pub(super) proposed_at: Timestamp,
    pub(super) message: String,
    pub(super) file_name: String,
    pub(super) size: u64,
    pub(in crate::model) sha256: Option<String>,
    /// It can be discarded and nothing else.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::model) unreadable: bool,
}

impl Draft {
    /// What it takes over.
    pub(in crate::model) fn takes(&self) -> BTreeSet<String> {
        self.take.iter().cloned().collect()
    }

    /// Who proposed it, with the directory that they are of.
    pub(super) fn who(&self) -> String {
        match &self.proposed_by_source {
            Some(source) => format!("{} ({source})", self.proposed_by),
            None => self.proposed_by.clone(),
        }
    }
}

impl From<dashboard::Draft> for Draft {
    fn from(draft: dashboard::Draft) -> Self {
        Self {
            package: draft.package.to_string(),
            model: draft.model,
            revision: draft.revision,
            take: draft
                .takes
                .iter()
                .map(|it| it.as_str().to_owned())
                .collect(),
            proposed_by: draft.by,
            proposed_by_source: draft.source,
            proposed_at: draft.at,
            message: draft.message,
            file_name: draft.file_name,
            size: draft.size,
            sha256: draft.digest.map(|digest| digest.to_hex()),
            unreadable: draft.unreadable,
        }
    }
}

impl From<RemoteDraft> for Draft {
    fn from(draft: RemoteDraft) -> Self {
        Self {
            package: draft.package,
            model: draft.model,
            revision: draft.revision,
            take: draft.take,
            proposed_by: draft.proposed_by,
            proposed_by_source: draft.proposed_by_source,
            proposed_at: draft.proposed_at,
            message: draft.message,
            file_name: draft.file_name,
            size: draft.size,
            sha256: draft.sha256,
            unreadable: draft.unreadable,
        }
    }
}

/// What would come of a draft now.
#[derive(Debug, Serialize)]
pub(super) struct Proposal {
    #[serde(flatten)]
    pub(super) draft: Draft,
    pub(super) file_name: String,
    pub(super) size: u64,
    pub(super) digest: ContentDigest,
    pub(super) changes: Changes,
    pub(super) checks: Vec<Check>,
    /// The state of the model that this holds for.
    #[serde(skip)]
    seen: Seen,
}

#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) verdict: String,
    pub(super) text: String,
}

#[derive(Debug)]
enum Seen {
    There(String),
    Here(Precondition),
}

impl From<RemoteProposal> for Proposal {
    fn from(found: RemoteProposal) -> Self {
        let checks = found.checks.into_iter().map(|check| Check {
            verdict: check.verdict,
            text: check.text,
        });
        Self {
            draft: found.draft.into(),
            file_name: found.package.file_name,
            size: found.package.size,
            digest: found.package.digest,
            changes: found.changes.into(),
            checks: checks.collect(),
            seen: Seen::There(found.etag),
        }
    }
}

impl Registry<'_> {
    /// The model that `text` names.
    pub(super) async fn key(&self, text: &str) -> Result<ModelKey, Failure> {
        match self {
            Self::Server(client) => remote::key(text, client).await,
            Self::Here(installation) => installation.model_key(text).await,
        }
    }

    pub(in crate::model) async fn drafts(&self, key: &ModelKey) -> Result<Vec<Draft>, Failure> {
        match self {
            Self::Server(client) => {
                let drafts = client.drafts(key).await?;
                Ok(drafts.into_iter().map(Draft::from).collect())
            }
            Self::Here(Installation {
                dashboard, caller, ..
            }) => {
                let drafts = dashboard.drafts(caller, key).await?;
                Ok(drafts.into_iter().map(Draft::from).collect())
            }
        }
    }

    /// The drafts of all models, and how many more there are than are listed.
    pub(super) async fn all_drafts(&self) -> Result<(Vec<Draft>, usize), Failure> {
        match self {
            Self::Server(client) => {
                let found = client.all_drafts().await?;
                let more = found.total.saturating_sub(found.drafts.len());
                let drafts = found.drafts.into_iter().map(Draft::from);
                Ok((drafts.collect(), more))
            }
            Self::Here(Installation {
                dashboard, caller, ..
            }) => {
                let found = dashboard.all_drafts(caller).await?;
                let named = found.drafts.into_iter().map(|(key, draft)| Draft {
                    model: key.to_string(),
                    ..draft.into()
                });
                Ok((named.collect(), found.more))
            }
        }
    }

    /// What would come of a draft.
    pub(super) async fn draft(&self, key: &ModelKey, draft: Draft) -> Result<Proposal, Failure> {
        match self {
            Self::Server(client) => Ok(client.draft(key, &draft.package).await?.into()),
            Self::Here(Installation {
                dashboard, caller, ..
            }) => {
                let package = id(&draft)?;
                let found = dashboard.draft(caller, key, package).await?;
                let checks = found.checks(dashboard.policy().min_package_trust);
                let checks = checks.into_iter().map(|check| Check {
                    verdict: check.verdict.as_str().to_owned(),
                    text: check.text,
                });
                Ok(Proposal {
                    changes: found.changes().into(),
                    checks: checks.collect(),
                    file_name: found.head.file_name,
                    size: found.head.size,
                    digest: found.head.digest,
                    seen: Seen::Here(Precondition::Version(found.model.version)),
                    draft,
                })
            }
        }
    }

    /// Publishes a draft as it was shown, whatever failed of what was checked: whoever publishes it was
    /// asked.
    pub(super) async fn publish_draft(
        &self,
        key: &ModelKey,
        proposal: &Proposal,
        message: &str,
    ) -> Result<Changed, Failure> {
        let confirmed = Confirmed::default().breaking().incomplete();
        match (self, &proposal.seen) {
            (Self::Server(client), seen) => {
                let etag = match seen {
                    Seen::There(etag) => etag,
                    Seen::Here(_) => "*",
                };
                let package = &proposal.draft.package;
                let model = client.publish_draft(key, package, confirmed, etag, message);
                Ok(remote::changed(&model.await?))
            }
            (
                Self::Here(Installation {
                    dashboard, caller, ..
                }),
                seen,
            ) => {
                let state = match seen {
                    Seen::Here(state) => state.clone(),
                    Seen::There(_) => Precondition::Exists,
                };
                let package = id(&proposal.draft)?;
                let model =
                    dashboard.publish_draft(caller, key, package, confirmed, state, message);
                Ok(Changed::from(&model.await?))
            }
        }
    }

    pub(super) async fn discard_draft(
        &self,
        key: &ModelKey,
        draft: &Draft,
        message: &str,
    ) -> Result<(), Failure> {
        match self {
            Self::Server(client) => {
                let package = &draft.package;
                Ok(client.discard_draft(key, package, message).await?)
            }
            Self::Here(Installation {
                dashboard, caller, ..
            }) => {
                let package = id(draft)?;
                dashboard
                    .discard_draft(caller, key, package, message)
                    .await?;
                Ok(())
            }
        }
    }

    /// Proposes the package of an upload to a model.
    pub(in crate::model) async fn propose(
        &self,
        upload: &str,
        key: &ModelKey,
        giving: &Giving,
        message: &str,
    ) -> Result<Draft, Failure> {
        match self {
            Self::Server(client) => {
                let draft = client.propose(upload, key, giving, message).await?;
                Ok(draft.into())
            }
            Self::Here(Installation {
                dashboard, caller, ..
            }) => {
                let upload = upload.parse().map_err(Failure::usage)?;
                let draft = dashboard.draft_upload(caller, upload, key, giving.clone(), message);
                Ok(draft.await?.into())
            }
        }
    }
}

fn id(draft: &Draft) -> Result<PackageId, Failure> {
    draft.package.parse().map_err(Failure::usage)
}
