use std::sync::Arc;

use async_trait::async_trait;

use super::MemoryRepository;
use crate::conformance::repository::RepositoryHarness;
use crate::model::ModelKey;
use crate::repository::ModelRepository;

struct Memory(Arc<MemoryRepository>);

#[async_trait]
impl RepositoryHarness for Memory {
    fn repository(&self) -> Arc<dyn ModelRepository> {
        self.0.clone()
    }

    async fn write_outside(&self, key: &ModelKey, bytes: &[u8]) {
        self.0.write_outside(key, bytes);
    }

    async fn remove_outside(&self, key: &ModelKey) {
        self.0.remove_outside(key);
    }
}

crate::model_repository_conformance!(Memory(Arc::default()));
