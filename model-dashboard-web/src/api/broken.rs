//! Definitions that cannot be read.

use model_dashboard::dashboard::{Dashboard, Error};
use model_dashboard::model::ModelKey;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use super::answer::{Failure, Guest, json_beside};
use super::conditional::etag;
use super::dto::broken::BrokenModels;
use super::no_parameters;
use super::problem::Problem;
use super::visit::{self, Visit};
use crate::route::read;

/// `broken-models`.
pub(super) fn routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    path::end()
        .and(read())
        .and(visit::visit(dashboard))
        .then(|visit: Visit| {
            visit.answer(async move |guest, visit| list(&guest, visit.query()).await)
        })
        .boxed()
}

/// List broken definitions
///
/// Those that cannot be read, which no list of models has, and why. Somebody mends them on the dashboard,
/// which has an editor for their text, or replaces them.
#[utoipa::path(get, path = "/api/v1/broken-models", tag = "models",
    security(("token" = ["models:read"])),
    responses((status = 200, body = BrokenModels)))]
pub(super) async fn list(guest: &Guest, query: &str) -> Result<Response, Failure> {
    no_parameters(query)?;
    let picture = guest.dashboard().picture(&guest.caller).await?;
    json_beside(move || BrokenModels::of(&picture)).await
}

/// Says beside why a definition cannot be read which state that is, for whoever replaces it.
pub(super) async fn with_state(guest: &Guest, key: &ModelKey, error: Error) -> Failure {
    let is_broken = matches!(error, Error::Broken { .. });
    let mut problem = Problem::from(error);
    // Somebody may have mended it since: then nobody has seen what would be replaced.
    if is_broken
        && let Ok(raw) = guest.dashboard().raw(&guest.caller, key).await
        && raw.broken.is_some()
    {
        problem.current_etag = Some(etag(&raw.version));
    }
    problem.into()
}
