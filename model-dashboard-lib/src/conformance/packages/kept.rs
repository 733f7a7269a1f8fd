//! Packages, and what is kept beside them.

use super::*;

/// Whose memory goes when it is given up.
pub async fn a_package_outlives_its_upload(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(9_000_000));
    let id = put(&*store, &bytes).await.id;
    store.give_up(id).await.unwrap();
    assert!(store.uploads().await.unwrap().is_empty());
    assert_eq!(all_of(&*store, id, 0..u64::MAX).await, bytes);
}

/// Within, across what is read at a time, at the end and beyond it.
pub async fn any_part_of_a_package_is_read(harness: &impl PackageStoreHarness) {
    let (store, bytes) = (harness.store(), made_up(3_000_000));
    let id = put(&*store, &bytes).await.id;
    for range in [
        0..1,
        1_048_575..1_048_577,
        5..2_999_999,
        2_999_999..3_000_000,
        2_999_990..u64::MAX,
        7..7,
        3_000_000..3_000_001,
        u64::MAX - 1..u64::MAX,
    ] {
        let expected: Vec<u8> = bytes
            .iter()
            .copied()
            .skip(usize::try_from(range.start).unwrap())
            .take(usize::try_from(range.end - range.start).unwrap())
            .collect();
        let found = all_of(&*store, id, range.clone()).await;
        assert!(found == expected, "{range:?}: {} bytes", found.len());
    }
}

/// Those that are on their way apart from those that are there.
pub async fn uploads_and_packages_are_listed(harness: &impl PackageStoreHarness) {
    let store = harness.store();
    let begun = store.begin(10, "on its way").await.unwrap();
    let finished = put(&*store, b"all there").await;
    store.put_report(finished.id, b"{}").await.unwrap();
    let mut uploads = store.uploads().await.unwrap();
    uploads.sort_by_key(|upload| upload.received);
    assert_eq!(uploads, [begun, finished.clone()]);
    let packages = store.packages().await.unwrap();
    let found: Vec<_> = packages
        .iter()
        .map(|found| (found.id, found.size))
        .collect();
    assert_eq!(found, [(finished.id, 9)]);
}

/// Up to its limit, whoever comes later.
pub async fn what_was_found_is_kept_once(harness: &impl PackageStoreHarness) {
    let store = harness.store();
    let id = put(&*store, b"bytes").await.id;
    assert_eq!(store.report(id).await.unwrap(), None);
    let large = made_up(MAX_REPORT_BYTES);
    for report in [&b"{\"files\":[]}"[..], &large] {
        assert!(store.put_report(id, report).await.unwrap());
        assert!(!store.put_report(id, b"{}").await.unwrap());
        assert!(store.report(id).await.unwrap().as_deref() == Some(report));
        store.remove_report(id).await.unwrap();
        store.remove_report(id).await.unwrap();
        assert_eq!(store.report(id).await.unwrap(), None);
    }
    let refused = store
        .put_report(id, &made_up(MAX_REPORT_BYTES + 1))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, PackageStoreError::ReportTooLarge),
        "{refused:?}"
    );
}

/// So that nothing that anybody noted is lost.
pub async fn a_note_is_replaced_by_who_read_it_last(harness: &impl PackageStoreHarness) {
    let store = harness.store();
    let id = put(&*store, b"bytes").await.id;
    assert_eq!(store.note(id).await.unwrap(), None);
    assert!(!store.replace_note(id, Some(b"x"), b"y").await.unwrap());
    let noted = noted_at_once(std::slice::from_ref(&store), id).await;
    assert!(!store.replace_note(id, None, b"new").await.unwrap());
    let large = vec![b' '; MAX_NOTE_BYTES + 1];
    let refused = store.replace_note(id, Some(&noted), &large).await;
    assert!(matches!(refused, Err(PackageStoreError::NoteTooLarge)));
}

/// Neither is what one process noted overwritten by what the other one read before.
pub async fn two_processes_note_at_once_and_nothing_is_lost(harness: &impl PackageStoreHarness) {
    let stores = [harness.store(), harness.beside()];
    let id = put(&*stores[0], b"bytes").await.id;
    let noted = noted_at_once(&stores, id).await;
    for store in stores {
        assert!(!store.replace_note(id, None, b"new").await.unwrap());
        assert!(store.note(id).await.unwrap().as_deref() == Some(&*noted));
    }
}

/// Whoever comes later.
pub async fn what_another_process_found_is_kept(harness: &impl PackageStoreHarness) {
    let (store, other) = (harness.store(), harness.beside());
    let id = put(&*store, b"bytes").await.id;
    assert!(store.put_report(id, b"[]").await.unwrap());
    assert!(!other.put_report(id, b"{}").await.unwrap());
    assert!(other.report(id).await.unwrap().as_deref() == Some(b"[]"));
}

/// Adds 24 to a note, eight at a time and each by the next of the stores: what is noted in the end,
/// which is all of them.
async fn noted_at_once(stores: &[Arc<dyn PackageStore>], id: PackageId) -> Vec<u8> {
    let notes = stream::iter(0..24_u8).map(async |n| {
        let store = &stores[usize::from(n) % stores.len()];
        loop {
            let read = store.note(id).await.unwrap();
            let mut note = read.clone().unwrap_or_default();
            note.push(n);
            let replaced = store.replace_note(id, read.as_deref(), &note);
            if replaced.await.unwrap() {
                return;
            }
        }
    });
    notes.buffer_unordered(8).collect::<Vec<()>>().await;
    let noted = stores[0].note(id).await.unwrap().unwrap();
    let mut sorted = noted.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..24).collect::<Vec<u8>>());
    noted
}

/// Once and again.
pub async fn a_removed_package_leaves_what_was_found(harness: &impl PackageStoreHarness) {
    let store = harness.store();
    let id = put(&*store, b"bytes").await.id;
    assert!(store.put_report(id, b"{}").await.unwrap());
    assert!(store.replace_note(id, None, b"note").await.unwrap());
    store.remove(id).await.unwrap();
    store.remove(id).await.unwrap();
    let gone = store.package(id).await.unwrap_err();
    assert!(
        matches!(gone, PackageStoreError::NoPackage { .. }),
        "{gone:?}"
    );
    assert_eq!(store.report(id).await.unwrap().as_deref(), Some(&b"{}"[..]));
    assert_eq!(store.note(id).await.unwrap().as_deref(), Some(&b"note"[..]));
}

/// In every call.
pub async fn what_was_never_there_is_named(harness: &impl PackageStoreHarness) {
    let (store, id) = (harness.store(), PackageId::new());
    for error in [
        store.upload(id).await.unwrap_err(),
        store.append(id, 0, pieces(b"x")).await.unwrap_err(),
        store.finish(id).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, PackageStoreError::NoUpload { id: named } if named == id),
            "{error:?}"
        );
    }
    for error in [
        store.package(id).await.unwrap_err(),
        store.read(id, 0..10).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, PackageStoreError::NoPackage { id: named } if named == id),
            "{error:?}"
        );
    }
    assert_eq!(store.report(id).await.unwrap(), None);
    store.give_up(id).await.unwrap();
    store.remove(id).await.unwrap();
}

/// By one byte.
pub async fn a_note_too_long_is_refused(harness: &impl PackageStoreHarness) {
    let (store, longest) = (harness.store(), "x".repeat(MAX_ABOUT_BYTES));
    let begun = store.begin(1, &longest).await.unwrap();
    assert_eq!(store.upload(begun.id).await.unwrap().about, longest);
    let refused = store.begin(1, &format!("{longest}x")).await.unwrap_err();
    assert!(
        matches!(refused, PackageStoreError::AboutTooLong),
        "{refused:?}"
    );
}

pub async fn what_is_kept_of_purged_bytes_is_replaced_by_whoever_has_read_it(
    harness: &impl PackageStoreHarness,
) {
    let (store, beside) = (harness.store(), harness.beside());
    let (digest, other) = (ContentDigest::of(b"one"), ContentDigest::of(b"other"));
    assert_eq!(store.purged(digest).await.unwrap(), None);
    let mut read: Option<&[u8]> = None;
    for kept in [&b"{\"at\":1}"[..], b"{\"at\":2}"] {
        assert!(store.replace_purged(digest, read, kept).await.unwrap());
        let found = beside.purged(digest).await.unwrap();
        assert_eq!(found.as_deref(), Some(kept));
        // Who has read what was there before comes too late.
        let late = beside.replace_purged(digest, read, b"{\"at\":3}").await;
        assert!(!late.unwrap());
        assert_eq!(store.purged(digest).await.unwrap().as_deref(), Some(kept));
        read = Some(kept);
    }
    assert_eq!(store.purged(other).await.unwrap(), None);
    let more = vec![b' '; MAX_PURGED_BYTES + 1];
    store.replace_purged(other, None, &more).await.unwrap_err();
    let nothing = store.replace_purged(other, Some(b"{}"), b"{}").await;
    assert!(!nothing.unwrap());
    // It is no package.
    assert_eq!(store.packages().await.unwrap(), []);
}
