//! Doubts about sources.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::{Error, Result};
use super::values::Time;
use crate::auth::{LeavingDoubt, Source};

pub(super) fn doubt(db: &Connection, source: &Source) -> Result<Option<LeavingDoubt>> {
    let mut statement =
        db.prepare_cached("SELECT since, asked, subjects FROM doubts WHERE source = ?")?;
    let row = statement.query_row([source.as_str()], |row| {
        let Time(since) = row.get(0)?;
        Ok((since, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
    });
    let Some((since, asked, subjects)) = row.optional()? else {
        return Ok(None);
    };
    let subjects: BTreeSet<String> = serde_json::from_str(&subjects).map_err(Error::bad_data)?;
    Ok(Some(LeavingDoubt {
        since,
        left: subjects.into_iter().map(Arc::from).collect(),
        asked: usize::try_from(asked).unwrap_or_default(),
    }))
}

/// Within a transaction.
pub(super) fn set_doubt(
    db: &Connection,
    source: &Source,
    before: Option<&LeavingDoubt>,
    now: Option<&LeavingDoubt>,
) -> Result<bool> {
    if doubt(db, source)?.as_ref() != before {
        return Ok(false);
    }
    let Some(now) = now else {
        db.execute("DELETE FROM doubts WHERE source = ?", [source.as_str()])?;
        return Ok(true);
    };
    let subjects: Vec<&str> = now.left.iter().map(|subject| &**subject).collect();
    let subjects = serde_json::to_string(&subjects).map_err(Error::bad_data)?;
    let asked = i64::try_from(now.asked).unwrap_or(i64::MAX);
    db.execute(
        "INSERT OR REPLACE INTO doubts (source, since, asked, subjects) VALUES (?1, ?2, ?3, ?4)",
        params![source.as_str(), Time(now.since), asked, subjects],
    )?;
    Ok(true)
}
