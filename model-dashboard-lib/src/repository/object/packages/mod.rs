//! Packages and their uploads in an object store or a local folder.
//!
//! The bytes of an upload grow where the store lets them grow ([`large`]); what is known of it is a
//! small object beside them ([`record`]), written on condition after the bytes are safe. What came
//! after the last state of the record is overwritten by whoever goes on: the record alone says how
//! many bytes are there, with the state of their hashing.

#[cfg(feature = "s3")]
pub(super) mod addresses;
mod append;
mod buffers;
mod claimed;
mod drafts;
mod lane;
pub(super) mod large;
pub(super) mod lots;
mod parts;
mod purged;
mod received;
mod record;
mod sending;
mod sweep;
mod turns;

use std::error::Error as _;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use async_trait::async_trait;
use sha2::Digest as _;
use tokio::sync::Semaphore;

use self::claimed::Claimed;
use self::large::{Kept, LargeObjects};
pub(super) use self::parts::PartedObjects;
use self::record::{Held, Record};
use self::turns::Turns;
use super::ObjectRepository;
use super::conditional::{Condition, ConditionalStore, Fault};
use super::keys::{Folder, StoreKey};
use crate::model::ContentDigest;
use crate::repository::RepositoryError;
use crate::repository::packages::{
    Leftover, MAX_ABOUT_BYTES, MAX_NOTE_BYTES, MAX_PACKAGE_BYTES, MAX_REPORT_BYTES, PackageAddress,
    PackageId, PackageStore, PackageStoreError, Pieces, StoredPackage, Swept, Upload, Uploads,
};

/// A [`PackageStore`] over a store of objects.
#[derive(Clone, Debug)]
pub(super) struct ObjectPackages {
    records: Arc<dyn ConditionalStore>,
    large: Arc<dyn LargeObjects>,
    turns: Arc<Turns>,
    /// How many threads hash at a time.
    hashing: Arc<Semaphore>,
}

impl ObjectPackages {
    pub(super) fn new(records: Arc<dyn ConditionalStore>, large: Arc<dyn LargeObjects>) -> Self {
        Self {
            records,
            large,
            turns: Arc::default(),
            hashing: Arc::new(Semaphore::new(
                available_parallelism().map_or(2, NonZero::get),
            )),
        }
    }

    async fn held(&self, id: PackageId) -> Result<Held, PackageStoreError> {
        let held = Held::read(&*self.records, id).await?;
        held.ok_or(PackageStoreError::NoUpload { id })
    }

    /// Whether there is an upload of this name that is not finished: a crash may have left its bytes
    /// where those of packages lie.
    async fn is_on_its_way(&self, id: PackageId) -> Result<bool, RepositoryError> {
        match Held::read(&*self.records, id).await {
            Ok(held) => Ok(held.is_some_and(|held| held.record.digest.is_none())),
            // A record that nobody can read any more keeps no package from being read.
            Err(RepositoryError::Internal(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Replaces a small object, unless it is not any more what was `read`; says whether it did.
    async fn replace(
        &self,
        key: &StoreKey,
        read: Option<&[u8]>,
        bytes: &[u8],
    ) -> Result<bool, RepositoryError> {
        let condition = match (read, self.records.get(key).await?) {
            (None, None) => Condition::Absent,
            (Some(read), Some(found)) if *found.bytes == *read => Condition::Unchanged(found.tag),
            _ => return Ok(false),
        };
        let put = self.records.put(key, bytes.into(), &condition, None);
        Ok(put.await?.is_some())
    }

    async fn start(&self, size: u64, about: &str) -> Result<Upload, PackageStoreError> {
        let id = PackageId::new();
        let kept = self.large.begin(id, size).await;
        let kept = kept.map_err(RepositoryError::from)?;
        let record = Record::new(size, about, kept.clone());
        let upload = record.upload(id);
        match Held::create(&*self.records, id, record).await {
            Ok(()) => Ok(upload),
            Err(error) => {
                // Without a record nobody would find it again.
                if let Err(fault) = self.large.give_up(id, &kept).await {
                    tracing::warn!(%id, reason = %fault, "the beginning of an upload is left over");
                }
                Err(error.into())
            }
        }
    }

    async fn complete(&self, id: PackageId) -> Result<Upload, PackageStoreError> {
        let busy = || PackageStoreError::Busy { id };
        let _turn = self.turns.take(id).await.ok_or_else(busy)?;
        let found = self.held(id).await?.record;
        if found.digest.is_some() {
            return Ok(found.upload(id));
        }
        found.must_be_whole()?;
        let claimed = self.claim(id, true).await?;
        claimed.during(self.make_package(id, &claimed)).await
    }

    async fn make_package(
        &self,
        id: PackageId,
        claimed: &Claimed<'_>,
    ) -> Result<Upload, PackageStoreError> {
        let record = claimed.record().await;
        if record.digest.is_some() {
            return Ok(record.upload(id));
        }
        record.must_be_whole()?;
        let digest = ContentDigest::from_bytes(record.hasher()?.finalize().into());
        let completed = self.large.complete(id, record.size(), &record.kept).await;
        completed.map_err(|fault| failed(id, fault))?;
        let finished = claimed.write(false, |record| record.finish(digest)).await?;
        self.tidy(id, &record.kept, &Kept::default()).await;
        Ok(finished)
    }

    /// Removes what the bytes of an upload needed before, and do not now. What stays is swept later.
    async fn tidy(&self, id: PackageId, before: &Kept, now: &Kept) {
        if let Err(fault) = self.large.tidy(id, before, now).await {
            tracing::warn!(%id, reason = %fault, "the last bytes of an upload are left over");
        }
    }

    async fn abandon(&self, id: PackageId) -> Result<(), PackageStoreError> {
        let busy = || PackageStoreError::Busy { id };
        let _turn = self.turns.take(id).await.ok_or_else(busy)?;
        if Held::read(&*self.records, id).await?.is_none() {
            return Ok(());
        }
        let claimed = self.claim(id, false).await?;
        let giving_up = async {
            let record = claimed.record().await;
            let given_up = async {
                if record.digest.is_none() {
                    self.large.give_up(id, &record.kept).await?;
                }
                self.records.remove(&StoreKey::upload(id)).await
            };
            given_up.await.map_err(RepositoryError::from)?;
            claimed.is_gone().await;
            Ok(())
        };
        claimed.during(giving_up).await
    }
}

/// The error that callers see, for what went wrong with the bytes of an upload.
fn failed(id: PackageId, fault: Fault) -> PackageStoreError {
    match fault {
        Fault::Lost { message } => PackageStoreError::Lost {
            id,
            reason: message,
        },
        fault => RepositoryError::from(fault).into(),
    }
}

/// Runs work to its end, whether or not anyone waits for it.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, PackageStoreError>> + Send + 'static,
) -> Result<T, PackageStoreError> {
    let done = tokio::spawn(work).await;
    done.map_err(|error| RepositoryError::Internal(error.into()))?
}

#[async_trait]
impl PackageStore for ObjectPackages {
    fn is_local(&self) -> bool {
        self.large.is_local()
    }

    async fn begin(&self, size: u64, about: &str) -> Result<Upload, PackageStoreError> {
        if about.len() > MAX_ABOUT_BYTES {
            return Err(PackageStoreError::AboutTooLong);
        }
        if size > MAX_PACKAGE_BYTES {
            return Err(PackageStoreError::TooLarge);
        }
        let (packages, about) = (self.clone(), about.to_owned());
        to_its_end(async move { packages.start(size, &about).await }).await
    }

    async fn upload(&self, id: PackageId) -> Result<Upload, PackageStoreError> {
        Ok(self.held(id).await?.record.upload(id))
    }

    async fn append(
        &self,
        id: PackageId,
        offset: u64,
        bytes: Box<dyn Pieces>,
    ) -> Result<Upload, PackageStoreError> {
        let packages = self.clone();
        to_its_end(async move { packages.take_in(id, offset, bytes).await }).await
    }

    async fn finish(&self, id: PackageId) -> Result<Upload, PackageStoreError> {
        let packages = self.clone();
        to_its_end(async move { packages.complete(id).await }).await
    }

    async fn give_up(&self, id: PackageId) -> Result<(), PackageStoreError> {
        let packages = self.clone();
        to_its_end(async move { packages.abandon(id).await }).await
    }

    async fn list_uploads(&self) -> Result<Uploads, PackageStoreError> {
        let (ids, _) = self.names().await?;
        let mut listed = Uploads::default();
        for (id, record) in self.read_records(ids).await {
            match record {
                Ok(Some(record)) => listed.uploads.push(record.upload(id)),
                Ok(None) => {}
                Err(error) => {
                    let reason = error.source().map(ToString::to_string);
                    let reason = reason.unwrap_or_else(|| error.to_string());
                    listed.unreadable.push((id, reason));
                }
            }
        }
        Ok(listed)
    }

    async fn leftovers(&self, older_than: Duration) -> Result<Vec<Leftover>, PackageStoreError> {
        self.find_leftovers(older_than).await
    }

    async fn sweep(&self, older_than: Duration) -> Result<Swept, PackageStoreError> {
        let packages = self.clone();
        to_its_end(async move { packages.remove_leftovers(older_than).await }).await
    }

    async fn stop(&self) {
        self.turns.stop().await;
    }

    async fn packages(&self) -> Result<Vec<StoredPackage>, PackageStoreError> {
        let folder = Folder::Registry("packages".into());
        let level = self.records.list(&folder).await;
        let objects = level.map_err(RepositoryError::from)?.objects.into_iter();
        let mut packages: Vec<StoredPackage> = objects
            .filter_map(|object| {
                Some(StoredPackage {
                    id: PackageId::parse(&object.name).ok()?,
                    size: object.size,
                })
            })
            .collect();
        let (ids, _) = self.names().await?;
        let both = packages.iter().map(|package| package.id);
        let both: Vec<_> = both.filter(|id| ids.contains(id)).collect();
        let records = self.read_records(both).await;
        packages.retain(|package| match records.get(&package.id) {
            Some(Ok(Some(record))) => record.digest.is_some(),
            _ => true,
        });
        Ok(packages)
    }

    async fn package(&self, id: PackageId) -> Result<StoredPackage, PackageStoreError> {
        let key = StoreKey::package(id);
        let (size, hidden) = tokio::join!(self.large.size(&key), self.is_on_its_way(id));
        let (size, hidden) = (size.map_err(RepositoryError::from)?, hidden?);
        match size.filter(|_| !hidden) {
            Some(size) => Ok(StoredPackage { id, size }),
            None => Err(PackageStoreError::NoPackage { id }),
        }
    }

    async fn read(
        &self,
        id: PackageId,
        range: Range<u64>,
    ) -> Result<Box<dyn Pieces>, PackageStoreError> {
        let key = StoreKey::package(id);
        let (read, hidden) = tokio::join!(self.large.read(&key, range), self.is_on_its_way(id));
        let (read, hidden) = (read.map_err(RepositoryError::from)?, hidden?);
        let read = read.filter(|_| !hidden);
        read.ok_or(PackageStoreError::NoPackage { id })
    }

    async fn address(
        &self,
        id: PackageId,
        file_name: &str,
        valid: Duration,
    ) -> Result<Option<PackageAddress>, PackageStoreError> {
        let key = StoreKey::package(id);
        let address = self.large.address(&key, file_name, valid).await;
        Ok(address.map_err(RepositoryError::from)?)
    }

    async fn put_report(&self, id: PackageId, report: &[u8]) -> Result<bool, PackageStoreError> {
        if report.len() > MAX_REPORT_BYTES {
            return Err(PackageStoreError::ReportTooLarge);
        }
        let key = StoreKey::report(id);
        let created = self.large.create(&key, report.into()).await;
        Ok(created.map_err(RepositoryError::from)?)
    }

    async fn report(&self, id: PackageId) -> Result<Option<Vec<u8>>, PackageStoreError> {
        let whole = 0..MAX_REPORT_BYTES as u64;
        let found = self.large.read(&StoreKey::report(id), whole).await;
        let Some(mut pieces) = found.map_err(RepositoryError::from)? else {
            return Ok(None);
        };
        let mut report = Vec::new();
        let unreadable = |error| RepositoryError::Internal(Box::new(error));
        while let Some(piece) = pieces.next().await.map_err(unreadable)? {
            report.extend_from_slice(&piece);
        }
        Ok(Some(report))
    }

    async fn remove_report(&self, id: PackageId) -> Result<(), PackageStoreError> {
        let removed = self.records.remove(&StoreKey::report(id)).await;
        Ok(removed.map_err(RepositoryError::from)?)
    }

    async fn note(&self, id: PackageId) -> Result<Option<Vec<u8>>, PackageStoreError> {
        let found = self.records.get(&StoreKey::package_note(id)).await;
        let found = found.map_err(RepositoryError::from)?;
        Ok(found.map(|found| found.bytes.to_vec()))
    }

    async fn replace_note(
        &self,
        id: PackageId,
        read: Option<&[u8]>,
        note: &[u8],
    ) -> Result<bool, PackageStoreError> {
        if note.len() > MAX_NOTE_BYTES {
            return Err(PackageStoreError::NoteTooLarge);
        }
        Ok(self
            .replace(&StoreKey::package_note(id), read, note)
            .await?)
    }

    async fn remove(&self, id: PackageId) -> Result<(), PackageStoreError> {
        let removed = self.records.remove(&StoreKey::package(id)).await;
        Ok(removed.map_err(RepositoryError::from)?)
    }
}

impl ObjectRepository {
    /// The packages beside the models.
    #[must_use]
    pub fn packages(&self) -> Arc<dyn PackageStore> {
        self.packages.clone()
    }
}
