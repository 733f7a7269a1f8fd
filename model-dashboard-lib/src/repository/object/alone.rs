//! A store that does not honour conditions, for one process that alone writes there: they are
//! looked at here.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::conditional::{Condition, ConditionalStore, Fault, Labels, Level, Object, Removal, Tag};
use super::keys::{Folder, StoreKey};
use crate::model::Version;
use crate::repository::Stamp;

/// A [`ConditionalStore`] over one that is none.
#[derive(Debug)]
pub(super) struct AloneStore<S> {
    store: Arc<S>,
    /// One write at a time: what is true when it is looked at stays so until it is written.
    writing: Arc<Mutex<()>>,
}

impl<S: ConditionalStore + 'static> AloneStore<S> {
    pub(super) fn new(store: S) -> Self {
        Self {
            store: Arc::new(store),
            writing: Arc::default(),
        }
    }

    /// Runs a write to its end, even if no one waits for it any more, and nothing beside it.
    async fn alone<T: Send + 'static>(
        &self,
        write: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = self.writing.clone().lock_owned().await;
        let written = tokio::spawn(async move {
            let written = write.await;
            drop(turn);
            written
        });
        let written = written.await;
        written.map_err(|error| Fault::Unexpected(error.into()))?
    }
}

async fn holds(
    store: &impl ConditionalStore,
    key: &StoreKey,
    condition: &Condition,
) -> Result<bool, Fault> {
    let found = match store.get(key).await {
        Err(Fault::TooLarge { tag, .. }) => Some(tag),
        found => found?.map(|object| object.tag),
    };
    Ok(match (condition, found) {
        (Condition::Always, _) | (Condition::Absent, None) => true,
        (Condition::Unchanged(before), Some(now)) => before.is(&now),
        (Condition::Absent, Some(_)) | (Condition::Unchanged(_), None) => false,
    })
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: ConditionalStore + 'static> ConditionalStore for AloneStore<S> {
    async fn get(&self, key: &StoreKey) -> Result<Option<Object>, Fault> {
        self.store.get(key).await
    }

    async fn get_many(&self, keys: Vec<StoreKey>) -> Vec<Result<Option<Object>, Fault>> {
        self.store.get_many(keys).await
    }

    async fn put(
        &self,
        key: &StoreKey,
        bytes: Arc<[u8]>,
        condition: &Condition,
        labels: Option<&Labels>,
    ) -> Result<Option<Stamp>, Fault> {
        let store = self.store.clone();
        let (key, condition, labels) = (key.clone(), condition.clone(), labels.cloned());
        self.alone(async move {
            if !holds(&*store, &key, &condition).await? {
                return Ok(match store.get(&key).await {
                    Ok(Some(object)) if object.bytes == bytes => Some(object.stamp),
                    Ok(_) | Err(Fault::TooLarge { .. }) => None,
                    Err(fault) => return Err(fault),
                });
            }
            let always = Condition::Always;
            store.put(&key, bytes, &always, labels.as_ref()).await
        })
        .await
    }

    async fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<bool, Fault> {
        let (store, from, to) = (self.store.clone(), from.clone(), to.clone());
        self.alone(async move {
            match holds(&*store, &to, &Condition::Absent).await? {
                true => store.copy(&from, &to).await,
                false => Ok(false),
            }
        })
        .await
    }

    async fn digest(&self, key: &StoreKey) -> Result<Option<Version>, Fault> {
        self.store.digest(key).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        let (store, key) = (self.store.clone(), key.clone());
        self.alone(async move { store.remove(&key).await }).await
    }

    /// A program that does not know of the registry may write there all the same, as while one
    /// system takes over from another: what it wrote between a look and a removal would be lost
    /// for good, where an overwritten state is in the history at least.
    fn removes_on_condition(&self) -> bool {
        false
    }

    async fn remove_unchanged(&self, _: &StoreKey, _: &Tag) -> Result<Removal, Fault> {
        Ok(Removal::Unsafe)
    }

    async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        self.store.list(folder).await
    }

    fn location(&self) -> String {
        self.store.location()
    }
}
