//! Files that cannot become ours stay as they are.

use std::fs;
use std::path::Path;

use super::take_over::changed;
use super::{fresh, make, open, other_program};
use crate::audit::AuditLog as _;
use crate::store::StoreError;

async fn refused(path: &Path) -> String {
    let before = fs::read(path).unwrap();
    let error = open(path).await.unwrap_err();
    let StoreError::Unusable { message } = error else {
        panic!("{error:?}")
    };
    assert_eq!(fs::read(path).unwrap(), before, "nothing was changed");
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1, "nothing was left beside the file");
    message
}

#[tokio::test]
async fn names_that_fold_together_are_refused_in_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(
        folder.path(),
        "INSERT INTO users (username, password_hash, display_name) VALUES
            ('ADMIN', 'x', ''), ('u\u{308}nal', 'x', ''), ('other', 'x', '')",
    );
    let message = refused(&path).await;
    assert!(message.contains("“ADMIN” and “admin”; "), "{message}");
    assert!(message.contains("“u\u{308}nal” and “Ünal”"), "{message}");
    assert!(
        !message.contains("mkeller") && !message.contains("other”"),
        "{message}"
    );
    assert!(
        message.contains("Rename or delete all but one of each"),
        "{message}"
    );
    // Once that is done it goes on.
    other_program(&path)
        .execute_batch("DELETE FROM users WHERE username IN ('ADMIN', 'u\u{308}nal')")
        .unwrap();
    open(&path).await.unwrap();
}

#[tokio::test]
async fn names_that_nobody_can_sign_in_with_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(
        folder.path(),
        "PRAGMA foreign_keys = OFF;
         INSERT INTO users (username, password_hash, display_name) VALUES ('bob ', 'x', '');
         INSERT INTO api_tokens (username, token_hash) VALUES ('ad\u{200b}min', 'x');",
    );
    let message = refused(&path).await;
    assert!(
        message.contains("\"bob \", \"ad\\u{200b}min\" (owner of tokens)"),
        "{message}"
    );
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(folder.path(), "PRAGMA user_version = 99");
    let message = refused(&path).await;
    assert!(
        message.contains("newer version of this program (schema 99"),
        "{message}"
    );
}

#[tokio::test]
async fn a_file_that_is_upgraded_while_it_is_open_is_written_no_more() {
    let (store, _folder) = fresh().await;
    make(&store, "ana").await.unwrap();
    let other = other_program(store.path());
    other.execute_batch("PRAGMA user_version = 99").unwrap();
    for refused in [
        make(&store, "bob").await.unwrap_err(),
        store.append(&[]).await.unwrap_err(),
    ] {
        assert!(
            matches!(&refused, StoreError::Unusable { message }
                if message.contains("newer version of this program (schema 99")),
            "{refused:?}"
        );
    }
    let people = "SELECT count(*) FROM users";
    let people: i64 = other.query_row(people, [], |row| row.get(0)).unwrap();
    assert_eq!(people, 1);
}

#[tokio::test]
async fn a_database_of_another_kind_is_refused() {
    for schema in [
        "CREATE TABLE invoices (id)",
        "CREATE TABLE users (id, username, password_hash)",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.db");
        other_program(&path).execute_batch(schema).unwrap();
        let message = refused(&path).await;
        assert!(message.contains("is no user database"), "{message}");
    }
}
