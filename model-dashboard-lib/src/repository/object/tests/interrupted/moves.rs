//! Renames that were begun, and what comes between.

use super::*;

/// Has a rename die before it is decided: the definition at the new key is its first write, the
/// tombstone would follow.
async fn begin_to_move(harness: &InFolder) {
    let store: Arc<dyn ConditionalStore> = harness.repository.store.clone();
    let failing = FailingStore::new(store, 1, Fails::Before);
    let failing = ObjectRepository::new(Arc::new(failing));
    Write::Rename.run(&failing).await.unwrap_err();
}

/// An edit of the old name wins over a move that was interrupted before it was decided.
#[tokio::test]
async fn an_edit_wins_over_a_move_that_was_not_decided() {
    let harness = InFolder::fresh().await;
    Write::Rename.prepare(&harness).await;
    begin_to_move(&harness).await;
    let repository = &harness.repository;
    let (a, b) = (key("nnUNet/A"), key("nnUNet/B"));
    assert!(info(&repository.get(&b).await.unwrap()).deleted.is_none());

    let edited = content(&a, "edited");
    let change = because();
    let edited = repository
        .put(&a, &edited, &Precondition::Exists, &change)
        .await
        .unwrap();
    let provisional = repository.get(&b).await.unwrap();
    assert!(repository.reconcile(&provisional).await.unwrap());
    assert!(info(&repository.get(&b).await.unwrap()).deleted.is_some());
    assert_eq!(repository.get(&a).await.unwrap(), edited);
    let shown: Vec<_> = history(repository, info(&edited).id).await;
    assert_eq!(shown.len(), 2);
    // The new key is free again, for this model too.
    Write::Rename.run(repository).await.unwrap();
    after_a_restart(repository).await;
}

/// A move to elsewhere wins over one that was interrupted before it was decided.
#[tokio::test]
async fn a_move_wins_over_one_that_was_not_decided() {
    let harness = InFolder::fresh().await;
    Write::Rename.prepare(&harness).await;
    begin_to_move(&harness).await;
    let repository = &harness.repository;
    let (a, b, c) = (key("nnUNet/A"), key("nnUNet/B"), key("nnUNet/C"));
    assert!(info(&repository.get(&b).await.unwrap()).deleted.is_none());
    let (content, change) = (content(&c, "moved"), because());
    let moved = repository
        .rename(&a, &c, &content, &Precondition::Exists, &change)
        .await
        .unwrap();
    let seen = after_a_restart(repository).await;
    assert!(seen.live.keys().eq([&c]));
    assert_eq!(repository.get(&c).await.unwrap(), moved);
}

/// A key whose model has moved away is free at once, even if the mover died before it noted that.
#[tokio::test]
async fn a_model_created_where_one_is_still_moving_away_is_another_one() {
    let harness = InFolder::fresh().await;
    Write::Rename.prepare(&harness).await;
    let store: Arc<dyn ConditionalStore> = harness.repository.store.clone();
    // The definition at the new key and the tombstone are the first two writes of a rename.
    let failing = FailingStore::new(store, 2, Fails::Before);
    Write::Rename
        .run(&ObjectRepository::new(Arc::new(failing)))
        .await
        .unwrap_err();
    let repository = &harness.repository;
    let (a, b) = (key("nnUNet/A"), key("nnUNet/B"));
    let other = content(&a, "other");
    let other = repository
        .put(&a, &other, &Precondition::Absent, &because())
        .await
        .unwrap();
    let moved = repository.get(&b).await.unwrap();
    assert_ne!(info(&other).id, info(&moved).id);
    after_a_restart(repository).await;
    assert_eq!(repository.get(&a).await.unwrap(), other);
    assert_eq!(repository.get(&b).await.unwrap(), moved);
    assert_eq!(history(repository, info(&moved).id).await.len(), 2);
    assert_eq!(history(repository, info(&other).id).await.len(), 1);
}

/// Whoever settles a move may die as well, at any step; the next one goes on from there.
#[tokio::test]
async fn a_settler_that_is_stopped_leaves_what_the_next_one_settles() {
    let (a, b) = (key("nnUNet/A"), key("nnUNet/B"));
    for edited in [false, true] {
        let expected = match edited {
            false => [("nnUNet/B".to_owned(), "after".to_owned())],
            true => [("nnUNet/A".to_owned(), "edited".to_owned())],
        };
        for fails in [Fails::Before, Fails::After] {
            for stops in 0.. {
                let harness = InFolder::fresh().await;
                Write::Rename.prepare(&harness).await;
                begin_to_move(&harness).await;
                let repository = &harness.repository;
                if edited {
                    let content = content(&a, "edited");
                    let exists = Precondition::Exists;
                    let edit = repository.put(&a, &content, &exists, &because()).await;
                    edit.unwrap();
                }
                let provisional = repository.get(&b).await.unwrap();
                let failing = FailingStore::new(repository.store.clone(), stops, fails);
                let failing = Arc::new(failing);
                let settler = ObjectRepository::new(failing.clone());
                let settled = settler.reconcile(&provisional).await;
                let case = format!("edited: {edited}, {fails:?} write {stops}: {settled:?}");
                let (live, histories) = numbered(&after_a_restart(repository).await);
                assert_eq!(live, expected, "{case}");
                assert_eq!(
                    histories,
                    [["before".to_owned(), expected[0].1.clone()]],
                    "{case}"
                );
                if !failing.has_failed() {
                    assert!(stops >= 1, "{case}");
                    break;
                }
            }
        }
    }
}
