//! A store that does not honour conditions, for one process that alone writes there: they are
//! looked at here.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::conditional::{Condition, ConditionalStore, Fault, Labels, Level, Object, Removal, Tag};
use super::keys::{Folder, StoreKey};
use crate::repository::Stamp;

/// A [`ConditionalStore`] over one that is none.
#[derive(Debug)]
pub(super) struct AloneStore<S> {
    store: S,
    /// One write at a time: what is true when it is looked at stays so until it is written.
    writing: Mutex<()>,
}

impl<S: ConditionalStore> AloneStore<S> {
    pub(super) fn new(store: S) -> Self {
        Self {
            store,
            writing: Mutex::default(),
        }
    }

    async fn holds(&self, key: &StoreKey, condition: &Condition) -> Result<bool, Fault> {
        let found = match self.store.get(key).await {
            Err(Fault::TooLarge { tag, .. }) => Some(tag),
            found => found?.map(|object| object.tag),
        };
        Ok(match (condition, found) {
            (Condition::Always, _) | (Condition::Absent, None) => true,
            (Condition::Unchanged(before), Some(now)) => is_same(before, &now),
            (Condition::Absent, Some(_)) | (Condition::Unchanged(_), None) => false,
        })
    }
}

fn is_same(one: &Tag, other: &Tag) -> bool {
    match (one, other) {
        (Tag::Given(one), Tag::Given(other)) => {
            one.e_tag == other.e_tag && one.version == other.version
        }
        (Tag::Content(one), Tag::Content(other)) => one == other,
        (Tag::Listed(one), Tag::Listed(other)) => one == other,
        _ => false,
    }
}

#[async_trait]
impl<S: ConditionalStore> ConditionalStore for AloneStore<S> {
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
        let _writing = self.writing.lock().await;
        if !self.holds(key, condition).await? {
            let found = self.store.get(key).await;
            return Ok(match found {
                Ok(Some(object)) if object.bytes == bytes => Some(object.stamp),
                _ => None,
            });
        }
        self.store.put(key, bytes, &Condition::Always, labels).await
    }

    async fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<bool, Fault> {
        let _writing = self.writing.lock().await;
        match self.holds(to, &Condition::Absent).await? {
            true => self.store.copy(from, to).await,
            false => Ok(false),
        }
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        let _writing = self.writing.lock().await;
        self.store.remove(key).await
    }

    fn removes_on_condition(&self) -> bool {
        true
    }

    async fn remove_unchanged(&self, key: &StoreKey, tag: &Tag) -> Result<Removal, Fault> {
        let _writing = self.writing.lock().await;
        if !self.holds(key, &Condition::Unchanged(tag.clone())).await? {
            return Ok(Removal::Changed);
        }
        self.store.remove(key).await?;
        Ok(Removal::Done)
    }

    async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        self.store.list(folder).await
    }

    fn location(&self) -> String {
        self.store.location()
    }
}
