//! Checking and tidying a bucket.

use std::time::Duration;

use model_dashboard::dashboard::{Dashboard, FindingKind, Kept};
use model_dashboard::model::{DuplicateKeys, ModelDefinition};
use model_dashboard::repository::Precondition;
use model_dashboard::store::MemoryStore;

use super::*;

fn silent(_: u64, _: u64) {}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_checked_and_mended_and_keeps_its_tombstones() {
    is_checked_and_mended(InBucket::fresh().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_a_bucket_that_one_process_alone_writes_to() {
    is_checked_and_mended(InBucket::alone().await).await;
}

async fn is_checked_and_mended(bucket: InBucket) {
    let dashboard = Dashboard::builder()
        .repository(bucket.repository())
        .accounts(Arc::new(MemoryStore::new()))
        .build()
        .await
        .unwrap();
    let host = dashboard.host_caller("ana@gpu-7");
    for name in ["nnUNet/A", "nnUNet/B"] {
        let empty = ModelDefinition::parse(b"{}", DuplicateKeys::Refuse).unwrap();
        let made = dashboard.create(&host, name.parse().unwrap(), empty, "");
        made.await.unwrap();
    }
    let deleted: ModelKey = "nnUNet/B".parse().unwrap();
    let exists = Precondition::Exists;
    dashboard.delete(&host, &deleted, exists, "").await.unwrap();
    let clean = dashboard.check_storage(&host, false, &silent).await;
    let clean = clean.unwrap();
    assert_eq!(clean.findings, []);
    assert_eq!((clean.models, clean.tombstones, clean.revisions), (1, 1, 3));

    let theirs: ModelKey = "MIST/theirs".parse().unwrap();
    bucket.write_outside(&theirs, b"{}").await;
    let note = Path::parse("notes.txt").unwrap();
    bucket.beside.put(&note, "mine".into()).await.unwrap();
    let repaired = dashboard.check_storage(&host, true, &silent).await;
    let repaired = repaired.unwrap();
    assert!(repaired.is_well(), "{repaired:?}");
    assert_eq!(repaired.count(FindingKind::ChangedOutside), 1);
    assert_eq!(repaired.count(FindingKind::Other), 1);
    let again = dashboard.check_storage(&host, true, &silent).await;
    assert_eq!(again.unwrap().count(FindingKind::ChangedOutside), 0);

    let garbage = dashboard.collect_garbage(&host, Duration::ZERO, false, &silent);
    let garbage = garbage.await.unwrap();
    assert_eq!(
        (garbage.removed, garbage.found[0].kept),
        (0, Some(Kept::Unsafe))
    );
    assert!(bucket.repository.get(&deleted).await.is_ok());
    dashboard.shutdown().await;
}
