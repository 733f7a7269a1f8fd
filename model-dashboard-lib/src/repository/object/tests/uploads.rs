//! Uploads in parts where the store is slow, or fails in the middle.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use object_store::memory::InMemory;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{MultipartId, ObjectStoreExt as _, PutMultipartOptions, PutPayload, PutResult};
use tokio::time::{Instant, sleep};

use super::failing::{FailingStore, Fails};
use crate::model::ContentDigest;
use crate::repository::RepositoryError;
use crate::repository::object::conditional::{Condition, ConditionalStore, Fault};
use crate::repository::object::folder::FolderStore;
use crate::repository::object::keys::StoreKey;
use crate::repository::object::packages::large::{Append, Claim, Kept, LargeObjects, LargeWrite};
use crate::repository::object::packages::{ObjectPackages, PartedObjects};
use crate::repository::object::remote::RemoteStore;
use crate::repository::packages::{
    InPieces, PackageId, PackageStore as _, PackageStoreError, Piece, Pieces,
};

const PART: usize = 8 << 20;

/// A store that takes its time to put parts together, or cannot, or becomes full.
#[derive(Debug)]
struct Putting {
    inner: Arc<dyn LargeObjects>,
    takes: Duration,
    fails: AtomicBool,
    /// How many bytes there is room for.
    room: usize,
}

/// Writes as much as there is room for.
struct Filling<T>(T, usize);

#[async_trait]
impl LargeWrite for Filling<Box<dyn LargeWrite>> {
    fn appends(&self) -> Box<dyn Append> {
        Box::new(Filling(self.0.appends(), self.1))
    }

    async fn send(&mut self, piece: Piece) -> Result<(), Fault> {
        self.0.send(piece).await
    }

    async fn settle(&mut self) -> Result<Kept, Fault> {
        self.0.settle().await
    }
}

impl Append for Filling<Box<dyn Append>> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let (fits, rest) = bytes.split_at(bytes.len().min(self.1));
        self.1 -= fits.len();
        self.0.append(fits)?;
        match rest {
            [] => Ok(()),
            _ => Err(Fault::Unavailable {
                message: "the disk is full".to_owned(),
                source: None,
            }),
        }
    }
}

#[async_trait]
impl LargeObjects for Putting {
    async fn begin(&self, id: PackageId, size: u64) -> Result<Kept, Fault> {
        self.inner.begin(id, size).await
    }

    async fn claim(&self, id: PackageId) -> Result<Claim, Fault> {
        self.inner.claim(id).await
    }

    async fn resume(
        &self,
        id: PackageId,
        received: u64,
        kept: &Kept,
    ) -> Result<Box<dyn LargeWrite>, Fault> {
        let write = self.inner.resume(id, received, kept).await?;
        Ok(Box::new(Filling(write, self.room)))
    }

    async fn tidy(&self, id: PackageId, before: &Kept, now: &Kept) -> Result<(), Fault> {
        self.inner.tidy(id, before, now).await
    }

    async fn complete(&self, id: PackageId, size: u64, kept: &Kept) -> Result<(), Fault> {
        sleep(self.takes).await;
        match self.fails.load(Ordering::SeqCst) {
            true => Err(Fault::Unavailable {
                message: "the parts are too heavy".to_owned(),
                source: None,
            }),
            false => self.inner.complete(id, size, kept).await,
        }
    }

    async fn give_up(&self, id: PackageId, kept: &Kept) -> Result<(), Fault> {
        self.inner.give_up(id, kept).await
    }

    async fn create(&self, key: &StoreKey, bytes: Arc<[u8]>) -> Result<bool, Fault> {
        self.inner.create(key, bytes).await
    }

    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, Fault> {
        self.inner.size(key).await
    }

    async fn read(
        &self,
        key: &StoreKey,
        range: Range<u64>,
    ) -> Result<Option<Box<dyn Pieces>>, Fault> {
        self.inner.read(key, range).await
    }
}

/// A store that takes its time for every part.
#[derive(Debug)]
struct SlowParts(Arc<InMemory>, Duration);

#[async_trait]
impl MultipartStore for SlowParts {
    async fn create_multipart(&self, path: &Path) -> object_store::Result<MultipartId> {
        self.0.create_multipart(path).await
    }

    async fn create_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<MultipartId> {
        self.0.create_multipart_opts(path, options).await
    }

    async fn put_part(
        &self,
        path: &Path,
        id: &MultipartId,
        place: usize,
        data: PutPayload,
    ) -> object_store::Result<PartId> {
        sleep(self.1).await;
        self.0.put_part(path, id, place, data).await
    }

    async fn complete_multipart(
        &self,
        path: &Path,
        id: &MultipartId,
        parts: Vec<PartId>,
    ) -> object_store::Result<PutResult> {
        self.0.complete_multipart(path, id, parts).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> object_store::Result<()> {
        self.0.abort_multipart(path, id).await
    }
}

/// A process at the store.
fn process(store: &Arc<InMemory>) -> ObjectPackages {
    slow(store, Duration::ZERO, Duration::ZERO)
}

fn slow(store: &Arc<InMemory>, part: Duration, completion: Duration) -> ObjectPackages {
    let records = Arc::new(RemoteStore::new(store.clone(), "memory"));
    over(records, store, part, completion, false)
}

fn over(
    records: Arc<dyn ConditionalStore>,
    store: &Arc<InMemory>,
    part: Duration,
    completion: Duration,
    fails: bool,
) -> ObjectPackages {
    let parts = Arc::new(SlowParts(store.clone(), part));
    let large = Putting {
        inner: Arc::new(PartedObjects::new(store.clone()).sending(parts)),
        takes: completion,
        fails: fails.into(),
        room: usize::MAX,
    };
    ObjectPackages::new(records, Arc::new(large))
}

fn sevens(size: usize) -> Box<dyn Pieces> {
    Box::new(InPieces::new(vec![vec![7; size]]))
}

async fn begun(packages: &ObjectPackages, size: usize) -> PackageId {
    packages.begin(size as u64, "").await.unwrap().id
}

async fn record(store: &InMemory, id: PackageId) -> String {
    let path = Path::parse(StoreKey::upload(id).as_str()).unwrap();
    let bytes = store.get(&path).await.unwrap().bytes().await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// How long the longest time was in which a record with a lease was not written, while `work` was
/// done, and how often it was.
async fn renewals<T>(
    store: &InMemory,
    id: PackageId,
    work: impl Future<Output = T> + Send + 'static,
) -> (Duration, usize, T)
where
    T: Send + 'static,
{
    let work = tokio::spawn(work);
    let (mut states, mut longest) = (BTreeSet::new(), Duration::ZERO);
    let mut since = Instant::now();
    while !work.is_finished() {
        if states.insert(record(store, id).await) {
            since = Instant::now();
        }
        longest = longest.max(since.elapsed());
        sleep(Duration::from_millis(500)).await;
    }
    (longest, states.len(), work.await.unwrap())
}

/// The time that another process waits before it takes over.
const LEASE: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn who_makes_a_package_for_minutes_keeps_others_away() {
    let store = Arc::new(InMemory::new());
    let packages = slow(&store, Duration::ZERO, Duration::from_secs(600));
    let id = begun(&packages, 100).await;
    packages.append(id, 0, sevens(100)).await.unwrap();
    let (longest, states, done) = renewals(&store, id, {
        let packages = packages.clone();
        async move { packages.finish(id).await }
    })
    .await;
    let finished = done.unwrap();
    assert!(longest < LEASE / 2, "nothing for {longest:?}");
    assert!(states > 40, "{states}");
    assert!(finished.digest.is_some() && !finished.finishing);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_becomes_a_package_says_so() {
    let store = Arc::new(InMemory::new());
    let packages = slow(&store, Duration::ZERO, Duration::from_secs(600));
    let id = begun(&packages, 100).await;
    packages.append(id, 0, sevens(100)).await.unwrap();
    assert!(!packages.upload(id).await.unwrap().finishing);
    let finishing = tokio::spawn({
        let packages = packages.clone();
        async move { packages.finish(id).await }
    });
    sleep(Duration::from_secs(100)).await;
    assert!(process(&store).upload(id).await.unwrap().finishing);
    let busy = process(&store).give_up(id).await.unwrap_err();
    assert!(matches!(busy, PackageStoreError::Busy { .. }), "{busy:?}");
    assert!(!finishing.await.unwrap().unwrap().finishing);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_slow_parts_keeps_others_away() {
    let store = Arc::new(InMemory::new());
    let packages = slow(&store, Duration::from_secs(100), Duration::ZERO);
    let id = begun(&packages, 3 * PART).await;
    let (longest, _, done) = renewals(&store, id, {
        let packages = packages.clone();
        async move { packages.append(id, 0, sevens(3 * PART)).await }
    })
    .await;
    assert!(done.unwrap().is_complete());
    assert!(longest < LEASE / 2, "nothing for {longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_takes_for_ever_ends_and_lets_others_go_on() {
    let store = Arc::new(InMemory::new());
    let packages = slow(&store, Duration::from_secs(100_000), Duration::ZERO);
    let id = begun(&packages, 3 * PART).await;
    let error = packages.append(id, 0, sevens(3 * PART)).await.unwrap_err();
    // The clock runs on while a lane works, so it cannot say when.
    let PackageStoreError::Repository(RepositoryError::Unavailable { message, .. }) = error else {
        panic!("{error:?}");
    };
    assert!(message.contains("within 120 s"), "{message}");
    assert!(!record(&store, id).await.contains("lease"));
    let whole = process(&store).append(id, 0, sevens(3 * PART)).await;
    assert!(whole.unwrap().is_complete());
}

/// A store that fails, too, when the upload is let go does not hide it.
#[tokio::test(start_paused = true)]
async fn the_first_error_is_told() {
    let store = Arc::new(InMemory::new());
    let records: Arc<dyn ConditionalStore> = Arc::new(RemoteStore::new(store.clone(), "memory"));
    let whole = async || {
        let packages = process(&store);
        let id = begun(&packages, 100).await;
        packages.append(id, 0, sevens(100)).await.unwrap();
        id
    };
    let none = Duration::ZERO;
    // The first write claims the upload.
    let failing = Arc::new(FailingStore::new(records.clone(), 1, Fails::Before));
    let packages = over(failing.clone(), &store, none, none, true);
    let error = packages.finish(whole().await).await.unwrap_err();
    assert!(failing.has_failed());
    assert!(error.to_string().contains("too heavy"), "{error}");
    // Where nothing else fails, it is let go.
    let id = whole().await;
    let packages = over(records, &store, none, none, true);
    packages.finish(id).await.unwrap_err();
    let left = record(&store, id).await;
    assert!(
        !left.contains("lease") && !left.contains("finishing"),
        "{left}"
    );
    assert!(process(&store).finish(id).await.unwrap().digest.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_renewed_ends_the_upload_before_others_take_over() {
    let store = Arc::new(InMemory::new());
    let records: Arc<dyn ConditionalStore> = Arc::new(RemoteStore::new(store.clone(), "memory"));
    let setup = process(&store);
    let id = begun(&setup, 100).await;
    setup.append(id, 0, sevens(100)).await.unwrap();
    let failing = Arc::new(FailingStore::new(records, 3, Fails::After));
    let hour = Duration::from_secs(3_600);
    let packages = over(failing.clone(), &store, Duration::ZERO, hour, false);
    let start = Instant::now();
    packages.finish(id).await.unwrap_err();
    // Two renewals went well; the lease was given up in time.
    let (took, good) = (start.elapsed(), 2 * Duration::from_secs(8));
    assert!(took > good && took < good + LEASE, "{took:?}");
}

/// A crash between the making of a package and the record of it.
async fn is_hidden_until_it_is_finished(
    records: Arc<dyn ConditionalStore>,
    large: Arc<dyn LargeObjects>,
) {
    let sound = ObjectPackages::new(records.clone(), large.clone());
    let crashed = async || {
        let id = begun(&sound, 100).await;
        sound.append(id, 0, sevens(100)).await.unwrap();
        // The first write claims the upload.
        let failing = Arc::new(FailingStore::new(records.clone(), 1, Fails::Before));
        let packages = ObjectPackages::new(failing, large.clone());
        packages.finish(id).await.unwrap_err();
        id
    };
    let id = crashed().await;
    assert!(large.size(&StoreKey::package(id)).await.unwrap().is_some());
    assert!(sound.packages().await.unwrap().is_empty());
    for error in [
        sound.package(id).await.unwrap_err(),
        sound.read(id, 0..1).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, PackageStoreError::NoPackage { .. }),
            "{error:?}"
        );
    }
    free(&records, id).await;
    sound.finish(id).await.unwrap();
    assert_eq!(sound.package(id).await.unwrap().size, 100);
    assert_eq!(sound.packages().await.unwrap().len(), 1);
    let id = crashed().await;
    free(&records, id).await;
    sound.give_up(id).await.unwrap();
    assert_eq!(large.size(&StoreKey::package(id)).await.unwrap(), None);
}

/// Takes the lease of a crashed process out of a record.
async fn free(records: &Arc<dyn ConditionalStore>, id: PackageId) {
    let key = StoreKey::upload(id);
    let found = records.get(&key).await.unwrap().unwrap();
    let mut record: serde_json::Value = serde_json::from_slice(&found.bytes).unwrap();
    record.as_object_mut().unwrap().remove("lease");
    let bytes = record.to_string().into_bytes().into();
    let put = records.put(&key, bytes, &Condition::Always, None);
    put.await.unwrap();
}

#[tokio::test]
async fn in_parts_a_package_is_hidden_until_it_is_finished() {
    let store = Arc::new(InMemory::new());
    let records = Arc::new(RemoteStore::new(store.clone(), "memory"));
    is_hidden_until_it_is_finished(records, Arc::new(PartedObjects::new(store))).await;
}

#[tokio::test]
async fn in_a_folder_a_package_is_hidden_until_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path().to_path_buf(), true);
    let store = Arc::new(store.await.unwrap());
    is_hidden_until_it_is_finished(store.clone(), store).await;
}

/// A record that another program wrote, or half of one, is named and stops nobody.
#[tokio::test]
async fn an_unreadable_record_is_named_beside_the_others() {
    let store = Arc::new(InMemory::new());
    let packages = process(&store);
    let (good, bad) = (begun(&packages, 1).await, begun(&packages, 1).await);
    let path = Path::parse(StoreKey::upload(bad).as_str()).unwrap();
    store.put(&path, "{\"size\":".into()).await.unwrap();
    let listed = packages.list_uploads().await.unwrap();
    let ids: Vec<_> = listed.uploads.iter().map(|upload| upload.id).collect();
    assert_eq!(ids, [good]);
    let [(id, reason)] = &listed.unreadable[..] else {
        panic!("{listed:?}")
    };
    assert_eq!(*id, bad);
    assert!(reason.contains("EOF"), "{reason}");
    assert_eq!(packages.uploads().await.unwrap().len(), 1);
    let swept = packages.sweep(Duration::ZERO).await.unwrap();
    assert_eq!((swept.removed.len(), swept.left.len()), (0, 0));
    assert!(store.head(&path).await.is_ok());
}

/// Their store waits longer than that of the records.
#[tokio::test]
async fn reports_go_where_large_objects_go() {
    let (small, large) = (Arc::new(InMemory::new()), Arc::new(InMemory::new()));
    let records = Arc::new(RemoteStore::new(small.clone(), "memory"));
    let parted = Arc::new(PartedObjects::new(large.clone()));
    let packages = ObjectPackages::new(records, parted);
    let id = PackageId::new();
    packages.put_report(id, b"{}").await.unwrap();
    let path = Path::parse(StoreKey::report(id).as_str()).unwrap();
    assert!(small.head(&path).await.is_err() && large.head(&path).await.is_ok());
    assert_eq!(packages.report(id).await.unwrap().unwrap(), b"{}");
}

/// Whoever makes room goes on from there.
#[tokio::test]
async fn a_full_disk_keeps_what_came_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path().to_path_buf(), true);
    let store = Arc::new(store.await.unwrap());
    let full = Putting {
        inner: store.clone(),
        takes: Duration::ZERO,
        fails: false.into(),
        room: 2_500_000,
    };
    let bytes: Vec<u8> = (0..4_000_000_u32).map(|at| (at / 7) as u8).collect();
    let pieces = |bytes: &[u8]| Box::new(InPieces::new(bytes.chunks(50_000).map(<[u8]>::to_vec)));
    let packages = ObjectPackages::new(store.clone(), Arc::new(full));
    let id = begun(&packages, bytes.len()).await;
    let error = packages.append(id, 0, pieces(&bytes)).await.unwrap_err();
    assert!(error.to_string().contains("full"), "{error}");
    let sound = ObjectPackages::new(store.clone(), store);
    let received = sound.upload(id).await.unwrap().received;
    assert!((1..=2_500_000).contains(&received), "{received}");
    let rest = pieces(&bytes[usize::try_from(received).unwrap()..]);
    sound.append(id, received, rest).await.unwrap();
    let finished = sound.finish(id).await.unwrap();
    assert_eq!(finished.digest, Some(ContentDigest::of(&bytes)));
}
