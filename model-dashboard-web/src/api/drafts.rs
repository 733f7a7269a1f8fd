//! Packages that are proposed to models: looked at, published, discarded.

use http::header::{ETAG, HeaderMap};
use http::{HeaderValue, StatusCode};
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Dashboard, Error, Giving, Wanted};
use model_dashboard::model::ModelKey;
use model_dashboard::repository::packages::PackageId;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use super::answer::{Failure, Guest, json, no_content};
use super::conditional::etag;
use super::confirmations;
use super::conflict::on_state;
use super::dto::Definition;
use super::dto::drafts::{AsTyped, Draft, Drafts, NewDraft, ProposedDraft};
use super::models::{address, located, message, written};
use super::parameters::Parameters;
use super::visit::{self, Visit, json_body};
use super::{key, no_parameters};
use crate::route::{Segment, read};
use crate::server::{RequestBody, request_body};

/// All below `models/{network_type}/{name}/drafts`.
pub(super) fn routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let visit = || visit::visit(dashboard);
    let drafts = || {
        path::param::<Segment>()
            .and(path::param::<Segment>())
            .and(path("drafts"))
    };
    let one = || drafts().and(path::param::<Segment>());
    let list = drafts()
        .and(path::end())
        .and(read())
        .and(visit())
        .then(|network_type: Segment, name: Segment, visit: Visit| {
            visit.answer(async move |guest, visit| {
                no_parameters(visit.query())?;
                list(&guest, &key(&network_type, &name)?).await
            })
        })
        .boxed();
    let propose = drafts()
        .and(path::end())
        .and(warp::post())
        .and(visit())
        .and(request_body())
        .then(|network_type: Segment, name: Segment, visit: Visit, body| {
            visit.answer(async move |guest, visit| {
                let key = key(&network_type, &name)?;
                propose(&guest, key, &visit.headers, body).await
            })
        })
        .boxed();
    let show = one()
        .and(path::end())
        .and(read())
        .and(visit())
        .then(
            |network_type: Segment, name: Segment, package: Segment, visit: Visit| {
                visit.answer(async move |guest, visit| {
                    no_parameters(visit.query())?;
                    show(&guest, &key(&network_type, &name)?, named(&package)?).await
                })
            },
        )
        .boxed();
    let publish = one()
        .and(path("publish"))
        .and(path::end())
        .and(warp::post())
        .and(visit())
        .then(
            |network_type: Segment, name: Segment, package: Segment, visit: Visit| {
                visit.answer(async move |guest, visit| {
                    let (key, package) = (key(&network_type, &name)?, named(&package)?);
                    publish(&guest, &key, package, visit.query(), &visit.headers).await
                })
            },
        )
        .boxed();
    let discard = one()
        .and(path::end())
        .and(warp::delete())
        .and(visit())
        .then(
            |network_type: Segment, name: Segment, package: Segment, visit: Visit| {
                visit.answer(async move |guest, visit| {
                    let (key, package) = (key(&network_type, &name)?, named(&package)?);
                    discard(&guest, &key, package, &visit.headers).await
                })
            },
        )
        .boxed();
    let reading = list.or(show).unify();
    let writing = propose.or(publish).unify().or(discard).unify();
    reading.or(writing).unify().boxed()
}

/// The package that an address names. What no package can be called is not found.
fn named(Segment(text): &Segment) -> Result<PackageId, Failure> {
    PackageId::parse(text).map_err(|_| {
        let what = format!("draft {text}");
        let near = Vec::new();
        Error::NotFound { what, near }.into()
    })
}

/// List what is proposed to a model
///
/// Packages that wait until somebody publishes or discards them. Also needs `models:read`.
#[utoipa::path(get, path = "/api/v1/models/{network_type}/{name}/drafts", tag = "drafts",
    security(("token" = ["packages:read"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
    ),
    responses((status = 200, body = Drafts),
        (status = 422, description = "The stored definition cannot be read")))]
pub(super) async fn list(guest: &Guest, key: &ModelKey) -> Result<Response, Failure> {
    let drafts = guest.dashboard().drafts(&guest.caller, key).await?;
    json(StatusCode::OK, &Drafts::from(&drafts[..]))
}

/// `drafts` of all models.
pub(super) fn all_routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    path::end()
        .and(read())
        .and(visit::visit(dashboard))
        .then(|visit: Visit| {
            visit.answer(async move |guest, visit| {
                no_parameters(visit.query())?;
                list_all(&guest).await
            })
        })
        .boxed()
}

/// List what is proposed to all models
///
/// Packages that wait until somebody publishes or discards them, those first that were proposed last; of more
/// than 500 those that were uploaded last, `total` says how many there are. `model` is the name that the model
/// has now. Also needs `models:read`.
#[utoipa::path(get, path = "/api/v1/drafts", tag = "drafts",
    security(("token" = ["packages:read"])),
    responses((status = 200, body = Drafts)))]
pub(super) async fn list_all(guest: &Guest) -> Result<Response, Failure> {
    let drafts = guest.dashboard().all_drafts(&guest.caller).await?;
    json(StatusCode::OK, &Drafts::of_all(&drafts))
}

/// Propose a package to a model
///
/// The package of a finished upload of yours waits beside the model, which stays as it is, also where it is
/// enabled. The draft says what it changes: the package, and what is to be taken over from it. The upload ends
/// with it. A model has at most 20. A package that is for another network type, or a data set of another
/// number, has to be confirmed; what stands for something else is when the draft is published. Also needs
/// `models:write`.
#[utoipa::path(post, path = "/api/v1/models/{network_type}/{name}/drafts", tag = "drafts",
    security(("token" = ["packages:write"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("Model-Dashboard-Message" = Option<String>, Header, description = "Why, UTF-8 or ISO 8859-1"),
    ),
    request_body = NewDraft,
    responses((status = 201, body = Draft,
        headers(("Location" = String, description = "The address of the draft"))),
        (status = 409, description = "Something has to be confirmed: `mismatches`; or it is proposed already")))]
pub(super) async fn propose(
    guest: &Guest,
    key: ModelKey,
    headers: &HeaderMap,
    body: RequestBody,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    // Before the body is read: what is refused anyway.
    for permission in [Permission::PackagesWrite, Permission::ModelsWrite] {
        dashboard.authorise(caller, permission).await?;
    }
    let message = message(headers)?;
    let NewDraft {
        upload,
        take,
        confirm,
    } = json_body(body).await?;
    let giving = Giving {
        takes: take,
        as_typed: confirm.is_some_and(|AsTyped(it)| it),
        ..Giving::default()
    };
    let draft = dashboard.draft_upload(caller, upload, &key, giving, &message);
    let draft = draft.await?;
    let answer = json(StatusCode::CREATED, &Draft::from(&draft))?;
    let address = format!("{}/drafts/{}", address(&key), draft.package);
    Ok(located(answer, &address))
}

/// Look at a draft
///
/// What it would change of the model as it is now, what was checked, and what was found in the package. The
/// `ETag` names the state of the model that this was worked out for: publish it with that in `If-Match`.
/// Also needs `models:read`.
#[utoipa::path(get, path = "/api/v1/models/{network_type}/{name}/drafts/{package}", tag = "drafts",
    security(("token" = ["packages:read"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("package" = String, Path, example = "01J9Z3K4V5W6X7Y8Z9A0B1C2D3"),
    ),
    responses((status = 200, body = ProposedDraft,
            headers(("ETag" = String, description = "The version of the model"))),
        (status = 410, description = "The bytes of the package were purged"),
        (status = 422, description = "The stored definition cannot be read")))]
pub(super) async fn show(
    guest: &Guest,
    key: &ModelKey,
    package: PackageId,
) -> Result<Response, Failure> {
    let dashboard = guest.dashboard();
    let proposed = dashboard.draft(&guest.caller, key, package).await?;
    let needed = dashboard.policy().min_package_trust;
    let version = proposed.model.version;
    // What is compared may be large.
    let made = tokio::task::spawn_blocking(move || ProposedDraft::new(&proposed, needed)).await;
    let made = made.map_err(|error| Error::Internal(Box::new(error)))??;
    let mut response = json(StatusCode::OK, &made)?;
    if let Ok(version) = HeaderValue::from_str(&etag(&version)) {
        response.headers_mut().insert(ETAG, version);
    }
    Ok(response)
}

/// Publish a draft
///
/// Makes it the next revision of its model, and ends it. What others changed since it was proposed stays.
/// Without a message its own counts. Where labels or images stand for something else then, or jobs may not
/// run an enabled model correctly, that has to be confirmed, whatever `If-Match` says. Also needs `packages:read` and `models:write`; for an enabled model
/// `models:enable`.
#[utoipa::path(post, path = "/api/v1/models/{network_type}/{name}/drafts/{package}/publish", tag = "drafts",
    security(("token" = ["packages:write"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("package" = String, Path, example = "01J9Z3K4V5W6X7Y8Z9A0B1C2D3"),
        ("confirm" = Option<String>, Query, example = "breaking", description = "What is meant so although the answer was 409, with a comma between them: `breaking`, that labels or images stand for something else then; `incomplete`, that an enabled model gets a package that jobs may not run correctly"),
        ("If-Match" = String, Header, example = "*", description = "The version of the model that you saw the draft against, or `*`"),
        ("Model-Dashboard-Message" = Option<String>, Header, description = "Why, UTF-8 or ISO 8859-1; enabled models need one, here or in the draft"),
    ),
    responses((status = 200, body = Definition, headers(("ETag" = String, description = "The new version"))),
        (status = 409, description = "Something has to be confirmed: `breaking` or `lacking`; or the model is enabled, and the package is trusted less than the installation says"),
        (status = 410, description = "The bytes of the package were purged")))]
pub(super) async fn publish(
    guest: &Guest,
    key: &ModelKey,
    package: PackageId,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let parameters = Parameters::parse(query, &["confirm"])?;
    let confirmed = confirmations::of_jobs(&parameters)?;
    let message = message(headers)?;
    let wanted = || Wanted::Other;
    let model = on_state(guest, key, headers, wanted, |state| {
        dashboard.publish_draft(caller, key, package, confirmed, state, &message)
    });
    Ok(written(StatusCode::OK, model.await?))
}

/// Discard a draft
///
/// The model stays as it is. The bytes of the package go, unless a model may have them. Also needs
/// `models:write`.
#[utoipa::path(delete, path = "/api/v1/models/{network_type}/{name}/drafts/{package}", tag = "drafts",
    security(("token" = ["packages:write"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("package" = String, Path, example = "01J9Z3K4V5W6X7Y8Z9A0B1C2D3"),
        ("Model-Dashboard-Message" = Option<String>, Header, description = "Why, UTF-8 or ISO 8859-1"),
    ),
    responses((status = 204, description = "It is discarded"),
        (status = 422, description = "The stored definition cannot be read")))]
pub(super) async fn discard(
    guest: &Guest,
    key: &ModelKey,
    package: PackageId,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let message = message(headers)?;
    let discarded = guest
        .dashboard()
        .discard_draft(&guest.caller, key, package, &message);
    discarded.await?;
    no_content()
}
