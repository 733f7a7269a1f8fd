//! Password hashing beside the async threads, a few at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::auth::{Password, PasswordCheck, PasswordError, PasswordHash};

/// How many hashes are computed at once: each takes 19 MiB and a whole core.
const AT_ONCE: usize = 2;

/// How many wait for their turn, about a second's work of one core. All sign-ins that a dashboard
/// lets in at once find a place.
const WAITING: usize = 64;

/// Roughly how long a full queue takes.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Makes and checks password hashes on blocking threads, two at a time, with at most 64 waiting;
/// anybody further is told to come back. Cheap to clone; clones share the limits.
#[derive(Clone, Debug)]
pub struct PasswordHasher {
    turns: Arc<Semaphore>,
    /// How many are computed or wait.
    inside: Arc<AtomicUsize>,
}

/// Why a hash was not computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HasherError {
    /// Too many wait already.
    #[error("too many passwords are being checked; try again in {} s", retry_after.as_secs())]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The system gave no random bytes or no memory.
    #[error("the password could not be hashed")]
    Failed(#[source] PasswordError),
    /// The program ends, or hashing ended it.
    #[error("the password could not be hashed")]
    Interrupted,
}

impl PasswordHasher {
    /// A hasher with its own limits; one per process is right.
    #[must_use]
    pub fn new() -> PasswordHasher {
        PasswordHasher {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            inside: Arc::default(),
        }
    }

    /// The hash of a password.
    ///
    /// # Errors
    /// [`HasherError::Busy`] when the queue is full.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HasherError> {
        self.run(move || PasswordHash::of(&password)).await
    }

    /// Checks a password. Costs the same whether it is right or wrong.
    ///
    /// # Errors
    /// [`HasherError::Busy`] when the queue is full.
    pub async fn check(
        &self,
        password: Password,
        hash: PasswordHash,
    ) -> Result<PasswordCheck, HasherError> {
        self.run(move || hash.check(&password)).await
    }

    /// Takes every place, so that there is none for anybody until the answer is dropped.
    #[cfg(test)]
    pub(crate) fn fill(&self) -> impl Sized + use<> {
        let places = std::iter::from_fn(|| Place::take(&self.inside).ok());
        places.collect::<Vec<_>>()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, HasherError> {
        let place = Place::take(&self.inside)?;
        let turn = self.turns.clone().acquire_owned().await;
        let turn = turn.map_err(|_| HasherError::Interrupted)?;
        // Turn and place go with the work: whoever stops waiting for it does not let in another.
        let task = tokio::task::spawn_blocking(move || {
            let _held = (turn, place);
            work()
        });
        match task.await {
            Ok(result) => result.map_err(HasherError::Failed),
            Err(_) => Err(HasherError::Interrupted),
        }
    }
}

impl Default for PasswordHasher {
    fn default() -> PasswordHasher {
        PasswordHasher::new()
    }
}

/// A place in the queue, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(inside: &Arc<AtomicUsize>) -> Result<Place, HasherError> {
        let one_more = |count| (count < AT_ONCE + WAITING).then_some(count + 1);
        match inside.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more) {
            Ok(_) => Ok(Place(inside.clone())),
            Err(_) => Err(HasherError::Busy {
                retry_after: RETRY_AFTER,
            }),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::mpsc;

    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_and_empties_again() {
        let hasher = PasswordHasher::new();
        let (release, blocked) = mpsc::channel::<()>();
        let blocked = Arc::new(std::sync::Mutex::new(blocked));
        let mut running = Vec::new();
        for _ in 0..AT_ONCE + WAITING {
            let (hasher, blocked) = (hasher.clone(), blocked.clone());
            let work = async move {
                let until = move || Ok(blocked.lock().unwrap().recv().is_ok());
                hasher.run(until).await
            };
            running.push(tokio::spawn(work));
        }
        while hasher.inside.load(Ordering::SeqCst) < AT_ONCE + WAITING {
            tokio::task::yield_now().await;
        }
        let full = hasher.hash(password("twelve-chars")).await;
        assert!(matches!(full, Err(HasherError::Busy { .. })));

        // A waiter that gives up frees its place.
        running.pop().unwrap().abort();
        while hasher.inside.load(Ordering::SeqCst) == AT_ONCE + WAITING {
            tokio::task::yield_now().await;
        }
        drop(release);
        for one in running {
            assert_eq!(one.await.unwrap(), Ok(false));
        }
        let hash = hasher.hash(password("twelve-chars")).await.unwrap();
        let check = hasher.check(password("twelve-chars"), hash).await;
        assert_eq!(check, Ok(PasswordCheck::Right));
    }
}
