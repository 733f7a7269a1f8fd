//! Packages on their way in: uploads that go on where they broke off, and what is found in what
//! arrived.
//!
//! An upload belongs to the account that began it; to everybody else it is not there. Once its
//! bytes are whole it is finished, which makes a package of them, and looked at in the background.
//! One that gets no bytes for [`Policy::upload_expiry`](super::Policy), or whose package no model
//! got within that time, goes.

mod inspection;
mod publish;
mod record;
mod stored;
mod uploads;

use std::sync::Arc;

pub use inspection::Inspection;
pub use publish::{MAX_PURPOSE_CHARS, ModelPackage};
pub use record::PackageRecord;
pub use uploads::{
    MAX_FILE_NAME_CHARS, MAX_UPLOAD_NOTE_BYTES, MAX_UPLOADS, NewUpload, PackageUpload,
};

use super::Error;
use crate::repository::packages::PackageStore;
use inspection::Inspections;

/// The packages of a registry, if it keeps any.
#[derive(Debug)]
pub(super) struct Packages {
    store: Option<Arc<dyn PackageStore>>,
    inspections: Arc<Inspections>,
}

impl Packages {
    pub(super) fn new(store: Option<Arc<dyn PackageStore>>) -> Packages {
        Packages {
            store,
            inspections: Arc::default(),
        }
    }

    fn store(&self) -> Result<&Arc<dyn PackageStore>, Error> {
        let none = || Error::not_found("a store of packages");
        self.store.as_ref().ok_or_else(none)
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
