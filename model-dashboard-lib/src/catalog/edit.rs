//! Making the next picture out of the present one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::entry::{Entry, EntryState, Fresh};
use super::gathered::Gathered;
use super::order::{SortBy, splice};
use super::picture::{CHUNK, Chunk, Facet, Picture};
use super::search::Texts;
use crate::model::ModelKey;

/// One change of a picture.
#[derive(Debug)]
pub(super) enum Edit {
    /// The object is this from now on.
    Put(Fresh),
    /// There is no such object any more.
    Remove(ModelKey),
}

impl Edit {
    pub(super) fn key(&self) -> &ModelKey {
        match self {
            Self::Put(fresh) => &fresh.entry.key,
            Self::Remove(key) => key,
        }
    }
}

/// What happens to one slot.
struct Change {
    slot: u32,
    before: Option<Arc<Entry>>,
    after: Option<Arc<Entry>>,
    words: Box<str>,
}

impl Change {
    fn key(&self) -> Option<&ModelKey> {
        self.after
            .as_ref()
            .or(self.before.as_ref())
            .map(|entry| &entry.key)
    }

    fn visible_before(&self) -> Option<&Entry> {
        self.before.as_deref().filter(|entry| entry.is_visible())
    }

    fn visible_after(&self) -> Option<&Entry> {
        self.after.as_deref().filter(|entry| entry.is_visible())
    }
}

impl Picture {
    /// The picture after these edits; of several with the same key the last one counts.
    ///
    /// Cost: for each edit a few binary searches and the copy of one chunk, and once a copy of
    /// every list of slots that is touched.
    pub(super) fn with(&self, mut edits: Vec<Edit>) -> Self {
        edits.sort_by(|a, b| a.key().cmp(b.key()));
        edits.reverse();
        edits.dedup_by(|a, b| a.key() == b.key());
        edits.reverse();

        let mut next = self.clone();
        let changes = next.assign_slots(edits);
        next.change_chunks(&changes);
        next.index(self, &changes);
        next
    }

    /// The picture of these entries, whose keys differ from each other.
    pub(super) fn of(mut gathered: Gathered) -> Self {
        gathered.close();
        let mut next = Self {
            chunks: gathered.chunks,
            ..Self::default()
        };
        let chunks = next.chunks.iter().zip((0..).step_by(CHUNK));
        let mut changes: Vec<Change> = chunks
            .flat_map(|(chunk, first)| {
                chunk
                    .entries
                    .iter()
                    .zip(first..)
                    .map(|(entry, slot)| Change {
                        slot,
                        before: None,
                        after: Some(entry.clone()),
                        words: Box::default(),
                    })
            })
            .collect();
        changes.sort_unstable_by(|a, b| a.key().cmp(&b.key()));
        next.keys = Arc::new(changes.iter().map(|change| change.slot).collect());
        next.index(&Self::default(), &changes);
        next
    }

    /// Brings orders, facets and version up to date with changes, which are sorted by key, of the
    /// entries of `old`.
    fn index(&mut self, old: &Self, changes: &[Change]) {
        self.index_places(changes);
        for by in SortBy::ALL {
            self.orders[by as usize] = old.change_order(by, changes);
        }
        for state in [
            EntryState::Enabled,
            EntryState::Disabled,
            EntryState::Broken,
            EntryState::Deleted,
        ] {
            let has = |entry: &Option<Arc<Entry>>| {
                entry.as_ref().is_some_and(|entry| entry.state() == state)
            };
            let (lost, gained) =
                lost_and_gained(changes, |change| (has(&change.before), has(&change.after)));
            change_slots(&mut self.states[state as usize], &lost, &gained);
        }
        change_facet(&mut self.types, changes, |entry| {
            vec![entry.key.network_type.as_str().into()]
        });
        change_facet(&mut self.owners, changes, |entry| {
            entry.shared_owner().cloned().into_iter().collect()
        });
        change_facet(&mut self.tags, changes, |entry| {
            entry.shared_tags().to_vec()
        });
        for change in changes {
            let hash = |entry: Option<&Entry>| entry.map_or(0, Entry::hash);
            self.hash = self
                .hash
                .wrapping_sub(hash(change.visible_before()))
                .wrapping_add(hash(change.visible_after()));
        }
    }

    fn index_places(&mut self, changes: &[Change]) {
        let moves = |change: &Change| change.before.is_some() != change.after.is_some();
        if !changes.iter().any(moves) {
            return;
        }
        let mut places = std::mem::take(&mut self.places);
        let edited = Arc::make_mut(&mut places);
        for change in changes {
            match (&change.before, &change.after) {
                (Some(gone), None) => edited.remove(change.slot, &gone.key),
                (None, Some(_)) => edited.insert(change.slot, |slot| &self.entry(slot).key),
                _ => {}
            }
        }
        self.places = places;
    }

    /// Finds or makes a slot for each edit; `edits` are sorted by key, and so are the changes.
    fn assign_slots(&mut self, edits: Vec<Edit>) -> Vec<Change> {
        let mut changes = Vec::with_capacity(edits.len());
        let (mut removed, mut inserted, mut freed) = (Vec::new(), Vec::new(), Vec::new());
        let mut end = self.chunks.last().map_or(0, |last| {
            (self.chunks.len() - 1) * CHUNK + last.entries.len()
        }) as u32;
        for edit in edits {
            let place = self.place(edit.key());
            let before = place.ok().map(|place| self.entry(self.keys[place]).clone());
            let (slot, after, words) = match (edit, place) {
                (Edit::Remove(_), Err(_)) => continue,
                (Edit::Remove(_), Ok(place)) => {
                    removed.push(place);
                    freed.push(self.keys[place]);
                    (self.keys[place], None, "".into())
                }
                (Edit::Put(fresh), Ok(place)) => (self.keys[place], Some(fresh.entry), fresh.words),
                (Edit::Put(fresh), Err(place)) => {
                    let slot = self.free.pop().unwrap_or_else(|| {
                        end += 1;
                        end - 1
                    });
                    inserted.push((place, slot));
                    (slot, Some(fresh.entry), fresh.words)
                }
            };
            changes.push(Change {
                slot,
                before,
                after,
                words,
            });
        }
        if !removed.is_empty() || !inserted.is_empty() {
            self.keys = Arc::new(splice(&self.keys, &removed, &inserted));
        }
        self.free.extend(freed);
        changes
    }

    fn change_chunks(&mut self, changes: &[Change]) {
        let mut by_slot: Vec<&Change> = changes.iter().collect();
        by_slot.sort_unstable_by_key(|change| change.slot);
        for group in by_slot.chunk_by(|a, b| a.slot as usize / CHUNK == b.slot as usize / CHUNK) {
            let Some(first) = group.first() else { continue };
            let number = first.slot as usize / CHUNK;
            if number == self.chunks.len() {
                self.chunks.push(Arc::default());
            }
            let old = &*self.chunks[number];
            let mut entries = old.entries.clone();
            let mut words: Vec<&str> = (0..entries.len())
                .map(|index| old.texts.get(index))
                .collect();
            for change in group {
                let index = change.slot as usize % CHUNK;
                words.resize(words.len().max(index + 1), "");
                words[index] = &change.words;
                // New slots come in ascending order, so a slot is either there or the next one.
                match (&change.after, entries.get_mut(index)) {
                    (Some(entry), Some(place)) => *place = entry.clone(),
                    (Some(entry), None) => entries.push(entry.clone()),
                    (None, _) => {}
                }
            }
            let texts = Texts::join(words.iter().copied());
            self.chunks[number] = Arc::new(Chunk { entries, texts });
        }
    }

    /// One order after the changes. `self` is the picture before them.
    fn change_order(&self, by: SortBy, changes: &[Change]) -> Arc<Vec<u32>> {
        let old = &self.orders[by as usize];
        let mut removed = Vec::new();
        let mut values = Vec::new();
        for (rank, change) in changes.iter().enumerate() {
            let before = change.visible_before();
            let after = change.visible_after();
            let value = after.map(|entry| by.value(entry));
            if before.map(|entry| by.value(entry)) == value {
                continue;
            }
            if let Some(before) = before {
                let place = old.binary_search_by(|&slot| by.compare(self.entry(slot), before));
                removed.extend(place);
            }
            // Changes are sorted by key, so the rank stands for it.
            values.extend(value.map(|value| (value, rank)));
        }
        if removed.is_empty() && values.is_empty() {
            return old.clone();
        }
        removed.sort_unstable();
        values.sort_unstable();
        let inserted: Vec<(usize, u32)> = values
            .into_iter()
            .filter_map(|(_, rank)| {
                let change = &changes[rank];
                let after = change.visible_after()?;
                let is_before = |slot: &u32| by.compare(self.entry(*slot), after).is_lt();
                Some((old.partition_point(is_before), change.slot))
            })
            .collect();
        Arc::new(splice(old, &removed, &inserted))
    }
}

/// The slots that lose and that gain something, each ascending.
fn lost_and_gained(
    changes: &[Change],
    has: impl Fn(&Change) -> (bool, bool),
) -> (Vec<u32>, Vec<u32>) {
    let (mut lost, mut gained) = (Vec::new(), Vec::new());
    for change in changes {
        match has(change) {
            (true, false) => lost.push(change.slot),
            (false, true) => gained.push(change.slot),
            _ => {}
        }
    }
    lost.sort_unstable();
    gained.sort_unstable();
    (lost, gained)
}

/// Takes slots out of an ascending list and puts others in; all are ascending themselves.
fn change_slots(slots: &mut Arc<Vec<u32>>, lost: &[u32], gained: &[u32]) {
    if lost.is_empty() && gained.is_empty() {
        return;
    }
    let removed: Vec<usize> = lost
        .iter()
        .filter_map(|slot| slots.binary_search(slot).ok())
        .collect();
    let place = |slot: &u32| slots.partition_point(|other| other < slot);
    let inserted: Vec<(usize, u32)> = gained.iter().map(|slot| (place(slot), *slot)).collect();
    *slots = Arc::new(splice(slots, &removed, &inserted));
}

fn change_facet(facet: &mut Facet, changes: &[Change], values: impl Fn(&Entry) -> Vec<Arc<str>>) {
    let mut moves: BTreeMap<Arc<str>, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
    for change in changes {
        let before = change.visible_before().map(&values).unwrap_or_default();
        let after = change.visible_after().map(&values).unwrap_or_default();
        for value in before.iter().filter(|value| !after.contains(value)) {
            moves.entry(value.clone()).or_default().0.push(change.slot);
        }
        for value in after.iter().filter(|value| !before.contains(value)) {
            moves.entry(value.clone()).or_default().1.push(change.slot);
        }
    }
    if moves.is_empty() {
        return;
    }
    let facet = Arc::make_mut(facet);
    for (value, (mut lost, mut gained)) in moves {
        lost.sort_unstable();
        gained.sort_unstable();
        let slots = facet.entry(value.clone()).or_default();
        change_slots(slots, &lost, &gained);
        if slots.is_empty() {
            facet.remove(&value);
        }
    }
}
