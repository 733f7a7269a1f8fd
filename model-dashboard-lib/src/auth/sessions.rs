//! The store of dashboard sessions.

use std::fmt;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::IdentityId;
use crate::model::Timestamp;
use crate::store::StoreError;

/// The secret in the session cookie: 256 random bits, base64url. Never stored, never printed.
#[derive(Clone)]
pub struct SessionSecret([u8; 32]);

impl SessionSecret {
    /// A new random secret.
    ///
    /// # Errors
    /// If the operating system gives no random bytes.
    pub fn generate() -> Result<SessionSecret, StoreError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(StoreError::internal)?;
        Ok(SessionSecret(bytes))
    }

    /// Reads a cookie's value; `None` if it cannot be a session.
    pub fn parse(text: &str) -> Option<SessionSecret> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(SessionSecret)
    }

    /// The cookie's value.
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored.
    pub fn hash(&self) -> SessionHash {
        SessionHash(Sha256::digest(self.0).into())
    }

    /// A value bound to this session for forms (CSRF): differs from the cookie, cannot be made
    /// without it, and needs no storage.
    pub fn form_token(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"model-dashboard form\0");
        hash.update(self.0);
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(…)")
    }
}

/// The SHA-256 of a session's secret, its key in the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionHash(pub [u8; 32]);

impl fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionHash(…)")
    }
}

/// A session of the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// A public number, to end a session by.
    pub id: i64,
    /// Whose it is.
    pub identity: IdentityId,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// The absolute end.
    pub expires_at: Timestamp,
    /// Where it was made: client address and user agent, for the profile page.
    pub made_from: String,
}

/// A session to be stored.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The hash of its secret.
    pub hash: SessionHash,
    /// Whose it is.
    pub identity: IdentityId,
    /// Now.
    pub created_at: Timestamp,
    /// The absolute end.
    pub expires_at: Timestamp,
    /// Client address and user agent.
    pub made_from: String,
}

/// Stores sessions by the hash of their secret.
#[async_trait]
pub trait SessionStore: fmt::Debug + Send + Sync {
    /// Stores a session. An account keeps its newest 50; older ones end.
    async fn create_session(&self, new: NewSession) -> Result<Session, StoreError>;

    /// The session with this hash, ended ones excepted; the caller judges its times.
    async fn session(&self, hash: &SessionHash) -> Result<Option<Session>, StoreError>;

    /// Notes that sessions were used.
    async fn touch_sessions(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError>;

    /// The sessions of an account, newest first.
    async fn list_sessions(&self, identity: &IdentityId) -> Result<Vec<Session>, StoreError>;

    /// Ends one session of an account; answers whether there was one.
    async fn end_session(&self, identity: &IdentityId, id: i64) -> Result<bool, StoreError>;

    /// Ends all sessions of an account, but `except`; answers how many.
    async fn end_sessions(
        &self,
        identity: &IdentityId,
        except: Option<i64>,
    ) -> Result<u64, StoreError>;

    /// Removes sessions that ended before `now` or were not used since `idle_since`.
    async fn purge_sessions(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<u64, StoreError>;
}
