//! Uploads of packages by pages: the session says who, and a header holds the token of their
//! forms. Whoever opens the address in a browser is led to the page.

use std::sync::Arc;

use http::header::ACCEPT;
use http::{HeaderName, Method};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use super::request::{self, Request, Site};
use super::visit::redirect;
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
    let accepts = request.headers.get(ACCEPT).and_then(|it| it.to_str().ok());
    let is_person = accepts.is_some_and(|it| it.contains("text/html"));
    if name.is_none() && is_person && *request.method() == Method::GET {
        return redirect(&request.site.links.upload());
    }
    let visit = match request.visit().await {
        Ok(visit) => visit,
        Err((_, error)) => return transfer::not_let_in(error),
    };
    let token = visit.request.headers.get(CSRF);
    let token = token.and_then(|token| token.to_str().ok());
    // Whatever the method: another one may stand in a header.
    if visit.check_form(token.unwrap_or_default()).is_err() {
        return transfer::not_from_this_page();
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
    transfer::answered(transfer, name, body).await
}
