//! The walk through the store.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};

use super::history::HistoryRead;
use super::{Finding, FindingKind, Mending, Progress, StorageCheck};
use crate::dashboard::{Dashboard, Error};
use crate::model::{
    DuplicateKeys, ModelDefinition, ModelId, ModelKey, RegistryInfo, Timestamp, Version,
};
use crate::repository::{Inventory, Listing, RepositoryError, StoredModel, is_ours};

/// How many models are looked at a time, each with up to eight revisions: 64 reads.
const AT_ONCE: usize = 8;

/// How many notes are read at a time.
const NOTES_AT_ONCE: usize = 64;

/// How old an object to try the store with is when nobody needs it any more.
pub(super) const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

/// How long a writer usually needs at most from the definition to its place in the history.
const SETTLES_WITHIN: Duration = Duration::from_millis(500);

pub(super) struct Check<'a> {
    dashboard: &'a Dashboard,
    repair: bool,
    found: StorageCheck,
    /// The models that a definition or a tombstone names.
    named: HashSet<ModelId>,
    /// What did not look right, to be looked at again.
    suspects: Vec<(ModelKey, Version)>,
}

/// What is seen at a key.
#[derive(Debug, Default)]
struct Look {
    is_there: bool,
    is_tombstone: bool,
    id: Option<ModelId>,
    bytes: u64,
    /// What holds whatever others write at this moment.
    findings: Vec<Finding>,
    history: HistoryRead,
    /// What another writer may be about to put right, and in which state.
    unfinished: Option<(FindingKind, Version)>,
}

/// A definition as far as it can be read.
struct Read {
    stored: Arc<StoredModel>,
    info: Option<RegistryInfo>,
    ours: bool,
    findings: Vec<Finding>,
}

impl Read {
    fn new(stored: StoredModel) -> Self {
        let key = &stored.key;
        let mut findings = Vec::new();
        let (info, ours) = match ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins) {
            Ok(definition) => {
                let info = definition.registry();
                let is_deleted = info.as_ref().is_some_and(|info| info.deleted.is_some());
                if let Some(contradiction) = definition.contradicts(key).filter(|_| !is_deleted) {
                    let detail = contradiction.to_string();
                    findings.push(Finding::new(FindingKind::Contradiction, key, detail));
                }
                (info, is_ours(key, &definition))
            }
            Err(error) => {
                findings.push(Finding::new(FindingKind::Broken, key, error.to_string()));
                (None, false)
            }
        };
        Self {
            stored: Arc::new(stored),
            info,
            ours,
            findings,
        }
    }
}

impl<'a> Check<'a> {
    pub(super) fn new(dashboard: &'a Dashboard, repair: bool) -> Self {
        Self {
            dashboard,
            repair,
            found: StorageCheck::default(),
            named: HashSet::new(),
            suspects: Vec::new(),
        }
    }

    pub(super) async fn run(mut self, progress: Progress<'_>) -> Result<StorageCheck, Error> {
        let catalog = &self.dashboard.inner.catalog;
        // In this order: a model that is created in between is among the listed ones.
        let inventory = catalog.ask_inventory().await?;
        let listing = catalog.ask_listing().await?;
        self.found.histories = inventory.histories.len() as u64;
        self.name_others(&listing, &inventory);
        let is_whole = listing.unreadable.is_empty();
        let total = listing.models.len() as u64;
        let mut done = 0;
        progress(done, total);

        let dashboard = self.dashboard;
        let keys = listing.models.into_iter().map(|listed| listed.key);
        let looks = stream::iter(keys).map(async |key| {
            let look = look(dashboard, &key).await;
            (key, look)
        });
        let mut looks = looks.buffer_unordered(AT_ONCE);
        while let Some((key, look)) = looks.next().await {
            self.take(key, look?);
            done += 1;
            progress(done, total);
        }
        self.look_again().await?;
        if is_whole {
            // Behind what cannot be listed may be the models that others seem to lack.
            self.histories_without_model(inventory, progress, total)
                .await?;
        }
        let by_place = |a: &Finding, b: &Finding| (a.kind, &a.at).cmp(&(b.kind, &b.at));
        self.found.findings.sort_by(by_place);
        Ok(self.found)
    }

    fn name_others(&mut self, listing: &Listing, inventory: &Inventory) {
        for name in &listing.others {
            self.found.add(Finding::new(FindingKind::Other, name, ""));
        }
        for name in &inventory.others {
            let name = format!(".registry/{name}");
            self.found.add(Finding::new(FindingKind::Other, name, ""));
        }
        for unreadable in &listing.unreadable {
            let at = format!("{}/", unreadable.network_type);
            let detail = unreadable.reason.clone();
            self.found
                .add(Finding::new(FindingKind::Unreadable, at, detail));
        }
        let long_ago = Timestamp::now().minus(LEFT_BEHIND);
        for left in &inventory.left_over {
            if left.since.is_some_and(|since| since < long_ago) {
                let at = format!(".registry/probe/{}", left.name);
                self.found.add(Finding::new(FindingKind::LeftOver, at, ""));
            }
        }
    }

    fn take(&mut self, key: ModelKey, look: Look) {
        if !look.is_there {
            return;
        }
        match look.is_tombstone {
            true => self.found.tombstones += 1,
            false => self.found.models += 1,
        }
        self.named.extend(look.id);
        self.found.bytes += look.bytes;
        self.count(look.history);
        for finding in look.findings {
            self.found.add(finding);
        }
        if let Some((_, version)) = look.unfinished {
            self.suspects.push((key, version));
        }
    }

    fn count(&mut self, history: HistoryRead) {
        self.found.revisions += history.revisions;
        self.found.bytes += history.bytes;
        for finding in history.findings {
            self.found.add(finding);
        }
    }

    /// Another look at what a writer may have been about to finish.
    async fn look_again(&mut self) -> Result<(), Error> {
        let (dashboard, repair) = (self.dashboard, self.repair);
        let suspects = std::mem::take(&mut self.suspects);
        if !suspects.is_empty() {
            tokio::time::sleep(SETTLES_WITHIN).await;
        }
        let looks = stream::iter(suspects).map(async |(key, before)| {
            let kind = match look(dashboard, &key).await?.unfinished {
                Some((kind, version)) if version == before => kind,
                // It is being written to.
                _ => return Ok(None),
            };
            let mut finding = Finding::new(kind, &key, "");
            if repair {
                finding.mending = mend(dashboard, &key).await;
            }
            Ok::<_, Error>(Some(finding))
        });
        let mut looks = looks.buffer_unordered(AT_ONCE);
        while let Some(finding) = looks.next().await {
            if let Some(finding) = finding? {
                self.found.add(finding);
            }
        }
        Ok(())
    }

    /// Histories that no definition and no tombstone names: of purged tombstones, of definitions
    /// that other programs removed, of nobody.
    async fn histories_without_model(
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
        let reads = stream::iter(unnamed).map(|id| {
            let key = keys.get(&id);
            async move { unnamed_history(dashboard, id, key).await }
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

/// Looks at what lies at a key, and at its history.
async fn look(dashboard: &Dashboard, key: &ModelKey) -> Result<Look, Error> {
    let catalog = &dashboard.inner.catalog;
    let mut look = Look {
        is_there: true,
        ..Look::default()
    };
    let stored = match catalog.ask_one(key).await {
        Ok(stored) => stored,
        Err(RepositoryError::NotFound { .. }) => return Ok(Look::default()),
        Err(error @ RepositoryError::TooLarge { .. }) => {
            let finding = Finding::new(FindingKind::Broken, key, error.to_string());
            look.findings.push(finding);
            look.id = catalog.ask_identity(key).await?;
            // Whoever replaces it archives it.
            look.history = read_history(dashboard, look.id, key).await?;
            return Ok(look);
        }
        Err(error) => {
            // Is it this object or everything?
            catalog.ask_marker().await?;
            let finding = Finding::new(FindingKind::Unreadable, key, error.to_string());
            look.findings.push(finding);
            look.id = catalog.ask_note(key).await?;
            return Ok(look);
        }
    };
    look.bytes = stored.bytes.len() as u64;
    let read = tokio::task::spawn_blocking(move || Read::new(stored)).await;
    let read = read.map_err(|error| Error::Internal(Box::new(error)))?;
    look.findings = read.findings;
    let info = read.info.as_ref().filter(|_| read.ours);
    let deleted = info.and_then(|info| info.deleted.as_ref());
    look.is_tombstone = deleted.is_some();
    look.id = match info {
        Some(info) => Some(info.id),
        None => catalog.ask_identity(key).await?,
    };
    if deleted.is_some_and(|deleted| deleted.moved_to.is_some()) {
        // Its history goes on elsewhere.
        return Ok(look);
    }
    if catalog.ask_whether_moving(&read.stored).await? {
        look.unfinished = Some((FindingKind::InterruptedRename, read.stored.version));
        return Ok(look);
    }
    look.history = read_history(dashboard, look.id, key).await?;
    let last = look.history.last.as_ref().and_then(|last| last.version);
    if last != Some(read.stored.version) {
        let kind = match read.ours {
            true => FindingKind::NotInHistory,
            false => FindingKind::ChangedOutside,
        };
        look.unfinished = Some((kind, read.stored.version));
    }
    Ok(look)
}

async fn read_history(
    dashboard: &Dashboard,
    id: Option<ModelId>,
    key: &ModelKey,
) -> Result<HistoryRead, Error> {
    let Some(id) = id else {
        return Ok(HistoryRead::default());
    };
    let catalog = &dashboard.inner.catalog;
    Ok(HistoryRead::read(catalog, &id, &key.to_string()).await?)
}

/// Has what is unfinished at a key finished.
async fn mend(dashboard: &Dashboard, key: &ModelKey) -> Mending {
    let (this, at) = (dashboard.clone(), key.clone());
    let mended = dashboard.change_of_model(async move {
        this.inner.prove_store().await?;
        Ok(this.inner.catalog.ask_to_reconcile(&at).await?)
    });
    match mended.await {
        Ok(true) => Mending::Done,
        // Somebody was quicker, or nothing can be done.
        Ok(false) => match look(dashboard, key).await {
            Ok(look) if look.unfinished.is_none() => Mending::Done,
            Ok(_) => Mending::Failed("it did not help".to_owned()),
            Err(error) => Mending::Failed(error.to_string()),
        },
        Err(error) => Mending::Failed(error.to_string()),
    }
}

/// Reads a history that nothing names; `key` is the one that it is noted to belong to.
async fn unnamed_history(
    dashboard: &Dashboard,
    id: ModelId,
    key: Option<&ModelKey>,
) -> Result<(HistoryRead, Option<Finding>), Error> {
    let catalog = &dashboard.inner.catalog;
    let at = key.map_or_else(|| id.to_string(), ToString::to_string);
    let history = HistoryRead::read(catalog, &id, &at).await?;
    let last = history.last.as_ref();
    let finding = match key {
        // Its tombstone was purged.
        Some(_) if last.is_some_and(|last| last.is_deletion) => None,
        Some(key) => match catalog.ask_one(key).await {
            Err(RepositoryError::NotFound { .. }) => {
                let detail = format!(
                    "its definition was removed by another program; its history ({id}) is there, \
                     and a model that is created here goes on with it"
                );
                Some(Finding::new(FindingKind::Missing, key, detail))
            }
            // Created meanwhile.
            _ => None,
        },
        None => {
            let last = last.and_then(|last| last.key.as_ref());
            let detail = last.map(|key| format!("the model was called {key}"));
            let detail = detail.unwrap_or_default();
            Some(Finding::new(FindingKind::Orphaned, id, detail))
        }
    };
    Ok((history, finding))
}
