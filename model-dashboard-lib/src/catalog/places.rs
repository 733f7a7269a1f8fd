//! Which slot a key has.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::model::ModelKey;

/// The slots, to be found by the keys of their entries at the cost of one comparison. It holds no
/// keys itself, only some bytes for each slot: whoever asks says which key a slot has.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    hasher: DefaultHashBuilder,
    slots: HashTable<u32>,
}

impl Places {
    pub(super) fn find<'a>(
        &self,
        network_type: &str,
        name: &str,
        key: impl Fn(u32) -> &'a ModelKey,
    ) -> Option<u32> {
        let has_it = |slot: &u32| {
            let key = key(*slot);
            key.name.as_str() == name && key.network_type.as_str() == network_type
        };
        let hash = self.hasher.hash_one((network_type, name));
        self.slots.find(hash, has_it).copied()
    }

    /// Enters a slot whose key none of the others has.
    pub(super) fn insert<'a>(&mut self, slot: u32, key: impl Fn(u32) -> &'a ModelKey) {
        let hash = |slot: &u32| hash(&self.hasher, key(*slot));
        self.slots.insert_unique(hash(&slot), slot, hash);
    }

    pub(super) fn remove(&mut self, slot: u32, key: &ModelKey) {
        let hash = hash(&self.hasher, key);
        if let Ok(found) = self.slots.find_entry(hash, |other| *other == slot) {
            found.remove();
        }
    }
}

fn hash(hasher: &DefaultHashBuilder, key: &ModelKey) -> u64 {
    hasher.hash_one((key.network_type.as_str(), key.name.as_str()))
}
