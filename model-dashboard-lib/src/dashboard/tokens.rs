//! API tokens: people make and revoke their own, administrators those of service accounts.
//!
//! Nobody hands out more than they hold: a token's scopes are within what its owner may do and
//! within what the caller may do.
//!
//! A token is no way to another one: whoever found one could else make a second that outlives its
//! revocation, or revoke those its owner needs. It sees and revokes itself alone. Only one with
//! `users:admin` manages tokens, and makes them for service accounts, until its own end.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::directories::as_limited;
use super::{Caller, Dashboard, Error};
use crate::audit::Action;
use crate::auth::{IdentityId, Permission, Permissions, Source, User, UserFilter};
use crate::model::Timestamp;
use crate::tokens::{ApiToken, NewToken, PlainToken};

/// The longest description of a token, in characters.
pub const MAX_TOKEN_DESCRIPTION_CHARS: usize = 200;

/// A token to be made.
#[derive(Clone, Debug, Default)]
pub struct NewTokenRequest {
    /// What it is for; 1 to [`MAX_TOKEN_DESCRIPTION_CHARS`] characters.
    pub description: String,
    /// What it may do; at least one permission, with what it
    /// [requires](crate::auth::Permission::requires).
    pub scopes: Permissions,
    /// Days until it ends; `None` takes the installation's default, or what is left of the token
    /// that makes it.
    pub expires_in_days: Option<u16>,
    /// Whose it will be; `None` is the caller. Administrators may name a service account, the
    /// host's administrator any account.
    pub owner: Option<IdentityId>,
}

impl Dashboard {
    /// Makes an API token. Its secret is in the answer and nowhere else, ever.
    ///
    /// What is told of a token, here and in lists, has the end that it has as things are: earlier
    /// than it was made for while its owner would have to sign in before
    /// ([`Dashboard::sign_in_limit`]).
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field; [`Error::Denied`] for scopes that the caller or the owner
    /// does not have, or for another owner; [`Error::MadeWithToken`] over a token, but for a named
    /// service account with `users:admin`; [`Error::TooMany`] at 1,000 tokens.
    pub async fn create_token(
        &self,
        caller: &Caller,
        request: NewTokenRequest,
    ) -> Result<(PlainToken, ApiToken), Error> {
        let owner = self.token_owner(caller, request.owner.as_ref()).await?;
        let for_service = request.owner.is_some() && owner.is_service();
        if caller.token().is_some() && !(for_service && caller.has(Permission::UsersAdmin)) {
            let event = caller
                .event(Action::Denied, format!("user:{}", owner.id))
                .with_detail("a token cannot make another");
            self.inner.trail.record(event).await;
            return Err(Error::MadeWithToken);
        }
        let description = super::text_field(
            "description",
            &request.description,
            1..=MAX_TOKEN_DESCRIPTION_CHARS,
        )?;
        if request.scopes.is_empty() {
            return Err(Error::invalid("scopes", "choose at least one scope"));
        }
        let target = || format!("user:{}", owner.id);
        for scope in request.scopes.iter() {
            self.require(caller, scope, target).await?;
            if !owner.permissions().contains(scope) {
                let message = format!("{} does not have {scope} itself", owner.username);
                return Err(Error::invalid("scopes", message));
            }
            if let Some(other) = scope.requires()
                && !request.scopes.contains(other)
            {
                let message = format!("{scope} works only together with {other}; add it");
                return Err(Error::invalid("scopes", message));
            }
        }
        let now = Timestamp::now();
        let expires_at = self.token_end(caller, &owner, request.expires_in_days, now)?;
        let limit = self.limit_of(&owner);
        let secret = PlainToken::generate()?;
        let new = NewToken {
            hash: secret.hash(),
            owner: owner.id,
            username: owner.username.to_string(),
            description,
            scopes: request.scopes,
            expires_at: Some(expires_at),
            created_at: now,
        };
        let (this, caller) = (self.clone(), caller.clone());
        self.change(async move {
            let token = this.inner.tokens.create_token(new).await?;
            // Who was deactivated or left meanwhile has lost what there was before, and not this.
            let owner = this.inner.users.user(&token.owner).await?;
            if !owner.is_some_and(|owner| owner.is_active) {
                this.inner.tokens.revoke_token(token.id).await?;
                let message = "the account is deactivated";
                return Err(Error::invalid("owner", message));
            }
            let event = caller
                .event(Action::TokenCreate, format!("token:{}", token.id))
                .with_detail(format!(
                    "for {} ({}), {}, until {expires_at}",
                    token.username, token.owner, token.scopes
                ));
            let event = match limit {
                Some(limit) => event.with_detail(format!(
                    "and {} days after the last sign-in of its owner",
                    limit.days
                )),
                None => event,
            };
            this.inner.trail.record(event).await;
            Ok((secret, as_limited(token, limit)))
        })
        .await
    }

    async fn token_owner(
        &self,
        caller: &Caller,
        owner: Option<&IdentityId>,
    ) -> Result<User, Error> {
        let Some(id) = owner.filter(|id| *id != caller.id()) else {
            if caller.is_host() {
                return Err(Error::invalid("owner", "say whose token it will be"));
            }
            return Ok(caller.user().clone());
        };
        let target = || format!("user:{id}");
        self.require(caller, Permission::UsersAdmin, target).await?;
        let user = self.inner.users.user(id).await?;
        let user = user.ok_or_else(|| Error::not_found(format!("account {id}")))?;
        if !user.is_service() && !caller.is_host() {
            let message = "people make their own tokens; choose a service account";
            return Err(Error::invalid("owner", message));
        }
        if !user.is_active {
            return Err(Error::invalid("owner", "the account is deactivated"));
        }
        Ok(user)
    }

    /// When a token of `owner` ends.
    fn token_end(
        &self,
        caller: &Caller,
        owner: &User,
        days: Option<u16>,
        now: Timestamp,
    ) -> Result<Timestamp, Error> {
        let field = "expires_in_days";
        let policy = self.policy();
        let limit = policy.token_days_limit(owner);
        let given = days.unwrap_or(policy.token_days.min(limit));
        if !(1..=limit).contains(&given) {
            let message = format!("a token lasts 1 to {limit} days");
            return Err(Error::invalid(field, message));
        }
        let end = now.plus(Duration::from_secs(u64::from(given) * 24 * 60 * 60));
        match caller.token().and_then(|token| token.expires_at) {
            Some(own_end) if own_end < end && days.is_some() => {
                let message = format!(
                    "a token made with a token ends with it at the latest, here at {own_end}"
                );
                Err(Error::invalid(field, message))
            }
            Some(own_end) => Ok(end.min(own_end)),
            None => Ok(end),
        }
    }

    /// The caller's own tokens, those that end first first. Over a token without `users:admin`,
    /// that token alone.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<ApiToken>, Error> {
        let tokens = &self.inner.tokens;
        let own = match caller.token() {
            Some(used) if !caller.has(Permission::UsersAdmin) => {
                tokens.token_by_id(used.id).await?.into_iter().collect()
            }
            _ => tokens.list_tokens(Some(caller.id())).await?,
        };
        let limit = self.limit_of(caller.user());
        Ok(in_order(
            own.into_iter().map(|token| as_limited(token, limit)),
        ))
    }

    /// Everybody's tokens (at most 10,000), those that end first first. Needs `users:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn all_tokens(&self, caller: &Caller) -> Result<Vec<ApiToken>, Error> {
        self.require(caller, Permission::UsersAdmin, || "tokens".to_owned())
            .await?;
        let tokens = self.inner.tokens.list_tokens(None).await?;
        let sources: BTreeSet<&Source> = tokens.iter().map(|token| &token.owner.source).collect();
        let mut limits = HashMap::new();
        for source in sources.into_iter().filter(|source| !source.is_own()) {
            let source = Some(source.clone());
            let people = self.inner.users.list_users(&UserFilter { source }).await?;
            let limited = people.into_iter().filter_map(|user| {
                let limit = self.limit_of(&user)?;
                Some((user.id, limit))
            });
            limits.extend(limited);
        }
        let limited = tokens.into_iter().map(|token| {
            let limit = limits.get(&token.owner).copied();
            as_limited(token, limit)
        });
        Ok(in_order(limited))
    }

    /// Revokes a token; it is dead when this answers. Without `users:admin`, a person revokes
    /// their own, and a token itself alone.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for tokens that the caller may not revoke.
    pub async fn revoke_token(&self, caller: &Caller, id: i64) -> Result<(), Error> {
        let no_token = move || Error::not_found(format!("token {id}"));
        let token = self.inner.tokens.token_by_id(id).await?;
        let token = token.ok_or_else(no_token)?;
        let is_own = match caller.token() {
            Some(used) => used.id == id,
            None => token.owner == *caller.id(),
        };
        if !is_own && !caller.has(Permission::UsersAdmin) {
            let target = || format!("token:{id}");
            let _ = self.require(caller, Permission::UsersAdmin, target).await;
            return Err(no_token());
        }
        let (this, caller) = (self.clone(), caller.clone());
        self.change(async move {
            let revoked = this.inner.tokens.revoke_token(id).await;
            this.inner.access.forget_token(id);
            if !revoked? {
                return Err(no_token());
            }
            let event = caller
                .event(Action::TokenRevoke, format!("token:{id}"))
                .with_detail(format!("of {} ({})", token.username, token.owner));
            this.inner.trail.record(event).await;
            Ok(())
        })
        .await
    }
}

/// Those that end first first.
fn in_order(tokens: impl Iterator<Item = ApiToken>) -> Vec<ApiToken> {
    let mut tokens: Vec<ApiToken> = tokens.collect();
    tokens.sort_by_key(|token| (token.expires_at.is_none(), token.expires_at, token.id));
    tokens
}
