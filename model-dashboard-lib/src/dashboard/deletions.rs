//! Why models were deleted.

use super::{Caller, Dashboard, Error, Model};
use crate::auth::Permission;
use crate::model::ModelKey;

/// The most models that may be asked about at once.
const AT_ONCE: usize = 1_000;

impl Dashboard {
    /// Why these were deleted, in the order of the keys; nothing for those of which nobody said,
    /// that the store does not give now, or that were not deleted. Cost: a read of the store for
    /// each. Needs `models:read` and
    /// `system:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn why_deleted(
        &self,
        caller: &Caller,
        keys: &[ModelKey],
    ) -> Result<Vec<Option<String>>, Error> {
        let target = || "deleted models".to_owned();
        self.may_read(caller, target).await?;
        self.require(caller, Permission::SystemAdmin, target)
            .await?;
        let asked = &keys[..keys.len().min(AT_ONCE)];
        let stored = self.inner.catalog.ask_many(asked).await;
        let mut reasons: Vec<_> = stored
            .into_iter()
            .map(|stored| {
                let tombstone = Model::read(&stored.ok()?).ok()?;
                let registry = tombstone.definition.registry()?;
                registry.deleted.as_ref()?;
                registry.message.filter(|message| !message.is_empty())
            })
            .collect();
        reasons.resize(keys.len(), None);
        Ok(reasons)
    }
}
