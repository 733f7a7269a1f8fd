//! What every [`PackageStore`] must do.
//!
//! ```text
//! struct MyStore { … }
//! impl PackageStoreHarness for MyStore { … }
//!
//! // One test per case; each gets a fresh, empty store.
//! model_dashboard::package_store_conformance!(MyStore::fresh().await);
//! ```

mod connections;
mod kept;
mod uploads;

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt as _};
use tokio::sync::mpsc;

use crate::model::ContentDigest;
use crate::repository::packages::{
    InPieces, MAX_ABOUT_BYTES, MAX_NOTE_BYTES, MAX_PACKAGE_BYTES, MAX_PURGED_BYTES,
    MAX_REPORT_BYTES, PackageId, PackageStore, PackageStoreError, Piece, Pieces, Upload,
};

pub use self::connections::*;
pub use self::kept::*;
pub use self::uploads::*;

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
            what_is_kept_of_purged_bytes_is_replaced_by_whoever_has_read_it
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
