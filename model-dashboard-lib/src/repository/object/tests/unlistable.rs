//! A store with a folder that cannot be listed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use crate::model::{ModelDefinition, Version};
use crate::repository::object::ObjectRepository;
use crate::repository::object::conditional::{
    Condition, ConditionalStore, Fault, Labels, Level, Object,
};
use crate::repository::object::keys::{Folder, StoreKey};
use crate::repository::{ModelRepository, RepositoryError, Stamp};

/// A store whose folder `lost+found` cannot be listed, and that may stop answering at all then.
#[derive(Debug)]
struct Unlistable {
    inner: Arc<dyn ConditionalStore>,
    breaks: bool,
    broken: AtomicBool,
}

fn denied() -> Fault {
    Fault::Unavailable {
        message: "permission denied".to_owned(),
        source: None,
    }
}

#[async_trait]
impl ConditionalStore for Unlistable {
    async fn get(&self, key: &StoreKey) -> Result<Option<Object>, Fault> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(denied());
        }
        self.inner.get(key).await
    }

    async fn put(
        &self,
        key: &StoreKey,
        bytes: Arc<[u8]>,
        condition: &Condition,
        labels: Option<&Labels>,
    ) -> Result<Option<Stamp>, Fault> {
        self.inner.put(key, bytes, condition, labels).await
    }

    async fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<bool, Fault> {
        self.inner.copy(from, to).await
    }

    async fn digest(&self, key: &StoreKey) -> Result<Option<Version>, Fault> {
        self.inner.digest(key).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        self.inner.remove(key).await
    }

    async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        if folder.path() == "lost+found" {
            self.broken.store(self.breaks, Ordering::SeqCst);
            return Err(denied());
        }
        self.inner.list(folder).await
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}

async fn with_lost_and_found(breaks: bool) -> ObjectRepository {
    let inner = ObjectRepository::in_memory().store;
    for at in ["nnUNet/A", "lost+found/x"] {
        let key = at.parse().unwrap();
        let bytes = ModelDefinition::new(&key).to_bytes();
        let at = StoreKey::definition(&key);
        let written = inner.put(&at, bytes.into(), &Condition::Always, None);
        written.await.unwrap();
    }
    ObjectRepository::new(Arc::new(Unlistable {
        inner,
        breaks,
        broken: AtomicBool::new(false),
    }))
}

#[tokio::test]
async fn a_folder_that_cannot_be_listed_is_named_and_the_others_are_listed() {
    let listing = with_lost_and_found(false).await.list().await.unwrap();
    let models: Vec<_> = listing.models.iter().map(|m| m.key.to_string()).collect();
    assert_eq!(models, ["nnUNet/A"]);
    let [unreadable] = &listing.unreadable[..] else {
        panic!("{listing:?}");
    };
    assert_eq!(unreadable.network_type.as_str(), "lost+found");
    assert_eq!(unreadable.reason, "permission denied");
}

#[tokio::test]
async fn a_store_that_stops_answering_meanwhile_is_not_listed_in_part() {
    let listed = with_lost_and_found(true).await.list().await;
    assert!(
        matches!(listed, Err(RepositoryError::Unavailable { .. })),
        "{listed:?}"
    );
}
