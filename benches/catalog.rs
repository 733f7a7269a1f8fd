//! Pages, searches and writes of the catalogue with 1,000, 10,000 and 100,000 models of 3 KB.
//!
//! `cargo bench -p model-dashboard-benches --bench catalog`
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use model_dashboard::catalog::{Catalog, CatalogOptions, Query, Sort, SortBy, StateFilter};
use model_dashboard::model::{NetworkType, Version};
use model_dashboard::repository::{MemoryRepository, Stamp, StoredModel};
use model_dashboard_benches::sample;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn stored(n: usize, definition: usize) -> StoredModel {
    let bytes = sample::definition(definition);
    let version = Version::of(&bytes);
    let stamp = Stamp(version.to_string().into());
    StoredModel {
        key: sample::key(n),
        bytes: bytes.into(),
        version,
        stamp,
    }
}

fn catalog(size: usize) -> Catalog {
    let repository = Arc::new(MemoryRepository::new());
    let catalog = Catalog::new(repository, CatalogOptions::default());
    let all: Vec<StoredModel> = (0..size).map(|n| stored(n, n)).collect();
    catalog.apply_all(&all);
    catalog
}

fn search(words: &str) -> Query {
    Query {
        search: words.to_owned(),
        ..Query::default()
    }
}

fn queries(size: usize) -> Vec<(&'static str, Query)> {
    let types = ["nnUNet", "nnUNet_v2", "MIST"];
    let network_types = types
        .iter()
        .flat_map(|name| NetworkType::parse(name))
        .collect();
    let filtered = Query {
        network_types,
        state: StateFilter::Enabled,
        tag: Some("ct".to_owned()),
        sort: Sort {
            by: SortBy::Alias,
            descending: true,
        },
        offset: size / 50,
        ..Query::default()
    };
    let last = Query {
        offset: size - 50,
        ..Query::default()
    };
    vec![
        ("first page (limit 2 ms)", Query::default()),
        ("last page (limit 2 ms)", last),
        ("page, filtered and sorted (limit 2 ms)", filtered.clone()),
        ("search, most match (limit 20 ms)", search("e")),
        (
            "search, a contour name (limit 20 ms)",
            search("kidney_left"),
        ),
        (
            "search, three words (limit 20 ms)",
            search("liver ensemble radiology"),
        ),
        (
            "search, one match (limit 20 ms)",
            search(&format!("dataset{:06}", size / 2)),
        ),
        ("search, none (limit 20 ms)", search("zzz")),
        (
            "search, filtered and sorted (limit 20 ms)",
            Query {
                search: "aorta".into(),
                ..filtered
            },
        ),
    ]
}

fn bench(c: &mut Criterion) {
    for size in SIZES {
        let catalog = catalog(size);
        let mut group = c.benchmark_group("catalogue");
        group
            .sample_size(20)
            .measurement_time(Duration::from_secs(2));
        let picture = catalog.current();
        for (name, query) in queries(size) {
            group.bench_with_input(BenchmarkId::new(name, size), &query, |b, query| {
                b.iter(|| black_box(picture.query(query)));
            });
        }
        let key = sample::key(size / 2);
        group.bench_function(BenchmarkId::new("one model by key", size), |b| {
            b.iter(|| black_box(picture.get(&key)));
        });
        group.bench_function(BenchmarkId::new("bytes of the whole list", size), |b| {
            b.iter(|| picture.entries_json().map(<[u8]>::len).sum::<usize>());
        });
        drop(picture);
        // Every write changes another model's dates, alias, tags and state.
        let mut n = 0;
        let changed: Vec<StoredModel> = (0..1_000)
            .map(|i| stored(i * 7_919 % size, i * 31 % size))
            .collect();
        group.bench_function(
            BenchmarkId::new("one write enters (limit 5 ms)", size),
            |b| {
                b.iter(|| {
                    n = (n + 1) % changed.len();
                    catalog.apply(&changed[n]);
                });
            },
        );
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
