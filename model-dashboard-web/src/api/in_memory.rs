//! One model that is in memory, answered in front of all routes.

use std::future::{Ready, ready};

use futures::future::Either;
use http::{Method, Request};
use hyper::service::Service;
use model_dashboard::dashboard::Dashboard;
use warp::reply::Response;

use super::answer::{tell_age, tell_end};
use super::models;
use super::visit::{bearer, request_info};
use crate::server::RequestContext;

/// The API's routes behind a short cut: `GET /api/v1/models/{network_type}/{name}`, which jobs ask
/// for more than for anything else, is answered without waiting where token and model are in
/// memory and all is well. Every other request, and every other answer, is the routes'.
#[derive(Clone, Debug)]
pub struct InMemory<S> {
    dashboard: Dashboard,
    routes: S,
}

impl<S> InMemory<S> {
    /// In front of `routes`, which know the same models.
    #[must_use]
    pub fn new(dashboard: &Dashboard, routes: S) -> Self {
        Self {
            dashboard: dashboard.clone(),
            routes,
        }
    }
}

impl<S, B> Service<Request<B>> for InMemory<S>
where
    S: Service<Request<B>, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response, S::Error>>, S::Future>;

    fn call(&self, request: Request<B>) -> Self::Future {
        match model(&self.dashboard, &request) {
            Some(response) => Either::Left(ready(Ok(response))),
            None => Either::Right(self.routes.call(request)),
        }
    }
}

fn model<B>(dashboard: &Dashboard, request: &Request<B>) -> Option<Response> {
    if request.method() != Method::GET || request.uri().query().is_some() {
        return None;
    }
    let path = request.uri().path().strip_prefix("/api/v1/models/")?;
    let (network_type, name) = path.split_once('/')?;
    // `type/…` is a list, whatever a model of the earlier system may be called.
    if network_type == "type" || path.contains('%') {
        return None;
    }
    let context = request.extensions().get::<RequestContext>()?;
    let headers = request.headers();
    let caller = dashboard.known_caller(bearer(headers).ok()?, || request_info(context))?;
    let stored = dashboard.known_body(&caller, network_type, name)?;
    context.set_user(caller.username());
    let mut response = models::stored(&stored, headers);
    tell_end(&caller, response.headers_mut());
    tell_age(dashboard, response.headers_mut());
    Some(response)
}
