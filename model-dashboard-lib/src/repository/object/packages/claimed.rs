//! An upload that one process alone writes for a time.
//!
//! Where the store cannot keep others away, the record says who writes. That holds for [`LEASE`]
//! after it was last written, by the clock of the store alone, since those of two machines may
//! differ. Whoever writes says so again and again, however long their work takes, and stops in time
//! when they cannot.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use ulid::Ulid;

use super::super::conditional::Condition;
use super::super::keys::StoreKey;
use super::ObjectPackages;
use super::large::Claim;
use super::record::{Held, Overtaken, Record};
use crate::repository::RepositoryError;
use crate::repository::packages::{PackageId, PackageStoreError, Upload};

/// How long a process that says nothing is taken to be still at it.
const LEASE: Duration = Duration::from_secs(30);

/// After how long it says so again.
const RENEWED_EVERY: Duration = Duration::from_secs(8);

/// How long before its end whoever cannot renew a lease stops.
const MARGIN: Duration = Duration::from_secs(5);

/// How long it is waited after a renewal that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// How long letting go may take.
const LETTING_GO: Duration = Duration::from_secs(10);

/// How much of a time the store may leave out: it gives whole seconds.
const RESOLUTION: Duration = Duration::from_secs(2);

/// An upload that no one else writes.
#[derive(Debug)]
pub(super) struct Claimed<'a> {
    packages: &'a ObjectPackages,
    id: PackageId,
    held: Mutex<Held>,
}

impl ObjectPackages {
    /// Makes this process the one that writes the upload, which is there.
    pub(super) async fn claim(
        &self,
        id: PackageId,
        finishing: bool,
    ) -> Result<Claimed<'_>, PackageStoreError> {
        let busy = || PackageStoreError::Busy { id };
        let claim = match self.large.claim(id).await.map_err(RepositoryError::from)? {
            Claim::Taken => return Err(busy()),
            claim => claim,
        };
        let held = self.held(id).await?.under(claim);
        if held.is_leased() && !self.has_lapsed(&held).await? {
            return Err(busy());
        }
        let claimed = Claimed {
            packages: self,
            id,
            held: Mutex::new(held),
        };
        let written = claimed.write(true, |record| record.finishing = finishing);
        if let Err(error) = written.await {
            claimed.let_go().await;
            return Err(error);
        }
        Ok(claimed)
    }

    /// Whether a lease was not renewed in time.
    async fn has_lapsed(&self, held: &Held) -> Result<bool, RepositoryError> {
        let word = Ulid::generate().to_string();
        let (key, bytes) = (StoreKey::probe(&word), word.as_bytes().into());
        self.records
            .put(&key, bytes, &Condition::Always, None)
            .await?;
        let now = self.records.get(&key).await;
        if let Err(fault) = self.records.remove(&key).await {
            tracing::warn!(%key, reason = %fault, "a look at the store's clock is left over");
        }
        let now = now?.and_then(|object| object.written_at);
        let (Some(now), Some(then)) = (now, held.written_at) else {
            let untold = "the store does not tell when an object was written";
            return Err(RepositoryError::Internal(untold.into()));
        };
        Ok(now.duration_since(then) >= LEASE + RESOLUTION)
    }
}

impl Claimed<'_> {
    pub(super) async fn record(&self) -> Record {
        self.held.lock().await.record.clone()
    }

    /// What keeps other processes from the upload.
    pub(super) async fn claim(&self) -> Claim {
        self.held.lock().await.claim()
    }

    /// Writes the record, changed. Unless the upload is to be `held` further it is let go.
    pub(super) async fn write(
        &self,
        held: bool,
        change: impl FnOnce(&mut Record),
    ) -> Result<Upload, PackageStoreError> {
        let mut mine = self.held.lock().await;
        change(&mut mine.record);
        match mine.write(&*self.packages.records, held).await? {
            Ok(()) => Ok(mine.record.upload(self.id)),
            Err(Overtaken) => Err(PackageStoreError::Busy { id: self.id }),
        }
    }

    /// Does something with the upload and lets it go, whatever comes of it. It is stopped where it
    /// stands if others can no longer be kept away.
    pub(super) async fn during<T>(
        &self,
        work: impl Future<Output = Result<T, PackageStoreError>>,
    ) -> Result<T, PackageStoreError> {
        let done = tokio::select! {
            biased;
            done = work => done,
            overtaken = self.keep() => Err(overtaken),
        };
        self.let_go().await;
        done
    }

    /// There is nothing to be let go any more: the record was removed.
    pub(super) async fn is_gone(&self) {
        self.held.lock().await.forget();
    }

    /// Renews the lease for as long as that is possible.
    async fn keep(&self) -> PackageStoreError {
        loop {
            let Some(renewed) = self.held.lock().await.renewed() else {
                return std::future::pending().await;
            };
            sleep_until(renewed + RENEWED_EVERY).await;
            let mut held = self.held.lock().await;
            if held.renewed() != Some(renewed) {
                continue;
            }
            let end = renewed + LEASE - MARGIN;
            loop {
                let records = &*self.packages.records;
                match timeout_at(end, held.write(records, true)).await {
                    Ok(Ok(Ok(()))) => break,
                    Ok(Ok(Err(Overtaken))) => return PackageStoreError::Busy { id: self.id },
                    Ok(Err(_)) if Instant::now() + PAUSE < end => sleep(PAUSE).await,
                    Ok(Err(error)) => return error.into(),
                    Err(_) => {
                        let message = "it does not answer in time".to_owned();
                        let source = None;
                        return RepositoryError::Unavailable { message, source }.into();
                    }
                }
            }
        }
    }

    /// Lets others write. What went wrong before is worth more to callers than what goes wrong here.
    async fn let_go(&self) {
        let mut held = self.held.lock().await;
        if !held.is_at_it() {
            return;
        }
        held.record.finishing = false;
        let written = held.write(&*self.packages.records, false);
        let reason = match timeout(LETTING_GO, written).await {
            Ok(Ok(Ok(()) | Err(Overtaken))) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        tracing::warn!(id = %self.id, reason, "an upload stays claimed for some seconds");
    }
}
