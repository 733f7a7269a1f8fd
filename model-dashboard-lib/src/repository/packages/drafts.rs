//! What is proposed to models: the [`DraftStore`] trait.

use async_trait::async_trait;

use super::PackageId;
use crate::model::ModelId;
use crate::repository::RepositoryError;

/// The largest draft, in bytes.
pub const MAX_DRAFT_BYTES: usize = 64 << 10;

/// Keeps drafts: packages that are proposed to models, each with what is said of it. A package is
/// proposed to a model at most once; what is kept is never changed, only removed.
#[async_trait]
pub trait DraftStore: Send + Sync {
    /// The packages that are proposed to a model, those first that were begun first. Cost: a listing.
    async fn drafts(&self, model: &ModelId) -> Result<Vec<PackageId>, RepositoryError>;

    /// The models that packages are proposed to, in no particular order. Cost: a listing.
    async fn models_with_drafts(&self) -> Result<Vec<ModelId>, RepositoryError>;

    /// What is kept of a draft; `None` if there is none. Cost: one small read.
    async fn draft(
        &self,
        model: &ModelId,
        package: PackageId,
    ) -> Result<Option<Vec<u8>>, RepositoryError>;

    /// Keeps a draft of at most [`MAX_DRAFT_BYTES`], unless there is one of this package; says whether
    /// it did. A draft of exactly these bytes counts as kept by this call.
    ///
    /// # Errors
    /// [`RepositoryError::Internal`] for a larger one.
    async fn keep_draft(
        &self,
        model: &ModelId,
        package: PackageId,
        draft: &[u8],
    ) -> Result<bool, RepositoryError>;

    /// Removes a draft. Once more does nothing.
    async fn remove_draft(
        &self,
        model: &ModelId,
        package: PackageId,
    ) -> Result<(), RepositoryError>;
}
