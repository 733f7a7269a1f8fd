//! Definitions too large to be read.

use super::*;
use crate::catalog::CatalogOptions;
use crate::model::MAX_DEFINITION_BYTES;

/// A world whose only model another program made too large.
async fn world_with_a_huge_model() -> (World, ModelKey) {
    let (world, at) = (World::new().await, key("MIST/A"));
    let huge = vec![b' '; MAX_DEFINITION_BYTES + 1];
    world.repository.write_outside(&at, huge);
    world.dashboard.inner.catalog.refresh().await.unwrap();
    (world, at)
}

#[tokio::test]
async fn a_model_too_large_to_be_read_is_shown_without_its_text_and_mended() {
    let (world, at) = world_with_a_huge_model().await;
    let host = world.host();
    let raw = world.dashboard.raw(&host, &at).await.unwrap();
    assert!(raw.bytes.is_empty());
    assert!(raw.broken.unwrap().reason.contains("1 MiB"));
    let mend = async |message: &str| {
        let bytes = br#"{"alias":"mended"}"#;
        let mended = world
            .dashboard
            .replace_raw(&host, &at, bytes, raw.version, message);
        mended.await
    };
    // Jobs may be using it.
    assert!(matches!(mend("").await, Err(Error::Invalid(_))));
    let mended = mend("it was too large").await.unwrap();
    assert_eq!(mended.definition.alias(), "mended");
    assert_eq!(world.dashboard.model(&host, &at).await.unwrap(), mended);
    assert!(matches!(mend("again").await, Err(Error::Conflict { .. })));
}

#[tokio::test]
async fn a_model_too_large_to_be_read_is_replaced_and_deleted_whatever_its_version() {
    let (world, at) = world_with_a_huge_model().await;
    let host = world.host();
    let content = definition(r#"{"alias":"new"}"#);
    let replaced = world
        .dashboard
        .replace(&host, &at, content, Precondition::Exists, "too large");
    assert_eq!(replaced.await.unwrap().definition.alias(), "new");

    let (world, at) = world_with_a_huge_model().await;
    let host = world.host();
    let deleted = world
        .dashboard
        .delete(&host, &at, Precondition::Exists, "too large");
    deleted.await.unwrap();
    let gone = world.dashboard.model(&host, &at).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })));
    assert_eq!(world.last_event().await.action, Action::ModelDelete);
}

#[tokio::test]
async fn a_model_too_large_to_be_read_is_mended_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = CatalogOptions {
        snapshot: Some(folder.path().join("catalogue")),
        ..CatalogOptions::default()
    };
    let (repository, at) = (Arc::new(MemoryRepository::new()), key("MIST/A"));
    repository.write_outside(&at, vec![b' '; MAX_DEFINITION_BYTES + 1]);
    let start = async || {
        let (below, options) = (repository.clone(), options.clone());
        World::with(|builder| builder.repository(below).catalog(options)).await
    };
    let world = start().await;
    let raw = world.dashboard.raw(&world.host(), &at).await.unwrap();
    world.dashboard.shutdown().await;
    assert!(options.snapshot.as_ref().unwrap().exists());

    let world = start().await;
    let host = world.host();
    let same = world.dashboard.raw(&host, &at).await.unwrap();
    assert_eq!(same.version, raw.version);
    let text = br#"{"alias":"mended"}"#;
    let mended = world
        .dashboard
        .replace_raw(&host, &at, text, same.version, "it was too large");
    assert_eq!(mended.await.unwrap().definition.alias(), "mended");
}
