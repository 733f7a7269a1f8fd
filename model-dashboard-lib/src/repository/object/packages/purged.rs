//! Bytes that must not exist, in a store of objects: one small object each.

use async_trait::async_trait;

use super::ObjectPackages;
use crate::model::ContentDigest;
use crate::repository::RepositoryError;
use crate::repository::object::conditional::Condition;
use crate::repository::object::keys::StoreKey;
use crate::repository::packages::{MAX_PURGED_BYTES, PurgedStore};

#[async_trait]
impl PurgedStore for ObjectPackages {
    async fn purged(&self, digest: ContentDigest) -> Result<Option<Vec<u8>>, RepositoryError> {
        let found = self.records.get(&StoreKey::purged(digest)).await?;
        Ok(found.map(|found| found.bytes.to_vec()))
    }

    async fn keep_purged(&self, digest: ContentDigest, kept: &[u8]) -> Result<(), RepositoryError> {
        let key = StoreKey::purged(digest);
        if kept.len() > MAX_PURGED_BYTES {
            let size = kept.len();
            let why = format!("{key} would have {size} bytes, more than may be kept");
            return Err(RepositoryError::Internal(why.into()));
        }
        let put = self
            .records
            .put(&key, kept.into(), &Condition::Always, None);
        put.await?;
        Ok(())
    }
}
