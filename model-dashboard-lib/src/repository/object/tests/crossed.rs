//! Renames that crashed, and another program that changed what they left, with the field
//! `registry` as it was.

use std::sync::Arc;

use super::InFolder;
use super::failing::{FailingStore, Fails};
use crate::conformance::repository::RepositoryHarness as _;
use crate::model::{DuplicateKeys, ModelDefinition, ModelId, ModelKey, Timestamp, Via};
use crate::repository::object::ObjectRepository;
use crate::repository::{Change, ModelRepository as _, Precondition, StoredModel};

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

fn because() -> Change {
    Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Cli,
        at: Timestamp::now(),
        message: String::new(),
    }
}

fn id(stored: &StoredModel) -> ModelId {
    let definition = ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins);
    definition.unwrap().registry().unwrap().id
}

/// A rename from A to B that crashed before its write number `writes`; B had another model
/// before. Then another program describes and enables what lies at one of them.
async fn crossed(writes: usize, changed: &str) -> (InFolder, StoredModel) {
    let there = InFolder::fresh().await;
    let repository = &there.repository;
    let (a, b) = (key("nnUNet/A"), key("nnUNet/B"));
    let create = async |at: &ModelKey| {
        let content = ModelDefinition::new(at);
        let (absent, change) = (Precondition::Absent, because());
        let made = repository.put(at, &content, &absent, &change).await;
        made.unwrap()
    };
    create(&b).await;
    let exists = Precondition::Exists;
    repository.delete(&b, &exists, &because()).await.unwrap();
    let first = create(&a).await;
    let failing = FailingStore::new(repository.store.clone(), writes, Fails::Before);
    let content = ModelDefinition::new(&b);
    let crashed = ObjectRepository::new(Arc::new(failing))
        .rename(&a, &b, &content, &exists, &because())
        .await;
    crashed.unwrap_err();
    let changed = key(changed);
    let left = repository.get(&changed).await.unwrap();
    let left = ModelDefinition::parse(&left.bytes, DuplicateKeys::LastWins);
    let mut left = left.unwrap();
    left.set_description("theirs");
    left.set_enabled(true);
    there.write_outside(&changed, &left.to_bytes()).await;
    (there, first)
}

#[tokio::test]
async fn a_move_that_was_decided_is_one_whatever_others_made_of_it() {
    // The tombstone is put, or the old key is noted, too.
    for writes in [2, 3] {
        let (there, first) = crossed(writes, "nnUNet/B").await;
        let repository = &there.repository;
        let b = key("nnUNet/B");
        let seen = repository.get(&b).await.unwrap();
        assert!(repository.reconcile(&seen).await.unwrap(), "{writes}");
        let identified = repository.identify(&b).await.unwrap();
        assert_eq!(identified, Some(id(&first)), "{writes}");
        let content = ModelDefinition::new(&b);
        let exists = Precondition::Exists;
        let edited = repository.put(&b, &content, &exists, &because()).await;
        assert_eq!(id(&edited.unwrap()), id(&first), "{writes}");
    }
}

#[tokio::test]
async fn a_move_that_was_not_decided_leaves_no_model_twice() {
    let (there, first) = crossed(1, "nnUNet/B").await;
    let repository = &there.repository;
    let (a, b) = (key("nnUNet/A"), key("nnUNet/B"));
    let seen = repository.get(&b).await.unwrap();
    assert!(repository.reconcile(&seen).await.unwrap());
    assert!(!repository.reconcile(&first).await.unwrap());
    assert_ne!(repository.identify(&b).await.unwrap(), Some(id(&first)));
    assert_eq!(repository.identify(&a).await.unwrap(), Some(id(&first)));
    assert_eq!(repository.revisions(&id(&first)).await.unwrap(), [1]);
}

#[tokio::test]
async fn a_move_is_not_taken_back_because_others_enabled_what_it_left() {
    let (there, first) = crossed(2, "nnUNet/A").await;
    let repository = &there.repository;
    let (a, b) = (key("nnUNet/A"), key("nnUNet/B"));
    let moved = repository.get(&b).await.unwrap();
    assert!(repository.reconcile(&moved).await.unwrap());
    assert_eq!(repository.get(&b).await.unwrap(), moved);
    let left = repository.get(&a).await.unwrap();
    assert!(repository.reconcile(&left).await.unwrap());
    assert_eq!(repository.identify(&b).await.unwrap(), Some(id(&first)));
    assert_ne!(repository.identify(&a).await.unwrap(), Some(id(&first)));
    assert_eq!(repository.revisions(&id(&first)).await.unwrap(), [1, 2]);
}
