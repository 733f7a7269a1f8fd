//! Models in the memory of the process: a whole repository, gone when it ends.

#[cfg(all(test, feature = "conformance"))]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::revise::{
    Ready, Revising, is_held_at, moved_tombstone, new_write_id, removed_tombstone,
};
use super::state::{Carried, State, check, next_number};
use super::{
    Change, Inventory, ListedModel, Listing, Marker, ModelRepository, Precondition, Purged,
    RepositoryError, Revision, Stamp, StoredModel,
};
use crate::model::{
    MAX_DEFINITION_BYTES, ModelDefinition, ModelId, ModelKey, RegistryInfo, Timestamp, Version,
};

/// A [`ModelRepository`] in memory. Every call is one critical section of a mutex.
#[derive(Debug, Default)]
pub struct MemoryRepository {
    shelves: Mutex<Shelves>,
}

#[derive(Debug, Default)]
struct Shelves {
    objects: HashMap<ModelKey, Object>,
    /// Which model a key belongs to, for when another program drops the field `registry`.
    ids: HashMap<ModelKey, ModelId>,
    history: HashMap<ModelId, BTreeMap<u64, Kept>>,
    /// How many objects were ever written: stamps come from it.
    writes: u64,
    /// How many writes were ours: the change marker.
    changes: u64,
}

/// An archived revision.
#[derive(Debug)]
struct Kept {
    bytes: Arc<[u8]>,
    at: Timestamp,
}

#[derive(Debug)]
struct Object {
    bytes: Arc<[u8]>,
    stamp: Stamp,
}

impl MemoryRepository {
    /// An empty repository.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts bytes at a key as another program would: without condition, history or marker. For
    /// tests of what happens then.
    pub fn write_outside(&self, key: &ModelKey, bytes: impl Into<Arc<[u8]>>) {
        self.lock().store(key, bytes.into());
    }

    /// Removes what lies at a key, as another program does.
    pub fn remove_outside(&self, key: &ModelKey) {
        let mut shelves = self.lock();
        shelves.objects.remove(key);
        shelves.changes += 1;
    }

    // No code panics while it holds the lock, and if one did, every map is whole between calls.
    fn lock(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelves {
    fn get(&self, key: &ModelKey) -> Result<Option<StoredModel>, RepositoryError> {
        let Some(object) = self.objects.get(key) else {
            return Ok(None);
        };
        if object.bytes.len() > MAX_DEFINITION_BYTES {
            return Err(RepositoryError::TooLarge {
                key: key.clone(),
                size: object.bytes.len() as u64,
            });
        }
        Ok(Some(StoredModel {
            key: key.clone(),
            bytes: object.bytes.clone(),
            version: Version::of(&object.bytes),
            stamp: object.stamp.clone(),
        }))
    }

    fn state(&self, key: &ModelKey) -> Result<Option<State>, RepositoryError> {
        match self.objects.get(key) {
            Some(object) if object.bytes.len() > MAX_DEFINITION_BYTES => {
                Ok(Some(State::unread(key, object.stamp.clone())))
            }
            _ => Ok(self.get(key)?.map(State::read)),
        }
    }

    /// The bytes of a state, also of one that counts as too large to be read.
    fn whole(&self, state: &State) -> Arc<[u8]> {
        match self.objects.get(state.key()) {
            Some(object) if state.is_unread() => object.bytes.clone(),
            _ => state.stored().bytes.clone(),
        }
    }

    fn store(&mut self, key: &ModelKey, bytes: Arc<[u8]>) -> StoredModel {
        self.writes += 1;
        let stamp = Stamp(self.writes.to_string().into());
        let version = Version::of(&bytes);
        let object = Object {
            bytes: bytes.clone(),
            stamp: stamp.clone(),
        };
        self.objects.insert(key.clone(), object);
        StoredModel {
            key: key.clone(),
            bytes,
            version,
            stamp,
        }
    }

    fn id(&mut self, key: &ModelKey, state: Option<&State>) -> ModelId {
        // What a state says may be from before its model moved away.
        let noted = self.ids.get(key).copied();
        let id = noted.or_else(|| state.and_then(State::id));
        let id = id.unwrap_or_else(ModelId::new);
        self.ids.insert(key.clone(), id);
        id
    }

    fn last(&self, id: ModelId) -> Option<(u64, &Arc<[u8]>)> {
        let (number, kept) = self.history.get(&id)?.last_key_value()?;
        Some((*number, &kept.bytes))
    }

    /// Makes sure that the state is the last revision in the history, and says if it was missing.
    fn archive(&mut self, id: ModelId, state: &State) -> bool {
        if !state.belongs_in_history() {
            return false;
        }
        let whole = self.whole(state);
        let last = self.last(id);
        if last.is_some_and(|(_, bytes)| *bytes == whole) {
            return false;
        }
        let last = last.map_or(0, |(number, _)| number);
        let number = state.number_after(last, id).unwrap_or(last + 1);
        self.record(id, number, whole);
        true
    }

    /// The model that a state belongs to, if anything of it is in a history.
    fn known_id(&self, key: &ModelKey, state: &State) -> Option<ModelId> {
        let noted = self.ids.get(key).filter(|_| !state.is_moved_away());
        let id = noted.copied().or_else(|| state.id());
        id.filter(|id| self.history.contains_key(id))
    }

    fn record(&mut self, id: ModelId, number: u64, bytes: Arc<[u8]>) {
        let at = Timestamp::now();
        let history = self.history.entry(id).or_default();
        history.insert(number, Kept { bytes, at });
    }

    /// What the revision after `state` takes over; where the field was dropped, from the last
    /// archived revision that has it.
    fn carried(
        &self,
        key: &ModelKey,
        id: Option<ModelId>,
        state: Option<&State>,
    ) -> Option<RegistryInfo> {
        let archived = id.and_then(|id| self.history.get(&id));
        let archived = archived.into_iter().flatten().rev();
        let states = archived.map(|(_, kept)| State::archived(key, kept.bytes.clone()));
        let told = std::iter::once(state?.carried()).chain(states.map(|state| state.carried()));
        for carried in told {
            match carried {
                Carried::From(info) => return Some(*info),
                Carried::Nothing => return None,
                Carried::Unknown => {}
            }
        }
        None
    }

    /// Writes a revision after `current`, in the place of `key`.
    fn revise(
        &mut self,
        key: &ModelKey,
        id: ModelId,
        current: Option<&State>,
        change: &Change,
        make: impl FnOnce(&Revising<'_>) -> Result<Ready, RepositoryError>,
    ) -> Result<StoredModel, RepositoryError> {
        if let Some(current) = current {
            self.archive(id, current);
        }
        let carried = self.carried(key, Some(id), current);
        let last = self.last(id);
        let number = last.map_or(1, |(number, _)| number + 1);
        let replaces = current.is_some_and(State::belongs_in_history);
        let previous = last
            .filter(|_| replaces)
            .map(|(_, bytes)| Version::of(bytes));
        let ready = make(&Revising {
            key,
            id,
            number,
            change,
            write_id: &new_write_id(),
            previous,
            carried: carried.as_ref(),
            moved_from: None,
        })?;
        self.record(id, number, ready.bytes.clone());
        self.changes += 1;
        Ok(self.store(key, ready.bytes))
    }

    fn write(
        &mut self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
        make: impl FnOnce(&Revising<'_>) -> Result<Ready, RepositoryError>,
    ) -> Result<StoredModel, RepositoryError> {
        let current = self.state(key)?;
        check(key, current.as_ref(), precondition)?;
        let id = self.id(key, current.as_ref());
        self.revise(key, id, current.as_ref(), change, make)
    }
}

#[async_trait]
impl ModelRepository for MemoryRepository {
    async fn list(&self) -> Result<Listing, RepositoryError> {
        let shelves = self.lock();
        let models = shelves.objects.iter().map(|(key, object)| ListedModel {
            key: key.clone(),
            stamp: object.stamp.clone(),
            size: object.bytes.len() as u64,
        });
        Ok(Listing {
            models: models.collect(),
            ..Listing::default()
        })
    }

    async fn get(&self, key: &ModelKey) -> Result<StoredModel, RepositoryError> {
        let found = self.lock().get(key)?;
        found.ok_or_else(|| RepositoryError::NotFound { key: key.clone() })
    }

    async fn put(
        &self,
        key: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        let make = |next: &Revising<'_>| next.definition(content);
        self.lock().write(key, precondition, change, make)
    }

    async fn delete(
        &self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        let mut shelves = self.lock();
        let current = shelves.state(key)?;
        if !current.is_some_and(|state| state.is_live()) {
            return Err(RepositoryError::NotFound { key: key.clone() });
        }
        shelves.write(key, precondition, change, |next| next.tombstone())
    }

    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        let mut shelves = self.lock();
        let Some(current) = shelves.state(from)?.filter(State::is_live) else {
            return Err(RepositoryError::NotFound { key: from.clone() });
        };
        check(from, Some(&current), precondition)?;
        let target = shelves.state(to)?;
        check(to, target.as_ref(), &Precondition::Absent)?;

        let id = shelves.id(from, Some(&current));
        shelves.archive(id, &current);
        if let Some(tombstone) = &target {
            let former = shelves.id(to, target.as_ref());
            shelves.archive(former, tombstone);
        }
        let moved = shelves.revise(to, id, Some(&current), change, |next| {
            next.definition(content)
        })?;
        let state = State::read(moved);
        if let Some(noted) = state.noted() {
            let tombstone = moved_tombstone(from, to, noted)?;
            shelves.store(from, tombstone.bytes);
        }
        shelves.ids.insert(to.clone(), id);
        shelves.ids.insert(from.clone(), ModelId::new());
        Ok(state.stored().clone())
    }

    async fn revisions(&self, id: &ModelId) -> Result<Vec<u64>, RepositoryError> {
        let shelves = self.lock();
        let numbers = shelves.history.get(id).map(BTreeMap::keys);
        Ok(numbers.into_iter().flatten().copied().collect())
    }

    async fn revision(&self, id: &ModelId, number: u64) -> Result<Revision, RepositoryError> {
        let shelves = self.lock();
        let kept = shelves.history.get(id).and_then(|h| h.get(&number));
        let kept = kept.ok_or(RepositoryError::RevisionNotFound { number })?;
        if kept.bytes.len() > MAX_DEFINITION_BYTES {
            let size = kept.bytes.len() as u64;
            return Err(RepositoryError::RevisionTooLarge { number, size });
        }
        Ok(Revision {
            id: *id,
            number,
            bytes: kept.bytes.clone(),
            archived_at: Some(kept.at),
        })
    }

    async fn identify(&self, key: &ModelKey) -> Result<Option<ModelId>, RepositoryError> {
        let shelves = self.lock();
        let Some(state) = shelves.state(key)? else {
            return Ok(None);
        };
        Ok(shelves.known_id(key, &state))
    }

    async fn carried(&self, key: &ModelKey) -> Result<Option<RegistryInfo>, RepositoryError> {
        let shelves = self.lock();
        let Some(state) = shelves.state(key)? else {
            return Ok(None);
        };
        let id = shelves.known_id(key, &state);
        Ok(shelves.carried(key, id, Some(&state)))
    }

    async fn reconcile(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        let mut shelves = self.lock();
        let current = shelves.state(&stored.key)?;
        let Some(current) = current.filter(|state| state.stored().version == stored.version) else {
            return Ok(false);
        };
        let id = shelves.id(&stored.key, Some(&current));
        Ok(shelves.archive(id, &current))
    }

    async fn note_removed(
        &self,
        key: &ModelKey,
        noticed: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let mut shelves = self.lock();
        if shelves.objects.contains_key(key) {
            return Ok(false);
        }
        let Some(id) = shelves.ids.get(key).copied() else {
            return Ok(false);
        };
        let held = shelves.last(id).filter(|(_, bytes)| is_held_at(key, bytes));
        let Some(last) = held.map(|(last, _)| last) else {
            return Ok(false);
        };
        let number = next_number(id, last)?;
        let removed = removed_tombstone(key, id, number, noticed)?;
        shelves.record(id, number, removed.bytes);
        Ok(true)
    }

    async fn marker(&self) -> Result<Marker, RepositoryError> {
        let changes = self.lock().changes;
        Ok(Marker((changes > 0).then(|| changes.to_string().into())))
    }

    async fn inventory(&self) -> Result<Inventory, RepositoryError> {
        let shelves = self.lock();
        Ok(Inventory {
            histories: shelves.history.keys().copied().collect(),
            noted: shelves.ids.keys().cloned().collect(),
            ..Inventory::default()
        })
    }

    async fn histories(&self) -> Result<Vec<ModelId>, RepositoryError> {
        Ok(self.lock().history.keys().copied().collect())
    }

    async fn noted(&self, key: &ModelKey) -> Result<Option<ModelId>, RepositoryError> {
        Ok(self.lock().ids.get(key).copied())
    }

    fn can_purge(&self) -> bool {
        true
    }

    async fn purge(&self, tombstone: &StoredModel) -> Result<Purged, RepositoryError> {
        let mut shelves = self.lock();
        let key = &tombstone.key;
        let current = shelves.state(key)?.filter(|state| {
            state.stored().version == tombstone.version
                && state.noted().is_some()
                && !state.is_live()
        });
        let Some(current) = current else {
            return Ok(Purged::Changed);
        };
        if !current.is_moved_away() {
            let id = shelves.id(key, Some(&current));
            shelves.archive(id, &current);
        }
        shelves.objects.remove(key);
        shelves.changes += 1;
        Ok(Purged::Done)
    }

    async fn probe(&self) -> Result<(), RepositoryError> {
        Ok(())
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}
