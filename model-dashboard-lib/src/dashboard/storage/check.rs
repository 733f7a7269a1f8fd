//! The walk through the store.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures::stream::{self, StreamExt as _};

use super::history::HistoryRead;
use super::look::{Look, look};
use super::{Finding, FindingKind, Mending, Progress, StorageCheck};
use crate::dashboard::{Dashboard, Error};
use crate::model::{ModelId, ModelKey, Timestamp, Version};
use crate::repository::{Inventory, Listing};

/// How many models are looked at a time, each with up to eight revisions: 64 reads.
pub(super) const AT_ONCE: usize = 8;

/// How old an object to try the store with is when nobody needs it any more.
pub(super) const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

/// How long a writer usually needs at most from the definition to its place in the history.
const SETTLES_WITHIN: Duration = Duration::from_millis(500);

pub(super) struct Check<'a> {
    pub(super) dashboard: &'a Dashboard,
    repair: bool,
    pub(super) found: StorageCheck,
    /// The models that have a key, or had it before they were deleted.
    pub(super) named: HashSet<ModelId>,
    /// Where models went that moved away.
    pub(super) moved: HashMap<ModelId, ModelKey>,
    /// What did not look right, to be looked at again.
    suspects: Vec<(ModelKey, Version)>,
}

impl<'a> Check<'a> {
    pub(super) fn new(dashboard: &'a Dashboard, repair: bool) -> Self {
        Self {
            dashboard,
            repair,
            found: StorageCheck::default(),
            named: HashSet::new(),
            moved: HashMap::new(),
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
        self.moved.extend(look.moved);
        self.found.bytes += look.bytes;
        self.count(look.history);
        for finding in look.findings {
            self.found.add(finding);
        }
        if let Some(unfinished) = look.unfinished {
            self.suspects.push((key, unfinished.version));
        }
    }

    pub(super) fn count(&mut self, history: HistoryRead) {
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
            let unfinished = match look(dashboard, &key).await?.unfinished {
                Some(unfinished) if unfinished.version == before => unfinished,
                // It is being written to.
                _ => return Ok(None),
            };
            let mut finding = Finding::new(unfinished.kind, &key, unfinished.detail);
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
