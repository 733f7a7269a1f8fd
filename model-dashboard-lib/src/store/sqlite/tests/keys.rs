//! An audit log keeps the one key it began with.

use std::fs;
use std::path::Path;

use super::{AS_SCHEMA_6, fresh, open, other_program};
use crate::audit::{Action, AuditLog as _, ChainState, NewEvent};
use crate::store::sqlite::{DatabaseState, SqliteStore};
use crate::store::{AuditKey, StoreError};

async fn opened(path: &Path, data: &Path) -> SqliteStore {
    let store = SqliteStore::open_with_key_file(path, data.join("audit.key")).await;
    store.unwrap()
}

async fn refused(path: &Path, data: &Path) -> String {
    match SqliteStore::open_with_key_file(path, data.join("audit.key")).await {
        Err(StoreError::Unusable { message }) => message,
        other => panic!("{other:?}"),
    }
}

async fn append(store: &SqliteStore) {
    let event = NewEvent::of_server(Action::System, "x");
    store.append(&[event]).await.unwrap();
}

async fn assert_intact(store: &SqliteStore, count: u64) {
    let state = store.verify().await.unwrap();
    assert!(
        matches!(state, ChainState::Intact { events, .. } if events == count),
        "{state:?}"
    );
}

#[tokio::test]
async fn one_database_has_one_key_wherever_it_is_opened_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    let store = opened(&path, &here).await;
    append(&store).await;
    append(&opened(&path, &there).await).await;
    assert_intact(&store, 2).await;
    let key = AuditKey::beside(&path.canonicalize().unwrap());
    assert!(key.ends_with("users.db.audit-key") && key.exists());
    assert!(!here.exists() && !there.exists());
}

#[tokio::test]
async fn a_key_in_the_data_folder_is_taken_and_none_is_made_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    AuditKey::read_or_create(&here.join("audit.key")).unwrap();
    let store = opened(&path, &here).await;
    // Without an event, too: the head is sealed already.
    let message = refused(&path, &there).await;
    assert!(
        message.contains("users.db.audit-key")
            && message.contains(there.join("audit.key").to_str().unwrap())
            && message.contains("data_dir"),
        "{message}"
    );
    append(&store).await;
    refused(&path, &there).await;
    // A look finds the same, and makes no key either.
    let look = async |data: &Path| SqliteStore::look(&path, data.join("audit.key")).await;
    assert_eq!(look(&here).await.unwrap(), DatabaseState::Current);
    let found = look(&there).await.unwrap_err().to_string();
    assert!(found.contains("is missing"), "{found}");
    assert!(!there.exists() && !AuditKey::beside(store.path()).exists());
    assert_intact(&opened(&path, &here).await, 1).await;
}

#[tokio::test]
async fn another_key_is_refused_and_the_log_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let store = opened(&path, folder.path()).await;
    append(&store).await;
    let key = AuditKey::beside(store.path());
    let right = fs::read(&key).unwrap();
    fs::write(&key, "00".repeat(32)).unwrap();
    let message = refused(&path, folder.path()).await;
    assert!(message.contains(key.to_str().unwrap()), "{message}");
    fs::write(&key, right).unwrap();
    assert_intact(&opened(&path, folder.path()).await, 1).await;
}

#[tokio::test]
async fn a_log_whose_head_was_changed_is_opened_and_stays_broken() {
    for sql in [
        "UPDATE audit_head SET seal = zeroblob(32)",
        "DELETE FROM audit_head",
    ] {
        let (store, _folder) = fresh().await;
        append(&store).await;
        other_program(store.path()).execute_batch(sql).unwrap();
        let again = open(store.path()).await.unwrap();
        append(&again).await;
        let state = again.verify().await.unwrap();
        assert!(matches!(state, ChainState::Broken { .. }), "{state:?}");
    }
}

#[tokio::test]
async fn an_upgrade_seals_the_head_of_a_log_without_events_once() {
    let (store, _folder) = fresh().await;
    let path = store.path().to_owned();
    store.close().await;
    let head = "DELETE FROM audit_head";
    let earlier = "DROP INDEX audit_events_by_action; DROP INDEX audit_events_by_time;
        PRAGMA user_version = 4";
    other_program(&path)
        .execute_batch(&format!("{AS_SCHEMA_6} {head}; {earlier}"))
        .unwrap();
    // The event that tells of the upgrade.
    assert_intact(&open(&path).await.unwrap(), 1).await;
    other_program(&path).execute_batch(head).unwrap();
    let state = open(&path).await.unwrap().verify().await.unwrap();
    assert!(
        matches!(state, ChainState::Broken { at: 2, .. }),
        "{state:?}"
    );
}

#[tokio::test]
async fn an_upgrade_without_the_key_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let store = opened(&path, folder.path()).await;
    append(&store).await;
    store.close().await;
    other_program(&path)
        .execute_batch(&format!(
            "{AS_SCHEMA_6} DROP INDEX audit_events_by_action; DROP INDEX audit_events_by_time;
             PRAGMA user_version = 4",
        ))
        .unwrap();
    let (key, away) = (AuditKey::beside(store.path()), folder.path().join("away"));
    fs::rename(&key, &away).unwrap();
    let before = fs::read(&path).unwrap();
    refused(&path, folder.path()).await;
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no copy");
    fs::rename(&away, &key).unwrap();
    // With the event that tells of the upgrade.
    assert_intact(&opened(&path, folder.path()).await, 2).await;
}
