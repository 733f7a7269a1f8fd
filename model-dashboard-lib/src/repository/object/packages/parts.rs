//! Large objects that a store puts together from parts, as S3 does.
//!
//! Parts have the same size but the last, which may be smaller, and a part that is there stays. What
//! comes behind the last whole part lies in an object of its own while nobody writes.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
#[cfg(feature = "s3")]
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};

use super::super::conditional::Fault;
use super::super::faults::{fault, is_lost};
use super::super::keys::{Folder, StoreKey};
#[cfg(feature = "s3")]
use super::addresses::Addresses;
use super::large::{Claim, Kept, LargeObjects, LargeWrite, Parts};
use super::lots::Lots;
use super::received::Received;
use super::sending::PartedWrite;
#[cfg(feature = "s3")]
use crate::repository::packages::PackageAddress;
use crate::repository::packages::{PackageId, Pieces};

/// The bytes of a part, as long as there are no more of them than a store takes: it takes 5 MiB and
/// more.
const PART: u64 = 8 << 20;

/// The most parts of an object: S3 takes 10,000.
const PARTS: u64 = 9_000;

/// Large objects in parts.
#[derive(Clone)]
pub(in super::super) struct PartedObjects {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) parts: Arc<dyn MultipartStore>,
    /// Who tells which parts are there, where parts outlive this process.
    lots: Option<Arc<dyn Lots>>,
    /// Who gives addresses of objects, where the store has any.
    #[cfg(feature = "s3")]
    addresses: Option<Arc<dyn Addresses>>,
    /// Whether the store does not honour conditions.
    alone: bool,
    /// Whether what comes may gather ([`Received::gathering`]).
    gathers: bool,
}

impl fmt::Debug for PartedObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartedObjects({})", self.objects)
    }
}

impl PartedObjects {
    pub(in super::super) fn new<S: ObjectStore + MultipartStore>(store: Arc<S>) -> Self {
        Self {
            objects: store.clone(),
            parts: store,
            lots: None,
            #[cfg(feature = "s3")]
            addresses: None,
            alone: false,
            gathers: false,
        }
    }

    /// Sends parts another way.
    #[cfg(test)]
    pub(in super::super) fn sending(mut self, parts: Arc<dyn MultipartStore>) -> Self {
        self.parts = parts;
        self
    }

    /// Asks `lots` which parts are there before it is gone on behind them.
    #[cfg(feature = "s3")]
    pub(in super::super) fn told_by(mut self, lots: Arc<dyn Lots>) -> Self {
        self.lots = Some(lots);
        self
    }

    /// Has `addresses` say where the store gives its objects itself.
    #[cfg(feature = "s3")]
    pub(in super::super) fn addressed_by(mut self, addresses: Arc<dyn Addresses>) -> Self {
        self.addresses = Some(addresses);
        self
    }

    /// Lets what is read gather where it comes in small pieces. For connections that are not encrypted: of others
    /// no more than a record of 16 KiB comes at a time, however much has gathered.
    #[cfg(feature = "s3")]
    pub(in super::super) fn gathering(self, gathers: bool) -> Self {
        Self { gathers, ..self }
    }

    /// The same without conditions, for one process that alone writes there.
    #[cfg(feature = "s3")]
    pub(in super::super) fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    async fn get(&self, key: &StoreKey) -> Result<Option<Bytes>, Fault> {
        let found = self.objects.get(&path(key)?).await;
        match absent(found)? {
            Some(found) => Ok(Some(found.bytes().await.map_err(fault)?)),
            None => Ok(None),
        }
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        absent(self.objects.delete(&path(key)?).await).map(drop)
    }

    async fn tail(&self, id: PackageId, parts: &Parts) -> Result<Bytes, Fault> {
        let Some(tail) = &parts.tail else {
            return Ok(Bytes::new());
        };
        let found = self.get(&StoreKey::upload_tail(id, &tail.word)).await?;
        found
            .filter(|bytes| bytes.len() as u64 == tail.size)
            .ok_or_else(|| lost("what came behind its last part is not there any more"))
    }

    /// Fails if a part that was stored is not there any more, or is another one now.
    async fn look(&self, id: PackageId, parts: &Parts) -> Result<(), Fault> {
        let Some(lots) = &self.lots else {
            return Ok(());
        };
        let stored = lots.parts(&StoreKey::package(id), &parts.lot).await?;
        match parts.missed_in(stored) {
            Some(missed) => Err(lost(missed)),
            None => Ok(()),
        }
    }

    async fn put_together(&self, id: PackageId, kept: &Parts) -> Result<(), Fault> {
        let path = path(&StoreKey::package(id))?;
        let mut parts: Vec<PartId> = kept.there.iter().map(|name| part(name)).collect();
        let tail = self.tail(id, kept).await?;
        if parts.is_empty() && tail.is_empty() {
            // No store puts an object together from nothing.
            self.objects
                .put(&path, PutPayload::new())
                .await
                .map_err(fault)?;
            return self.drop_parts(id, &kept.lot).await;
        }
        if !tail.is_empty() {
            let last = self
                .parts
                .put_part(&path, &kept.lot, parts.len(), tail.into());
            parts.push(last.await.map_err(part_fault)?);
        }
        let completed = self.parts.complete_multipart(&path, &kept.lot, parts);
        completed.await.map_err(part_fault)?;
        Ok(())
    }

    async fn drop_parts(&self, id: PackageId, lot: &str) -> Result<(), Fault> {
        let path = path(&StoreKey::package(id))?;
        let lot = lot.to_owned();
        match self.parts.abort_multipart(&path, &lot).await {
            // In memory there is no other reason than that there is no such lot.
            Err(_) if self.lots.is_none() => Ok(()),
            dropped => absent(dropped).map(drop),
        }
    }
}

#[async_trait]
impl LargeObjects for PartedObjects {
    async fn begin(&self, id: PackageId, size: u64) -> Result<Kept, Fault> {
        let path = path(&StoreKey::package(id))?;
        let lot = self.parts.create_multipart(&path).await.map_err(fault)?;
        let parts = Parts {
            lot,
            size: PART.max(size.div_ceil(PARTS)),
            there: Vec::new(),
            tail: None,
        };
        Ok(Kept { parts: Some(parts) })
    }

    async fn claim(&self, _: PackageId) -> Result<Claim, Fault> {
        Ok(Claim::Open)
    }

    async fn resume(
        &self,
        id: PackageId,
        received: u64,
        kept: &Kept,
    ) -> Result<Box<dyn LargeWrite>, Fault> {
        let parts = kept.parts.clone().ok_or_else(|| broken(id))?;
        self.look(id, &parts).await?;
        let tail = self.tail(id, &parts).await?;
        if parts.there.len() as u64 * parts.size + tail.len() as u64 != received {
            return Err(broken(id));
        }
        Ok(Box::new(PartedWrite::behind(self, id, parts, tail)?))
    }

    async fn tidy(&self, id: PackageId, before: &Kept, now: &Kept) -> Result<(), Fault> {
        let tail = |kept: &Kept| kept.parts.as_ref().and_then(|parts| parts.tail.clone());
        match tail(before) {
            Some(before) if Some(&before) != tail(now).as_ref() => {
                self.remove(&StoreKey::upload_tail(id, &before.word)).await
            }
            _ => Ok(()),
        }
    }

    async fn complete(&self, id: PackageId, size: u64, kept: &Kept) -> Result<(), Fault> {
        let key = StoreKey::package(id);
        if let Some(parts) = &kept.parts
            && let Err(fault) = self.put_together(id, parts).await
            // An earlier try may have got further than its answer.
            && self.size(&key).await? != Some(size)
        {
            return Err(fault);
        }
        match self.size(&key).await? {
            Some(there) if there == size => Ok(()),
            _ => Err(broken(id)),
        }
    }

    async fn give_up(&self, id: PackageId, kept: &Kept) -> Result<(), Fault> {
        let Some(parts) = &kept.parts else {
            return Ok(());
        };
        self.drop_parts(id, &parts.lot).await?;
        self.tidy(id, kept, &Kept::default()).await?;
        self.remove(&StoreKey::package(id)).await
    }

    async fn lots(&self) -> Result<Vec<(PackageId, String)>, Fault> {
        let Some(lots) = &self.lots else {
            return Ok(Vec::new());
        };
        let found = lots.lots(&Folder::Registry("packages".into())).await?;
        let named = found.into_iter();
        Ok(named
            .filter_map(|(name, lot)| Some((PackageId::parse(&name).ok()?, lot)))
            .collect())
    }

    async fn drop_lot(&self, id: PackageId, lot: &str) -> Result<(), Fault> {
        self.drop_parts(id, lot).await
    }

    async fn create(&self, key: &StoreKey, bytes: Arc<[u8]>) -> Result<bool, Fault> {
        if self.alone && self.size(key).await?.is_some() {
            return Ok(false);
        }
        let mode = match self.alone {
            true => PutMode::Overwrite,
            false => PutMode::Create,
        };
        let payload = Bytes::from_owner(bytes).into();
        let path = path(key)?;
        match self.objects.put_opts(&path, payload, mode.into()).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(fault(error)),
        }
    }

    #[cfg(feature = "s3")]
    async fn address(
        &self,
        key: &StoreKey,
        file_name: &str,
        valid: Duration,
    ) -> Result<Option<PackageAddress>, Fault> {
        match &self.addresses {
            Some(addresses) => Ok(Some(addresses.address(key, file_name, valid).await?)),
            None => Ok(None),
        }
    }

    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, Fault> {
        let found = absent(self.objects.head(&path(key)?).await)?;
        Ok(found.map(|found| found.size))
    }

    async fn read(
        &self,
        key: &StoreKey,
        range: Range<u64>,
    ) -> Result<Option<Box<dyn Pieces>>, Fault> {
        let path = path(key)?;
        let Some(found) = absent(self.objects.head(&path).await)? else {
            return Ok(None);
        };
        let received = Received::new(self.objects.clone(), path, found, range);
        Ok(Some(Box::new(match self.gathers {
            true => received.gathering(),
            false => received,
        })))
    }
}

/// The fault of a request about parts.
pub(super) fn part_fault(error: Error) -> Fault {
    match is_lost(&error) {
        true => lost("the store has purged its parts, or has other ones"),
        false => fault(error),
    }
}

fn lost(what: impl Into<String>) -> Fault {
    Fault::Lost {
        message: what.into(),
    }
}

fn part(name: &str) -> PartId {
    PartId {
        content_id: name.to_owned(),
    }
}

pub(super) fn path(key: &StoreKey) -> Result<Path, Fault> {
    Path::parse(key.as_str()).map_err(|error| Fault::Unexpected(error.into()))
}

fn absent<T>(found: Result<T, Error>) -> Result<Option<T>, Fault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if super::super::remote::is_missing(&error) => Ok(None),
        Err(error) => Err(fault(error)),
    }
}

pub(super) fn broken(id: PackageId) -> Fault {
    Fault::Unexpected(format!("the bytes of the upload {id} are not what was stored").into())
}
