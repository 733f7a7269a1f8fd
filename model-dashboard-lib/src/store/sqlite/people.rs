//! People as their sources make them known.

use rusqlite::Connection;

use super::accounts::{existing, find, save};
use super::error::Result;
use super::users::revoke_tokens;
use crate::auth::{Identity, IdentityId, Role, User, Username};
use crate::model::Timestamp;
use crate::store::accounts::{Decided, note_seen, remembered};

/// Within a transaction, as all here.
pub(super) fn remember(
    db: &Connection,
    identity: &Identity,
    default_role: Role,
    signed_in: bool,
    at: Timestamp,
) -> Result<User> {
    if identity.id.source.is_own() {
        let mut user = existing(db, &identity.id)?;
        note_seen(&mut user, signed_in, at);
        save(db, &user)?;
        return Ok(user);
    }
    // From now on the id is known to be the stable one, even if it is a username.
    let known = match find(db, &identity.id)? {
        Some(known) if !known.is_provisional => Some(known),
        _ => {
            adopt(db, &identity.id, &identity.username)?;
            find(db, &identity.id)?
        }
    };
    if known.is_none() {
        db.execute(
            "INSERT INTO accounts (source, subject, username, username_folded, role)
             VALUES (?1, ?2, '', '', ?3)",
            [
                identity.id.source.as_str(),
                &identity.id.subject,
                default_role.as_str(),
            ],
        )?;
    }
    let decided = Decided::at_sign_in(identity, known.as_ref(), default_role);
    let mut user = remembered(identity, known, decided, at);
    note_seen(&mut user, signed_in, at);
    save(db, &user)?;
    Ok(user)
}

/// Gives the account that was taken over from the earlier system under a name, with its tokens, the
/// stable id that its directory has told by now; or its tokens to one that has it already. Not once
/// the person is known: the name may pass to somebody else. An account that an administrator
/// deactivated stays so, and its tokens end.
pub(super) fn adopt(db: &Connection, id: &IdentityId, name: &Username) -> Result<bool> {
    let by_name = IdentityId::new(id.source.clone(), name.folded());
    let (known, old) = (find(db, id)?, find(db, &by_name)?);
    let Some(old) = old.filter(|old| old.is_provisional && old.id != *id) else {
        return Ok(false);
    };
    let what = match known {
        None => "UPDATE accounts SET subject = ?1 WHERE source = ?2 AND subject = ?3",
        Some(known) if known.is_provisional && old.is_active => {
            "DELETE FROM accounts WHERE ?1 <> ?3 AND source = ?2 AND subject = ?3"
        }
        Some(_) => return Ok(false),
    };
    let ids = [&*id.subject, id.source.as_str(), &*by_name.subject];
    db.execute(what, ids)?;
    match old.is_active {
        true => {
            let of_tokens = "UPDATE api_tokens SET owner_subject = ?1
                WHERE owner_source = ?2 AND owner_subject = ?3";
            db.execute(of_tokens, ids)?;
        }
        // It may be somebody else who is called so by now, and is let in one day.
        false => {
            revoke_tokens(db, &by_name)?;
        }
    }
    Ok(true)
}
