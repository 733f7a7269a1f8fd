//! How long a catalogue of 10,000 models of 3 KB in a bucket takes to fill and to follow, beside what
//! the same server takes for the bare requests; and a page of a long history.
//!
//! `cargo bench -p model-dashboard-benches --bench bucket -- [models]`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the report goes to the terminal, and a bench that fails may end"
)]

#[path = "../model-dashboard-lib/tests/s3/server.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use the rest")]
mod s3_server;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use model_dashboard::catalog::{Catalog, CatalogOptions};
use model_dashboard::model::{DuplicateKeys, ModelDefinition, ModelKey, Timestamp, Via};
use model_dashboard::repository::{Change, ModelRepository as _, ObjectRepository, Precondition};
use model_dashboard_benches::sample;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore as _, ObjectStoreExt as _};

use crate::s3_server::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY};

const ROUNDS: usize = 5;
const AT_ONCE: usize = 64;

/// The revisions of the long history, and how many of them are one page.
const REVISIONS: usize = 1_000;
const PAGE: usize = 50;

#[tokio::main]
async fn main() {
    let count = std::env::args().find_map(|argument| argument.parse().ok());
    let count: usize = count.unwrap_or(10_000);
    let server = S3Server::start().await;
    // First: it chooses what encrypts, which the bare client needs too.
    let repository = Arc::new(ObjectRepository::open_bucket(&server.config()).unwrap());
    let bare = bare(&server);
    let keys: Vec<ModelKey> = (0..count).map(sample::key).collect();
    let puts = stream::iter(keys.iter().enumerate()).map(async |(n, key)| {
        let bytes = sample::definition(n);
        bare.put(&path(key), bytes.into()).await.unwrap();
    });
    puts.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    println!("{count} models in a bucket; medians of {ROUNDS} rounds");

    let list = median(async || assert_eq!(list(&bare).await, count)).await;
    let gets = median(async || {
        let gets = stream::iter(&keys).map(async |key| {
            let found = bare.get(&path(key)).await.unwrap();
            found.bytes().await.unwrap().len()
        });
        gets.buffer_unordered(AT_ONCE).collect::<Vec<usize>>().await;
    });
    let gets = gets.await;
    let fill = median(async || {
        let catalog = Catalog::new(repository.clone(), CatalogOptions::default());
        catalog.load().await.unwrap();
        assert_eq!(catalog.current().len(), count);
    });
    let fill = fill.await;
    let catalog = Catalog::new(repository.clone(), CatalogOptions::default());
    catalog.load().await.unwrap();
    let unchanged = median(async || catalog.refresh().await.unwrap()).await;
    let one = &keys[count / 2];
    let edits = AtomicUsize::new(0);
    let changed = median(async || {
        let alias = format!("edit {}", edits.fetch_add(1, Ordering::Relaxed));
        let text = format!("{{\"alias\":\"{alias}\"}}");
        bare.put(&path(one), text.into()).await.unwrap();
        catalog.refresh().await.unwrap();
        assert_eq!(catalog.current().get(one).unwrap().alias(), alias);
    });
    let changed = changed.await;

    row("bare LIST", list, None);
    row("bare GETs, 64 at a time", gets, None);
    row("LIST and GETs", list + gets, None);
    row(
        "first fill",
        fill,
        Some(("of LIST and GETs", list + gets, 2.0)),
    );
    row("unchanged refresh", unchanged, Some(("of LIST", list, 2.0)));
    row("one changed", changed, Some(("of LIST", list, 2.0)));

    let folder = tempfile::tempdir().unwrap();
    let local = ObjectRepository::open_folder(folder.path()).await.unwrap();
    for (name, repository) in [("a bucket", &*repository), ("a folder", &local)] {
        let id = long_history(repository).await;
        let page = median(async || {
            let page = repository.history(&id, None, PAGE).await.unwrap();
            assert_eq!(page.len(), PAGE);
        });
        let known = median(async || {
            let before = Some(REVISIONS as u64 + 1);
            let page = repository.history(&id, before, PAGE).await.unwrap();
            assert_eq!(page.len(), PAGE);
        });
        row(
            &format!("{PAGE} of {REVISIONS} revisions in {name}"),
            page.await,
            None,
        );
        row("  … where the last one is known", known.await, None);
    }
}

/// A client without anything around it.
fn bare(server: &S3Server) -> AmazonS3 {
    AmazonS3Builder::new()
        .with_bucket_name(BUCKET)
        .with_endpoint(format!("http://{}", server.address))
        .with_access_key_id(ACCESS_KEY)
        .with_secret_access_key(SECRET_KEY)
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .build()
        .unwrap()
}

fn path(key: &ModelKey) -> Path {
    Path::parse(key.to_string()).unwrap()
}

/// The root, then every folder, all at once.
async fn list(bare: &AmazonS3) -> usize {
    let root = bare.list_with_delimiter(None).await.unwrap();
    let folders = root.common_prefixes.iter();
    let folders = folders.filter(|folder| !folder.as_ref().starts_with('.'));
    let lists = stream::iter(folders).map(async |folder| {
        let found = bare.list_with_delimiter(Some(folder)).await.unwrap();
        found.objects.len()
    });
    lists
        .buffer_unordered(16)
        .collect::<Vec<_>>()
        .await
        .iter()
        .sum()
}

async fn long_history(repository: &ObjectRepository) -> model_dashboard::model::ModelId {
    let key: ModelKey = "nnUNet/long-history".parse().unwrap();
    let change = Change {
        by: "bench".to_owned(),
        source: None,
        via: Via::Api,
        at: Timestamp::now(),
        message: String::new(),
    };
    let mut content = ModelDefinition::new(&key);
    let mut seen = Precondition::Absent;
    let mut id = None;
    for n in 0..REVISIONS {
        content.set_description(&format!("revision {n}"));
        let put = repository
            .put(&key, &content, &seen, &change)
            .await
            .unwrap();
        seen = Precondition::Version(put.version);
        let stored = ModelDefinition::parse(&put.bytes, DuplicateKeys::LastWins).unwrap();
        id = stored.registry().map(|registry| registry.id);
    }
    id.unwrap()
}

async fn median<F: Future<Output = ()>>(mut what: impl FnMut() -> F) -> Duration {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        what().await;
        times.push(began.elapsed());
    }
    times.sort();
    times[ROUNDS / 2]
}

fn row(what: &str, took: Duration, limit: Option<(&str, Duration, f64)>) {
    let ms = took.as_secs_f64() * 1e3;
    match limit {
        None => println!("{what:>40}: {ms:>8.1} ms"),
        Some((of, peer, most)) => {
            let ratio = took.as_secs_f64() / peer.as_secs_f64();
            println!("{what:>40}: {ms:>8.1} ms, {ratio:.2} {of} (at most {most})");
        }
    }
}
