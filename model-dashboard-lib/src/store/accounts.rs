//! Rules of accounts, tokens and sessions that the backends of this crate share.

use super::StoreError;
use crate::auth::{
    Identity, IdentityId, NewUser, NewUserKind, Role, RoleOrigin, Source, User, UserChange,
};
use crate::model::Timestamp;

/// The most accounts or tokens in one answer.
pub(super) const MAX_LISTED: usize = 10_000;
/// The most tokens of one owner.
pub(super) const MAX_TOKENS: usize = 1_000;
/// The most sessions of one account.
pub(super) const MAX_SESSIONS: usize = 50;
/// The most people with access in one answer.
pub(super) const MAX_WITH_ACCESS: usize = 1_000;
/// The most events in one answer.
pub(super) const MAX_EVENTS: usize = 1_000;

const BY_ADMINISTRATOR: &str = "set by an administrator";
const BY_DEFAULT: &str = "the default, as no group gives a role";

/// A role, who decided on it, and the reason that people read.
#[derive(Clone, Debug)]
pub(super) struct Decided {
    pub(super) role: Role,
    pub(super) origin: RoleOrigin,
    pub(super) reason: String,
}

impl Decided {
    pub(super) fn by_administrator(role: Role) -> Decided {
        Decided {
            role,
            origin: RoleOrigin::Administrator,
            reason: BY_ADMINISTRATOR.into(),
        }
    }

    fn by_default(role: Role) -> Decided {
        Decided {
            role,
            origin: RoleOrigin::Default,
            reason: BY_DEFAULT.into(),
        }
    }

    /// The role of somebody of a directory: what the source gives, else what an administrator
    /// set, else the default of today.
    pub(super) fn at_sign_in(identity: &Identity, known: Option<&User>, default: Role) -> Decided {
        match (&identity.role, known) {
            (Some(granted), _) => Decided {
                role: granted.role,
                origin: RoleOrigin::Source,
                reason: granted.reason.clone(),
            },
            (None, Some(known)) if known.role_origin == RoleOrigin::Administrator => Decided {
                role: known.role,
                origin: known.role_origin,
                reason: known.role_reason.clone(),
            },
            (None, _) => Decided::by_default(default),
        }
    }
}

/// Whether `user` is one of those of whom one has to stay.
pub(super) fn is_active_administrator(user: &User) -> bool {
    user.id.source.as_str() == Source::LOCAL && user.is_active && user.role == Role::Admin
}

/// The account that `new` asks for, with row number `id`.
pub(super) fn new_account(new: &NewUser, id: i64, at: Timestamp) -> User {
    let (source, team) = match &new.kind {
        NewUserKind::Person { .. } => (Source::local(), None),
        NewUserKind::Service { team } => (Source::service(), Some(team.clone())),
    };
    let decided = Decided::by_administrator(new.role);
    User {
        id: IdentityId::new(source, id.to_string()),
        username: new.username.clone(),
        display_name: new.display_name.clone(),
        email: new.email.clone(),
        role: decided.role,
        role_reason: decided.reason,
        role_origin: decided.origin,
        groups: Vec::new(),
        is_active: true,
        team,
        created_at: Some(at),
        updated_at: Some(at),
        last_sign_in: None,
        checked_at: None,
        left_at: None,
        left_reason: None,
        is_provisional: false,
    }
}

/// `user` after `change`.
pub(super) fn changed(mut user: User, change: UserChange, at: Timestamp) -> User {
    let UserChange {
        display_name,
        email,
        role,
        is_active,
        team,
    } = change;
    if let Some(role) = role {
        let decided = Decided::by_administrator(role);
        user.decide(decided);
    }
    if is_active.is_some() {
        // From now on that is an administrator's decision.
        (user.left_at, user.left_reason) = (None, None);
    }
    user.display_name = display_name.unwrap_or(user.display_name);
    user.email = email.unwrap_or(user.email);
    user.is_active = is_active.unwrap_or(user.is_active);
    if user.is_service() {
        user.team = team.or(user.team);
    }
    user.updated_at = Some(at);
    user
}

/// `known`, or an account new to the registry, as `identity` was found at its source when that was
/// asked at `at`. An answer that a newer one is known to changes nothing.
pub(super) fn remembered(
    identity: &Identity,
    known: Option<User>,
    decided: Decided,
    at: Timestamp,
) -> User {
    if let Some(known) = &known
        && is_older(at, known)
    {
        return known.clone();
    }
    let mut user = known.unwrap_or_else(|| User {
        id: identity.id.clone(),
        username: identity.username.clone(),
        display_name: String::new(),
        email: None,
        role: decided.role,
        role_reason: String::new(),
        role_origin: decided.origin,
        groups: Vec::new(),
        is_active: true,
        team: None,
        created_at: Some(at),
        updated_at: Some(at),
        last_sign_in: None,
        checked_at: None,
        left_at: None,
        left_reason: None,
        is_provisional: false,
    });
    let before = user.clone();
    user.username = identity.username.clone();
    user.display_name = identity.display_name.clone();
    user.email = identity.email.clone();
    user.groups = identity.groups.clone();
    user.decide(decided);
    user.is_provisional = false;
    if user.left_at.take().is_some() {
        user.left_reason = None;
        user.is_active = true;
    }
    if user != before {
        user.updated_at = user.updated_at.max(Some(at));
    }
    user
}

/// Whether the source said something newer of `known` than what it was asked for at `asked_at`.
fn is_older(asked_at: Timestamp, known: &User) -> bool {
    vouched_since(asked_at, known) || past(known.left_at).is_some_and(|at| at >= asked_at)
}

fn vouched_since(asked_at: Timestamp, known: &User) -> bool {
    past(known.checked_at).is_some_and(|at| at > asked_at)
}

/// A time that has come. One that lies ahead was noted by a clock that was wrong, and must not
/// outdo all answers until then.
fn past(at: Option<Timestamp>) -> Option<Timestamp> {
    at.filter(|at| *at <= Timestamp::now())
}

impl User {
    fn decide(&mut self, decided: Decided) {
        self.role = decided.role;
        self.role_reason = decided.reason;
        self.role_origin = decided.origin;
    }
}

/// `user`, whose source said at `asked_at` that they left, and why; `None` if it vouched for them
/// since.
pub(super) fn left(
    mut user: User,
    asked_at: Timestamp,
    why: &str,
) -> Result<Option<User>, StoreError> {
    if user.is_own() || user.is_provisional {
        return Err(no_account(&user.id));
    }
    if vouched_since(asked_at, &user) {
        return Ok(None);
    }
    if user.is_active {
        user.is_active = false;
        user.left_at = Some(asked_at);
        user.left_reason = Some(why.to_owned());
        user.updated_at = user.updated_at.max(Some(asked_at));
    }
    Ok(Some(user))
}

/// Notes that the source of `user` knew them when it was asked at `at`. No time goes back, and who
/// has left since is not vouched for.
pub(super) fn note_seen(user: &mut User, signed_in: bool, at: Timestamp) {
    if user.left_at.is_some() {
        return;
    }
    user.checked_at = past(user.checked_at).max(Some(at));
    if signed_in {
        user.last_sign_in = past(user.last_sign_in).max(Some(at));
    }
}

pub(super) fn no_account(id: &IdentityId) -> StoreError {
    StoreError::NotFound {
        what: format!("the account {id}"),
    }
}

pub(super) fn name_taken(new: &NewUser) -> StoreError {
    let kind = match new.kind {
        NewUserKind::Person { .. } => "user",
        NewUserKind::Service { .. } => "service account",
    };
    StoreError::Duplicate {
        what: format!("the {kind} “{}”", new.username),
    }
}

pub(super) fn too_many_tokens() -> StoreError {
    StoreError::TooMany {
        what: "tokens of this account",
        limit: MAX_TOKENS as u64,
    }
}
