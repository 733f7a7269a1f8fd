//! Sessions. Those of the earlier system, stored as they were in the cookie, end.

use rusqlite::Transaction;

use super::Migration;
use crate::store::sqlite::error::Result;

pub(super) fn apply(db: &Transaction<'_>, _: &mut Migration) -> Result<()> {
    db.execute_batch(
        "DROP TABLE IF EXISTS sessions;
         CREATE TABLE sessions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            hash BLOB UNIQUE NOT NULL,
            source TEXT NOT NULL,
            subject TEXT NOT NULL,
            created_at TIMESTAMP NOT NULL,
            last_used_at TIMESTAMP NOT NULL,
            expires_at TIMESTAMP NOT NULL,
            made_from TEXT NOT NULL);
         CREATE INDEX sessions_of_account ON sessions (source, subject, created_at);",
    )?;
    Ok(())
}
