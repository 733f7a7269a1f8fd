//! What a request costs without sockets: one route of warp by itself, behind an edge, and the
//! API's routes over 1,000 models with a token. A request over loopback costs about 5 µs in hyper
//! and the kernel.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench may panic; the macros document nothing"
)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use futures::FutureExt;
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use model_dashboard_benches::registry::{LIST, MODEL, Registry};
use model_dashboard_web::api::InMemory;
use model_dashboard_web::server::{Edge, EdgeSettings, SecurityHeaders};
use tower_service::Service;
use warp::Filter;

fn request() -> Request<Empty<Bytes>> {
    Request::get("/trivial")
        .header("host", "127.0.0.1:8000")
        .header("user-agent", "bench")
        .body(Empty::new())
        .unwrap()
}

fn edge(c: &mut Criterion) {
    let route = warp::path!("trivial")
        .and(warp::get())
        .map(|| "a small answer");
    let mut group = c.benchmark_group("edge");
    let mut bare = warp::service(route);
    group.bench_function("route alone", |b| {
        b.iter_batched(
            request,
            |request| black_box(bare.call(request).now_or_never().expect("ready")),
            BatchSize::SmallInput,
        );
    });
    let profiles = [
        ("route behind the API's edge", SecurityHeaders::api(true)),
        (
            "route behind the dashboard's edge",
            SecurityHeaders::pages(true),
        ),
    ];
    for (name, headers) in profiles {
        let edge = Edge::tower(warp::service(route), EdgeSettings::new("bench", headers));
        let mut edge = edge.for_peer(([127, 0, 0, 1], 4711).into());
        group.bench_function(name, |b| {
            b.iter_batched(
                request,
                |request| black_box(edge.call(request).now_or_never().expect("ready")),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn routes(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let registry = runtime.block_on(Registry::new(1_000)).unwrap();
    let headers = SecurityHeaders::api(true);
    let in_memory = InMemory::new(registry.dashboard(), &headers);
    let settings = EdgeSettings::new("bench", headers);
    let routes = warp::service(model_dashboard_web::api::routes(
        registry.dashboard(),
        None,
        None,
    ));
    let edge = Edge::tower(routes, settings).short_cut(in_memory);
    let mut edge = edge.for_peer(([127, 0, 0, 1], 4711).into());
    let mut group = c.benchmark_group("API behind its edge");
    for (name, path) in [
        ("list of 1,000", LIST),
        ("model by name", MODEL),
        ("health", "/health"),
    ] {
        let request = || {
            Request::get(path)
                .header("host", "127.0.0.1:8000")
                .header("authorization", format!("Bearer {}", registry.token()))
                .body(Empty::<Bytes>::new())
                .unwrap()
        };
        // What is made at the first request is ready afterwards.
        let first = runtime.block_on(edge.call(request())).unwrap();
        assert_eq!(first.status(), 200, "{path}");
        group.bench_function(name, |b| {
            b.iter_batched(
                request,
                |request| black_box(runtime.block_on(edge.call(request))),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, edge, routes);
criterion_main!(benches);
