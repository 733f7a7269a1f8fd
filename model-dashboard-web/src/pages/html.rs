//! A page as an answer.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY};
use maud::Markup;
use model_dashboard::dashboard::Error;
use warp::reply::Response;

use crate::encoding::{Coding, MIN_COMPRESSED};

/// A page, compressed as the browser takes it. No cache keeps it.
///
/// # Errors
/// Only if the program is out of order.
pub(super) async fn answer(
    status: StatusCode,
    markup: Markup,
    request: &HeaderMap,
) -> Result<Response, Error> {
    let body = Bytes::from(markup.into_string());
    let coding = match body.len() {
        ..MIN_COMPRESSED => Coding::Identity,
        _ => Coding::negotiate(request),
    };
    let body = coding
        .encoded(body)
        .await
        .map_err(|error| Error::Internal(Box::new(error)))?;
    let mut response = plain(status, body);
    if let Some(name) = coding.name() {
        response
            .headers_mut()
            .insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    Ok(response)
}

/// A page as it is.
pub(super) fn plain(status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into().into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(
        VARY,
        HeaderValue::from_static("accept-encoding, hx-request"),
    );
    response
}
