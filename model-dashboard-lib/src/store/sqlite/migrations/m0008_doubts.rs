//! Doubts about what sources say of their people outlast the process that had them.

use rusqlite::Transaction;

use super::Migration;
use crate::store::sqlite::error::Result;

pub(super) fn apply(db: &Transaction<'_>, _: &mut Migration) -> Result<()> {
    db.execute_batch(
        "-- Subjects are a JSON list.
         CREATE TABLE doubts (
            source TEXT PRIMARY KEY,
            since TIMESTAMP NOT NULL,
            asked INTEGER NOT NULL,
            subjects TEXT NOT NULL);",
    )?;
    Ok(())
}
