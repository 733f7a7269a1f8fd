//! The audit log and its sealed head. Rows are only ever added; the triggers stop accidents, the
//! keyed chain shows intent.

use rusqlite::Transaction;

use super::Migration;
use crate::store::sqlite::error::Result;

pub(super) fn apply(db: &Transaction<'_>, _: &mut Migration) -> Result<()> {
    db.execute_batch(
        "CREATE TABLE audit_events (
            seq INTEGER PRIMARY KEY,
            at TIMESTAMP NOT NULL,
            actor TEXT NOT NULL,
            actor_name TEXT NOT NULL,
            via TEXT NOT NULL,
            \"from\" TEXT NOT NULL,
            request_id TEXT NOT NULL,
            action TEXT NOT NULL,
            target TEXT NOT NULL,
            revision INTEGER,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            digest BLOB NOT NULL);
         CREATE INDEX audit_events_on_target ON audit_events (target);
         CREATE INDEX audit_events_by_actor ON audit_events (actor);
         CREATE INDEX audit_events_by_name ON audit_events (actor_name);
         CREATE TRIGGER audit_events_are_not_changed BEFORE UPDATE ON audit_events
            BEGIN SELECT RAISE(ABORT, 'audit events are not changed'); END;
         CREATE TRIGGER audit_events_are_not_removed BEFORE DELETE ON audit_events
            BEGIN SELECT RAISE(ABORT, 'audit events are not removed'); END;
         CREATE TABLE audit_head (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            seq INTEGER NOT NULL,
            digest BLOB NOT NULL,
            seal BLOB NOT NULL);",
    )?;
    Ok(())
}
