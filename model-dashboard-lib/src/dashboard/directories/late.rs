//! A look for somebody who comes after nobody looked at them for too long, as when the server was
//! off: it is asked for at once and waited for, instead of refusing.
//!
//! When a directory dies everybody may come so. Looks wait in a bounded queue, no longer than
//! somebody waits for them, and once it is known not to answer those that waited are not made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use super::asking::{Answer, Until};
use crate::auth::IdentityId;
use crate::dashboard::Dashboard;
use crate::model::Timestamp;

/// How long somebody waits for the look.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the answer about somebody is good: who comes more often is not asked about each time.
const GOOD_FOR: Duration = Duration::from_secs(10);

/// How many are asked about at once, how many more wait for that, and how many answers are kept.
const AT_ONCE: usize = 8;
const WAITING: usize = 256;
const KEPT: usize = 10_000;

/// Whether somebody was found to be still there.
type Look = Shared<BoxFuture<'static, bool>>;

/// The looks under way, and the last ones.
#[derive(Debug)]
pub(super) struct Looks {
    under_way: Mutex<HashMap<IdentityId, (Instant, Look)>>,
    places: Semaphore,
    queue: Arc<Semaphore>,
}

impl Default for Looks {
    fn default() -> Looks {
        Looks {
            under_way: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
            queue: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
        }
    }
}

impl Looks {
    #[cfg(test)]
    pub(super) fn is_looking(&self) -> bool {
        self.queue.available_permits() < AT_ONCE + WAITING
    }

    /// The look at `id` that is under way or was done just now, or else a new one if there is room.
    fn one(
        &self,
        id: &IdentityId,
        begin: impl FnOnce(OwnedSemaphorePermit) -> Look,
    ) -> Option<Look> {
        let mut looks = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_good = |at: &Instant| at.elapsed() < GOOD_FOR;
        if let Some((at, look)) = looks.get(id)
            && is_good(at)
        {
            return Some(look.clone());
        }
        if looks.len() >= KEPT {
            looks.retain(|_, (at, _)| is_good(at));
        }
        if looks.len() >= KEPT {
            return None;
        }
        let look = begin(self.queue.clone().try_acquire_owned().ok()?);
        looks.insert(id.clone(), (Instant::now(), look.clone()));
        Some(look)
    }
}

impl Dashboard {
    /// Asks about somebody now, and waits some seconds for the answer. Whether they are there; then
    /// that is in the store.
    pub(in crate::dashboard) async fn is_still_there(&self, id: &IdentityId) -> bool {
        let Some(directory) = self.inner.directories.of(&id.source) else {
            return false;
        };
        // One that does not answer is asked again by its rounds; nobody waits for it meanwhile.
        if !directory.can_recheck() || directory.known.shows_nobody() {
            return false;
        }
        let until = tokio::time::Instant::now() + PATIENCE;
        let begin = |room: OwnedSemaphorePermit| {
            let (this, id) = (self.clone(), id.clone());
            // Of its own, so that it goes on when whoever asked first waits no longer.
            let look = tokio::spawn(async move {
                let _room = room;
                this.look_late(&id, until).await
            });
            look.map(|done| done.unwrap_or(false)).boxed().shared()
        };
        match directory.looks.one(id, begin) {
            Some(look) => timeout_at(until, look).await.unwrap_or(false),
            None => false,
        }
    }

    /// Begins by `until`, or not at all: whoever asked first waits no longer for it, however late it
    /// came to be run.
    async fn look_late(&self, id: &IdentityId, until: tokio::time::Instant) -> bool {
        let inner = &self.inner;
        let Some(directory) = inner.directories.of(&id.source) else {
            return false;
        };
        let Ok(_place) = timeout_at(until, directory.looks.places.acquire()).await else {
            return false;
        };
        // What was found out while it waited.
        if directory.known.shows_nobody() {
            return false;
        }
        let Ok(Some(before)) = inner.users.user(id).await else {
            return false;
        };
        let asked_at = Timestamp::now();
        let ids = std::slice::from_ref(id);
        match directory.ask(ids, &Until::default()).await.pop() {
            Some(Answer::There(identity)) => {
                let noted = inner.still_there(&[&before], &[*identity], asked_at).await;
                noted.is_ok_and(|seen| seen.iter().any(|(user, _)| user.is_active))
            }
            Some(Answer::Left(_)) => {
                // Whether that is believed is for a round to say, which sees the others, too.
                if directory.is_believed() {
                    directory.wanted.notify_one();
                }
                false
            }
            _ => false,
        }
    }
}
