//! Removals and copies that are stopped at any step.

use super::*;
use crate::conformance::repository::RepositoryHarness as _;
use crate::model::MAX_DEFINITION_BYTES;
use crate::repository::Purged;

/// A purge is done or not done, and the history stays whole: what is created next goes on with it.
#[tokio::test]
async fn a_purge_stopped_at_any_step_loses_no_history() {
    let at = key("nnUNet/A");
    // Whether the tombstone is in the history when it is purged.
    for archived in [true, false] {
        for fails in [Fails::Before, Fails::After] {
            for stops in 0.. {
                let harness = InFolder::fresh().await;
                Write::Delete.prepare(&harness).await;
                let repository = &harness.repository;
                let deletes = match archived {
                    true => usize::MAX - 1,
                    false => 1,
                };
                let deleting = FailingStore::new(repository.store.clone(), deletes, Fails::Before);
                let deleting = ObjectRepository::new(Arc::new(deleting));
                assert_eq!(Write::Delete.run(&deleting).await.is_ok(), archived);
                let tombstone = repository.get(&at).await.unwrap();
                assert!(info(&tombstone).deleted.is_some());

                let failing = FailingStore::new(repository.store.clone(), stops, fails);
                let failing = Arc::new(failing);
                let purging = ObjectRepository::new(failing.clone());
                let purged = purging.purge(&tombstone).await;
                let case = format!("{archived}, {fails:?} write {stops}: {purged:?}");
                let there = repository.get(&at).await;
                match (&purged, there) {
                    (Ok(Purged::Done) | Err(_), Err(RepositoryError::NotFound { .. })) => {}
                    (Err(_), Ok(there)) => assert_eq!(there, tombstone, "{case}"),
                    (_, there) => panic!("{case}: {there:?}"),
                }
                let next = Write::Create.run(repository).await.unwrap();
                assert_eq!(info(&next).id, info(&tombstone).id, "{case}");
                let history = history(repository, info(&next).id).await;
                let told: Vec<String> = history.iter().map(|bytes| description(bytes)).collect();
                assert_eq!(told, ["before", "deleted", "after"], "{case}");
                if !failing.has_failed() {
                    assert!(stops >= 2, "{case}");
                    break;
                }
            }
        }
    }
}

/// What is too large to be read is copied into the history before it is replaced; once it is, or
/// the write has not happened.
#[tokio::test]
async fn a_write_over_what_is_too_large_stopped_at_any_step_loses_nothing() {
    let at = key("nnUNet/A");
    let large = " ".repeat(MAX_DEFINITION_BYTES + 1);
    for fails in [Fails::Before, Fails::After] {
        for stops in 0.. {
            let harness = InFolder::fresh().await;
            Write::Edit.prepare(&harness).await;
            let repository = &harness.repository;
            let id = info(&repository.get(&at).await.unwrap()).id;
            harness.write_outside(&at, large.as_bytes()).await;
            let failing = FailingStore::new(repository.store.clone(), stops, fails);
            let failing = Arc::new(failing);
            let written = Write::Edit
                .run(&ObjectRepository::new(failing.clone()))
                .await;
            let case = format!("{fails:?} write {stops}: {written:?}");
            match (&written, repository.get(&at).await) {
                (Ok(_) | Err(_), Ok(there)) => {
                    let definition = read(&there);
                    assert_eq!(definition.description(), "after", "{case}");
                }
                (Err(_), Err(RepositoryError::TooLarge { .. })) => {}
                (_, there) => panic!("{case}: {there:?}"),
            }
            // Whoever writes next gets through.
            let content = content(&at, "next");
            let exists = Precondition::Exists;
            let next = repository.put(&at, &content, &exists, &because()).await;
            let next = next.unwrap();
            assert_eq!(info(&next).id, id, "{case}");
            let numbers = repository.revisions(&id).await.unwrap();
            let expected: Vec<u64> = (1..).take(numbers.len()).collect();
            assert_eq!(numbers, expected, "{case}: a gap");
            let mut told = Vec::new();
            for number in numbers {
                match repository.revision(&id, number).await {
                    Ok(revision) => told.push(description(&revision.bytes)),
                    Err(RepositoryError::RevisionTooLarge { .. }) => told.push("large".to_owned()),
                    Err(error) => panic!("{case}: {error}"),
                }
            }
            assert_eq!(
                told.iter().filter(|it| *it == "large").count(),
                1,
                "{case}: {told:?}"
            );
            assert_eq!(told.first().unwrap(), "before", "{case}");
            assert_eq!(told.last().unwrap(), "next", "{case}");
            if !failing.has_failed() {
                assert!(stops >= 3, "{case}");
                break;
            }
        }
    }
}
