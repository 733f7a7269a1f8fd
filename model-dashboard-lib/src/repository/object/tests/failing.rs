//! A store that stops working at a chosen write.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::InFolder;
use crate::model::{
    DuplicateKeys, MAX_DEFINITION_BYTES, ModelDefinition, ModelKey, Timestamp, Version, Via,
};
use crate::repository::object::ObjectRepository;
use crate::repository::object::conditional::{
    Condition, ConditionalStore, Fault, Labels, Level, Object, Removal, Tag,
};
use crate::repository::object::keys::{Folder, StoreKey};
use crate::repository::{Change, ModelRepository as _, Precondition, READS_AT_ONCE, Stamp};

/// Whether the write that fails is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fails {
    /// It is not: the process died, or the disk filled up, before it.
    Before,
    /// It is, but its answer was lost, or the process died after it.
    After,
}

/// A store whose n-th write fails, and everything after it.
#[derive(Debug)]
pub(super) struct FailingStore {
    inner: Arc<dyn ConditionalStore>,
    left: AtomicUsize,
    fails: Fails,
}

impl FailingStore {
    /// Lets `writes` writes through and fails at the next.
    pub(super) fn new(inner: Arc<dyn ConditionalStore>, writes: usize, fails: Fails) -> Self {
        Self {
            inner,
            left: AtomicUsize::new(writes + 1),
            fails,
        }
    }

    /// Whether it has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }

    /// A write, unless it is its turn to fail.
    async fn write<T>(&self, write: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        self.working()?;
        let fails = self.left.fetch_sub(1, Ordering::SeqCst) == 1;
        if fails && self.fails == Fails::Before {
            return Err(gone());
        }
        let written = write.await;
        if fails { Err(gone()) } else { written }
    }

    fn working(&self) -> Result<(), Fault> {
        if self.has_failed() {
            Err(gone())
        } else {
            Ok(())
        }
    }
}

fn gone() -> Fault {
    Fault::Unavailable {
        message: "it fails as it was told to".to_owned(),
        source: None,
    }
}

#[async_trait]
impl ConditionalStore for FailingStore {
    async fn get(&self, key: &StoreKey) -> Result<Option<Object>, Fault> {
        self.working()?;
        self.inner.get(key).await
    }

    async fn put(
        &self,
        key: &StoreKey,
        bytes: Arc<[u8]>,
        condition: &Condition,
        labels: Option<&Labels>,
    ) -> Result<Option<Stamp>, Fault> {
        let put = self.inner.put(key, bytes, condition, labels);
        self.write(put).await
    }

    async fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<bool, Fault> {
        self.write(self.inner.copy(from, to)).await
    }

    async fn digest(&self, key: &StoreKey) -> Result<Option<Version>, Fault> {
        self.inner.digest(key).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        self.write(self.inner.remove(key)).await
    }

    fn removes_on_condition(&self) -> bool {
        self.inner.removes_on_condition()
    }

    async fn remove_unchanged(&self, key: &StoreKey, tag: &Tag) -> Result<Removal, Fault> {
        let removal = self.inner.remove_unchanged(key, tag);
        self.write(removal).await
    }

    async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        self.working()?;
        self.inner.list(folder).await
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}

fn change() -> Change {
    Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Cli,
        at: Timestamp::now(),
        message: String::new(),
    }
}

/// What another program made too large to be read is copied into the history once, however often
/// the write that replaces it fails.
#[tokio::test]
async fn what_is_too_large_to_be_read_is_copied_once() {
    for in_folder in [false, true] {
        let folder = InFolder::fresh().await;
        let repository = match in_folder {
            true => folder.repository.clone(),
            false => ObjectRepository::in_memory(),
        };
        let at: ModelKey = "nnUNet/Large".parse().unwrap();
        let large = vec![b' '; MAX_DEFINITION_BYTES + 1];
        let outside = async |bytes: Vec<u8>| {
            let at = StoreKey::definition(&at);
            let put = repository
                .store
                .put(&at, bytes.into(), &Condition::Always, None);
            put.await.unwrap();
        };
        let change = change();
        let content = ModelDefinition::new(&at);
        let exists = Precondition::Exists;
        outside(large.clone()).await;
        // The note of the key and the copy are written, what replaces it is not.
        let failing = FailingStore::new(repository.store.clone(), 2, Fails::Before);
        let failing = ObjectRepository::new(Arc::new(failing));
        let failed = failing.put(&at, &content, &exists, &change).await;
        assert!(failed.is_err(), "{failed:?}");
        let id = repository.noted(&at).await.unwrap().unwrap();
        let numbers = async || repository.revisions(&id).await.unwrap();
        let put = async || {
            let put = repository.put(&at, &content, &exists, &change);
            put.await.unwrap();
        };
        assert_eq!(numbers().await, [1]);
        put().await;
        assert_eq!(numbers().await, [1, 2], "the copy, and what replaced it");
        let mut other = large;
        other[0] = b'[';
        outside(other).await;
        put().await;
        assert_eq!(numbers().await, [1, 2, 3, 4]);
    }
}

/// Owner, tags and package are found again however often another program dropped them.
#[tokio::test]
async fn what_was_dropped_many_times_is_carried_forward() {
    let repository = ObjectRepository::in_memory();
    let at: ModelKey = "nnUNet/Dropped".parse().unwrap();
    let change = change();
    let owned = br#"{"registry":{"owner":"team-a"}}"#;
    let owned = ModelDefinition::parse(owned, DuplicateKeys::Refuse).unwrap();
    let created = repository.put(&at, &owned, &Precondition::Absent, &change);
    created.await.unwrap();
    for n in 0..2 * READS_AT_ONCE {
        let bytes = format!(r#"{{"alias":"{n}"}}"#).into_bytes();
        let key = StoreKey::definition(&at);
        let put = repository
            .store
            .put(&key, bytes.into(), &Condition::Always, None);
        put.await.unwrap();
        let stored = repository.get(&at).await.unwrap();
        assert!(repository.reconcile(&stored).await.unwrap());
    }
    let content = ModelDefinition::new(&at);
    let edited = repository.put(&at, &content, &Precondition::Exists, &change);
    let edited = edited.await.unwrap();
    let edited = ModelDefinition::parse(&edited.bytes, DuplicateKeys::LastWins).unwrap();
    let owner = edited.registry().and_then(|registry| registry.owner);
    assert_eq!(owner.as_deref(), Some("team-a"));
}
