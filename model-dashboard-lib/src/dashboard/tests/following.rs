//! What following the store costs.

use async_trait::async_trait;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::catalog::CatalogOptions;
use crate::model::{ModelId, RegistryInfo};
use crate::repository::{
    Change, Listing, Marker, ModelRepository, ObjectRepository, RepositoryError, Revision,
    StoredModel,
};

/// A repository that counts listings and looks at the marker.
#[derive(Debug)]
struct Counted {
    inner: ObjectRepository,
    lists: AtomicUsize,
    looks: AtomicUsize,
}

#[async_trait]
impl ModelRepository for Counted {
    async fn list(&self) -> Result<Listing, RepositoryError> {
        self.lists.fetch_add(1, Ordering::SeqCst);
        self.inner.list().await
    }

    async fn get(&self, key: &ModelKey) -> Result<StoredModel, RepositoryError> {
        self.inner.get(key).await
    }

    async fn put(
        &self,
        key: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.inner.put(key, content, precondition, change).await
    }

    async fn delete(
        &self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.inner.delete(key, precondition, change).await
    }

    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        let renamed = self.inner.rename(from, to, content, precondition, change);
        renamed.await
    }

    async fn revisions(&self, id: &ModelId) -> Result<Vec<u64>, RepositoryError> {
        self.inner.revisions(id).await
    }

    async fn revision(&self, id: &ModelId, number: u64) -> Result<Revision, RepositoryError> {
        self.inner.revision(id, number).await
    }

    async fn carried(&self, key: &ModelKey) -> Result<Option<RegistryInfo>, RepositoryError> {
        self.inner.carried(key).await
    }

    async fn reconcile(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        self.inner.reconcile(stored).await
    }

    async fn marker(&self) -> Result<Marker, RepositoryError> {
        let marker = self.inner.marker().await;
        self.looks.fetch_add(1, Ordering::SeqCst);
        marker
    }

    fn is_own_work(&self, since: &Marker, now: &Marker) -> bool {
        self.inner.is_own_work(since, now)
    }

    async fn probe(&self) -> Result<(), RepositoryError> {
        self.inner.probe().await
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}

async fn until(what: impl Fn() -> bool) {
    let wait = async {
        while !what() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), wait);
    in_time.await.expect("it never came true");
}

#[tokio::test]
async fn own_changes_cost_no_listing_and_those_of_others_one() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Arc::new(Counted {
        inner: ObjectRepository::open_folder(folder.path()).await.unwrap(),
        lists: AtomicUsize::new(0),
        looks: AtomicUsize::new(0),
    });
    let options = CatalogOptions {
        look_every: Duration::from_millis(2),
        ..CatalogOptions::default()
    };
    let below = repository.clone();
    let world = World::with(|builder| builder.repository(below).catalog(options)).await;
    let host = world.host();
    let some_looks = async || {
        let seen = repository.looks.load(Ordering::SeqCst);
        until(|| repository.looks.load(Ordering::SeqCst) > seen + 3).await;
    };
    some_looks().await;
    assert_eq!(repository.lists.load(Ordering::SeqCst), 1);

    for name in ["a", "b", "c"] {
        let at = key(&format!("MIST/{name}"));
        let created = world.dashboard.create(&host, at, definition("{}"), "");
        created.await.unwrap();
        some_looks().await;
    }
    let (a, b, d) = (key("MIST/a"), key("MIST/b"), key("MIST/d"));
    let exists = || Precondition::Exists;
    world
        .dashboard
        .delete(&host, &a, exists(), "")
        .await
        .unwrap();
    world
        .dashboard
        .rename(&host, &b, &d, false, exists(), "")
        .await
        .unwrap();
    some_looks().await;
    assert_eq!(repository.lists.load(Ordering::SeqCst), 1);

    let other = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let theirs = key("MIST/theirs");
    let change = Change {
        by: "somebody".to_owned(),
        source: None,
        via: Via::Cli,
        at: Timestamp::now(),
        message: String::new(),
    };
    let content = ModelDefinition::new(&theirs);
    let put = other.put(&theirs, &content, &Precondition::Absent, &change);
    put.await.unwrap();
    let catalog = &world.dashboard.inner.catalog;
    until(|| catalog.current().get(&theirs).is_some()).await;
    some_looks().await;
    assert_eq!(repository.lists.load(Ordering::SeqCst), 2);
}
