//! Why the source of an account said that the person left.

use rusqlite::Transaction;

use super::Migration;
use crate::store::sqlite::error::Result;

pub(super) fn apply(db: &Transaction<'_>, _: &mut Migration) -> Result<()> {
    db.execute_batch(
        "ALTER TABLE accounts ADD COLUMN left_reason TEXT;
         DROP VIEW everyone;
         CREATE VIEW everyone AS
            SELECT 'local' AS source, CAST(id AS TEXT) AS subject, username, username_folded,
                display_name, email, role, role_reason, 'administrator' AS role_origin,
                '[]' AS groups, is_active, NULL AS team, created_at, updated_at, last_sign_in,
                checked_at, NULL AS left_at, NULL AS left_reason, FALSE AS provisional FROM users
            UNION ALL
            SELECT source, subject, username, username_folded, display_name, email, role,
                role_reason, role_origin, groups, is_active, team, created_at, updated_at,
                last_sign_in, checked_at, left_at, left_reason, provisional FROM accounts;",
    )?;
    Ok(())
}
