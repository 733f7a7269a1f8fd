//! The file as it was before an upgrade lies beside it.

use std::fs;
use std::path::Path;

use super::take_over::{assert_taken_over, bare_hashes, check, existing, fixed_hashes};
use super::{open, other_program};
use crate::auth::PasswordCheck;
use crate::store::sqlite::connection::beside;

#[tokio::test]
async fn a_copy_of_the_file_as_it_was_lies_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = existing(folder.path());
    let store = open(&path).await.unwrap();
    let backup = beside(store.path(), ".before-migration-1");
    assert_eq!(store.migration().unwrap().backup.as_ref(), Some(&backup));
    assert_eq!(store.backups().await.unwrap(), vec![backup.clone()]);
    assert_eq!(bare_hashes(&backup), fixed_hashes());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(&backup).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    // Opened once more there is nothing to do.
    let again = open(&path).await.unwrap();
    assert_eq!(again.migration(), None);
    assert_eq!(again.backups().await.unwrap().len(), 1);
    assert_taken_over(&again).await;
}

#[tokio::test]
async fn an_older_copy_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = existing(folder.path());
    let older = beside(&path, ".before-migration-1");
    fs::write(&older, "older").unwrap();
    let store = open(&path).await.unwrap();
    assert_eq!(fs::read(&older).unwrap(), b"older");
    let backup = store.migration().unwrap().backup.clone().unwrap();
    assert!(
        backup
            .to_str()
            .unwrap()
            .ends_with("users.db.before-migration-1-2"),
        "{backup:?}"
    );
}

#[tokio::test]
async fn a_copy_that_was_cut_short_is_listed_and_goes_with_the_next_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let part = |path: &Path| {
        let part = beside(path, ".before-migration-1.part-x7Gh2k");
        fs::write(&part, "half").unwrap();
        part
    };
    let path = existing(folder.path());
    let left = part(&path);
    let store = open(&path).await.unwrap();
    let whole = beside(store.path(), ".before-migration-1");
    assert_eq!(store.backups().await.unwrap(), [whole]);
    assert!(!left.exists());

    let store = open(&other.path().join("users.db")).await.unwrap();
    let left = part(store.path());
    assert_eq!(store.backups().await.unwrap(), [left]);
}

#[tokio::test]
async fn a_database_whose_name_looks_like_that_of_a_copy_keeps_its_copies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.part-1.db");
    fs::rename(existing(folder.path()), &path).unwrap();
    let earlier = beside(&path, ".before-migration-1");
    fs::write(&earlier, "a whole copy").unwrap();
    // Of another database, whose name begins with that of a copy.
    fs::write(beside(&path, ".before-migration-1.db"), "another").unwrap();
    let store = open(&path).await.unwrap();
    let second = beside(store.path(), ".before-migration-1-2");
    let first = beside(store.path(), ".before-migration-1");
    let mut backups = store.backups().await.unwrap();
    backups.sort();
    assert_eq!(backups, [first, second]);
    assert_eq!(fs::read_to_string(earlier).unwrap(), "a whole copy");
}

#[tokio::test]
async fn what_is_only_in_the_write_ahead_log_is_copied_and_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = existing(folder.path());
    let earlier = other_program(&path);
    let mode: String = earlier
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    earlier
        .execute_batch(
            "INSERT INTO users (username, password_hash, display_name)
             VALUES ('late', '240be518fabd2724ddb6f04eeb1da5967448d7e831c08c8fa822809f74c720a9', 'L')",
        )
        .unwrap();
    // The connection stays open, so nothing moves from the log to the file.
    let store = open(&path).await.unwrap();
    assert_eq!(
        check(&store, "late", "admin123").await,
        PasswordCheck::RightButOutdated
    );
    let backup = other_program(store.migration().unwrap().backup.as_ref().unwrap());
    let late: i64 = backup
        .query_row(
            "SELECT count(*) FROM users WHERE username = 'late'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(late, 1);
}
