//! Sign-in with a local account.

use std::sync::Arc;

use async_trait::async_trait;

use super::{HasherError, PasswordHasher};
use crate::auth::{
    AuthenticationError, Authenticator, GrantedRole, Identity, IdentityId, Password, PasswordCheck,
    PasswordHash, Refusal, Source, Standing, User, UserStore, Username,
};
use crate::store::StoreError;

/// Checks passwords of the accounts in a [`UserStore`].
///
/// Unknown, deactivated and service accounts cost the same work as a wrong password. A hash of the
/// earlier system is replaced by a fresh one when its password was right, unless the password was
/// changed meanwhile.
#[derive(Clone, Debug)]
pub struct LocalAuthenticator {
    source: Source,
    users: Arc<dyn UserStore>,
    hasher: PasswordHasher,
}

impl LocalAuthenticator {
    /// An authenticator of the source `local` for the accounts in `users`.
    #[must_use]
    pub fn new(users: Arc<dyn UserStore>, hasher: PasswordHasher) -> LocalAuthenticator {
        LocalAuthenticator {
            source: Source::local(),
            users,
            hasher,
        }
    }

    /// Checks a password against what is stored at this moment; answers the account.
    ///
    /// # Errors
    /// As [`Authenticator::authenticate`].
    pub async fn check(
        &self,
        username: &Username,
        password: &Password,
    ) -> Result<User, AuthenticationError> {
        let found = self.users.password_hash(username).await;
        let (user, hash) = match found.map_err(unavailable)? {
            Some((user, hash)) => (Some(user), hash),
            None => (None, PasswordHash::unusable()),
        };
        let check = self.hasher.check(password.clone(), hash.clone()).await;
        let check = check.map_err(not_checked)?;
        let user = user.ok_or(Refusal::UnknownUser)?;
        match check {
            PasswordCheck::Wrong => return Err(Refusal::WrongPassword.into()),
            _ if !user.is_active => return Err(Refusal::DisabledHere.into()),
            PasswordCheck::RightButOutdated => self.renew(&user, password, &hash).await,
            PasswordCheck::Right => {}
        }
        Ok(user)
    }

    /// Replaces an outdated hash. If that does not work now, the next sign-in tries again.
    async fn renew(&self, user: &User, password: &Password, outdated: &PasswordHash) {
        let Ok(hash) = self.hasher.hash(password.clone()).await else {
            return;
        };
        let stored = self.users.renew_password_hash(&user.id, hash, outdated);
        if let Err(error) = stored.await {
            tracing::warn!(user.name = user.username.as_str(), %error, "an old password hash stays");
        }
    }
}

#[async_trait]
impl Authenticator for LocalAuthenticator {
    fn source(&self) -> &Source {
        &self.source
    }

    fn label(&self) -> &str {
        "Local account"
    }

    async fn authenticate(
        &self,
        username: &Username,
        password: &Password,
    ) -> Result<Identity, AuthenticationError> {
        Ok(identity(self.check(username, password).await?))
    }

    fn can_recheck(&self) -> bool {
        true
    }

    async fn recheck(&self, ids: &[IdentityId]) -> Vec<Result<Standing, AuthenticationError>> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            if id.source != self.source {
                found.push(Ok(Standing::Left(Refusal::UnknownUser)));
                continue;
            }
            let user = self.users.user(id).await.map_err(unavailable);
            found.push(user.map(|user| match user {
                Some(user) if user.is_active => Standing::There(identity(user)),
                Some(_) => Standing::Left(Refusal::DisabledHere),
                None => Standing::Left(Refusal::UnknownUser),
            }));
        }
        found
    }
}

fn identity(user: User) -> Identity {
    Identity {
        id: user.id,
        username: user.username,
        display_name: user.display_name,
        email: user.email,
        groups: user.groups,
        role: Some(GrantedRole {
            role: user.role,
            reason: user.role_reason,
        }),
    }
}

fn unavailable(error: StoreError) -> AuthenticationError {
    AuthenticationError::Unavailable {
        reason: "the user database does not answer".to_owned(),
        source: Some(Box::new(error)),
    }
}

fn not_checked(error: HasherError) -> AuthenticationError {
    match error {
        HasherError::Busy { retry_after } => AuthenticationError::Busy { retry_after },
        other => AuthenticationError::Unavailable {
            reason: "the password could not be checked".to_owned(),
            source: Some(Box::new(other)),
        },
    }
}
