//! Removing what no upload counts.
//!
//! A crash leaves bytes that no record counts: those of an upload that was just begun, the rest of a
//! part whose record was not written any more, or not read any more. How old such bytes are their
//! names say.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use ulid::Ulid;

use super::super::LISTINGS_AT_ONCE;
use super::super::keys::{Folder, StoreKey};
use super::ObjectPackages;
use super::record::{Held, Record};
use crate::model::Timestamp;
use crate::repository::RepositoryError;
use crate::repository::packages::{
    Leftover, LeftoverKind, PackageId, PackageStoreError, Swept, made_at,
};

/// A file or an object beside the records.
struct Bytes {
    id: PackageId,
    name: String,
    made_at: Timestamp,
}

impl Bytes {
    /// `None` for records, and for what is none of ours.
    fn named(name: String) -> Option<Self> {
        let (id, rest) = name.split_once('.')?;
        let id = PackageId::parse(id).ok()?;
        let made_at = match rest.strip_suffix(".tail") {
            Some(word) => made_at(Ulid::from_string(word).ok()?),
            None if rest == "bytes" => id.made_at(),
            None => return None,
        };
        Some(Self { id, name, made_at })
    }

    fn is_needed_by(&self, record: &Record) -> bool {
        let parts = record.kept.parts.as_ref();
        let needed = match parts.and_then(|parts| parts.tail.as_ref()) {
            Some(tail) => StoreKey::upload_tail(self.id, &tail.word),
            None if parts.is_none() && record.digest.is_none() => StoreKey::upload_bytes(self.id),
            None => return false,
        };
        needed.as_str().ends_with(&format!("/{}", self.name))
    }
}

impl ObjectPackages {
    /// The names of all uploads that have a record, and what else lies beside them.
    pub(super) async fn names(
        &self,
    ) -> Result<(BTreeSet<PackageId>, Vec<String>), RepositoryError> {
        let level = self
            .records
            .list(&Folder::Registry("uploads".into()))
            .await?;
        let (mut ids, mut others) = (BTreeSet::new(), Vec::new());
        for object in level.objects {
            let id = object.name.strip_suffix(".json");
            match id.and_then(|id| PackageId::parse(id).ok()) {
                Some(id) => drop(ids.insert(id)),
                None => others.push(object.name),
            }
        }
        Ok((ids, others))
    }

    /// The records of these uploads.
    pub(super) async fn read_records(
        &self,
        ids: impl IntoIterator<Item = PackageId>,
    ) -> BTreeMap<PackageId, Result<Option<Record>, RepositoryError>> {
        let records = stream::iter(ids).map(async |id| {
            let held = Held::read(&*self.records, id).await;
            (id, held.map(|held| held.map(|held| held.record)))
        });
        records.buffer_unordered(LISTINGS_AT_ONCE).collect().await
    }

    pub(super) async fn find_leftovers(
        &self,
        older_than: Duration,
    ) -> Result<Vec<Leftover>, PackageStoreError> {
        let until = Timestamp::now().minus(older_than);
        // Before the records: what is begun after that is not among them.
        let lots = self.large.lots().await.map_err(RepositoryError::from)?;
        let (mut ids, others) = self.names().await?;
        let bytes: Vec<Bytes> = others.into_iter().filter_map(Bytes::named).collect();
        ids.extend(bytes.iter().map(|bytes| bytes.id));
        ids.extend(lots.iter().map(|(id, _)| *id));
        let records = self.read_records(ids).await;
        let mut found = Vec::new();
        let mut add = |id, kind, since| {
            if since <= until {
                found.push(Leftover { id, kind, since });
            }
        };
        for bytes in bytes {
            let needed = match records.get(&bytes.id) {
                Some(Ok(record)) => record.as_ref().is_some_and(|it| bytes.is_needed_by(it)),
                // Nobody knows.
                Some(Err(_)) | None => true,
            };
            if !needed {
                let name = bytes.name;
                add(bytes.id, LeftoverKind::Bytes { name }, bytes.made_at);
            }
        }
        for (id, lot) in lots {
            let needs = |record: &Record| {
                let parts = record.kept.parts.as_ref();
                parts.is_some_and(|parts| parts.lot == lot)
            };
            let needed = match records.get(&id) {
                Some(Ok(record)) => record.as_ref().is_some_and(needs),
                Some(Err(_)) | None => true,
            };
            if !needed {
                add(id, LeftoverKind::Parts { lot }, id.made_at());
            }
        }
        Ok(found)
    }

    pub(super) async fn remove_leftovers(
        &self,
        older_than: Duration,
    ) -> Result<Swept, PackageStoreError> {
        let mut swept = Swept::default();
        for leftover in self.find_leftovers(older_than).await? {
            match self.remove_leftover(&leftover).await {
                Ok(()) => swept.removed.push(leftover),
                Err(error) => swept.left.push((leftover, error.into())),
            }
        }
        Ok(swept)
    }

    async fn remove_leftover(&self, leftover: &Leftover) -> Result<(), RepositoryError> {
        match &leftover.kind {
            LeftoverKind::Bytes { name } => {
                self.records.remove(&StoreKey::beside_uploads(name)).await?;
            }
            LeftoverKind::Parts { lot } => self.large.drop_lot(leftover.id, lot).await?,
        }
        Ok(())
    }
}
