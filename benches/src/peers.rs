//! What this project's server is measured against: servers that do nothing but answer.

use std::convert::Infallible;
use std::io;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use warp::filters::BoxedFilter;
use warp::{Filter as _, path};

use crate::load::Started;

/// The content type of every body here.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

async fn listener() -> io::Result<(TcpListener, Started)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let started = Started::at(listener.local_addr()?);
    Ok((listener, started))
}

/// hyper by itself, `body` to every request: the least that any server here can cost.
///
/// # Errors
/// If no port can be had.
pub async fn hyper(body: Bytes, http: http1::Builder) -> io::Result<Started> {
    let (listener, started) = listener().await?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let body = body.clone();
            let service = service_fn(move |_: Request<Incoming>| {
                let mut response = Response::new(Full::new(body.clone()));
                response.headers_mut().insert(CONTENT_TYPE, JSON);
                std::future::ready(Ok::<_, Infallible>(response))
            });
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(started)
}

/// A route of warp.
pub type Route = BoxedFilter<(warp::reply::Response,)>;

fn json(body: &Bytes) -> warp::reply::Response {
    let mut response = warp::reply::Response::new(body.clone().into());
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// One route, `/trivial`, that answers `body`.
#[must_use]
pub fn route(body: Bytes) -> Route {
    path!("trivial")
        .and(warp::get())
        .map(move || json(&body))
        .boxed()
}

/// One route at the address of a model, whichever, that answers `body`.
#[must_use]
pub fn model_route(body: Bytes) -> Route {
    path!("api" / "v1" / "models" / String / String)
        .and(warp::get())
        .map(move |_, _| json(&body))
        .boxed()
}

/// One route in warp's own server.
///
/// # Errors
/// If no port can be had.
pub async fn warp(route: Route) -> io::Result<Started> {
    let (listener, started) = listener().await?;
    tokio::spawn(warp::serve(route).incoming(listener).run());
    Ok(started)
}
