//! The history of a model, read page by page.

use super::*;

/// The numbers of a page are those below the given one, the last one first.
pub async fn a_history_is_read_page_by_page(harness: Harness<'_>) {
    let repository = harness.repository();
    let mut stored = create(harness, &key("nnUNet/Task001"), "1").await;
    for description in ["2", "3", "4", "5"] {
        stored = edit(harness, &stored, description).await;
    }
    let id = info(&stored).id;
    let whole = history(harness, id).await;
    let page = async |before, limit| {
        let page = repository.history(&id, before, limit).await.unwrap();
        let mut numbers = Vec::new();
        for archived in page {
            let revision = archived.revision.unwrap();
            let at = usize::try_from(archived.number).unwrap() - 1;
            assert_eq!((revision.id, revision.number), (id, archived.number));
            assert_eq!(revision.bytes, whole[at]);
            assert!(revision.archived_at.is_some(), "when it was archived");
            numbers.push(archived.number);
        }
        numbers
    };
    assert_eq!(page(None, 2).await, [5, 4]);
    assert_eq!(page(Some(4), 2).await, [3, 2]);
    assert_eq!(page(Some(2), 2).await, [1]);
    assert_eq!(page(Some(1), 2).await, [] as [u64; 0]);
    // What is beyond the last one is not there.
    assert_eq!(page(Some(u64::MAX), 3).await, [5, 4, 3]);
    assert_eq!(page(None, 100).await, [5, 4, 3, 2, 1]);
    let none = repository.history(&ModelId::new(), None, 10).await;
    assert!(none.unwrap().is_empty());
}

/// A revision that is too large to be read is one in its history, and hides no other.
pub async fn a_revision_too_large_to_be_read_hides_no_other(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let first = create(harness, &at, "1").await;
    let size = MAX_DEFINITION_BYTES + 1;
    harness.write_outside(&at, &vec![b' '; size]).await;
    let last = repository
        .put(
            &at,
            &described(&at, "3"),
            &Precondition::Exists,
            &because(""),
        )
        .await;
    let id = info(&last.unwrap()).id;
    assert_eq!(id, info(&first).id);
    let page = repository.history(&id, None, 10).await.unwrap();
    let [third, second, first] = page.as_slice() else {
        panic!("{page:?}");
    };
    assert!(third.revision.is_ok() && first.revision.is_ok());
    let told = matches!(
        second.revision,
        Err(RepositoryError::RevisionTooLarge { number: 2, size: told }) if told == size as u64
    );
    assert!(told, "{second:?}");
}

/// A key tells whose history lies behind it, also once the model is deleted; not where it moved
/// away from.
pub async fn the_model_at_a_key_is_identified(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let identify = async |at| repository.identify(at).await.unwrap();
    assert_eq!(identify(&at).await, None);

    let created = create(harness, &at, "").await;
    let id = Some(info(&created).id);
    assert_eq!(identify(&at).await, id);
    delete(harness, &created).await;
    assert_eq!(identify(&at).await, id);

    let again = create(harness, &at, "").await;
    let to = key("MIST/Task001");
    rename(harness, &again, &to).await;
    assert_eq!(identify(&to).await, id);
    assert_eq!(identify(&at).await, None);

    // Another program drops the field that says it.
    harness.write_outside(&to, b"{}").await;
    assert_eq!(identify(&to).await, id);
    harness.write_outside(&to, b"broken").await;
    assert_eq!(identify(&to).await, id);

    // What only other programs wrote is nobody's yet.
    let theirs = key("MIST/Theirs");
    harness.write_outside(&theirs, b"{}").await;
    assert_eq!(identify(&theirs).await, None);
    let stored = repository.get(&theirs).await.unwrap();
    repository.reconcile(&stored).await.unwrap();
    assert!(identify(&theirs).await.is_some());
}
