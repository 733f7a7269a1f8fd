//! Bytes that were purged do not come back unnoticed.

use serde::{Deserialize, Serialize};

use super::head::{PackageRemoval, RETRY, TRIES};
use crate::audit::{Action, NewEvent};
use crate::auth::Permission;
use crate::dashboard::fields::message_field;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::ContentDigest;
use crate::repository::packages::PackageStore;

/// What is kept of bytes that were purged. Its JSON stays readable: fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PurgedBytes {
    /// When, by whom and why.
    #[serde(flatten)]
    pub removal: PackageRemoval,
    /// That an administrator lets them in again, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<PackageRemoval>,
}

/// What is kept of bytes that must not exist; `None` also for those that are let in again.
pub(super) async fn forbidden(
    store: &dyn PackageStore,
    digest: ContentDigest,
) -> Result<Option<PackageRemoval>, Error> {
    let kept = Kept::read(store, digest).await?.purged;
    Ok(kept.filter(|it| it.allowed.is_none()).map(|it| it.removal))
}

/// Keeps that these bytes must not exist, whoever lets them in again at the same time: who does so after
/// this has read of this removal.
pub(super) async fn forbid(
    store: &dyn PackageStore,
    digest: ContentDigest,
    removal: &PackageRemoval,
) -> Result<(), Error> {
    let purged = PurgedBytes {
        removal: removal.clone(),
        allowed: None,
    };
    for _ in 0..TRIES {
        // Whatever is kept there, also what cannot be read.
        let read = store.purged(digest).await?;
        if replace(store, digest, read.as_deref(), &purged).await? {
            return Ok(());
        }
    }
    Err(Error::Busy { retry_after: RETRY })
}

/// What was kept when it was read.
struct Kept {
    bytes: Option<Vec<u8>>,
    purged: Option<PurgedBytes>,
}

impl Kept {
    async fn read(store: &dyn PackageStore, digest: ContentDigest) -> Result<Kept, Error> {
        let bytes = store.purged(digest).await?;
        let purged = bytes.as_deref().map(serde_json::from_slice).transpose();
        let purged = purged.map_err(|error| Error::Internal(Box::new(error)))?;
        Ok(Kept { bytes, purged })
    }
}

/// Replaces what was `read`, unless it has changed; says whether it did.
async fn replace(
    store: &dyn PackageStore,
    digest: ContentDigest,
    read: Option<&[u8]>,
    purged: &PurgedBytes,
) -> Result<bool, Error> {
    let bytes = serde_json::to_vec(purged).map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(store.replace_purged(digest, read, &bytes).await?)
}

impl Dashboard {
    /// What is kept of bytes that were purged, if they were. Needs `system:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn purged_bytes(
        &self,
        caller: &Caller,
        digest: ContentDigest,
    ) -> Result<Option<PurgedBytes>, Error> {
        let target = || format!("package:sha256:{}", digest.to_hex());
        self.require(caller, Permission::SystemAdmin, target)
            .await?;
        let store = &**self.inner.packages.store()?;
        Ok(Kept::read(store, digest).await?.purged)
    }

    /// Lets bytes in again that were purged: from now on they are taken as any others. What was
    /// purged stays so. Needs `system:admin`; an event of the audit log.
    ///
    /// # Errors
    /// [`Error::NotFound`] for bytes that were not purged, or are let in already; [`Error::Invalid`]
    /// without a reason (`message`); [`Error::PurgedBytes`] for those that are purged once more at the same
    /// time; [`Error::Denied`].
    pub async fn allow_purged(
        &self,
        caller: &Caller,
        digest: ContentDigest,
        reason: &str,
    ) -> Result<PurgedBytes, Error> {
        let target = || format!("package:sha256:{}", digest.to_hex());
        self.require(caller, Permission::SystemAdmin, target)
            .await?;
        let store = &**self.inner.packages.store()?;
        let kept = Kept::read(store, digest).await?;
        let reason = message_field(reason)?;
        if reason.is_empty() {
            return Err(Error::invalid("message", "say why these bytes may exist"));
        }
        let what = format!("a purge of the bytes sha256:{}", digest.to_hex());
        let purged = kept.purged.clone().filter(|it| it.allowed.is_none());
        let purged = purged.ok_or_else(|| Error::not_found(what.clone()))?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change_of_package(async move {
            let allowed = PurgedBytes {
                allowed: Some(PackageRemoval::now(caller.username(), &reason)),
                ..purged
            };
            let store = &**this.inner.packages.store()?;
            if !replace(store, digest, kept.bytes.as_deref(), &allowed).await? {
                // Somebody else was first: who purged them once more has said why.
                return match forbidden(store, digest).await? {
                    Some(removal) => Err(Error::PurgedBytes { digest, removal }),
                    None => Err(Error::not_found(what)),
                };
            }
            let target = format!("package:sha256:{}", digest.to_hex());
            let event = NewEvent {
                reason,
                ..caller.event(Action::PackageAllow, target)
            };
            this.inner.trail.record(event).await;
            Ok(allowed)
        })
        .await
    }
}
