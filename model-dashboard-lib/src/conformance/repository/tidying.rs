//! What a store holds beside the definitions, and removing tombstones for good.

use super::*;
use crate::repository::Purged;

/// Every history is named, and every key that a model was created at.
pub async fn the_inventory_names_histories_and_keys(harness: Harness<'_>) {
    let repository = harness.repository();
    let here = create(harness, &key("nnUNet/Task001"), "1").await;
    let gone = create(harness, &key("MIST/x"), "1").await;
    let gone = delete(harness, &gone).await;
    let inventory = repository.inventory().await.unwrap();
    let mut ids = [info(&here).id, info(&gone).id];
    let mut found = inventory.histories;
    ids.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, ids);
    let mut histories = repository.histories().await.unwrap();
    histories.sort_unstable();
    assert_eq!(histories, ids);
    for stored in [here, gone] {
        assert!(inventory.noted.contains(&stored.key), "{}", stored.key);
        let noted = repository.noted(&stored.key).await.unwrap();
        assert_eq!(noted, Some(info(&stored).id));
    }
    assert!(inventory.left_over.is_empty() && inventory.others.is_empty());
}

/// What comes of a purge that nothing speaks against, and of one that comes too late. A store that
/// cannot remove on condition removes nothing.
fn outcomes(repository: &dyn ModelRepository) -> (Purged, Purged) {
    match repository.can_purge() {
        true => (Purged::Done, Purged::Changed),
        false => (Purged::Unsafe, Purged::Unsafe),
    }
}

/// The history stays, and a model that is created at the key later goes on with it.
pub async fn a_purged_tombstone_leaves_history_and_identity(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let created = create(harness, &at, "1").await;
    let tombstone = delete(harness, &created).await;
    let (done, too_late) = outcomes(&*repository);
    assert_eq!(repository.purge(&tombstone).await.unwrap(), done);
    match repository.get(&at).await {
        Err(RepositoryError::NotFound { .. }) => assert_eq!(done, Purged::Done),
        there => {
            assert_eq!(done, Purged::Unsafe);
            assert_eq!(there.unwrap().bytes, tombstone.bytes);
        }
    }
    let id = info(&created).id;
    assert_eq!(
        history(harness, id).await,
        [created.bytes, tombstone.bytes.clone()]
    );
    // Once more there is nothing to do.
    let again = repository.purge(&tombstone).await.unwrap();
    assert_eq!(again, too_late);

    let anew = create(harness, &at, "2").await;
    assert_eq!((info(&anew).id, info(&anew).revision), (id, 3));
}

/// A key that a model moved away from gets a new id, also without the tombstone.
pub async fn the_tombstone_of_a_rename_can_be_purged(harness: Harness<'_>) {
    let repository = harness.repository();
    let (from, to) = (key("nnUNet/Task001"), key("nnUNet/Task002"));
    let created = create(harness, &from, "1").await;
    let moved = rename(harness, &created, &to).await;
    let tombstone = repository.get(&from).await.unwrap();
    let (done, _) = outcomes(&*repository);
    assert_eq!(repository.purge(&tombstone).await.unwrap(), done);
    let gone = repository.get(&from).await.is_err();
    assert_eq!(gone, done == Purged::Done);
    let edited = edit(harness, &moved, "2").await;
    assert_eq!(info(&edited).id, info(&created).id);
    let another = create(harness, &from, "another").await;
    assert_ne!(info(&another).id, info(&created).id);
    assert_eq!(history(harness, info(&created).id).await.len(), 3);
}

/// What is no tombstone any more, or never was, stays.
pub async fn what_is_no_tombstone_is_not_purged(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let created = create(harness, &at, "1").await;
    let (_, too_late) = outcomes(&*repository);
    assert_eq!(repository.purge(&created).await.unwrap(), too_late);
    let tombstone = delete(harness, &created).await;
    let anew = create(harness, &at, "2").await;
    assert_eq!(repository.purge(&tombstone).await.unwrap(), too_late);
    assert_eq!(repository.get(&at).await.unwrap().bytes, anew.bytes);

    let tombstone = delete(harness, &anew).await;
    harness.write_outside(&at, b"{\"by\":\"another\"}").await;
    let theirs = repository.get(&at).await.unwrap();
    for stored in [&tombstone, &theirs] {
        assert_eq!(repository.purge(stored).await.unwrap(), too_late);
    }
    assert_eq!(repository.get(&at).await.unwrap().bytes, theirs.bytes);
}

/// Whoever is first, the new model is there at the end, with the whole history.
pub async fn a_purge_and_a_creation_at_once_lose_nothing(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let mut stored = create(harness, &at, "0").await;
    let id = info(&stored).id;
    let (done, too_late) = outcomes(&*repository);
    for round in 1..=20_u64 {
        let tombstone = delete(harness, &stored).await;
        let content = described(&at, &round.to_string());
        let change = because("");
        let creation = repository.put(&at, &content, &Precondition::Absent, &change);
        let (purged, created) = tokio::join!(repository.purge(&tombstone), creation);
        let purged = purged.unwrap();
        assert!(purged == done || purged == too_late, "{purged:?}");
        stored = created.unwrap();
        assert_eq!(repository.get(&at).await.unwrap().bytes, stored.bytes);
        assert_eq!(
            (info(&stored).id, info(&stored).revision),
            (id, 2 * round + 1)
        );
    }
    assert_eq!(history(harness, id).await.len(), 41);
}
