//! Removing bytes that must not exist, such as those of patients: what models and revisions say of
//! them stays, and the digest.

use std::collections::HashSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::discard::remove_bytes;
use super::head::{self, PackageHead, PackageRemoval, ReadHead};
use super::naming::NamedBy;
use super::purged;
use crate::audit::{Action, NewEvent};
use crate::auth::Permission;
use crate::dashboard::fields::message_field;
use crate::dashboard::{Caller, Dashboard, Error, Progress};
use crate::model::ContentDigest;
use crate::repository::packages::PackageId;

/// How many heads are read at a time.
const HEADS_AT_ONCE: usize = 64;

/// How many of those that name a package an event tells.
const TOLD: usize = 20;

/// What is, or would be, removed with some bytes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PackagePurge {
    /// Their SHA-256.
    pub digest: ContentDigest,
    /// All packages that have exactly these bytes.
    pub packages: Vec<PurgedPackage>,
    /// Whether something cannot be read that may name them, too.
    pub is_doubtful: bool,
}

/// One of the packages.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PurgedPackage {
    /// Its name in the store.
    pub id: PackageId,
    /// What is known of it, and stays.
    pub head: PackageHead,
    /// The definitions and revisions that name it, and have no package then.
    pub named_by: Vec<NamedBy>,
}

impl Dashboard {
    /// What a [purge](Dashboard::purge_package) of these bytes would remove. Needs `system:admin`. Reads
    /// all definitions and revisions.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no package has these bytes; [`Error::Denied`].
    pub async fn package_to_purge(
        &self,
        caller: &Caller,
        digest: ContentDigest,
        progress: Progress<'_>,
    ) -> Result<PackagePurge, Error> {
        let packages = self.must_have_packages(caller, digest).await?;
        let ids: HashSet<PackageId> = packages.iter().map(|(id, _)| *id).collect();
        let naming = self.naming(&ids, progress).await?;
        let packages = packages.into_iter().map(|(id, head)| PurgedPackage {
            id,
            head,
            named_by: naming.of(id).to_vec(),
        });
        Ok(PackagePurge {
            digest,
            packages: packages.collect(),
            is_doubtful: naming.is_doubtful,
        })
    }

    /// Removes all packages with these bytes, whatever names them, what was found in them, and uploads
    /// of them that are finished; the digest, the name of the file and the reason stay, and uploads of
    /// these bytes are refused from then on ([`Dashboard::allow_purged`]). Definitions and
    /// revisions are not changed. Runs to its end, and once more goes on where it ended. Needs
    /// `system:admin`; that these bytes are refused is an event of the audit log, and so is each package, with
    /// those that name it.
    ///
    /// # Errors
    /// As [`Dashboard::package_to_purge`]; [`Error::Invalid`] without a reason (`message`).
    pub async fn purge_package(
        &self,
        caller: &Caller,
        digest: ContentDigest,
        reason: &str,
        progress: Progress<'_>,
    ) -> Result<PackagePurge, Error> {
        self.must_have_packages(caller, digest).await?;
        let reason = message_field(reason)?;
        if reason.is_empty() {
            return Err(Error::invalid(
                "message",
                "say why these bytes must not exist",
            ));
        }
        let removal = PackageRemoval::now(caller.username(), &reason);
        // First: what is sent meanwhile is refused, or is there when packages are looked for.
        self.change_of_package({
            let (this, removal) = (self.clone(), removal.clone());
            let caller = caller.clone();
            async move {
                purged::forbid(&**this.inner.packages.store()?, digest, &removal).await?;
                // What follows may fail.
                let target = format!("package:sha256:{}", digest.to_hex());
                let event = NewEvent {
                    reason: removal.reason,
                    ..caller.event(Action::PackagePurge, target)
                };
                let event = event.with_detail("these bytes are refused from now on");
                this.inner.trail.record(event).await;
                Ok(())
            }
        })
        .await?;
        let purge = self.package_to_purge(caller, digest, progress).await?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change_of_package(async move {
            let store = &**this.inner.packages.store()?;
            for package in &purge.packages {
                let noted = head::change(store, package.id, |head| {
                    head.removed = Some(removal.clone());
                    head.intents.clear();
                    true
                });
                noted.await?;
                remove_bytes(store, package.id).await?;
                store.give_up(package.id).await?;
                let target = format!("package:{}", package.id);
                let event = NewEvent {
                    reason: reason.clone(),
                    ..caller.event(Action::PackagePurge, target)
                };
                let event = event.with_detail(package.head.in_short());
                let event = event.with_detail(listed(&package.named_by));
                this.inner.trail.record(event).await;
            }
            Ok(purge)
        })
        .await
    }

    async fn must_have_packages(
        &self,
        caller: &Caller,
        digest: ContentDigest,
    ) -> Result<Vec<(PackageId, PackageHead)>, Error> {
        let target = || format!("package:sha256:{}", digest.to_hex());
        self.require(caller, Permission::SystemAdmin, target)
            .await?;
        let packages = self.packages_of(digest).await?;
        match packages.is_empty() {
            true => Err(Error::not_found(format!(
                "a package with the bytes sha256:{}",
                digest.to_hex()
            ))),
            false => Ok(packages),
        }
    }

    /// The packages with these bytes that are there.
    async fn packages_of(
        &self,
        digest: ContentDigest,
    ) -> Result<Vec<(PackageId, PackageHead)>, Error> {
        let store = &**self.inner.packages.store()?;
        let packages = store
            .packages()
            .await?
            .into_iter()
            .map(|package| package.id);
        let heads = stream::iter(packages).map(async |id| {
            let read = ReadHead::read(store, id).await?;
            Ok::<_, Error>(read.map(|read| (id, read.head)))
        });
        let heads: Vec<_> = heads.buffer_unordered(HEADS_AT_ONCE).try_collect().await?;
        let mut heads: Vec<_> = heads.into_iter().flatten().collect();
        heads.retain(|(_, head)| head.digest == digest);
        heads.sort_by_key(|(id, _)| *id);
        Ok(heads)
    }
}

fn listed(named_by: &[NamedBy]) -> String {
    let names = named_by.iter().map(ToString::to_string);
    let first: Vec<String> = names.take(TOLD).collect();
    match (named_by.len(), named_by.len().saturating_sub(TOLD)) {
        (0, _) => "nothing named it".to_owned(),
        (_, 0) => format!("named by {}", first.join(", ")),
        (_, more) => format!("named by {} and {more} more", first.join(", ")),
    }
}

impl std::fmt::Display for NamedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.revision {
            Some(number) => write!(f, "{}@{number}", self.model),
            None if self.is_enabled => write!(f, "{} (enabled)", self.model),
            None if self.is_draft => write!(f, "a draft of {}", self.model),
            None => f.write_str(&self.model),
        }
    }
}
