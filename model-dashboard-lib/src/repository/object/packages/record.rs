//! What is known of an upload, in a small object that is written on condition.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sha2::digest::common::hazmat::{SerializableState as _, SerializedState};
use tokio::time::Instant;
use ulid::Ulid;

use super::super::conditional::{Condition, ConditionalStore, Fault, Tag};
use super::super::keys::StoreKey;
use super::large::{Claim, Kept};
use crate::model::{ContentDigest, Timestamp};
use crate::repository::RepositoryError;
use crate::repository::packages::{PackageId, PackageStoreError, Upload};

/// An upload as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    size: u64,
    pub(super) received: u64,
    begun_at: Timestamp,
    changed_at: Timestamp,
    about: String,
    /// Where the hashing of the received bytes stands, in hexadecimal digits.
    hashing: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<ContentDigest>,
    /// Whether a package is being made of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) finishing: bool,
    #[serde(flatten)]
    pub(super) kept: Kept,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease: Option<Lease>,
    /// Makes every state one of its own, so that a write whose answer is lost is known again.
    write_id: String,
}

/// Who writes the bytes, for some time after this was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    holder: String,
}

impl Record {
    pub(super) fn new(size: u64, about: &str, kept: Kept) -> Self {
        let now = Timestamp::now();
        Self {
            size,
            received: 0,
            begun_at: now,
            changed_at: now,
            about: about.to_owned(),
            hashing: hex::encode(Sha256::default().serialize()),
            digest: None,
            finishing: false,
            kept,
            lease: None,
            write_id: String::new(),
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Fails unless all bytes are there.
    pub(super) fn must_be_whole(&self) -> Result<(), PackageStoreError> {
        let (received, size) = (self.received, self.size);
        match self.is_whole() {
            true => Ok(()),
            false => Err(PackageStoreError::Incomplete { received, size }),
        }
    }

    /// Whether all bytes are there.
    pub(super) fn is_whole(&self) -> bool {
        self.received == self.size
    }

    pub(super) fn upload(&self, id: PackageId) -> Upload {
        Upload {
            id,
            size: self.size,
            received: self.received,
            begun_at: self.begun_at,
            changed_at: self.changed_at,
            about: self.about.clone(),
            finishing: self.finishing,
            digest: self.digest,
        }
    }

    /// The hashing of the bytes that are there.
    pub(super) fn hasher(&self) -> Result<Sha256, RepositoryError> {
        let mut state = SerializedState::<Sha256>::default();
        let read = hex::decode_to_slice(&self.hashing, &mut state);
        let hasher = read.ok().and_then(|()| Sha256::deserialize(&state).ok());
        hasher.ok_or_else(|| RepositoryError::Internal("the state of an upload is broken".into()))
    }

    /// Notes how far the bytes are.
    pub(super) fn advance(&mut self, received: u64, hasher: &Sha256, kept: Kept) {
        if received > self.received {
            self.changed_at = Timestamp::now();
        }
        self.received = received;
        self.hashing = hex::encode(hasher.serialize());
        self.kept = kept;
    }

    pub(super) fn finish(&mut self, digest: ContentDigest) {
        self.digest = Some(digest);
        self.finishing = false;
        self.kept = Kept::default();
        self.changed_at = Timestamp::now();
    }
}

/// A record as it was read, to be written again unless it has changed.
#[derive(Debug)]
pub(super) struct Held {
    id: PackageId,
    pub(super) record: Record,
    tag: Tag,
    /// When it was written, by the clock of the store.
    pub(super) written_at: Option<Timestamp>,
    /// What is written into the lease.
    holder: String,
    claim: Claim,
    /// Whether the stored record may have a lease of ours, and when the last one was asked for.
    leased: bool,
    asked: Instant,
}

/// What was stored is no longer what was read: another process writes.
#[derive(Debug)]
pub(super) struct Overtaken;

impl Held {
    /// Makes a record.
    pub(super) async fn create(
        store: &dyn ConditionalStore,
        id: PackageId,
        record: Record,
    ) -> Result<(), RepositoryError> {
        let bytes = encode(&record)?;
        let key = StoreKey::upload(id);
        match store.put(&key, bytes, &Condition::Absent, None).await? {
            Some(_) => Ok(()),
            None => Err(RepositoryError::Internal(
                format!("there is an upload {id} already").into(),
            )),
        }
    }

    /// Reads a record, if there is one.
    pub(super) async fn read(
        store: &dyn ConditionalStore,
        id: PackageId,
    ) -> Result<Option<Self>, RepositoryError> {
        let Some(object) = store.get(&StoreKey::upload(id)).await? else {
            return Ok(None);
        };
        let record = serde_json::from_slice(&object.bytes);
        Ok(Some(Self {
            id,
            record: record.map_err(|error| RepositoryError::Internal(error.into()))?,
            tag: object.tag,
            written_at: object.written_at,
            holder: Ulid::generate().to_string(),
            claim: Claim::Open,
            leased: false,
            asked: Instant::now(),
        }))
    }

    /// Gives it what keeps other processes from the upload.
    pub(super) fn under(mut self, claim: Claim) -> Self {
        self.claim = claim;
        self
    }

    /// What keeps other processes from the upload.
    pub(super) fn claim(&self) -> Claim {
        self.claim.clone()
    }

    /// Whether another process wrote the bytes, and may still. Who held a claim is gone.
    pub(super) fn is_leased(&self) -> bool {
        let lease = self.record.lease.as_ref();
        let open = matches!(self.claim, Claim::Open);
        open && lease.is_some_and(|lease| lease.holder != self.holder)
    }

    /// When the lease was last asked for, if there is one.
    pub(super) fn renewed(&self) -> Option<Instant> {
        self.leased.then_some(self.asked)
    }

    /// Whether the stored record says that something is being done.
    pub(super) fn is_at_it(&self) -> bool {
        self.leased || self.record.finishing
    }

    /// The record is no longer this one's.
    pub(super) fn forget(&mut self) {
        self.leased = false;
        self.record.finishing = false;
    }

    /// Writes the record, with a lease that is new or, unless it is to be `held`, none.
    pub(super) async fn write(
        &mut self,
        store: &dyn ConditionalStore,
        held: bool,
    ) -> Result<Result<(), Overtaken>, RepositoryError> {
        let leased = held && matches!(self.claim, Claim::Open);
        self.record.lease = leased.then(|| Lease {
            holder: self.holder.clone(),
        });
        self.record.write_id = Ulid::generate().to_string();
        let bytes = encode(&self.record)?;
        let key = StoreKey::upload(self.id);
        // Before it is known whether it was done: a lease that may be there is let go.
        self.leased |= leased;
        let asked = Instant::now();
        for _ in 0..2 {
            let unchanged = Condition::Unchanged(self.tag.clone());
            let written = store.put(&key, Arc::clone(&bytes), &unchanged, None);
            let written = written.await?.is_some();
            match store.get(&key).await? {
                Some(object) if written && object.bytes == bytes => {
                    self.tag = object.tag;
                    (self.leased, self.asked) = (leased, asked);
                    return Ok(Ok(()));
                }
                // An earlier write whose answer was lost.
                Some(object) if !written && self.is_own(&object.bytes) => self.tag = object.tag,
                _ => break,
            }
        }
        self.forget();
        Ok(Err(Overtaken))
    }

    /// Whether a stored record has a lease of this one.
    fn is_own(&self, stored: &[u8]) -> bool {
        let stored = serde_json::from_slice::<Record>(stored).ok();
        let lease = stored.and_then(|record| record.lease);
        lease.is_some_and(|lease| lease.holder == self.holder)
    }
}

fn encode(record: &Record) -> Result<Arc<[u8]>, RepositoryError> {
    let bytes = serde_json::to_vec(record).map_err(|error| Fault::Unexpected(error.into()))?;
    Ok(bytes.into())
}
