//! The change marker, and which of its changes are this repository's own.
//!
//! Every write renews the marker by a conditional put, so that no renewal hides another one: the
//! markers of all writers form a chain, and a part of it that this repository made by itself tells
//! that nobody else wrote meanwhile. Writes that end while a renewal is under way share the next
//! one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ObjectRepository;
use super::conditional::{Condition, Fault};
use super::keys::StoreKey;
use crate::repository::Marker;
use crate::repository::revise::new_write_id;

/// How often a renewal gives way to those of others before it overwrites them.
const ATTEMPTS: usize = 8;

/// How many renewals are remembered.
const REMEMBERED: usize = 1024;

/// What a repository knows of the markers it wrote.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// How many renewals were asked for.
    asked: AtomicU64,
    /// How many of them are done; whoever renews holds the lock.
    done: tokio::sync::Mutex<u64>,
    /// Whether something was written that its caller does not know of.
    unknown: AtomicBool,
    own: Mutex<VecDeque<Step>>,
}

/// A renewal: nothing came between the two markers.
#[derive(Debug)]
struct Step {
    before: Marker,
    after: Marker,
}

impl Marks {
    /// Notes that something was or will be written that is no caller's own work, such as the end of
    /// another writer's rename.
    pub(super) fn note_unknown(&self) {
        self.unknown.store(true, Ordering::SeqCst);
    }

    fn own(&self) -> MutexGuard<'_, VecDeque<Step>> {
        // Nothing is left half done under the lock.
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, step: Step) {
        let mut own = self.own();
        if own.len() == REMEMBERED {
            own.pop_front();
        }
        own.push_back(step);
    }

    fn forget_last(&self) {
        self.own().pop_back();
    }

    /// Whether own renewals alone lead from one marker to the other.
    pub(super) fn lead(&self, since: &Marker, now: &Marker) -> bool {
        let own = self.own();
        let mut at = now;
        for step in own.iter().rev() {
            if at == since {
                return true;
            }
            // Later ones than that which is asked for are passed over.
            if *at == step.after {
                at = &step.before;
            }
        }
        at == since
    }
}

impl ObjectRepository {
    /// Renews the change marker. Without it the others see the change when they list next.
    pub(super) async fn renew_marker(&self) {
        let ticket = self.marks.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut done = self.marks.done.lock().await;
        if *done >= ticket {
            // A renewal that began after this write ended.
            return;
        }
        let covered = self.marks.asked.load(Ordering::SeqCst);
        let unknown = self.marks.unknown.swap(false, Ordering::SeqCst);
        match self.swap_marker(!unknown).await {
            Ok(()) => *done = covered,
            Err(error) => {
                // Whoever waits here tries it again, and so does the next writer.
                if unknown {
                    self.marks.note_unknown();
                }
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the change marker was not renewed");
            }
        }
    }

    /// Replaces the marker, and remembers that if it is to count as own work and nobody came between.
    async fn swap_marker(&self, own: bool) -> Result<(), Fault> {
        let key = StoreKey::change();
        let word = new_write_id();
        let text: Arc<[u8]> = word.as_bytes().into();
        for _ in 0..ATTEMPTS {
            let found = self.store.get(&key).await?;
            let condition = match &found {
                None => Condition::Absent,
                Some(found) => Condition::Unchanged(found.tag.clone()),
            };
            if own {
                // Before anybody can see it.
                self.marks.remember(Step {
                    before: Marker::read(found),
                    after: Marker(Some(word.as_str().into())),
                });
            }
            let put = self.store.put(&key, text.clone(), &condition, None);
            match put.await {
                Ok(Some(_)) => return Ok(()),
                // What came between was not seen.
                Ok(None) if own => self.marks.forget_last(),
                Ok(None) => {}
                Err(error) => {
                    if own {
                        self.marks.forget_last();
                    }
                    return Err(error);
                }
            }
        }
        self.store.put(&key, text, &Condition::Always, None).await?;
        Ok(())
    }
}
