//! Histories of models that have no key.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt as _};

use super::check::{AT_ONCE, Check};
use super::history::HistoryRead;
use super::look::look;
use super::{Finding, FindingKind, Progress};
use crate::dashboard::{Dashboard, Error};
use crate::model::{ModelId, ModelKey};
use crate::repository::Inventory;

/// How many notes are read at a time.
const NOTES_AT_ONCE: usize = 64;

/// How many moves of a model are followed. One that is whole leads to the end at once.
const MOVES: usize = 16;

impl Check<'_> {
    /// Histories whose model has no key: of purged tombstones, of definitions that other programs
    /// removed, of nobody.
    pub(super) async fn histories_without_model(
        &mut self,
        inventory: Inventory,
        progress: Progress<'_>,
        done: u64,
    ) -> Result<(), Error> {
        let dashboard = self.dashboard;
        let catalog = &dashboard.inner.catalog;
        let all: HashSet<ModelId> = inventory.histories.iter().copied().collect();
        let mut keys: HashMap<ModelId, ModelKey> = HashMap::new();
        let notes = stream::iter(inventory.noted).map(async |key| {
            let noted = catalog.ask_note(&key).await;
            (key, noted)
        });
        let mut notes = notes.buffer_unordered(NOTES_AT_ONCE);
        while let Some((key, noted)) = notes.next().await {
            match noted {
                Ok(Some(id)) if self.named.contains(&id) => {}
                Ok(Some(id)) if all.contains(&id) => drop(keys.insert(id, key)),
                Ok(_) => self.found.idle_notes += 1,
                Err(error) => {
                    catalog.ask_marker().await?;
                    let at = format!(".registry/keys/{key}");
                    let finding = Finding::new(FindingKind::Unreadable, at, error.to_string());
                    self.found.add(finding);
                }
            }
        }
        drop(notes);
        let mut unnamed = inventory.histories;
        unnamed.retain(|id| !self.named.contains(id));
        let total = done + unnamed.len() as u64;
        let mut done = done;
        let moved = std::mem::take(&mut self.moved);
        let reads = stream::iter(unnamed).map(|id| {
            let (noted, moved) = (keys.get(&id), moved.get(&id));
            async move { unnamed_history(dashboard, id, noted, moved).await }
        });
        let mut reads = reads.buffer_unordered(AT_ONCE);
        while let Some(read) = reads.next().await {
            let (history, finding) = read?;
            self.count(history);
            if let Some(finding) = finding {
                self.found.add(finding);
            }
            done += 1;
            progress(done, total);
        }
        Ok(())
    }
}

/// Reads a history that nothing names; `noted` is the key that it is noted to belong to, `moved`
/// where its model went.
async fn unnamed_history(
    dashboard: &Dashboard,
    id: ModelId,
    noted: Option<&ModelKey>,
    moved: Option<&ModelKey>,
) -> Result<(HistoryRead, Option<Finding>), Error> {
    let catalog = &dashboard.inner.catalog;
    let known = noted.or(moved);
    let at = known.map_or_else(|| id.to_string(), ToString::to_string);
    let history = HistoryRead::read(catalog, &id, &at).await?;
    let last = history.last.as_ref();
    let finding = match known {
        // It was deleted, and its tombstone purged or replaced by a model that was renamed.
        _ if last.is_some_and(|last| last.is_deletion) => None,
        Some(known) => missing_at(dashboard, id, known).await?.map(|key| {
            let onward = match noted == Some(&key) {
                true => ", and a model that is created here goes on with it",
                false => "",
            };
            let detail = format!(
                "its definition was removed by another program; its history ({id}) is there{onward}"
            );
            Finding::new(FindingKind::Missing, key, detail)
        }),
        None => {
            let last = last.and_then(|last| last.key.as_ref());
            let detail = last.map(|key| format!("the model was called {key}"));
            let detail = detail.unwrap_or_default();
            Some(Finding::new(FindingKind::Orphaned, id, detail))
        }
    };
    Ok((history, finding))
}

/// Follows the moves of a model from a key to where its definition should be, and answers that key
/// if nothing is there. What is there may have been written meanwhile.
async fn missing_at(
    dashboard: &Dashboard,
    id: ModelId,
    from: &ModelKey,
) -> Result<Option<ModelKey>, Error> {
    let mut at = from.clone();
    for _ in 0..MOVES {
        let look = look(dashboard, &at).await?;
        if !look.is_there {
            return Ok(Some(at));
        }
        match look.moved {
            Some((moved, to)) if moved == id => at = to,
            _ => return Ok(None),
        }
    }
    Ok(None)
}
