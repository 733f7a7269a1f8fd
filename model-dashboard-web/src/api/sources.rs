//! Directories that people sign in with, for administrators.

use http::StatusCode;
use model_dashboard::auth::Source;
use warp::reply::Response;

use super::answer::{Failure, Guest, json};
use super::dto::{AskedPerson, Believe, DiagnosisAnswer, SourceRecheckAnswer, Sources};

/// List directories
///
/// The sources of accounts beside those made here, and how they do. The token needs `users:admin`
/// or `system:admin`.
#[utoipa::path(get, path = "/api/v1/sources", tag = "users", security(("token" = [])),
    responses((status = 200, body = Sources)))]
pub(super) async fn list(guest: &Guest) -> Result<Response, Failure> {
    let states = guest.dashboard().source_states(&guest.caller).await?;
    json(StatusCode::OK, &Sources::from(states))
}

/// Re-check everybody of a directory
///
/// Asks the directory about everybody who holds a session or token. Who left loses both and is
/// deactivated. If it says so of too many at once, or of all before it let anybody in, nothing is taken
/// from them unless `believe` is true.
#[utoipa::path(post, path = "/api/v1/sources/{source}/recheck", tag = "users",
    security(("token" = ["users:admin"])), request_body = Believe,
    params(("source" = String, Path, example = "ldap")),
    responses((status = 200, body = SourceRecheckAnswer)))]
pub(super) async fn recheck(
    guest: &Guest,
    source: &str,
    asked: Believe,
) -> Result<Response, Failure> {
    let done = guest
        .dashboard()
        .recheck_source(&guest.caller, &parse(source)?, asked.believe)
        .await?;
    json(StatusCode::OK, &SourceRecheckAnswer::from(done))
}

/// Test a directory
///
/// Walks through the steps of a sign-in, with a name also through what would be found of that
/// person: groups, role and why. Nobody signs in by this. One at a time. The token needs
/// `users:admin` or `system:admin`.
#[utoipa::path(post, path = "/api/v1/sources/{source}/diagnose", tag = "users",
    security(("token" = [])), request_body = AskedPerson,
    params(("source" = String, Path, example = "ldap")),
    responses((status = 200, body = DiagnosisAnswer)))]
pub(super) async fn diagnose(
    guest: &Guest,
    source: &str,
    asked: AskedPerson,
) -> Result<Response, Failure> {
    let diagnosis = guest
        .dashboard()
        .diagnose(&guest.caller, &parse(source)?, asked.username.as_deref())
        .await?;
    json(StatusCode::OK, &DiagnosisAnswer::from(diagnosis))
}

fn parse(source: &str) -> Result<Source, Failure> {
    Source::parse(source).map_err(|error| Failure::bad_request(error.to_string()))
}
