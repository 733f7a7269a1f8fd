//! The page that shows and tries the API.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use maud::html;
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
fn docs(page: Bytes) -> Response {
    file(page, "text/html; charset=utf-8")
}

/// The page, with a link to the dashboard if it is known where that is.
fn page(home: Option<&str>) -> Bytes {
    let link = home.map(|home| html! { a href=(home) { "← Dashboard" } });
    let link = link.map(|link| link.into_string()).unwrap_or_default();
    PAGE.replace("<!-- home -->", &link).into()
}

/// `/docs` and what it loads; the dashboard is at `home`.
pub(super) fn routes(home: Option<&str>) -> BoxedFilter<(Response,)> {
    let page = page(home);
    let page = path("docs")
        .and(path::end())
        .and(read())
        .map(move || docs(page.clone()));
    let script = path!("docs" / "docs.js").and(read()).map(|| {
        file(
            Bytes::from_static(SCRIPT.as_bytes()),
            "text/javascript; charset=utf-8",
        )
    });
    let style = path!("docs" / "docs.css").and(read()).map(|| {
        file(
            Bytes::from_static(STYLE.as_bytes()),
            "text/css; charset=utf-8",
        )
    });
    page.or(script).unify().or(style).unify().boxed()
}

/// Who comes to the port itself, most likely a person with a browser, is led to the page.
pub(super) fn front() -> BoxedFilter<(Response,)> {
    let lead = || {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SEE_OTHER;
        let headers = response.headers_mut();
        headers.insert(LOCATION, HeaderValue::from_static("/docs"));
        response
    };
    path::end().and(read()).map(lead).boxed()
}

fn file(text: Bytes, content_type: &'static str) -> Response {
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_leads_back_to_the_dashboard_where_it_is_known() {
        let text = |home| String::from_utf8_lossy(&page(home)).into_owned();
        let home = text(Some("https://models.example.org/x?a&b"));
        assert!(home.contains(r#"<a href="https://models.example.org/x?a&amp;b">← Dashboard</a>"#));
        assert!(!text(None).contains("Dashboard</a>"));
    }
}
