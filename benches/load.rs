//! Whole servers under load, each beside its limit in the same run.
//!
//! `cargo bench -p model-dashboard-benches --bench load -- [--seconds N] [--rounds N] [SUITE]`

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use model_dashboard_benches::load::{self, Limit, Start, Started, Suite, Target};
use model_dashboard_benches::peers;
use model_dashboard_benches::registry::{self, LIST, MODEL};
use model_dashboard_web::server::{
    ConnectionLimits, Edge, EdgeSettings, Listener, SecurityHeaders, Shutdown, serve,
};

/// A JSON answer of that many bytes.
fn body(size: usize) -> Bytes {
    let filling = "x".repeat(size.saturating_sub(r#"{"v":""}"#.len()));
    Bytes::from(format!(r#"{{"v":"{filling}"}}"#))
}

fn bare_hyper<const SIZE: usize>() -> Start {
    Box::pin(peers::hyper(body(SIZE), http1::Builder::new()))
}

/// With hyper's own header timeout, which arms a timer for each request.
fn hyper_with_timer<const SIZE: usize>() -> Start {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::default())
        .header_read_timeout(Duration::from_secs(10));
    Box::pin(peers::hyper(body(SIZE), http))
}

fn one_route_warp<const SIZE: usize>() -> Start {
    Box::pin(peers::warp(peers::route(body(SIZE))))
}

/// The same route in this project's server, nobody reading the access log.
fn this_server<const SIZE: usize>() -> Start {
    Box::pin(async {
        let any_port = ([127, 0, 0, 1], 0).into();
        let listener = Listener::bind(any_port).await.map_err(io::Error::other)?;
        let address = listener.local_addr();
        let settings = EdgeSettings::new("api", SecurityHeaders::api(true));
        let edge = Edge::tower(warp::service(peers::route(body(SIZE))), settings);
        tokio::spawn(async move {
            let (limits, shutdown) = (ConnectionLimits::default(), Shutdown::new());
            serve(listener, |peer| edge.for_peer(peer), &limits, &shutdown).await
        });
        Ok(Started::at(address))
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

/// The registry's API with 1,000 models and a token.
fn registry() -> Start {
    Box::pin(registry::api(1_000))
}

/// Peers get the same request as the registry, with a token that they do not look at.
fn with_token(started: Started) -> Started {
    let token = format!("mdb_{}", "x".repeat(49));
    started.header("Authorization", &format!("Bearer {token}"))
}

/// hyper by itself with the bytes that the list has.
fn hyper_like_list() -> Start {
    Box::pin(async {
        let body = load::answer_of("list", "list of 1,000", LIST)?;
        Ok(with_token(peers::hyper(body, http1::Builder::new()).await?))
    })
}

/// hyper by itself with the bytes that the model has.
fn hyper_like_model() -> Start {
    Box::pin(async {
        Ok(with_token(
            peers::hyper(model()?, http1::Builder::new()).await?,
        ))
    })
}

/// One route of warp with the bytes that the model has.
fn warp_like_model() -> Start {
    Box::pin(async { Ok(with_token(peers::warp(peers::model_route(model()?)).await?)) })
}

fn model() -> io::Result<Bytes> {
    load::answer_of("model", "model by name", MODEL)
}

const fn target(name: &'static str, start: fn() -> Start) -> Target {
    asked(name, start, "/trivial")
}

const fn asked(name: &'static str, start: fn() -> Start, path: &'static str) -> Target {
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
        Suite {
            name: "list",
            connections: &[1, 64],
            targets: &[
                asked("bare hyper", hyper_like_list, LIST),
                asked("list of 1,000", registry, LIST),
            ],
            limits: &[Limit {
                target: "list of 1,000",
                of: "bare hyper",
                share: 0.85,
                connections: 64,
            }],
        },
        Suite {
            name: "model",
            connections: &[1, 64],
            targets: &[
                asked("bare hyper", hyper_like_model, MODEL),
                asked("one-route warp", warp_like_model, MODEL),
                asked("model by name", registry, MODEL),
            ],
            limits: &[Limit {
                target: "model by name",
                of: "one-route warp",
                share: 0.80,
                connections: 64,
            }],
        },
    ])
}
