//! A store that stops working at a chosen write.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use crate::repository::Stamp;
use crate::repository::object::conditional::{
    Condition, ConditionalStore, Fault, Labels, Level, Object,
};
use crate::repository::object::keys::{Folder, StoreKey};

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
        self.working()?;
        let fails = self.left.fetch_sub(1, Ordering::SeqCst) == 1;
        if fails && self.fails == Fails::Before {
            return Err(gone());
        }
        let written = self.inner.put(key, bytes, condition, labels).await;
        if fails { Err(gone()) } else { written }
    }

    async fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<bool, Fault> {
        self.working()?;
        self.inner.copy(from, to).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        self.working()?;
        self.inner.remove(key).await
    }

    async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        self.working()?;
        self.inner.list(folder).await
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}
