//! The services of the two ports, for this crate's server or another program's.

use std::convert::Infallible;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use model_dashboard::dashboard::Dashboard;

use crate::api::InMemory;
use crate::server::{Edge, EdgeSettings, Proxies, SecurityHeaders};
use crate::settings::WebSettings;
use crate::{api, pages};

type Body = <warp::reply::Response as Answer>::Body;

/// Names the body of an answer, which warp does not.
pub trait Answer {
    /// Its body.
    type Body;
}

impl<B> Answer for Response<B> {
    type Body = B;
}

/// The dashboard: all pages, and the API, its description and the health routes beside them.
pub fn service(
    dashboard: Dashboard,
    settings: &WebSettings,
) -> Edge<
    impl Service<
        Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static,
> {
    let https = settings.secure_cookies;
    let edge =
        edge_settings("dashboard", SecurityHeaders::pages(https), settings).failure(pages::failure);
    let routes = pages::routes(dashboard, settings.clone());
    Edge::tower(warp::service(routes), edge)
}

/// The API on a port of its own.
pub fn api_service(
    dashboard: &Dashboard,
    settings: &WebSettings,
) -> Edge<
    impl Service<
        Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static,
    InMemory,
> {
    let headers = SecurityHeaders::api(settings.secure_cookies);
    let in_memory = InMemory::new(dashboard, &headers);
    let edge = edge_settings("api", headers, settings);
    let metrics = Some(&settings.metrics).filter(|_| !settings.metrics_elsewhere);
    let routes = warp::service(api::routes(dashboard, settings.home.as_deref(), metrics));
    Edge::tower(routes, edge).short_cut(in_memory)
}

/// `/metrics`, to whoever asks, for an address of its own.
pub fn metrics_service(
    dashboard: &Dashboard,
    settings: &WebSettings,
) -> Edge<
    impl Service<
        Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static,
> {
    let edge = EdgeSettings::new("metrics", SecurityHeaders::api(false));
    let routes = api::metrics::routes(dashboard, &settings.metrics);
    Edge::tower(warp::service(routes), edge)
}

fn edge_settings(
    name: &'static str,
    headers: SecurityHeaders,
    settings: &WebSettings,
) -> EdgeSettings {
    EdgeSettings::new(name, headers)
        .proxies(Proxies::new(settings.trusted_proxies.iter().cloned()))
        .public_url(settings.public_url.as_ref())
        .metrics(&settings.metrics)
}
