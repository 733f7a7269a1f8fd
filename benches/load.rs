//! Whole servers under load, each beside its limit in the same run.
//!
//! `cargo bench -p model-dashboard-benches --bench load -- [--seconds N] [--rounds N] [SUITE]`

use std::convert::Infallible;
use std::process::ExitCode;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use model_dashboard_benches::load::{self, Limit, Start, Started, Suite, Target};
use tokio::net::TcpListener;
use warp::Filter;

/// A JSON answer of 300 bytes.
fn body() -> Bytes {
    let filling = "x".repeat(300 - r#"{"v":""}"#.len());
    Bytes::from(format!(r#"{{"v":"{filling}"}}"#))
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

async fn listener() -> std::io::Result<(TcpListener, Started)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, Started { address, headers: Vec::new() }))
}

/// Nothing but hyper: the least that any server here can cost.
fn bare_hyper() -> Start {
    hyper_server(hyper::server::conn::http1::Builder::new())
}

fn bare_hyper_timer() -> Start {
    let mut b = hyper::server::conn::http1::Builder::new();
    b.timer(TokioTimer::default()).header_read_timeout(std::time::Duration::from_secs(10));
    hyper_server(b)
}

fn hyper_server(builder: hyper::server::conn::http1::Builder) -> Start {
    Box::pin(async move {
        let (listener, started) = listener().await?;
        let body = body();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let body = body.clone();
                let service = service_fn(move |_: Request<Incoming>| {
                    let mut response = Response::new(Full::new(body.clone()));
                    response.headers_mut().insert(CONTENT_TYPE, JSON);
                    std::future::ready(Ok::<_, Infallible>(response))
                });
                tokio::spawn(builder.serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(started)
    })
}

/// One route of warp in warp's own server.
fn one_route_warp() -> Start {
    Box::pin(async {
        let (listener, started) = listener().await?;
        let body = body();
        let route = warp::path!("trivial").and(warp::get()).map(move || {
            let mut response = warp::reply::Response::new(body.clone().into());
            response.headers_mut().insert(CONTENT_TYPE, JSON);
            response
        });
        tokio::spawn(warp::serve(route).incoming(listener).run());
        Ok(started)
    })
}

const BARE_HYPER: Target = Target { name: "bare hyper", start: bare_hyper, path: "/trivial" };
const TIMER: Target = Target { name: "bare hyper timer", start: bare_hyper_timer, path: "/trivial" };
const ONE_ROUTE_WARP: Target =
    Target { name: "one-route warp", start: one_route_warp, path: "/trivial" };

fn main() -> ExitCode {
    load::main(&[Suite {
        name: "edge",
        connections: &[1, 64],
        targets: &[BARE_HYPER, TIMER, ONE_ROUTE_WARP],
        limits: &[Limit {
            target: "one-route warp",
            of: "bare hyper",
            share: 0.5,
            connections: 64,
        }],
    }])
}
