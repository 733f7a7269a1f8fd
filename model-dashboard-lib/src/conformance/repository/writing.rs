//! Creating and editing: ids, numbers, limits, the marker.

use super::*;

/// A new model can be read, is listed, has an id and revision 1, and lies in the history.
pub async fn a_new_model_is_stored_and_read_back(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let content = described(&at, "first");
    let change = Change {
        message: "because".to_owned(),
        ..because("")
    };
    let created = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();

    assert_eq!(repository.get(&at).await.unwrap(), created);
    let noted = info(&created);
    assert_eq!(noted.revision, 1);
    assert_eq!(noted.key, Some(at.clone()));
    assert_eq!(noted.message.as_deref(), Some("because"));
    assert_eq!(noted.modified_by.as_deref(), Some("mkeller"));
    assert_eq!(noted.modified_at, Some(change.at));
    assert_eq!(noted.via, Some(Via::Api));
    assert!(noted.write_id.is_some());
    assert!(!read(&created).is_changed_outside());
    assert_eq!(read(&created).description(), "first");
    let listing = repository.list().await.unwrap();
    assert_eq!(listing.models.len(), 1);
    assert_eq!(listing.models[0].key, at);
    assert_eq!(listing.models[0].size, created.bytes.len() as u64);
    assert_eq!(history(harness, noted.id).await, [created.bytes]);
}

/// Every edit keeps the id and takes the next number, and all states lie in the history.
pub async fn an_edit_keeps_the_id_and_takes_the_next_number(harness: Harness<'_>) {
    let mut stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let id = info(&stored).id;
    let mut states = vec![stored.bytes.clone()];
    for number in 2..=12 {
        stored = edit(harness, &stored, &format!("edit {number}")).await;
        assert_eq!((info(&stored).id, info(&stored).revision), (id, number));
        states.push(stored.bytes.clone());
    }
    assert_eq!(history(harness, id).await, states);
}

/// `Absent` on a live model is [`RepositoryError::Exists`] and changes nothing.
pub async fn a_live_model_is_not_created_again(harness: Harness<'_>) {
    let repository = harness.repository();
    let stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let content = described(&stored.key, "second");
    let refused = repository
        .put(&stored.key, &content, &Precondition::Absent, &because(""))
        .await;
    assert!(
        matches!(refused, Err(RepositoryError::Exists { .. })),
        "{refused:?}"
    );
    assert_eq!(repository.get(&stored.key).await.unwrap(), stored);
}

/// Where there is no live model, every change but a creation is [`RepositoryError::NotFound`].
pub async fn what_is_missing_cannot_be_changed(harness: Harness<'_>) {
    let repository = harness.repository();
    let gone = delete(harness, &create(harness, &key("nnUNet/Gone"), "").await).await;
    for at in [key("nnUNet/Never"), gone.key.clone()] {
        let content = described(&at, "");
        for precondition in [Precondition::Exists, Precondition::Version(gone.version)] {
            let change = because("");
            let put = repository.put(&at, &content, &precondition, &change).await;
            assert!(
                matches!(put, Err(RepositoryError::NotFound { .. })),
                "{put:?}"
            );
            let deleted = repository.delete(&at, &precondition, &change).await;
            assert!(
                matches!(deleted, Err(RepositoryError::NotFound { .. })),
                "{deleted:?}"
            );
            let to = key("nnUNet/Elsewhere");
            let renamed = repository
                .rename(&at, &to, &content, &precondition, &change)
                .await;
            assert!(
                matches!(renamed, Err(RepositoryError::NotFound { .. })),
                "{renamed:?}"
            );
        }
    }
    let never = repository.get(&key("nnUNet/Never")).await;
    assert!(
        matches!(never, Err(RepositoryError::NotFound { .. })),
        "{never:?}"
    );
    assert_eq!(repository.list().await.unwrap().models.len(), 1);
}

/// [`Precondition::Exists`] overwrites whatever is there.
pub async fn a_knowing_overwrite_needs_no_version(harness: Harness<'_>) {
    let repository = harness.repository();
    let stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let content = described(&stored.key, "second");
    let change = because("");
    let written = repository
        .put(&stored.key, &content, &Precondition::Exists, &change)
        .await;
    assert_eq!(info(&written.unwrap()).revision, 2);
    let deleted = repository
        .delete(&stored.key, &Precondition::Exists, &change)
        .await;
    assert_eq!(info(&deleted.unwrap()).revision, 3);
}

/// Whatever happens to a model afterwards, an archived revision stays as it was.
pub async fn revisions_never_change(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let id = info(&first).id;
    let second = edit(harness, &first, "second").await;
    let before = history(harness, id).await;
    let third = edit(harness, &second, "third").await;
    let moved = rename(harness, &third, &key("nnUNet/Other")).await;
    harness.write_outside(&moved.key, b"{}").await;
    let theirs = repository.get(&moved.key).await.unwrap();
    repository.reconcile(&theirs).await.unwrap();
    delete(harness, &theirs).await;
    let after = history(harness, id).await;
    assert_eq!(after[..2], before[..]);
    assert_eq!(after.len(), 6);
}

/// A definition of more than 1 MiB is neither written nor read; what was stored before stays.
pub async fn a_definition_that_is_too_large_is_refused(harness: Harness<'_>) {
    let repository = harness.repository();
    let stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let mut content = read(&stored);
    content.set_description(&"x".repeat(MAX_DEFINITION_BYTES));
    let change = because("");
    let put = repository
        .put(&stored.key, &content, &Precondition::Exists, &change)
        .await;
    assert!(
        matches!(put, Err(RepositoryError::TooLarge { .. })),
        "{put:?}"
    );
    assert_eq!(repository.get(&stored.key).await.unwrap(), stored);

    let huge = key("nnUNet/Huge");
    harness
        .write_outside(&huge, &vec![b' '; MAX_DEFINITION_BYTES + 1])
        .await;
    let size = (MAX_DEFINITION_BYTES + 1) as u64;
    let listed = repository.list().await.unwrap();
    assert!(
        listed
            .models
            .iter()
            .any(|listed| listed.key == huge && listed.size == size)
    );
    let refused = repository.get(&huge).await;
    let named =
        matches!(&refused, Err(RepositoryError::TooLarge { size: found, .. }) if *found == size);
    assert!(named, "{refused:?}");
}

/// Every write renews the marker; reading does not.
pub async fn the_marker_changes_with_every_write(harness: Harness<'_>) {
    let repository = harness.repository();
    let mut seen = vec![repository.marker().await.unwrap()];
    let mut renewed = async || {
        let marker = repository.marker().await.unwrap();
        assert!(!seen.contains(&marker), "the marker was not renewed");
        seen.push(marker);
    };
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    renewed().await;
    let second = edit(harness, &first, "second").await;
    renewed().await;
    let moved = rename(harness, &second, &key("nnUNet/Other")).await;
    renewed().await;
    delete(harness, &moved).await;
    renewed().await;
    repository.list().await.unwrap();
    repository.get(&moved.key).await.unwrap();
    assert_eq!(Some(&repository.marker().await.unwrap()), seen.last());
}
