//! Bytes that must not exist: the [`PurgedStore`] trait.

use async_trait::async_trait;

use crate::model::ContentDigest;
use crate::repository::RepositoryError;

/// The most that is kept of bytes that must not exist, in bytes.
pub const MAX_PURGED_BYTES: usize = 16 << 10;

/// Keeps which bytes must not exist, by their SHA-256, so that they do not come back.
#[async_trait]
pub trait PurgedStore: Send + Sync {
    /// What is kept of these bytes; `None` where nothing is. Cost: one small read.
    async fn purged(&self, digest: ContentDigest) -> Result<Option<Vec<u8>>, RepositoryError>;

    /// Keeps something of these bytes, at most [`MAX_PURGED_BYTES`], in place of what was `read` (`None`:
    /// nothing); `false`, and nothing is changed, where something else is kept by now. Of several at a time one
    /// is first. Whoever writes the same as another cannot tell who was first.
    ///
    /// # Errors
    /// [`RepositoryError::Internal`] for more.
    async fn replace_purged(
        &self,
        digest: ContentDigest,
        read: Option<&[u8]>,
        kept: &[u8],
    ) -> Result<bool, RepositoryError>;
}
