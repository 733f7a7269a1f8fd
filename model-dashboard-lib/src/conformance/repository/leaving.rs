//! Deleting, renaming and moving.

use super::*;

/// A deletion leaves a small disabled tombstone; creating the key again goes on with id and
/// numbers.
pub async fn a_tombstone_is_left_and_numbers_go_on_after_it(harness: Harness<'_>) {
    let repository = harness.repository();
    let mut content = described(&key("nnUNet/Task001"), &"long ".repeat(1000));
    content.set_enabled(true);
    let at = key("nnUNet/Task001");
    let change = because("not needed");
    let created = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
    let tombstone = delete(harness, &created).await;
    assert_eq!(repository.get(&at).await.unwrap(), tombstone);
    assert!(
        tombstone.bytes.len() < 2000,
        "{} bytes",
        tombstone.bytes.len()
    );
    assert!(!read(&tombstone).enabled());
    let noted = info(&tombstone);
    assert_eq!((noted.id, noted.revision), (info(&created).id, 2));
    let deleted = noted.deleted.expect("a tombstone");
    assert_eq!(deleted.by.as_deref(), Some("mkeller"));
    assert_eq!(deleted.moved_to, None);
    assert_eq!(noted.message.as_deref(), Some("gone"));

    let again = create(harness, &at, "again").await;
    assert_eq!((info(&again).id, info(&again).revision), (noted.id, 3));
    assert_eq!(info(&again).deleted, None);
    let states = [created.bytes, tombstone.bytes, again.bytes];
    assert_eq!(history(harness, noted.id).await, states);
}

/// A model created where one was deleted does not inherit its owner, tags and package.
pub async fn nothing_is_carried_over_a_deletion(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let content = definition(r#"{"registry":{"owner":"a","tags":["t"],"package":"p"}}"#);
    let change = because("");
    let first = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
    delete(harness, &first).await;
    let second = info(&create(harness, &at, "").await);
    assert_eq!(
        (second.owner, second.tags.len(), second.package),
        (None, 0, None)
    );
}

/// What the existing system shows as a disabled model and somebody enables there, jobs may run: it
/// can be read, edited and deleted like any other.
pub async fn a_tombstone_that_others_enabled_is_a_model(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let other = create(harness, &key("nnUNet/Other"), "other").await;
    let moved = rename(harness, &other, &key("nnUNet/Moved")).await;
    for (stored, id) in [
        (delete(harness, &first).await, Some(info(&first).id)),
        (other, None),
    ] {
        let at = &stored.key;
        let mut theirs = read(&repository.get(at).await.unwrap());
        theirs.set_enabled(true);
        harness.write_outside(at, &theirs.to_bytes()).await;
        let seen = repository.get(at).await.unwrap();
        let content = described(at, "again");
        let change = because("");
        let created = repository.put(at, &content, &Precondition::Absent, &change);
        let created = created.await;
        assert!(
            matches!(created, Err(RepositoryError::Exists { .. })),
            "{created:?}"
        );
        assert!(repository.reconcile(&seen).await.unwrap());
        assert!(!repository.reconcile(&seen).await.unwrap());
        let edited = edit(harness, &seen, "ours").await;
        let noted = info(&edited);
        assert_eq!(
            (noted.deleted.as_ref(), read(&edited).enabled()),
            (None, true)
        );
        assert_eq!(noted.id == info(&first).id, id.is_some());
        assert_ne!(noted.id, info(&moved).id);
        let archived = history(harness, noted.id).await;
        assert_eq!(
            archived[archived.len() - 2..],
            [seen.bytes, edited.bytes.clone()]
        );
        let deleted = delete(harness, &edited).await;
        assert_eq!(info(&deleted).id, noted.id);
    }
    assert_eq!(repository.get(&moved.key).await.unwrap(), moved);
}

/// A rename keeps the id, takes the next number and leaves a tombstone that says where to.
pub async fn a_rename_keeps_the_id(harness: Harness<'_>) {
    let repository = harness.repository();
    let before = create(harness, &key("nnUNet/Old"), "first").await;
    let to = key("nnUNet_v2/New");
    let after = rename(harness, &before, &to).await;
    assert_eq!(after.key, to);
    assert_eq!(repository.get(&to).await.unwrap(), after);
    let id = info(&before).id;
    assert_eq!((info(&after).id, info(&after).revision), (id, 2));
    assert_eq!(info(&after).key, Some(to.clone()));
    let tombstone = repository.get(&before.key).await.unwrap();
    let deleted = info(&tombstone).deleted.expect("a tombstone");
    assert_eq!(deleted.moved_to, Some(to.to_string()));
    assert!(!read(&tombstone).enabled());
    assert!(!repository.reconcile(&after).await.unwrap());
    assert!(!repository.reconcile(&tombstone).await.unwrap());
    let last = edit(harness, &after, "second").await;
    assert_eq!((info(&last).id, info(&last).revision), (id, 3));
    let states = [before.bytes, after.bytes, last.bytes];
    assert_eq!(history(harness, id).await, states);
}

/// What is created at the old key of a renamed model is another model.
pub async fn a_key_that_a_model_moved_away_from_begins_a_new_id(harness: Harness<'_>) {
    let before = create(harness, &key("nnUNet/Old"), "first").await;
    let after = rename(harness, &before, &key("nnUNet/New")).await;
    let fresh = create(harness, &before.key, "other").await;
    assert_ne!(info(&fresh).id, info(&after).id);
    assert_eq!(info(&fresh).revision, 1);
    assert_eq!(history(harness, info(&after).id).await.len(), 2);
    assert_eq!(
        history(harness, info(&fresh).id).await,
        [Arc::clone(&fresh.bytes)]
    );
    let next = edit(harness, &fresh, "second").await;
    assert_eq!((info(&next).id, info(&next).revision), (info(&fresh).id, 2));
}

/// A model that moves there and back again is the same model all the way.
pub async fn a_model_can_move_back(harness: Harness<'_>) {
    let repository = harness.repository();
    let (here, there) = (key("nnUNet/Here"), key("nnUNet/There"));
    let mut stored = create(harness, &here, "first").await;
    let id = info(&stored).id;
    for n in 0..3 {
        stored = rename(harness, &stored, &there).await;
        assert_eq!((info(&stored).id, info(&stored).revision), (id, 2 * n + 2));
        stored = rename(harness, &stored, &here).await;
        assert_eq!((info(&stored).id, info(&stored).revision), (id, 2 * n + 3));
    }
    assert!(!repository.reconcile(&stored).await.unwrap());
    assert_eq!(repository.get(&here).await.unwrap(), stored);
    assert_eq!(history(harness, id).await.len(), 7);
}

/// A rename to a key that is taken, its own included, is [`RepositoryError::Exists`].
pub async fn a_rename_does_not_replace_a_live_model(harness: Harness<'_>) {
    let repository = harness.repository();
    let one = create(harness, &key("nnUNet/One"), "one").await;
    let two = create(harness, &key("nnUNet/Two"), "two").await;
    for to in [&two.key, &one.key] {
        let precondition = Precondition::Version(one.version);
        let refused = repository
            .rename(&one.key, to, &read(&one), &precondition, &because(""))
            .await;
        assert!(
            matches!(refused, Err(RepositoryError::Exists { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(repository.get(&one.key).await.unwrap(), one);
    assert_eq!(repository.get(&two.key).await.unwrap(), two);
}

/// A model renamed to the key of a deleted one keeps its own history, and the deleted one's stays.
pub async fn a_rename_over_a_tombstone_keeps_both_histories(harness: Harness<'_>) {
    let deleted = create(harness, &key("nnUNet/Two"), "deleted").await;
    let tombstone = delete(harness, &deleted).await;
    let one = create(harness, &key("nnUNet/One"), "one").await;
    let moved = rename(harness, &one, &deleted.key).await;
    assert_eq!((info(&moved).id, info(&moved).revision), (info(&one).id, 2));
    let states = [deleted.bytes.clone(), tombstone.bytes];
    assert_eq!(history(harness, info(&deleted).id).await, states);
    let edited = edit(harness, &moved, "edited").await;
    assert_eq!(info(&edited).id, info(&one).id);
    assert_eq!(history(harness, info(&one).id).await.len(), 3);
}
