//! Indexes for what the audit log is asked most. With this step the log's head is sealed before
//! the first event, so that one that is missing always shows.

use rusqlite::Transaction;

use super::Migration;
use crate::store::sqlite::error::Result;

/// The schema from which on the head is there.
pub(super) const NUMBER: u32 = 5;

pub(super) fn apply(db: &Transaction<'_>, _: &mut Migration) -> Result<()> {
    db.execute_batch(
        "CREATE INDEX audit_events_by_action ON audit_events (action, seq);
         CREATE INDEX audit_events_by_time ON audit_events (at);",
    )?;
    Ok(())
}
