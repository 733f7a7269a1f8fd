//! How long people of another source get in without a look.

use super::Directories;
use crate::auth::{Permission, Source, User, UserFilter};
use crate::dashboard::{Caller, Dashboard, Error, Policy, Unauthenticated};
use crate::model::Timestamp;
use crate::tokens::ApiToken;

/// That the tokens of somebody work for some days after each sign-in only, because their source
/// cannot be asked about them meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignInLimit {
    /// How many days.
    pub days: u16,
    /// Until when, if they do not sign in again; `None` where it is not known when they last did, and
    /// so not before they do.
    pub until: Option<Timestamp>,
}

/// The end of a credential unless its holder's source vouches for them again; it is over if that is
/// not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Vouched {
    until: Option<Timestamp>,
}

impl Vouched {
    /// # Errors
    /// [`Unauthenticated::NotVouched`].
    pub(in crate::dashboard) fn check(self, now: Timestamp) -> Result<(), Unauthenticated> {
        match self.until.is_some_and(|until| now < until) {
            true => Ok(()),
            false => Err(Unauthenticated::NotVouched),
        }
    }
}

impl Directories {
    /// Until when a session of `user` counts without a look. Where none can be had, it has its own
    /// limits alone. A directory that is not configured any more is one that does not answer.
    pub(in crate::dashboard) fn of_session(&self, user: &User, policy: &Policy) -> Option<Vouched> {
        let is_limited = match self.of(&user.id.source) {
            Some(directory) => directory.can_recheck(),
            None => !is_free(user),
        };
        // Nobody is out between two looks, however short the grace is.
        let limit = policy.recheck_grace.max(policy.recheck_interval);
        is_limited.then(|| Vouched {
            until: last(user.checked_at).map(|at| at.plus(limit)),
        })
    }

    /// Until when a token of `user` counts without a look, or without a sign-in where none can be
    /// had.
    pub(in crate::dashboard) fn of_token(&self, user: &User, policy: &Policy) -> Option<Vouched> {
        if user.is_provisional {
            // It has no end but its own until its owner is known.
            return None;
        }
        match self.sign_in_limit(user, policy) {
            Some(SignInLimit { until, .. }) => Some(Vouched { until }),
            None => self.of_session(user, policy),
        }
    }

    pub(in crate::dashboard) fn sign_in_limit(
        &self,
        user: &User,
        policy: &Policy,
    ) -> Option<SignInLimit> {
        let can_recheck = self.of(&user.id.source)?.can_recheck();
        (!can_recheck && !is_free(user)).then(|| SignInLimit {
            days: policy.unchecked_token_days,
            until: last(user.last_sign_in).map(|at| at.plus(policy.unchecked_token_limit())),
        })
    }
}

/// Whether no directory has a say about `user`, or none can have: it is not known who they are.
fn is_free(user: &User) -> bool {
    user.is_own() || user.id.source.as_str() == Source::HOST || user.is_provisional
}

/// A time that has not come was noted by a clock that was wrong; it must not vouch until then.
fn last(look: Option<Timestamp>) -> Option<Timestamp> {
    look.filter(|at| *at <= Timestamp::now())
}

/// `token` with its end as it is now: at the latest when its owner has to sign in again. One that does
/// not count before they do has ended when it was made.
pub(in crate::dashboard) fn as_limited(
    mut token: ApiToken,
    limit: Option<SignInLimit>,
) -> ApiToken {
    if let Some(SignInLimit { until, .. }) = limit {
        let until = until.or(token.created_at).unwrap_or_else(Timestamp::now);
        token.expires_at = Some(token.expires_at.map_or(until, |end| end.min(until)));
    }
    token
}

impl Dashboard {
    /// The limit on the tokens of `user`, the caller's own or with `users:admin` anybody's, if
    /// their source cannot be asked about them between sign-ins.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn sign_in_limit(
        &self,
        caller: &Caller,
        user: &User,
    ) -> Result<Option<SignInLimit>, Error> {
        if user.id != *caller.id() {
            let target = || format!("user:{}", user.id);
            self.require(caller, Permission::UsersAdmin, target).await?;
        }
        Ok(self.limit_of(user))
    }

    /// People of a directory who have not signed in since the earlier system gave them tokens, and
    /// those that count still: until their end, without any look. Needs `users:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn tokens_before_first_sign_in(
        &self,
        caller: &Caller,
    ) -> Result<Vec<(User, Vec<ApiToken>)>, Error> {
        let target = || "tokens".to_owned();
        self.require(caller, Permission::UsersAdmin, target).await?;
        let users = self.inner.users.list_users(&UserFilter::default()).await?;
        let now = Timestamp::now();
        let mut found = Vec::new();
        for user in users.into_iter().filter(|user| user.is_provisional) {
            let mut tokens = self.inner.tokens.list_tokens(Some(&user.id)).await?;
            tokens.retain(|token| token.expires_at.is_none_or(|end| end > now));
            if !tokens.is_empty() {
                found.push((user, tokens));
            }
        }
        Ok(found)
    }

    pub(in crate::dashboard) fn limit_of(&self, user: &User) -> Option<SignInLimit> {
        self.inner.directories.sign_in_limit(user, self.policy())
    }
}
