//! How the store reads, and what it notices of others.

use crate::audit::{Action, AuditLog as _, NewEvent};
use crate::auth::{SessionStore as _, Source, UserFilter, UserStore as _};
use crate::model::Timestamp;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::users::WITH_ACCESS;
use crate::tokens::TokenStore as _;

use super::{fresh, make, open, other_program};

#[tokio::test]
async fn the_generation_changes_when_another_connection_writes() {
    let (store, _folder) = fresh().await;
    let other = open(store.path()).await.unwrap();
    let mut seen = vec![store.generation().await.unwrap()];
    let mut changed = async || {
        let now = store.generation().await.unwrap();
        assert!(!seen.contains(&now), "{now} in {seen:?}");
        assert_eq!(store.generation().await.unwrap(), now);
        seen.push(now);
    };
    make(&other, "first").await.unwrap();
    changed().await;
    // Between two looks both wrote.
    make(&store, "third").await.unwrap();
    make(&other, "second").await.unwrap();
    make(&store, "fourth").await.unwrap();
    changed().await;
    let raw = other_program(store.path());
    raw.execute(
        "UPDATE users SET is_active = 0 WHERE username = 'first'",
        [],
    )
    .unwrap();
    changed().await;
    raw.execute("DELETE FROM users WHERE username = 'second'", [])
        .unwrap();
    changed().await;
}

#[tokio::test]
async fn notes_of_use_and_events_leave_what_is_in_memory_valid() {
    let (store, _folder) = fresh().await;
    let before = store.generation().await.unwrap();
    let now = Timestamp::now();
    store.record_token_use(&[(1, now)]).await.unwrap();
    store.touch_sessions(&[(1, now)]).await.unwrap();
    let event = NewEvent::of_server(Action::System, "x");
    store.append(&[event]).await.unwrap();
    assert_eq!(store.generation().await.unwrap(), before);
    make(&store, "ann").await.unwrap();
    assert_ne!(store.generation().await.unwrap(), before);
}

#[tokio::test]
async fn while_another_program_holds_the_lock_it_is_known_that_nothing_changed() {
    let (store, _folder) = fresh().await;
    let before = store.generation().await.unwrap();
    let other = other_program(store.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writing = make(&store, "ann");
    let mut writing = std::pin::pin!(writing);
    assert!(futures::poll!(&mut writing).is_pending());
    assert_eq!(store.generation().await.unwrap(), before);
    other.execute_batch("ROLLBACK").unwrap();
    writing.await.unwrap();
}

#[tokio::test]
async fn long_reads_of_the_log_leave_those_of_tokens_alone() {
    let (store, _folder) = fresh().await;
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let may_go_on = std::sync::Arc::new(std::sync::Mutex::new(may_go_on));
    let exports: Vec<_> = (0..8)
        .map(|_| {
            let (store, may_go_on) = (store.clone(), may_go_on.clone());
            tokio::spawn(async move {
                let export = move |_: &rusqlite::Connection| {
                    let _ = may_go_on.lock().unwrap().recv();
                    Ok(())
                };
                store.read_log(export).await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(store.list_tokens(None).await.unwrap(), vec![]);
    drop(go_on);
    for export in exports {
        export.await.unwrap().unwrap();
    }
}

/// The steps that SQLite takes for a statement.
async fn plan(store: &SqliteStore, sql: &str) -> String {
    let sql = sql.to_owned();
    let explain = move |db: &rusqlite::Connection| {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let unbound = vec![rusqlite::types::Null; statement.parameter_count()];
        let steps = statement.query_map(rusqlite::params_from_iter(unbound), |row| row.get(3))?;
        Ok(steps.collect::<rusqlite::Result<Vec<String>>>()?)
    };
    store.read(explain).await.unwrap().join("; ")
}

#[tokio::test]
async fn what_is_looked_up_all_the_time_is_indexed() {
    let (store, _folder) = fresh().await;
    let lookups = [
        "SELECT * FROM api_tokens WHERE token_hash = ?",
        "SELECT * FROM api_tokens WHERE owner_source = ? AND owner_subject = ?",
        "SELECT * FROM sessions WHERE hash = ?",
        "SELECT * FROM sessions WHERE source = ? AND subject = ? ORDER BY created_at DESC, id DESC",
        "SELECT * FROM users WHERE id = ?",
        "SELECT * FROM users WHERE username_folded = ?",
        "SELECT * FROM accounts WHERE source = ? AND subject = ?",
        "SELECT * FROM accounts WHERE source = ? AND username_folded = ?",
        "SELECT * FROM audit_events WHERE target = ? AND seq < ? ORDER BY seq DESC",
        "SELECT * FROM audit_events WHERE (actor = ? OR actor_name = ?) ORDER BY seq DESC",
        "SELECT max(seq) FROM audit_events",
    ];
    let with_access = format!("SELECT * FROM accounts {WITH_ACCESS}");
    for sql in lookups.into_iter().chain([with_access.as_str()]) {
        let plan = plan(&store, sql).await;
        assert!(
            plan.contains("SEARCH") && !plan.contains("SCAN"),
            "{sql}: {plan}"
        );
    }
}

#[tokio::test]
async fn lists_have_at_most_10000_rows() {
    let (store, _folder) = fresh().await;
    let numbers = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 10002)";
    let fill = format!(
        "{numbers} INSERT INTO users (username, username_folded, password_hash, display_name, role,
            role_reason) SELECT 'u' || n, 'u' || n, '', '', 'viewer', '' FROM n;
         {numbers} INSERT INTO api_tokens (username, token_hash, expires_at, owner_source,
            owner_subject, scopes)
            SELECT '', n, strftime('%FT%H:%M:%f', 1800000000 - n, 'unixepoch'), 'local', n, '' FROM n;"
    );
    store
        .write(move |db| Ok(db.execute_batch(&fill)?))
        .await
        .unwrap();
    assert_eq!(
        store
            .list_users(&UserFilter::default())
            .await
            .unwrap()
            .len(),
        10_000
    );
    let tokens = store.list_tokens(None).await.unwrap();
    assert_eq!(tokens.len(), 10_000);
    let end = Timestamp::parse("2027-01-15T08:00:00Z").unwrap();
    let first = end.minus(std::time::Duration::from_secs(10_002));
    assert_eq!(tokens[0].expires_at, Some(first), "those that end first");
}

#[tokio::test]
async fn what_other_programs_leave_behind_is_read_safely() {
    let (store, _folder) = fresh().await;
    make(&store, "ann").await.unwrap();
    let raw = other_program(store.path());
    raw.execute_batch(
        "UPDATE users SET email = '', is_active = NULL, created_at = 'long ago', updated_at = 5;
         INSERT INTO api_tokens (username, token_hash, expires_at, owner_source, owner_subject,
            scopes) VALUES ('ann', 'x', 'soon', 'local', '1', 'models:read'),
            ('ann', 'y', '2031-01-01 00:00:00', 'local', '1', 'models:read');",
    )
    .unwrap();
    let ann = store
        .list_users(&UserFilter {
            source: Some(Source::local()),
        })
        .await
        .unwrap()
        .remove(0);
    assert_eq!((ann.email, ann.is_active), (None, false));
    assert_eq!((ann.created_at, ann.updated_at), (None, None));
    let tokens = store.list_tokens(None).await.unwrap();
    let ends: Vec<_> = tokens
        .iter()
        .map(|token| token.expires_at.unwrap().to_string())
        .collect();
    assert_eq!(ends, ["2031-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]);
}

#[tokio::test]
async fn several_reads_and_writes_run_at_once() {
    let (store, _folder) = fresh().await;
    let work = (0..40).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let user = make(&store, &format!("user{n}")).await.unwrap();
            assert_eq!(store.user(&user.id).await.unwrap(), Some(user.clone()));
            assert_eq!(store.list_sessions(&user.id).await.unwrap(), vec![]);
        })
    });
    for done in futures::future::join_all(work).await {
        done.unwrap();
    }
    assert_eq!(
        store
            .list_users(&UserFilter::default())
            .await
            .unwrap()
            .len(),
        40
    );
}
