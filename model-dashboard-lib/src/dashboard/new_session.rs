//! The session that a right password begins.

use super::Dashboard;
use super::sign_in::SignedIn;
use crate::auth::{
    AuthenticationError, Authenticator, Guesses, Identity, IdentityId, NewSession, Password,
    PasswordHash, Refusal, Session, SessionSecret, Source, User, Username,
};
use crate::model::Timestamp;
use crate::store::StoreError;

impl Dashboard {
    /// Checks the password and begins a session. What was checked may change until the session is
    /// there, so it is checked that it did not: whoever is deactivated, or changes the password,
    /// after that ends the session.
    pub(super) async fn check_and_begin(
        &self,
        authenticator: &dyn Authenticator,
        username: &Username,
        password: &Password,
        guesses: &dyn Guesses,
        made_from: String,
    ) -> Result<SignedIn, AuthenticationError> {
        let source = authenticator.source();
        let before = self.stored_password(source, username).await?;
        let asked_at = Timestamp::now();
        let authenticated = authenticator.authenticate_counted(username, password, guesses);
        let authenticated = authenticated.await;
        if let Some(directory) = self.inner.directories.of(source) {
            directory.heard(authenticated.as_ref().err());
        }
        if let Err(AuthenticationError::Barred { id, refusal }) = &authenticated
            && id.source == *source
        {
            self.inner.turned_away(id, refusal, asked_at).await;
        }
        let identity = authenticated?;
        if identity.id.source != *source {
            // Or a directory could sign people in as local administrators.
            return Err(AuthenticationError::Unavailable {
                reason: format!("{source} answered for people of {}", identity.id.source),
                source: None,
            });
        }
        let begun = self.begin_session(&identity, username, asked_at, made_from);
        let signed_in = begun.await?;
        let still_right = async {
            let after = self.stored_password(source, username).await?;
            if let Some(local) = self.inner.local.as_ref().filter(|_| after != before) {
                // This sign-in has renewed the hash, or the password was changed meanwhile.
                local.check(username, password).await?;
            }
            let user = self
                .inner
                .users
                .user(&identity.id)
                .await
                .map_err(no_answer)?;
            match user {
                Some(user) if user.is_active => Ok(()),
                Some(user) => Err(AuthenticationError::from(kept_out(&user))),
                None => Err(AuthenticationError::from(Refusal::DisabledHere)),
            }
        };
        if let Err(error) = still_right.await {
            let session = &signed_in.session;
            let sessions = &self.inner.sessions;
            let ended = sessions.end_session(&session.identity, session.id).await;
            self.inner.access.forget_session(session.id);
            ended.map_err(no_answer)?;
            return Err(error);
        }
        Ok(signed_in)
    }

    /// The stored hash of a local account, to see whether it changes.
    async fn stored_password(
        &self,
        source: &Source,
        username: &Username,
    ) -> Result<Option<PasswordHash>, AuthenticationError> {
        if source.as_str() != Source::LOCAL {
            return Ok(None);
        }
        let found = self.inner.users.password_hash(username).await;
        Ok(found.map_err(no_answer)?.map(|(_, hash)| hash))
    }

    async fn begin_session(
        &self,
        identity: &Identity,
        typed: &Username,
        asked_at: Timestamp,
        made_from: String,
    ) -> Result<SignedIn, AuthenticationError> {
        let policy = self.policy();
        let users = &self.inner.users;
        let before = match identity.id.source.is_own() {
            true => None,
            false => users.user(&identity.id).await.map_err(no_answer)?,
        };
        let is_kept_out = |user: &User| !user.is_active && user.left_at.is_none();
        if before.as_ref().is_some_and(is_kept_out) {
            // By an administrator: nothing is noted of them, and nothing passes to them.
            return Err(Refusal::DisabledHere.into());
        }
        if !identity.id.source.is_own() {
            let adopted = self.inner.adopt_by_mail(identity, typed).await;
            adopted.map_err(no_answer)?;
        }
        let user = users
            .remember(identity, policy.default_role, true, asked_at)
            .await
            .map_err(no_answer)?;
        // A role that the directory gives may have changed.
        self.inner.access.forget_account(&user.id);
        if !user.is_own() && before.as_ref().is_none_or(|before| before.is_provisional) {
            // They may have been known by their name alone until now.
            let (source, name) = (user.id.source.clone(), user.username.folded());
            let provisional = IdentityId::new(source, name);
            self.inner.access.forget_account(&provisional);
        }
        if let Some(before) = before {
            self.inner.note_changes(&before, &user).await;
        }
        if !user.is_active {
            return Err(kept_out(&user).into());
        }
        let (secret, session) = self
            .new_session(&user.id, made_from)
            .await
            .map_err(no_answer)?;
        Ok(SignedIn {
            secret,
            session,
            user,
            browser: String::new(),
        })
    }

    /// A new session of this account, whoever is to be checked for it.
    pub(super) async fn new_session(
        &self,
        id: &IdentityId,
        made_from: String,
    ) -> Result<(SessionSecret, Session), StoreError> {
        let secret = SessionSecret::generate()?;
        let now = Timestamp::now();
        let new = NewSession {
            hash: secret.hash(),
            identity: id.clone(),
            created_at: now,
            expires_at: now.plus(self.policy().session_absolute_limit),
            made_from,
        };
        let session = self.inner.sessions.create_session(new).await;
        // The store may have ended the oldest one.
        self.inner.access.forget_account(id);
        Ok((secret, session?))
    }
}

/// Why an account that is not active lets nobody in who was let in by the source.
fn kept_out(user: &User) -> Refusal {
    match (user.left_at, &user.left_reason) {
        (None, _) => Refusal::DisabledHere,
        (Some(_), why) => Refusal::Other(format!(
            "found to have left while the password was checked: {}",
            why.as_deref().unwrap_or("no reason is known")
        )),
    }
}

fn no_answer(error: StoreError) -> AuthenticationError {
    AuthenticationError::Unavailable {
        reason: "the user database does not answer".to_owned(),
        source: Some(Box::new(error)),
    }
}
