//! The tables as the earlier system made them, so that an empty file and one of that system go
//! the same way from here.

use rusqlite::Transaction;

use super::Migration;
use crate::store::sqlite::error::Result;

pub(super) fn apply(db: &Transaction<'_>, _: &mut Migration) -> Result<()> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS users (
            id INTEGER PRIMARY KEY, username TEXT UNIQUE NOT NULL, password_hash TEXT NOT NULL,
            display_name TEXT NOT NULL, email TEXT, is_active BOOLEAN DEFAULT 1,
            created_at TIMESTAMP, updated_at TIMESTAMP);
         CREATE TABLE IF NOT EXISTS api_tokens (
            id INTEGER PRIMARY KEY, username TEXT NOT NULL, token_hash TEXT UNIQUE NOT NULL,
            description TEXT, expires_at TIMESTAMP, created_at TIMESTAMP, last_used_at TIMESTAMP);
         CREATE TABLE pending_rewrite (id INTEGER PRIMARY KEY);",
    )?;
    Ok(())
}
