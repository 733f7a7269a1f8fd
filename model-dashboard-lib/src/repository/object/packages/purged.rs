//! Bytes that must not exist, in a store of objects: one small object each.

use async_trait::async_trait;

use super::ObjectPackages;
use crate::model::ContentDigest;
use crate::repository::RepositoryError;
use crate::repository::object::keys::StoreKey;
use crate::repository::packages::{MAX_PURGED_BYTES, PurgedStore};

#[async_trait]
impl PurgedStore for ObjectPackages {
    async fn purged(&self, digest: ContentDigest) -> Result<Option<Vec<u8>>, RepositoryError> {
        let found = self.records.get(&StoreKey::purged(digest)).await?;
        Ok(found.map(|found| found.bytes.to_vec()))
    }

    async fn replace_purged(
        &self,
        digest: ContentDigest,
        read: Option<&[u8]>,
        kept: &[u8],
    ) -> Result<bool, RepositoryError> {
        let key = StoreKey::purged(digest);
        if kept.len() > MAX_PURGED_BYTES {
            let size = kept.len();
            let why = format!("{key} would have {size} bytes, more than may be kept");
            return Err(RepositoryError::Internal(why.into()));
        }
        self.replace(&key, read, kept).await
    }
}
