//! Places for what takes long, of which each account has some at most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places that accounts share.
#[derive(Debug)]
pub(super) struct Shares {
    all: Arc<Semaphore>,
    each: usize,
    of: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
}

impl Shares {
    /// `all` places, of which each account has `each` at most.
    pub(super) fn new(all: usize, each: usize) -> Shares {
        Shares {
            all: Arc::new(Semaphore::new(all)),
            each,
            of: Mutex::default(),
        }
    }

    fn of(&self, owner: &str) -> Arc<Semaphore> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = of.get(owner).and_then(Weak::upgrade) {
            return own;
        }
        of.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Semaphore::new(self.each));
        of.insert(owner.to_owned(), Arc::downgrade(&own));
        own
    }

    /// A place for the account, if there is one at this moment.
    pub(super) fn take(&self, owner: &str) -> Option<Place> {
        let own = self.of(owner).try_acquire_owned().ok()?;
        let of_all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Place {
            _of_all: of_all,
            _own: own,
        })
    }

    /// A place for the account once there is one; `None` when there will be none any more.
    pub(super) async fn wait(&self, owner: &str) -> Option<Place> {
        let own = self.of(owner).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Place {
            _of_all: of_all,
            _own: own,
        })
    }

    /// Nobody gets a place any more.
    pub(super) fn close(&self) {
        self.all.close();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn no_account_has_all_places() {
        let shares = Shares::new(3, 2);
        let first = shares.take("a").unwrap();
        let second = shares.take("a").unwrap();
        assert!(shares.take("a").is_none());
        let other = shares.wait("b").await.unwrap();
        assert!(shares.take("c").is_none());
        assert!(shares.wait("a").now_or_never().is_none());
        drop(second);
        assert!(shares.wait("a").now_or_never().is_some());
        drop((first, other));
        shares.close();
        assert!(shares.wait("a").await.is_none());
    }
}
