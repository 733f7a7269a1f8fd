//! Who acts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::{
    IdentityId, Permission, Permissions, Role, RoleOrigin, Session, SessionHash, Source, User,
    Username,
};
use crate::model::{Timestamp, Via};
use crate::tokens::{ApiToken, TokenHash};

/// A token that ends within this time is said to end soon.
pub const TOKEN_EXPIRES_SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How and from where a request came, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestInfo {
    /// Through what.
    pub via: Via,
    /// The client's address as the front end trusts it, or a host name.
    pub from: Arc<str>,
    /// The request's id, as in the log.
    pub request_id: String,
}

impl RequestInfo {
    /// A request that came through `via` from `from`, with this id.
    pub fn new(via: Via, from: impl Into<Arc<str>>, request_id: impl Into<String>) -> RequestInfo {
        RequestInfo {
            via,
            from: from.into(),
            request_id: request_id.into(),
        }
    }
}

/// What a caller proved their identity with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// A session of the dashboard.
    Session {
        /// Its public number.
        id: i64,
    },
    /// An API token.
    Token {
        /// Its number.
        id: i64,
        /// When it ends, if it does.
        expires_at: Option<Timestamp>,
    },
    /// Access to the installation itself, at its command line.
    Host,
}

/// Somebody known: an account, what it may do with this credential, and the credential.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub(crate) user: Arc<User>,
    pub(crate) permissions: Permissions,
    pub(crate) credential: Credential,
    pub(super) lookup: Option<Lookup>,
}

/// By what the stores know a credential.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lookup {
    Session(SessionHash),
    Token(TokenHash),
}

impl Principal {
    pub(super) fn for_session(user: User, session: &Session, hash: SessionHash) -> Principal {
        Principal {
            permissions: user.permissions(),
            user: Arc::new(user),
            credential: Credential::Session { id: session.id },
            lookup: Some(Lookup::Session(hash)),
        }
    }

    /// A token carries its scopes as far as its owner has them.
    pub(super) fn for_token(user: User, token: &ApiToken, hash: TokenHash) -> Principal {
        Principal {
            permissions: token.scopes.intersection(user.permissions()),
            user: Arc::new(user),
            credential: Credential::Token {
                id: token.id,
                expires_at: token.expires_at,
            },
            lookup: Some(Lookup::Token(hash)),
        }
    }

    /// The token, if it is what was shown.
    pub(super) fn token(&self) -> Option<TokenInUse> {
        match self.credential {
            Credential::Token { id, expires_at } => Some(TokenInUse { id, expires_at }),
            _ => None,
        }
    }

    /// The host's administrator; `user_at_host` is only a name for the audit log.
    fn for_host(user_at_host: &str) -> Principal {
        let printable = |c: &char| !c.is_control() && !c.is_whitespace();
        let name: String = user_at_host.chars().filter(printable).take(128).collect();
        let user = User {
            id: IdentityId::new(Source::host(), name.as_str()),
            username: Username::parse(&name).unwrap_or_else(|_| host_name()),
            display_name: name,
            email: None,
            role: Role::Admin,
            role_reason: "access to the host".to_owned(),
            role_origin: RoleOrigin::Source,
            groups: Vec::new(),
            is_active: true,
            team: None,
            created_at: None,
            updated_at: None,
            last_sign_in: None,
            checked_at: None,
            left_at: None,
            left_reason: None,
            is_provisional: false,
        };
        Principal {
            user: Arc::new(user),
            permissions: Permissions::all(),
            credential: Credential::Host,
            lookup: None,
        }
    }
}

fn host_name() -> Username {
    #[expect(clippy::expect_used, reason = "`host` is four letters")]
    Username::parse("host").expect("`host` is a username")
}

/// Who acts, what they may do, and how the request came. Every use case takes one.
///
/// Made only by [`Dashboard::caller_from_token`](super::Dashboard::caller_from_token),
/// [`Dashboard::caller_from_session`](super::Dashboard::caller_from_session) and
/// [`Dashboard::host_caller`](super::Dashboard::host_caller), and valid for one request: what a
/// caller may do is what was true when it was made.
#[derive(Clone)]
pub struct Caller {
    principal: Arc<Principal>,
    request: RequestInfo,
}

impl Caller {
    pub(crate) fn new(principal: Arc<Principal>, request: RequestInfo) -> Caller {
        Caller { principal, request }
    }

    pub(super) fn lookup(&self) -> Option<Lookup> {
        self.principal.lookup
    }

    pub(crate) fn host(user_at_host: &str) -> Caller {
        let host = user_at_host.rsplit('@').next().unwrap_or_default();
        let request = RequestInfo::new(Via::Cli, host, "");
        Caller::new(Arc::new(Principal::for_host(user_at_host)), request)
    }

    /// The account. That of the host's administrator is in no store.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.principal.user
    }

    /// Source and subject of the account.
    #[must_use]
    pub fn id(&self) -> &IdentityId {
        &self.principal.user.id
    }

    /// The name to show, and the author of changes.
    #[must_use]
    pub fn username(&self) -> &str {
        self.principal.user.username.as_str()
    }

    /// The directory that the caller is of, if they are of one: others may have somebody of their
    /// name.
    pub(crate) fn directory(&self) -> Option<&str> {
        let source = &self.id().source;
        let is_directory = !source.is_own() && source.as_str() != Source::HOST;
        is_directory.then(|| source.as_str())
    }

    /// What the caller may do: the rights of the role, or those that a token carries of them.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.principal.permissions
    }

    /// Whether the caller has this permission; asks without leaving a trace, for pages that show
    /// what is possible. Use cases check by themselves.
    #[must_use]
    pub fn has(&self, permission: Permission) -> bool {
        self.principal.permissions.contains(permission)
    }

    /// What the caller came with.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.principal.credential
    }

    /// The number of the session, if the caller came with one.
    #[must_use]
    pub fn session_id(&self) -> Option<i64> {
        match self.principal.credential {
            Credential::Session { id } => Some(id),
            _ => None,
        }
    }

    /// The token, if the caller came with one.
    #[must_use]
    pub fn token(&self) -> Option<TokenInUse> {
        self.principal.token()
    }

    /// Whether the caller is the host's administrator.
    #[must_use]
    pub fn is_host(&self) -> bool {
        self.principal.credential == Credential::Host
    }

    /// How the request came.
    #[must_use]
    pub fn request(&self) -> &RequestInfo {
        &self.request
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("id", self.id())
            .field("permissions", &self.permissions())
            .field("credential", self.credential())
            .field("request", &self.request)
            .finish()
    }
}

/// The token that a caller came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenInUse {
    /// Its number.
    pub id: i64,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

impl TokenInUse {
    /// When it ends, if that is within [`TOKEN_EXPIRES_SOON`] of `now`.
    #[must_use]
    pub fn ends_soon(&self, now: Timestamp) -> Option<Timestamp> {
        self.expires_at
            .filter(|end| *end <= now.plus(TOKEN_EXPIRES_SOON))
    }
}
