//! Single files of a model's package.

use http::{HeaderMap, Method};
use model_dashboard::dashboard::{Dashboard, Error};
use model_dashboard::model::{FieldError, ModelKey};
use model_dashboard::package::PackagePath;
use warp::filters::BoxedFilter;
use warp::path::Tail;
use warp::reply::Response;
use warp::{Filter, path};

use super::answer::{Failure, Guest};
use super::problem::Problem;
use super::visit::{self, Visit};
use super::{key, no_parameters};
use crate::route::{Segment, read};
use crate::transfer;

/// `…/{network_type}/{name}/package/files/{path}`, whose path has slashes.
pub(super) fn routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    path::param::<Segment>()
        .and(path::param::<Segment>())
        .and(path("package"))
        .and(path("files"))
        .and(path::tail())
        .and(read())
        .and(warp::method())
        .and(visit::visit(dashboard))
        .then(
            |network_type: Segment, name: Segment, tail: Tail, method, visit: Visit| {
                visit.answer(async move |guest, visit| {
                    no_parameters(visit.query())?;
                    let (key, path) = (key(&network_type, &name)?, file_path(tail.as_str())?);
                    fetch_file(&guest, &key, &path, &method, &visit.headers).await
                })
            },
        )
        .boxed()
}

/// A path of which each segment is decoded once.
fn file_path(tail: &str) -> Result<PackagePath, Failure> {
    let segments: Result<Vec<String>, _> = tail
        .split('/')
        .map(|part| part.parse::<Segment>().map(|Segment(text)| text))
        .collect();
    let segments = segments.map_err(|_| Failure::bad_request("the path is not UTF-8"))?;
    let path = PackagePath::parse(&segments.join("/"));
    let wrong = |error| Error::Invalid(vec![FieldError::new("path", format!("{error}"))]);
    path.map_err(|error| wrong(error).into())
}

/// Fetch one file of a package
///
/// Read out of the archive where it lies, without fetching the rest; at most 1 GiB. Also needs
/// `models:read`. Each GET is an event of the audit log.
#[utoipa::path(get, path = "/api/v1/models/{network_type}/{name}/package/files/{path}", tag = "packages",
    security(("token" = ["packages:read"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("path" = String, Path, example = "plans.json", description = "Where the file lies in the package; its slashes stand as they are"),
        ("If-None-Match" = Option<String>, Header, description = "Answer 304 if the file is still the same"),
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream",
            headers(("ETag" = String, description = "Names the bytes of the file, or those of the package where the file's digest is not known"),
                ("Repr-Digest" = String, description = "The SHA-256 of the file (RFC 9530), where it is known"),
                ("Content-Disposition" = String, description = "The name of the file"))),
        (status = 304, description = "Not modified"),
        (status = 422, description = "The path is none, the file is too large, or the stored definition cannot be read"),
        (status = 503, description = "Others are read at this moment", body = Problem,
            content_type = "application/problem+json")))]
async fn fetch_file(
    guest: &Guest,
    key: &ModelKey,
    path: &PackagePath,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let package = dashboard.package(caller, key).await?;
    transfer::file(dashboard, caller, &package, path, method, headers).await
}
