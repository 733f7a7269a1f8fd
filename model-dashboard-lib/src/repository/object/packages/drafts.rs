//! Drafts in a store of objects: one small object each.

use async_trait::async_trait;

use super::ObjectPackages;
use crate::model::ModelId;
use crate::repository::RepositoryError;
use crate::repository::object::conditional::Condition;
use crate::repository::object::keys::{Folder, StoreKey};
use crate::repository::packages::{DraftStore, MAX_DRAFT_BYTES, PackageId};

#[async_trait]
impl DraftStore for ObjectPackages {
    async fn drafts(&self, model: &ModelId) -> Result<Vec<PackageId>, RepositoryError> {
        let level = self.records.list(&Folder::Drafts(Some(*model))).await?;
        let names = level.objects.iter().map(|object| object.name.as_str());
        // Another program may have put anything there.
        let ids = names.filter_map(|name| PackageId::parse(name.strip_suffix(".json")?).ok());
        let mut ids: Vec<PackageId> = ids.collect();
        ids.sort();
        Ok(ids)
    }

    async fn models_with_drafts(&self) -> Result<Vec<ModelId>, RepositoryError> {
        let level = self.records.list(&Folder::Drafts(None)).await?;
        let folders = level.folders.iter();
        Ok(folders
            .filter_map(|name| ModelId::parse(name).ok())
            .collect())
    }

    async fn draft(
        &self,
        model: &ModelId,
        package: PackageId,
    ) -> Result<Option<Vec<u8>>, RepositoryError> {
        let found = self.records.get(&StoreKey::draft(*model, package)).await?;
        Ok(found.map(|found| found.bytes.to_vec()))
    }

    async fn keep_draft(
        &self,
        model: &ModelId,
        package: PackageId,
        draft: &[u8],
    ) -> Result<bool, RepositoryError> {
        let key = StoreKey::draft(*model, package);
        if draft.len() > MAX_DRAFT_BYTES {
            return Err(RepositoryError::Internal(
                format!(
                    "{key} would have {} bytes, more than a draft may",
                    draft.len()
                )
                .into(),
            ));
        }
        let put = self
            .records
            .put(&key, draft.into(), &Condition::Absent, None);
        Ok(put.await?.is_some())
    }

    async fn remove_draft(
        &self,
        model: &ModelId,
        package: PackageId,
    ) -> Result<(), RepositoryError> {
        Ok(self
            .records
            .remove(&StoreKey::draft(*model, package))
            .await?)
    }
}
