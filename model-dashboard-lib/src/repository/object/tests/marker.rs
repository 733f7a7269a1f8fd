//! Which changes of the marker are a repository's own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::model::{ModelDefinition, Timestamp, Version, Via};
use crate::repository::object::conditional::{
    ConditionalStore, Fault, Labels, Level, Object, Removal, Tag,
};
use crate::repository::object::keys::Folder;
use crate::repository::{Change, Precondition, Stamp};

async fn create(repository: &ObjectRepository, name: &str) {
    let at: ModelKey = format!("MIST/{name}").parse().unwrap();
    let change = Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Api,
        at: Timestamp::now(),
        message: String::new(),
    };
    let content = ModelDefinition::new(&at);
    repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
}

#[tokio::test]
async fn own_work_is_told_from_that_of_others() {
    let harness = InFolder::fresh().await;
    let own = &harness.repository;
    let other = ObjectRepository::open_folder(harness.folder.path())
        .await
        .unwrap();
    let marker = async || own.marker().await.unwrap();

    let start = marker().await;
    assert!(own.is_own_work(&start, &start));
    create(own, "a").await;
    let first = marker().await;
    create(own, "b").await;
    let second = marker().await;
    assert!(own.is_own_work(&start, &first) && own.is_own_work(&start, &second));
    assert!(own.is_own_work(&first, &second));
    assert!(!other.is_own_work(&start, &second));

    create(&other, "c").await;
    let third = marker().await;
    create(own, "d").await;
    let fourth = marker().await;
    assert!(!own.is_own_work(&second, &third));
    assert!(!own.is_own_work(&second, &fourth));
    assert!(own.is_own_work(&third, &fourth));
}

#[tokio::test]
async fn of_two_who_write_at_once_both_learn_of_each_other() {
    let harness = InFolder::fresh().await;
    let own = &harness.repository;
    let other = ObjectRepository::open_folder(harness.folder.path())
        .await
        .unwrap();
    for round in 0..20 {
        let before = own.marker().await.unwrap();
        let (mine, theirs) = (format!("a{round}"), format!("b{round}"));
        tokio::join!(create(own, &mine), create(&other, &theirs));
        let after = own.marker().await.unwrap();
        assert!(!own.is_own_work(&before, &after), "round {round}");
        assert!(!other.is_own_work(&before, &after), "round {round}");
    }
}

#[tokio::test]
async fn many_writes_of_ones_own_at_once_are_ones_own_work() {
    let harness = InFolder::fresh().await;
    let own = &harness.repository;
    let before = own.marker().await.unwrap();
    let names: Vec<String> = (0..50).map(|n| format!("m{n}")).collect();
    futures::future::join_all(names.iter().map(|name| create(own, name))).await;
    let after = own.marker().await.unwrap();
    assert_ne!(before, after);
    assert!(own.is_own_work(&before, &after));
}

/// A store that refuses to renew the marker when it is told to, once.
#[derive(Debug)]
struct Refusing {
    inner: Arc<dyn ConditionalStore>,
    refuses: AtomicBool,
    renewed: AtomicUsize,
}

impl Refusing {
    async fn fresh() -> (InFolder, Arc<Self>, ObjectRepository) {
        let harness = InFolder::fresh().await;
        let store = Arc::new(Self {
            inner: harness.repository.store.clone(),
            refuses: AtomicBool::new(false),
            renewed: AtomicUsize::new(0),
        });
        let repository = ObjectRepository::new(store.clone());
        (harness, store, repository)
    }

    fn refuse(&self) {
        self.refuses.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl ConditionalStore for Refusing {
    async fn get(&self, key: &StoreKey) -> Result<Option<Object>, Fault> {
        self.inner.get(key).await
    }

    async fn put(
        &self,
        key: &StoreKey,
        bytes: Arc<[u8]>,
        condition: &Condition,
        labels: Option<&Labels>,
    ) -> Result<Option<Stamp>, Fault> {
        let is_marker = *key == StoreKey::change();
        if is_marker && self.refuses.swap(false, Ordering::SeqCst) {
            return Err(Fault::Unavailable {
                message: "slow down".to_owned(),
                source: None,
            });
        }
        self.renewed
            .fetch_add(usize::from(is_marker), Ordering::SeqCst);
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

    async fn remove_unchanged(&self, key: &StoreKey, tag: &Tag) -> Result<Removal, Fault> {
        self.inner.remove_unchanged(key, tag).await
    }

    async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        self.inner.list(folder).await
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}

#[tokio::test]
async fn what_nobody_asked_for_is_told_by_the_next_renewal_that_gets_through() {
    let (_harness, store, own) = Refusing::fresh().await;
    create(&own, "a").await;
    let before = own.marker().await.unwrap();
    own.marks.note_unknown();
    store.refuse();
    own.renew_marker().await;
    assert_eq!(own.marker().await.unwrap(), before);
    create(&own, "b").await;
    let after = own.marker().await.unwrap();
    assert!(!own.is_own_work(&before, &after));
    // It is told once.
    create(&own, "c").await;
    let last = own.marker().await.unwrap();
    assert!(own.is_own_work(&after, &last));
}

#[tokio::test]
async fn a_renewal_that_failed_is_made_up_for_by_those_who_waited() {
    let (_harness, store, own) = Refusing::fresh().await;
    create(&own, "a").await;
    let renewed = || store.renewed.load(Ordering::SeqCst);
    let before = renewed();
    // The first holds the turn while both others come to wait for it.
    let first = async {
        own.renew_marker().await;
        store.refuse();
    };
    tokio::join!(first, own.renew_marker(), own.renew_marker());
    assert_eq!(renewed(), before + 2);
}
