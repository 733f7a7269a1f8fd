//! Places for checks of passwords. Accounts made here and each directory have their own, so that a
//! directory that hangs keeps nobody waiting but its own people.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// How many passwords of one source are checked at once; further ones are refused as busy.
pub(super) const FOR_ALL: u32 = 48;

/// How many more for those who signed in from the same address before, so that guesses from
/// everywhere do not keep them out.
const FOR_KNOWN: u32 = 16;

/// The places of one source; closed at shutdown.
#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    known: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Places {
        let places = |count: u32| Arc::new(Semaphore::new(count as usize));
        Places {
            all: places(FOR_ALL),
            known: places(FOR_KNOWN),
        }
    }
}

impl Places {
    /// A place until the answer is dropped.
    pub(super) fn take(&self, is_known: bool) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        match self.all.clone().try_acquire_owned() {
            Err(TryAcquireError::NoPermits) if is_known => self.known.clone().try_acquire_owned(),
            place => place,
        }
    }

    /// All of them, and how many they are: all back means that nothing is under way.
    pub(super) fn gates(&self) -> [(&Semaphore, u32); 2] {
        [(&self.all, FOR_ALL), (&self.known, FOR_KNOWN)]
    }
}
