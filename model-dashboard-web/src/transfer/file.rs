//! One file of a package as the answer to GET and HEAD.

use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use model_dashboard::dashboard::{Caller, Dashboard, Error, ModelPackage};
use model_dashboard::package::PackagePath;
use warp::reply::Response;

use super::digest::{REPR_DIGEST, repr_digest};
use super::download::{disposition, set_version, streamed};
use crate::api::{Failure, none_match};

/// The type of a picture that holds pixels alone, by the end of its name. Others, which may hold
/// scripts or styles, are bytes to a browser.
pub(crate) fn picture(path: &PackagePath) -> Option<&'static str> {
    let (_, end) = path.file_name().rsplit_once('.')?;
    Some(match end.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => return None,
    })
}

/// Answers with a file of a package. It is to be saved; a page may show it if it is a picture.
///
/// # Errors
/// What the use case says.
pub(crate) async fn file(
    dashboard: &Dashboard,
    caller: &Caller,
    package: &ModelPackage,
    path: &PackagePath,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let record = dashboard.package_record(caller, package).await?;
    let report = record.as_ref().and_then(|record| record.report.as_ref());
    let known = report.and_then(|report| report.files.iter().find(|file| file.path == *path));
    let known = known.ok_or_else(|| Error::NotFound {
        what: format!("file {path} of the package"),
        near: Vec::new(),
    })?;
    // Where the digest of the file is not known, that of its package tells when it is another one.
    let version = known.digest.or(record.as_ref().map(|record| record.digest));
    let etag = version.map(|digest| format!("\"{}\"", digest.to_hex()));
    if let Some(etag) = &etag
        && none_match(headers, etag)
    {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        set_version(response.headers_mut(), etag);
        return Ok(response);
    }
    let (size, mut response) = match *method {
        Method::HEAD => (known.size, Response::default()),
        _ => {
            let file = dashboard.package_file(caller, package, path).await?;
            (file.size, streamed(file.bytes))
        }
    };
    let answer = response.headers_mut();
    answer.insert(CONTENT_LENGTH, size.into());
    let kind = picture(path).unwrap_or("application/octet-stream");
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(etag) = &etag {
        set_version(answer, etag);
    }
    let digest = known.digest.map(|digest| repr_digest(&digest));
    let told = [
        (REPR_DIGEST, digest),
        (CONTENT_DISPOSITION, Some(disposition(path.file_name()))),
    ];
    for (name, value) in told {
        // All of it is printable ASCII.
        if let Some(Ok(value)) = value.map(|value| HeaderValue::from_str(&value)) {
            answer.insert(name, value);
        }
    }
    // A browser that opens it after all must not run what is in it.
    let policy = HeaderValue::from_static("sandbox; default-src 'none'");
    answer.insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}
