//! Models that were deleted.

use std::sync::Arc;

use super::{Caller, Dashboard, Error};
use crate::auth::Permission;
use crate::catalog::Entry;

impl Dashboard {
    /// The models that were deleted, in order of key. Each can be brought back unless none of its
    /// revisions can be read, which [`Dashboard::bring_back`] finds out. Needs `system:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Unavailable`] before the models were loaded once.
    pub async fn deleted(&self, caller: &Caller) -> Result<Vec<Arc<Entry>>, Error> {
        let target = || "deleted models".to_owned();
        self.require(caller, Permission::SystemAdmin, target)
            .await?;
        let picture = self.picture(caller).await?;
        let deleted = picture.tombstones().filter(|entry| !is_moved(entry));
        let mut deleted: Vec<_> = deleted.cloned().collect();
        deleted.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        Ok(deleted)
    }
}

/// Whether a tombstone is that of a model that lives on elsewhere.
pub(super) fn is_moved(entry: &Entry) -> bool {
    let tombstone = entry.tombstone();
    tombstone.is_some_and(|tombstone| tombstone.moved_to.is_some())
}
