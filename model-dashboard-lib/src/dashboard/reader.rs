//! Who reads what is in memory.

use std::fmt;
use std::sync::Arc;

use super::access::KnownToken;
use crate::auth::{Permission, User};
use crate::model::Timestamp;

/// Who reads one thing that is in memory: a [`Caller`](super::Caller) who leaves no trace, so that
/// nothing has to be known of the request.
///
/// Made only by [`Dashboard::known_reader`](super::Dashboard::known_reader), and valid for one
/// request.
pub struct Reader {
    token: Arc<KnownToken>,
    now: Timestamp,
}

impl Reader {
    pub(super) fn new(token: Arc<KnownToken>, now: Timestamp) -> Reader {
        Reader { token, now }
    }

    /// The account.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.token.principal.user
    }

    /// When the token ends, if it does so [soon](super::TOKEN_EXPIRES_SOON).
    #[must_use]
    pub fn ends_soon(&self) -> Option<Timestamp> {
        self.token.principal.token()?.ends_soon(self.now)
    }

    pub(super) fn has(&self, permission: Permission) -> bool {
        self.token.principal.permissions.contains(permission)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(&self.token).finish()
    }
}
