//! A person's own sessions and password, and signing out. A token cannot reach them: it is for
//! programs, and must not become a sign-in.

use std::time::Instant;

use super::{Caller, Dashboard, Error, Unauthenticated};
use crate::audit::Action;
use crate::auth::{
    IdentityId, NewPassword, Password, PasswordCheck, PasswordHash, Session, SessionSecret, Source,
    User,
};

impl Dashboard {
    /// Ends the caller's session.
    ///
    /// # Errors
    /// [`Error::SignInNeeded`] for callers without one.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), Error> {
        let id = caller.session_id().ok_or(Error::SignInNeeded)?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change(async move {
            let ended = this.inner.sessions.end_session(caller.id(), id).await;
            this.inner.access.forget_session(id);
            if ended? {
                let event = caller.event(Action::SignOut, format!("user:{}", caller.id()));
                this.inner.trail.record(event).await;
            }
            Ok(())
        })
        .await
    }

    /// The caller's sessions, newest first; that of the request has the number
    /// [`Caller::session_id`].
    ///
    /// # Errors
    /// [`Error::SignInNeeded`] for callers without a session.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, Error> {
        signed_in(caller)?;
        Ok(self.inner.sessions.list_sessions(caller.id()).await?)
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the caller has no such session, [`Error::SignInNeeded`].
    pub async fn end_session(&self, caller: &Caller, id: i64) -> Result<(), Error> {
        signed_in(caller)?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change(async move {
            let ended = this.inner.sessions.end_session(caller.id(), id).await;
            if !ended? {
                return Err(Error::not_found(format!("session {id}")));
            }
            this.inner.access.forget_session(id);
            let event = caller.event(Action::SessionEnd, format!("user:{}", caller.id()));
            this.inner
                .trail
                .record(event.with_detail(format!("session {id}")))
                .await;
            Ok(())
        })
        .await
    }

    /// Ends all of the caller's sessions but the one of this request; answers how many.
    ///
    /// # Errors
    /// [`Error::SignInNeeded`].
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<u64, Error> {
        let own = signed_in(caller)?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change(async move {
            let ended = this.end_all_sessions(caller.id(), Some(own)).await?;
            let event = caller.event(Action::SessionEnd, format!("user:{}", caller.id()));
            let event = event.with_detail(format!("{ended} other sessions"));
            this.inner.trail.record(event).await;
            Ok(ended)
        })
        .await
    }

    /// Ends the sessions of an account in the store and in memory.
    pub(super) async fn end_all_sessions(
        &self,
        id: &IdentityId,
        except: Option<i64>,
    ) -> Result<u64, Error> {
        let ended = self.inner.sessions.end_sessions(id, except).await;
        self.inner.access.forget_account(id);
        Ok(ended?)
    }

    /// Changes the caller's own password and ends all their sessions, that of this request, too:
    /// somebody else may have its cookie. Answers the secret of a new one for the caller.
    ///
    /// Wrong present passwords count like wrong sign-ins.
    ///
    /// # Errors
    /// [`Error::Invalid`] with field `current` (wrong), `password` (not good enough),
    /// [`Error::TooManyAttempts`], [`Error::SignInNeeded`], [`Error::Busy`].
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: String,
        new: String,
    ) -> Result<SessionSecret, Error> {
        let own = signed_in(caller)?;
        let user = caller.user();
        if user.id.source.as_str() != Source::LOCAL {
            let message = "your password is kept by the directory; change it there";
            return Err(Error::invalid("password", message));
        }
        let current = Password::parse(current)
            .map_err(|error| Error::invalid("current", error.to_string()))?;
        let new = NewPassword::parse(new, &user.username)?;
        if new.password().expose() == current.expose() {
            return Err(Error::invalid("password", "choose another password"));
        }
        let (this, caller) = (self.clone(), caller.clone());
        // Whoever has a session signed in before.
        self.password_check(&self.inner.sign_ins, true, async move {
            let user = caller.user();
            let (source, name) = (&user.id.source, user.username.folded());
            let from = &*caller.request().from;
            let throttle = &this.inner.throttle;
            let attempt = match throttle.attempt(source, name, from, Instant::now()) {
                Ok(attempt) => attempt,
                Err(early) => {
                    let event = caller.event(Action::Denied, format!("user:{}", user.id));
                    return Err(this.too_early(early, event).await);
                }
            };
            let stored = this.inner.users.password_hash(&user.username).await?;
            let (_, hash) = stored.ok_or_else(|| Error::not_found("your account"))?;
            let check = this.inner.hasher.check(current, hash.clone()).await;
            match check {
                Err(error) => {
                    attempt.was_not_made();
                    return Err(error.into());
                }
                Ok(PasswordCheck::Wrong) => {
                    let event = caller
                        .event(Action::Denied, format!("user:{}", user.id))
                        .with_detail("wrong present password at a change of password");
                    this.inner.trail.record(event).await;
                    return Err(Error::invalid(
                        "current",
                        "this is not your present password",
                    ));
                }
                Ok(_) => attempt.was_right(None),
            }
            this.renew(&caller, own, new, hash).await
        })
        .await
    }

    /// Stores the caller's password in place of the one that was checked, and begins a session in
    /// place of `own`.
    ///
    /// The session is there first, so that whoever resets the password or deactivates the account
    /// from then on ends it as well.
    async fn renew(
        &self,
        caller: &Caller,
        own: i64,
        new: NewPassword,
        checked: PasswordHash,
    ) -> Result<SessionSecret, Error> {
        let (users, sessions) = (&self.inner.users, &self.inner.sessions);
        let before = sessions.list_sessions(caller.id()).await?;
        let before = before.into_iter().find(|session| session.id == own);
        let made_from = before.ok_or(Unauthenticated::NoSession)?.made_from;
        let (secret, session) = self.new_session(caller.id(), made_from).await?;
        let stored = async {
            let user = users.user(caller.id()).await?;
            let user = user.filter(|user| user.is_active);
            let user = user.ok_or(Unauthenticated::Deactivated)?;
            let how = "changed by its owner";
            self.store_password(caller, &user, new, Some(checked), Some(session.id), how)
                .await
        };
        match stored.await {
            Ok(()) => Ok(secret),
            Err(error) => {
                sessions.end_session(caller.id(), session.id).await?;
                Err(error)
            }
        }
    }

    /// Stores a password, with `expected` only over the hash that was checked, and ends the
    /// account's sessions, but `except`.
    pub(super) async fn store_password(
        &self,
        caller: &Caller,
        user: &User,
        new: NewPassword,
        expected: Option<PasswordHash>,
        except: Option<i64>,
        how: &'static str,
    ) -> Result<(), Error> {
        let hash = self.inner.hasher.hash(new.password().clone()).await?;
        let (this, caller, user) = (self.clone(), caller.clone(), user.clone());
        self.change(async move {
            let users = &this.inner.users;
            let stored = users
                .set_password(&user.id, hash, expected.as_ref(), except)
                .await;
            this.inner.access.forget_account(&user.id);
            if stored?.is_none() {
                let message = "the password was changed elsewhere meanwhile; sign in again";
                return Err(Error::invalid("current", message));
            }
            let event = caller
                .event(Action::PasswordChange, format!("user:{}", user.id))
                .with_detail(format!("{}, {how}", user.username));
            this.inner.trail.record(event).await;
            Ok(())
        })
        .await
    }
}

/// The session of a caller who has one.
fn signed_in(caller: &Caller) -> Result<i64, Error> {
    caller.session_id().ok_or(Error::SignInNeeded)
}
