//! People get roles, tokens owners and scopes, and bare SHA-256 hashes are wrapped. What is taken
//! over how is told by [`Migration`].

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{Migration, ask_for_rewrite, unusable};
use crate::auth::{PasswordError, PasswordHash, Permission, Permissions, Role, Source, Username};
use crate::model::Timestamp;
use crate::store::sqlite::error::{Error, Result};
use crate::store::sqlite::values::time_text;

const TAKEN_OVER: &str = "taken over from the earlier system";

/// What the earlier system's tables have at the least.
const EARLIER: [(&str, &[&str]); 2] = [
    (
        "users",
        &[
            "id",
            "username",
            "password_hash",
            "display_name",
            "email",
            "is_active",
            "created_at",
            "updated_at",
        ],
    ),
    (
        "api_tokens",
        &[
            "id",
            "username",
            "token_hash",
            "description",
            "expires_at",
            "created_at",
            "last_used_at",
        ],
    ),
];

const TABLES: &str = "
    CREATE TABLE new_users (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        username TEXT UNIQUE NOT NULL,
        password_hash TEXT NOT NULL,
        display_name TEXT NOT NULL,
        email TEXT,
        is_active BOOLEAN DEFAULT 1,
        created_at TIMESTAMP,
        updated_at TIMESTAMP,
        username_folded TEXT UNIQUE NOT NULL,
        role TEXT NOT NULL,
        role_reason TEXT NOT NULL,
        last_sign_in TIMESTAMP,
        checked_at TIMESTAMP);
    CREATE TABLE new_api_tokens (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        username TEXT NOT NULL,
        token_hash TEXT UNIQUE NOT NULL,
        description TEXT,
        expires_at TIMESTAMP,
        created_at TIMESTAMP,
        last_used_at TIMESTAMP,
        owner_source TEXT NOT NULL,
        owner_subject TEXT NOT NULL,
        scopes TEXT NOT NULL);
    CREATE INDEX api_tokens_of_owner ON new_api_tokens (owner_source, owner_subject);
    -- Everyone but local people: service accounts, whose subject is their number, and people of
    -- directories. A provisional subject is a folded username that stands in for a stable id.
    CREATE TABLE accounts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL,
        subject TEXT NOT NULL,
        username TEXT NOT NULL,
        username_folded TEXT NOT NULL,
        display_name TEXT NOT NULL DEFAULT '',
        email TEXT,
        role TEXT NOT NULL,
        role_origin TEXT NOT NULL DEFAULT 'default',
        role_reason TEXT NOT NULL DEFAULT '',
        groups TEXT NOT NULL DEFAULT '[]',
        is_active BOOLEAN NOT NULL DEFAULT 1,
        team TEXT,
        created_at TIMESTAMP,
        updated_at TIMESTAMP,
        last_sign_in TIMESTAMP,
        checked_at TIMESTAMP,
        provisional BOOLEAN NOT NULL DEFAULT 0,
        UNIQUE (source, subject));
    CREATE INDEX accounts_by_name ON accounts (source, username_folded);
    CREATE UNIQUE INDEX service_account_names ON accounts (username_folded)
        WHERE source = 'service';";

const REPLACE: &str = "
    DROP TABLE api_tokens;
    DROP TABLE users;
    ALTER TABLE new_users RENAME TO users;
    ALTER TABLE new_api_tokens RENAME TO api_tokens;
    CREATE VIEW everyone AS
        SELECT 'local' AS source, CAST(id AS TEXT) AS subject, username, username_folded,
            display_name, email, role, role_reason, '[]' AS groups, is_active, NULL AS team,
            created_at, updated_at, last_sign_in, checked_at FROM users
        UNION ALL
        SELECT source, subject, username, username_folded, display_name, email, role, role_reason,
            groups, is_active, team, created_at, updated_at, last_sign_in, checked_at
        FROM accounts;";

/// Refuses a file that is not of the earlier system, or whose usernames this program cannot keep
/// apart. Changes nothing.
pub(super) fn check(db: &Connection, path: &Path) -> Result<()> {
    for (table, columns) in EARLIER {
        let present = columns_of(db, table)?;
        // Early versions had no tokens.
        if present.is_empty() && table == "api_tokens" {
            continue;
        }
        if let Some(missing) = columns.iter().find(|c| !present.iter().any(|p| p == *c)) {
            return Err(unusable(format!(
                "{} is no user database: its table {table} has no column {missing}; check the \
                 setting of its path",
                path.display()
            )));
        }
    }
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut bad = Vec::new();
    for name in usernames(db, "users")? {
        match Username::parse(&name) {
            Ok(username) => names
                .entry(username.folded().to_owned())
                .or_default()
                .push(name),
            Err(_) => bad.push(format!("{name:?}")),
        }
    }
    if !columns_of(db, "api_tokens")?.is_empty() {
        let owners = usernames(db, "api_tokens")?;
        let unreadable = owners
            .into_iter()
            .filter(|name| Username::parse(name).is_err());
        bad.extend(unreadable.map(|name| format!("{name:?} (owner of tokens)")));
    }
    let same = names.into_values().filter(|names| names.len() > 1);
    let same: Vec<String> = same
        .map(|names| {
            names
                .iter()
                .map(|n| format!("“{n}”"))
                .collect::<Vec<_>>()
                .join(" and ")
        })
        .collect();
    if !same.is_empty() {
        return Err(unusable(format!(
            "{} cannot be taken over: these usernames are the same in all but capitals or \
             look-alike letters: {}. Rename or delete all but one of each with the earlier \
             system, then start again; nothing was changed",
            path.display(),
            same.join("; ")
        )));
    }
    if !bad.is_empty() {
        return Err(unusable(format!(
            "{} cannot be taken over: these usernames have blanks at an end, invisible \
             characters or more than 128 characters: {}. Rename or delete them with the earlier \
             system, then start again; nothing was changed",
            path.display(),
            bad.join(", ")
        )));
    }
    Ok(())
}

fn columns_of(db: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = db.prepare("SELECT name FROM pragma_table_info(?)")?;
    let columns = statement.query_map([table], |row| row.get(0))?;
    Ok(columns.collect::<rusqlite::Result<_>>()?)
}

fn usernames(db: &Connection, table: &str) -> Result<Vec<String>> {
    let sql = format!("SELECT DISTINCT CAST(username AS TEXT) FROM {table} ORDER BY 1");
    let mut statement = db.prepare(&sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn apply(db: &Transaction<'_>, migration: &mut Migration) -> Result<()> {
    let last_user = last_number(db, "users")?;
    let last_token = last_number(db, "api_tokens")?;
    db.execute_batch(TABLES)?;
    let local = take_over_users(db, migration)?;
    take_over_tokens(db, &local, migration)?;
    db.execute_batch(REPLACE)?;
    go_on_after(db, "users", last_user)?;
    go_on_after(db, "api_tokens", last_token)?;
    if migration.backup.is_some() {
        ask_for_rewrite(db)?;
    }
    Ok(())
}

struct EarlierUser {
    id: i64,
    username: Username,
    sha256: String,
    display_name: String,
    email: Option<String>,
    is_active: bool,
    created_at: Value,
    updated_at: Value,
}

/// Answers the row numbers by folded username.
fn take_over_users(db: &Connection, migration: &mut Migration) -> Result<BTreeMap<String, i64>> {
    let mut statement = db.prepare(
        "SELECT id, CAST(username AS TEXT), CAST(password_hash AS TEXT),
            CAST(display_name AS TEXT), CAST(email AS TEXT), coalesce(is_active = 1, FALSE),
            created_at, updated_at FROM users ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.push(EarlierUser {
            id: row.get(0)?,
            username: Username::parse(&row.get::<_, String>(1)?).map_err(Error::bad_data)?,
            sha256: row.get(2)?,
            display_name: row.get(3)?,
            email: row.get(4)?,
            is_active: row.get(5)?,
            created_at: in_one_shape(row.get(6)?),
            updated_at: in_one_shape(row.get(7)?),
        });
    }
    let hashes = wrap_all(&users).map_err(Error::bad_data)?;
    let mut insert = db.prepare(
        "INSERT INTO new_users (id, username, password_hash, display_name, email, is_active,
            created_at, updated_at, username_folded, role, role_reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let mut local = BTreeMap::new();
    for (user, hash) in users.into_iter().zip(hashes) {
        let hash = hash.unwrap_or_else(|| {
            migration.without_password.push(user.username.to_string());
            PasswordHash::unusable()
        });
        insert.execute(params![
            user.id,
            user.username.as_str(),
            hash.expose(),
            user.display_name,
            user.email,
            user.is_active,
            user.created_at,
            user.updated_at,
            user.username.folded(),
            Role::Publisher.as_str(),
            TAKEN_OVER,
        ])?;
        local.insert(user.username.folded().to_owned(), user.id);
        migration.users += 1;
    }
    Ok(local)
}

/// Wraps every hash, on all processors: each takes some 15 ms.
fn wrap_all(
    users: &[EarlierUser],
) -> std::result::Result<Vec<Option<PasswordHash>>, PasswordError> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = users.len().div_ceil(threads).max(1);
    let wrap = |user: &EarlierUser| PasswordHash::wrap_sha256(&user.sha256);
    thread::scope(|scope| {
        let shares: Vec<_> = users
            .chunks(share)
            .map(|users| scope.spawn(move || users.iter().map(wrap).collect::<Vec<_>>()))
            .collect();
        // A thread that panicked ran out of memory.
        let joined = shares.into_iter().map(|share| share.join());
        let hashes = joined.map(|share| share.unwrap_or(vec![Err(PasswordError::NoMemory)]));
        hashes.flatten().collect()
    })
}

fn take_over_tokens(
    db: &Connection,
    local: &BTreeMap<String, i64>,
    migration: &mut Migration,
) -> Result<()> {
    let mut statement = db.prepare(
        "SELECT id, CAST(username AS TEXT), lower(token_hash), description, expires_at,
            created_at, last_used_at FROM api_tokens ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut insert = db.prepare(
        "INSERT INTO new_api_tokens (id, username, token_hash, description, expires_at,
            created_at, last_used_at, owner_source, owner_subject, scopes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let mut enter = db.prepare(
        "INSERT INTO accounts (source, subject, username, username_folded, display_name, role,
            role_reason, provisional) VALUES (?1, ?3, ?2, ?3, ?2, ?4, ?5, TRUE)
         ON CONFLICT DO NOTHING",
    )?;
    let scopes = Permissions::of(&[Permission::ModelsRead]).to_string();
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let username = Username::parse(&name).map_err(Error::bad_data)?;
        let (source, subject) = match local.get(username.folded()) {
            Some(id) => (Source::LOCAL, id.to_string()),
            None => {
                let entered = enter.execute(params![
                    Source::LDAP,
                    username.as_str(),
                    username.folded(),
                    Role::Publisher.as_str(),
                    TAKEN_OVER,
                ])?;
                if entered > 0 {
                    migration.directory_people.push(username.to_string());
                }
                (Source::LDAP, username.folded().to_owned())
            }
        };
        insert.execute(params![
            row.get::<_, i64>(0)?,
            name,
            row.get::<_, Value>(2)?,
            row.get::<_, Value>(3)?,
            in_one_shape(row.get(4)?),
            in_one_shape(row.get(5)?),
            in_one_shape(row.get(6)?),
            source,
            subject,
            scopes,
        ])?;
        migration.tokens += 1;
    }
    Ok(())
}

/// A stored time in the shape of today; what cannot be read stays as it is.
fn in_one_shape(stored: Value) -> Value {
    match &stored {
        Value::Text(text) => match Timestamp::parse(text) {
            Ok(time) => time_text(time).into(),
            Err(_) => stored,
        },
        _ => stored,
    }
}

/// The last number that a table gave, if it counts them.
fn last_number(db: &Connection, table: &str) -> Result<i64> {
    let counts: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence')",
        [],
        |row| row.get(0),
    )?;
    if !counts {
        return Ok(0);
    }
    let last = db.query_row(
        "SELECT seq FROM sqlite_sequence WHERE name = ?",
        [table],
        |row| row.get(0),
    );
    Ok(last.optional()?.unwrap_or(0))
}

/// Lets a table's numbers go on after `last`, so that those of deleted rows are not given again.
fn go_on_after(db: &Connection, table: &str, last: i64) -> Result<()> {
    let raised = db.execute(
        "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
        params![table, last],
    )?;
    if raised == 0 {
        db.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
            params![table, last],
        )?;
    }
    Ok(())
}
