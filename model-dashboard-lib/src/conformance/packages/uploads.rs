//! Uploads, from the first byte to the package.

use super::*;

/// With its note, size and times.
pub async fn an_upload_becomes_a_package_with_its_digest(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(300_000));
    let begun = store.begin(300_000, "{\"name\":\"Läsion\"}").await.unwrap();
    assert_eq!(
        (begun.size, begun.received, begun.digest),
        (300_000, 0, None)
    );
    assert_eq!(store.upload(begun.id).await.unwrap(), begun);
    let whole = store.append(begun.id, 0, pieces(&bytes)).await.unwrap();
    assert!(whole.is_complete());
    let finished = store.finish(begun.id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(&bytes)));
    assert_eq!(finished.about, "{\"name\":\"Läsion\"}");
    assert_eq!(finished.begun_at, begun.begun_at);
    assert!(finished.changed_at >= begun.begun_at);
    assert_eq!(store.upload(begun.id).await.unwrap(), finished);
    assert_eq!(store.package(begun.id).await.unwrap().size, 300_000);
    assert_eq!(all_of(&*store, begun.id, 0..u64::MAX).await, bytes);
}

/// At places that have nothing to do with those at which a store may divide it.
pub async fn an_upload_goes_on_where_it_broke_off(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(21_000_001));
    let id = store.begin(bytes.len() as u64, "").await.unwrap().id;
    for cut in [
        0..1,
        1..9_000_000,
        9_000_000..9_000_007,
        9_000_007..20_999_999,
    ] {
        let (sender, sent) = Sent::pieces();
        let appending = tokio::spawn({
            let (store, offset) = (store.clone(), cut.start as u64);
            async move { store.append(id, offset, sent).await }
        });
        for piece in bytes[cut.clone()].chunks(1 << 20) {
            sender.send(piece.to_vec()).await.unwrap();
        }
        drop(sender);
        let broken = appending.await.unwrap().unwrap_err();
        match broken {
            PackageStoreError::Interrupted { received, .. } => {
                assert_eq!(received, cut.end as u64);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(store.upload(id).await.unwrap().received, cut.end as u64);
    }
    let rest = pieces(&bytes[20_999_999..]);
    store.append(id, 20_999_999, rest).await.unwrap();
    let finished = store.finish(id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(&bytes)));
    assert_eq!(all_of(&*store, id, 0..u64::MAX).await, bytes);
}

/// The hashing, too, goes on there.
pub async fn another_process_goes_on_with_an_upload(harness: &impl PackageStoreHarness) {
    let (one, other, bytes) = (harness.store(), harness.beside(), made_up(9_100_000));
    let id = one.begin(bytes.len() as u64, "").await.unwrap().id;
    one.append(id, 0, pieces(&bytes[..9_000_000]))
        .await
        .unwrap();
    let whole = other.append(id, 9_000_000, pieces(&bytes[9_000_000..]));
    assert!(whole.await.unwrap().is_complete());
    let finished = one.finish(id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(&bytes)));
    assert_eq!(other.finish(id).await.unwrap(), finished);
    assert_eq!(all_of(&*other, id, 0..u64::MAX).await, bytes);
}

/// Before and behind.
pub async fn bytes_at_another_offset_are_refused_unread(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(1_000));
    let id = store.begin(1_000, "").await.unwrap().id;
    store.append(id, 0, pieces(&bytes[..600])).await.unwrap();
    for offset in [0, 599, 601, 1_000, u64::MAX] {
        let (sender, sent) = Sent::pieces();
        let refused = store.append(id, offset, sent).await.unwrap_err();
        assert!(
            matches!(refused, PackageStoreError::WrongOffset { received: 600 }),
            "{refused:?}"
        );
        drop(sender);
    }
    store.append(id, 600, pieces(&bytes[600..])).await.unwrap();
    let finished = store.finish(id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(&bytes)));
}

/// The announced ones make the package.
pub async fn more_than_was_announced_is_refused_and_the_rest_kept(
    harness: &impl PackageStoreHarness,
) {
    let (store, bytes) = (harness.store(), made_up(100_001));
    let id = store.begin(100_000, "").await.unwrap().id;
    let refused = store.append(id, 0, pieces(&bytes)).await.unwrap_err();
    assert!(
        matches!(refused, PackageStoreError::TooLong { size: 100_000 }),
        "{refused:?}"
    );
    assert!(store.upload(id).await.unwrap().is_complete());
    let finished = store.finish(id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(&bytes[..100_000])));
    let refused = store.append(id, 100_000, pieces(&[1])).await.unwrap_err();
    assert!(
        matches!(refused, PackageStoreError::TooLong { .. }),
        "{refused:?}"
    );
}

/// Nor can it be finished.
pub async fn an_upload_that_is_not_whole_is_no_package(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(1_000));
    let id = store.begin(1_001, "").await.unwrap().id;
    store.append(id, 0, pieces(&bytes)).await.unwrap();
    let refused = store.finish(id).await.unwrap_err();
    let expected = matches!(
        refused,
        PackageStoreError::Incomplete {
            received: 1_000,
            size: 1_001
        }
    );
    assert!(expected, "{refused:?}");
    assert!(store.packages().await.unwrap().is_empty());
    for error in [
        store.package(id).await.unwrap_err(),
        store.read(id, 0..1).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, PackageStoreError::NoPackage { .. }),
            "{error:?}"
        );
    }
}

/// Finishing and appending nothing change nothing.
pub async fn what_is_finished_stays_as_it_is(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(70_000));
    let finished = put(&*store, &bytes).await;
    assert_eq!(store.finish(finished.id).await.unwrap(), finished);
    let nothing = store.append(finished.id, 70_000, pieces(&[])).await;
    assert_eq!(nothing.unwrap(), finished);
    assert_eq!(all_of(&*store, finished.id, 0..u64::MAX).await, bytes);
}

/// Of no bytes.
pub async fn an_empty_package_is_one(harness: &impl PackageStoreHarness) {
    let store = harness.store();
    let id = store.begin(0, "").await.unwrap().id;
    let finished = store.finish(id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(b"")));
    assert_eq!(store.package(id).await.unwrap().size, 0);
    assert_eq!(all_of(&*store, id, 0..u64::MAX).await, b"");
}

/// Not even where parts and rests of parts were stored.
pub async fn what_is_given_up_leaves_nothing(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(9_000_000));
    let id = store.begin(10_000_000, "").await.unwrap().id;
    store.append(id, 0, pieces(&bytes)).await.unwrap();
    store.give_up(id).await.unwrap();
    store.give_up(id).await.unwrap();
    let gone = store.upload(id).await.unwrap_err();
    assert!(
        matches!(gone, PackageStoreError::NoUpload { .. }),
        "{gone:?}"
    );
    let gone = store.append(id, 0, pieces(&bytes)).await.unwrap_err();
    assert!(
        matches!(gone, PackageStoreError::NoUpload { .. }),
        "{gone:?}"
    );
    assert!(store.uploads().await.unwrap().is_empty());
    assert!(store.packages().await.unwrap().is_empty());
}

/// Above it nothing begins.
pub async fn a_package_has_a_largest_size(harness: &impl PackageStoreHarness) {
    let store = harness.store();
    store.begin(MAX_PACKAGE_BYTES, "").await.unwrap();
    for size in [MAX_PACKAGE_BYTES + 1, u64::MAX] {
        let refused = store.begin(size, "").await.unwrap_err();
        assert!(
            matches!(refused, PackageStoreError::TooLarge),
            "{refused:?}"
        );
    }
    assert_eq!(store.uploads().await.unwrap().len(), 1);
}
