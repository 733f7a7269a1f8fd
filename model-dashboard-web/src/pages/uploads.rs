//! Uploads of packages by pages: the session says who, and a header holds the token of their
//! forms.

use std::sync::Arc;

use http::{HeaderName, Method, StatusCode};
use model_dashboard::dashboard::Error;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use super::request::{self, Request, Site};
use crate::api::{Failure, Problem};
use crate::route::Segment;
use crate::server::{RequestBody, request_body};
use crate::transfer::{self, Transfer};

/// Holds what forms send as `csrf`.
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

/// `/uploads` and what is below, for every method. Rejects other addresses.
pub(super) fn routes(site: Arc<Site>) -> BoxedFilter<(Response,)> {
    let all = path::end().map(|| None::<Segment>);
    let one = path::param::<Segment>().and(path::end()).map(Some);
    path("uploads")
        .and(all.or(one).unify())
        .and(request::request(site))
        .and(request_body())
        .then(answer)
        .boxed()
}

async fn answer(name: Option<Segment>, request: Request, body: RequestBody) -> Response {
    let answer = answer_visit(name, request, body).await;
    transfer::versioned(answer.unwrap_or_else(Failure::into_response))
}

async fn answer_visit(
    name: Option<Segment>,
    request: Request,
    body: RequestBody,
) -> Result<Response, Failure> {
    let visit = request.visit().await.map_err(|(_, error)| match error {
        // A page that uploads shows it; there is nothing to be led to.
        Error::Unauthenticated { reason } => {
            let status = StatusCode::UNAUTHORIZED;
            let text = reason.to_string();
            Problem::new(status, "unauthenticated", "Not signed in", text).into()
        }
        error => Failure::from(error),
    })?;
    let token = visit.request.headers.get(CSRF);
    let token = token.and_then(|token| token.to_str().ok());
    // Whatever the method: another one may stand in a header.
    if visit.check_form(token.unwrap_or_default()).is_err() {
        let detail = "send the token of a form of this session in the header X-CSRF-Token";
        let status = StatusCode::FORBIDDEN;
        return Err(Problem::new(status, "csrf", "Not from this page", detail).into());
    }
    let transfer = Transfer {
        dashboard: visit.dashboard().clone(),
        caller: visit.caller.clone(),
        method: Method::clone(visit.request.method()),
        headers: visit.request.headers.clone(),
        query: visit.request.query.clone(),
        address: visit.links().to("/uploads"),
    };
    let name = name.as_ref().map(|Segment(name)| name.as_str());
    transfer::answer(transfer, name, body).await
}
