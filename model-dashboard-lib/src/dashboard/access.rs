//! The one authoriser: from a credential to a [`Caller`], and from a caller to a yes or no.
//!
//! A token or session is looked up in the stores once and then answered from memory. What is in
//! memory is dropped at once when this process revokes, deactivates or changes a role or password,
//! and at the next poll when another one does. While the store cannot be asked whether something
//! changed, memory is believed for [`Policy::max_staleness`](super::Policy) at most; after that
//! every request asks the store and fails if the store does.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::cache::{DigestCache, Freshness};
use super::caller::{Lookup, Principal};
use super::directories::{Vouched, as_limited};
use super::reader::Reader;
use super::uses::Uses;
use super::{Caller, Dashboard, Error, RequestInfo, Unauthenticated};
use crate::audit::Action;
use crate::auth::{IdentityId, Permission, Permissions, SessionHash, SessionSecret};
use crate::model::Timestamp;
use crate::tokens::{PlainToken, TokenHash};

/// How many tokens, and how many sessions, are held in memory.
const CACHED: usize = 16 * 1024;

/// The use of a token is noted at most this often.
const TOKEN_NOTED_EVERY: Duration = Duration::from_secs(1);

/// The use of a session is noted at most this often, so its idle time is known to the minute.
pub(super) const SESSION_NOTED_EVERY: Duration = Duration::from_secs(60);

/// The longest text that is hashed to look a token up; [`PlainToken::parse`] refuses longer ones.
const MAX_BEARER_BYTES: usize = 128;

/// What the authoriser holds in memory.
#[derive(Debug)]
pub(super) struct Access {
    tokens: DigestCache<TokenHash, Arc<KnownToken>>,
    sessions: DigestCache<SessionHash, Arc<KnownSession>>,
    pub(super) freshness: Freshness,
    pub(super) token_uses: Uses,
    pub(super) session_uses: Uses,
}

pub(super) struct KnownToken {
    pub(super) principal: Arc<Principal>,
    id: i64,
    expires_at: Option<Timestamp>,
    vouched: Option<Vouched>,
    /// When its use was noted last, in microseconds.
    noted: AtomicI64,
}

/// What memory says of a bearer token.
enum Recall {
    Known(Arc<KnownToken>),
    /// The store has to be asked.
    Unknown(TokenHash),
    /// It is too long to be one.
    NoToken,
}

struct KnownSession {
    principal: Arc<Principal>,
    id: i64,
    expires_at: Timestamp,
    vouched: Option<Vouched>,
    /// When it was used last, in microseconds.
    used: AtomicI64,
    /// When its use was noted last, in microseconds.
    noted: AtomicI64,
}

impl Access {
    pub(super) fn new(max_staleness: Duration) -> Access {
        Access {
            tokens: DigestCache::new(CACHED),
            sessions: DigestCache::new(CACHED),
            freshness: Freshness::new(max_staleness),
            token_uses: Uses::default(),
            session_uses: Uses::default(),
        }
    }

    /// Forgets a token that was revoked.
    pub(super) fn forget_token(&self, id: i64) {
        self.tokens.evict(|known| known.id == id);
    }

    /// Forgets a session that was ended.
    pub(super) fn forget_session(&self, id: i64) {
        self.sessions.evict(|known| known.id == id);
    }

    /// Forgets everything about an account that was changed.
    pub(super) fn forget_account(&self, id: &IdentityId) {
        self.tokens.evict(|known| known.principal.user.id == *id);
        self.sessions.evict(|known| known.principal.user.id == *id);
    }

    /// Forgets everything about accounts of which a source was asked.
    pub(super) fn forget_accounts(&self, ids: &HashSet<&IdentityId>) {
        self.tokens
            .evict(|known| ids.contains(&known.principal.user.id));
        self.sessions
            .evict(|known| ids.contains(&known.principal.user.id));
    }

    /// Forgets everything: something may have changed elsewhere.
    pub(super) fn forget_all(&self) {
        self.tokens.clear();
        self.sessions.clear();
    }
}

impl KnownToken {
    /// Judges the token now.
    fn check(&self, access: &Access, now: Timestamp) -> Result<(), Unauthenticated> {
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Unauthenticated::ExpiredToken);
        }
        if let Some(vouched) = self.vouched {
            vouched.check(now)?;
        }
        if is_due(&self.noted, now, TOKEN_NOTED_EVERY) {
            access.token_uses.note(self.id, now);
        }
        Ok(())
    }
}

impl KnownSession {
    /// Judges the session now. What is not yet noted elsewhere counts as used.
    fn check(&self, access: &Access, idle: Duration) -> Result<Arc<Principal>, Unauthenticated> {
        let now = Timestamp::now();
        let used = Timestamp::from_unix_micros(self.used.load(Ordering::Relaxed));
        if self.expires_at <= now || now.duration_since(used) > idle + SESSION_NOTED_EVERY {
            return Err(Unauthenticated::ExpiredSession);
        }
        if let Some(vouched) = self.vouched {
            vouched.check(now)?;
        }
        self.used.fetch_max(now.unix_micros(), Ordering::Relaxed);
        if is_due(&self.noted, now, SESSION_NOTED_EVERY) {
            access.session_uses.note(self.id, now);
        }
        Ok(self.principal.clone())
    }
}

/// Whether a use should be noted again; of several callers at once one is told so.
pub(super) fn is_due(noted: &AtomicI64, now: Timestamp, every: Duration) -> bool {
    let last = noted.load(Ordering::Relaxed);
    let now_micros = now.unix_micros();
    now.duration_since(Timestamp::from_unix_micros(last)) >= every
        && noted
            .compare_exchange(last, now_micros, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
}

impl Dashboard {
    /// The caller who sent this bearer token.
    ///
    /// Answered from memory without waiting once the token is known, in well below a microsecond.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Unavailable`] when the store has to be asked and does
    /// not answer.
    pub async fn caller_from_token(
        &self,
        bearer: &str,
        request: RequestInfo,
    ) -> Result<Caller, Error> {
        let access = &self.inner.access;
        let known = match self.recall(bearer) {
            Recall::Known(known) => known,
            Recall::Unknown(hash) if PlainToken::parse(bearer).is_some() => {
                Box::pin(self.look_up_token(hash)).await?
            }
            Recall::Unknown(_) | Recall::NoToken => {
                return Err(Unauthenticated::UnknownToken.into());
            }
        };
        let known = match known.check(access, Timestamp::now()) {
            Err(Unauthenticated::NotVouched) if self.vouches_now(&known.principal).await => {
                let hash = TokenHash(Sha256::digest(bearer).into());
                let known = Box::pin(self.look_up_token(hash)).await?;
                known.check(access, Timestamp::now())?;
                known
            }
            checked => {
                checked.map_err(|error| self.why_not(error, &known.principal))?;
                known
            }
        };
        Ok(Caller::new(known.principal.clone(), request))
    }

    /// Whether the source of somebody whom it has not vouched for lately does so when it is asked.
    async fn vouches_now(&self, principal: &Principal) -> bool {
        // In a box: it is rare, and the future of what is answered from memory stays small.
        Box::pin(self.is_still_there(&principal.user.id)).await
    }

    /// Nobody is asked to sign in where nobody can.
    fn why_not(&self, error: Unauthenticated, principal: &Principal) -> Unauthenticated {
        let directory = self.inner.directories.of(&principal.user.id.source);
        let is_away = directory.is_some_and(|directory| directory.failing().is_some());
        match error {
            Unauthenticated::NotVouched if is_away => Unauthenticated::SourceAway,
            other => other,
        }
    }

    /// [`Dashboard::caller_from_token`] for reading what is in memory, where it can be answered
    /// from memory and is a yes.
    #[must_use]
    pub fn known_reader(&self, bearer: &str) -> Option<Reader> {
        let Recall::Known(known) = self.recall(bearer) else {
            return None;
        };
        let now = Timestamp::now();
        known.check(&self.inner.access, now).ok()?;
        Some(Reader::new(known, now))
    }

    fn recall(&self, bearer: &str) -> Recall {
        if bearer.len() > MAX_BEARER_BYTES {
            return Recall::NoToken;
        }
        let access = &self.inner.access;
        let hash = TokenHash(Sha256::digest(bearer).into());
        let fresh = access.freshness.is_fresh(Instant::now());
        match fresh.then(|| access.tokens.get(&hash)).flatten() {
            Some(known) => Recall::Known(known),
            None => Recall::Unknown(hash),
        }
    }

    async fn look_up_token(&self, hash: TokenHash) -> Result<Arc<KnownToken>, Error> {
        let ticket = self.inner.access.tokens.ticket();
        let token = self.inner.tokens.token(&hash).await?;
        let token = token.ok_or(Unauthenticated::UnknownToken)?;
        let owner = self.inner.users.user(&token.owner).await?;
        let owner = owner
            .filter(|user| user.is_active)
            .ok_or(Unauthenticated::Deactivated)?;
        let directories = &self.inner.directories;
        let vouched = directories.of_token(&owner, self.policy());
        let (id, expires_at) = (token.id, token.expires_at);
        let noted = token.last_used_at.map_or(i64::MIN, Timestamp::unix_micros);
        let token = as_limited(token, self.limit_of(&owner));
        let known = Arc::new(KnownToken {
            principal: Arc::new(Principal::for_token(owner, &token, hash)),
            id,
            expires_at,
            vouched,
            noted: AtomicI64::new(noted),
        });
        let access = &self.inner.access;
        access.tokens.insert(ticket, hash, known.clone());
        Ok(known)
    }

    /// The caller whose session cookie this is.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Unavailable`] when the store has to be asked and does
    /// not answer.
    pub async fn caller_from_session(
        &self,
        cookie: &str,
        request: RequestInfo,
    ) -> Result<Caller, Error> {
        let secret = SessionSecret::parse(cookie).ok_or(Unauthenticated::NoSession)?;
        let access = &self.inner.access;
        let hash = secret.hash();
        let known = match access.freshness.is_fresh(Instant::now()) {
            true => access.sessions.get(&hash),
            false => None,
        };
        let known = match known {
            Some(known) => known,
            None => self.look_up_session(hash).await?,
        };
        let idle = self.policy().session_idle_limit;
        let principal = match known.check(access, idle) {
            Err(Unauthenticated::NotVouched) if self.vouches_now(&known.principal).await => {
                self.look_up_session(hash).await?.check(access, idle)
            }
            checked => checked.map_err(|error| self.why_not(error, &known.principal)),
        };
        Ok(Caller::new(principal?, request))
    }

    /// The caller as what they came with counts now: for what goes on long after it began.
    ///
    /// # Errors
    /// As [`Dashboard::caller_from_token`] and [`Dashboard::caller_from_session`].
    pub(super) async fn renewed(&self, caller: &Caller) -> Result<Caller, Error> {
        let access = &self.inner.access;
        let fresh = access.freshness.is_fresh(Instant::now());
        let principal = match caller.lookup() {
            None => return Ok(caller.clone()),
            Some(Lookup::Token(hash)) => {
                let known = match fresh.then(|| access.tokens.get(&hash)).flatten() {
                    Some(known) => known,
                    None => self.look_up_token(hash).await?,
                };
                known.check(access, Timestamp::now())?;
                known.principal.clone()
            }
            Some(Lookup::Session(hash)) => {
                let known = match fresh.then(|| access.sessions.get(&hash)).flatten() {
                    Some(known) => known,
                    None => self.look_up_session(hash).await?,
                };
                known.check(access, self.policy().session_idle_limit)?
            }
        };
        Ok(Caller::new(principal, caller.request().clone()))
    }

    async fn look_up_session(&self, hash: SessionHash) -> Result<Arc<KnownSession>, Error> {
        let ticket = self.inner.access.sessions.ticket();
        let session = self.inner.sessions.session(&hash).await?;
        let session = session.ok_or(Unauthenticated::NoSession)?;
        let user = self.inner.users.user(&session.identity).await?;
        let user = user
            .filter(|user| user.is_active)
            .ok_or(Unauthenticated::Deactivated)?;
        let used = session.last_used_at.unix_micros();
        let known = Arc::new(KnownSession {
            vouched: self.inner.directories.of_session(&user, self.policy()),
            principal: Arc::new(Principal::for_session(user, &session, hash)),
            id: session.id,
            expires_at: session.expires_at,
            used: AtomicI64::new(used),
            noted: AtomicI64::new(used),
        });
        let access = &self.inner.access;
        access.sessions.insert(ticket, hash, known.clone());
        Ok(known)
    }

    /// The host's administrator, with every permission: for programs that run where the
    /// installation's own files lie, never for requests from elsewhere. `user_at_host` is who they
    /// are in the audit log, such as `ana@gpu-7`.
    #[must_use]
    pub fn host_caller(&self, user_at_host: &str) -> Caller {
        Caller::host(user_at_host)
    }

    /// Asks whether the caller has a permission and what it [requires](Permission::requires); a no
    /// goes to the audit log.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn authorise(&self, caller: &Caller, permission: Permission) -> Result<(), Error> {
        self.require(caller, permission, String::new).await
    }

    /// Like [`Dashboard::authorise`], and names what was to be done to what.
    pub(super) async fn require(
        &self,
        caller: &Caller,
        permission: Permission,
        target: impl FnOnce() -> String,
    ) -> Result<(), Error> {
        let needed = [Some(permission), permission.requires()];
        let missing = needed.into_iter().flatten().find(|one| !caller.has(*one));
        let Some(permission) = missing else {
            return Ok(());
        };
        // In a box: the future of what is answered from memory stays small.
        let needed = Permissions::of(&[permission]);
        Box::pin(self.note_denied(caller, target(), needed)).await;
        Err(Error::Denied {
            permission,
            username: caller.username().to_owned(),
        })
    }

    /// Writes to the audit log that the caller lacks what something needs.
    pub(super) async fn note_denied(&self, caller: &Caller, target: String, needed: Permissions) {
        let event = caller
            .event(Action::Denied, target)
            .with_detail(format!("needs {needed}"));
        self.inner.trail.record(event).await;
    }
}

impl std::fmt::Debug for KnownToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for KnownSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownSession")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
