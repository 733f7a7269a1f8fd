//! The picture of the repository at one moment.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::bits::Bits;
use super::entry::{Entry, EntryState};
use super::order::SortBy;
use super::places::Places;
use super::search::{Texts, Words};
use crate::model::{ModelKey, NetworkType};

/// How many slots change together when one entry does.
pub(super) const CHUNK: usize = 256;

/// How many renames in a row are followed.
pub const MOST_RENAMES: usize = 8;

/// Everything in the repository at one moment, sorted and searchable. It never changes: a change
/// makes a new one, which shares with the old one what is the same.
///
/// Every entry has a slot, a number that stays as long as the entry. Orders and facets are lists
/// of slots: 4 bytes for each entry and order.
#[derive(Clone, Default)]
pub struct Picture {
    pub(super) chunks: Vec<Arc<Chunk>>,
    /// Slots whose entry has gone. They hold it on, without search text, until they are used again.
    pub(super) free: Vec<u32>,
    /// Every slot in use, tombstones too, by key.
    pub(super) keys: Arc<Vec<u32>>,
    /// The same, to be found at once.
    pub(super) places: Arc<Places>,
    /// The visible slots, once for each of [`SortBy::ALL`].
    pub(super) orders: [Arc<Vec<u32>>; SortBy::ALL.len()],
    /// The slots of enabled, disabled, broken and deleted objects, ascending.
    pub(super) states: [Arc<Vec<u32>>; 4],
    pub(super) types: Facet,
    pub(super) owners: Facet,
    pub(super) tags: Facet,
    pub(super) hash: u128,
}

/// The entries of [`CHUNK`] slots, with their search texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    pub(super) entries: Vec<Arc<Entry>>,
    pub(super) texts: Texts,
}

/// For each value of some property the visible slots that have it, ascending.
pub(super) type Facet = Arc<BTreeMap<Arc<str>, Arc<Vec<u32>>>>;

/// How many models there are of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Enabled, disabled and broken ones together.
    pub all: usize,
    /// Models that inference jobs may use.
    pub enabled: usize,
    /// Models that they may not use.
    pub disabled: usize,
    /// Objects that cannot be read.
    pub broken: usize,
    /// All of them by network type, sorted by it; types without any are left out.
    pub by_type: Vec<(NetworkType, usize)>,
}

impl Picture {
    pub(super) fn entry(&self, slot: u32) -> &Arc<Entry> {
        &self.chunks[slot as usize / CHUNK].entries[slot as usize % CHUNK]
    }

    pub(super) fn words(&self, slot: u32) -> &str {
        self.chunks[slot as usize / CHUNK]
            .texts
            .get(slot as usize % CHUNK)
    }

    /// One more than the highest slot.
    pub(super) fn bound(&self) -> usize {
        self.chunks.len() * CHUNK
    }

    pub(super) fn order(&self, by: SortBy) -> &[u32] {
        &self.orders[by as usize]
    }

    pub(super) fn state(&self, state: EntryState) -> &[u32] {
        &self.states[state as usize]
    }

    /// The place of a key among [`Self::keys`], or where it would be.
    pub(super) fn place(&self, key: &ModelKey) -> Result<usize, usize> {
        let find = |&slot: &u32| self.entry(slot).key.cmp(key);
        self.keys.binary_search_by(find)
    }

    fn at(&self, network_type: &str, name: &str) -> Option<&Arc<Entry>> {
        let key = |slot| &self.entry(slot).key;
        let slot = self.places.find(network_type, name, key)?;
        Some(self.entry(slot))
    }

    /// What is known under a key, tombstones included.
    pub(super) fn known(&self, key: &ModelKey) -> Option<&Arc<Entry>> {
        self.at(key.network_type.as_str(), key.name.as_str())
    }

    /// The model or broken object at a key.
    #[must_use]
    pub fn get(&self, key: &ModelKey) -> Option<Arc<Entry>> {
        self.known(key).filter(|entry| entry.is_visible()).cloned()
    }

    /// [`Self::get`] by the two parts of a key.
    pub(super) fn visible(&self, network_type: &str, name: &str) -> Option<&Arc<Entry>> {
        self.at(network_type, name)
            .filter(|entry| entry.is_visible())
    }

    /// The tombstone at a key, if a model was deleted there or moved away.
    #[must_use]
    pub fn deleted(&self, key: &ModelKey) -> Option<Arc<Entry>> {
        self.known(key).filter(|entry| !entry.is_visible()).cloned()
    }

    /// Where the model of this key went by renames, [`MOST_RENAMES`] in a row at most, and what is left of it
    /// there if it was deleted. Nothing is there either where another program removed it.
    #[must_use]
    pub fn follow(&self, key: &ModelKey) -> (ModelKey, Option<Arc<Entry>>) {
        let mut last = key.clone();
        let mut grave = self.deleted(&last);
        for _ in 0..MOST_RENAMES {
            let moved = grave
                .as_ref()
                .and_then(|grave| grave.tombstone()?.moved_to.clone());
            let Some(moved) = moved else { break };
            grave = self.deleted(&moved);
            last = moved;
        }
        (last, grave)
    }

    /// All tombstones, in no particular order.
    pub fn tombstones(&self) -> impl ExactSizeIterator<Item = &Arc<Entry>> {
        self.state(EntryState::Deleted)
            .iter()
            .map(|&slot| self.entry(slot))
    }

    /// The keys of all models and broken objects with this name, one at most for each network
    /// type.
    #[must_use]
    pub fn find_by_name(&self, name: &str) -> Vec<ModelKey> {
        let found = |network_type: &Arc<str>| Some(self.visible(network_type, name)?.key.clone());
        self.types.keys().filter_map(found).collect()
    }

    /// How many there are of each kind.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let count = |state| self.state(state).len();
        Counts {
            all: self.len(),
            enabled: count(EntryState::Enabled),
            disabled: count(EntryState::Disabled),
            broken: count(EntryState::Broken),
            by_type: self.count_types(None),
        }
    }

    /// The number of models of each type within a selection.
    pub(super) fn count_types(&self, within: Option<&Bits>) -> Vec<(NetworkType, usize)> {
        let count = |slots: &[u32]| match within {
            None => slots.len(),
            Some(bits) => slots.iter().filter(|&&slot| bits.contains(slot)).count(),
        };
        self.types
            .values()
            .filter_map(|slots| {
                let first = self.entry(*slots.first()?);
                Some((first.key.network_type.clone(), count(slots)))
            })
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// The number of models and broken objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order(SortBy::Name).len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every tag with the number of models that have it, sorted by tag.
    pub fn tags(&self) -> impl ExactSizeIterator<Item = (&str, usize)> {
        self.tags.iter().map(|(tag, slots)| (&**tag, slots.len()))
    }

    /// Every owner with the number of their models, sorted by owner.
    pub fn owners(&self) -> impl ExactSizeIterator<Item = (&str, usize)> {
        self.owners
            .iter()
            .map(|(owner, slots)| (&**owner, slots.len()))
    }

    /// All models and broken objects, sorted by network type and name.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> + ExactSizeIterator {
        self.entries_from(0)
    }

    /// The same without the first `place` ones, which cost nothing.
    pub fn entries_from(
        &self,
        place: usize,
    ) -> impl DoubleEndedIterator<Item = &Arc<Entry>> + ExactSizeIterator {
        let order = self.order(SortBy::Name);
        order[place.min(order.len())..]
            .iter()
            .map(|&slot| self.entry(slot))
    }

    /// Everything that comes after a key, tombstones too, sorted by network type and name.
    pub(crate) fn all_after(&self, key: Option<&ModelKey>) -> impl Iterator<Item = &Arc<Entry>> {
        let place = match key.map(|key| self.place(key)) {
            None => 0,
            Some(Ok(place)) => place + 1,
            Some(Err(place)) => place,
        };
        let after = self.keys.iter().skip(place);
        after.map(|&slot| self.entry(slot))
    }

    /// The broken objects, sorted by network type and name.
    #[must_use]
    pub fn broken(&self) -> Vec<Arc<Entry>> {
        let slots = self.state(EntryState::Broken).iter();
        let mut broken: Vec<_> = slots.map(|&slot| self.entry(slot).clone()).collect();
        broken.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        broken
    }

    /// The ready entries of `GET /api/v1/models` without filters, sorted by network type and name.
    /// Broken objects have none: there are [`Counts::enabled`] + [`Counts::disabled`] of them.
    pub fn entries_json(&self) -> impl Iterator<Item = &[u8]> {
        self.entries()
            .filter_map(|entry| entry.list_json().map(str::as_bytes))
    }

    /// What changes whenever anything that lists show does, and is the same in every process that
    /// sees the same objects: for ETags.
    ///
    /// It is the sum modulo 2^128 of the truncated SHA-256 of key and content version of every
    /// visible object, so that a change costs two hashes. Two pictures that differ by accident
    /// have the same sum with a chance of 2^-128. It does not withstand someone who may write
    /// thousands of objects and searches for a collision (Wagner, "A generalized birthday
    /// problem", 2002), who would gain a stale list in a cache: it must not be used as a proof.
    #[must_use]
    pub fn version(&self) -> u128 {
        self.hash
    }

    /// The visible slots, of those `within` where it is given, whose search text holds every word.
    pub(super) fn find(&self, words: &Words, within: Option<&Bits>) -> Bits {
        let mut found = Bits::none(self.bound());
        for (chunk, first) in self.chunks.iter().zip((0..).step_by(CHUNK)) {
            match within {
                Some(within) => chunk.texts.find_within(words, within, first, &mut found),
                None => chunk.texts.find(words, first, &mut found),
            }
        }
        found
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture")
            .field("counts", &self.counts())
            .field("version", &format_args!("{:032x}", self.hash))
            .finish_non_exhaustive()
    }
}
