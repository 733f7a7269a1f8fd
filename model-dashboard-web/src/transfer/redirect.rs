//! A package that its bucket gives itself.

use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use model_dashboard::dashboard::{Caller, Dashboard, ModelPackage};
use warp::reply::Response;

use super::digest::{REPR_DIGEST, repr_digest};
use super::download::{download, set_version};
use super::range::{RequestedRange, requested_range};
use crate::api::{Failure, none_match};

/// Sends a GET of the package on to an address of the bucket, where the registry gives one. Answers
/// everything else as [`download`] does.
///
/// # Errors
/// As [`download`].
pub(crate) async fn download_or_redirect(
    dashboard: &Dashboard,
    caller: &Caller,
    package: &ModelPackage,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let here = || download(dashboard, caller, package, method, headers);
    let etag = format!("\"{}\"", package.digest().to_hex());
    if *method != Method::GET || none_match(headers, &etag) {
        return here().await;
    }
    let range = match requested_range(headers, package.head.size, &etag) {
        RequestedRange::Whole => 0..package.head.size,
        RequestedRange::Part(range) => range,
        RequestedRange::Unsatisfiable => return here().await,
    };
    let address = dashboard.package_address(caller, package, range).await?;
    let location = address.and_then(|it| HeaderValue::from_str(it.expose()).ok());
    let Some(location) = location else {
        return here().await;
    };
    let mut response = Response::default();
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let answer = response.headers_mut();
    // Of the package: the bucket tells neither.
    set_version(answer, &etag);
    if let Ok(digest) = HeaderValue::from_str(&repr_digest(&package.digest())) {
        answer.insert(REPR_DIGEST, digest);
    }
    answer.insert(LOCATION, location);
    // The address soon ends, and is for whoever asked.
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
