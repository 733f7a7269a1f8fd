//! Bytes that must not exist.

use http::StatusCode;
use model_dashboard::dashboard::Dashboard;
use model_dashboard::model::ContentDigest;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use super::answer::{Failure, Guest, json};
use super::dto::purges::{Allowed, Purge};
use super::models::message;
use super::no_parameters;
use super::visit::{self, Visit};
use crate::route::{Segment, read};

/// `/{sha256}` below `packages`.
pub(super) fn routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let named = || path::param::<Segment>().and(path::end());
    let show = named()
        .and(read())
        .and(visit::visit(dashboard))
        .then(|digest: Segment, visit: Visit| {
            visit.answer(async move |guest, visit| {
                no_parameters(visit.query())?;
                show(&guest, digest_in(&digest)?).await
            })
        })
        .boxed();
    let purge = named()
        .and(warp::delete())
        .and(visit::visit(dashboard))
        .then(|digest: Segment, visit: Visit| {
            visit.answer(async move |guest, visit| {
                no_parameters(visit.query())?;
                purge(&guest, digest_in(&digest)?, &message(&visit.headers)?).await
            })
        })
        .boxed();
    let allow = path::param::<Segment>()
        .and(path("allow"))
        .and(path::end())
        .and(warp::post())
        .and(visit::visit(dashboard))
        .then(|digest: Segment, visit: Visit| {
            visit.answer(async move |guest, visit| {
                no_parameters(visit.query())?;
                allow(&guest, digest_in(&digest)?, &message(&visit.headers)?).await
            })
        })
        .boxed();
    show.or(purge).unify().or(allow).unify().boxed()
}

/// Look at packages with these bytes
///
/// All that have exactly them, and the definitions and revisions that name each: what a purge would
/// touch. Reads all definitions and revisions.
#[utoipa::path(get, path = "/api/v1/packages/{sha256}", tag = "packages",
    security(("token" = ["system:admin"])),
    params(("sha256" = String, Path, description = "64 hexadecimal digits")),
    responses((status = 200, body = Purge)))]
pub(super) async fn show(guest: &Guest, digest: ContentDigest) -> Result<Response, Failure> {
    let found = guest
        .dashboard()
        .package_to_purge(&guest.caller, digest, &|_, _| {});
    json(StatusCode::OK, &Purge::from(&found.await?))
}

/// Purge packages with these bytes
///
/// For bytes that must not exist, such as those of patients. Removes all packages that have exactly
/// them, whatever names them, and what was found in them. The digest, the name of the file and the
/// reason stay; no definition is changed. Fetching such a package is answered with 410, and so are uploads
/// of these bytes from then on; models whose package was purged are not enabled any more. Those that are
/// enabled stay so: `enabled` in the answer names them.
#[utoipa::path(delete, path = "/api/v1/packages/{sha256}", tag = "packages",
    security(("token" = ["system:admin"])),
    params(
        ("sha256" = String, Path, description = "64 hexadecimal digits"),
        ("Model-Dashboard-Message" = String, Header, description = "Why, UTF-8 or ISO 8859-1"),
    ),
    responses((status = 200, body = Purge, description = "What was removed, and what named it"),
        (status = 422, description = "The reason is missing: `errors`")))]
pub(super) async fn purge(
    guest: &Guest,
    digest: ContentDigest,
    reason: &str,
) -> Result<Response, Failure> {
    let purged = guest
        .dashboard()
        .purge_package(&guest.caller, digest, reason, &|_, _| {});
    json(StatusCode::OK, &Purge::from(&purged.await?))
}

/// Let purged bytes in again
///
/// From then on uploads of them are taken as any others. What was purged stays so.
#[utoipa::path(post, path = "/api/v1/packages/{sha256}/allow", tag = "packages",
    security(("token" = ["system:admin"])),
    params(
        ("sha256" = String, Path, description = "64 hexadecimal digits"),
        ("Model-Dashboard-Message" = String, Header, description = "Why, UTF-8 or ISO 8859-1"),
    ),
    responses((status = 200, body = Allowed),
        (status = 422, description = "The reason is missing: `errors`")))]
pub(super) async fn allow(
    guest: &Guest,
    digest: ContentDigest,
    reason: &str,
) -> Result<Response, Failure> {
    let allowed = guest
        .dashboard()
        .allow_purged(&guest.caller, digest, reason);
    json(StatusCode::OK, &Allowed::new(digest, &allowed.await?))
}

fn digest_in(Segment(text): &Segment) -> Result<ContentDigest, Failure> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let digest = format!("sha256:{digits}").parse();
    digest.map_err(|error: model_dashboard::model::DigestError| {
        Failure::bad_request(error.to_string())
    })
}
