//! A package as the answer to GET and HEAD.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::stream::{self, Stream as _};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use model_dashboard::dashboard::{Caller, Dashboard, ModelPackage};
use model_dashboard::repository::packages::Pieces;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use warp::Reply;
use warp::reply::Response;

use super::digest::{REPR_DIGEST, repr_digest};
use super::range::{RequestedRange, requested_range};
use crate::api::{Failure, Problem, none_match};

/// What stands as it is in the extended value of a parameter (RFC 8187 §3.2.1).
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Answers with the package, or the part of it that is asked for.
///
/// # Errors
/// 416 for a part that is not there, and what the use case says.
pub(crate) async fn download(
    dashboard: &Dashboard,
    caller: &Caller,
    package: &ModelPackage,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let size = package.head.size;
    let etag = format!("\"{}\"", package.digest().to_hex());
    if none_match(headers, &etag) {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        set_version(response.headers_mut(), &etag);
        return Ok(response);
    }
    // A range counts for GET alone (RFC 9110 §14.2).
    let requested = match *method {
        Method::GET => requested_range(headers, size, &etag),
        _ => RequestedRange::Whole,
    };
    let (status, range) = match requested {
        RequestedRange::Whole => (StatusCode::OK, 0..size),
        RequestedRange::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        RequestedRange::Unsatisfiable => return Ok(not_satisfiable(size)),
    };
    let mut response = match *method {
        Method::HEAD => Response::default(),
        _ => {
            let pieces = dashboard.read_package(caller, package, range.clone());
            streamed(pieces.await?)
        }
    };
    *response.status_mut() = status;
    let answer = response.headers_mut();
    set_version(answer, &etag);
    answer.insert(CONTENT_LENGTH, (range.end - range.start).into());
    answer.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let kind = HeaderValue::from_static("application/octet-stream");
    answer.insert(CONTENT_TYPE, kind);
    let mut named = vec![
        (REPR_DIGEST, repr_digest(&package.digest())),
        (CONTENT_DISPOSITION, disposition(&package.head.file_name)),
    ];
    if status == StatusCode::PARTIAL_CONTENT {
        let last = range.end.saturating_sub(1);
        named.push((
            CONTENT_RANGE,
            format!("bytes {}-{last}/{size}", range.start),
        ));
    }
    for (name, value) in named {
        // All of it is printable ASCII.
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.insert(name, value);
        }
    }
    // A browser that opens it after all must not run what is in it.
    let policy = HeaderValue::from_static("sandbox; default-src 'none'");
    answer.insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

pub(super) fn set_version(headers: &mut HeaderMap, etag: &str) {
    // Hexadecimal digits between quotation marks.
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(ETAG, etag);
    }
    // Private: it needs a token. No-cache: ask again, with the tag.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
}

/// A file to be saved, by its name: plain for old clients, and as it is (RFC 6266).
pub(super) fn disposition(name: &str) -> String {
    let plain = |c: char| match c.is_ascii_alphanumeric() || "._- ".contains(c) {
        true => c,
        false => '_',
    };
    let ascii: String = name.chars().map(plain).collect();
    let mut text = format!("attachment; filename=\"{ascii}\"");
    if ascii != name {
        let whole = utf8_percent_encode(name, NOT_ATTR_CHAR);
        text = format!("{text}; filename*=UTF-8''{whole}");
    }
    text
}

fn not_satisfiable(size: u64) -> Response {
    let detail = format!("the package has {size} bytes, and none in this range");
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let problem = Problem::new(status, "range", "No such range", detail);
    let mut response = problem.into_response();
    if let Ok(range) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(CONTENT_RANGE, range);
    }
    response
}

/// Sends pieces as the client takes them. The connection's own task asks for them: to wake another one for
/// each of a bucket's small pieces costs more than to pass them on. A folder reads ahead by itself.
pub(super) fn streamed(pieces: Box<dyn Pieces>) -> Response {
    let chunks = stream::try_unfold(pieces, |mut pieces| async move {
        match pieces.next().await {
            Ok(Some(piece)) => Ok(Some((Bytes::from_owner(piece), pieces))),
            Ok(None) => Ok(None),
            Err(error) => {
                tracing::warn!(%error, "a package could not be read to its end");
                // The connection breaks: a short package must not look whole.
                Err(error)
            }
        }
    });
    // It is polled by one at a time, and never locked: warp wants it to be `Sync`.
    let mut chunks = Mutex::new(Box::pin(chunks));
    let chunks = stream::poll_fn(move |context| {
        let chunks = chunks.get_mut().unwrap_or_else(PoisonError::into_inner);
        chunks.as_mut().poll_next(context)
    });
    warp::reply::stream(chunks).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_so_that_nothing_can_be_put_behind_it() {
        assert_eq!(disposition("a b.zip"), "attachment; filename=\"a b.zip\"");
        assert_eq!(
            disposition("Läsion\"; x=\".zip"),
            "attachment; filename=\"L_sion__ x__.zip\"; filename*=UTF-8''L%C3%A4sion%22%3B%20x%3D%22.zip"
        );
    }
}
