//! What every [`ModelRepository`] must do.
//!
//! ```text
//! struct MyStore { … }
//! impl RepositoryHarness for MyStore { … }
//!
//! // One test per case; each gets a fresh, empty store.
//! model_dashboard::model_repository_conformance!(MyStore::fresh().await);
//! ```

mod history;
mod leaving;
mod outside;
mod races;
mod reading;
mod registry_field;
mod tidying;
mod writing;

use std::sync::Arc;

use async_trait::async_trait;

use crate::model::{
    DuplicateKeys, MAX_DEFINITION_BYTES, ModelDefinition, ModelId, ModelKey, RegistryInfo,
    Timestamp, Via,
};
use crate::repository::{
    Change, ModelRepository, Precondition, RepositoryError, Stamp, StoredModel,
};

pub use history::*;
pub use leaving::*;
pub use outside::*;
pub use races::*;
pub use reading::*;
pub use registry_field::*;
pub use tidying::*;
pub use writing::*;

/// An empty repository under test, and the way around it that other programs take.
#[async_trait]
pub trait RepositoryHarness: Send + Sync {
    /// The repository: always the same one.
    fn repository(&self) -> Arc<dyn ModelRepository>;

    /// Puts bytes at a key as another program would, past the repository.
    async fn write_outside(&self, key: &ModelKey, bytes: &[u8]);

    /// Removes the object at a key as another program would.
    async fn remove_outside(&self, key: &ModelKey);
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
            a_tombstone_that_others_enabled_is_a_model
            a_rename_keeps_the_id
            a_key_that_a_model_moved_away_from_begins_a_new_id
            a_model_can_move_back
            a_rename_does_not_replace_a_live_model
            a_rename_over_a_tombstone_keeps_both_histories
            a_rename_and_an_edit_at_once_leave_one_model
            of_two_renames_at_once_one_wins
            an_object_of_the_existing_system_can_be_renamed
            a_model_changed_outside_can_be_renamed
            a_number_written_by_hand_does_no_harm
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
            a_copy_of_a_first_revision_is_another_model
            a_state_at_a_former_key_is_another_model
            a_broken_object_can_be_replaced
            what_is_too_large_to_be_read_is_replaced_and_deleted
            revisions_never_change
            a_history_is_read_page_by_page
            a_revision_too_large_to_be_read_hides_no_other
            the_model_at_a_key_is_identified
            a_revision_that_is_not_there_is_not_found
            a_definition_that_is_too_large_is_refused
            names_of_existing_objects_round_trip
            a_listing_shows_the_stamps_that_writes_answered
            many_are_read_at_once_in_order
            the_marker_changes_with_every_write
            the_inventory_names_histories_and_keys
            a_purged_tombstone_leaves_history_and_identity
            the_tombstone_of_a_rename_can_be_purged
            what_is_no_tombstone_is_not_purged
            a_purge_and_a_creation_at_once_lose_nothing
            a_removal_by_others_is_in_the_history_once
            what_was_not_removed_is_not_noted_as_removed
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
        source: None,
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
