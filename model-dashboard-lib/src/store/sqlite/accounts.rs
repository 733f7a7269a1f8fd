//! The rows of accounts: local people in `users`, everyone else in `accounts`.

use rusqlite::{Connection, OptionalExtension as _, Params, Row, named_params};

use super::error::{Error, Result};
use super::values::{LenientTime, Parsed, Time};
use crate::auth::{IdentityId, RoleOrigin, Source, User, Username};
use crate::store::accounts::no_account;

/// The columns of [`account`]; the view `everyone` has them, too.
pub(super) const OF_USERS: &str =
    "'local' AS source, CAST(id AS TEXT) AS subject, username, display_name,
    email, role, role_reason, 'administrator' AS role_origin, '[]' AS groups, is_active,
    NULL AS team, created_at, updated_at, last_sign_in, checked_at, NULL AS left_at,
    NULL AS left_reason, FALSE AS provisional FROM users";
pub(super) const OF_ACCOUNTS: &str =
    "source, subject, username, display_name, email, role, role_reason,
    role_origin, groups, is_active, team, created_at, updated_at, last_sign_in, checked_at, left_at,
    left_reason, provisional FROM accounts";
pub(super) const OF_EVERYONE: &str = "* FROM everyone";

pub(super) fn account(row: &Row<'_>) -> rusqlite::Result<User> {
    let Parsed(username) = row.get("username")?;
    let Parsed(source) = row.get("source")?;
    let groups: String = row.get("groups")?;
    let Parsed(role) = row.get("role")?;
    let email: Option<String> = row.get("email")?;
    let LenientTime(created_at) = row.get("created_at")?;
    let LenientTime(updated_at) = row.get("updated_at")?;
    let LenientTime(last_sign_in) = row.get("last_sign_in")?;
    let LenientTime(checked_at) = row.get("checked_at")?;
    let LenientTime(left_at) = row.get("left_at")?;
    Ok(User {
        id: IdentityId::new(source, row.get::<_, String>("subject")?),
        username,
        display_name: row.get("display_name")?,
        // The earlier system writes an empty text for none.
        email: email.filter(|email| !email.is_empty()),
        role,
        role_reason: row.get("role_reason")?,
        role_origin: role_origin(&row.get::<_, String>("role_origin")?)?,
        groups: serde_json::from_str(&groups).map_err(|error| {
            let text = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(0, text, Box::new(error))
        })?,
        // Null, which only the earlier system's table allows, counts as deactivated.
        is_active: row.get::<_, Option<bool>>("is_active")?.unwrap_or(false),
        team: row.get("team")?,
        created_at,
        updated_at,
        last_sign_in,
        checked_at,
        left_at,
        left_reason: row.get("left_reason")?,
        is_provisional: row.get("provisional")?,
    })
}

pub(super) fn is_local(source: &Source) -> bool {
    source.as_str() == Source::LOCAL
}

/// The row number of a local person. Only the text that [`account`] gives is one, or an account had
/// several ids; any other subject is null, which no row has.
pub(super) fn row_number(id: &IdentityId) -> Option<i64> {
    let number: i64 = id.subject.parse().ok()?;
    (number.to_string() == *id.subject).then_some(number)
}

fn one(db: &Connection, what: &str, params: impl Params) -> Result<Option<User>> {
    let mut statement = db.prepare_cached(&format!("SELECT {what}"))?;
    Ok(statement.query_row(params, account).optional()?)
}

pub(super) fn find(db: &Connection, id: &IdentityId) -> Result<Option<User>> {
    if is_local(&id.source) {
        one(db, &format!("{OF_USERS} WHERE id = ?"), [row_number(id)])
    } else {
        let by_id = format!("{OF_ACCOUNTS} WHERE source = ? AND subject = ?");
        one(db, &by_id, [id.source.as_str(), &id.subject])
    }
}

pub(super) fn find_by_name(
    db: &Connection,
    source: &Source,
    username: &Username,
) -> Result<Option<User>> {
    if is_local(source) {
        one(
            db,
            &format!("{OF_USERS} WHERE username_folded = ?"),
            [username.folded()],
        )
    } else {
        let by_name = format!(
            "{OF_ACCOUNTS} WHERE source = ? AND username_folded = ? ORDER BY checked_at DESC LIMIT 1"
        );
        one(db, &by_name, [source.as_str(), username.folded()])
    }
}

pub(super) fn existing(db: &Connection, id: &IdentityId) -> Result<User> {
    find(db, id)?.ok_or_else(|| no_account(id).into())
}

/// Writes every field of an account that has a row.
pub(super) fn save(db: &Connection, user: &User) -> Result<()> {
    let written = if is_local(&user.id.source) {
        let mut statement = db.prepare_cached(
            "UPDATE users SET username = :username, username_folded = :folded,
                display_name = :display_name, email = :email, role = :role,
                role_reason = :role_reason, is_active = :is_active, created_at = :created_at,
                updated_at = :updated_at, last_sign_in = :last_sign_in, checked_at = :checked_at
             WHERE id = :id",
        )?;
        statement.execute(named_params! {
            ":id": row_number(&user.id),
            ":username": user.username.as_str(),
            ":folded": user.username.folded(),
            ":display_name": user.display_name,
            ":email": user.email,
            ":role": user.role.as_str(),
            ":role_reason": user.role_reason,
            ":is_active": user.is_active,
            ":created_at": user.created_at.map(Time),
            ":updated_at": user.updated_at.map(Time),
            ":last_sign_in": user.last_sign_in.map(Time),
            ":checked_at": user.checked_at.map(Time),
        })?
    } else {
        let mut statement = db.prepare_cached(
            "UPDATE accounts SET username = :username, username_folded = :folded,
                display_name = :display_name, email = :email, role = :role,
                role_origin = :role_origin, role_reason = :role_reason, groups = :groups,
                is_active = :is_active, team = :team, created_at = :created_at,
                updated_at = :updated_at, last_sign_in = :last_sign_in, checked_at = :checked_at,
                left_at = :left_at, left_reason = :left_reason, provisional = :provisional
             WHERE source = :source AND subject = :subject",
        )?;
        let groups = serde_json::to_string(&user.groups).map_err(Error::bad_data)?;
        statement.execute(named_params! {
            ":source": user.id.source.as_str(),
            ":subject": &*user.id.subject,
            ":username": user.username.as_str(),
            ":folded": user.username.folded(),
            ":display_name": user.display_name,
            ":email": user.email,
            ":role": user.role.as_str(),
            ":role_origin": origin_name(user.role_origin),
            ":role_reason": user.role_reason,
            ":groups": groups,
            ":is_active": user.is_active,
            ":team": user.team,
            ":created_at": user.created_at.map(Time),
            ":updated_at": user.updated_at.map(Time),
            ":last_sign_in": user.last_sign_in.map(Time),
            ":checked_at": user.checked_at.map(Time),
            ":left_at": user.left_at.map(Time),
            ":left_reason": user.left_reason,
            ":provisional": user.is_provisional,
        })?
    };
    if written == 0 {
        Err(no_account(&user.id).into())
    } else {
        Ok(())
    }
}

fn origin_name(origin: RoleOrigin) -> &'static str {
    match origin {
        RoleOrigin::Default => "default",
        RoleOrigin::Administrator => "administrator",
        RoleOrigin::Source => "source",
    }
}

fn role_origin(name: &str) -> rusqlite::Result<RoleOrigin> {
    let all = [
        RoleOrigin::Default,
        RoleOrigin::Administrator,
        RoleOrigin::Source,
    ];
    let origin = all.into_iter().find(|origin| origin_name(*origin) == name);
    origin.ok_or_else(|| {
        let error = format!("unknown role origin {name:?}").into();
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error)
    })
}
