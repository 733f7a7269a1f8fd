//! Packages that are proposed to models, on the wire.

use model_dashboard::dashboard::{self, AllDrafts, DraftCheck, ProposedRevision};
use model_dashboard::model::{FieldError, Timestamp};
use model_dashboard::package::inspect::{TakenPart, Trust};
use model_dashboard::repository::packages::PackageId;
use serde::Serialize;
use utoipa::ToSchema;

use super::Changes;
use super::packages::Package;
use crate::api::Failure;
use crate::api::confirmations::{AS_TYPED, BREAKING, INCOMPLETE};
use crate::api::fields::{Body, Field, Fields, must_be};

/// What can be taken over, for people.
pub(in crate::api) const PARTS: &str = "alias, description, labels, version or inference";

/// A package that is proposed to a model.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Draft {
    /// The package; the draft is called so, too.
    #[schema(example = "01J9Z3K4V5W6X7Y8Z9A0B1C2D3")]
    package: String,
    /// The model as `type/name` by which it went when it was proposed.
    #[schema(example = "nnUNet/Task055_SegTHOR")]
    model: String,
    /// The revision that the model had then.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// What the definition takes over from the package: `alias`, `description`, `labels`, `version`,
    /// `inference`.
    #[schema(value_type = Vec<String>, example = json!(["labels"]))]
    take: Vec<&'static str>,
    /// The name of whoever proposed it.
    proposed_by: String,
    /// The source of their account, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_by_source: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    proposed_at: Timestamp,
    /// Why; may be empty.
    message: String,
    /// What the file of the package is called.
    file_name: String,
    /// The bytes of the package.
    size: u64,
    /// Their SHA-256 in hexadecimal digits, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// That what is kept of it cannot be read: it can be discarded and nothing else.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unreadable: bool,
}

impl From<&dashboard::Draft> for Draft {
    fn from(draft: &dashboard::Draft) -> Draft {
        Draft {
            package: draft.package.to_string(),
            model: draft.model.clone(),
            revision: draft.revision,
            take: draft.takes.iter().map(|part| part.as_str()).collect(),
            proposed_by: draft.by.clone(),
            proposed_by_source: draft.source.clone(),
            proposed_at: draft.at,
            message: draft.message.clone(),
            file_name: draft.file_name.clone(),
            size: draft.size,
            sha256: draft.digest.map(|digest| digest.to_hex()),
            unreadable: draft.unreadable,
        }
    }
}

/// What is proposed to a model.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Drafts {
    /// How many there are; those of all models may be more than are listed.
    total: usize,
    /// The drafts, those first whose upload began first.
    drafts: Vec<Draft>,
}

impl From<&[dashboard::Draft]> for Drafts {
    fn from(drafts: &[dashboard::Draft]) -> Drafts {
        Drafts {
            total: drafts.len(),
            drafts: drafts.iter().map(Draft::from).collect(),
        }
    }
}

impl Drafts {
    /// Those of several models, by the names that these have now.
    pub(in crate::api) fn of_all(all: &AllDrafts) -> Drafts {
        let drafts = all.drafts.iter().map(|(key, draft)| Draft {
            model: key.to_string(),
            ..Draft::from(draft)
        });
        Drafts {
            total: all.drafts.len() + all.more,
            drafts: drafts.collect(),
        }
    }
}

/// A draft, and what would come of it now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ProposedDraft {
    /// The draft.
    #[serde(flatten)]
    draft: Draft,
    /// What it would change of the definition as it is now, beside the package.
    changes: Changes,
    /// What was checked.
    checks: Vec<Check>,
    /// What `confirm` has to name when it is published: `breaking`, `incomplete`.
    #[schema(value_type = Vec<String>, example = json!(["breaking"]))]
    confirm: Vec<&'static str>,
    /// What is known of the package.
    found: Package,
}

impl ProposedDraft {
    /// With checks by what packages of enabled models must be.
    ///
    /// # Errors
    /// Never for the reports of the library.
    pub(in crate::api) fn new(
        proposed: &ProposedRevision,
        needed: Trust,
    ) -> Result<ProposedDraft, Failure> {
        let (draft, record) = (&proposed.draft, proposed.record.clone());
        let checks = proposed.checks(needed);
        let may_break = proposed.may_break();
        Ok(ProposedDraft {
            draft: Draft::from(draft),
            changes: Changes::in_full(&proposed.changes()),
            checks: checks.iter().map(Check::from).collect(),
            confirm: [
                (!may_break.breaking.is_empty()).then_some(BREAKING),
                (!may_break.lacking.is_empty()).then_some(INCOMPLETE),
            ]
            .into_iter()
            .flatten()
            .collect(),
            found: Package::of(draft.package, &proposed.head, Some(record))?,
        })
    }
}

/// Something that was checked of a draft.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Check {
    /// `passed`; `doubtful` for what may be meant so; `failed` where jobs would fail, or take one
    /// thing for another.
    #[schema(example = "passed")]
    verdict: &'static str,
    /// What was seen.
    #[schema(example = "labels and images stand for what they stood for")]
    text: String,
}

impl From<&DraftCheck> for Check {
    fn from(check: &DraftCheck) -> Check {
        Check {
            verdict: check.verdict.as_str(),
            text: check.text.clone(),
        }
    }
}

/// What is to be proposed to a model.
#[derive(Debug, ToSchema)]
pub(in crate::api) struct NewDraft {
    /// The name of an upload of yours that has all its bytes.
    #[schema(value_type = String, example = "01J9Z3K4V5W6X7Y8Z9A0B1C2D3")]
    pub(in crate::api) upload: PackageId,
    /// What the definition takes over from the package: `alias`, `description`, `labels`, `version`,
    /// `inference`. Without it what
    /// the definition says as its package did until now, or not at all.
    #[schema(value_type = Option<Vec<String>>, example = json!(["labels"]))]
    pub(in crate::api) take: Option<Vec<TakenPart>>,
    /// What is meant so although the answer was 409: `as_typed`, that this model is to get a package
    /// which is for another one.
    #[schema(value_type = Option<Vec<String>>, example = json!(["as_typed"]))]
    pub(in crate::api) confirm: Option<AsTyped>,
}

impl Body for NewDraft {
    fn read(fields: &mut Fields) -> Option<NewDraft> {
        let take = fields.optional("take");
        let confirm = fields.optional("confirm");
        let upload = fields.needed("upload")?;
        Some(NewDraft {
            upload,
            take,
            confirm,
        })
    }
}

/// That a model is meant although its package is for another one: what can be said of a draft.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct AsTyped(pub(in crate::api) bool);

impl Field for AsTyped {
    fn read(json: &str) -> Result<Self, Vec<FieldError>> {
        let names: Option<Vec<String>> = serde_json::from_str(json).ok();
        let only = names.filter(|names| names.iter().all(|name| name.trim() == AS_TYPED));
        let only = only.map(|names| AsTyped(!names.is_empty()));
        only.ok_or_else(|| {
            must_be(&format!(
                "a list of {AS_TYPED}; what may break jobs is confirmed when the draft is published"
            ))
        })
    }
}

impl Field for PackageId {
    fn read(json: &str) -> Result<Self, Vec<FieldError>> {
        let id: Option<String> = serde_json::from_str(json).ok();
        let id = id.and_then(|id| PackageId::parse(&id).ok());
        id.ok_or_else(|| must_be("the name of an upload"))
    }
}

impl Field for Vec<TakenPart> {
    fn read(json: &str) -> Result<Self, Vec<FieldError>> {
        let names: Option<Vec<String>> = serde_json::from_str(json).ok();
        let parts = names.and_then(|names| parts(names.iter().map(String::as_str)));
        parts.ok_or_else(|| must_be(&format!("a list of {PARTS}")))
    }
}

/// Parts by their names; `None` if one of them is none.
pub(in crate::api) fn parts<'a>(names: impl Iterator<Item = &'a str>) -> Option<Vec<TakenPart>> {
    names.map(|name| TakenPart::parse(name.trim())).collect()
}
