#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chain;
mod copies;
mod directory;
mod faults;
mod keys;
mod kill;
mod names;
mod queries;
mod refusals;
mod take_over;

use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteStore;
use crate::auth::{NewUser, NewUserKind, PasswordHash, Role, User, UserStore as _, Username};
use crate::store::{AuditKey, StoreError};

async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, AuditKey::from_bytes([7; 32])).await
}

async fn fresh() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (open(&folder.path().join("users.db")).await.unwrap(), folder)
}

/// A connection past the store, as another program has it.
fn other_program(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn person(username: &str) -> NewUser {
    NewUser {
        username: Username::parse(username).unwrap(),
        display_name: String::new(),
        email: None,
        role: Role::Viewer,
        kind: NewUserKind::Person {
            password: PasswordHash::from_stored("$test"),
        },
    }
}

/// Brings the tables of today back to those of schema 6.
const AS_SCHEMA_6: &str = "DROP VIEW everyone;
    DROP TABLE doubts;
    DROP TABLE downloads;
    ALTER TABLE accounts DROP COLUMN left_at;
    ALTER TABLE accounts DROP COLUMN left_reason;
    CREATE VIEW everyone AS SELECT * FROM accounts;";

async fn make(store: &SqliteStore, username: &str) -> Result<User, StoreError> {
    store.create_user(person(username)).await
}

/// This test program, set to run the ignored test `name` in a process of its own.
fn child(program: &Path, name: &str, path: &Path) -> Command {
    let mut command = Command::new(program);
    let test = format!("store::sqlite::tests::{name}");
    command.args([
        test.as_str(),
        "--exact",
        "--ignored",
        "--nocapture",
        "--quiet",
    ]);
    command.env("STORE_UNDER_TEST", path).stdin(Stdio::null());
    command
}

/// In a process started with [`child`]: where the store lies.
fn path_from_parent() -> std::path::PathBuf {
    std::env::var_os("STORE_UNDER_TEST")
        .expect("a parent that sets it")
        .into()
}

mod conformance {
    mod users {
        crate::user_store_conformance!(super::super::fresh().await);
    }

    mod tokens {
        crate::token_store_conformance!(super::super::fresh().await);
    }

    mod sessions {
        crate::session_store_conformance!(super::super::fresh().await);
    }

    mod downloads {
        crate::download_counts_conformance!(super::super::fresh().await);
    }

    mod audit {
        crate::audit_log_conformance!(super::super::fresh().await);
    }
}
