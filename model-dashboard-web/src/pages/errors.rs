//! Pages for what cannot be answered.

use std::time::Duration;

use bytes::Bytes;
use http::header::{REFRESH, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response as HttpResponse, StatusCode};
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::Error;
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::html;
use super::request::Request;
use crate::kind::Kind;
use crate::server::{BodyError, RequestContext};
pub(super) use crate::views::components::sentence;
use crate::views::errors::{self, ErrorView};
use crate::views::{Frame, Links};

/// After how long a page reloads itself while the models are loaded: long enough to be read out.
const RELOAD_SECONDS: &str = "10";

/// The page for an error of a use case.
pub(super) fn answer(frame: &Frame, request: &Request, error: &Error) -> Response {
    let kind = Kind::of(error);
    let mut reloads = false;
    let view = match error {
        Error::Denied { permission, .. } => ErrorView::Forbidden {
            permission: permission.to_string(),
            meaning: meaning(*permission).to_owned(),
            contact: request.site.settings.contact.clone(),
        },
        Error::NotFound { what, near } => ErrorView::NotFound {
            wanted: Some(what.clone()),
            near: near
                .iter()
                .map(|name| near_link(&frame.links, name))
                .collect(),
        },
        Error::Unavailable { .. } => {
            tracing::warn!(error = error as &dyn std::error::Error, "page refused");
            let loaded = request.site.dashboard.catalog_state().loaded_at.is_some();
            reloads = !loaded && request.is_read() && request.is_soon_after_start();
            ErrorView::Unavailable {
                what: sentence(&error.to_string()),
                still_works: match (loaded, reloads) {
                    (true, _) => "Models that were known before can still be looked at.",
                    (false, true) => "This page reloads itself until they are there.",
                    (false, false) => "Reload the page in a moment.",
                }
                .to_owned(),
                again: request.is_read().then(|| request.address()),
            }
        }
        _ if kind.status.is_server_error() && kind.status != StatusCode::SERVICE_UNAVAILABLE => {
            tracing::error!(error = error as &dyn std::error::Error, "page failed");
            ErrorView::Other {
                status: kind.status.as_u16(),
                heading: "Something went wrong".to_owned(),
                text: "This was not your fault. Try again; if it stays, tell your administrator \
                       the number below."
                    .to_owned(),
            }
        }
        _ => ErrorView::Other {
            status: kind.status.as_u16(),
            heading: kind.title.to_owned(),
            text: format!("{} {}", sentence(&error.to_string()), next_step(error)),
        },
    };
    let mut response = page(kind.status, frame, request, &view);
    say_when(response.headers_mut(), error);
    if reloads {
        let refresh = HeaderValue::from_static(RELOAD_SECONDS);
        response.headers_mut().insert(REFRESH, refresh);
    }
    response
}

/// The page for a model that is not there any more.
pub(super) fn gone(frame: &Frame, request: &Request, view: &ErrorView) -> Response {
    page(StatusCode::NOT_FOUND, frame, request, view)
}

/// The page for a form that changes an enabled model, for somebody who may not.
pub(super) fn enabled(frame: &Frame, request: &Request, key: &ModelKey) -> Response {
    let view = ErrorView::Enabled {
        model: (key.network_type.to_string(), key.name.to_string()),
        contact: request.site.settings.contact.clone(),
    };
    page(StatusCode::FORBIDDEN, frame, request, &view)
}

/// The model that was looked for and not found.
pub(super) fn missing_model(error: &Error) -> Option<ModelKey> {
    match error {
        Error::NotFound { what, .. } => what.strip_prefix("model ")?.parse().ok(),
        _ => None,
    }
}

fn page(status: StatusCode, frame: &Frame, request: &Request, view: &ErrorView) -> Response {
    let markup = errors::page(frame, view, request.context.id().as_str());
    html::plain(status, markup.into_string())
}

/// What to do about an error that does not say so itself; empty where it does.
fn next_step(error: &Error) -> &'static str {
    match error {
        Error::Conflict { .. } | Error::PreconditionRequired => {
            "Nothing was changed. Open the page again to see what is there now."
        }
        Error::Invalid(_) => "Nothing was changed. Go back and put it right.",
        Error::Exists { .. } => "Nothing was changed. Go back and choose another name.",
        Error::TooMany { .. } => "Remove some that are not needed any more.",
        _ => "",
    }
}

/// Whether the same form can be sent again, later or to what is there now: what was typed must not
/// be lost.
pub(super) fn may_try_again(error: &Error) -> bool {
    matches!(
        error,
        Error::Conflict { .. } | Error::Unavailable { .. } | Error::Busy { .. }
    )
}

/// Says when trying again can help (RFC 9110 §10.2.3), where the error knows.
pub(super) fn say_when(headers: &mut HeaderMap, error: &Error) {
    if let Some(wait) = error.retry_after() {
        headers.insert(RETRY_AFTER, seconds(wait).into());
    }
}

/// Whole seconds, rounded up: sooner would be refused again.
pub(super) fn seconds(wait: Duration) -> u64 {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    u64::try_from(seconds).unwrap_or(u64::MAX)
}

/// The page where there is nothing.
pub(super) fn nothing_here(frame: &Frame, request: &Request) -> Response {
    let view = ErrorView::NotFound {
        wanted: None,
        near: Vec::new(),
    };
    page(StatusCode::NOT_FOUND, frame, request, &view)
}

/// The page for a form that is too old or comes from somewhere else.
pub(super) fn expired_form(frame: &Frame, request: &Request) -> Response {
    let status = StatusCode::FORBIDDEN;
    let view = ErrorView::Other {
        status: status.as_u16(),
        heading: "This form has expired".to_owned(),
        text: "Nothing was changed. The page was open for too long, you signed in again \
               meanwhile, or the form came from another site. Go back, reload the page and try \
               again; what you typed may still be in the form."
            .to_owned(),
    };
    page(status, frame, request, &view)
}

/// The page for a body that could not be read.
pub(super) fn body(frame: &Frame, request: &Request, error: &BodyError) -> Response {
    let status = error.status();
    let text = sentence(&error.to_string());
    let view = ErrorView::Other {
        status: status.as_u16(),
        heading: "The form could not be read".to_owned(),
        text: format!(
            "{text} Nothing was changed; go back, and what you typed may still be there."
        ),
    };
    page(status, frame, request, &view)
}

/// What is answered when a handler panics: no frame, nothing that could fail again.
pub(crate) fn failure(context: &RequestContext) -> HttpResponse<Bytes> {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Something went wrong\
         </title><h1>Something went wrong</h1><p>Try again; if it stays, tell your administrator \
         the number <code>{}</code>.</p>",
        context.id()
    );
    let mut response = HttpResponse::new(Bytes::from(page));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let html = http::HeaderValue::from_static("text/html; charset=utf-8");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, html);
    response
}

fn near_link(links: &Links, name: &str) -> (String, String) {
    let href = match name.split_once('/') {
        Some((network_type, name)) => links.model(network_type, name),
        None => links.query("/", [("q", name.to_owned())]),
    };
    (name.to_owned(), href)
}

/// What a permission allows, after “to”.
pub(super) fn meaning(permission: Permission) -> &'static str {
    match permission {
        Permission::ModelsRead => "see models",
        Permission::ModelsWrite => "create and edit models",
        Permission::ModelsEnable => "enable and disable models and change enabled ones",
        Permission::PackagesRead => "download packages",
        Permission::PackagesWrite => "upload packages",
        Permission::AuditRead => "read the audit log",
        Permission::UsersAdmin => "manage users",
        _ => "administer the installation",
    }
}
