//! [`SessionStore`] in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::error::{Error, Result};
use super::values::{Parsed, Time};
use crate::auth::{IdentityId, NewSession, Session, SessionHash, SessionStore};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::accounts::MAX_SESSIONS;

const SESSIONS: &str = "id, source, subject, created_at, last_used_at, expires_at, made_from
    FROM sessions";
const NEWEST_FIRST: &str = "ORDER BY created_at DESC, id DESC";

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    let Parsed(source) = row.get("source")?;
    let Time(created_at) = row.get("created_at")?;
    let Time(last_used_at) = row.get("last_used_at")?;
    let Time(expires_at) = row.get("expires_at")?;
    Ok(Session {
        id: row.get("id")?,
        identity: IdentityId::new(source, row.get::<_, String>("subject")?),
        created_at,
        last_used_at,
        expires_at,
        made_from: row.get("made_from")?,
    })
}

/// Ends all sessions of an account, but `except`; answers how many.
pub(super) fn end_sessions(db: &Connection, id: &IdentityId, except: Option<i64>) -> Result<u64> {
    let mut statement =
        db.prepare_cached("DELETE FROM sessions WHERE source = ? AND subject = ? AND id IS NOT ?")?;
    let ended = statement.execute(params![id.source.as_str(), &*id.subject, except])?;
    Ok(ended as u64)
}

#[async_trait]
impl SessionStore for SqliteStore {
    async fn create_session(&self, new: NewSession) -> Result<Session, StoreError> {
        self.write(move |db| {
            let NewSession {
                hash,
                identity,
                created_at,
                expires_at,
                made_from,
            } = new;
            let (source, subject) = (identity.source.as_str(), &*identity.subject);
            let inserted = db.execute(
                "INSERT INTO sessions (hash, source, subject, created_at, last_used_at,
                    expires_at, made_from) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)",
                params![
                    hash.0,
                    source,
                    subject,
                    Time(created_at),
                    Time(expires_at),
                    made_from
                ],
            );
            match inserted.map_err(Error::from) {
                Err(error) if error.is_duplicate() => {
                    return Err(StoreError::Duplicate {
                        what: "this session".into(),
                    }
                    .into());
                }
                inserted => inserted?,
            };
            let id = db.last_insert_rowid();
            db.execute(
                &format!(
                    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
                     WHERE source = ?1 AND subject = ?2 {NEWEST_FIRST}
                     LIMIT -1 OFFSET {MAX_SESSIONS})"
                ),
                [source, subject],
            )?;
            Ok(Session {
                id,
                identity,
                created_at,
                last_used_at: created_at,
                expires_at,
                made_from,
            })
        })
        .await
    }

    async fn session(&self, hash: &SessionHash) -> Result<Option<Session>, StoreError> {
        let hash = hash.0;
        self.read(move |db| {
            let by_hash = format!("SELECT {SESSIONS} WHERE hash = ?");
            Ok(db
                .prepare_cached(&by_hash)?
                .query_row([hash], session)
                .optional()?)
        })
        .await
    }

    async fn touch_sessions(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError> {
        let used = used.to_vec();
        self.note(move |db| {
            let mut statement = db.prepare_cached(
                "UPDATE sessions SET last_used_at = max(last_used_at, ?2) WHERE id = ?1",
            )?;
            for (id, at) in used {
                statement.execute(params![id, Time(at)])?;
            }
            Ok(())
        })
        .await
    }

    async fn list_sessions(&self, identity: &IdentityId) -> Result<Vec<Session>, StoreError> {
        let id = identity.clone();
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {SESSIONS} WHERE source = ? AND subject = ? {NEWEST_FIRST}"
            ))?;
            let sessions = statement.query_map([id.source.as_str(), &id.subject], session)?;
            Ok(sessions.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn end_session(&self, identity: &IdentityId, id: i64) -> Result<bool, StoreError> {
        let identity = identity.clone();
        self.write(move |db| {
            let ended = db.execute(
                "DELETE FROM sessions WHERE id = ? AND source = ? AND subject = ?",
                params![id, identity.source.as_str(), &*identity.subject],
            )?;
            Ok(ended > 0)
        })
        .await
    }

    async fn end_sessions(
        &self,
        identity: &IdentityId,
        except: Option<i64>,
    ) -> Result<u64, StoreError> {
        let identity = identity.clone();
        self.write(move |db| end_sessions(db, &identity, except))
            .await
    }

    async fn purge_sessions(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(move |db| {
            let ended = db.execute(
                "DELETE FROM sessions WHERE expires_at <= ? OR last_used_at < ?",
                params![Time(now), Time(idle_since)],
            )?;
            Ok(ended as u64)
        })
        .await
    }
}
