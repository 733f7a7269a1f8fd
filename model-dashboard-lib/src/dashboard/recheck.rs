//! Looking again at people whom another source vouches for, while they use sessions and tokens.
//!
//! Whoever uses one is looked at again when the last look is older than [`RECHECK_AFTER`], in the
//! background: the request does not wait. A source that says that somebody may not sign in any
//! more deactivates the account here, until an administrator activates it. A source that cannot
//! say changes nothing at first, but nobody gets in once the last look is older than
//! [`Policy::unchecked_limit`](super::Policy).

use std::collections::HashSet;
use std::sync::atomic::AtomicI64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tokio::time::timeout;

use super::{Inner, Unauthenticated};
use crate::audit::{Action, NewEvent};
use crate::auth::{Identity, IdentityId, Source, User, UserChange};
use crate::model::Timestamp;

/// How old the last look may become before another one.
pub(super) const RECHECK_AFTER: Duration = Duration::from_secs(15 * 60);

/// How often a look that is due is asked for again.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// How many people wait to be looked at.
const MAX_WAITING: usize = 10_000;

/// How many are looked at together, and how long a source may take for one.
const AT_A_TIME: usize = 4;
const PATIENCE: Duration = Duration::from_secs(10);

/// When somebody has to be looked at again; `None` for accounts of the installation itself.
#[derive(Debug)]
pub(super) struct Vouched {
    id: IdentityId,
    at: Timestamp,
    limit: Duration,
    /// When a look was asked for last, in microseconds.
    asked: AtomicI64,
}

impl Vouched {
    pub(super) fn new(user: &User, limit: Duration) -> Option<Vouched> {
        let own = [Source::LOCAL, Source::SERVICE].contains(&user.id.source.as_str());
        (!own).then(|| Vouched {
            id: user.id.clone(),
            at: user.checked_at.unwrap_or(Timestamp::UNIX_EPOCH),
            limit,
            asked: AtomicI64::new(i64::MIN),
        })
    }

    /// Judges how old the last look is, and asks for another one in time.
    pub(super) fn check(&self, now: Timestamp, due: &Due) -> Result<(), Unauthenticated> {
        let age = now.duration_since(self.at);
        if age >= RECHECK_AFTER && super::access::is_due(&self.asked, now, ASK_EVERY) {
            due.ask(&self.id);
        }
        match age < self.limit {
            true => Ok(()),
            false => Err(Unauthenticated::NotVouched),
        }
    }
}

/// People who are to be looked at again.
#[derive(Debug, Default)]
pub(super) struct Due(Mutex<HashSet<IdentityId>>);

impl Due {
    fn ask(&self, id: &IdentityId) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_WAITING {
            waiting.insert(id.clone());
        }
    }

    fn take(&self) -> HashSet<IdentityId> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    /// Looks at everyone who waits for it.
    pub(super) async fn recheck_due(&self) {
        let looks = stream::iter(self.access.due.take()).map(|id| self.recheck(id));
        looks.buffer_unordered(AT_A_TIME).collect::<()>().await;
    }

    async fn recheck(&self, id: IdentityId) {
        let mut authenticators = self.authenticators.iter();
        let Some(source) = authenticators.find(|one| *one.source() == id.source) else {
            return;
        };
        let done = match timeout(PATIENCE, source.recheck(std::slice::from_ref(&id))).await {
            Ok(answers) => match answers.into_iter().next() {
                Some(Ok(Some(identity))) if identity.id == id => self.still_there(&identity).await,
                Some(Ok(None)) => self.has_left(&id).await,
                Some(Ok(Some(_))) => Err("the source answered for somebody else".to_owned()),
                Some(Err(error)) => Err(error.to_string()),
                None => Err("the source left somebody out".to_owned()),
            },
            Err(_) => Err("no answer".to_owned()),
        };
        if let Err(reason) = done {
            tracing::debug!(user.id = %id, reason, "somebody could not be looked at again");
        }
    }

    async fn still_there(&self, identity: &Identity) -> Result<(), String> {
        let role = self.policy.default_role;
        let now = Timestamp::now();
        let noted = self.users.remember(identity, role, false, now).await;
        self.access.forget_account(&identity.id);
        noted.map(drop).map_err(|error| error.to_string())
    }

    async fn has_left(&self, id: &IdentityId) -> Result<(), String> {
        let off = UserChange {
            is_active: Some(false),
            ..UserChange::default()
        };
        let changed = self.users.update_user(id, off).await;
        let ended = self.sessions.end_sessions(id, None).await;
        self.access.forget_account(id);
        let user = changed.map_err(|error| error.to_string())?;
        let event = NewEvent {
            detail: format!(
                "{}: deactivated, {} does not let them sign in any more",
                user.username, id.source
            ),
            ..NewEvent::of_server(Action::UserUpdate, format!("user:{id}"))
        };
        self.trail.record(event).await;
        ended.map(drop).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Role;

    fn user(source: Source, checked_at: Option<Timestamp>) -> User {
        #[expect(clippy::unwrap_used, reason = "a test")]
        let username = crate::auth::Username::parse("ana").unwrap();
        User {
            id: IdentityId::new(source, "7"),
            display_name: username.to_string(),
            username,
            email: None,
            role: Role::Viewer,
            role_reason: String::new(),
            groups: Vec::new(),
            is_active: true,
            team: None,
            created_at: None,
            updated_at: None,
            last_sign_in: None,
            checked_at,
        }
    }

    #[test]
    fn people_of_other_sources_are_looked_at_again_and_kept_out_when_nobody_vouches() {
        let now = Timestamp::now();
        let limit = Duration::from_secs(24 * 60 * 60);
        let due = Due::default();
        let check = |checked_at| {
            let vouched = Vouched::new(&user(Source::host(), checked_at), limit);
            let result = vouched.map_or(Ok(()), |v| v.check(now, &due));
            (result, due.take().len())
        };
        assert_eq!(check(Some(now)), (Ok(()), 0));
        assert_eq!(check(Some(now.minus(RECHECK_AFTER))), (Ok(()), 1));
        let kept_out = Err(Unauthenticated::NotVouched);
        assert_eq!(check(Some(now.minus(limit))), (kept_out, 1));
        assert_eq!(check(None), (kept_out, 1));
        assert!(Vouched::new(&user(Source::local(), None), limit).is_none());
        assert!(Vouched::new(&user(Source::service(), None), limit).is_none());
    }

    #[test]
    fn a_look_is_asked_for_once_a_minute() {
        let (now, due) = (Timestamp::now(), Due::default());
        let Some(vouched) = Vouched::new(&user(Source::host(), None), PATIENCE) else {
            unreachable!()
        };
        let asks = |after: u64| {
            let _ = vouched.check(now.plus(Duration::from_secs(after)), &due);
            due.take().len()
        };
        assert_eq!(
            [asks(0), asks(1), asks(59), asks(60), asks(61)],
            [1, 0, 0, 1, 0]
        );
    }
}
