//! Every kind of write, stopped between every two of its steps: what a process that dies there
//! leaves behind, and what the next one makes of it.

mod moves;
mod removals;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::InFolder;
use super::failing::{FailingStore, Fails};
use crate::model::{
    DuplicateKeys, ModelDefinition, ModelId, ModelKey, RegistryInfo, Timestamp, Via,
};
use crate::repository::object::ObjectRepository;
use crate::repository::object::conditional::ConditionalStore;
use crate::repository::{Change, ModelRepository, Precondition, RepositoryError, StoredModel};

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

fn content(at: &ModelKey, description: &str) -> ModelDefinition {
    let mut definition = ModelDefinition::new(at);
    definition.set_description(description);
    definition
}

fn read(stored: &StoredModel) -> ModelDefinition {
    ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins).unwrap()
}

fn info(stored: &StoredModel) -> RegistryInfo {
    read(stored).registry().unwrap()
}

/// One write on the ground of what a store holds.
#[derive(Clone, Copy, Debug)]
enum Write {
    Create,
    CreateOverTombstone,
    Edit,
    EditOfOutside,
    Delete,
    Rename,
    RenameOverTombstone,
    RenameBack,
    RenameOfOutside,
}

const WRITES: [Write; 8] = [
    Write::Create,
    Write::CreateOverTombstone,
    Write::Edit,
    Write::EditOfOutside,
    Write::Delete,
    Write::Rename,
    Write::RenameOverTombstone,
    Write::RenameBack,
];

impl Write {
    /// Brings a fresh store into the state that the write starts from.
    async fn prepare(self, harness: &InFolder) {
        use crate::conformance::repository::RepositoryHarness as _;
        let repository = &harness.repository;
        let (a, b) = (key("nnUNet/A"), key("nnUNet/B"));
        let create = async |at: &ModelKey| {
            let content = content(at, "before");
            let change = because();
            repository
                .put(at, &content, &Precondition::Absent, &change)
                .await
                .unwrap()
        };
        let delete = async |at: &ModelKey| {
            repository
                .delete(at, &Precondition::Exists, &because())
                .await
                .unwrap();
        };
        match self {
            Self::Create => {}
            Self::RenameOfOutside => {
                harness
                    .write_outside(&a, b"{\"by\":\"another program\"}")
                    .await;
            }
            Self::CreateOverTombstone => {
                create(&a).await;
                delete(&a).await;
            }
            Self::Edit | Self::Delete | Self::Rename => drop(create(&a).await),
            Self::EditOfOutside => {
                create(&a).await;
                harness
                    .write_outside(&a, b"{\"by\":\"another program\"}")
                    .await;
            }
            Self::RenameOverTombstone => {
                create(&b).await;
                delete(&b).await;
                create(&a).await;
            }
            Self::RenameBack => {
                let created = create(&b).await;
                let exists = Precondition::Exists;
                let change = because();
                repository
                    .rename(&b, &a, &read(&created), &exists, &change)
                    .await
                    .unwrap();
            }
        }
    }

    async fn run(self, repository: &ObjectRepository) -> Result<StoredModel, RepositoryError> {
        let (a, b) = (key("nnUNet/A"), key("nnUNet/B"));
        let (exists, change) = (Precondition::Exists, because());
        let content = content(&a, "after");
        match self {
            Self::Create | Self::CreateOverTombstone => {
                repository
                    .put(&a, &content, &Precondition::Absent, &change)
                    .await
            }
            Self::Edit | Self::EditOfOutside => {
                repository.put(&a, &content, &exists, &change).await
            }
            Self::Delete => repository.delete(&a, &exists, &change).await,
            Self::Rename | Self::RenameOverTombstone | Self::RenameBack | Self::RenameOfOutside => {
                repository.rename(&a, &b, &content, &exists, &change).await
            }
        }
    }
}

/// Everything that people see: live definitions by key, and their histories by id.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    live: BTreeMap<ModelKey, String>,
    histories: BTreeMap<ModelId, Vec<String>>,
}

/// What a process that starts afresh sees after it has reconciled what it found, checked: no
/// history has a gap, every object is whole and the last of its history, no model is live twice.
async fn after_a_restart(repository: &ObjectRepository) -> Seen {
    let listed = async || repository.list().await.unwrap().models;
    for model in listed().await {
        let stored = repository.get(&model.key).await.unwrap();
        repository.reconcile(&stored).await.unwrap();
    }
    let mut seen = Seen {
        live: BTreeMap::new(),
        histories: BTreeMap::new(),
    };
    let mut live = Vec::new();
    for model in listed().await {
        let stored = repository.get(&model.key).await.unwrap();
        assert!(
            !repository.reconcile(&stored).await.unwrap(),
            "reconciled twice: {stored:?}"
        );
        let definition = read(&stored);
        let Some(noted) = definition.registry() else {
            seen.live
                .insert(model.key.clone(), definition.description());
            continue;
        };
        let moved = noted.deleted.as_ref().is_some_and(|d| d.moved_to.is_some());
        if noted.deleted.is_none() {
            assert!(!live.contains(&noted.id), "live under two names");
            live.push(noted.id);
            seen.live
                .insert(model.key.clone(), definition.description());
        }
        if !moved {
            let history = history(repository, noted.id).await;
            assert_eq!(
                history.last(),
                Some(&stored.bytes),
                "not the last of its history"
            );
            let shown = history.iter().map(|bytes| description(bytes)).collect();
            seen.histories.insert(noted.id, shown);
        }
    }
    seen
}

async fn history(repository: &ObjectRepository, id: ModelId) -> Vec<Arc<[u8]>> {
    let numbers = repository.revisions(&id).await.unwrap();
    let expected: Vec<u64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "the history has a gap");
    let mut all = Vec::new();
    for number in numbers {
        all.push(repository.revision(&id, number).await.unwrap().bytes);
    }
    all
}

fn description(bytes: &[u8]) -> String {
    let definition = ModelDefinition::parse(bytes, DuplicateKeys::LastWins).unwrap();
    match definition.registry() {
        Some(noted) if noted.deleted.is_some() => "deleted".to_owned(),
        Some(_) => definition.description(),
        None => "outside".to_owned(),
    }
}

/// A number so that histories of different stores can be compared: ids differ from run to run.
fn numbered(seen: &Seen) -> (Vec<(String, String)>, Vec<Vec<String>>) {
    let live = seen.live.iter();
    let live = live
        .map(|(key, text)| (key.to_string(), text.clone()))
        .collect();
    let mut histories: Vec<_> = seen.histories.values().cloned().collect();
    histories.sort();
    (live, histories)
}

#[tokio::test]
async fn a_write_stopped_at_any_step_is_done_or_not_done_and_loses_nothing() {
    for write in WRITES {
        let untouched = InFolder::fresh().await;
        write.prepare(&untouched).await;
        let before = numbered(&after_a_restart(&untouched.repository).await);
        write.run(&untouched.repository).await.unwrap();
        let after = numbered(&after_a_restart(&untouched.repository).await);
        assert_ne!(before, after);

        for fails in [Fails::Before, Fails::After] {
            let (mut stops, mut unfinished) = (0, 0);
            loop {
                let harness = InFolder::fresh().await;
                write.prepare(&harness).await;
                let store: Arc<dyn ConditionalStore> = harness.repository.store.clone();
                let failing = Arc::new(FailingStore::new(store, stops, fails));
                let outcome = write.run(&ObjectRepository::new(failing.clone())).await;
                let case = format!("{write:?}, {fails:?} write {stops}");
                let seen = numbered(&after_a_restart(&harness.repository).await);
                match (&outcome, failing.has_failed()) {
                    // Even a lost change marker is no reason to fail.
                    (Ok(_), _) => assert_eq!(seen, after, "{case}: acknowledged, but not there"),
                    (Err(RepositoryError::Unfinished { stored, .. }), true) => {
                        assert_eq!(seen, after, "{case}: committed, but not there");
                        let there = harness.repository.get(&stored.key).await.unwrap();
                        assert_eq!(there.bytes, stored.bytes, "{case}");
                        unfinished += 1;
                    }
                    (Err(RepositoryError::Unavailable { .. }), true) => {
                        assert!(seen == before || seen == after, "{case}: {seen:?}");
                    }
                    (Err(error), _) => panic!("{case}: {error}"),
                }
                // The next writer gets through, whatever was left, and nothing is left out.
                let next = write_on(&harness.repository).await;
                let all = after_a_restart(&harness.repository).await;
                assert!(all.live.values().any(|text| text == "next"), "{case}");
                let own = &all.histories[&info(&next).id];
                assert_eq!(own.last().map(String::as_str), Some("next"), "{case}");
                if !failing.has_failed() {
                    break;
                }
                stops += 1;
            }
            assert!(stops >= 3, "{write:?} has {stops} steps only");
            assert!(
                unfinished >= 1,
                "{write:?}: a failure after the commit counts as one"
            );
        }
    }
}

/// Edits the one live model, or creates one if there is none.
async fn write_on(repository: &ObjectRepository) -> StoredModel {
    let seen = after_a_restart(repository).await;
    let at = seen.live.into_keys().next().unwrap_or(key("nnUNet/A"));
    let precondition = match repository.get(&at).await {
        Ok(stored) if info_if_any(&stored).is_none_or(|noted| noted.deleted.is_none()) => {
            Precondition::Version(stored.version)
        }
        _ => Precondition::Absent,
    };
    let content = content(&at, "next");
    repository
        .put(&at, &content, &precondition, &because())
        .await
        .unwrap()
}

fn info_if_any(stored: &StoredModel) -> Option<RegistryInfo> {
    read(stored).registry()
}

/// As above, but without anyone reconciling first: the next writer makes up for it itself.
#[tokio::test]
async fn the_next_writer_makes_up_for_one_that_was_interrupted() {
    // Two revisions are written where another program's definition is renamed.
    for write in WRITES.into_iter().chain([Write::RenameOfOutside]) {
        for fails in [Fails::Before, Fails::After] {
            for stops in 0.. {
                let harness = InFolder::fresh().await;
                write.prepare(&harness).await;
                let store: Arc<dyn ConditionalStore> = harness.repository.store.clone();
                let failing = Arc::new(FailingStore::new(store, stops, fails));
                drop(write.run(&ObjectRepository::new(failing.clone())).await);
                if !failing.has_failed() {
                    break;
                }
                let repository = &harness.repository;
                for at in [key("nnUNet/A"), key("nnUNet/B")] {
                    let content = content(&at, "next");
                    let change = because();
                    let put = repository
                        .put(&at, &content, &Precondition::Exists, &change)
                        .await;
                    match put {
                        Ok(_) | Err(RepositoryError::NotFound { .. }) => {}
                        Err(error) => panic!("{write:?}, {fails:?} write {stops}: {error}"),
                    }
                }
                after_a_restart(repository).await;
            }
        }
    }
}
