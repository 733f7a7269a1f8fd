//! [`DownloadCounts`] in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::SqliteStore;
use super::error::Result;
use super::values::{Time, time_text};
use crate::downloads::{DownloadCount, DownloadCounts, MAX_DOWNLOAD_PURPOSES, day_of, first_day};
use crate::model::{ModelId, Timestamp};
use crate::store::StoreError;

/// Adds to a count, which may be the first.
const ADD: &str = "ON CONFLICT DO UPDATE SET count = count + excluded.count";

/// Within a transaction.
fn count(db: &Connection, model: &str, revision: i64, purpose: &str, at: Timestamp) -> Result<()> {
    // What is not told apart any more.
    let first = time_text(first_day(at));
    let fold = format!(
        "INSERT INTO downloads (model, day, revision, purpose, count)
         SELECT model, '', revision, '', sum(count) FROM downloads
         WHERE model = ?1 AND day <> '' AND day < ?2 GROUP BY revision {ADD}"
    );
    db.execute(&fold, params![model, first])?;
    db.execute(
        "DELETE FROM downloads WHERE model = ?1 AND day <> '' AND day < ?2",
        params![model, first],
    )?;
    let day = time_text(day_of(at));
    let (is_known, named): (bool, i64) = db.query_row(
        "SELECT ifnull(max(revision = ?3 AND purpose = ?4), FALSE), count(*) FROM downloads
         WHERE model = ?1 AND day = ?2 AND purpose <> ''",
        params![model, day, revision, purpose],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let is_full = usize::try_from(named).is_ok_and(|named| named >= MAX_DOWNLOAD_PURPOSES);
    let purpose = if is_full && !is_known { "" } else { purpose };
    let add = format!(
        "INSERT INTO downloads (model, day, revision, purpose, count) VALUES (?1, ?2, ?3, ?4, 1) {ADD}"
    );
    db.execute(&add, params![model, day, revision, purpose])?;
    Ok(())
}

#[async_trait]
impl DownloadCounts for SqliteStore {
    async fn count_download(
        &self,
        model: &ModelId,
        revision: u64,
        purpose: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (model, purpose) = (model.to_string(), purpose.to_owned());
        let revision = revision.cast_signed();
        self.note(move |db| count(db, &model, revision, &purpose, at))
            .await
    }

    async fn downloads(
        &self,
        model: &ModelId,
        at: Timestamp,
    ) -> Result<Vec<DownloadCount>, StoreError> {
        let (model, first) = (model.to_string(), time_text(first_day(at)));
        self.read_log(move |db| {
            // A model that nobody fetched for long still has its last days.
            let mut statement = db.prepare_cached(
                "SELECT CASE WHEN day < ?2 THEN '' ELSE day END AS day_told, revision,
                    CASE WHEN day < ?2 THEN '' ELSE purpose END AS purpose_told, sum(count)
                 FROM downloads WHERE model = ?1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            )?;
            let counts = statement.query_map(params![model, first], |row| {
                let day: String = row.get(0)?;
                let day = match day.is_empty() {
                    true => None,
                    false => Some(row.get::<_, Time>(0)?.0),
                };
                Ok(DownloadCount {
                    revision: row.get::<_, i64>(1)?.cast_unsigned(),
                    day,
                    purpose: row.get(2)?,
                    count: row.get::<_, i64>(3)?.cast_unsigned(),
                })
            })?;
            Ok(counts.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}
