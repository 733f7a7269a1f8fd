//! [`UserStore`] in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::SqliteStore;
use super::accounts::{
    OF_ACCOUNTS, OF_EVERYONE, OF_USERS, account, existing, find, find_by_name, is_local,
    row_number, save,
};
use super::doubts;
use super::error::{Error, Result};
use super::people::{adopt, remember};
use super::sessions::end_sessions;
use super::values::{Parsed, Time};
use crate::auth::{
    AccountCounts, Identity, IdentityId, Leaving, LeavingDoubt, NewUser, NewUserKind, PasswordHash,
    Role, Source, User, UserChange, UserFilter, UserStore, Username,
};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::accounts::{
    MAX_LISTED, MAX_WITH_ACCESS, changed, is_active_administrator, left, name_taken, new_account,
    no_account,
};

fn create(db: &Connection, new: &NewUser) -> Result<User> {
    let at = Timestamp::now();
    // The row decides on the number that is the subject.
    let blank = new_account(new, 0, at);
    let inserted = match &new.kind {
        NewUserKind::Person { password } => db.execute(
            "INSERT INTO users (username, username_folded, password_hash, display_name, role,
                role_reason) VALUES (?1, ?2, ?3, '', ?4, '')",
            params![
                blank.username.as_str(),
                blank.username.folded(),
                password.expose(),
                blank.role.as_str()
            ],
        ),
        NewUserKind::Service { .. } => db.execute(
            "INSERT INTO accounts (source, subject, username, username_folded, role)
             VALUES (?1, (SELECT 1 + coalesce(max(seq), 0) FROM sqlite_sequence
                WHERE name = 'accounts'), ?2, ?3, ?4)",
            params![
                blank.id.source.as_str(),
                blank.username.as_str(),
                blank.username.folded(),
                blank.role.as_str()
            ],
        ),
    };
    match inserted.map_err(Error::from) {
        Err(error) if error.is_duplicate() => return Err(name_taken(new).into()),
        inserted => inserted?,
    };
    let user = new_account(new, db.last_insert_rowid(), at);
    save(db, &user)?;
    Ok(user)
}

/// Refuses that `user` stops being an active administrator if no other one is left.
fn keep_an_administrator(db: &Connection, user: &User) -> Result<()> {
    if !is_active_administrator(user) {
        return Ok(());
    }
    let others: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM users WHERE role = ?1 AND is_active AND id <> ?2)",
        params![Role::Admin.as_str(), row_number(&user.id)],
        |row| row.get(0),
    )?;
    if others {
        Ok(())
    } else {
        Err(StoreError::LastAdministrator.into())
    }
}

fn update(db: &Connection, id: &IdentityId, change: UserChange) -> Result<User> {
    let before = existing(db, id)?;
    let user = changed(before.clone(), change, Timestamp::now());
    if !is_active_administrator(&user) {
        keep_an_administrator(db, &before)?;
    }
    if !user.is_active {
        end_sessions(db, id, None)?;
    }
    save(db, &user)?;
    Ok(user)
}

fn delete(db: &Connection, id: &IdentityId) -> Result<()> {
    keep_an_administrator(db, &existing(db, id)?)?;
    end_sessions(db, id, None)?;
    revoke_tokens(db, id)?;
    if is_local(&id.source) {
        db.execute("DELETE FROM users WHERE id = ?", [row_number(id)])?;
    } else {
        let by_id = "DELETE FROM accounts WHERE source = ? AND subject = ?";
        db.execute(by_id, [id.source.as_str(), &id.subject])?;
    }
    Ok(())
}

/// Removes all tokens of an account; answers how many.
pub(super) fn revoke_tokens(db: &Connection, id: &IdentityId) -> Result<u64> {
    let revoked = db.execute(
        "DELETE FROM api_tokens WHERE owner_source = ? AND owner_subject = ?",
        [id.source.as_str(), &id.subject],
    )?;
    Ok(revoked as u64)
}

fn note_left(
    db: &Connection,
    id: &IdentityId,
    asked_at: Timestamp,
    why: &str,
) -> Result<Option<Leaving>> {
    let before = existing(db, id)?;
    let is_new = before.is_active;
    let Some(user) = left(before, asked_at, why)? else {
        return Ok(None);
    };
    save(db, &user)?;
    Ok(Some(Leaving {
        is_new,
        sessions: end_sessions(db, id, None)?,
        tokens: revoke_tokens(db, id)?,
        user,
    }))
}

/// People of a source by subject, from the one after `?4` on: those with a session or token that
/// ends after `?3`, whom nobody looked at since `?2`, as far as a time before `?3` says.
pub(super) const WITH_ACCESS: &str = "WHERE source = ?1 AND subject > ?4 AND is_active
    AND NOT provisional AND (checked_at IS NULL OR checked_at <= ?2 OR checked_at > ?3)
    AND (EXISTS (SELECT 1 FROM sessions s WHERE s.source = accounts.source
            AND s.subject = accounts.subject AND s.expires_at > ?3)
        OR EXISTS (SELECT 1 FROM api_tokens t WHERE t.owner_source = accounts.source
            AND t.owner_subject = accounts.subject
            AND (t.expires_at IS NULL OR t.expires_at > ?3)))
    ORDER BY subject";

fn set_hash(
    db: &Connection,
    id: &IdentityId,
    hash: &PasswordHash,
    expected: Option<&PasswordHash>,
) -> Result<bool> {
    if !is_local(&id.source) {
        return Err(no_account(id).into());
    }
    existing(db, id)?;
    let written = db.execute(
        "UPDATE users SET password_hash = ?1, updated_at = ?2
         WHERE id = ?3 AND password_hash = coalesce(?4, password_hash)",
        params![
            hash.expose(),
            Time(Timestamp::now()),
            row_number(id),
            expected.map(PasswordHash::expose)
        ],
    )?;
    Ok(written > 0)
}

#[async_trait]
impl UserStore for SqliteStore {
    async fn create_user(&self, new: NewUser) -> Result<User, StoreError> {
        self.write(move |db| create(db, &new)).await
    }

    async fn create_first_user(&self, new: NewUser) -> Result<Option<User>, StoreError> {
        self.write(move |db| {
            let empty: bool =
                db.query_row("SELECT NOT EXISTS (SELECT 1 FROM everyone)", [], |row| {
                    row.get(0)
                })?;
            if !empty {
                return Ok(None);
            }
            create(
                db,
                &NewUser {
                    role: Role::Admin,
                    ..new
                },
            )
            .map(Some)
        })
        .await
    }

    async fn user(&self, id: &IdentityId) -> Result<Option<User>, StoreError> {
        let id = id.clone();
        self.read(move |db| find(db, &id)).await
    }

    async fn user_by_name(
        &self,
        source: &Source,
        username: &Username,
    ) -> Result<Option<User>, StoreError> {
        let (source, username) = (source.clone(), username.clone());
        self.read(move |db| find_by_name(db, &source, &username))
            .await
    }

    async fn count_users(&self) -> Result<AccountCounts, StoreError> {
        self.read(|db| {
            let counted = db.query_row(
                "SELECT count(*), count(*) FILTER (WHERE role = ?1 AND is_active AND source <> ?2)
                 FROM everyone",
                [Role::Admin.as_str(), Source::SERVICE],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
            );
            let (all, administrators) = counted?;
            Ok(AccountCounts {
                all: all.unsigned_abs(),
                administrators: administrators.unsigned_abs(),
            })
        })
        .await
    }

    async fn list_users(&self, filter: &UserFilter) -> Result<Vec<User>, StoreError> {
        let source = filter
            .source
            .as_ref()
            .map(|source| source.as_str().to_owned());
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {OF_EVERYONE} WHERE ?1 IS NULL OR source = ?1
                 ORDER BY source, username_folded, subject LIMIT {MAX_LISTED}"
            ))?;
            let users = statement.query_map([source], account)?;
            Ok(users.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn sources(&self) -> Result<Vec<Source>, StoreError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT DISTINCT source FROM everyone ORDER BY source")?;
            let sources = statement.query_map([], |row| Ok(row.get::<_, Parsed<Source>>(0)?.0))?;
            Ok(sources.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn update_user(&self, id: &IdentityId, change: UserChange) -> Result<User, StoreError> {
        let id = id.clone();
        self.write(move |db| update(db, &id, change)).await
    }

    async fn delete_user(&self, id: &IdentityId) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |db| delete(db, &id)).await
    }

    async fn password_hash(
        &self,
        username: &Username,
    ) -> Result<Option<(User, PasswordHash)>, StoreError> {
        let username = username.clone();
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT password_hash, {OF_USERS} WHERE username_folded = ?"
            ))?;
            let found = statement.query_row([username.folded()], |row| {
                Ok((
                    account(row)?,
                    PasswordHash::from_stored(row.get::<_, String>(0)?),
                ))
            });
            Ok(found.optional()?)
        })
        .await
    }

    async fn set_password(
        &self,
        id: &IdentityId,
        hash: PasswordHash,
        expected: Option<&PasswordHash>,
        except: Option<i64>,
    ) -> Result<Option<u64>, StoreError> {
        let (id, expected) = (id.clone(), expected.cloned());
        self.write(move |db| {
            if !set_hash(db, &id, &hash, expected.as_ref())? {
                return Ok(None);
            }
            end_sessions(db, &id, except).map(Some)
        })
        .await
    }

    async fn renew_password_hash(
        &self,
        id: &IdentityId,
        hash: PasswordHash,
        expected: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let (id, expected) = (id.clone(), expected.clone());
        self.write(move |db| set_hash(db, &id, &hash, Some(&expected)))
            .await
    }

    async fn remember(
        &self,
        identity: &Identity,
        default_role: Role,
        signed_in: bool,
        at: Timestamp,
    ) -> Result<User, StoreError> {
        let identity = identity.clone();
        self.write(move |db| remember(db, &identity, default_role, signed_in, at))
            .await
    }

    async fn adopt(&self, id: &IdentityId, name: &Username) -> Result<bool, StoreError> {
        let (id, name) = (id.clone(), name.clone());
        self.write(move |db| adopt(db, &id, &name)).await
    }

    async fn remember_all(
        &self,
        identities: &[Identity],
        default_role: Role,
        at: Timestamp,
    ) -> Result<Vec<Option<User>>, StoreError> {
        let identities = identities.to_vec();
        self.write(move |db| {
            let noted = identities
                .iter()
                .map(|identity| match find(db, &identity.id)? {
                    Some(_) => remember(db, identity, default_role, false, at).map(Some),
                    None => Ok(None),
                });
            noted.collect()
        })
        .await
    }

    async fn note_left(
        &self,
        id: &IdentityId,
        asked_at: Timestamp,
        why: &str,
    ) -> Result<Option<Leaving>, StoreError> {
        let (id, why) = (id.clone(), why.to_owned());
        self.write(move |db| note_left(db, &id, asked_at, &why))
            .await
    }

    async fn people_with_access(
        &self,
        source: &Source,
        looked_before: Timestamp,
        now: Timestamp,
        after: Option<&str>,
    ) -> Result<Vec<User>, StoreError> {
        let (source, after) = (source.clone(), after.unwrap_or_default().to_owned());
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {OF_ACCOUNTS} {WITH_ACCESS} LIMIT {MAX_WITH_ACCESS}"
            ))?;
            let (looked_before, now) = (Time(looked_before), Time(now));
            let key = params![source.as_str(), looked_before, now, after];
            let people = statement.query_map(key, account)?;
            Ok(people.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn doubt(&self, source: &Source) -> Result<Option<LeavingDoubt>, StoreError> {
        let source = source.clone();
        self.read(move |db| doubts::doubt(db, &source)).await
    }

    async fn set_doubt(
        &self,
        source: &Source,
        before: Option<&LeavingDoubt>,
        now: Option<&LeavingDoubt>,
    ) -> Result<bool, StoreError> {
        let (source, before, now) = (source.clone(), before.cloned(), now.cloned());
        self.write(move |db| doubts::set_doubt(db, &source, before.as_ref(), now.as_ref()))
            .await
    }
}
