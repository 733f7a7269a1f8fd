//! The one way from a handler to an answer.

use std::future::Future;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use model_dashboard::dashboard::{Caller, Dashboard, Error};
use model_dashboard::model::Timestamp;
use serde::Serialize;
use warp::reply::Response;

use super::problem::Problem;

/// Says when a token that is about to end does so.
pub(super) const TOKEN_EXPIRES: HeaderName =
    HeaderName::from_static("model-dashboard-token-expires");

/// Says since when the model store has not answered, where it does not: what is answered was known
/// then.
pub(super) const STALE_SINCE: HeaderName = HeaderName::from_static("model-dashboard-stale-since");

/// Somebody known who asks something.
#[derive(Clone, Debug)]
pub(super) struct Guest {
    dashboard: Dashboard,
    /// Who, with the rights of their token.
    pub(super) caller: Caller,
}

impl Guest {
    /// `caller` at the door of `dashboard`.
    pub(super) fn new(dashboard: Dashboard, caller: Caller) -> Guest {
        Guest { dashboard, caller }
    }

    /// The registry.
    pub(super) fn dashboard(&self) -> &Dashboard {
        &self.dashboard
    }
}

/// Why a handler has no answer: the problem document that is sent instead.
#[derive(Debug)]
pub(crate) struct Failure(pub(super) Box<Problem>);

impl Failure {
    /// The request cannot be understood.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Failure {
        Problem::bad_request(detail).into()
    }

    /// Says since when the model store has not answered, if that is why.
    fn since(mut self, dashboard: &Dashboard) -> Failure {
        if self.0.status == StatusCode::SERVICE_UNAVAILABLE.as_u16() && self.0.since.is_none() {
            self.0.since = dashboard.stale_since().map(|since| since.to_string());
        }
        self
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The answer.
    pub(crate) fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure(Box::new(problem))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Problem::from(error).into()
    }
}

/// Answers a request that needs a known caller: what the handler says, or the problem.
pub(super) async fn answer<F, Answer>(guest: Result<Guest, Failure>, handler: F) -> Response
where
    F: FnOnce(Guest) -> Answer,
    Answer: Future<Output = Result<Response, Failure>>,
{
    let guest = match guest {
        Ok(guest) => guest,
        Err(failure) => return failure.into_response(),
    };
    let (caller, dashboard) = (guest.caller.clone(), guest.dashboard.clone());
    let answer = handler(guest).await;
    let mut response = answer.unwrap_or_else(|failure| failure.since(&dashboard).into_response());
    let token = caller.token();
    let ends_soon = token.and_then(|token| token.ends_soon(Timestamp::now()));
    tell_end(ends_soon, response.headers_mut());
    tell_age(&dashboard, response.headers_mut());
    response
}

/// Says that the models are shown as they were known a while ago, if that is so.
pub(super) fn tell_age(dashboard: &Dashboard, headers: &mut HeaderMap) {
    if let Some(since) = dashboard.stale_since() {
        // A time is printable ASCII.
        if let Ok(value) = HeaderValue::from_str(&since.to_string()) {
            headers.insert(STALE_SINCE, value);
        }
    }
}

/// Says when the token ends, if it does so soon.
pub(super) fn tell_end(soon: Option<Timestamp>, headers: &mut HeaderMap) {
    if let Some(end) = soon {
        // A time is printable ASCII.
        if let Ok(value) = HeaderValue::from_str(&end.to_string()) {
            headers.insert(TOKEN_EXPIRES, value);
        }
    }
}

/// An answer of a route below `base`: an address of this server that it names is below it, too.
pub(super) fn below(base: &str, mut response: Response) -> Response {
    if !base.is_empty()
        && let Some(address) = response.headers_mut().get_mut(LOCATION)
        && address.as_bytes().starts_with(b"/")
        && let Ok(whole) =
            HeaderValue::from_str(&[base, address.to_str().unwrap_or_default()].concat())
    {
        *address = whole;
    }
    response
}

/// A JSON answer that no cache keeps.
///
/// # Errors
/// Never for the types of this crate.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Failure> {
    let body = serde_json::to_vec(value).map_err(|e| Error::Internal(Box::new(e)))?;
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The same of what takes time to make: both run beside the async threads.
///
/// # Errors
/// Only if the program is out of order.
pub(super) async fn json_beside<T: Serialize>(
    make: impl FnOnce() -> T + Send + 'static,
) -> Result<Response, Failure> {
    let made = tokio::task::spawn_blocking(|| json(StatusCode::OK, &make()));
    made.await.map_err(|e| Error::Internal(Box::new(e)))?
}

/// An answer that says nothing but that it is done.
///
/// # Errors
/// Never.
pub(super) fn no_content() -> Result<Response, Failure> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_is_below_the_base_path() {
        let located = |base, address| {
            let mut response = Response::default();
            let address = HeaderValue::from_static(address);
            response.headers_mut().insert(LOCATION, address);
            below(base, response).headers()[LOCATION]
                .to_str()
                .unwrap()
                .to_owned()
        };
        let here = "/api/v1/models/T/n";
        assert_eq!(located("", here), here);
        assert_eq!(located("/registry", here), "/registry/api/v1/models/T/n");
        let bucket = "https://s3.example.com/models/x";
        assert_eq!(located("/registry", bucket), bucket);
        assert!(below("/registry", Response::default()).headers().is_empty());
    }
}
