//! What every [`PackageStore`] must do.
//!
//! ```text
//! struct MyStore { … }
//! impl PackageStoreHarness for MyStore { … }
//!
//! // One test per case; each gets a fresh, empty store.
//! model_dashboard::package_store_conformance!(MyStore::fresh().await);
//! ```

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt as _};
use tokio::sync::mpsc;

use crate::model::ContentDigest;
use crate::repository::packages::{
    InPieces, MAX_ABOUT_BYTES, MAX_NOTE_BYTES, MAX_PACKAGE_BYTES, MAX_REPORT_BYTES, PackageId,
    PackageStore, PackageStoreError, Piece, Pieces, Upload,
};

/// An empty store under test.
pub trait PackageStoreHarness: Send + Sync {
    /// The store: always the same one.
    fn store(&self) -> Arc<dyn PackageStore>;

    /// The same place as another process opens it.
    fn beside(&self) -> Arc<dyn PackageStore>;
}

/// Makes one `#[tokio::test]` of every case of the suite. The argument is an expression, which may
/// await, that gives a fresh [`PackageStoreHarness`]. With `alone` before it the cases are left out
/// that a place without conditional writes cannot pass, where one process alone may write.
#[macro_export]
macro_rules! package_store_conformance {
    ($fresh:expr) => {
        $crate::package_store_conformance! { alone $fresh }
        $crate::package_store_conformance! { @cases $fresh;
            what_another_process_found_is_kept
            two_processes_note_at_once_and_nothing_is_lost
        }
    };
    (alone $fresh:expr) => {
        $crate::package_store_conformance! { @cases $fresh;
            an_upload_becomes_a_package_with_its_digest
            an_upload_goes_on_where_it_broke_off
            another_process_goes_on_with_an_upload
            bytes_at_another_offset_are_refused_unread
            more_than_was_announced_is_refused_and_the_rest_kept
            an_upload_that_is_not_whole_is_no_package
            what_is_finished_stays_as_it_is
            an_empty_package_is_one
            the_later_of_two_connections_takes_over
            another_process_waits_for_its_turn
            a_dropped_call_keeps_what_came
            what_is_given_up_leaves_nothing
            a_package_outlives_its_upload
            any_part_of_a_package_is_read
            uploads_and_packages_are_listed
            what_was_found_is_kept_once
            a_note_is_replaced_by_who_read_it_last
            a_removed_package_leaves_what_was_found
            what_was_never_there_is_named
            a_note_too_long_is_refused
            a_package_has_a_largest_size
            what_lies_before_does_not_stop_who_is_at_it
            uploads_that_are_cut_leave_nothing
            a_process_that_stops_keeps_what_came
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let harness = $fresh;
            $crate::conformance::packages::$case(&harness).await;
        }
    )*};
}

/// Bytes that differ from place to place.
fn made_up(size: usize) -> Vec<u8> {
    let mut state = size as u64;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        bytes.extend_from_slice(&(state >> 17).to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

fn pieces(bytes: &[u8]) -> Box<dyn Pieces> {
    Box::new(InPieces::new(bytes.chunks(50_000).map(<[u8]>::to_vec)))
}

/// Pieces that are sent as the case goes on; an error when the sender is gone.
struct Sent(mpsc::Receiver<Vec<u8>>);

impl Sent {
    fn pieces() -> (mpsc::Sender<Vec<u8>>, Box<dyn Pieces>) {
        let (sender, receiver) = mpsc::channel(1);
        (sender, Box::new(Self(receiver)))
    }
}

#[async_trait]
impl Pieces for Sent {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        match self.0.recv().await {
            Some(bytes) => Ok(Some(bytes.into())),
            None => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }
}

/// Some bytes, and then the connection is lost.
struct Cut(Option<Vec<u8>>);

#[async_trait]
impl Pieces for Cut {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        match self.0.take() {
            Some(bytes) => Ok(Some(bytes.into())),
            None => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }
}

async fn all_of(store: &dyn PackageStore, id: PackageId, range: Range<u64>) -> Vec<u8> {
    let mut pieces = store.read(id, range).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await.unwrap() {
        bytes.extend_from_slice(&piece);
    }
    bytes
}

async fn put(store: &dyn PackageStore, bytes: &[u8]) -> Upload {
    let begun = store.begin(bytes.len() as u64, "").await.unwrap();
    store.append(begun.id, 0, pieces(bytes)).await.unwrap();
    store.finish(begun.id).await.unwrap()
}

/// Waits until the store says so.
async fn until(store: &dyn PackageStore, id: PackageId, is_so: impl Fn(&Upload) -> bool) -> Upload {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let upload = store.upload(id).await.unwrap();
            if is_so(&upload) {
                return upload;
            }
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("the upload gets there")
}

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
