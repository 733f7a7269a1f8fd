//! The earlier system's file becomes ours.

use std::fs;
use std::path::{Path, PathBuf};

use super::{make, open, other_program};
use crate::auth::{
    IdentityId, Password, PasswordCheck, Permission, Permissions, Role, SessionStore as _, Source,
    UserFilter, UserStore as _, Username,
};
use crate::model::Timestamp;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::connection::beside;
use crate::tokens::{PlainToken, TokenStore as _};

const FIXTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/existing-installation/users.db"
);

/// A copy of the earlier system's file in `folder`.
pub(super) fn existing(folder: &Path) -> PathBuf {
    let path = folder.join("users.db");
    fs::write(&path, fs::read(FIXTURE).unwrap()).unwrap();
    path
}

/// A copy that `change` was done to with the earlier system.
pub(super) fn changed(folder: &Path, change: &str) -> PathBuf {
    let path = existing(folder);
    other_program(&path).execute_batch(change).unwrap();
    path
}

/// The stored hashes in a file of the earlier system.
pub(super) fn bare_hashes(path: &Path) -> Vec<String> {
    let db = other_program(path);
    let mut statement = db
        .prepare("SELECT password_hash FROM users ORDER BY id")
        .unwrap();
    statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// Those in the fixture.
pub(super) fn fixed_hashes() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    bare_hashes(&existing(folder.path()))
}

fn holds(path: &Path, text: &str) -> bool {
    let Ok(bytes) = fs::read(path) else {
        return false;
    };
    memchr::memmem::find(&bytes, text.as_bytes()).is_some()
}

pub(super) fn assert_no_bare_hash(path: &Path) {
    for hash in fixed_hashes() {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            assert!(
                !holds(&beside(path, suffix), &hash),
                "{hash} in the file{suffix}"
            );
        }
    }
}

pub(super) async fn check(store: &SqliteStore, username: &str, password: &str) -> PasswordCheck {
    let username = Username::parse(username).unwrap();
    let (_, hash) = store.password_hash(&username).await.unwrap().unwrap();
    hash.check(&Password::parse(password).unwrap()).unwrap()
}

pub(super) async fn assert_taken_over(store: &SqliteStore) {
    let users = store.list_users(&UserFilter::default()).await.unwrap();
    let seen: Vec<_> = users
        .iter()
        .map(|u| {
            (
                &*u.id.subject,
                u.username.as_str(),
                u.display_name.as_str(),
                u.is_active,
            )
        })
        .collect();
    let expected = [
        ("1", "admin", "Admin User", true),
        ("3", "guest", "Guest Account", false),
        ("2", "mkeller", "Marta Keller", true),
        ("5", "rlopez", "Rosa Lopez", true),
        ("4", "Ünal", "Ünal Öztürk", true),
    ];
    assert_eq!(seen, expected);
    for user in &users {
        assert_eq!(
            (user.id.source.as_str(), user.role),
            (Source::LOCAL, Role::Publisher)
        );
        let created = user.created_at.unwrap().to_string();
        let updated = user.updated_at.unwrap().to_string();
        assert_eq!(
            (&*created, &*updated),
            ("2026-01-15T09:30:00Z", "2026-02-01T16:05:12Z")
        );
    }
    let emails: Vec<_> = users.iter().map(|user| user.email.as_deref()).collect();
    assert_eq!(
        emails,
        [
            Some("admin@example.com"),
            None,
            Some("m.keller@example.org"),
            Some("r.lopez@example.org"),
            None
        ]
    );
    assert_eq!(store.list_tokens(None).await.unwrap().len(), 4);
    assert_eq!(
        check(store, "admin", "admin123").await,
        PasswordCheck::RightButOutdated
    );
}

#[tokio::test]
async fn people_keep_their_names_and_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&existing(folder.path())).await.unwrap();
    assert_taken_over(&store).await;
    for (username, password) in [
        ("mkeller", "Segment-2026"),
        ("guest", "guest"),
        ("ÜNAL", "päßwörd"),
    ] {
        assert_eq!(
            check(&store, username, password).await,
            PasswordCheck::RightButOutdated
        );
        assert_eq!(check(&store, username, "wrong").await, PasswordCheck::Wrong);
    }
    for (username, hash) in ["admin", "mkeller", "guest", "Ünal", "rlopez"]
        .iter()
        .zip(fixed_hashes())
    {
        assert_eq!(
            check(&store, username, &hash).await,
            PasswordCheck::Wrong,
            "the hash is no password"
        );
    }
    let migration = store.migration().unwrap();
    assert_eq!(
        (migration.from, migration.users, migration.tokens),
        (0, 5, 4)
    );
    assert_eq!(migration.without_password, [""; 0]);
    assert_eq!(migration.directory_people, [""; 0]);
}

#[tokio::test]
async fn tokens_keep_their_owner_and_end_and_may_read_models() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&existing(folder.path())).await.unwrap();
    let tokens = [
        (
            "3vJ0hZ1nqYp2xW8sT5uK7bR4mC6dF9gL-aE_iO0QzXy",
            1,
            "1",
            Some("2031-01-01T00:00:00.123456Z"),
        ),
        (
            "expired-token-value-for-the-tests-000000001",
            2,
            "2",
            Some("2026-01-20T12:00:00Z"),
        ),
        (
            "token-of-a-deactivated-account-00000000002",
            3,
            "3",
            Some("2031-01-01T00:00:00Z"),
        ),
        ("token-that-never-expires-0000000000000003", 4, "2", None),
    ];
    for (secret, id, subject, end) in tokens {
        let hash = PlainToken::parse(secret).unwrap().hash();
        let token = store.token(&hash).await.unwrap().expect(secret);
        assert_eq!(token.id, id);
        assert_eq!(token.owner, IdentityId::new(Source::local(), subject));
        assert_eq!(token.scopes, Permissions::of(&[Permission::ModelsRead]));
        assert_eq!(token.expires_at.map(|end| end.to_string()).as_deref(), end);
    }
    let first = store.token_by_id(1).await.unwrap().unwrap();
    assert_eq!(
        (&*first.username, &*first.description),
        ("admin", "nightly pipeline")
    );
    assert_eq!(
        first.last_used_at,
        Some(Timestamp::parse("2026-02-03T02:00:01.000321").unwrap())
    );
    assert_eq!(
        first.created_at,
        Some(Timestamp::parse("2026-02-01 16:05:12").unwrap())
    );
    assert_eq!(
        store.token_by_id(2).await.unwrap().unwrap().last_used_at,
        None
    );
}

#[tokio::test]
async fn the_earlier_sessions_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&existing(folder.path())).await.unwrap();
    let admin = IdentityId::new(Source::local(), "1");
    assert_eq!(store.list_sessions(&admin).await.unwrap(), vec![]);
}

#[tokio::test]
async fn no_bare_hash_stays_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    // The hash of somebody whom the earlier system deleted is still in a free page.
    let deleted = "ab".repeat(32);
    let path = changed(
        folder.path(),
        &format!(
            "INSERT INTO users (username, password_hash, display_name)
                VALUES ('gone', '{deleted}', hex(randomblob(20000)));
             DELETE FROM users WHERE username = 'gone';"
        ),
    );
    assert!(holds(&path, &deleted) && holds(&path, &fixed_hashes()[0]));
    let store = open(&path).await.unwrap();
    make(&store, "somebody").await.unwrap();
    assert_no_bare_hash(&path);
    store.close().await;
    assert_no_bare_hash(&path);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        assert!(!holds(&beside(&path, suffix), &deleted), "{suffix}");
    }
}

#[tokio::test]
async fn a_password_that_is_no_sha256_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(
        folder.path(),
        "INSERT INTO users (username, password_hash, display_name) VALUES ('odd', 'plain', '')",
    );
    let store = open(&path).await.unwrap();
    assert_eq!(store.migration().unwrap().without_password, ["odd"]);
    for guess in ["plain", "!", "odd"] {
        assert_eq!(
            check(&store, "odd", guess).await,
            PasswordCheck::Wrong,
            "{guess}"
        );
    }
}

#[tokio::test]
async fn numbers_of_deleted_rows_are_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(
        folder.path(),
        "DELETE FROM users WHERE id = 5; UPDATE sqlite_sequence SET seq = 41 WHERE name = 'users'",
    );
    let store = open(&path).await.unwrap();
    assert_eq!(&*make(&store, "new").await.unwrap().id.subject, "42");
}

#[tokio::test]
async fn a_file_with_the_plain_tables_is_taken_over_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    other_program(&path)
        .execute_batch(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT UNIQUE NOT NULL,
                password_hash TEXT NOT NULL, display_name TEXT NOT NULL, email TEXT,
                is_active BOOLEAN DEFAULT 1, created_at TIMESTAMP, updated_at TIMESTAMP);
             INSERT INTO users (id, username, password_hash, display_name)
                VALUES (9, 'ann', '', 'Ann');",
        )
        .unwrap();
    let store = open(&path).await.unwrap();
    let users = store.list_users(&UserFilter::default()).await.unwrap();
    assert_eq!((users.len(), &*users[0].id.subject), (1, "9"));
    assert_eq!(store.list_tokens(None).await.unwrap(), vec![]);
    store.delete_user(&users[0].id).await.unwrap();
    assert_eq!(&*make(&store, "bob").await.unwrap().id.subject, "10");
}

#[tokio::test]
async fn the_earlier_system_still_reads_the_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = existing(folder.path());
    let store = open(&path).await.unwrap();
    make(&store, "new").await.unwrap();
    let db = other_program(&path);
    let mut times = Vec::new();
    for column in ["created_at", "updated_at"] {
        let mut statement = db.prepare(&format!("SELECT {column} FROM users")).unwrap();
        times.extend(
            statement
                .query_map([], |row| row.get::<_, String>(0))
                .unwrap()
                .map(Result::unwrap),
        );
    }
    assert_eq!(times.len(), 12);
    for time in times {
        // `datetime.fromisoformat` of Python 3.7 reads this and no `Z`; SQLite reads it, too.
        assert_eq!(
            (time.len(), &time[10..11], &time[19..20]),
            (26, "T", "."),
            "{time}"
        );
        let read: Option<String> = db
            .query_row("SELECT datetime(?)", [&time], |row| row.get(0))
            .unwrap();
        assert!(read.is_some(), "{time}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_at_once_one_takes_the_file_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = existing(folder.path());
    let stores = futures::future::join_all((0..4).map(|_| open(&path))).await;
    let stores: Vec<_> = stores.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        stores
            .iter()
            .filter(|store| store.migration().is_some())
            .count(),
        1
    );
    assert_eq!(stores[0].backups().await.unwrap().len(), 1);
    for store in &stores {
        assert_taken_over(store).await;
    }
    let path = folder.path().join("empty.db");
    let stores = futures::future::join_all((0..4).map(|_| open(&path))).await;
    for (n, store) in stores.into_iter().map(Result::unwrap).enumerate() {
        assert_eq!(store.migration(), None);
        make(&store, &format!("user{n}")).await.unwrap();
    }
}
