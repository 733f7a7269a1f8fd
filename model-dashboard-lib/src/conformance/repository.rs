//! What every [`ModelRepository`] must do.
//!
//! ```text
//! struct MyStore { … }
//! impl RepositoryHarness for MyStore { … }
//!
//! // One test per case; each gets a fresh, empty store.
//! model_dashboard::model_repository_conformance!(MyStore::fresh().await);
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use crate::model::{
    DuplicateKeys, MAX_DEFINITION_BYTES, ModelDefinition, ModelId, ModelKey, RegistryInfo,
    Timestamp, Via,
};
use crate::repository::{
    Change, ModelRepository, Precondition, RepositoryError, Stamp, StoredModel,
};

/// An empty repository under test, and the way around it that other programs take.
#[async_trait]
pub trait RepositoryHarness: Send + Sync {
    /// The repository: always the same one.
    fn repository(&self) -> Arc<dyn ModelRepository>;

    /// Puts bytes at a key as another program would, past the repository.
    async fn write_outside(&self, key: &ModelKey, bytes: &[u8]);
}

/// Makes one `#[tokio::test]` of every case of the suite. The argument is an expression, which may
/// await, that gives a fresh [`RepositoryHarness`].
#[macro_export]
macro_rules! model_repository_conformance {
    ($fresh:expr) => {
        $crate::model_repository_conformance! { @cases $fresh;
            a_new_model_is_stored_and_read_back
            an_edit_keeps_the_id_and_takes_the_next_number
            a_live_model_is_not_created_again
            what_is_missing_cannot_be_changed
            a_lost_race_is_a_conflict
            a_knowing_overwrite_needs_no_version
            of_64_writers_one_wins_each_round
            of_64_creators_one_wins
            knowing_overwrites_all_get_through
            a_reader_never_sees_half_a_write
            a_tombstone_is_left_and_numbers_go_on_after_it
            nothing_is_carried_over_a_deletion
            a_rename_keeps_the_id
            a_key_that_a_model_moved_away_from_begins_a_new_id
            a_model_can_move_back
            a_rename_does_not_replace_a_live_model
            a_rename_over_a_tombstone_keeps_both_histories
            a_rename_and_an_edit_at_once_leave_one_model
            unknown_fields_numbers_and_order_survive
            owner_tags_and_package_are_carried_forward
            the_rest_of_the_registry_field_is_not_taken_from_the_content
            a_dropped_registry_field_is_made_up_for
            a_change_with_a_stale_digest_is_archived
            a_return_to_older_bytes_is_archived_as_a_change
            reconciling_archives_once
            reconciling_an_older_state_does_nothing
            an_object_of_the_existing_system_gets_one_id
            a_copy_made_by_hand_is_another_model
            a_broken_object_can_be_replaced
            revisions_never_change
            a_revision_that_is_not_there_is_not_found
            a_definition_that_is_too_large_is_refused
            names_of_existing_objects_round_trip
            a_listing_shows_the_stamps_that_writes_answered
            many_are_read_at_once_in_order
            the_marker_changes_with_every_write
            the_probe_passes
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let harness = $fresh;
            $crate::conformance::repository::$case(&harness).await;
        }
    )*};
}

type Harness<'a> = &'a dyn RepositoryHarness;

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

fn because(message: &str) -> Change {
    Change {
        by: "mkeller".to_owned(),
        via: Via::Api,
        at: Timestamp::now(),
        message: message.to_owned(),
    }
}

fn definition(text: &str) -> ModelDefinition {
    ModelDefinition::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap()
}

fn described(key: &ModelKey, description: &str) -> ModelDefinition {
    let mut definition = ModelDefinition::new(key);
    definition.set_description(description);
    definition
}

fn read(stored: &StoredModel) -> ModelDefinition {
    ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins).unwrap()
}

fn info(stored: &StoredModel) -> RegistryInfo {
    read(stored).registry().expect("a field registry")
}

async fn create(harness: Harness<'_>, at: &ModelKey, description: &str) -> StoredModel {
    let content = described(at, description);
    let repository = harness.repository();
    let created = repository
        .put(at, &content, &Precondition::Absent, &because(""))
        .await;
    created.expect("a new model")
}

async fn edit(harness: Harness<'_>, stored: &StoredModel, description: &str) -> StoredModel {
    let mut content = read(stored);
    content.set_description(description);
    let precondition = Precondition::Version(stored.version);
    let repository = harness.repository();
    let edited = repository
        .put(&stored.key, &content, &precondition, &because("edit"))
        .await;
    edited.expect("an edit")
}

async fn delete(harness: Harness<'_>, stored: &StoredModel) -> StoredModel {
    let precondition = Precondition::Version(stored.version);
    let repository = harness.repository();
    let deleted = repository
        .delete(&stored.key, &precondition, &because("gone"))
        .await;
    deleted.expect("a deletion")
}

async fn rename(harness: Harness<'_>, stored: &StoredModel, to: &ModelKey) -> StoredModel {
    let mut content = read(stored);
    content.set_key(to);
    let precondition = Precondition::Version(stored.version);
    let repository = harness.repository();
    let change = because("moved");
    let renamed = repository
        .rename(&stored.key, to, &content, &precondition, &change)
        .await;
    renamed.expect("a rename")
}

/// The whole history, checked to be without gaps.
async fn history(harness: Harness<'_>, id: ModelId) -> Vec<Arc<[u8]>> {
    let repository = harness.repository();
    let numbers = repository.revisions(&id).await.unwrap();
    let expected: Vec<u64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "the history has a gap");
    let mut all = Vec::new();
    for number in numbers {
        let revision = repository.revision(&id, number).await.unwrap();
        assert_eq!((revision.id, revision.number), (id, number));
        all.push(revision.bytes);
    }
    all
}

/// A new model can be read, is listed, has an id and revision 1, and lies in the history.
pub async fn a_new_model_is_stored_and_read_back(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let content = described(&at, "first");
    let change = Change {
        message: "because".to_owned(),
        ..because("")
    };
    let created = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();

    assert_eq!(repository.get(&at).await.unwrap(), created);
    let noted = info(&created);
    assert_eq!(noted.revision, 1);
    assert_eq!(noted.key, Some(at.clone()));
    assert_eq!(noted.message.as_deref(), Some("because"));
    assert_eq!(noted.modified_by.as_deref(), Some("mkeller"));
    assert_eq!(noted.modified_at, Some(change.at));
    assert_eq!(noted.via, Some(Via::Api));
    assert!(noted.write_id.is_some());
    assert!(!read(&created).is_changed_outside());
    assert_eq!(read(&created).description(), "first");
    let listing = repository.list().await.unwrap();
    assert_eq!(listing.models.len(), 1);
    assert_eq!(listing.models[0].key, at);
    assert_eq!(listing.models[0].size, created.bytes.len() as u64);
    assert_eq!(history(harness, noted.id).await, [created.bytes]);
}

/// Every edit keeps the id and takes the next number, and all states lie in the history.
pub async fn an_edit_keeps_the_id_and_takes_the_next_number(harness: Harness<'_>) {
    let mut stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let id = info(&stored).id;
    let mut states = vec![stored.bytes.clone()];
    for number in 2..=12 {
        stored = edit(harness, &stored, &format!("edit {number}")).await;
        assert_eq!((info(&stored).id, info(&stored).revision), (id, number));
        states.push(stored.bytes.clone());
    }
    assert_eq!(history(harness, id).await, states);
}

/// `Absent` on a live model is [`RepositoryError::Exists`] and changes nothing.
pub async fn a_live_model_is_not_created_again(harness: Harness<'_>) {
    let repository = harness.repository();
    let stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let content = described(&stored.key, "second");
    let refused = repository
        .put(&stored.key, &content, &Precondition::Absent, &because(""))
        .await;
    assert!(
        matches!(refused, Err(RepositoryError::Exists { .. })),
        "{refused:?}"
    );
    assert_eq!(repository.get(&stored.key).await.unwrap(), stored);
}

/// Where there is no live model, every change but a creation is [`RepositoryError::NotFound`].
pub async fn what_is_missing_cannot_be_changed(harness: Harness<'_>) {
    let repository = harness.repository();
    let gone = delete(harness, &create(harness, &key("nnUNet/Gone"), "").await).await;
    for at in [key("nnUNet/Never"), gone.key.clone()] {
        let content = described(&at, "");
        for precondition in [Precondition::Exists, Precondition::Version(gone.version)] {
            let change = because("");
            let put = repository.put(&at, &content, &precondition, &change).await;
            assert!(
                matches!(put, Err(RepositoryError::NotFound { .. })),
                "{put:?}"
            );
            let deleted = repository.delete(&at, &precondition, &change).await;
            assert!(
                matches!(deleted, Err(RepositoryError::NotFound { .. })),
                "{deleted:?}"
            );
            let to = key("nnUNet/Elsewhere");
            let renamed = repository
                .rename(&at, &to, &content, &precondition, &change)
                .await;
            assert!(
                matches!(renamed, Err(RepositoryError::NotFound { .. })),
                "{renamed:?}"
            );
        }
    }
    let never = repository.get(&key("nnUNet/Never")).await;
    assert!(
        matches!(never, Err(RepositoryError::NotFound { .. })),
        "{never:?}"
    );
    assert_eq!(repository.list().await.unwrap().models.len(), 1);
}

/// A write on the ground of an older version is a conflict that gives the present state, for every
/// kind of write, and changes nothing.
pub async fn a_lost_race_is_a_conflict(harness: Harness<'_>) {
    let repository = harness.repository();
    let old = create(harness, &key("nnUNet/Task001"), "first").await;
    let winner = edit(harness, &old, "second").await;
    let stale = Precondition::Version(old.version);
    let content = described(&old.key, "lost");
    let change = because("");
    let to = key("nnUNet/Elsewhere");
    for lost in [
        repository.put(&old.key, &content, &stale, &change).await,
        repository.delete(&old.key, &stale, &change).await,
        repository
            .rename(&old.key, &to, &content, &stale, &change)
            .await,
    ] {
        match lost {
            Err(RepositoryError::Conflict { key, current }) => {
                assert_eq!(key, old.key);
                assert_eq!(current.as_deref(), Some(&winner));
            }
            other => panic!("not a conflict: {other:?}"),
        }
    }
    assert_eq!(repository.get(&old.key).await.unwrap(), winner);
    assert_eq!(
        history(harness, info(&old).id).await,
        [old.bytes, winner.bytes]
    );
    assert_eq!(repository.list().await.unwrap().models.len(), 1);
}

/// [`Precondition::Exists`] overwrites whatever is there.
pub async fn a_knowing_overwrite_needs_no_version(harness: Harness<'_>) {
    let repository = harness.repository();
    let stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let content = described(&stored.key, "second");
    let change = because("");
    let written = repository
        .put(&stored.key, &content, &Precondition::Exists, &change)
        .await;
    assert_eq!(info(&written.unwrap()).revision, 2);
    let deleted = repository
        .delete(&stored.key, &Precondition::Exists, &change)
        .await;
    assert_eq!(info(&deleted.unwrap()).revision, 3);
}

const WRITERS: usize = 64;

/// Runs one write per writer at once, and gives those that got through. The others must have lost
/// a race, in whichever way a winner can end it.
async fn at_once<F, Fut>(writers: usize, write: F) -> Vec<StoredModel>
where
    F: Fn(usize) -> Fut,
    Fut: Future<Output = Result<StoredModel, RepositoryError>> + Send + 'static,
{
    use RepositoryError::{Conflict, Exists, NotFound};
    let running: Vec<_> = (0..writers).map(|n| tokio::spawn(write(n))).collect();
    let mut won = Vec::new();
    for writer in running {
        match writer.await.expect("a writer that does not panic") {
            Ok(stored) => won.push(stored),
            Err(Conflict { .. } | Exists { .. } | NotFound { .. }) => {}
            Err(other) => panic!("neither written nor a lost race: {other}"),
        }
    }
    won
}

/// 64 writers with the same version, 50 rounds: one wins, its state stands, no number is left out.
pub async fn of_64_writers_one_wins_each_round(harness: Harness<'_>) {
    let mut stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let id = info(&stored).id;
    for round in 0..50 {
        let won = at_once(WRITERS, |writer| {
            let repository = harness.repository();
            let mut content = read(&stored);
            content.set_description(&format!("round {round}, writer {writer}"));
            let (at, precondition) = (stored.key.clone(), Precondition::Version(stored.version));
            async move {
                repository
                    .put(&at, &content, &precondition, &because(""))
                    .await
            }
        })
        .await;
        assert_eq!(won.len(), 1, "winners in round {round}");
        stored = harness.repository().get(&stored.key).await.unwrap();
        assert_eq!(won[0], stored);
        assert_eq!((info(&stored).id, info(&stored).revision), (id, round + 2));
    }
    assert_eq!(history(harness, id).await.len(), 51);
}

/// 64 creators of the same model, 10 rounds with a deletion between them: one wins.
pub async fn of_64_creators_one_wins(harness: Harness<'_>) {
    let at = key("nnUNet/Task001");
    let mut ids = Vec::new();
    for round in 0..10 {
        let won = at_once(WRITERS, |writer| {
            let repository = harness.repository();
            let content = described(&at, &format!("round {round}, writer {writer}"));
            let at = at.clone();
            async move {
                repository
                    .put(&at, &content, &Precondition::Absent, &because(""))
                    .await
            }
        })
        .await;
        assert_eq!(won.len(), 1, "winners in round {round}");
        assert_eq!(harness.repository().get(&at).await.unwrap(), won[0]);
        ids.push(info(&won[0]).id);
        delete(harness, &won[0]).await;
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(history(harness, ids[0]).await.len(), 20);
}

/// 16 writers that overwrite knowingly all get through, and every state lies in the history once.
pub async fn knowing_overwrites_all_get_through(harness: Harness<'_>) {
    let stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let mut won = at_once(16, |writer| {
        let repository = harness.repository();
        let content = described(&stored.key, &format!("writer {writer}"));
        let at = stored.key.clone();
        async move {
            repository
                .put(&at, &content, &Precondition::Exists, &because(""))
                .await
        }
    })
    .await;
    won.push(stored);
    won.sort_by_key(|stored| info(stored).revision);
    let states: Vec<_> = won.iter().map(|stored| stored.bytes.clone()).collect();
    assert_eq!(states.len(), 17);
    assert_eq!(history(harness, info(&won[0]).id).await, states);
}

/// A reader beside a writer sees whole definitions only, and never an older one after a newer one.
pub async fn a_reader_never_sees_half_a_write(harness: Harness<'_>) {
    let mut stored = create(harness, &key("nnUNet/Task001"), &"x".repeat(20_000)).await;
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (repository, at) = (harness.repository(), stored.key.clone());
            let done = done.clone();
            tokio::spawn(async move {
                let mut seen = 0;
                while !done.load(Ordering::Relaxed) {
                    let stored = repository.get(&at).await.unwrap();
                    let revision = info(&stored).revision;
                    assert!(!read(&stored).is_changed_outside());
                    assert!(revision >= seen, "revision {revision} after {seen}");
                    seen = revision;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for n in 0..30 {
        stored = edit(harness, &stored, &n.to_string().repeat(10_000 + n * 100)).await;
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("a reader that saw nothing wrong");
    }
}

/// A deletion leaves a small disabled tombstone; creating the key again goes on with id and
/// numbers.
pub async fn a_tombstone_is_left_and_numbers_go_on_after_it(harness: Harness<'_>) {
    let repository = harness.repository();
    let mut content = described(&key("nnUNet/Task001"), &"long ".repeat(1000));
    content.set_enabled(true);
    let at = key("nnUNet/Task001");
    let change = because("not needed");
    let created = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
    let tombstone = delete(harness, &created).await;
    assert_eq!(repository.get(&at).await.unwrap(), tombstone);
    assert!(
        tombstone.bytes.len() < 2000,
        "{} bytes",
        tombstone.bytes.len()
    );
    assert!(!read(&tombstone).enabled());
    let noted = info(&tombstone);
    assert_eq!((noted.id, noted.revision), (info(&created).id, 2));
    let deleted = noted.deleted.expect("a tombstone");
    assert_eq!(deleted.by.as_deref(), Some("mkeller"));
    assert_eq!(deleted.moved_to, None);
    assert_eq!(noted.message.as_deref(), Some("gone"));

    let again = create(harness, &at, "again").await;
    assert_eq!((info(&again).id, info(&again).revision), (noted.id, 3));
    assert_eq!(info(&again).deleted, None);
    let states = [created.bytes, tombstone.bytes, again.bytes];
    assert_eq!(history(harness, noted.id).await, states);
}

/// A model created where one was deleted does not inherit its owner, tags and package.
pub async fn nothing_is_carried_over_a_deletion(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let content = definition(r#"{"registry":{"owner":"a","tags":["t"],"package":"p"}}"#);
    let change = because("");
    let first = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
    delete(harness, &first).await;
    let second = info(&create(harness, &at, "").await);
    assert_eq!(
        (second.owner, second.tags.len(), second.package),
        (None, 0, None)
    );
}

/// A rename keeps the id, takes the next number and leaves a tombstone that says where to.
pub async fn a_rename_keeps_the_id(harness: Harness<'_>) {
    let repository = harness.repository();
    let before = create(harness, &key("nnUNet/Old"), "first").await;
    let to = key("nnUNet_v2/New");
    let after = rename(harness, &before, &to).await;
    assert_eq!(after.key, to);
    assert_eq!(repository.get(&to).await.unwrap(), after);
    let id = info(&before).id;
    assert_eq!((info(&after).id, info(&after).revision), (id, 2));
    assert_eq!(info(&after).key, Some(to.clone()));
    let tombstone = repository.get(&before.key).await.unwrap();
    let deleted = info(&tombstone).deleted.expect("a tombstone");
    assert_eq!(deleted.moved_to, Some(to.to_string()));
    assert!(!read(&tombstone).enabled());
    assert!(!repository.reconcile(&after).await.unwrap());
    assert!(!repository.reconcile(&tombstone).await.unwrap());
    let last = edit(harness, &after, "second").await;
    assert_eq!((info(&last).id, info(&last).revision), (id, 3));
    let states = [before.bytes, after.bytes, last.bytes];
    assert_eq!(history(harness, id).await, states);
}

/// What is created at the old key of a renamed model is another model.
pub async fn a_key_that_a_model_moved_away_from_begins_a_new_id(harness: Harness<'_>) {
    let before = create(harness, &key("nnUNet/Old"), "first").await;
    let after = rename(harness, &before, &key("nnUNet/New")).await;
    let fresh = create(harness, &before.key, "other").await;
    assert_ne!(info(&fresh).id, info(&after).id);
    assert_eq!(info(&fresh).revision, 1);
    assert_eq!(history(harness, info(&after).id).await.len(), 2);
    assert_eq!(
        history(harness, info(&fresh).id).await,
        [Arc::clone(&fresh.bytes)]
    );
    let next = edit(harness, &fresh, "second").await;
    assert_eq!((info(&next).id, info(&next).revision), (info(&fresh).id, 2));
}

/// A model that moves there and back again is the same model all the way.
pub async fn a_model_can_move_back(harness: Harness<'_>) {
    let repository = harness.repository();
    let (here, there) = (key("nnUNet/Here"), key("nnUNet/There"));
    let mut stored = create(harness, &here, "first").await;
    let id = info(&stored).id;
    for n in 0..3 {
        stored = rename(harness, &stored, &there).await;
        assert_eq!((info(&stored).id, info(&stored).revision), (id, 2 * n + 2));
        stored = rename(harness, &stored, &here).await;
        assert_eq!((info(&stored).id, info(&stored).revision), (id, 2 * n + 3));
    }
    assert!(!repository.reconcile(&stored).await.unwrap());
    assert_eq!(repository.get(&here).await.unwrap(), stored);
    assert_eq!(history(harness, id).await.len(), 7);
}

/// A rename to a key that is taken, its own included, is [`RepositoryError::Exists`].
pub async fn a_rename_does_not_replace_a_live_model(harness: Harness<'_>) {
    let repository = harness.repository();
    let one = create(harness, &key("nnUNet/One"), "one").await;
    let two = create(harness, &key("nnUNet/Two"), "two").await;
    for to in [&two.key, &one.key] {
        let precondition = Precondition::Version(one.version);
        let refused = repository
            .rename(&one.key, to, &read(&one), &precondition, &because(""))
            .await;
        assert!(
            matches!(refused, Err(RepositoryError::Exists { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(repository.get(&one.key).await.unwrap(), one);
    assert_eq!(repository.get(&two.key).await.unwrap(), two);
}

/// A model renamed to the key of a deleted one keeps its own history, and the deleted one's stays.
pub async fn a_rename_over_a_tombstone_keeps_both_histories(harness: Harness<'_>) {
    let deleted = create(harness, &key("nnUNet/Two"), "deleted").await;
    let tombstone = delete(harness, &deleted).await;
    let one = create(harness, &key("nnUNet/One"), "one").await;
    let moved = rename(harness, &one, &deleted.key).await;
    assert_eq!((info(&moved).id, info(&moved).revision), (info(&one).id, 2));
    let states = [deleted.bytes.clone(), tombstone.bytes];
    assert_eq!(history(harness, info(&deleted).id).await, states);
    let edited = edit(harness, &moved, "edited").await;
    assert_eq!(info(&edited).id, info(&one).id);
    assert_eq!(history(harness, info(&one).id).await.len(), 3);
}

/// A rename and an edit on the ground of the same version: one wins, and the model is live at one
/// key only.
pub async fn a_rename_and_an_edit_at_once_leave_one_model(harness: Harness<'_>) {
    let repository = harness.repository();
    for round in 0..20 {
        let from = key(&format!("nnUNet/From{round}"));
        let to = key(&format!("nnUNet/To{round}"));
        let stored = create(harness, &from, "first").await;
        let won = at_once(8, |writer| {
            let (repository, from, to) = (harness.repository(), from.clone(), to.clone());
            let precondition = Precondition::Version(stored.version);
            let mut content = read(&stored);
            content.set_description(&format!("writer {writer}"));
            async move {
                let change = because("");
                if (writer + round) % 2 == 0 {
                    repository
                        .put(&from, &content, &precondition, &change)
                        .await
                } else {
                    repository
                        .rename(&from, &to, &content, &precondition, &change)
                        .await
                }
            }
        })
        .await;
        assert_eq!(won.len(), 1, "winners in round {round}");
        let other = if won[0].key == from { &to } else { &from };
        assert_eq!(repository.get(&won[0].key).await.unwrap(), won[0]);
        if let Ok(other) = repository.get(other).await {
            assert!(info(&other).deleted.is_some(), "live under both names");
        }
        let states = [stored.bytes, won[0].bytes.clone()];
        assert_eq!(history(harness, info(&won[0]).id).await, states);
    }
}

/// What the registry does not know keeps its place and its text: fields, long numbers, escapes.
pub async fn unknown_fields_numbers_and_order_survive(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let text = r#"{"zeta":1e-7,"name":"Task001","big":12345678901234567890123,"enabled":true,"a\u0062":"\u00fc","alpha":{"z":1.10,"a":[ 1, 2 ]},"network_type":"nnUNet"}"#;
    let content = definition(text);
    let change = because("");
    let stored = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
    let kept = text.strip_suffix('}').unwrap();
    assert!(
        stored.bytes.starts_with(kept.as_bytes()),
        "{:?}",
        read(&stored)
    );
    let edited = edit(harness, &stored, "new").await;
    assert!(
        edited.bytes.starts_with(kept.as_bytes()),
        "{:?}",
        read(&edited)
    );
}

/// `owner`, `tags`, `package` and `derived_from` come from the content where it names them, null
/// and nothing included, else from the definition before; members of the field from the future
/// stay.
pub async fn owner_tags_and_package_are_carried_forward(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let put = async |text: &str, precondition: Precondition| {
        let change = because("");
        let written = repository
            .put(&at, &definition(text), &precondition, &change)
            .await;
        info(&written.unwrap())
    };
    let first = put(
        r#"{"registry":{"owner":"team-a","tags":["x","y"],"package":"pkg","derived_from":"a/b@1"}}"#,
        Precondition::Absent,
    )
    .await;
    assert_eq!(first.owner.as_deref(), Some("team-a"));
    assert_eq!(first.tags, ["x", "y"]);
    assert_eq!(first.package.as_deref(), Some("pkg"));
    assert_eq!(first.derived_from.as_deref(), Some("a/b@1"));
    let carried = put("{}", Precondition::Exists).await;
    assert_eq!(carried.owner, first.owner);
    assert_eq!(carried.tags, first.tags);
    assert_eq!(carried.package, first.package);
    assert_eq!(carried.derived_from, first.derived_from);
    let named = r#"{"registry":{"owner":null,"tags":[],"package":"other"}}"#;
    let cleared = put(named, Precondition::Exists).await;
    assert_eq!((cleared.owner, cleared.tags.len()), (None, 0));
    assert_eq!(cleared.package.as_deref(), Some("other"));
    assert_eq!(cleared.derived_from, first.derived_from);
}

/// Identity, number, author and tombstone mark are the repository's own, whatever the content says.
pub async fn the_rest_of_the_registry_field_is_not_taken_from_the_content(harness: Harness<'_>) {
    let repository = harness.repository();
    let rest = r#""key":"a/b","message":"m","modified_by":"x","modified_at":"2020-01-01T00:00:00Z",
        "via":"cli","content_digest":"sha256:00","write_id":"w","moved_from":"a/c","deleted":{},
        "invented":1"#;
    let id = ModelId::new();
    let forged = [
        format!(r#"{{"registry":{{"id":"{id}","revision":99,{rest}}}}}"#),
        format!(r#"{{"registry":{{{rest}}}}}"#),
    ];
    for (n, text) in forged.iter().enumerate() {
        let at = key(&format!("nnUNet/Task{n}"));
        let change = because("real");
        let content = definition(text);
        let written = repository
            .put(&at, &content, &Precondition::Absent, &change)
            .await
            .unwrap();
        let noted = info(&written);
        assert_ne!(noted.id, id);
        assert_eq!((noted.revision, noted.key), (1, Some(at)));
        assert_eq!(noted.message.as_deref(), Some("real"));
        assert_eq!(noted.modified_by.as_deref(), Some("mkeller"));
        assert_eq!(
            (noted.modified_at, noted.via),
            (Some(change.at), Some(Via::Api))
        );
        assert_ne!(noted.write_id.as_deref(), Some("w"));
        assert_eq!((noted.moved_from, noted.deleted), (None, None));
        assert!(noted.other.is_empty());
        assert!(!read(&written).is_changed_outside());
    }
}

/// Where another program wrote the definition anew without the field `registry`, its state is
/// archived, and the next write goes on with id, number, owner, tags and package.
pub async fn a_dropped_registry_field_is_made_up_for(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let content = definition(r#"{"registry":{"owner":"team-a","tags":["x"],"package":"pkg"}}"#);
    let change = because("");
    let first = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
    let outside: [&[u8]; 2] = [
        br#"{"description":"theirs"}"#,
        br#"{"description": "again"}"#,
    ];
    harness.write_outside(&at, outside[0]).await;
    let seen = repository.get(&at).await.unwrap();
    assert!(repository.reconcile(&seen).await.unwrap());
    harness.write_outside(&at, outside[1]).await;
    let last = repository.get(&at).await.unwrap();
    let mut content = read(&last);
    content.set_alias("ours");
    let precondition = Precondition::Version(last.version);
    let written = repository
        .put(&at, &content, &precondition, &change)
        .await
        .unwrap();

    let (noted, before) = (info(&written), info(&first));
    assert_eq!((noted.id, noted.revision), (before.id, 4));
    assert_eq!(noted.owner.as_deref(), Some("team-a"));
    assert_eq!(noted.tags, ["x"]);
    assert_eq!(noted.package.as_deref(), Some("pkg"));
    assert_eq!(read(&written).description(), "again");
    let states = [&*first.bytes, outside[0], outside[1], &*written.bytes];
    let archived = history(harness, noted.id).await;
    assert_eq!(
        archived.iter().map(|bytes| &**bytes).collect::<Vec<_>>(),
        states
    );
}

/// Where another program kept the field but changed the rest, the next write of ours archives its
/// state under the next number and goes on after it.
pub async fn a_change_with_a_stale_digest_is_archived(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let mut theirs = read(&first);
    theirs.set_description("theirs");
    harness.write_outside(&first.key, &theirs.to_bytes()).await;
    let seen = repository.get(&first.key).await.unwrap();
    assert!(read(&seen).is_changed_outside());
    let written = edit(harness, &seen, "ours").await;
    assert_eq!(
        (info(&written).id, info(&written).revision),
        (info(&first).id, 3)
    );
    assert!(!read(&written).is_changed_outside());
    let states = [first.bytes.clone(), seen.bytes, written.bytes];
    assert_eq!(history(harness, info(&first).id).await, states);
}

/// Older bytes put back by hand are a change like any other: they get a number of their own.
pub async fn a_return_to_older_bytes_is_archived_as_a_change(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let second = edit(harness, &first, "second").await;
    harness.write_outside(&first.key, &first.bytes).await;
    let back = repository.get(&first.key).await.unwrap();
    assert!(repository.reconcile(&back).await.unwrap());
    assert!(!repository.reconcile(&back).await.unwrap());
    let written = edit(harness, &back, "third").await;
    assert_eq!(info(&written).revision, 4);
    let states = [
        first.bytes.clone(),
        second.bytes,
        first.bytes.clone(),
        written.bytes,
    ];
    assert_eq!(history(harness, info(&first).id).await, states);
}

/// Reconciling archives what is missing, and then there is nothing more to do.
pub async fn reconciling_archives_once(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    assert!(!repository.reconcile(&first).await.unwrap());
    let mut theirs = read(&first);
    theirs.set_description("theirs");
    harness.write_outside(&first.key, &theirs.to_bytes()).await;
    let seen = repository.get(&first.key).await.unwrap();
    assert!(repository.reconcile(&seen).await.unwrap());
    assert!(!repository.reconcile(&seen).await.unwrap());
    assert_eq!(repository.get(&first.key).await.unwrap(), seen);
    let states = [first.bytes.clone(), seen.bytes];
    assert_eq!(history(harness, info(&first).id).await, states);
}

/// A state that is no longer the present one is left alone: whoever replaced it archived it.
pub async fn reconciling_an_older_state_does_nothing(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let second = edit(harness, &first, "second").await;
    assert!(!repository.reconcile(&first).await.unwrap());
    let states = [first.bytes.clone(), second.bytes];
    assert_eq!(history(harness, info(&first).id).await, states);
}

/// An object that only the existing system has written gets an id at the first look, one however
/// many look at once, and keeps it when it is written.
pub async fn an_object_of_the_existing_system_gets_one_id(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let theirs = br#"{"name":"Task001","network_type":"nnUNet"}"#;
    harness.write_outside(&at, theirs).await;
    let seen = repository.get(&at).await.unwrap();
    let looking: Vec<_> = (0..16)
        .map(|_| {
            let (repository, seen) = (harness.repository(), seen.clone());
            tokio::spawn(async move { repository.reconcile(&seen).await })
        })
        .collect();
    for look in looking {
        look.await.unwrap().unwrap();
    }
    let written = edit(harness, &seen, "ours").await;
    assert_eq!(info(&written).revision, 2);
    let archived = history(harness, info(&written).id).await;
    assert_eq!(archived, [seen.bytes, written.bytes]);
}

/// An object copied to another key by hand is a model of its own, with a history of its own; the
/// one it was copied from stays as it is.
pub async fn a_copy_made_by_hand_is_another_model(harness: Harness<'_>) {
    let repository = harness.repository();
    let original = create(harness, &key("nnUNet/One"), "first").await;
    let moved = rename(harness, &original, &key("nnUNet/Two")).await;
    let copy = key("nnUNet/Copy");
    harness.write_outside(&copy, &moved.bytes).await;
    let seen = repository.get(&copy).await.unwrap();
    assert!(repository.reconcile(&seen).await.unwrap());
    assert!(!repository.reconcile(&moved).await.unwrap());
    let edited = edit(harness, &seen, "of the copy").await;
    assert_ne!(info(&edited).id, info(&moved).id);
    assert_eq!(info(&edited).revision, 2);
    assert_eq!(repository.get(&moved.key).await.unwrap(), moved);
    assert_eq!(history(harness, info(&moved).id).await.len(), 2);
}

/// A definition that does not parse is read as it is, counts as there, is archived and can be
/// replaced and deleted.
pub async fn a_broken_object_can_be_replaced(harness: Harness<'_>) {
    let repository = harness.repository();
    for (n, bytes) in [&b"{\"name\": \"Tas"[..], b"", b"[1]", b"\xff\xfe"]
        .into_iter()
        .enumerate()
    {
        let at = key(&format!("nnUNet/Broken{n}"));
        harness.write_outside(&at, bytes).await;
        let broken = repository.get(&at).await.unwrap();
        assert_eq!(&*broken.bytes, bytes);
        let content = described(&at, "mended");
        let change = because("mend");
        let created = repository
            .put(&at, &content, &Precondition::Absent, &change)
            .await;
        assert!(
            matches!(created, Err(RepositoryError::Exists { .. })),
            "{created:?}"
        );
        let precondition = Precondition::Version(broken.version);
        let mended = repository
            .put(&at, &content, &precondition, &change)
            .await
            .unwrap();
        assert_eq!(info(&mended).revision, 2);

        harness.write_outside(&at, bytes).await;
        let broken = repository.get(&at).await.unwrap();
        let tombstone = delete(harness, &broken).await;
        assert_eq!(
            (info(&tombstone).id, info(&tombstone).revision),
            (info(&mended).id, 4)
        );
        let archived = history(harness, info(&mended).id).await;
        assert_eq!((&*archived[0], &*archived[2]), (bytes, bytes));
    }
}

/// Whatever happens to a model afterwards, an archived revision stays as it was.
pub async fn revisions_never_change(harness: Harness<'_>) {
    let repository = harness.repository();
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    let id = info(&first).id;
    let second = edit(harness, &first, "second").await;
    let before = history(harness, id).await;
    let third = edit(harness, &second, "third").await;
    let moved = rename(harness, &third, &key("nnUNet/Other")).await;
    harness.write_outside(&moved.key, b"{}").await;
    let theirs = repository.get(&moved.key).await.unwrap();
    repository.reconcile(&theirs).await.unwrap();
    delete(harness, &theirs).await;
    let after = history(harness, id).await;
    assert_eq!(after[..2], before[..]);
    assert_eq!(after.len(), 6);
}

/// Revisions of unknown models and unknown numbers.
pub async fn a_revision_that_is_not_there_is_not_found(harness: Harness<'_>) {
    let repository = harness.repository();
    let stored = create(harness, &key("nnUNet/Task001"), "first").await;
    for (id, number) in [
        (info(&stored).id, 0),
        (info(&stored).id, 2),
        (ModelId::new(), 1),
    ] {
        let missing = repository.revision(&id, number).await;
        let expected = matches!(
            missing,
            Err(RepositoryError::RevisionNotFound { number: asked }) if asked == number
        );
        assert!(expected, "{missing:?}");
    }
    assert_eq!(
        repository.revisions(&ModelId::new()).await.unwrap(),
        [] as [u64; 0]
    );
}

/// A definition of more than 1 MiB is neither written nor read; what was stored before stays.
pub async fn a_definition_that_is_too_large_is_refused(harness: Harness<'_>) {
    let repository = harness.repository();
    let stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let mut content = read(&stored);
    content.set_description(&"x".repeat(MAX_DEFINITION_BYTES));
    let change = because("");
    let put = repository
        .put(&stored.key, &content, &Precondition::Exists, &change)
        .await;
    assert!(
        matches!(put, Err(RepositoryError::TooLarge { .. })),
        "{put:?}"
    );
    assert_eq!(repository.get(&stored.key).await.unwrap(), stored);

    let huge = key("nnUNet/Huge");
    harness
        .write_outside(&huge, &vec![b' '; MAX_DEFINITION_BYTES + 1])
        .await;
    let size = (MAX_DEFINITION_BYTES + 1) as u64;
    let listed = repository.list().await.unwrap();
    assert!(
        listed
            .models
            .iter()
            .any(|listed| listed.key == huge && listed.size == size)
    );
    for refused in [
        repository.get(&huge).await,
        repository
            .put(&huge, &described(&huge, ""), &Precondition::Exists, &change)
            .await,
        repository
            .delete(&huge, &Precondition::Exists, &change)
            .await,
    ] {
        let named = matches!(&refused, Err(RepositoryError::TooLarge { size: found, .. }) if *found == size);
        assert!(named, "{refused:?}");
    }
}

/// Names that an existing bucket may hold are listed, read, written and deleted as they are.
pub async fn names_of_existing_objects_round_trip(harness: Harness<'_>) {
    let repository = harness.repository();
    let names = [
        "nnUNet/Name With Spaces (v2)",
        "nnUNet/Größe-é",
        "nnUNet/100%",
        "nnUNet/a%2Fb",
        "nnUNet/a%20b+c",
        "nnUNet/#1",
        "nnUNet/model#12",
        "nnUNet/q?x=1&y",
        "nnUNet/back\\slash",
        "nnUNet/{~[^`|\"<>*]}",
        "nnUNet/.hidden",
        "nnUNet/ends.",
        "nnUNet/ends ",
        "nnUNet/…日本語🧠",
        "Mit Leerzeichen/x",
        "50%/y",
    ];
    for name in names {
        harness.write_outside(&key(name), b"{}").await;
    }
    let keys = async || {
        let listing = repository.list().await.unwrap();
        assert_eq!(listing.others, [] as [String; 0]);
        let mut keys: Vec<_> = listing
            .models
            .into_iter()
            .map(|listed| listed.key)
            .collect();
        keys.sort();
        keys
    };
    let mut expected = names.map(key);
    expected.sort();
    assert_eq!(keys().await, expected);
    for at in &expected {
        let seen = repository.get(at).await.unwrap();
        assert_eq!(&*seen.bytes, b"{}", "{at}");
        let edited = edit(harness, &seen, "edited").await;
        assert_eq!(repository.get(at).await.unwrap(), edited, "{at}");
        assert_eq!(history(harness, info(&edited).id).await.len(), 2, "{at}");
        harness.write_outside(at, b"{\"dropped\":true}").await;
        let dropped = repository.get(at).await.unwrap();
        let tombstone = delete(harness, &dropped).await;
        assert_eq!(
            (info(&tombstone).id, info(&tombstone).revision),
            (info(&edited).id, 4)
        );
    }
    assert_eq!(keys().await, expected);
}

/// A listing shows for each object the stamp that writing and reading it answered, another one
/// after every change.
pub async fn a_listing_shows_the_stamps_that_writes_answered(harness: Harness<'_>) {
    let repository = harness.repository();
    let listed = async || -> Stamp {
        let listing = repository.list().await.unwrap();
        assert_eq!(listing.models.len(), 1);
        listing.models[0].stamp.clone()
    };
    let first = create(harness, &key("nnUNet/Task001"), "aaaa").await;
    assert_eq!(listed().await, first.stamp);
    assert_eq!(repository.get(&first.key).await.unwrap().stamp, first.stamp);
    let second = edit(harness, &first, "bbbb").await;
    assert_ne!(first.stamp, second.stamp);
    assert_eq!(listed().await, second.stamp);
    harness.write_outside(&first.key, b"{}").await;
    let theirs = listed().await;
    assert_ne!(theirs, second.stamp);
    assert_eq!(repository.get(&first.key).await.unwrap().stamp, theirs);
}

/// Many are read at once; each answer stands at the place of its key, the missing ones too.
pub async fn many_are_read_at_once_in_order(harness: Harness<'_>) {
    let repository = harness.repository();
    let mut keys = Vec::new();
    for n in 0..300 {
        let at = key(&format!("type{}/m{n}", n % 7));
        if n % 10 != 0 {
            harness
                .write_outside(&at, format!("{{\"n\":{n}}}").as_bytes())
                .await;
        }
        keys.push(at);
    }
    let many = repository.get_many(&keys).await;
    assert_eq!(many.len(), keys.len());
    for (n, (at, found)) in keys.iter().zip(&many).enumerate() {
        match found {
            Ok(stored) => {
                assert_eq!(&stored.key, at);
                assert_eq!(&*stored.bytes, format!("{{\"n\":{n}}}").as_bytes());
                assert_eq!(stored, &repository.get(at).await.unwrap());
            }
            Err(RepositoryError::NotFound { key }) => assert_eq!((key, n % 10), (at, 0)),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Every write renews the marker; reading does not.
pub async fn the_marker_changes_with_every_write(harness: Harness<'_>) {
    let repository = harness.repository();
    let mut seen = vec![repository.marker().await.unwrap()];
    let mut renewed = async || {
        let marker = repository.marker().await.unwrap();
        assert!(!seen.contains(&marker), "the marker was not renewed");
        seen.push(marker);
    };
    let first = create(harness, &key("nnUNet/Task001"), "first").await;
    renewed().await;
    let second = edit(harness, &first, "second").await;
    renewed().await;
    let moved = rename(harness, &second, &key("nnUNet/Other")).await;
    renewed().await;
    delete(harness, &moved).await;
    renewed().await;
    repository.list().await.unwrap();
    repository.get(&moved.key).await.unwrap();
    assert_eq!(Some(&repository.marker().await.unwrap()), seen.last());
}

/// The repository can be written to and refuses what it must, and the proof leaves nothing behind.
pub async fn the_probe_passes(harness: Harness<'_>) {
    let repository = harness.repository();
    repository
        .probe()
        .await
        .expect("a store fit for several writers");
    repository
        .probe()
        .await
        .expect("a store fit for several writers, again");
    let listing = repository.list().await.unwrap();
    assert!(
        listing.models.is_empty() && listing.others.is_empty(),
        "{listing:?}"
    );
}
