//! Looking at packages that arrived, in the background.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::head::ReadHead;
use super::record::PackageRecord;
use super::shares::Shares;
use super::stored::Stored;
use super::uploads::Note;
use crate::dashboard::history::beside;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::ContentDigest;
use crate::package::inspect::{Inspectors, Report};
use crate::package::source::Source as _;
use crate::package::{Package, PackageError};
use crate::repository::packages::{PackageId, PackageStore, PackageStoreError, Upload};

/// How many packages are looked at at once, of different accounts; further ones wait.
const AT_ONCE: usize = 2;

/// How long that may take: 64 GiB at 20 MB/s, nearly.
const WITHIN: Duration = Duration::from_secs(60 * 60);

/// How long whoever needs to know what is in a package waits for it, with those that wait before.
const WAITED_FOR: Duration = Duration::from_secs(90 * 60);

/// When to ask again then.
const RETRY: Duration = Duration::from_secs(5);

/// What looks at a package. Blocks.
type Look = fn(&str, &Arc<Stored>) -> Result<Report, PackageError>;

/// What is known of what a package holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Inspection {
    /// It is being looked at, or waits for that.
    Running,
    /// It was.
    Done(Box<PackageRecord>),
}

/// Those that run or wait.
#[derive(Debug)]
pub(super) struct Inspections {
    places: Shares,
    look: Look,
    /// When the other end of it is gone, it is done.
    running: Mutex<HashMap<PackageId, watch::Receiver<()>>>,
    stop: Arc<AtomicBool>,
}

impl Default for Inspections {
    fn default() -> Self {
        Self {
            places: Shares::new(AT_ONCE, 1),
            look,
            running: Mutex::default(),
            stop: Arc::default(),
        }
    }
}

/// One that runs: takes itself off the list, then lets those know who wait.
struct Running {
    id: PackageId,
    all: Arc<Inspections>,
    _done: watch::Sender<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.all.running().remove(&self.id);
    }
}

impl Inspections {
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.places.close();
    }

    /// Whether this one runs or waits.
    pub(super) fn are_at(&self, id: PackageId) -> bool {
        self.running().contains_key(&id)
    }

    /// Whether the program ends.
    pub(super) fn stopping(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<PackageId, watch::Receiver<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins unless it runs already; what is received from closes at the end.
    fn begin(
        self: &Arc<Self>,
        store: &Arc<dyn PackageStore>,
        upload: Upload,
        digest: ContentDigest,
        note: Note,
    ) -> watch::Receiver<()> {
        let mut running = self.running();
        if let Some(found) = running.get(&upload.id) {
            return found.clone();
        }
        let (sender, receiver) = watch::channel(());
        running.insert(upload.id, receiver.clone());
        let (this, store) = (Arc::clone(self), Arc::clone(store));
        let listed = Running {
            id: upload.id,
            all: Arc::clone(self),
            _done: sender,
        };
        tokio::spawn(async move {
            let _listed = listed;
            // None at the end of the program.
            let Some(_place) = this.places.wait(&note.owner).await else {
                return;
            };
            let id = upload.id;
            if let Err(error) = this.inspect(store, upload, digest, note).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(%id, error, "a package could not be looked at");
            }
        });
        receiver
    }

    async fn inspect(
        &self,
        store: Arc<dyn PackageStore>,
        upload: Upload,
        digest: ContentDigest,
        note: Note,
    ) -> Result<(), Error> {
        let until = Instant::now() + WITHIN;
        let id = upload.id;
        if store.report(id).await?.is_some() {
            return Ok(());
        }
        let package = store.package(id).await?;
        let source = Stored::new(Arc::clone(&store), package, until, Arc::clone(&self.stop));
        let source = Arc::new(source);
        let (name, look) = (note.file_name.clone(), self.look);
        let looking = tokio::task::spawn_blocking(move || {
            let looked = look(&name, &source);
            let (read, size) = (source.fetched(), source.size());
            tracing::debug!(%id, read, size, "a package was looked at");
            judged(looked, &source)
        });
        let found = match looking.await {
            Ok(found) => found?,
            // Whoever looks again fails again.
            Err(error) if error.is_panic() => {
                tracing::error!(%id, %error, "a fault of this program: an inspector panicked");
                Err(
                    "looking at it failed, by a fault of this program; the log says more"
                        .to_owned(),
                )
            }
            Err(error) => return Err(Error::Internal(error.into())),
        };
        let found = found.map(|report| of_one_file(report, upload.size, digest));
        let mut record = PackageRecord::new(&upload, digest, &note, found);
        // Another process may be quicker: what it found counts.
        match put(&*store, id, &record).await {
            Err(PackageStoreError::ReportTooLarge) => {
                record.report = None;
                record.refused = Some("there is too much to tell of it".to_owned());
                put(&*store, id, &record).await?;
            }
            put => put?,
        }
        let head = ReadHead::read(&*store, id).await?;
        if head.is_some_and(|read| read.head.removed.is_some()) {
            // Names of files may be what was to go.
            store.remove_report(id).await?;
        }
        Ok(())
    }
}

/// Reads all of a package that lies in a folder, and else as little as tells what is in it. Blocks.
fn look(name: &str, source: &Arc<Stored>) -> Result<Report, PackageError> {
    let package = Package::open(name, Arc::clone(source) as _, &Default::default())?;
    let inspectors = Inspectors::default();
    match source.is_local() {
        true => inspectors.inspect(&package, &mut |_| {}),
        false => inspectors.look(&package),
    }
}

/// Of a package that is a file by itself, the digest of the file is known.
fn of_one_file(mut report: Report, size: u64, digest: ContentDigest) -> Report {
    if let [file] = &mut *report.files
        && file.crc32.is_none()
        && file.size == size
    {
        file.digest = Some(digest);
    }
    report
}

/// The report, or why there is none. Where not all could be read, a report says so of the package:
/// it is not believed.
fn judged(
    looked: Result<Report, PackageError>,
    source: &Stored,
) -> Result<Result<Report, String>, Error> {
    if source.has_failed() {
        let error = looked
            .err()
            .map_or("the store does not answer".into(), Into::into);
        return Err(Error::Internal(error));
    }
    if source.was_late() {
        return Ok(Err("it could not be read within an hour".to_owned()));
    }
    Ok(looked.map_err(|error| with_causes(&error)))
}

/// What is wrong, with its causes.
fn with_causes(error: &PackageError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

async fn put(
    store: &dyn PackageStore,
    id: PackageId,
    record: &PackageRecord,
) -> Result<(), PackageStoreError> {
    let unwritable =
        |error: serde_json::Error| crate::repository::RepositoryError::Internal(Box::new(error));
    let bytes = serde_json::to_vec(record).map_err(unwritable)?;
    store.put_report(id, &bytes).await.map(drop)
}

impl Dashboard {
    /// Looks at a finished upload unless that was done; what is received from closes at the end.
    pub(super) fn begin_inspection(
        &self,
        upload: Upload,
        digest: ContentDigest,
        note: Note,
    ) -> Result<watch::Receiver<()>, Error> {
        let packages = &self.inner.packages;
        let store = packages.store()?;
        Ok(packages.inspections.begin(store, upload, digest, note))
    }

    pub(super) async fn found_in(&self, id: PackageId) -> Result<Option<PackageRecord>, Error> {
        let Some(report) = self.inner.packages.store()?.report(id).await? else {
            return Ok(None);
        };
        // That of a large package takes a while.
        beside(move || PackageRecord::read(id, &report)).await
    }

    /// What was found in a finished upload of the caller. Does not wait: looking at a large package
    /// takes minutes. One that nobody looks at, as after a crash, is begun with.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`]; [`Error::UploadIncomplete`] for one whose bytes are
    /// not all there.
    pub async fn inspection(&self, caller: &Caller, id: PackageId) -> Result<Inspection, Error> {
        let (upload, note, digest) = self.finished(caller, id).await?;
        if let Some(record) = self.found_in(id).await? {
            return Ok(Inspection::Done(Box::new(record)));
        }
        self.begin_inspection(upload, digest, note)?;
        Ok(Inspection::Running)
    }

    /// [`Dashboard::inspection`], which waits until it is done, for an hour and a half at most.
    ///
    /// # Errors
    /// As [`Dashboard::inspection`]; [`Error::Busy`] where it could not be looked at, or not yet.
    pub async fn inspected(&self, caller: &Caller, id: PackageId) -> Result<PackageRecord, Error> {
        let (upload, note, digest) = self.finished(caller, id).await?;
        if let Some(record) = self.found_in(id).await? {
            return Ok(record);
        }
        let mut done = self.begin_inspection(upload, digest, note)?;
        // An error means that it is over.
        let over = async { while done.changed().await.is_ok() {} };
        let _ = timeout(WAITED_FOR, over).await;
        let found = self.found_in(id).await?;
        found.ok_or(Error::Busy { retry_after: RETRY })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use std::io::Read as _;

    use crate::dashboard::packages::stored::tests::stored;
    use crate::package::pack::{FolderArchive, Listing, Without};
    use crate::package::source::Stream;
    use crate::repository::ObjectRepository;
    use crate::repository::packages::InPieces;

    #[tokio::test]
    async fn a_report_of_what_could_not_be_read_is_not_believed() {
        let report = |source: &Arc<Stored>| look("weights.bin", source);
        let whole = stored(b"bytes", WITHIN).await;
        let late = stored(b"bytes", Duration::ZERO).await;
        let cut = stored(b"bytes", WITHIN).await;
        cut.stop();
        let judging = tokio::task::spawn_blocking(move || {
            judged(report(&whole), &whole).unwrap().unwrap();
            late.read_at(0, &mut [0; 5]).unwrap_err();
            judged(report(&whole), &late).unwrap().unwrap_err();
            cut.read_at(0, &mut [0; 5]).unwrap_err();
            judged(report(&whole), &cut).unwrap_err();
        });
        judging.await.unwrap();
    }

    /// Files of 1 MiB in an archive.
    fn archive(files: usize) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..files {
            let bytes = vec![0xf0 + number as u8; 1 << 20];
            std::fs::write(folder.path().join(format!("{number}.nii.gz")), bytes).unwrap();
        }
        let listing = Listing::of(folder.path(), &Without::default(), &Default::default());
        let archive = FolderArchive::read(listing.unwrap(), &mut |_| {}).unwrap();
        let mut bytes = Vec::new();
        Stream::new(Arc::new(archive))
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    }

    #[tokio::test]
    async fn of_packages_that_lie_elsewhere_little_is_read() {
        let bytes = archive(12);
        let source = stored(&bytes, WITHIN).await;
        assert!(!source.is_local());
        let looking = tokio::task::spawn_blocking(move || {
            let report = look("model.zip", &source).unwrap();
            (report, source.fetched())
        });
        let (report, read) = looking.await.unwrap();
        assert!(read * 20 < bytes.len() as u64, "{read} of {}", bytes.len());
        assert_eq!(report.files.len(), 12);
        let files = report.files.iter();
        let mut sums = files.map(|file| (file.digest, file.crc32.map(|it| it.to_string())));
        assert_eq!(sums.next().unwrap(), (None, Some("184f0001".to_owned())));
        assert!(sums.all(|(digest, crc32)| digest.is_none() && crc32.is_some()));
    }

    async fn finished(store: &dyn PackageStore) -> Upload {
        let id = store.begin(5, "").await.unwrap().id;
        let bytes = Box::new(InPieces::new([b"bytes".to_vec()]));
        store.append(id, 0, bytes).await.unwrap();
        store.finish(id).await.unwrap()
    }

    async fn look_at(inspections: Inspections, store: &Arc<dyn PackageStore>, upload: Upload) {
        let note = serde_json::from_str(r#"{"owner":"o","username":"u","file_name":"a.bin"}"#);
        let digest = upload.digest.unwrap();
        let mut over = Arc::new(inspections).begin(store, upload, digest, note.unwrap());
        while over.changed().await.is_ok() {}
    }

    async fn record(store: &dyn PackageStore, id: PackageId) -> PackageRecord {
        PackageRecord::read(id, &store.report(id).await.unwrap().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_panic_ends_the_look_with_a_refusal() {
        let store: Arc<dyn PackageStore> = ObjectRepository::in_memory().packages();
        let upload = finished(&*store).await;
        let panicking = Inspections {
            look: |_, _| panic!("as a fault would"),
            ..Inspections::default()
        };
        let id = upload.id;
        look_at(panicking, &store, upload).await;
        let refused = record(&*store, id).await.refused.unwrap();
        assert!(refused.contains("a fault of this program"), "{refused}");
    }

    /// By whatever program.
    #[tokio::test]
    async fn what_was_found_first_counts() {
        let store: Arc<dyn PackageStore> = ObjectRepository::in_memory().packages();
        let upload = finished(&*store).await;
        let id = upload.id;
        look_at(Inspections::default(), &store, upload.clone()).await;
        let first = record(&*store, id).await;
        let later = PackageRecord {
            report: None,
            ..first.clone()
        };
        put(&*store, id, &later).await.unwrap();
        assert_eq!(record(&*store, id).await, first);
    }
}
