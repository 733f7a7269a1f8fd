//! The history of a model: its revisions, what they changed, and going back to one.

use http::StatusCode;
use http::header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH};
use model_dashboard::auth::Permission;
use model_dashboard::catalog::Picture;
use model_dashboard::dashboard::{Error, ModelRevision, Origin, RevisionContent, Wanted};
use model_dashboard::model::ModelKey;
use model_dashboard::repository::Precondition;
use warp::reply::Response;

use super::answer::{Failure, Guest, json_beside};
use super::conditional::{IfMatch, if_match};
use super::confirmations;
use super::conflict::on_state;
use super::dto::{Definition, Difference, Revisions, cut, origin};
use super::models::{address, definition, located, message, written};
use super::parameters::{Parameters, bad};
use super::problem::Problem;

const DEFAULT_LIMIT: usize = 20;
/// The definitions of a page are in memory at the same time.
const MAX_LIMIT: usize = 100;

const NUMBER: &str = "the number of a revision";

/// Which revision an answer holds.
const REVISION: HeaderName = HeaderName::from_static("model-dashboard-revision");
/// When it was made.
const MODIFIED_AT: HeaderName = HeaderName::from_static("model-dashboard-modified-at");
/// Who made it.
const MODIFIED_BY: HeaderName = HeaderName::from_static("model-dashboard-modified-by");
/// Whether the registry wrote it.
const ORIGIN: HeaderName = HeaderName::from_static("model-dashboard-origin");

/// How much of a name a header holds.
const NAME_CHARS: usize = 200;

/// List the revisions of a model
///
/// The last one first, each with what it changed. An answer may hold less than `limit`: go on with
/// `before` until `next` is null. Of each revision at most 50 fields and
/// 50 labels are listed, and 200 characters of a value: the comparison of two revisions has all.
/// The history goes on through renames. That of a deleted model needs `system:admin`.
#[utoipa::path(get, path = "/api/v1/models/{network_type}/{name}/revisions", tag = "history",
    security(("token" = ["models:read"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("before" = Option<u64>, Query, description = "Only revisions with a smaller number"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 100, description = "At most so many; default 20"),
    ),
    responses((status = 200, body = Revisions)))]
pub(super) async fn list(guest: &Guest, key: ModelKey, query: &str) -> Result<Response, Failure> {
    let parameters = Parameters::parse(query, &["before", "limit"])?;
    let before = parameters.value("before", NUMBER)?;
    let limit = parameters.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let dashboard = guest.dashboard();
    let history = dashboard
        .history(&guest.caller, &key, before, limit)
        .await?;
    json_beside(|| Revisions::from(history)).await
}

/// Read a revision
///
/// The whole definition as it was stored then. A revision that is the deletion of the model, that
/// cannot be read, or that was changed in the history by hand is no definition to go by: the answer
/// is 422, with a `type` that ends in `deleted-revision`, `broken-definition` or
/// `falsified-revision`.
#[utoipa::path(get, path = "/api/v1/models/{network_type}/{name}/revisions/{revision}",
    tag = "history", security(("token" = ["models:read"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("revision" = u64, Path, example = 1, description = "Its number"),
        ("If-None-Match" = Option<String>, Header, description = "Answer 304 if this is still the content"),
    ),
    responses((status = 200, body = Definition, headers(
            ("ETag" = String, description = "The version of the content"),
            ("Model-Dashboard-Revision" = u64, description = "Its number"),
            ("Model-Dashboard-Modified-At" = String, description = "When it was made, or noticed if it was made outside"),
            ("Model-Dashboard-Modified-By" = String, description = "Who made it, where the registry did; UTF-8"),
            ("Model-Dashboard-Origin" = String, description = "`registry`, or `outside` for what another program wrote"))),
        (status = 304, description = "Not modified"),
        (status = 422, description = "The revision holds no definition to go by")))]
pub(super) async fn show(
    guest: &Guest,
    key: ModelKey,
    number: u64,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    Parameters::parse(query, &[])?;
    let stored = guest
        .dashboard()
        .stored_revision(&guest.caller, &key, number)
        .await?;
    if let Some(problem) = not_to_go_by(&stored.revision, &key) {
        return Err(problem.into());
    }
    let mut response = definition(StatusCode::OK, stored.version, stored.bytes, headers);
    tell(&stored.revision, response.headers_mut());
    Ok(response)
}

/// Compare two revisions
///
/// What differs to this revision `from` another one, or from this one `to` another; if neither is
/// given, from the one before. A revision that was changed in the history is compared as it is now; its `origin`
/// says so. Packages are compared file by file, for tokens with `packages:read`.
#[utoipa::path(get, path = "/api/v1/models/{network_type}/{name}/revisions/{revision}/diff",
    tag = "history", security(("token" = ["models:read"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("revision" = u64, Path, example = 1, description = "Its number"),
        ("to" = Option<u64>, Query, example = 2, description = "Compare this revision to that one"),
        ("from" = Option<u64>, Query, description = "Compare that revision to this one"),
    ),
    responses((status = 200, body = Difference)))]
pub(super) async fn diff(
    guest: &Guest,
    key: ModelKey,
    number: u64,
    query: &str,
) -> Result<Response, Failure> {
    let parameters = Parameters::parse(query, &["from", "to"])?;
    let from = parameters.value("from", NUMBER)?;
    let (from, to) = match (from, parameters.value("to", NUMBER)?) {
        (None, None) => (number.saturating_sub(1), number),
        (Some(from), None) => (from, number),
        (None, Some(to)) => (number, to),
        (Some(_), Some(_)) => return Err(bad("from", "cannot be given together with to")),
    };
    let dashboard = guest.dashboard();
    let compared = dashboard.compare(&guest.caller, &key, from, to).await?;
    let package = match guest.caller.has(Permission::PackagesRead) {
        true => {
            let (was, is) = (&compared.from.content, &compared.to.content);
            dashboard
                .compare_packages(&guest.caller, &key, was, is)
                .await?
        }
        false => None,
    };
    json_beside(move || Difference::new(compared, package.as_ref())).await
}

/// Restore a revision
///
/// Makes what the revision held the present state, as a new revision under the present name. The
/// model stays enabled or disabled as it is; an enabled one takes `models:enable` and a reason.
/// A model that holds that already is not changed. Where labels or images stand for something else then, or jobs may
/// not run an enabled model correctly with what comes back, that has to be confirmed, whatever `If-Match`
/// says; where it gets another package back, that also needs `packages:read`.
///
/// A deleted model is brought back so, disabled and with its history (201): that takes
/// `system:admin`, and no `If-Match`.
#[utoipa::path(post, path = "/api/v1/models/{network_type}/{name}/revisions/{revision}/restore",
    tag = "history", security(("token" = ["models:write"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task003_Liver"),
        ("revision" = u64, Path, example = 1, description = "Its number"),
        ("confirm" = Option<String>, Query, example = "breaking", description = "What is meant so although the answer was 409, with a comma between them: `breaking`, that labels or images stand for something else then; `incomplete`, that jobs may not run the model correctly then"),
        ("If-Match" = Option<String>, Header, example = "*", description = "The version that you replace, or `*`; needed unless the model is deleted"),
        ("Model-Dashboard-Message" = Option<String>, Header, description = "Why, UTF-8 or ISO 8859-1; needed for enabled models"),
    ),
    responses((status = 200, body = Definition, headers(("ETag" = String, description = "The new version"))),
        (status = 201, description = "The deleted model is brought back", body = Definition, headers(
            ("Location" = String, description = "The address of the model"),
            ("ETag" = String, description = "The version"))),
        (status = 409, description = "Something has to be confirmed: `breaking` or `lacking`; or a model was made in the place of the deleted one meanwhile; or the model is enabled, and the package that comes back was purged, or is trusted less than the installation says"),
        (status = 422, description = "The revision holds no definition to go by, or the reason is missing: `errors`")))]
pub(super) async fn restore(
    guest: &Guest,
    key: ModelKey,
    number: u64,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let parameters = Parameters::parse(query, &["confirm"])?;
    let confirmed = confirmations::of_jobs(&parameters)?;
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let message = message(headers)?;
    let picture = dashboard.picture(caller).await?;
    if is_deleted(&picture, &key) {
        let any = IfMatch::Is(Precondition::Exists);
        if headers.contains_key(IF_MATCH) && if_match(headers)? != any {
            for permission in [Permission::ModelsWrite, Permission::SystemAdmin] {
                dashboard.authorise(caller, permission).await?;
            }
            // There is no state now that it could be.
            return Err(Error::Conflict { key, current: None }.into());
        }
        let model = dashboard.bring_back(caller, &key, Some(number), &message);
        let model = model.await?;
        let address = address(&model.key);
        return Ok(located(written(StatusCode::CREATED, model), &address));
    }
    let wanted = || Wanted::Restore(number);
    let model = on_state(guest, &key, headers, wanted, |state| {
        dashboard.restore(caller, &key, number, confirmed, state, &message)
    });
    Ok(written(StatusCode::OK, model.await?))
}

/// Whether a model was at this place and was deleted, not moved.
fn is_deleted(picture: &Picture, key: &ModelKey) -> bool {
    let deleted = picture.deleted(key);
    let tombstone = deleted.as_ref().and_then(|entry| entry.tombstone());
    tombstone.is_some_and(|tombstone| tombstone.moved_to.is_none())
}

/// Why a revision is not served as a definition, if it is not.
fn not_to_go_by(revision: &ModelRevision, key: &ModelKey) -> Option<Problem> {
    let number = revision.number;
    let (kind, title, detail) = match (revision.origin, &revision.content) {
        (Origin::Falsified, _) => (
            "falsified-revision",
            "Falsified revision",
            format!(
                "revision {number} of {key} was changed in the history: it is not what was once \
                 stored; its diff shows what is there now"
            ),
        ),
        (_, RevisionContent::Definition(_)) => return None,
        (_, RevisionContent::Unreadable(why)) => (
            "broken-definition",
            "Broken definition",
            format!("revision {number} of {key} cannot be read: {why}"),
        ),
        (_, _) => (
            "deleted-revision",
            "Deletion",
            format!(
                "revision {number} of {key} is its deletion; an earlier one has the definition"
            ),
        ),
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Some(Problem::new(status, kind, title, detail))
}

/// Says in headers which revision an answer holds, and who made it when.
fn tell(revision: &ModelRevision, headers: &mut HeaderMap) {
    headers.insert(REVISION, revision.number.into());
    headers.insert(ORIGIN, HeaderValue::from_static(origin(revision.origin)));
    let at = revision.at.map(|at| at.to_string());
    let by = revision.by.as_deref().map(|by| cut(by, NAME_CHARS));
    let texts = [(MODIFIED_AT, at.as_deref()), (MODIFIED_BY, by.as_deref())];
    for (name, text) in texts {
        // What a header cannot hold is in the list.
        if let Some(Ok(value)) = text.map(|text| HeaderValue::from_bytes(text.as_bytes())) {
            headers.insert(name, value);
        }
    }
}
