//! Looking at packages that arrived, in the background.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::record::PackageRecord;
use super::stored::Stored;
use super::uploads::Note;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::ContentDigest;
use crate::package::inspect::{Inspectors, Report};
use crate::package::{Package, PackageError};
use crate::repository::packages::{PackageId, PackageStore, PackageStoreError, Upload};

/// How many packages are looked at at once; further ones wait.
const AT_ONCE: usize = 2;

/// How long that may take: 64 GiB at 20 MB/s, nearly.
const WITHIN: Duration = Duration::from_secs(60 * 60);

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
    places: Semaphore,
    /// When the other end of it is gone, it is done.
    running: Mutex<HashMap<PackageId, watch::Receiver<()>>>,
    stop: Arc<AtomicBool>,
}

impl Default for Inspections {
    fn default() -> Self {
        Self {
            places: Semaphore::new(AT_ONCE),
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
            // Closed at the end of the program.
            let Ok(_place) = this.places.acquire().await else {
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
        let package = store.package(upload.id).await?;
        let source = Stored::new(Arc::clone(&store), package, until, Arc::clone(&self.stop));
        let source = Arc::new(source);
        let name = note.file_name.clone();
        let looking = tokio::task::spawn_blocking(move || judged(look(&name, &source), &source));
        let found = looking
            .await
            .map_err(|error| Error::Internal(error.into()))??;
        let mut record = PackageRecord::new(&upload, digest, &note, found);
        if store.report(upload.id).await?.is_some() {
            // Another process was quicker.
            return Ok(());
        }
        match put(&*store, upload.id, &record).await {
            Err(PackageStoreError::ReportTooLarge) => {
                record.report = None;
                record.refused = Some("there is too much to tell of it".to_owned());
                put(&*store, upload.id, &record).await?;
            }
            put => put?,
        }
        Ok(())
    }
}

/// Reads all of a package. Blocks.
fn look(name: &str, source: &Arc<Stored>) -> Result<Report, PackageError> {
    let package = Package::open(name, Arc::clone(source) as _, &Default::default())?;
    Inspectors::default().inspect(&package, &mut |_| {})
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
    Ok(looked.map_err(|error| told(&error)))
}

/// What is wrong, with its causes.
fn told(error: &PackageError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

pub(super) async fn put(
    store: &dyn PackageStore,
    id: PackageId,
    record: &PackageRecord,
) -> Result<(), PackageStoreError> {
    let unwritable =
        |error: serde_json::Error| crate::repository::RepositoryError::Internal(Box::new(error));
    let bytes = serde_json::to_vec(record).map_err(unwritable)?;
    store.put_report(id, &bytes).await
}

impl Dashboard {
    /// Looks at a finished upload unless that was done; what is received from closes at the end.
    pub(super) async fn begin_inspection(
        &self,
        upload: Upload,
        digest: ContentDigest,
        note: Note,
    ) -> Result<Option<watch::Receiver<()>>, Error> {
        let packages = &self.inner.packages;
        let store = packages.store()?;
        if store.report(upload.id).await?.is_some() {
            return Ok(None);
        }
        Ok(Some(
            packages.inspections.begin(store, upload, digest, note),
        ))
    }

    /// What was found in a finished upload of the caller. Does not wait: looking at a large package
    /// takes minutes. One that nobody looks at, as after a crash, is begun with.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`]; [`Error::UploadIncomplete`] for one that is not
    /// finished.
    pub async fn inspection(&self, caller: &Caller, id: PackageId) -> Result<Inspection, Error> {
        let (upload, note, digest) = self.finished(caller, id).await?;
        self.begin_inspection(upload, digest, note).await?;
        let report = self.inner.packages.store()?.report(id).await?;
        let record = report.and_then(|bytes| PackageRecord::read(id, &bytes));
        Ok(match record {
            Some(record) => Inspection::Done(Box::new(record)),
            None => Inspection::Running,
        })
    }

    /// [`Dashboard::inspection`], which waits until it is done.
    ///
    /// # Errors
    /// As [`Dashboard::inspection`]; [`Error::Busy`] where it could not be looked at.
    pub async fn inspected(&self, caller: &Caller, id: PackageId) -> Result<PackageRecord, Error> {
        let (upload, note, digest) = self.finished(caller, id).await?;
        if let Some(mut done) = self.begin_inspection(upload, digest, note).await? {
            // An error means that it is over.
            while done.changed().await.is_ok() {}
        }
        match self.inspection(caller, id).await? {
            Inspection::Done(record) => Ok(*record),
            Inspection::Running => Err(Error::Busy {
                retry_after: Duration::from_secs(5),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::dashboard::packages::stored::tests::stored;
    use crate::package::source::Source as _;

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
}
