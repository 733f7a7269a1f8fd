//! What somebody does to the audit log who can write the file but has no key.

use rusqlite::Connection;

use super::{fresh, open, other_program};
use crate::audit::{Action, AuditLog as _, ChainState, NewEvent};
use crate::model::Timestamp;
use crate::store::AuditKey;
use crate::store::sqlite::SqliteStore;

fn event(number: i64) -> NewEvent {
    NewEvent {
        at: Timestamp::from_unix_micros(number),
        actor: "local:1".into(),
        actor_name: "ann".into(),
        via: "api".into(),
        from: "192.0.2.1".into(),
        request_id: format!("request-{number}"),
        action: Action::TokenCreate,
        target: format!("token:{number}"),
        revision: Some(3),
        reason: "because".into(),
        detail: String::new(),
    }
}

async fn append(store: &SqliteStore, numbers: std::ops::Range<i64>) {
    store
        .append(&numbers.map(event).collect::<Vec<_>>())
        .await
        .unwrap();
}

/// A log of nine events after `tamper`, checked before and after one more event.
async fn after(tamper: impl Fn(&Connection) -> rusqlite::Result<()>) -> (ChainState, ChainState) {
    let (store, _folder) = fresh().await;
    append(&store, 1..10).await;
    {
        let db = other_program(store.path());
        db.execute_batch(
            "DROP TRIGGER audit_events_are_not_changed; DROP TRIGGER audit_events_are_not_removed;",
        )
        .unwrap();
        tamper(&db).unwrap();
    }
    let before = store.verify().await.unwrap();
    append(&store, 10..11).await;
    (before, store.verify().await.unwrap())
}

fn breaks_at(state: &ChainState) -> Option<u64> {
    match state {
        ChainState::Broken { at, .. } => Some(*at),
        _ => None,
    }
}

async fn shows(at: u64, sql: &str) {
    let (before, later) = after(|db| db.execute_batch(sql)).await;
    assert_eq!(breaks_at(&before), Some(at), "{sql}: {before:?}");
    assert!(
        breaks_at(&later).is_some(),
        "{sql}, then an event: {later:?}"
    );
}

#[tokio::test]
async fn an_edit_shows() {
    for column in [
        "actor",
        "actor_name",
        "via",
        "\"from\"",
        "request_id",
        "target",
        "reason",
    ] {
        shows(
            4,
            &format!("UPDATE audit_events SET {column} = 'x' WHERE seq = 4"),
        )
        .await;
    }
    shows(
        4,
        "UPDATE audit_events SET at = '1970-01-01T00:00:01.000000' WHERE seq = 4",
    )
    .await;
    shows(4, "UPDATE audit_events SET at = 'never' WHERE seq = 4").await;
    shows(
        4,
        "UPDATE audit_events SET action = 'model.create' WHERE seq = 4",
    )
    .await;
    shows(4, "UPDATE audit_events SET revision = NULL WHERE seq = 4").await;
    shows(4, "UPDATE audit_events SET detail = 'x' WHERE seq = 4").await;
    shows(
        4,
        "UPDATE audit_events SET digest = zeroblob(32) WHERE seq = 4",
    )
    .await;
    shows(
        9,
        "UPDATE audit_events SET digest = zeroblob(32) WHERE seq = 9",
    )
    .await;
}

#[tokio::test]
async fn a_removal_shows() {
    shows(1, "DELETE FROM audit_events WHERE seq = 1").await;
    shows(4, "DELETE FROM audit_events WHERE seq = 4").await;
    let close_the_gap = "DELETE FROM audit_events WHERE seq = 4;
        UPDATE audit_events SET seq = seq - 1 WHERE seq > 4";
    shows(4, close_the_gap).await;
}

#[tokio::test]
async fn a_removed_end_shows_even_after_further_events() {
    shows(9, "DELETE FROM audit_events WHERE seq = 9").await;
    shows(5, "DELETE FROM audit_events WHERE seq >= 5").await;
    shows(1, "DELETE FROM audit_events").await;
    shows(1, "DELETE FROM audit_events; DELETE FROM audit_head").await;
}

#[tokio::test]
async fn numbers_of_removed_events_are_not_given_again() {
    let (store, _folder) = fresh().await;
    append(&store, 1..10).await;
    other_program(store.path())
        .execute_batch(
            "DROP TRIGGER audit_events_are_not_removed; DELETE FROM audit_events WHERE seq > 5",
        )
        .unwrap();
    let written = store.append(&[event(10)]).await.unwrap();
    assert_eq!(written[0].seq, 10);
}

#[tokio::test]
async fn an_insertion_shows() {
    let copy = "INSERT INTO audit_events (seq, at, actor, actor_name, via, \"from\", request_id,
        action, target, revision, reason, detail, digest) SELECT";
    let rest = "at, actor, actor_name, via, \"from\", request_id, action, target, revision,
        reason, detail, digest FROM audit_events";
    shows(10, &format!("{copy} 10, {rest} WHERE seq = 9")).await;
    shows(1, &format!("{copy} 0, {rest} WHERE seq = 9")).await;
    let shift = "UPDATE audit_events SET seq = -seq WHERE seq > 4;
        UPDATE audit_events SET seq = 1 - seq WHERE seq < 0;";
    shows(5, &format!("{shift} {copy} 5, {rest} WHERE seq = 2")).await;
}

#[tokio::test]
async fn an_exchange_shows() {
    let exchange = "UPDATE audit_events SET seq = -3 WHERE seq = 3;
        UPDATE audit_events SET seq = 3 WHERE seq = 4;
        UPDATE audit_events SET seq = 4 WHERE seq = -3;";
    shows(3, exchange).await;
}

#[tokio::test]
async fn a_change_of_the_head_shows_even_after_further_events() {
    let cut = "DELETE FROM audit_events WHERE seq > 5;";
    shows(6, &format!("{cut} DELETE FROM audit_head")).await;
    shows(6, &format!("{cut} UPDATE audit_head SET seq = 5")).await;
    let fitting = "UPDATE audit_head SET seq = 5,
        digest = (SELECT digest FROM audit_events WHERE seq = 5)";
    shows(6, &format!("{cut} {fitting}")).await;
    shows(10, "DELETE FROM audit_head").await;
    shows(10, "UPDATE audit_head SET digest = 'x'").await;
}

#[tokio::test]
async fn another_key_does_not_fit() {
    let (store, _folder) = fresh().await;
    append(&store, 1..4).await;
    let other = SqliteStore::open(store.path(), AuditKey::from_bytes([8; 32])).await;
    let error = other.unwrap_err().to_string();
    assert!(error.contains("was not written with"), "{error}");
    assert_eq!(breaks_at(&store.verify().await.unwrap()), None);
}

#[tokio::test]
async fn the_log_outlives_the_process_and_grows_on() {
    let (store, _folder) = fresh().await;
    append(&store, 1..4).await;
    store.close().await;
    let again = open(store.path()).await.unwrap();
    append(&again, 4..6).await;
    let second = open(store.path()).await.unwrap();
    append(&second, 6..7).await;
    append(&again, 7..8).await;
    let state = second.verify().await.unwrap();
    let ChainState::Intact {
        events: 7,
        head: Some((7, digest)),
    } = state
    else {
        panic!("{state:?}");
    };
    assert_eq!(again.event(7).await.unwrap().unwrap().digest, digest);
}

#[tokio::test]
async fn events_are_neither_changed_nor_removed_by_accident() {
    let (store, _folder) = fresh().await;
    append(&store, 1..4).await;
    let db = other_program(store.path());
    db.execute("UPDATE audit_events SET reason = 'x'", [])
        .unwrap_err();
    db.execute("DELETE FROM audit_events", []).unwrap_err();
    assert_eq!(breaks_at(&store.verify().await.unwrap()), None);
}
