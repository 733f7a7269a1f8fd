//! Definitions as files.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use crate::pages::visit::{Failure, Visit};

/// The definition as a file.
pub(in crate::pages) async fn export(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    let raw = visit.dashboard().raw(&visit.caller, &key).await?.whole()?;
    let name = format!("{}.{}.json", key.network_type, key.name);
    let response = Response::new(Bytes::from_owner(raw.bytes).into());
    Ok(as_download(response, &name))
}

/// A JSON file to be kept.
pub(in crate::pages) fn as_download(mut response: Response, name: &str) -> Response {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().map(plain).take(200).collect();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // The name holds nothing that would need quoting.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    isolate(headers);
    response
}

/// A browser that opens a download after all must not run what is in it.
pub(in crate::pages) fn isolate(headers: &mut HeaderMap) {
    let policy = HeaderValue::from_static("sandbox; default-src 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
}
