//! How often packages are fetched, by model, revision, day and what for.

use rusqlite::Transaction;

use super::Migration;
use crate::store::sqlite::error::Result;

pub(super) fn apply(db: &Transaction<'_>, _: &mut Migration) -> Result<()> {
    db.execute_batch(
        "-- The day is its beginning, or empty for all days that are not told apart any more.
         CREATE TABLE downloads (
            model TEXT NOT NULL,
            day TEXT NOT NULL,
            revision INTEGER NOT NULL,
            purpose TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (model, day, revision, purpose)) WITHOUT ROWID;",
    )?;
    Ok(())
}
