//! A request at the API's door.

use std::convert::Infallible;
use std::future::Future;

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap};
use model_dashboard::dashboard::{Dashboard, Error, RequestInfo};
use model_dashboard::model::{MAX_DEFINITION_BYTES, Via};
use warp::Filter;
use warp::reply::Response;

use super::answer::{Failure, Guest, answer};
use super::fields::{self, Body};
use super::problem::Problem;
use crate::server::{BodyError, BodyLimits, RequestBody, RequestContext, context};

/// What every route gets of a request beside its path.
#[derive(Debug)]
pub(super) struct Visit {
    dashboard: Dashboard,
    context: RequestContext,
    /// The headers.
    pub(super) headers: HeaderMap,
}

/// Takes from a request what every route needs. Rejects nothing.
pub(super) fn visit(
    dashboard: &Dashboard,
) -> impl Filter<Extract = (Visit,), Error = Infallible> + Clone + use<> {
    let dashboard = dashboard.clone();
    context()
        .and(warp::header::headers_cloned())
        .map(move |context, headers| Visit {
            dashboard: dashboard.clone(),
            context,
            headers,
        })
}

impl Visit {
    /// The query, undecoded; empty if there is none.
    pub(super) fn query(&self) -> &str {
        self.context.query()
    }

    /// Answers a route that needs a token. Cookies are never looked at.
    pub(super) async fn answer<F, Answer>(self, handler: F) -> Response
    where
        F: FnOnce(Guest, Visit) -> Answer,
        Answer: Future<Output = Result<Response, Failure>>,
    {
        let guest = self.guest().await;
        answer(guest, |guest| handler(guest, self)).await
    }

    async fn guest(&self) -> Result<Guest, Failure> {
        let token = bearer(&self.headers)?;
        let request = request_info(&self.context);
        let caller = self.dashboard.caller_from_token(token, request).await?;
        self.context.set_user(&caller.user().username);
        Ok(Guest::new(self.dashboard.clone(), caller))
    }
}

/// What the use cases hear of a request.
pub(super) fn request_info(context: &RequestContext) -> RequestInfo {
    RequestInfo::new(Via::Api, context.client_text(), context.id().as_str())
}

/// What stands before a token.
const BEARER: &str = "bearer ";

/// The bearer token of a request (RFC 6750 §2.1); the scheme's case does not count (RFC 9110
/// §11.1).
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Failure> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(Problem::no_credential)?;
    if values.next().is_some() {
        return Err(Failure::bad_request(
            "send one header “Authorization”, not several",
        ));
    }
    let ascii = Some(value.as_bytes()).filter(|bytes| bytes.is_ascii());
    let text = ascii.and_then(|bytes| std::str::from_utf8(bytes).ok());
    match text.and_then(|text| text.split_at_checked(BEARER.len())) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(BEARER) => Ok(token.trim_ascii()),
        _ => Err(Problem::no_credential().into()),
    }
}

/// For every body but that of a definition.
const SMALL: BodyLimits = BodyLimits::new(64 << 10);

/// Reads a definition's body: a little more than a definition may have, so that one that is too
/// large is refused as what it is.
///
/// # Errors
/// A problem document for a body that is too large or too slow.
pub(super) async fn definition_body(body: RequestBody) -> Result<bytes::Bytes, Failure> {
    const LIMITS: BodyLimits = BodyLimits::new(MAX_DEFINITION_BYTES as u64 + 1024);
    Ok(body.read(&LIMITS).await.map_err(Problem::from)?)
}

/// Reads a small JSON body; an empty one is an object without fields.
///
/// # Errors
/// A problem document that names the fields that are wrong, or line and column.
pub(super) async fn json_body<T: Body>(body: RequestBody) -> Result<T, Failure> {
    let bytes = body.read(&SMALL).await.map_err(Problem::from)?;
    let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    fields::parse(bytes).map_err(|errors| Error::Invalid(errors).into())
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Problem {
        let (kind, title) = match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "Body too large"),
            StatusCode::REQUEST_TIMEOUT => ("too-slow", "Body too slow"),
            _ => ("bad-request", "Bad request"),
        };
        Problem::new(error.status(), kind, title, error.to_string())
    }
}
