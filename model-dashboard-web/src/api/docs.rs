//! The page that shows and tries the API.

use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use crate::route::read;

const PAGE: &str = include_str!("../../assets/docs/page.html");
const SCRIPT: &str = include_str!("../../assets/docs/docs.js");
const STYLE: &str = include_str!("../../assets/docs/docs.css");

/// Nothing but the page's own files, and requests to where it came from.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The API as a page
///
/// Shows every route and tries it. The token that you paste stays in the page's memory.
#[utoipa::path(get, path = "/docs", tag = "health",
    responses((status = 200, description = "The page", content_type = "text/html")))]
pub(super) fn docs() -> Response {
    file(PAGE, "text/html; charset=utf-8")
}

/// `/docs` and what it loads.
pub(super) fn routes() -> BoxedFilter<(Response,)> {
    let page = path("docs").and(path::end()).and(read()).map(docs);
    let script = path!("docs" / "docs.js")
        .and(read())
        .map(|| file(SCRIPT, "text/javascript; charset=utf-8"));
    let style = path!("docs" / "docs.css")
        .and(read())
        .map(|| file(STYLE, "text/css; charset=utf-8"));
    page.or(script).unify().or(style).unify().boxed()
}

fn file(text: &'static str, content_type: &'static str) -> Response {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()).into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
