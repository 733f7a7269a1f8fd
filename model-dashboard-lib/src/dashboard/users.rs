//! Accounts, for administrators.
//!
//! Nobody takes over more than they hold: giving a role, and setting the password of an account,
//! need every permission that goes with it. So a token whose only scope is `users:admin` cannot
//! make itself an administrator.

use super::{Caller, Dashboard, Error};
use crate::audit::{Action, counted};
use crate::auth::{
    IdentityId, NewPassword, NewUser, NewUserKind, Permission, Permissions, Role, RoleOrigin,
    Source, User, UserChange, UserFilter, Username,
};

/// The longest display name or team, in characters.
pub const MAX_DISPLAY_NAME_CHARS: usize = 128;

/// The longest mail address, in characters (RFC 5321 §4.5.3.1).
pub const MAX_EMAIL_CHARS: usize = 254;

/// A local account to be made.
#[derive(Clone)]
pub struct NewUserRequest {
    /// The name to sign in with.
    pub username: String,
    /// The name people read; if empty, the username.
    pub display_name: String,
    /// Mail address.
    pub email: Option<String>,
    /// What the account may do.
    pub role: Role,
    /// The first password; `None` generates one.
    pub password: Option<String>,
}

impl std::fmt::Debug for NewUserRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUserRequest")
            .field("username", &self.username)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// A service account to be made.
#[derive(Clone, Debug)]
pub struct NewServiceAccount {
    /// Its name.
    pub username: String,
    /// The name people read; if empty, the username.
    pub display_name: String,
    /// The team that answers for it.
    pub team: String,
    /// What it may do.
    pub role: Role,
}

impl Dashboard {
    /// All accounts that match (at most 10,000). Needs `users:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn users(&self, caller: &Caller, filter: &UserFilter) -> Result<Vec<User>, Error> {
        self.require(caller, Permission::UsersAdmin, || "users".to_owned())
            .await?;
        Ok(self.inner.users.list_users(filter).await?)
    }

    /// One account. Needs `users:admin`, but for the caller's own.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`].
    pub async fn user(&self, caller: &Caller, id: &IdentityId) -> Result<User, Error> {
        if id != caller.id() {
            self.require(caller, Permission::UsersAdmin, || format!("user:{id}"))
                .await?;
        }
        self.existing_user(id).await
    }

    /// The account of a source with this name. Needs `users:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::NotFound`], with names like it.
    pub async fn user_by_name(
        &self,
        caller: &Caller,
        source: &Source,
        username: &str,
    ) -> Result<User, Error> {
        self.require(caller, Permission::UsersAdmin, || "users".to_owned())
            .await?;
        let found = match Username::parse(username) {
            Ok(name) => self.inner.users.user_by_name(source, &name).await?,
            Err(_) => None,
        };
        if let Some(user) = found {
            return Ok(user);
        }
        let filter = UserFilter {
            source: Some(source.clone()),
        };
        let all = self.inner.users.list_users(&filter).await?;
        let names = all.iter().map(|user| user.username.as_str());
        Err(Error::NotFound {
            what: format!("{source} account “{username}”"),
            near: super::near_names(username, names),
        })
    }

    pub(super) async fn existing_user(&self, id: &IdentityId) -> Result<User, Error> {
        let user = self.inner.users.user(id).await?;
        user.ok_or_else(|| Error::not_found(format!("account {id}")))
    }

    /// Asks for every one of `permissions`: what an account has that the caller is about to give
    /// to somebody.
    async fn require_all(
        &self,
        caller: &Caller,
        permissions: Permissions,
        target: impl Fn() -> String,
    ) -> Result<(), Error> {
        let missing: Permissions = permissions.iter().filter(|one| !caller.has(*one)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.note_denied(caller, target(), missing).await;
        Err(Error::MoreThanOwn {
            missing,
            username: caller.username().to_owned(),
        })
    }

    /// Makes a local account for a person. Answers the generated password if none was given; it
    /// can be seen only here. Needs `users:admin` and what the role may do.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field, [`Error::Exists`], [`Error::Denied`],
    /// [`Error::MoreThanOwn`], [`Error::Busy`].
    pub async fn create_user(
        &self,
        caller: &Caller,
        request: NewUserRequest,
    ) -> Result<(User, Option<NewPassword>), Error> {
        let target = || format!("user:local:{}", request.username);
        self.require(caller, Permission::UsersAdmin, target).await?;
        self.require_all(caller, request.role.permissions(), target)
            .await?;
        let username = parse_username(&request.username)?;
        let display_name = display_name(&request.display_name, &username)?;
        let email = request.email.as_deref().map(email).transpose()?.flatten();
        let (password, generated) = match request.password {
            Some(text) => (NewPassword::parse(text, &username)?, None),
            None => {
                let password = NewPassword::generate()?;
                (password.clone(), Some(password))
            }
        };
        let hash = self.inner.hasher.hash(password.password().clone()).await?;
        let new = NewUser {
            username,
            display_name,
            email,
            role: request.role,
            kind: NewUserKind::Person { password: hash },
        };
        let user = self.create_account(caller, new).await?;
        Ok((user, generated))
    }

    /// Makes a service account: no sign-in, tokens only. Needs `users:admin` and what the role may
    /// do.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field, [`Error::Exists`], [`Error::Denied`],
    /// [`Error::MoreThanOwn`].
    pub async fn create_service_account(
        &self,
        caller: &Caller,
        request: NewServiceAccount,
    ) -> Result<User, Error> {
        let target = || format!("user:service:{}", request.username);
        self.require(caller, Permission::UsersAdmin, target).await?;
        self.require_all(caller, request.role.permissions(), target)
            .await?;
        let username = parse_username(&request.username)?;
        let team = super::text_field("team", &request.team, 1..=MAX_DISPLAY_NAME_CHARS)?;
        let new = NewUser {
            display_name: display_name(&request.display_name, &username)?,
            username,
            email: None,
            role: request.role,
            kind: NewUserKind::Service { team },
        };
        self.create_account(caller, new).await
    }

    async fn create_account(&self, caller: &Caller, new: NewUser) -> Result<User, Error> {
        let (this, caller) = (self.clone(), caller.clone());
        self.change(async move {
            let user = this.inner.users.create_user(new).await?;
            let event = caller
                .event(Action::UserCreate, format!("user:{}", user.id))
                .with_detail(format!("{} as {}", user.username, user.role));
            this.inner.trail.record(event).await;
            Ok(user)
        })
        .await
    }

    /// Changes an account. Needs `users:admin`, and for a new role what it may do. A new role or a
    /// deactivation ends the account's sessions; its tokens carry what the new role allows, at
    /// once. Somebody whose role comes from their source cannot be given another here.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::MoreThanOwn`], [`Error::NotFound`],
    /// [`Error::LastAdministrator`], [`Error::Invalid`].
    pub async fn update_user(
        &self,
        caller: &Caller,
        id: &IdentityId,
        change: UserChange,
    ) -> Result<User, Error> {
        let target = || format!("user:{id}");
        self.require(caller, Permission::UsersAdmin, target).await?;
        let before = self.existing_user(id).await?;
        if let Some(role) = change.role {
            self.require_all(caller, role.permissions(), target).await?;
        }
        let change = checked(change, &before)?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change(async move {
            let id = &before.id;
            let changed = this.inner.users.update_user(id, change).await;
            this.inner.access.forget_account(id);
            let user = changed?;
            let ended = match user.role != before.role || !user.is_active {
                true => this.end_all_sessions(id, None).await,
                false => Ok(0),
            };
            let event = caller
                .event(Action::UserUpdate, format!("user:{id}"))
                .with_detail(differences(&before, &user, *ended.as_ref().unwrap_or(&0)));
            this.inner.trail.record(event).await;
            ended.map(|_| user)
        })
        .await
    }

    /// Sets another password for a local person and ends all their sessions; tokens stay. Answers
    /// the generated password if none was given; it can be seen only here. Needs `users:admin` and
    /// what the account may do.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::MoreThanOwn`], [`Error::NotFound`], [`Error::Invalid`],
    /// [`Error::Busy`].
    pub async fn reset_password(
        &self,
        caller: &Caller,
        id: &IdentityId,
        new: Option<String>,
    ) -> Result<Option<NewPassword>, Error> {
        let target = || format!("user:{id}");
        self.require(caller, Permission::UsersAdmin, target).await?;
        let user = self.existing_user(id).await?;
        self.require_all(caller, user.role.permissions(), target)
            .await?;
        if user.id.source.as_str() != Source::LOCAL {
            let message = "only local people have a password here";
            return Err(Error::invalid("password", message));
        }
        let (password, generated) = match new {
            Some(text) => (NewPassword::parse(text, &user.username)?, None),
            None => {
                let password = NewPassword::generate()?;
                (password.clone(), Some(password))
            }
        };
        let how = "reset by an administrator";
        self.store_password(caller, &user, password, None, None, how)
            .await?;
        Ok(generated)
    }

    /// Removes a local account or a service account, with its sessions and tokens. Needs
    /// `users:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`], [`Error::LastAdministrator`].
    pub async fn delete_user(&self, caller: &Caller, id: &IdentityId) -> Result<(), Error> {
        self.require(caller, Permission::UsersAdmin, || format!("user:{id}"))
            .await?;
        let user = self.existing_user(id).await?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change(async move {
            let deleted = this.inner.users.delete_user(&user.id).await;
            this.inner.access.forget_account(&user.id);
            deleted?;
            let event = caller
                .event(Action::UserDelete, format!("user:{}", user.id))
                .with_detail(format!("{}, {}", user.username, user.role));
            this.inner.trail.record(event).await;
            Ok(())
        })
        .await
    }
}

pub(super) fn parse_username(text: &str) -> Result<Username, Error> {
    Username::parse(text).map_err(|error| Error::invalid("username", error.to_string()))
}

fn display_name(text: &str, username: &Username) -> Result<String, Error> {
    let text = super::text_field("display_name", text, 0..=MAX_DISPLAY_NAME_CHARS)?;
    Ok(match text.is_empty() {
        true => username.to_string(),
        false => text,
    })
}

/// An address with an `@` between two parts; empty text is none. Whether mail arrives is not asked.
fn email(text: &str) -> Result<Option<String>, Error> {
    let text = super::text_field("email", text, 0..=MAX_EMAIL_CHARS)?;
    let parts = text.rsplit_once('@');
    let fine = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && !text.contains(char::is_whitespace);
    match text.is_empty() {
        true => Ok(None),
        false if fine => Ok(Some(text)),
        false => Err(Error::invalid("email", "write it like name@example.org")),
    }
}

fn checked(change: UserChange, before: &User) -> Result<UserChange, Error> {
    let team = change.team.as_deref();
    if team.is_some() && !before.is_service() {
        return Err(Error::invalid("team", "only service accounts have a team"));
    }
    let of_source = before.role_origin == RoleOrigin::Source;
    if of_source && change.role.is_some_and(|role| role != before.role) {
        let message = format!(
            "{} gives {} this role ({}), and the next look there would undo a change here; change \
             it in the directory",
            before.id.source, before.username, before.role_reason
        );
        return Err(Error::invalid("role", message));
    }
    let name = change.display_name.as_deref();
    Ok(UserChange {
        role: change.role.filter(|_| !of_source),
        display_name: name
            .map(|text| display_name(text, &before.username))
            .transpose()?,
        email: match change.email {
            Some(Some(text)) => Some(email(&text)?),
            other => other,
        },
        team: team
            .map(|text| super::text_field("team", text, 1..=MAX_DISPLAY_NAME_CHARS))
            .transpose()?,
        ..change
    })
}

/// What changed of an account, for the audit log.
fn differences(before: &User, after: &User, sessions_ended: u64) -> String {
    let mut parts = Vec::new();
    if before.role != after.role {
        parts.push(format!("role {} → {}", before.role, after.role));
    }
    match (before.is_active, after.is_active) {
        (true, false) => parts.push("deactivated".to_owned()),
        (false, true) => parts.push("activated".to_owned()),
        _ => {}
    }
    if before.display_name != after.display_name {
        parts.push("display name".to_owned());
    }
    if before.email != after.email {
        parts.push("mail address".to_owned());
    }
    if before.team != after.team {
        parts.push("team".to_owned());
    }
    if sessions_ended > 0 {
        parts.push(format!("{} ended", counted(sessions_ended, "session")));
    }
    match parts.is_empty() {
        true => format!("{}: nothing", after.username),
        false => format!("{}: {}", after.username, parts.join(", ")),
    }
}
