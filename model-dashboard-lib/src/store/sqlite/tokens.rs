//! [`TokenStore`] in SQLite.

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::error::{Error, Result};
use super::values::{End, LenientTime, Parsed, Time};
use crate::auth::IdentityId;
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::accounts::{MAX_LISTED, MAX_TOKENS, too_many_tokens};
use crate::tokens::{ApiToken, NewToken, TokenHash, TokenStore};

const TOKENS: &str = "id, owner_source, owner_subject, username, description, scopes, expires_at,
    created_at, last_used_at FROM api_tokens";

fn api_token(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    let Parsed(source) = row.get("owner_source")?;
    let Parsed(scopes) = row.get("scopes")?;
    let End(expires_at) = row.get("expires_at")?;
    let LenientTime(created_at) = row.get("created_at")?;
    let LenientTime(last_used_at) = row.get("last_used_at")?;
    Ok(ApiToken {
        id: row.get("id")?,
        owner: IdentityId::new(source, row.get::<_, String>("owner_subject")?),
        username: row.get("username")?,
        description: row
            .get::<_, Option<String>>("description")?
            .unwrap_or_default(),
        scopes,
        expires_at,
        created_at,
        last_used_at,
    })
}

#[async_trait]
impl TokenStore for SqliteStore {
    async fn create_token(&self, new: NewToken) -> Result<ApiToken, StoreError> {
        self.write(move |db| {
            let full: bool = db.query_row(
                "SELECT count(*) >= ?3 FROM api_tokens
                 WHERE owner_source = ?1 AND owner_subject = ?2",
                params![
                    new.owner.source.as_str(),
                    &*new.owner.subject,
                    MAX_TOKENS as i64
                ],
                |row| row.get(0),
            )?;
            if full {
                return Err(too_many_tokens().into());
            }
            let inserted = db.execute(
                "INSERT INTO api_tokens (username, token_hash, description, expires_at,
                    created_at, owner_source, owner_subject, scopes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    new.username,
                    new.hash.to_hex(),
                    new.description,
                    new.expires_at.map(Time),
                    Time(new.created_at),
                    new.owner.source.as_str(),
                    &*new.owner.subject,
                    new.scopes.to_string(),
                ],
            );
            match inserted.map_err(Error::from) {
                Err(error) if error.is_duplicate() => {
                    return Err(StoreError::Duplicate {
                        what: "this token".into(),
                    }
                    .into());
                }
                inserted => inserted?,
            };
            let by_id = format!("SELECT {TOKENS} WHERE id = ?");
            Ok(db.query_row(&by_id, [db.last_insert_rowid()], api_token)?)
        })
        .await
    }

    async fn token(&self, hash: &TokenHash) -> Result<Option<ApiToken>, StoreError> {
        let hash = hash.to_hex();
        self.read(move |db| {
            let by_hash = format!("SELECT {TOKENS} WHERE token_hash = ?");
            Ok(db
                .prepare_cached(&by_hash)?
                .query_row([hash], api_token)
                .optional()?)
        })
        .await
    }

    async fn list_tokens(&self, owner: Option<&IdentityId>) -> Result<Vec<ApiToken>, StoreError> {
        let owner = owner.cloned();
        self.read(move |db| {
            let (owned, key) = match &owner {
                Some(id) => (
                    "WHERE owner_source = ? AND owner_subject = ?",
                    vec![id.source.as_str(), &*id.subject],
                ),
                None => ("", vec![]),
            };
            let mut statement = db.prepare_cached(&format!(
                "SELECT {TOKENS} {owned} ORDER BY expires_at IS NULL, expires_at, id
                 LIMIT {MAX_LISTED}"
            ))?;
            let tokens = statement.query_map(rusqlite::params_from_iter(key), api_token)?;
            Ok(tokens.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn count_ending(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        self.read(move |db| {
            let within = "SELECT count(*) FROM api_tokens WHERE expires_at BETWEEN ? AND ?";
            let counted = db.query_row(within, params![Time(from), Time(until)], |row| row.get(0));
            Ok(counted.map(i64::unsigned_abs)?)
        })
        .await
    }

    async fn token_by_id(&self, id: i64) -> Result<Option<ApiToken>, StoreError> {
        self.read(move |db| {
            let by_id = format!("SELECT {TOKENS} WHERE id = ?");
            Ok(db
                .prepare_cached(&by_id)?
                .query_row([id], api_token)
                .optional()?)
        })
        .await
    }

    async fn revoke_token(&self, id: i64) -> Result<bool, StoreError> {
        self.write(move |db| Ok(db.execute("DELETE FROM api_tokens WHERE id = ?", [id])? > 0))
            .await
    }

    async fn record_token_use(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError> {
        let used = used.to_vec();
        self.note(move |db| {
            let mut statement = db.prepare_cached(
                "UPDATE api_tokens SET last_used_at = max(coalesce(last_used_at, ''), ?2)
                 WHERE id = ?1",
            )?;
            for (id, at) in used {
                statement.execute(params![id, Time(at)])?;
            }
            Ok(())
        })
        .await
    }

    async fn generation(&self) -> Result<u64, StoreError> {
        self.changes().await
    }
}
