//! What is known while the repository does not answer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::key;
use super::steered::Steered;
use crate::catalog::{Catalog, CatalogOptions};
use crate::model::{ModelKey, Timestamp};

const MODELS: usize = 40;

fn repository() -> Arc<Steered> {
    let repository = Arc::new(Steered::default());
    for n in 0..MODELS {
        let text = format!(
            r#"{{"name":"m{n}","network_type":"MIST","enabled":{}}}"#,
            n >= 30
        );
        repository.inner.write_outside(&at(n), text.into_bytes());
    }
    repository
}

fn at(n: usize) -> ModelKey {
    key(&format!("MIST/m{n}"))
}

fn catalog(repository: &Arc<Steered>, snapshot: Option<&Path>, body_bytes: usize) -> Catalog {
    let options = CatalogOptions {
        snapshot: snapshot.map(Path::to_owned),
        body_bytes,
        ..CatalogOptions::default()
    };
    Catalog::new(repository.clone(), options)
}

async fn in_memory(catalog: &Catalog) -> Vec<usize> {
    let mut known = Vec::new();
    for n in 0..MODELS {
        let entry = catalog.current().get(&at(n)).unwrap();
        if catalog.known_body_of(&entry).is_some() {
            known.push(n);
        }
    }
    known
}

#[tokio::test]
async fn definitions_that_nobody_asked_for_are_there() {
    let repository = repository();
    let catalog = catalog(&repository, None, 1 << 20);
    catalog.load().await.unwrap();
    repository.down.store(true, Ordering::SeqCst);
    assert!(catalog.refresh().await.is_err());
    for n in 0..MODELS {
        catalog.body(&at(n)).await.unwrap();
    }
}

#[tokio::test]
async fn after_a_restart_they_are_read_ahead_those_first_that_may_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue");
    let repository = repository();
    let before = catalog(&repository, Some(&path), 1 << 20);
    before.load().await.unwrap();
    before.save().await;

    let all = catalog(&repository, Some(&path), 1 << 20);
    all.look().await;
    assert_eq!(in_memory(&all).await.len(), MODELS);

    // Each takes 256 bytes and its own.
    let some = catalog(&repository, Some(&path), 2 * 15 * 310);
    some.look().await;
    let known = in_memory(&some).await;
    assert!((10..20).contains(&known.len()), "{known:?}");
    assert!((30..40).all(|n| known.contains(&n)), "{known:?}");
}

#[tokio::test]
async fn a_start_without_an_answer_shows_what_the_last_run_knew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue");
    let repository = repository();
    let before = catalog(&repository, Some(&path), 1 << 20);
    before.load().await.unwrap();
    before.save().await;
    let saved = Timestamp::now();
    repository.down.store(true, Ordering::SeqCst);

    let without = catalog(&repository, None, 1 << 20);
    without.look().await;
    assert_eq!(without.state().loaded_at, None);

    let after = catalog(&repository, Some(&path), 1 << 20);
    after.look().await;
    assert_eq!(after.current().len(), MODELS);
    let since = after.state().failing.unwrap().since;
    assert_eq!(after.stale_since(), Some(since));
    assert!(since <= saved, "{since} is not when it was known");

    repository
        .inner
        .write_outside(&at(3), *br#"{"alias":"newer"}"#);
    repository.down.store(false, Ordering::SeqCst);
    after.refresh().await.unwrap();
    assert_eq!(after.current().get(&at(3)).unwrap().alias(), "newer");
    assert_eq!(after.stale_since(), None);
}
