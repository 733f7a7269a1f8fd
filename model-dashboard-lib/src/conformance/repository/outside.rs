//! Objects that other programs and people have written.

use super::*;

/// Where another program wrote the definition anew without the field `registry`, its state is
/// archived, and the next write goes on with id, number, owner, tags and package.
pub async fn a_dropped_registry_field_is_made_up_for(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let content = definition(r#"{"registry":{"owner":"team-a","tags":["x"],"package":"pkg"}}"#);
    let change = because("");
    let first = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
    let outside: [&[u8]; 2] = [
        br#"{"description":"theirs"}"#,
        br#"{"description": "again"}"#,
    ];
    harness.write_outside(&at, outside[0]).await;
    let seen = repository.get(&at).await.unwrap();
    assert!(repository.reconcile(&seen).await.unwrap());
    harness.write_outside(&at, outside[1]).await;
    let carried = repository.carried(&at).await.unwrap().unwrap();
    assert_eq!(carried.package.as_deref(), Some("pkg"));
    let last = repository.get(&at).await.unwrap();
    let mut content = read(&last);
    content.set_alias("ours");
    let precondition = Precondition::Version(last.version);
    let written = repository
        .put(&at, &content, &precondition, &change)
        .await
        .unwrap();

    let (noted, before) = (info(&written), info(&first));
    assert_eq!((noted.id, noted.revision), (before.id, 4));
    assert_eq!(noted.owner.as_deref(), Some("team-a"));
    assert_eq!(noted.tags, ["x"]);
    assert_eq!(noted.package.as_deref(), Some("pkg"));
    assert_eq!(read(&written).description(), "again");
    let states = [&*first.bytes, outside[0], outside[1], &*written.bytes];
    let archived = history(harness, noted.id).await;
    assert_eq!(
        archived.iter().map(|bytes| &**bytes).collect::<Vec<_>>(),
        states
    );
}

/// Where another program kept the field but changed the rest, the next write of ours archives its
/// state under the next number and goes on after it.
pub async fn a_change_with_a_stale_digest_is_archived(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let mut theirs = read(&first);
    theirs.set_description("theirs");
    harness.write_outside(&first.key, &theirs.to_bytes()).await;
    let seen = repository.get(&first.key).await.unwrap();
    assert!(read(&seen).is_changed_outside());
    let written = edit(harness, &seen, "ours").await;
    assert_eq!(
        (info(&written).id, info(&written).revision),
        (info(&first).id, 3)
    );
    assert!(!read(&written).is_changed_outside());
    let states = [first.bytes.clone(), seen.bytes, written.bytes];
    assert_eq!(history(harness, info(&first).id).await, states);
}

/// Older bytes put back by hand are a change like any other: they get a number of their own.
pub async fn a_return_to_older_bytes_is_archived_as_a_change(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let second = edit(harness, &first, "second").await;
    harness.write_outside(&first.key, &first.bytes).await;
    let back = repository.get(&first.key).await.unwrap();
    assert!(repository.reconcile(&back).await.unwrap());
    assert!(!repository.reconcile(&back).await.unwrap());
    let written = edit(harness, &back, "third").await;
    assert_eq!(info(&written).revision, 4);
    let states = [
        first.bytes.clone(),
        second.bytes,
        first.bytes.clone(),
        written.bytes,
    ];
    assert_eq!(history(harness, info(&first).id).await, states);
}

/// Reconciling archives what is missing, and then there is nothing more to do.
pub async fn reconciling_archives_once(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    assert!(!repository.reconcile(&first).await.unwrap());
    let mut theirs = read(&first);
    theirs.set_description("theirs");
    harness.write_outside(&first.key, &theirs.to_bytes()).await;
    let seen = repository.get(&first.key).await.unwrap();
    assert!(repository.reconcile(&seen).await.unwrap());
    assert!(!repository.reconcile(&seen).await.unwrap());
    assert_eq!(repository.get(&first.key).await.unwrap(), seen);
    let states = [first.bytes.clone(), seen.bytes];
    assert_eq!(history(harness, info(&first).id).await, states);
}

/// A state that is no longer the present one is left alone: whoever replaced it archived it.
pub async fn reconciling_an_older_state_does_nothing(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let second = edit(harness, &first, "second").await;
    assert!(!repository.reconcile(&first).await.unwrap());
    let states = [first.bytes.clone(), second.bytes];
    assert_eq!(history(harness, info(&first).id).await, states);
}

/// An object that only the existing system has written gets an id at the first look, one however
/// many look at once, and keeps it when it is written.
pub async fn an_object_of_the_existing_system_gets_one_id(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let theirs = br#"{"name":"Task001","network_type":"nnUNet"}"#;
    harness.write_outside(&at, theirs).await;
    let seen = repository.get(&at).await.unwrap();
    let looking: Vec<_> = (0..16)
        .map(|_| {
            let (repository, seen) = (harness.repository(), seen.clone());
            tokio::spawn(async move { repository.reconcile(&seen).await })
        })
        .collect();
    for look in looking {
        look.await.unwrap().unwrap();
    }
    let written = edit(harness, &seen, "ours").await;
    assert_eq!(info(&written).revision, 2);
    let archived = history(harness, info(&written).id).await;
    assert_eq!(archived, [seen.bytes, written.bytes]);
}

/// An object copied to another key by hand is a model of its own, with a history of its own; the
/// one it was copied from stays as it is.
pub async fn a_copy_made_by_hand_is_another_model(harness: Harness<'_>) {
    let repository = harness.repository();
    let original = create(harness, &key("nnUNet/One"), "first").await;
    let moved = rename(harness, &original, &key("nnUNet/Two")).await;
    let copy = key("nnUNet/Copy");
    harness.write_outside(&copy, &moved.bytes).await;
    let seen = repository.get(&copy).await.unwrap();
    assert!(repository.reconcile(&seen).await.unwrap());
    assert!(!repository.reconcile(&moved).await.unwrap());
    let edited = edit(harness, &seen, "of the copy").await;
    assert_ne!(info(&edited).id, info(&moved).id);
    assert_eq!(info(&edited).revision, 2);
    assert_eq!(repository.get(&moved.key).await.unwrap(), moved);
    assert_eq!(history(harness, info(&moved).id).await.len(), 2);
}

/// So is one that notes the number that it gets in its own history.
pub async fn a_copy_of_a_first_revision_is_another_model(harness: Harness<'_>) {
    let repository = harness.repository();
    let original = create(harness, &key("nnUNet/One"), "first").await;
    let copy = key("nnUNet/Copy");
    harness.write_outside(&copy, &original.bytes).await;
    let seen = repository.get(&copy).await.unwrap();
    assert!(repository.reconcile(&seen).await.unwrap());
    let id = repository.identify(&copy).await.unwrap().expect("an id");
    assert_ne!(id, info(&original).id);
    let archived = repository.revision(&id, 1).await.unwrap();
    assert_eq!((archived.id, &archived.bytes), (id, &original.bytes));
    let edited = edit(harness, &seen, "of the copy").await;
    assert_eq!((info(&edited).id, info(&edited).revision), (id, 2));
    assert_eq!(repository.get(&original.key).await.unwrap(), original);
    assert_eq!(history(harness, info(&original).id).await.len(), 1);
}

/// What another program writes where a model moved away, from what it had read before that, and a
/// state that it puts back there, are another model: the one that moved has one key and one history.
pub async fn a_state_at_a_former_key_is_another_model(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Former"), "first").await;
    let moved = rename(harness, &first, &key("nnUNet/Present")).await;
    let mut theirs = read(&first);
    theirs.set_description("theirs");
    let former = first.key.clone();
    let identify = async || repository.identify(&former).await.unwrap();
    let mut states = Vec::new();
    for bytes in [theirs.to_bytes(), first.bytes.to_vec()] {
        harness.write_outside(&former, &bytes).await;
        let seen = repository.get(&former).await.unwrap();
        assert!(repository.reconcile(&seen).await.unwrap());
        assert!(!repository.reconcile(&seen).await.unwrap());
        assert!(!repository.reconcile(&moved).await.unwrap());
        assert_ne!(identify().await, Some(info(&first).id));
        states.push(seen.bytes);
    }
    let id = identify().await.expect("an id of its own");
    let edited = edit(harness, &moved, "edited").await;
    assert_eq!(info(&edited).revision, 3);
    let own = history(harness, info(&first).id).await;
    assert_eq!(own, [first.bytes, moved.bytes, edited.bytes]);

    let seen = repository.get(&former).await.unwrap();
    let again = rename(harness, &seen, &key("nnUNet/Other")).await;
    assert_eq!((info(&again).id, identify().await), (id, None));
    assert!(
        info(&repository.get(&former).await.unwrap())
            .deleted
            .is_some()
    );
    assert_eq!(history(harness, id).await[..2], states);
}

/// A definition that does not parse is read as it is, counts as there, is archived and can be
/// replaced and deleted.
pub async fn a_broken_object_can_be_replaced(harness: Harness<'_>) {
    let repository = harness.repository();
    for (n, bytes) in [&b"{\"name\": \"Tas"[..], b"", b"[1]", b"\xff\xfe"]
        .into_iter()
        .enumerate()
    {
        let at = key(&format!("nnUNet/Broken{n}"));
        harness.write_outside(&at, bytes).await;
        let broken = repository.get(&at).await.unwrap();
        assert_eq!(&*broken.bytes, bytes);
        let content = described(&at, "mended");
        let change = because("mend");
        let created = repository
            .put(&at, &content, &Precondition::Absent, &change)
            .await;
        assert!(
            matches!(created, Err(RepositoryError::Exists { .. })),
            "{created:?}"
        );
        let precondition = Precondition::Version(broken.version);
        let mended = repository
            .put(&at, &content, &precondition, &change)
            .await
            .unwrap();
        assert_eq!(info(&mended).revision, 2);

        harness.write_outside(&at, bytes).await;
        let broken = repository.get(&at).await.unwrap();
        let tombstone = delete(harness, &broken).await;
        assert_eq!(
            (info(&tombstone).id, info(&tombstone).revision),
            (info(&mended).id, 4)
        );
        let archived = history(harness, info(&mended).id).await;
        assert_eq!((&*archived[0], &*archived[2]), (bytes, bytes));
    }
}

/// A model that only another program has written can be renamed: the old key is a tombstone, and
/// what the other program wrote lies in the history.
pub async fn an_object_of_the_existing_system_can_be_renamed(harness: Harness<'_>) {
    let at = key("nnUNet/Task001");
    harness
        .write_outside(&at, br#"{"description":"theirs"}"#)
        .await;
    is_renamed(harness, &at, 0).await;
}

/// A model that another program changed, with the field `registry` left in place, can be renamed.
pub async fn a_model_changed_outside_can_be_renamed(harness: Harness<'_>) {
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let mut theirs = read(&first);
    theirs.set_description("theirs");
    harness.write_outside(&first.key, &theirs.to_bytes()).await;
    is_renamed(harness, &first.key, 1).await;
}

/// Renames what another program wrote; `earlier` revisions precede that in the history.
async fn is_renamed(harness: Harness<'_>, at: &ModelKey, earlier: usize) {
    let repository = harness.repository();
    let theirs = repository.get(at).await.unwrap();
    let moved = rename(harness, &theirs, &key("nnUNet/Renamed")).await;
    assert_eq!(read(&moved).description(), "theirs");
    let left = info(&repository.get(at).await.unwrap());
    let to = left.deleted.and_then(|deleted| deleted.moved_to);
    assert_eq!(to, Some(moved.key.to_string()));
    assert!(!repository.reconcile(&moved).await.unwrap());
    let archived = history(harness, info(&moved).id).await;
    assert_eq!(archived.get(earlier), Some(&theirs.bytes));
    assert_eq!(archived.last(), Some(&moved.bytes));
}

/// A definition in which someone wrote the highest number there is can be changed and renamed.
pub async fn a_number_written_by_hand_does_no_harm(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let mut noted = info(&first);
    noted.revision = u64::MAX;
    let mut theirs = read(&first);
    theirs.set_description("theirs");
    let theirs = theirs.with_registry(&noted);
    harness.write_outside(&first.key, &theirs.to_bytes()).await;
    let seen = repository.get(&first.key).await.unwrap();
    assert!(repository.reconcile(&seen).await.unwrap());
    let edited = edit(harness, &seen, "second").await;
    assert_eq!(info(&edited).revision, 3);
    harness.write_outside(&first.key, &theirs.to_bytes()).await;
    is_renamed(harness, &first.key, 3).await;
}

/// What another program made too large to be read is replaced and deleted unread, by the version of
/// its stamp; it is in the history.
pub async fn what_is_too_large_to_be_read_is_replaced_and_deleted(harness: Harness<'_>) {
    let repository = harness.repository();
    let huge = vec![b' '; MAX_DEFINITION_BYTES + 1];
    let at = key("nnUNet/Task001");
    let first = create(harness, &at, "first").await;
    let listed = async || {
        let listing = repository.list().await.unwrap();
        let found = listing.models.into_iter().find(|listed| listed.key == at);
        found.unwrap().stamp.version_unread()
    };

    harness.write_outside(&at, &huge).await;
    let unread = listed().await;
    let stale = Precondition::Version(first.version);
    let content = read(&first);
    let change = because("");
    let refused = repository.put(&at, &content, &stale, &change).await;
    assert!(
        matches!(refused, Err(RepositoryError::Conflict { .. })),
        "{refused:?}"
    );
    let refused = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await;
    assert!(
        matches!(refused, Err(RepositoryError::Exists { .. })),
        "{refused:?}"
    );
    let replaced = repository
        .put(&at, &content, &Precondition::Version(unread), &change)
        .await
        .unwrap();
    assert_eq!(repository.get(&at).await.unwrap(), replaced);
    let (before, noted) = (info(&first), info(&replaced));
    assert_eq!((noted.id, noted.revision), (before.id, 3));
    let numbers = repository.revisions(&noted.id).await.unwrap();
    assert_eq!(numbers, [1, 2, 3]);

    harness.write_outside(&at, &huge).await;
    let unread = Precondition::Version(listed().await);
    let deleted = repository.delete(&at, &unread, &change).await.unwrap();
    assert!(info(&deleted).deleted.is_some());
    assert_eq!(info(&deleted).revision, 5);
    let again = create(harness, &at, "again").await;
    assert_eq!((info(&again).id, info(&again).revision), (before.id, 6));
}

/// The history ends with it, and whatever is created at the key later goes on from there.
pub async fn a_removal_by_others_is_in_the_history_once(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let created = create(harness, &at, "1").await;
    let id = info(&created).id;
    harness.remove_outside(&at).await;
    let noticed = Timestamp::now();
    assert!(repository.note_removed(&at, noticed).await.unwrap());
    assert!(
        !repository
            .note_removed(&at, Timestamp::now())
            .await
            .unwrap()
    );
    let archived = history(harness, id).await;
    assert_eq!(archived.len(), 2);
    let removed = ModelDefinition::parse(&archived[1], DuplicateKeys::Refuse).unwrap();
    assert!(removed.deleted().is_some());
    let said = removed.registry().unwrap();
    assert_eq!((said.id, said.revision), (id, 2));
    assert_eq!(
        (said.via, said.modified_at),
        (Some(Via::Outside), Some(noticed))
    );
    assert_eq!(said.modified_by, None);

    let anew = create(harness, &at, "2").await;
    assert_eq!((info(&anew).id, info(&anew).revision), (id, 3));
}

/// What is there, was deleted here, lives on elsewhere, or never was.
pub async fn what_was_not_removed_is_not_noted_as_removed(harness: Harness<'_>) {
    let repository = harness.repository();
    let keys = ["nnUNet/a", "nnUNet/b", "nnUNet/c", "nnUNet/d", "nnUNet/e"].map(key);
    let [there, deleted, from, to, never] = &keys;
    create(harness, there, "1").await;
    let gone = create(harness, deleted, "1").await;
    delete(harness, &gone).await;
    let moved = create(harness, from, "1").await;
    rename(harness, &moved, to).await;
    // As where its tombstone was purged.
    harness.remove_outside(from).await;
    for at in [there, deleted, from, to, never] {
        let noted = repository.note_removed(at, Timestamp::now()).await;
        assert!(!noted.unwrap(), "{at}");
    }
    assert_eq!(history(harness, info(&moved).id).await.len(), 2);
}
