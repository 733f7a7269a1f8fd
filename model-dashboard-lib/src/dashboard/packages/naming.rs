//! What definitions and revisions name a package.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt as _};

use super::drafts::Draft;
use crate::dashboard::model_states::may_be_enabled;
use crate::dashboard::{Dashboard, Error, Model, ModelRevision, Progress};
use crate::model::{ModelId, ModelKey};
use crate::repository::RepositoryError;
use crate::repository::packages::PackageId;

/// How many definitions are read at a time.
const DEFINITIONS_AT_ONCE: usize = 64;

/// How many histories are read at a time, and how many revisions of each.
const HISTORIES_AT_ONCE: usize = 8;
const PAGE: usize = 8;

/// A definition or a revision that names a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct NamedBy {
    /// The key of the model; of a revision that does not say it, the id of its history.
    pub model: String,
    /// The number of the revision; `None` for what lies at the key, and for a draft.
    pub revision: Option<u64>,
    /// Whether it is a draft: the package is proposed to the model.
    pub is_draft: bool,
    /// Whether it is an enabled model, or may be one for others where it cannot be read here: jobs may be
    /// using the package.
    pub is_enabled: bool,
}

/// What names some packages.
#[derive(Debug, Default)]
pub(in crate::dashboard) struct Naming {
    of: HashMap<PackageId, Vec<NamedBy>>,
    /// Whether something could not be read that may name others.
    pub(in crate::dashboard) is_doubtful: bool,
}

impl Naming {
    /// What names this one, in order.
    pub(in crate::dashboard) fn of(&self, id: PackageId) -> &[NamedBy] {
        self.of.get(&id).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, other: Naming) {
        for (id, named_by) in other.of {
            self.of.entry(id).or_default().extend(named_by);
        }
        self.is_doubtful |= other.is_doubtful;
    }

    fn note(&mut self, ids: HashSet<PackageId>, by: &NamedBy) {
        for id in ids {
            self.of.entry(id).or_default().push(by.clone());
        }
    }
}

/// Those of `packages` that stand in a text, whatever it is: as a word of their own.
fn standing_in(bytes: &[u8], packages: &HashSet<PackageId>) -> HashSet<PackageId> {
    let words = bytes.split(|byte| !byte.is_ascii_alphanumeric());
    let words = words.filter_map(|word| std::str::from_utf8(word).ok());
    let ids = words.filter_map(|word| PackageId::parse(word).ok());
    ids.filter(|id| packages.contains(id)).collect()
}

impl Dashboard {
    /// What names these packages of all definitions and revisions, also of those that cannot be read
    /// as such. Reads all of them.
    pub(in crate::dashboard) async fn naming(
        &self,
        packages: &HashSet<PackageId>,
        progress: Progress<'_>,
    ) -> Result<Naming, Error> {
        let catalog = &self.inner.catalog;
        let inventory = catalog.ask_inventory().await?;
        let listing = catalog.ask_listing().await?;
        let mut naming = Naming {
            is_doubtful: !listing.unreadable.is_empty(),
            ..Naming::default()
        };
        let total = (listing.models.len() + inventory.histories.len()) as u64;
        let mut done = 0;
        let keys = listing.models.into_iter().map(|listed| listed.key);
        let definitions = stream::iter(keys).map(|key| self.naming_at(key, packages));
        let mut definitions = definitions.buffer_unordered(DEFINITIONS_AT_ONCE);
        while let Some(found) = definitions.next().await {
            naming.add(found?);
            done += 1;
            progress(done, total);
        }
        drop(definitions);
        let histories = inventory.histories.into_iter();
        let histories = stream::iter(histories).map(|id| self.naming_in(id, packages));
        let mut histories = histories.buffer_unordered(HISTORIES_AT_ONCE);
        while let Some(found) = histories.next().await {
            naming.add(found?);
            done += 1;
            progress(done, total);
        }
        naming.add(self.naming_in_drafts(packages).await?);
        naming.of.values_mut().for_each(|named_by| named_by.sort());
        Ok(naming)
    }

    async fn naming_at(
        &self,
        key: ModelKey,
        packages: &HashSet<PackageId>,
    ) -> Result<Naming, Error> {
        let mut naming = Naming::default();
        match self.inner.catalog.ask_one(&key).await {
            Ok(stored) => {
                let by = NamedBy {
                    model: key.to_string(),
                    revision: None,
                    is_draft: false,
                    is_enabled: match Model::read(&stored) {
                        Ok(model) => model.definition.enabled(),
                        Err(_) => may_be_enabled(&stored.bytes),
                    },
                };
                naming.note(standing_in(&stored.bytes, packages), &by);
            }
            Err(RepositoryError::NotFound { .. }) => {}
            Err(_) => naming.is_doubtful = self.answers_otherwise().await?,
        }
        Ok(naming)
    }

    async fn naming_in_drafts(&self, packages: &HashSet<PackageId>) -> Result<Naming, Error> {
        let mut naming = Naming::default();
        let Some(store) = self.inner.packages.kept() else {
            return Ok(naming);
        };
        for id in store.models_with_drafts().await? {
            for package in store.drafts(&id).await? {
                if !packages.contains(&package) {
                    continue;
                }
                let draft = store.draft(&id, package).await?;
                let draft: Option<Draft> = draft.and_then(|it| serde_json::from_slice(&it).ok());
                let by = NamedBy {
                    model: draft.map_or_else(|| id.to_string(), |draft| draft.model),
                    revision: None,
                    is_draft: true,
                    is_enabled: false,
                };
                naming.note(HashSet::from([package]), &by);
            }
        }
        Ok(naming)
    }

    async fn naming_in(&self, id: ModelId, packages: &HashSet<PackageId>) -> Result<Naming, Error> {
        let mut naming = Naming::default();
        let mut before = None;
        loop {
            let page = self.inner.catalog.ask_history(&id, before, PAGE).await?;
            let is_last = page.len() < PAGE;
            for archived in page {
                let number = archived.number;
                before = Some(number);
                let ids = match &archived.revision {
                    Ok(revision) => standing_in(&revision.bytes, packages),
                    Err(_) => {
                        naming.is_doubtful = self.answers_otherwise().await?;
                        continue;
                    }
                };
                if !ids.is_empty() {
                    let key = ModelRevision::read(archived).key;
                    let by = NamedBy {
                        model: key.map_or_else(|| id.to_string(), |key| key.to_string()),
                        revision: Some(number),
                        is_draft: false,
                        is_enabled: false,
                    };
                    naming.note(ids, &by);
                }
            }
            if is_last {
                return Ok(naming);
            }
        }
    }

    /// That the store answers otherwise, and does not give one object alone; if not, all ends.
    async fn answers_otherwise(&self) -> Result<bool, Error> {
        self.inner.catalog.ask_marker().await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_wherever_it_stands_as_a_word() {
        let (id, other) = (PackageId::new(), PackageId::new());
        let packages = HashSet::from([id]);
        for text in [
            format!("{{\"registry\":{{\"package\":\"{id}\"}},\"x\":\"{other}\""),
            format!("\u{fffd}{id}-x"),
        ] {
            assert_eq!(standing_in(text.as_bytes(), &packages), packages, "{text}");
        }
        let longer = format!("{id}x");
        assert!(standing_in(longer.as_bytes(), &packages).is_empty());
    }
}
