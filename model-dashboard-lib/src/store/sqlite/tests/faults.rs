//! What the disk and other programs do to the file.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use super::{child, fresh, make, open, other_program, path_from_parent};
use crate::auth::{Source, UserFilter, UserStore as _, Username};
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;

async fn usernames(store: &SqliteStore) -> Vec<String> {
    let users = store.list_users(&UserFilter::default()).await.unwrap();
    users
        .into_iter()
        .map(|user| user.username.to_string())
        .collect()
}

fn unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Unavailable { message, .. }) => message,
        other => panic!("not unavailable: {other:?}"),
    }
}

fn unusable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Unusable { message }) => message,
        other => panic!("not unusable: {other:?}"),
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_acknowledged_is_lost() {
    let (store, _folder) = fresh().await;
    let limit = |pages: i64| {
        store.write(move |db| {
            Ok(db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
        })
    };
    let pages = |db: &rusqlite::Connection| {
        Ok(db.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))?)
    };
    limit(store.read(pages).await.unwrap() + 2).await.unwrap();
    let mut made = Vec::new();
    let full = loop {
        let username = format!("user{:05}", made.len());
        match make(&store, &username).await {
            Ok(_) => made.push(username),
            refused => break unavailable(refused),
        }
    };
    assert!(full.contains("full; free space"), "{full}");
    assert!(made.len() > 10);
    assert_eq!(usernames(&store).await, made);
    limit(1_000).await.unwrap();
    make(&store, "later").await.unwrap();
    store.close().await;
    made.insert(0, "later".into());
    assert_eq!(usernames(&open(store.path()).await.unwrap()).await, made);
}

#[tokio::test]
async fn a_file_that_turns_read_only_is_said_and_still_read() {
    let (store, _folder) = fresh().await;
    make(&store, "ann").await.unwrap();
    store
        .write(|db| Ok(db.pragma_update(None, "query_only", true)?))
        .await
        .unwrap();
    let message = unavailable(make(&store, "bob").await);
    assert!(
        message.contains("cannot be written; give this program write access"),
        "{message}"
    );
    assert_eq!(usernames(&store).await, ["ann"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_may_not_be_written_is_not_opened() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    let (store, folder) = fresh().await;
    make(&store, "ann").await.unwrap();
    store.close().await;
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    // Nothing is read-only for root, so the child is somebody else, who must be able to run it.
    let program = folder.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    mode(&program, 0o755).unwrap();
    mode(store.path(), 0o444).unwrap();
    for folder_mode in [0o777, 0o555] {
        mode(folder.path(), folder_mode).unwrap();
        let mut child = child(
            &program,
            "faults::opens_what_it_may_not_write",
            store.path(),
        );
        if is_roots(&program) {
            child.uid(65_534).gid(65_534);
        }
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            said.contains("cannot be written; give this program write access"),
            "{output:?}"
        );
    }
    mode(folder.path(), 0o755).unwrap();
}

/// Whether a file made by this process belongs to root.
#[cfg(unix)]
fn is_roots(own: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(own).unwrap().uid() == 0
}

#[tokio::test]
#[ignore = "runs in a process of another user, started by a test"]
#[allow(clippy::print_stdout)]
async fn opens_what_it_may_not_write() {
    println!("{}", unavailable(open(&path_from_parent()).await));
}

#[tokio::test]
async fn a_file_that_is_locked_by_another_program_is_said() {
    let (store, _folder) = fresh().await;
    store
        .write(|db| Ok(db.busy_timeout(Duration::from_millis(20))?))
        .await
        .unwrap();
    let other = other_program(store.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let message = unavailable(make(&store, "ann").await);
    assert!(message.contains("locked by another program"), "{message}");
    assert_eq!(usernames(&store).await, [""; 0], "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    make(&store, "ann").await.unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_said() {
    let (store, _folder) = fresh().await;
    for n in 0..200 {
        make(&store, &format!("user{n}")).await.unwrap();
    }
    store.close().await;
    let path = store.path();
    let mut bytes = fs::read(path).unwrap();
    let whole = bytes.clone();
    // Every page but the one with the schema.
    bytes[4096..].fill(0xa5);
    fs::write(path, &bytes).unwrap();
    let failed = match open(path).await {
        Ok(store) => store.list_users(&UserFilter::default()).await.map(drop),
        Err(error) => Err(error),
    };
    let message = unusable(failed);
    assert!(
        message.contains("is damaged; stop the program and restore a backup"),
        "{message}"
    );

    fs::write(
        path,
        b"something else entirely, long enough to hold a header of its own kind, hm".repeat(9),
    )
    .unwrap();
    let message = unusable(open(path).await);
    assert!(message.contains("is no SQLite database"), "{message}");

    fs::write(path, whole).unwrap();
    assert_eq!(usernames(&open(path).await.unwrap()).await.len(), 200);
}

#[tokio::test]
async fn a_place_where_no_file_can_be_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [folder.path().to_owned(), file.join("users.db")] {
        let message = unavailable(open(&path).await);
        assert!(message.contains(path.to_str().unwrap()), "{message}");
    }
    // A missing folder is made.
    open(&folder.path().join("new/folder/users.db"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_write_that_panics_leaves_nothing_and_harms_no_other() {
    let (store, _folder) = fresh().await;
    let panicked = store
        .write(|db| -> crate::store::sqlite::error::Result<()> {
            db.execute_batch("DELETE FROM users; INSERT INTO pending_rewrite DEFAULT VALUES")?;
            panic!("for this test");
        })
        .await;
    assert!(
        matches!(panicked, Err(StoreError::Internal(_))),
        "{panicked:?}"
    );
    make(&store, "ann").await.unwrap();
    let pending = |db: &rusqlite::Connection| {
        Ok(
            db.query_row("SELECT count(*) FROM pending_rewrite", [], |row| {
                row.get::<_, i64>(0)
            })?,
        )
    };
    assert_eq!(store.read(pending).await.unwrap(), 0);
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_any_more_is_left_out_unless_it_has_begun() {
    let (store, _folder) = fresh().await;
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let busy = {
        let store = store.clone();
        tokio::spawn(async move {
            let work = store.write(move |db| {
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
                db.execute("INSERT INTO pending_rewrite DEFAULT VALUES", [])?;
                Ok(())
            });
            work.await
        })
    };
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap())
        .await
        .unwrap();
    {
        let waiting = make(&store, "ann");
        let mut waiting = std::pin::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
    }
    busy.abort();
    go_on.send(()).unwrap();
    make(&store, "bob").await.unwrap();
    assert_eq!(usernames(&store).await, ["bob"]);
    let begun = |db: &rusqlite::Connection| {
        Ok(
            db.query_row("SELECT count(*) FROM pending_rewrite", [], |row| {
                row.get::<_, i64>(0)
            })?,
        )
    };
    assert_eq!(
        store.read(begun).await.unwrap(),
        1,
        "what has begun is finished"
    );
}

#[tokio::test]
async fn a_closed_store_says_so_and_can_be_opened_again() {
    let (store, _folder) = fresh().await;
    make(&store, "ann").await.unwrap();
    store.close().await;
    store.close().await;
    let name = Username::parse("ann").unwrap();
    for message in [
        unavailable(make(&store, "bob").await),
        unavailable(store.user_by_name(&Source::local(), &name).await),
        unavailable(crate::tokens::TokenStore::generation(&store).await),
    ] {
        assert!(message.contains("closed"), "{message}");
    }
    let wal = crate::store::sqlite::connection::beside(store.path(), "-wal");
    assert!(!wal.exists(), "everything is in the one file");
    assert_eq!(usernames(&open(store.path()).await.unwrap()).await, ["ann"]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_any_of_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let (store, folder) = fresh().await;
    make(&store, "ann").await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let all = || {
        fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };
    assert!(all().count() >= 3, "the file, its log and the log's index");
    for file in all() {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    // Also when somebody opened them up meanwhile.
    for file in all() {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    open(store.path()).await.unwrap();
    for file in all() {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}
