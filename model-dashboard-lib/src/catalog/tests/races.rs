//! What this process writes while a refresh is under way.

use std::sync::Arc;

use serde_json::{Value, json};

use super::steered::Steered;
use super::{change, definition, key};
use crate::catalog::{Catalog, CatalogOptions, EntryState};
use crate::repository::{ModelRepository, Precondition, StoredModel};

async fn put(repository: &Steered, at: &str, alias: &str) -> StoredModel {
    let at = key(at);
    let content = definition(&json!({
        "name": at.name.as_str(), "network_type": at.network_type.as_str(), "alias": alias,
    }));
    let precondition = match repository.inner.get(&at).await {
        Ok(_) => Precondition::Exists,
        Err(_) => Precondition::Absent,
    };
    repository
        .put(&at, &content, &precondition, &change())
        .await
        .unwrap()
}

fn write_outside(repository: &Steered, at: &str, value: &Value) {
    repository
        .inner
        .write_outside(&key(at), value.to_string().into_bytes());
}

async fn loaded() -> (Arc<Steered>, Catalog) {
    let repository = Arc::new(Steered::default());
    put(&repository, "MIST/a", "first").await;
    let catalog = Catalog::new(repository.clone(), CatalogOptions::default());
    catalog.load().await.unwrap();
    (repository, catalog)
}

fn alias(catalog: &Catalog, at: &str) -> Option<String> {
    catalog
        .current()
        .get(&key(at))
        .map(|entry| entry.alias().into_owned())
}

#[tokio::test]
async fn a_refresh_that_read_before_a_write_does_not_bring_the_older_state_back() {
    let (repository, catalog) = loaded().await;
    write_outside(&repository, "MIST/a", &json!({ "alias": "second" }));
    repository.get_gate.close();
    let refreshing = tokio::spawn({
        let catalog = catalog.clone();
        async move { catalog.refresh().await }
    });
    repository.get_gate.reached().await;
    // The refresh holds "second" in its hands now.
    let third = put(&repository, "MIST/a", "third").await;
    catalog.apply(&third);
    assert_eq!(alias(&catalog, "MIST/a").as_deref(), Some("third"));
    repository.get_gate.open();
    refreshing.await.unwrap().unwrap();
    assert_eq!(alias(&catalog, "MIST/a").as_deref(), Some("third"));
    // What was left out was read again, and no other listing is due.
    let following = catalog.inner.following.lock().await;
    assert!(following.marker.is_some());
}

#[tokio::test]
async fn a_refresh_that_listed_before_a_creation_does_not_remove_it() {
    let (repository, catalog) = loaded().await;
    repository.list_gate.close();
    let refreshing = tokio::spawn({
        let catalog = catalog.clone();
        async move { catalog.refresh().await }
    });
    repository.list_gate.reached().await;
    catalog.apply(&put(&repository, "MIST/new", "new").await);
    repository.list_gate.open();
    refreshing.await.unwrap().unwrap();
    assert_eq!(alias(&catalog, "MIST/new").as_deref(), Some("new"));
}

#[tokio::test]
async fn a_refresh_that_listed_before_a_deletion_does_not_revive_the_model() {
    let (repository, catalog) = loaded().await;
    write_outside(&repository, "MIST/a", &json!({ "alias": "second" }));
    repository.get_gate.close();
    let refreshing = tokio::spawn({
        let catalog = catalog.clone();
        async move { catalog.refresh().await }
    });
    repository.get_gate.reached().await;
    let gone = repository
        .delete(&key("MIST/a"), &Precondition::Exists, &change())
        .await
        .unwrap();
    catalog.apply(&gone);
    repository.get_gate.open();
    refreshing.await.unwrap().unwrap();
    assert_eq!(alias(&catalog, "MIST/a"), None);
    assert!(catalog.current().deleted(&key("MIST/a")).is_some());
}

#[tokio::test]
async fn a_write_that_is_entered_late_does_not_hide_a_later_one() {
    let (repository, catalog) = loaded().await;
    let second = put(&repository, "MIST/a", "second").await;
    let third = put(&repository, "MIST/a", "third").await;
    catalog.refresh().await.unwrap();
    catalog.apply(&second);
    assert_eq!(alias(&catalog, "MIST/a").as_deref(), Some("third"));
    catalog.apply(&third);
    assert_eq!(alias(&catalog, "MIST/a").as_deref(), Some("third"));
}

#[tokio::test]
async fn a_write_entered_during_a_refresh_that_saw_a_later_one_is_put_right_by_it() {
    let (repository, catalog) = loaded().await;
    let second = put(&repository, "MIST/a", "second").await;
    write_outside(&repository, "MIST/a", &json!({ "alias": "third, outside" }));
    repository.get_gate.close();
    let refreshing = tokio::spawn({
        let catalog = catalog.clone();
        async move { catalog.refresh().await }
    });
    repository.get_gate.reached().await;
    catalog.apply(&second);
    repository.get_gate.open();
    refreshing.await.unwrap().unwrap();
    assert_eq!(alias(&catalog, "MIST/a").as_deref(), Some("third, outside"));
}

#[tokio::test]
async fn a_rename_moves_the_model_at_once() {
    let (repository, catalog) = loaded().await;
    let (from, to) = (key("MIST/a"), key("nnUNet/b"));
    let content = definition(&json!({ "name": "b", "network_type": "nnUNet", "alias": "moved" }));
    let moved = repository
        .rename(&from, &to, &content, &Precondition::Exists, &change())
        .await
        .unwrap();
    catalog.apply_rename(&from, &moved);
    let check = |catalog: &Catalog| {
        assert_eq!(alias(catalog, "MIST/a"), None);
        assert_eq!(alias(catalog, "nnUNet/b").as_deref(), Some("moved"));
        let left = catalog.current().deleted(&from).unwrap();
        assert_eq!(left.tombstone().unwrap().moved_to.as_ref(), Some(&to));
        assert_eq!(left.state(), EntryState::Deleted);
        assert_eq!(catalog.current().counts().all, 1);
    };
    check(&catalog);
    catalog.refresh().await.unwrap();
    check(&catalog);
    assert!(
        catalog
            .current()
            .deleted(&from)
            .unwrap()
            .version()
            .is_some()
    );
}

#[tokio::test]
async fn whole_definitions_come_from_memory_until_they_change() {
    let (repository, catalog) = loaded().await;
    let reads = || repository.gets.load(std::sync::atomic::Ordering::SeqCst);
    let before = reads();
    let first = catalog.body(&key("MIST/a")).await.unwrap();
    assert_eq!(catalog.body(&key("MIST/a")).await.unwrap(), first);
    assert_eq!(reads(), before);
    let second = put(&repository, "MIST/a", "second").await;
    catalog.apply(&second);
    assert_eq!(*catalog.body(&key("MIST/a")).await.unwrap(), second);
    assert_eq!(reads(), before);
    assert!(catalog.body(&key("MIST/unknown")).await.is_err());
    assert_eq!(reads(), before);
}

#[tokio::test]
async fn a_number_written_by_hand_does_not_hide_the_next_write() {
    let (repository, catalog) = loaded().await;
    let stored = repository.get(&key("MIST/a")).await.unwrap();
    let mut edited: Value = serde_json::from_slice(&stored.bytes).unwrap();
    edited["registry"]["revision"] = json!(999);
    write_outside(&repository, "MIST/a", &edited);
    catalog.refresh().await.unwrap();
    assert_eq!(
        catalog.current().get(&key("MIST/a")).unwrap().revision(),
        Some(999)
    );

    catalog.apply(&put(&repository, "MIST/a", "second").await);
    assert_eq!(alias(&catalog, "MIST/a").as_deref(), Some("second"));
}
