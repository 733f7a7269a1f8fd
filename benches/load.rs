//! Whole servers under load, each beside its limit in the same run.
//!
//! `cargo bench -p model-dashboard-benches --bench load -- [--seconds N] [--rounds N] [SUITE]`

use std::convert::Infallible;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use model_dashboard_benches::load::{self, Limit, Start, Started, Suite, Target};
use model_dashboard_web::server::{
    ConnectionLimits, Edge, EdgeSettings, Listener, SecurityHeaders, Shutdown, serve,
};
use tokio::net::TcpListener;
use warp::{Filter, Rejection, Reply};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A JSON answer of that many bytes.
fn body(size: usize) -> Bytes {
    let filling = "x".repeat(size.saturating_sub(r#"{"v":""}"#.len()));
    Bytes::from(format!(r#"{{"v":"{filling}"}}"#))
}

async fn listener() -> io::Result<(TcpListener, Started)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let headers = Vec::new();
    Ok((listener, Started { address, headers }))
}

/// Nothing but hyper: the least that any server here can cost.
fn bare_hyper<const SIZE: usize>() -> Start {
    hyper_server(SIZE, http1::Builder::new())
}

/// With hyper's own header timeout, which arms a timer for each request.
fn hyper_with_timer<const SIZE: usize>() -> Start {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::default())
        .header_read_timeout(Duration::from_secs(10));
    hyper_server(SIZE, http)
}

fn hyper_server(size: usize, http: http1::Builder) -> Start {
    Box::pin(async move {
        let (listener, started) = listener().await?;
        let body = body(size);
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
    })
}

fn route(size: usize) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let body = body(size);
    warp::path!("trivial").and(warp::get()).map(move || {
        let mut response = warp::reply::Response::new(body.clone().into());
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        response
    })
}

/// One route in warp's own server.
fn one_route_warp<const SIZE: usize>() -> Start {
    Box::pin(async {
        let (listener, started) = listener().await?;
        tokio::spawn(warp::serve(route(SIZE)).incoming(listener).run());
        Ok(started)
    })
}

/// The same route in this project's server, nobody reading the access log.
fn this_server<const SIZE: usize>() -> Start {
    Box::pin(async {
        let any_port = ([127, 0, 0, 1], 0).into();
        let listener = Listener::bind(any_port).await.map_err(io::Error::other)?;
        let address = listener.local_addr();
        let settings = EdgeSettings::new("api", SecurityHeaders::api(true));
        let edge = Edge::tower(warp::service(route(SIZE)), settings);
        tokio::spawn(async move {
            let (limits, shutdown) = (ConnectionLimits::default(), Shutdown::new());
            serve(listener, |peer| edge.for_peer(peer), &limits, &shutdown).await
        });
        let headers = Vec::new();
        Ok(Started { address, headers })
    })
}

/// With an access log in JSON that is written and thrown away.
fn with_access_log<const SIZE: usize>() -> Start {
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_writer(io::sink)
        .init();
    this_server::<SIZE>()
}

const fn target(name: &'static str, start: fn() -> Start) -> Target {
    let path = "/trivial";
    Target { name, start, path }
}

fn main() -> ExitCode {
    load::main(&[
        Suite {
            name: "trivial",
            connections: &[1, 64],
            targets: &[
                target("bare hyper", bare_hyper::<300>),
                target("hyper with timer", hyper_with_timer::<300>),
                target("one-route warp", one_route_warp::<300>),
                target("this server", this_server::<300>),
                target("with access log", with_access_log::<300>),
            ],
            limits: &[Limit {
                target: "this server",
                of: "one-route warp",
                share: 0.80,
                connections: 64,
            }],
        },
        Suite {
            name: "large",
            connections: &[64],
            targets: &[
                target("bare hyper", bare_hyper::<403_000>),
                target("one-route warp", one_route_warp::<403_000>),
                target("this server", this_server::<403_000>),
            ],
            limits: &[Limit {
                target: "this server",
                of: "bare hyper",
                share: 0.85,
                connections: 64,
            }],
        },
    ])
}
