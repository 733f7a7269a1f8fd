//! The schema's numbered steps. The number of the last one taken is the file's `user_version`.

mod backup;
mod look;
mod m0001_earlier_system;
mod m0002_accounts_and_tokens;
mod m0003_sessions;
mod m0004_audit_log;
mod m0005_audit_head;
mod m0006_names;
mod m0007_leaving;
mod m0008_doubts;
mod m0009_reasons;
mod m0010_downloads;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::audit;
use super::connection::{BUSY_TIMEOUT, keep_private, use_write_ahead_log};
use super::error::{Error, Result};
use super::key::KeySource;
use crate::audit::{Action, Event, NewEvent};
use crate::store::StoreError;

pub(super) use backup::backups;
pub use backup::holds_bare_hashes;
pub(super) use look::look;
pub use look::{DatabaseState, PendingUpgrade};

/// Every step in order; the first has number 1. A step that was released is never changed.
const STEPS: &[fn(&Transaction<'_>, &mut Migration) -> Result<()>] = &[
    m0001_earlier_system::apply,
    m0002_accounts_and_tokens::apply,
    m0003_sessions::apply,
    m0004_audit_log::apply,
    m0005_audit_head::apply,
    m0006_names::apply,
    m0007_leaving::apply,
    m0008_doubts::apply,
    m0009_reasons::apply,
    m0010_downloads::apply,
];

const NEWEST: u32 = STEPS.len() as u32;

/// How long to wait for another process that upgrades the same file.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(60);

/// What an upgrade of the file did.
///
/// From the database of the earlier system, people, their passwords and their tokens are taken
/// over; its sessions end.
/// - **Passwords** were bare SHA-256. They are wrapped in argon2id
///   ([`PasswordHash::wrap_sha256`](crate::auth::PasswordHash::wrap_sha256)) and the file is
///   rewritten, so that no bare hash is left in it. Sign-in goes on as before.
/// - **People** become local accounts with role `publisher`, which is what the earlier system let
///   everyone do. It also made such a row for each person of a directory who made a token, with a
///   password that nobody knows. Nothing in the row tells it from others, so it stays a local
///   account that nobody can sign in to; once the person signs in through the directory, an
///   administrator can delete it.
/// - **Tokens** keep their end and may read models. A token whose username is that of a local
///   account belongs to it. Any other belongs to a directory: an account of source `ldap` is
///   entered for it, with the folded username as subject until the first sign-in of that name
///   through the directory tells the stable id.
/// - **Times** are rewritten in one shape that the earlier system reads, too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// The schema's number before; 0 is the earlier system's.
    pub from: u32,
    /// The schema's number now.
    pub to: u32,
    /// Where the file as it was lies; none for a file that was empty.
    pub backup: Option<PathBuf>,
    /// Local accounts that were taken over from the earlier system.
    pub users: usize,
    /// Tokens that were taken over.
    pub tokens: usize,
    /// Names of local accounts whose stored password was no SHA-256, so that nobody can sign in
    /// until an administrator sets a new one.
    pub without_password: Vec<String>,
    /// Names of people of a directory for whom an account was entered because they have tokens.
    pub directory_people: Vec<String>,
}

/// Names of a kind that the audit log tells; of more it tells how many there are.
const NAMES_TOLD: usize = 500;

impl Migration {
    /// What the audit log tells of it.
    fn event(&self) -> NewEvent {
        let detail = match self.from {
            0 => format!(
                "took over {} accounts and {} tokens of the earlier system",
                self.users, self.tokens
            ),
            from => format!("upgraded from schema {from} to {}", self.to),
        };
        let mut event = NewEvent::of_server(Action::System, "database").with_detail(detail);
        for (what, names) in [
            ("without a password", &self.without_password),
            ("of a directory, with tokens", &self.directory_people),
        ] {
            if !names.is_empty() {
                let told = names.iter().take(NAMES_TOLD).map(String::as_str);
                let told = told.collect::<Vec<_>>().join(", ");
                let more = match names.len().saturating_sub(NAMES_TOLD) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                event = event.with_detail(format!("{what}: {told}{more}"));
            }
        }
        event
    }
}

/// Brings the file to the newest schema and to write-ahead logging. Tells what was upgraded;
/// setting up an empty file is no upgrade. The key is asked for where the audit log begins.
pub(super) fn run(db: &mut Connection, path: &Path, keys: &KeySource) -> Result<Option<Migration>> {
    let mut migration = None;
    if version(db)? != NEWEST {
        db.busy_timeout(UPGRADE_TIMEOUT)?;
        // A table that is rebuilt must not take along what refers to it.
        db.pragma_update(None, "foreign_keys", false)?;
        migration = upgrade(db, path, keys)?;
        db.pragma_update(None, "foreign_keys", true)?;
    }
    keep_private(path);
    retry_while_busy(|| use_write_ahead_log(db))?;
    rewrite_if_pending(db)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    Ok(migration)
}

fn upgrade(db: &mut Connection, path: &Path, keys: &KeySource) -> Result<Option<Migration>> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Under the lock: another process may just have done it.
    refuse_newer(&transaction, path)?;
    let from = version(&transaction)?;
    if from == NEWEST {
        return Ok(None);
    }
    let is_empty: bool = transaction.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
        [],
        |row| row.get(0),
    )?;
    let mut migration = Migration {
        from,
        to: NEWEST,
        backup: None,
        users: 0,
        tokens: 0,
        without_password: Vec::new(),
        directory_people: Vec::new(),
    };
    if !is_empty {
        if from == 0 {
            m0002_accounts_and_tokens::check(&transaction, path)?;
        } else if from < m0006_names::NUMBER {
            m0006_names::check(&transaction, path)?;
        }
        if audit::has_begun(&transaction)? {
            // Before anything is made that would have to be removed again.
            keys.key(&transaction, path)?;
        }
        migration.backup = Some(backup::make(path, from + 1)?);
    }
    for step in &STEPS[from as usize..] {
        step(&transaction, &mut migration)?;
    }
    let key = keys.key(&transaction, path)?;
    if from < m0005_audit_head::NUMBER {
        audit::begin(&transaction, &key)?;
    }
    // Committed together: nothing can fail between an upgrade and what tells of it.
    let told = match is_empty {
        true => Vec::new(),
        false => audit::append(&transaction, &key, vec![migration.event()])?,
    };
    transaction.pragma_update(None, "user_version", NEWEST)?;
    transaction.commit()?;
    if is_empty {
        return Ok(None);
    }
    told.iter().for_each(Event::log_digest);
    tracing::info!(
        database = %path.display(),
        from,
        to = NEWEST,
        backup = ?migration.backup,
        users = migration.users,
        tokens = migration.tokens,
        without_password = ?migration.without_password,
        directory_people = ?migration.directory_people,
        "upgraded the user database"
    );
    Ok(Some(migration))
}

/// Refuses a file that a newer program has upgraded. Costs a read of the file's first page.
pub(super) fn refuse_newer(db: &Connection, path: &Path) -> Result<()> {
    match version(db)? {
        from if from > NEWEST => Err(newer(path, from)),
        _ => Ok(()),
    }
}

fn version(db: &Connection) -> Result<u32> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    u32::try_from(version).map_err(|_| {
        unusable("this is no user database of this program: its schema number is negative".into())
    })
}

/// Rewrites the file without its free pages once after a step that asked for it with
/// [`ask_for_rewrite`]: what the earlier system deleted may still be in them.
fn rewrite_if_pending(db: &Connection) -> Result<()> {
    let pending: bool =
        db.query_row("SELECT EXISTS (SELECT 1 FROM pending_rewrite)", [], |row| {
            row.get(0)
        })?;
    if pending {
        db.execute_batch("VACUUM")?;
        db.execute_batch("DELETE FROM pending_rewrite")?;
        // The log's old content goes, too.
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

fn ask_for_rewrite(db: &Connection) -> Result<()> {
    db.execute("INSERT INTO pending_rewrite DEFAULT VALUES", [])?;
    Ok(())
}

/// SQLite does not wait by itself for the lock that a change of the journal needs.
fn retry_while_busy(mut attempt: impl FnMut() -> Result<()>) -> Result<()> {
    let begin = Instant::now();
    loop {
        match attempt() {
            Err(error) if error.is_busy() && begin.elapsed() < BUSY_TIMEOUT => {
                thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

fn newer(path: &Path, from: u32) -> Error {
    unusable(format!(
        "{} was upgraded by a newer version of this program (schema {from}, this one knows \
         {NEWEST}); stop this one and use that version, or restore the copy it made before",
        path.display()
    ))
}

fn unusable(message: String) -> Error {
    StoreError::Unusable { message }.into()
}
