//! Packages on their way in: uploads that go on where they broke off, and what is found in what
//! arrived.
//!
//! An upload belongs to the account that began it; to everybody else it is not there. Once its
//! bytes are whole it is finished, which makes a package of them, and looked at in the background.
//! One that gets no bytes for [`Policy::upload_expiry`](super::Policy), or whose package no model
//! got within that time, goes.

mod all_drafts;
mod difference;
mod discard;
mod downloads;
mod draft_checks;
mod drafts;
mod fetch;
mod files;
mod giving;
mod had;
pub(in crate::dashboard) mod head;
mod inspection;
mod may_break;
mod naming;
mod of_model;
mod publish;
mod purge;
mod purged;
mod record;
mod shares;
mod stored;
pub(super) mod trust;
mod unnamed;
mod uploads;
pub(in crate::dashboard) mod watched;

use std::sync::Arc;

pub use all_drafts::{AllDrafts, MAX_LISTED_DRAFTS};
pub use difference::{PackageDifference, PackageSide, RevisionPackage};
pub use downloads::Downloads;
pub use draft_checks::{CheckVerdict, DraftCheck};
pub use drafts::{Draft, MAX_DRAFTS, ProposedRevision};
pub use fetch::PACKAGE_ADDRESS_VALID;
pub use files::{MAX_PACKAGE_FILE_BYTES, PackageFileContent};
pub use giving::Giving;
pub(super) use had::Had;
pub use head::{PackageHead, PackageRemoval};
pub use inspection::Inspection;
pub(super) use may_break::Asked;
pub use may_break::{Confirmed, MayBreak};
pub use naming::NamedBy;
pub use of_model::{MAX_PURPOSE_CHARS, ModelPackage, ModelPackageReport};
pub use purge::{PackagePurge, PurgedPackage};
pub use purged::PurgedBytes;
pub use record::PackageRecord;
pub use uploads::{
    MAX_FILE_NAME_CHARS, MAX_LARGEST_UPLOADS, MAX_UPLOAD_NOTE_BYTES, MAX_UPLOADS, NewUpload,
    PackageUpload,
};

use tokio::sync::{Mutex, Semaphore};

use super::Error;
use crate::repository::packages::PackageStore;
use inspection::Inspections;
use shares::Shares;

/// How many packages are made or removed at once; further ones wait. They take long where a store
/// puts large objects together, and keep no change of a model waiting.
pub(super) const MAX_PACKAGE_CHANGES: u32 = 32;

/// Of how many uploads bytes are taken in at once, and of how many of one account: each needs up to
/// 64 MiB of memory.
const TAKEN_IN: usize = 24;
const TAKEN_IN_OF_EACH: usize = 8;

/// The packages of a registry, if it keeps any.
#[derive(Debug)]
pub(super) struct Packages {
    store: Option<Arc<dyn PackageStore>>,
    inspections: Arc<Inspections>,
    /// A permit for every package that is made or removed at this moment; closed at shutdown.
    pub(super) changes: Arc<Semaphore>,
    taking_in: Shares,
    /// Held while uploads are counted and one more is begun.
    beginning: Mutex<()>,
    /// Places for single files that are read.
    files: Arc<Semaphore>,
}

impl Packages {
    pub(super) fn new(store: Option<Arc<dyn PackageStore>>) -> Packages {
        Packages {
            store,
            inspections: Arc::default(),
            changes: Arc::new(Semaphore::new(MAX_PACKAGE_CHANGES as usize)),
            taking_in: Shares::new(TAKEN_IN, TAKEN_IN_OF_EACH),
            beginning: Mutex::default(),
            files: Arc::new(Semaphore::new(files::AT_ONCE)),
        }
    }

    fn store(&self) -> Result<&Arc<dyn PackageStore>, Error> {
        self.store.as_ref().ok_or(Error::NoPackages)
    }

    /// The store, if there is one.
    pub(super) fn kept(&self) -> Option<&Arc<dyn PackageStore>> {
        self.store.as_ref()
    }

    /// Ends what is taken in, and keeps what came.
    pub(super) async fn settle(&self) {
        if let Some(store) = &self.store {
            store.stop().await;
        }
    }

    /// Ends what is looked at soon; it begins anew when it is asked for after a start.
    pub(super) fn stop(&self) {
        self.inspections.stop();
    }
}

impl Drop for Packages {
    fn drop(&mut self) {
        self.stop();
    }
}
