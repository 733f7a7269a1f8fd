//! Uploads over several connections, of several processes, and over such as break.

use super::*;

/// The client has given up the earlier one, which may not know it yet.
pub async fn the_later_of_two_connections_takes_over(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(100_000));
    let id = store.begin(100_000, "").await.unwrap().id;
    let (sender, sent) = Sent::pieces();
    let earlier = tokio::spawn({
        let store = store.clone();
        async move { store.append(id, 0, sent).await }
    });
    sender.send(bytes[..60_000].to_vec()).await.unwrap();
    // It is taken in once there is room for the next one.
    sender.reserve().await.unwrap();
    let later = store.append(id, 0, pieces(&[])).await;
    let refused = later.unwrap_err();
    assert!(
        matches!(refused, PackageStoreError::WrongOffset { received: 60_000 }),
        "{refused:?}"
    );
    let overtaken = earlier.await.unwrap().unwrap_err();
    assert!(
        matches!(overtaken, PackageStoreError::TakenOver { received: 60_000 }),
        "{overtaken:?}"
    );
    store
        .append(id, 60_000, pieces(&bytes[60_000..]))
        .await
        .unwrap();
    let finished = store.finish(id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(&bytes)));
}

/// While one writes, nobody else writes, finishes or gives up.
pub async fn another_process_waits_for_its_turn(harness: &impl PackageStoreHarness) {
    let (one, other, bytes) = (harness.store(), harness.beside(), made_up(1_000));
    let id = one.begin(1_000, "").await.unwrap().id;
    let (sender, sent) = Sent::pieces();
    let appending = tokio::spawn({
        let one = one.clone();
        async move { one.append(id, 0, sent).await }
    });
    sender.send(bytes.clone()).await.unwrap();
    sender.reserve().await.unwrap();
    for refused in [
        other.append(id, 0, pieces(&bytes)).await.unwrap_err(),
        other.give_up(id).await.unwrap_err(),
    ] {
        assert!(
            matches!(refused, PackageStoreError::Busy { .. }),
            "{refused:?}"
        );
    }
    drop(sender);
    appending.await.unwrap().unwrap_err();
    let finished = other.finish(id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(&bytes)));
}

/// It goes on by itself until its bytes break off.
pub async fn a_dropped_call_keeps_what_came(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(2_000));
    let id = store.begin(2_000, "").await.unwrap().id;
    let (sender, sent) = Sent::pieces();
    {
        let mut appending = store.append(id, 0, sent);
        tokio::select! {
            ended = &mut appending => panic!("{ended:?}"),
            () = async {
                sender.send(bytes[..1_500].to_vec()).await.unwrap();
                sender.reserve().await.unwrap();
            } => {}
        }
    }
    drop(sender);
    until(&*store, id, |upload| upload.received == 1_500).await;
    store
        .append(id, 1_500, pieces(&bytes[1_500..]))
        .await
        .unwrap();
    let finished = store.finish(id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(&bytes)));
}

/// A client that asks again for what has come long ago.
pub async fn what_lies_before_does_not_stop_who_is_at_it(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(3_000));
    let id = store.begin(3_000, "").await.unwrap().id;
    store.append(id, 0, pieces(&bytes[..1_000])).await.unwrap();
    let (sender, sent) = Sent::pieces();
    let appending = tokio::spawn({
        let store = store.clone();
        async move { store.append(id, 1_000, sent).await }
    });
    sender.send(bytes[1_000..2_000].to_vec()).await.unwrap();
    sender.reserve().await.unwrap();
    let refused = store.append(id, 0, pieces(&bytes)).await.unwrap_err();
    assert!(
        matches!(refused, PackageStoreError::WrongOffset { received: 1_000 }),
        "{refused:?}"
    );
    sender.send(bytes[2_000..].to_vec()).await.unwrap();
    sender.reserve().await.unwrap();
    drop(sender);
    drop(appending.await.unwrap());
    let finished = store.finish(id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(&bytes)));
}

/// Whether they are given up at once, finished or given up in the end: no package goes with them.
pub async fn uploads_that_are_cut_leave_nothing(harness: &impl PackageStoreHarness) {
    let stores = [harness.store(), harness.beside()];
    let uploads = stream::iter(0..200_usize).map(async |n| {
        let (one, other) = (&stores[n % 2], &stores[(n + 1) % 2]);
        let bytes = made_up(1_000 + 37 * n);
        let (first, rest) = bytes.split_at(131 * n % bytes.len());
        let id = one.begin(bytes.len() as u64, "").await.unwrap().id;
        let cut = Box::new(Cut(Some(first.to_vec())));
        one.append(id, 0, cut).await.unwrap_err();
        match n % 4 {
            0 => {}
            1 => other.give_up(id).await.unwrap(),
            2 => drop(other.append(id, first.len() as u64, pieces(rest)).await),
            _ => {
                let offset = first.len() as u64;
                other.append(id, offset, pieces(rest)).await.unwrap();
                one.finish(id).await.unwrap();
                return Some((id, bytes));
            }
        }
        None
    });
    let made: Vec<_> = uploads.buffer_unordered(16).collect().await;
    let mut made: Vec<_> = made.into_iter().flatten().collect();
    made.sort();
    let store = &stores[0];
    let hour = Duration::from_secs(3_600);
    assert!(store.leftovers(hour).await.unwrap().is_empty());
    assert!(store.sweep(hour).await.unwrap().removed.is_empty());
    assert_eq!(store.uploads().await.unwrap().len(), 150);

    let found = store.leftovers(Duration::ZERO).await.unwrap();
    let swept = store.sweep(Duration::ZERO).await.unwrap();
    assert!(swept.left.is_empty(), "{:?}", swept.left);
    assert_eq!(swept.removed, found);
    let uploads = store.uploads().await.unwrap();
    assert_eq!(uploads.len(), 150);
    for upload in uploads {
        store.give_up(upload.id).await.unwrap();
    }
    assert!(store.uploads().await.unwrap().is_empty());
    assert_eq!(store.leftovers(Duration::ZERO).await.unwrap(), []);
    let mut packages: Vec<_> = store.packages().await.unwrap();
    packages.sort_by_key(|package| package.id);
    let (packages, expected): (Vec<_>, Vec<_>) = packages
        .iter()
        .zip(&made)
        .map(|(found, (id, bytes))| ((found.id, found.size), (*id, bytes.len() as u64)))
        .unzip();
    assert_eq!((packages.len(), made.len()), (50, 50));
    assert_eq!(packages, expected);
    for (id, bytes) in made.iter().step_by(10) {
        assert!(all_of(&**store, *id, 0..u64::MAX).await == *bytes);
    }
}

/// And another one goes on with it at once.
pub async fn a_process_that_stops_keeps_what_came(harness: &impl PackageStoreHarness) {
    let (other, ending, bytes) = (harness.store(), harness.beside(), made_up(2_000));
    let id = ending.begin(2_000, "").await.unwrap().id;
    let (sender, sent) = Sent::pieces();
    let appending = tokio::spawn({
        let ending = ending.clone();
        async move { ending.append(id, 0, sent).await }
    });
    sender.send(bytes[..1_500].to_vec()).await.unwrap();
    sender.reserve().await.unwrap();
    ending.stop().await;
    assert_eq!(other.upload(id).await.unwrap().received, 1_500);
    let whole = other.append(id, 1_500, pieces(&bytes[1_500..])).await;
    assert!(whole.unwrap().is_complete());
    let stopped = appending.await.unwrap().unwrap_err();
    assert!(
        matches!(stopped, PackageStoreError::Ending { received: 1_500 }),
        "{stopped:?}"
    );
    let late = ending.begin(1, "").await.unwrap().id;
    let refused = ending.append(late, 0, pieces(b"x")).await.unwrap_err();
    assert!(
        matches!(refused, PackageStoreError::Ending { received: 0 }),
        "{refused:?}"
    );
}
