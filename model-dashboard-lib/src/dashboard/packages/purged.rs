//! Bytes that were purged do not come back unnoticed.

use serde::{Deserialize, Serialize};

use super::head::PackageRemoval;
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
    let kept = kept(store, digest).await?;
    Ok(kept.filter(|it| it.allowed.is_none()).map(|it| it.removal))
}

/// Keeps that these bytes must not exist.
pub(super) async fn forbid(
    store: &dyn PackageStore,
    digest: ContentDigest,
    removal: &PackageRemoval,
) -> Result<(), Error> {
    let purged = PurgedBytes {
        removal: removal.clone(),
        allowed: None,
    };
    keep(store, digest, &purged).await
}

/// Makes sure that these bytes are forbidden since this removal, after everything was done for it: somebody
/// who let them in again meanwhile may not have seen it.
pub(super) async fn uphold(
    store: &dyn PackageStore,
    digest: ContentDigest,
    removal: &PackageRemoval,
) -> Result<(), Error> {
    match kept(store, digest).await? {
        // Whoever lets them in again after it has seen it.
        Some(kept) if kept.removal == *removal || kept.removal.at > removal.at => Ok(()),
        _ => forbid(store, digest, removal).await,
    }
}

async fn kept(
    store: &dyn PackageStore,
    digest: ContentDigest,
) -> Result<Option<PurgedBytes>, Error> {
    let Some(bytes) = store.purged(digest).await? else {
        return Ok(None);
    };
    let read = serde_json::from_slice(&bytes);
    read.map(Some)
        .map_err(|error| Error::Internal(Box::new(error)))
}

async fn keep(
    store: &dyn PackageStore,
    digest: ContentDigest,
    purged: &PurgedBytes,
) -> Result<(), Error> {
    let bytes = serde_json::to_vec(purged).map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(store.keep_purged(digest, &bytes).await?)
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
        kept(&**self.inner.packages.store()?, digest).await
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
        let purged = self.purged_bytes(caller, digest).await?;
        let reason = message_field(reason)?;
        if reason.is_empty() {
            return Err(Error::invalid("message", "say why these bytes may exist"));
        }
        let what = format!("a purge of the bytes sha256:{}", digest.to_hex());
        let purged = purged.filter(|it| it.allowed.is_none());
        let purged = purged.ok_or_else(|| Error::not_found(what))?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change_of_package(async move {
            let allowed = PurgedBytes {
                allowed: Some(PackageRemoval::now(caller.username(), &reason)),
                ..purged
            };
            let store = &**this.inner.packages.store()?;
            keep(store, digest, &allowed).await?;
            // Purged once more at the same time, they stay forbidden.
            if let Some(removal) = forbidden(store, digest).await? {
                return Err(Error::PurgedBytes { digest, removal });
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
