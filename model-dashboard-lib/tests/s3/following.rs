//! Several servers on one bucket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model_dashboard::catalog::CatalogOptions;
use model_dashboard::dashboard::Dashboard;
use model_dashboard::model::{DuplicateKeys, JsonObject, ModelDefinition, ModelKey};
use model_dashboard::repository::{ObjectRepository, Precondition};
use model_dashboard::store::MemoryStore;

use crate::server::S3Server;

/// How late a change of another server may be seen.
const LATEST: Duration = Duration::from_secs(5);

/// A server's registry on the bucket, with accounts of its own.
async fn registry(server: &S3Server) -> Dashboard {
    let repository = ObjectRepository::open_bucket(&server.config()).unwrap();
    let builder = Dashboard::builder()
        .repository(Arc::new(repository))
        .accounts(Arc::new(MemoryStore::new()))
        .catalog(CatalogOptions::default());
    builder.build().await.unwrap()
}

/// Waits until it is so, and no longer than a change may take to be seen.
async fn seen(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LATEST, "{what} is not seen in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_changes_the_other_shows_within_five_seconds() {
    let server = S3Server::start().await;
    let (one, other) = (registry(&server).await, registry(&server).await);
    let (writer, reader) = (one.host_caller("ana@a"), other.host_caller("ben@b"));
    let at: ModelKey = "MIST/x".parse().unwrap();
    let content = ModelDefinition::new(&at);
    let created = one.create(&writer, at.clone(), content, "").await.unwrap();
    // Where it was made it is there at once.
    assert_eq!(one.model(&writer, &at).await.unwrap(), created);
    seen("the new model", async || {
        other.model(&reader, &at).await.is_ok()
    })
    .await;

    let patch = JsonObject::parse(br#"{"alias":"X"}"#, DuplicateKeys::Refuse).unwrap();
    let this = Precondition::Version(created.version);
    let edited = other
        .patch(&reader, &at, &patch, this.clone(), "")
        .await
        .unwrap();
    let lost = one.patch(&writer, &at, &patch, this, "").await;
    assert!(lost.is_err(), "the second of two edits: {lost:?}");
    seen("the edit", async || {
        let model = one.model(&writer, &at).await.unwrap();
        model.version == edited.version
    })
    .await;

    let any = Precondition::Exists;
    one.delete(&writer, &at, any, "").await.unwrap();
    seen("the deletion", async || {
        other.model(&reader, &at).await.is_err()
    })
    .await;
    one.shutdown().await;
    other.shutdown().await;
}
