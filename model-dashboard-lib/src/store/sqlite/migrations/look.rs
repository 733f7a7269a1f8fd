//! A look at a file without upgrading it.

use std::path::Path;

use super::{NEWEST, m0002_accounts_and_tokens, m0006_names, newer, version};
use crate::store::sqlite::connection::open_reader;
use crate::store::sqlite::error::Result;
use crate::store::sqlite::key::KeySource;

/// What the user database is for this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseState {
    /// There is no file, or nothing in it.
    Missing,
    /// An older program, or the earlier system, made it: opening it upgrades it.
    Older(PendingUpgrade),
    /// Opening it changes nothing.
    Current,
}

/// What an upgrade would do to an older file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingUpgrade {
    /// The schema's number; 0 is the earlier system's, which cannot use the file once it is
    /// upgraded.
    pub from: u32,
    /// The number after the upgrade.
    pub to: u32,
    /// Accounts that would be taken over from the earlier system.
    pub users: u64,
    /// Tokens that would be taken over from the earlier system.
    pub tokens: u64,
}

pub(in crate::store::sqlite) fn look(path: &Path, keys: &KeySource) -> Result<DatabaseState> {
    if !path.try_exists()? {
        return Ok(DatabaseState::Missing);
    }
    let mut db = open_reader(path)?;
    // One state of the file for all questions.
    let db = db.transaction()?;
    let from = version(&db)?;
    if from > NEWEST {
        return Err(newer(path, from));
    }
    // Beside the file itself, as for opening it.
    keys.check(&db, &path.canonicalize()?)?;
    if from == NEWEST {
        return Ok(DatabaseState::Current);
    }
    let count = |sql| db.query_row(sql, [], |row| row.get(0).map(i64::unsigned_abs));
    if count("SELECT count(*) FROM sqlite_schema")? == 0 {
        return Ok(DatabaseState::Missing);
    }
    let mut upgrade = PendingUpgrade {
        from,
        to: NEWEST,
        users: 0,
        tokens: 0,
    };
    if (1..m0006_names::NUMBER).contains(&from) {
        m0006_names::check(&db, path)?;
    }
    if from == 0 {
        m0002_accounts_and_tokens::check(&db, path)?;
        upgrade.users = count("SELECT count(*) FROM users")?;
        // Early versions had no tokens.
        if count("SELECT count(*) FROM sqlite_schema WHERE name = 'api_tokens'")? > 0 {
            upgrade.tokens = count("SELECT count(*) FROM api_tokens")?;
        }
    }
    Ok(DatabaseState::Older(upgrade))
}
