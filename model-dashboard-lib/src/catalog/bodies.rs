//! A cache of whole definitions, bounded in bytes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;

use crate::model::{ModelKey, Version};
use crate::repository::StoredModel;

/// What an entry costs beside its bytes: key, table and counters, roughly.
const OVERHEAD: usize = 256;

fn cost(body: &StoredModel) -> usize {
    body.bytes.len() + OVERHEAD
}

/// Keeps what was asked for lately, in two generations: what is asked for moves to the young one;
/// when that fills half of the room, it becomes the old one, and the old one is dropped.
pub(super) struct Bodies {
    room: usize,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<ModelKey, Arc<StoredModel>>,
    young_bytes: usize,
    old: HashMap<ModelKey, Arc<StoredModel>>,
}

impl Bodies {
    pub(super) fn new(room: usize) -> Self {
        Self {
            room,
            generations: Mutex::default(),
        }
    }

    /// The definition, if this very version of it is here.
    pub(super) fn get(&self, key: &ModelKey, version: Version) -> Option<Arc<StoredModel>> {
        let mut generations = self.lock();
        if let Some(body) = generations.young.get(key) {
            return (body.version == version).then(|| body.clone());
        }
        let body = generations
            .old
            .remove(key)
            .filter(|body| body.version == version)?;
        self.put_young(&mut generations, body.clone());
        Some(body)
    }

    pub(super) fn put(&self, body: Arc<StoredModel>) {
        let mut generations = self.lock();
        generations.old.remove(&body.key);
        self.put_young(&mut generations, body);
    }

    /// Keeps a definition that nobody has asked for, unless another one had to go for it; whether.
    pub(super) fn offer(&self, body: Arc<StoredModel>) -> bool {
        let mut generations = self.lock();
        let fits = generations.young_bytes + cost(&body) <= self.room / 2;
        if fits {
            generations.old.remove(&body.key);
            self.put_young(&mut generations, body);
        }
        fits
    }

    fn put_young(&self, generations: &mut Generations, body: Arc<StoredModel>) {
        let half = self.room / 2;
        if cost(&body) > half {
            if let Some(outdated) = generations.young.remove(&body.key) {
                generations.young_bytes -= cost(&outdated);
            }
            return;
        }
        if generations.young_bytes + cost(&body) > half {
            generations.old = std::mem::take(&mut generations.young);
            generations.young_bytes = 0;
            generations.old.remove(&body.key);
        }
        generations.young_bytes += cost(&body);
        if let Some(replaced) = generations.young.insert(body.key.clone(), body) {
            generations.young_bytes -= cost(&replaced);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        // Nothing in here panics half-way.
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bodies")
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Stamp;

    fn body(name: &str, size: usize, fill: u8) -> Arc<StoredModel> {
        let bytes: Arc<[u8]> = vec![fill; size].into();
        Arc::new(StoredModel {
            key: ModelKey::parse(&format!("MIST/{name}")).unwrap_or_else(|e| unreachable!("{e}")),
            version: Version::of(&bytes),
            stamp: Stamp("1".into()),
            bytes,
        })
    }

    fn held(bodies: &Bodies) -> usize {
        let generations = bodies.lock();
        let all = generations.young.values().chain(generations.old.values());
        all.map(|body| body.bytes.len() + OVERHEAD).sum()
    }

    #[test]
    fn only_the_asked_version_is_given() {
        let bodies = Bodies::new(1 << 20);
        let (old, new) = (body("a", 10, 1), body("a", 10, 2));
        bodies.put(old.clone());
        assert_eq!(bodies.get(&old.key, old.version), Some(old.clone()));
        bodies.put(new.clone());
        assert_eq!(bodies.get(&old.key, old.version), None);
        assert_eq!(bodies.get(&new.key, new.version), Some(new));
    }

    #[test]
    fn the_room_is_never_exceeded_and_what_is_used_stays() {
        let bodies = Bodies::new(100_000);
        let favourite = body("favourite", 1_000, 0);
        bodies.put(favourite.clone());
        for n in 0..1_000 {
            bodies.put(body(&format!("m{n}"), 900, 1));
            assert!(held(&bodies) <= 100_000);
            assert!(
                bodies.get(&favourite.key, favourite.version).is_some(),
                "dropped at {n}"
            );
        }
        assert!(held(&bodies) > 40_000);
    }

    #[test]
    fn what_is_offered_drops_nothing() {
        let bodies = Bodies::new(10_000);
        let asked = body("asked", 1_000, 0);
        bodies.put(asked.clone());
        let taken = (0..100).filter(|n| bodies.offer(body(&format!("m{n}"), 1_000, 1)));
        assert_eq!(taken.count(), 2, "half of the room");
        assert_eq!(bodies.get(&asked.key, asked.version), Some(asked));
    }

    #[test]
    fn what_is_larger_than_half_of_the_room_is_not_kept() {
        let bodies = Bodies::new(10_000);
        let (small, large) = (body("a", 10, 1), body("a", 6_000, 2));
        bodies.put(small.clone());
        bodies.put(large.clone());
        assert_eq!(bodies.get(&large.key, large.version), None);
        assert_eq!(bodies.get(&small.key, small.version), None);
        assert_eq!(held(&bodies), 0);
    }
}
