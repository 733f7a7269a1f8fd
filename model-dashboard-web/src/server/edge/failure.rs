//! What is said where there is no answer.

use std::any::Any;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};

use crate::server::connection::BoxError;
use crate::server::request::RequestContext;

/// Why there is no answer.
pub(super) enum Failure {
    Panic(String),
    Error(BoxError),
}

impl Failure {
    pub(super) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        Self::Panic(panic_message(panic).to_owned())
    }

    pub(super) fn log(&self, server: &str, context: &RequestContext) {
        let request_id = context.id();
        match self {
            Self::Panic(message) => {
                tracing::error!(server, %request_id, panic = message, "a handler panicked");
            }
            Self::Error(error) => {
                tracing::error!(server, %request_id, error, "a service failed");
            }
        }
    }
}

/// What a panic said, at most 500 bytes of it.
pub(in crate::server) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is no text");
    message
        .get(..message.floor_char_boundary(500))
        .unwrap_or_default()
}

/// The answer to a request whose handler panicked.
pub(super) fn problem(context: &RequestContext) -> Response<Bytes> {
    let text = format!(
        r#"{{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"The server made a mistake. Its log says more under the request id.","request_id":"{}"}}"#,
        context.id()
    );
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}
