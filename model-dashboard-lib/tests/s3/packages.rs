//! Packages in a bucket.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures::TryStreamExt as _;
use model_dashboard::conformance::packages::PackageStoreHarness;
use model_dashboard::model::ContentDigest;
use model_dashboard::repository::ObjectRepository;
use model_dashboard::repository::packages::{
    InPieces, Leftover, LeftoverKind, PackageId, PackageStore, PackageStoreError, Piece, Pieces,
};
use object_store::multipart::MultipartStore as _;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use tokio::runtime::Builder;

use crate::InBucket;
use crate::https::with_an_authority_of_its_own;
use crate::proxy::{Fault, FaultProxy, Plan};
use crate::server::BUCKET;

impl PackageStoreHarness for InBucket {
    fn store(&self) -> Arc<dyn PackageStore> {
        self.repository.packages()
    }

    fn beside(&self) -> Arc<dyn PackageStore> {
        let beside = ObjectRepository::open_bucket(&self.server.config());
        beside.unwrap().packages()
    }
}

mod in_a_bucket {
    use super::*;

    model_dashboard::package_store_conformance!(InBucket::fresh().await);
    model_dashboard::draft_store_conformance!(InBucket::fresh().await);
}

mod alone_in_a_bucket {
    use super::*;

    model_dashboard::package_store_conformance!(alone InBucket::alone().await);
}

impl InBucket {
    async fn objects(&self) -> Vec<String> {
        let found: Vec<_> = self.beside.list(None).try_collect().await.unwrap();
        let mut keys: Vec<_> = found.iter().map(|meta| meta.location.to_string()).collect();
        keys.sort();
        keys
    }
}

/// The rest of a part is an object only while nobody goes on from it.
#[tokio::test(flavor = "multi_thread")]
async fn no_object_is_left_behind() {
    let bucket = InBucket::fresh().await;
    let store = bucket.store();
    let id = store.begin(9_000_002, "").await.unwrap().id;
    for (offset, size) in [(0, 1), (1, 9_000_000), (9_000_001, 1)] {
        let pieces = Box::new(InPieces::new([vec![7; size]]));
        store.append(id, offset, pieces).await.unwrap();
        let tails = bucket.objects().await;
        let tails = tails.iter().filter(|key| key.ends_with(".tail"));
        assert_eq!(tails.count(), 1, "after {offset}");
    }
    store.finish(id).await.unwrap();
    store.give_up(id).await.unwrap();
    assert_eq!(bucket.objects().await, [format!(".registry/packages/{id}")]);
    let id = store.begin(9_000_002, "").await.unwrap().id;
    let pieces = Box::new(InPieces::new([vec![7; 9_000_000]]));
    store.append(id, 0, pieces).await.unwrap();
    store.give_up(id).await.unwrap();
    assert_eq!(bucket.objects().await.len(), 1);
}

fn sevens(size: usize) -> Box<dyn Pieces> {
    Box::new(InPieces::new([vec![7; size]]))
}

impl InBucket {
    /// An upload of 20,000,000 bytes, of which 2 parts and some bytes behind them are there.
    async fn begun(&self) -> PackageId {
        let store = self.store();
        let id = store.begin(20_000_000, "").await.unwrap().id;
        store.append(id, 0, sevens(17_000_000)).await.unwrap();
        id
    }

    /// As a server does by itself after some time.
    async fn purge_parts(&self) {
        for (key, lot) in self.server.lots() {
            let path = Path::parse(key).unwrap();
            self.beside.abort_multipart(&path, &lot).await.unwrap();
        }
    }
}

fn assert_lost<T: std::fmt::Debug>(done: Result<T, PackageStoreError>, lost: PackageId) {
    let error = done.unwrap_err();
    assert!(
        matches!(error, PackageStoreError::Lost { id, .. } if id == lost),
        "{error:?}"
    );
}

/// MinIO does so after 24 hours.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_parts_the_server_purged_is_lost_and_another_one_goes() {
    let bucket = InBucket::fresh().await;
    let store = bucket.store();
    let id = bucket.begun().await;
    bucket.purge_parts().await;
    for _ in 0..2 {
        assert_lost(store.append(id, 17_000_000, sevens(3_000_000)).await, id);
        assert_lost(bucket.beside().append(id, 17_000_000, sevens(1)).await, id);
    }
    store.give_up(id).await.unwrap();
    assert_eq!(bucket.objects().await, [""; 0]);
    let id = bucket.begun().await;
    store
        .append(id, 17_000_000, sevens(3_000_000))
        .await
        .unwrap();
    store.finish(id).await.unwrap();
}

/// Its last bytes were there before.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_upload_whose_parts_the_server_purged_is_lost() {
    let bucket = InBucket::fresh().await;
    let store = bucket.store();
    let id = bucket.begun().await;
    store
        .append(id, 17_000_000, sevens(3_000_000))
        .await
        .unwrap();
    bucket.purge_parts().await;
    assert_lost(store.finish(id).await, id);
    assert_lost(store.finish(id).await, id);
    store.give_up(id).await.unwrap();
    assert_eq!(bucket.objects().await, [""; 0]);
}

/// While its bytes come.
#[tokio::test(flavor = "multi_thread")]
async fn parts_that_are_purged_meanwhile_end_an_upload() {
    let bucket = InBucket::fresh().await;
    let store = bucket.store();
    let id = store.begin(20_000_000, "").await.unwrap().id;
    bucket.purge_parts().await;
    assert_lost(store.append(id, 0, sevens(17_000_000)).await, id);
    let text = std::fs::read_to_string(bucket.record(id)).unwrap();
    assert!(
        !text.contains("lease"),
        "others may give it up at once: {text}"
    );
    bucket.beside().give_up(id).await.unwrap();
}

/// Of a second writer, or of whoever found the keys.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_replaced_is_no_part_of_a_package() {
    let bucket = InBucket::fresh().await;
    let store = bucket.store();
    let replace = async || {
        let (key, lot) = bucket.server.lots().remove(0);
        let other = vec![8; 8 << 20].into();
        let path = Path::parse(key).unwrap();
        bucket.beside.put_part(&path, &lot, 1, other).await.unwrap();
    };
    let id = bucket.begun().await;
    replace().await;
    assert_lost(store.append(id, 17_000_000, sevens(1)).await, id);
    store.give_up(id).await.unwrap();
    let id = bucket.begun().await;
    store
        .append(id, 17_000_000, sevens(3_000_000))
        .await
        .unwrap();
    replace().await;
    assert_lost(store.finish(id).await, id);
    store.give_up(id).await.unwrap();
    assert_eq!(bucket.objects().await, [""; 0]);
}

/// A part always holds the same bytes of the package.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_whoever_was_overtaken_sends_late_changes_nothing() {
    let bucket = InBucket::fresh().await;
    let store = bucket.store();
    let id = bucket.begun().await;
    let (key, lot) = bucket.server.lots().remove(0);
    let path = Path::parse(key).unwrap();
    let late = vec![7; 8 << 20].into();
    bucket.beside.put_part(&path, &lot, 1, late).await.unwrap();
    store
        .append(id, 17_000_000, sevens(3_000_000))
        .await
        .unwrap();
    let late = vec![7; 8 << 20].into();
    bucket.beside.put_part(&path, &lot, 0, late).await.unwrap();
    let finished = store.finish(id).await.unwrap();
    let digest = ContentDigest::of(&vec![7; 20_000_000]);
    assert_eq!(finished.digest, Some(digest));
}

/// Some bytes, and then nothing for ever.
struct Stuck(Option<Piece>);

#[async_trait]
impl Pieces for Stuck {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        match self.0.take() {
            Some(piece) => Ok(Some(piece)),
            None => std::future::pending().await,
        }
    }
}

impl InBucket {
    fn record(&self, id: PackageId) -> PathBuf {
        let uploads = self.server.folder.path().join(BUCKET);
        uploads.join(format!(".registry/uploads/{id}.json"))
    }

    /// Takes in an upload in a process that is killed: all that it does ends without a word.
    async fn take_in_and_be_killed(&self, id: PackageId) {
        let process = Builder::new_multi_thread().enable_all().build().unwrap();
        let packages = self.beside();
        process.spawn(async move {
            let stuck = Box::new(Stuck(Some(vec![7; 100].into())));
            packages.append(id, 0, stuck).await
        });
        let claimed = async {
            while !std::fs::read_to_string(self.record(id)).is_ok_and(|it| it.contains("lease")) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), claimed);
        waited.await.expect("it claims the upload");
        process.shutdown_background();
    }
}

/// Of uploads that were just begun, and of rests of parts that no record counted any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_crashes_left_is_swept() {
    let bucket = InBucket::fresh().await;
    let store = bucket.store();
    let kept = bucket.begun().await;
    let before = bucket.objects().await;
    for _ in 0..5 {
        let id = PackageId::new();
        let path = Path::parse(format!(".registry/packages/{id}")).unwrap();
        bucket.beside.create_multipart(&path).await.unwrap();
        for id in [id, kept] {
            let tail = format!(".registry/uploads/{id}.{}.tail", PackageId::new());
            let path = Path::parse(tail).unwrap();
            bucket.beside.put(&path, "rest".into()).await.unwrap();
        }
    }
    let hour = Duration::from_secs(3_600);
    assert!(store.sweep(hour).await.unwrap().removed.is_empty());
    let found = store.leftovers(Duration::ZERO).await.unwrap();
    let all = |found: &[Leftover], kind: fn(&LeftoverKind) -> bool| {
        found.iter().filter(|it| kind(&it.kind)).count()
    };
    let counts = [
        all(&found, |kind| matches!(kind, LeftoverKind::Bytes { .. })),
        all(&found, |kind| matches!(kind, LeftoverKind::Parts { .. })),
    ];
    assert_eq!(counts, [10, 5]);
    assert_eq!(bucket.objects().await.len(), before.len() + 10);
    let swept = store.sweep(Duration::ZERO).await.unwrap();
    assert_eq!((swept.removed.len(), swept.left.len()), (15, 0));
    assert_eq!(bucket.objects().await, before);
    store.give_up(kept).await.unwrap();
    assert_eq!(bucket.objects().await, [""; 0]);
    assert_eq!(bucket.server.lots(), []);
}

/// Not only those that the HTTP client asks for again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_read_goes_on_where_it_breaks_off() {
    let bucket = InBucket::fresh().await;
    let proxy = FaultProxy::before(bucket.server.address).await;
    let config = bucket.server.config_at(proxy.address);
    let store = ObjectRepository::open_bucket(&config).unwrap().packages();
    let bytes: Vec<u8> = (0..4_000_000_u32).map(|at| (at / 7) as u8).collect();
    let id = store.begin(4_000_000, "").await.unwrap().id;
    let pieces = Box::new(InPieces::new([bytes.clone()]));
    store.append(id, 0, pieces).await.unwrap();
    store.finish(id).await.unwrap();
    let mut read = store.read(id, 1..u64::MAX).await.unwrap();
    proxy.spoil(Plan {
        fault: Fault::ResetDuringAnswer,
        after: 0,
        times: 8,
    });
    let mut found = Vec::new();
    while let Some(piece) = read.next().await.unwrap() {
        found.extend_from_slice(&piece);
    }
    assert_eq!(proxy.relent(), 8);
    assert!(found == bytes[1..]);
    // It ends where nothing comes any more.
    let mut read = store.read(id, 0..u64::MAX).await.unwrap();
    proxy.spoil(Plan {
        fault: Fault::ResetBefore,
        after: 0,
        times: usize::MAX,
    });
    assert!(read.next().await.is_err());
}

/// By https nobody changes them on their way, and one hash of each byte is enough.
#[tokio::test(flavor = "multi_thread")]
async fn parts_are_signed_with_their_hash_only_by_http() {
    let plain = InBucket::fresh().await;
    plain.begun().await;
    assert_eq!(plain.server.unsigned(), 0);
    let encrypted = with_an_authority_of_its_own().await;
    let packages = encrypted.repository.packages();
    let id = packages.begin(20_000_000, "").await.unwrap().id;
    packages.append(id, 0, sevens(17_000_000)).await.unwrap();
    assert_eq!(encrypted.server.unsigned(), 3);
}

/// Those of two machines may differ by more than a lease.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_ends_by_the_clock_of_the_store() {
    let bucket = InBucket::fresh().await;
    let store = bucket.store();
    let id = store.begin(100, "").await.unwrap().id;
    bucket.take_in_and_be_killed(id).await;
    let busy = store.append(id, 0, sevens(100)).await.unwrap_err();
    assert!(matches!(busy, PackageStoreError::Busy { .. }), "{busy:?}");
    let record = File::options().write(true).open(bucket.record(id)).unwrap();
    let earlier = SystemTime::now() - Duration::from_secs(40);
    record.set_modified(earlier).unwrap();
    store.append(id, 0, sevens(100)).await.unwrap();
    store.finish(id).await.unwrap();
    store.give_up(id).await.unwrap();
    let left = bucket.objects().await;
    assert_eq!(left, [format!(".registry/packages/{id}")]);
}

/// The rest of a part is an object like any other.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_last_bytes_were_removed_is_lost() {
    let bucket = InBucket::fresh().await;
    let store = bucket.store();
    let id = bucket.begun().await;
    for key in bucket.objects().await {
        if key.ends_with(".tail") {
            let path = Path::parse(key).unwrap();
            bucket.beside.delete(&path).await.unwrap();
        }
    }
    assert_lost(store.append(id, 17_000_000, sevens(1)).await, id);
    store.give_up(id).await.unwrap();
    assert_eq!(bucket.objects().await, [""; 0]);
}
