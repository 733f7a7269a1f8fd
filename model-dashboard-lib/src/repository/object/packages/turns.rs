//! Who of this process writes an upload.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard, watch};
use tokio::time::timeout;

use crate::repository::packages::PackageId;

/// How long whoever is asked to stop may take, which has little left to write.
const PATIENCE: Duration = Duration::from_secs(20);

/// The uploads that are being written.
#[derive(Debug, Default)]
pub(super) struct Turns {
    places: Mutex<HashMap<PackageId, Weak<Place>>>,
    ending: Arc<watch::Sender<bool>>,
}

#[derive(Debug, Default)]
struct Place {
    turn: Arc<AsyncMutex<()>>,
    waiting: AtomicUsize,
    asked: Notify,
}

/// The right to write an upload, until it is dropped and nothing holds it.
#[derive(Debug)]
pub(super) struct Turn {
    held: Arc<Held>,
    ending: Arc<watch::Sender<bool>>,
}

/// What keeps others from an upload.
#[derive(Debug)]
pub(super) struct Held {
    _guard: OwnedMutexGuard<()>,
    // Whoever comes next finds it here.
    place: Arc<Place>,
}

/// Why whoever writes an upload has to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Another one wants to take over.
    TakenOver,
    /// This process ends.
    Ending,
}

/// Counts one who waits, for as long as it lives.
struct Waiting<'a>(&'a Place);

impl<'a> Waiting<'a> {
    fn at(place: &'a Place) -> Self {
        place.waiting.fetch_add(1, Ordering::SeqCst);
        place.asked.notify_waiters();
        Self(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Turns {
    /// Asks whoever writes the upload to stop, and takes over; `None` if that takes too long.
    pub(super) async fn take(&self, id: PackageId) -> Option<Turn> {
        let place = self.place(id);
        let waiting = Waiting::at(&place);
        let guard = timeout(PATIENCE, Arc::clone(&place.turn).lock_owned()).await;
        drop(waiting);
        let guard = guard.ok()?;
        Some(Turn {
            held: Arc::new(Held {
                _guard: guard,
                place,
            }),
            ending: self.ending.clone(),
        })
    }

    /// Asks all who write to stop, and waits for them.
    pub(super) async fn stop(&self) {
        self.ending.send_replace(true);
        let places: Vec<_> = self.places().values().filter_map(Weak::upgrade).collect();
        for place in places {
            drop(place.turn.lock().await);
        }
    }

    fn place(&self, id: PackageId) -> Arc<Place> {
        let mut places = self.places();
        if let Some(place) = places.get(&id).and_then(Weak::upgrade) {
            return place;
        }
        places.retain(|_, place| place.strong_count() > 0);
        let place = Arc::new(Place::default());
        places.insert(id, Arc::downgrade(&place));
        place
    }

    fn places(&self) -> MutexGuard<'_, HashMap<PackageId, Weak<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// What keeps it from others for as long as it lives.
    pub(super) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held)
    }

    /// Waits until there is a reason to stop.
    pub(super) async fn wanted(&self) -> Stop {
        let mut ending = self.ending.subscribe();
        tokio::select! {
            biased;
            _ = ending.wait_for(|ending| *ending) => Stop::Ending,
            () = self.held.place.is_wanted() => Stop::TakenOver,
        }
    }
}

impl Place {
    async fn is_wanted(&self) {
        loop {
            let asked = self.asked.notified();
            tokio::pin!(asked);
            asked.as_mut().enable();
            if self.waiting.load(Ordering::SeqCst) > 0 {
                return;
            }
            asked.await;
        }
    }
}
