//! Both kinds of store against the suite, and against stores that fail.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod crossed;
mod failing;
mod interrupted;
mod marker;
mod packages;
mod stores;
mod tidy;
mod unlistable;
mod uploads;

use std::sync::Arc;

use async_trait::async_trait;

use super::ObjectRepository;
use super::conditional::Condition;
use super::keys::StoreKey;
use crate::conformance::repository::RepositoryHarness;
use crate::model::ModelKey;
use crate::repository::ModelRepository;

struct InMemory(ObjectRepository);

#[async_trait]
impl RepositoryHarness for InMemory {
    fn repository(&self) -> Arc<dyn ModelRepository> {
        Arc::new(self.0.clone())
    }

    async fn write_outside(&self, key: &ModelKey, bytes: &[u8]) {
        let key = StoreKey::definition(key);
        let written = self
            .0
            .store
            .put(&key, bytes.into(), &Condition::Always, None);
        written.await.unwrap();
    }

    async fn remove_outside(&self, key: &ModelKey) {
        let key = StoreKey::definition(key);
        self.0.store.remove(&key).await.unwrap();
    }
}

mod in_memory {
    use super::*;

    crate::model_repository_conformance!(InMemory(ObjectRepository::in_memory()));
}

struct InFolder {
    repository: ObjectRepository,
    folder: tempfile::TempDir,
}

impl InFolder {
    async fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
        Self { repository, folder }
    }
}

#[async_trait]
impl RepositoryHarness for InFolder {
    fn repository(&self) -> Arc<dyn ModelRepository> {
        Arc::new(self.repository.clone())
    }

    async fn write_outside(&self, key: &ModelKey, bytes: &[u8]) {
        let path = self.folder.path().join(key.to_string());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    async fn remove_outside(&self, key: &ModelKey) {
        std::fs::remove_file(self.folder.path().join(key.to_string())).unwrap();
    }
}

mod in_a_folder {
    use super::*;

    crate::model_repository_conformance!(InFolder::fresh().await);
}
