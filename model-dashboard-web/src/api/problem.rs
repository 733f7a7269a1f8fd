//! Errors as RFC 9457 problem documents.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::Error;
use model_dashboard::model::{FieldError, Timestamp};
use model_dashboard::package::inspect::Mismatch;
use model_dashboard::repository::packages::PackageId;
use serde::Serialize;
use utoipa::ToSchema;
use warp::reply::Response;

use super::dto::{Changes, Overlap};
use crate::kind::Kind;

/// An error answer (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Names the kind of problem for programs; stable.
    #[serde(rename = "type")]
    #[schema(example = "urn:model-dashboard:problem:not-found")]
    pub(super) kind: String,
    /// The kind of problem in words.
    #[schema(example = "Not found")]
    pub(super) title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    pub(super) status: u16,
    /// What is wrong this time, and what to do.
    pub(super) detail: String,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<FieldProblem>,
    /// Names like the one that was not found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) near: Vec<String>,
    /// All that the name can mean, as `type/name`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) candidates: Vec<String>,
    /// The ETag of the present state, after a lost race, or of one that cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) current_etag: Option<String>,
    /// After a lost race, the number of the present revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revision: Option<u64>,
    /// Who made it, where the registry did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) modified_by: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) modified_at: Option<Timestamp>,
    /// Why; may be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// What was changed since the state that `If-Match` names, cut as in a list of revisions; left out
    /// where that state is not among the last 20 revisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) theirs: Option<Changes>,
    /// What the request would change of that state, or of the present one where that is not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) yours: Option<Changes>,
    /// What both change, each to something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) overlap: Option<Overlap>,
    /// Since when what is needed cannot be reached (RFC 3339), if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<String>,
    /// The permission that is missing, or the first of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) missing_permission: Option<&'static str>,
    /// What a package says otherwise than the model that was to get it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) mismatches: Vec<MismatchProblem>,
    /// Labels and images that stand for something else with a package or a revision: what they stood for, and stand for
    /// then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) breaking: Option<Changes>,
    /// Why jobs may not run a model correctly, which is enabled or to be enabled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["there are no weights of fold 1"]))]
    pub(super) lacking: Vec<String>,
    /// The upload that a package which needs to be confirmed came with: `upload` of a `PUT` with
    /// `confirm`, which then has no bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "01J9Z3K4V5W6X7Y8Z9A0B1C2D3")]
    pub(super) upload: Option<String>,
    /// What to do so that it is done all the same, where the request has to say something more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "if it is meant, add breaking to what `confirm` says, and send it again")]
    pub(super) next: Option<String>,
    /// The SHA-256 of bytes that were purged and must not be kept, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    #[serde(skip)]
    retry_after: Option<Duration>,
    #[serde(skip)]
    challenge: Option<Cow<'static, str>>,
}

/// What a package says otherwise than a model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct MismatchProblem {
    /// `network_type`, or `name` for another number of nnU-Net's data set.
    #[schema(example = "network_type")]
    pub(super) part: &'static str,
    /// What the model has.
    #[schema(example = "MIST")]
    pub(super) model: String,
    /// What the package says.
    #[schema(example = "nnUNet_v2")]
    pub(super) package: String,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FieldProblem {
    /// The field, dots before inner ones; empty for the whole.
    #[schema(example = "contour_names")]
    pub(super) field: String,
    /// What is wrong and what is expected.
    pub(super) message: String,
    /// Line in the text that was sent, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    /// Column in that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<usize>,
}

impl FieldProblem {
    /// What is wrong with a field, wherever it stands.
    pub(super) fn named(field: &str, message: impl Into<String>) -> FieldProblem {
        FieldProblem {
            field: field.to_owned(),
            message: message.into(),
            line: None,
            column: None,
        }
    }
}

impl From<&FieldError> for FieldProblem {
    fn from(error: &FieldError) -> FieldProblem {
        FieldProblem {
            field: error.field.clone(),
            message: error.message.clone(),
            line: error.position.map(|p| p.line),
            column: error.position.map(|p| p.column),
        }
    }
}

/// Asked for with no credential at all (RFC 6750 §3).
const CHALLENGE: &str = r#"Bearer realm="Model Dashboard""#;
/// Asked for with a credential that does not count (RFC 6750 §3.1).
const CHALLENGE_INVALID: &str = r#"Bearer realm="Model Dashboard", error="invalid_token""#;

/// Asked for with a token that lacks a scope (RFC 6750 §3.1).
fn challenge_scope(missing: impl Display) -> String {
    format!(r#"Bearer realm="Model Dashboard", error="insufficient_scope", scope="{missing}""#)
}

/// What a change lacks that names no state.
const IF_MATCH_NEEDED: &str = "say which state you change: send its ETag in the header If-Match, \
                               or * for whatever is there";

/// Where the reason for a change is given here.
const MESSAGE_HEADER: &str = "the reason goes into the header Model-Dashboard-Message";

/// How a model is enabled whatever its package.
const OVERRIDING: &str = "an administrator can PATCH {\"enabled\": true} alone, with the header \
                          `Model-Dashboard-Override: package` and a reason";

/// How a model is enabled that jobs may not run correctly.
const ENABLING: &str = "if it is meant, PATCH {\"enabled\": true} alone, with `confirm=incomplete`; a definition that cannot be \
     read is mended disabled before";

/// How something is confirmed here, beside what the request confirmed already; the bytes of an upload are
/// there.
fn confirming(what: &str, upload: Option<PackageId>) -> String {
    match upload {
        None => format!("if it is meant, add {what} to what `confirm` says, and send it again"),
        Some(upload) => format!(
            "if it is meant, add {what} to what `confirm` says, and send it again with {upload} as `upload`, without \
             the bytes"
        ),
    }
}

impl From<&Mismatch> for MismatchProblem {
    fn from(mismatch: &Mismatch) -> MismatchProblem {
        MismatchProblem {
            part: mismatch.part.as_str(),
            model: mismatch.model.clone(),
            package: mismatch.package.clone(),
        }
    }
}

impl Problem {
    /// A problem of this kind. `kind` is the end of the `type`.
    pub(crate) fn new(
        status: StatusCode,
        kind: &str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        Problem {
            kind: format!("urn:model-dashboard:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            near: Vec::new(),
            candidates: Vec::new(),
            current_etag: None,
            revision: None,
            modified_by: None,
            modified_at: None,
            message: None,
            theirs: None,
            yours: None,
            overlap: None,
            since: None,
            missing_permission: None,
            mismatches: Vec::new(),
            breaking: None,
            lacking: Vec::new(),
            upload: None,
            next: None,
            sha256: None,
            retry_after: None,
            challenge: None,
        }
    }

    /// No credential was given.
    pub(crate) fn no_credential() -> Problem {
        let detail = "send an API token in the header “Authorization: Bearer …”; make one on the \
                      page “API tokens” of the dashboard";
        Problem {
            challenge: Some(CHALLENGE.into()),
            ..Problem::new(
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "Not signed in",
                detail,
            )
        }
    }

    /// The request itself cannot be understood.
    pub(super) fn bad_request(detail: impl Into<String>) -> Problem {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-request",
            "Bad request",
            detail,
        )
    }

    /// No such route.
    pub(super) fn no_route() -> Problem {
        let detail = "there is nothing at this address; /docs lists all routes";
        Problem::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// The answer.
    pub(crate) fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(body.into());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, wait.as_secs().max(1).into());
        }
        if let Some(Ok(challenge)) = self.challenge.map(|text| HeaderValue::from_str(&text)) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let Kind {
            status,
            name,
            title,
        } = Kind::of(&error);
        let detail = error.to_string();
        let retry_after = error.retry_after();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = &error as &dyn std::error::Error, "request failed");
        } else if let Error::Unavailable { .. } = error {
            tracing::warn!(error = &error as &dyn std::error::Error, "request refused");
        }
        let mut problem = Problem {
            retry_after,
            ..Problem::new(status, name, title, detail)
        };
        match error {
            Error::Unauthenticated { .. } => problem.challenge = Some(CHALLENGE_INVALID.into()),
            Error::Denied { permission, .. } => {
                problem.missing_permission = Some(permission.as_str());
                problem.challenge = Some(challenge_scope(permission).into());
                problem.detail = format!(
                    "the token lacks the scope {permission}, or the role of its owner does not \
                     have it; use a token that has it"
                );
            }
            Error::MoreThanOwn { missing, .. } => {
                problem.missing_permission = missing.iter().next().map(Permission::as_str);
                problem.challenge = Some(challenge_scope(missing).into());
                problem.detail = format!(
                    "you cannot give a role more than the token itself may; what it lacks is \
                     {missing}: use a token that has that, too, and whose owner does"
                );
            }
            Error::NotFound { near, .. } => problem.near = near,
            Error::Ambiguous { candidates, .. } => {
                problem.candidates = candidates.iter().map(ToString::to_string).collect();
            }
            Error::Conflict {
                current: Some(current),
                ..
            } => {
                problem.current_etag = Some(super::conditional::etag(&current.version));
            }
            Error::Mismatched {
                mismatches, upload, ..
            } => {
                problem.next = Some(confirming("as_typed", upload));
                problem.upload = upload.map(|upload| upload.to_string());
                problem.mismatches = mismatches.iter().map(MismatchProblem::from).collect();
            }
            Error::Breaking {
                breaking,
                lacking,
                upload,
                ..
            } => {
                let what = match lacking.is_empty() {
                    true => "breaking",
                    false => "breaking,incomplete",
                };
                problem.next = Some(confirming(what, upload));
                problem.lacking = lacking;
                problem.upload = upload.map(|upload| upload.to_string());
                problem.breaking = Some(Changes::breaking(&breaking));
            }
            Error::Incomplete {
                lacking,
                enabled,
                upload,
                ..
            } => {
                problem.next = Some(match enabled {
                    true => confirming("incomplete", upload),
                    false => ENABLING.to_owned(),
                });
                problem.upload = upload.map(|upload| upload.to_string());
                problem.lacking = lacking;
            }
            Error::Untrusted { enabled: false, .. } => problem.next = Some(OVERRIDING.to_owned()),
            Error::PurgedBytes { digest, .. } => problem.sha256 = Some(digest.to_hex()),
            Error::Unavailable { since, .. } => problem.since = since.map(|at| at.to_string()),
            Error::PreconditionRequired => problem.detail = IF_MATCH_NEEDED.to_owned(),
            Error::Invalid(errors) => {
                if errors.iter().any(|error| error.field == "message") {
                    problem.next = Some(MESSAGE_HEADER.to_owned());
                }
                problem.errors = errors.iter().map(FieldProblem::from).collect();
                problem.detail = Error::Invalid(errors).to_string();
            }
            Error::Broken {
                reason, position, ..
            } => {
                problem.errors = vec![FieldProblem {
                    field: String::new(),
                    message: reason,
                    line: position.map(|p| p.line),
                    column: position.map(|p| p.column),
                }]
            }
            _ => {}
        }
        problem
    }
}
