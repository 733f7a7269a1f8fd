//! What the outermost service adds to a request: one route of warp by itself and behind an edge,
//! without sockets. The difference is the edge; a request over loopback costs about 5 µs.
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

criterion_group!(benches, edge);
criterion_main!(benches);
