//! What lies under `.registry`, and removing what nobody needs any more.
//!
//! Histories are never removed, nor is what is noted of keys: a note that looks idle may be the one
//! that another writer goes by at this moment.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use ulid::Ulid;

use super::conditional::Removal;
use super::keys::{Folder, StoreKey};
use super::{LISTINGS_AT_ONCE, OTHERS_NAMED, ObjectRepository};
use crate::model::{ModelId, ModelKey, ModelName, NetworkType};
use crate::repository::packages::made_at;
use crate::repository::state::State;
use crate::repository::{Inventory, LeftOver, Purged, RepositoryError, StoredModel};

/// What lies there besides what is listed here: the change marker, the locks and temporary files of
/// a local folder, and what is kept of packages.
const KNOWN: [&str; 7] = [
    "marker", "locks", "tmp", "packages", "uploads", "drafts", "purged",
];

/// Where the change marker lay in earlier versions.
const EARLIER_MARKER: &str = "change";

impl ObjectRepository {
    pub(super) async fn take_inventory(&self) -> Result<Inventory, RepositoryError> {
        let mut inventory = Inventory::default();
        let own = self.store.list(&Folder::Registry("".into())).await?;
        let objects = own.objects.into_iter().map(|object| object.name);
        for name in objects.chain(own.odd).filter(|name| name != EARLIER_MARKER) {
            inventory.other(name);
        }
        for name in own.folders {
            match name.as_str() {
                "revisions" => self.take_histories(&mut inventory).await?,
                "keys" => self.notes(&mut inventory).await?,
                "probe" => self.probes(&mut inventory).await?,
                known if KNOWN.contains(&known) => {}
                _ => inventory.other(format!("{name}/")),
            }
        }
        Ok(inventory)
    }

    pub(super) async fn take_histories(
        &self,
        inventory: &mut Inventory,
    ) -> Result<(), RepositoryError> {
        let folder = Folder::Registry("revisions".into());
        let level = self.store.list(&folder).await?;
        for name in level.folders {
            match ModelId::parse(&name) {
                Ok(id) => inventory.histories.push(id),
                Err(_) => inventory.other(format!("revisions/{name}/")),
            }
        }
        let objects = level.objects.into_iter().map(|object| object.name);
        for name in objects.chain(level.odd) {
            inventory.other(format!("revisions/{name}"));
        }
        Ok(())
    }

    async fn notes(&self, inventory: &mut Inventory) -> Result<(), RepositoryError> {
        let types = self.store.list(&Folder::Registry("keys".into())).await?;
        let objects = types.objects.into_iter().map(|object| object.name);
        for name in objects.chain(types.odd) {
            inventory.other(format!("keys/{name}"));
        }
        let levels = stream::iter(types.folders).map(async |name| {
            let folder = Folder::Registry(format!("keys/{name}").into());
            Ok::<_, RepositoryError>((name, self.store.list(&folder).await?))
        });
        let mut levels = levels.buffer_unordered(LISTINGS_AT_ONCE);
        while let Some((folder, level)) = levels.try_next().await? {
            let network_type = NetworkType::existing(&folder).ok();
            for object in level.objects {
                let name = ModelName::existing(&object.name).ok();
                match network_type.clone().zip(name) {
                    Some((network_type, name)) => {
                        inventory.noted.push(ModelKey::new(network_type, name));
                    }
                    None => inventory.other(format!("keys/{folder}/{}", object.name)),
                }
            }
            let deeper = level.folders.into_iter().map(|name| name + "/");
            for name in deeper.chain(level.odd) {
                inventory.other(format!("keys/{folder}/{name}"));
            }
        }
        Ok(())
    }

    async fn probes(&self, inventory: &mut Inventory) -> Result<(), RepositoryError> {
        let level = self.store.list(&Folder::Registry("probe".into())).await?;
        for object in level.objects {
            let made = Ulid::from_string(&object.name).ok().map(made_at);
            inventory.left_over.push(LeftOver {
                name: object.name,
                since: made,
            });
        }
        let deeper = level.folders.into_iter().map(|name| name + "/");
        for name in deeper.chain(level.odd) {
            inventory.other(format!("probe/{name}"));
        }
        Ok(())
    }

    pub(super) async fn remove_probe(&self, left: &LeftOver) -> Result<(), RepositoryError> {
        // Names come from listings and go back as keys: only those that were made here.
        match Ulid::from_string(&left.name) {
            Ok(_) => Ok(self.store.remove(&StoreKey::probe(&left.name)).await?),
            Err(_) => Ok(()),
        }
    }

    /// Removes a tombstone that is in the history, of a key whose owner is noted.
    pub(super) async fn purge_tombstone(
        &self,
        tombstone: &StoredModel,
    ) -> Result<Purged, RepositoryError> {
        if !self.store.removes_on_condition() {
            return Ok(Purged::Unsafe);
        }
        let key = &tombstone.key;
        let Some(current) = self.current(key).await? else {
            return Ok(Purged::Changed);
        };
        let same = current.state.stored().version == tombstone.version;
        let Some(noted) = current
            .state
            .noted()
            .filter(|_| same && !current.state.is_live())
        else {
            return Ok(Purged::Changed);
        };
        let belongs = self.belongs(key).await?;
        match current.state.is_moved_away() {
            // What is created here would go on with the id that moved away.
            true if belongs.id == Some(noted.id) => return Ok(Purged::Needed),
            true => {}
            false => {
                if belongs.id != Some(noted.id)
                    && !self.set_belongs(key, noted.id, &belongs).await?
                {
                    return Ok(Purged::Changed);
                }
                self.archive(noted.id, &current.state).await?;
            }
        }
        let at = StoreKey::definition(key);
        match self.store.remove_unchanged(&at, &current.tag).await? {
            Removal::Done => {
                self.renew_marker().await;
                Ok(Purged::Done)
            }
            Removal::Changed => Ok(Purged::Changed),
            Removal::Unsafe => Ok(Purged::Unsafe),
        }
    }

    /// Whether a rename to a key is begun and neither finished nor taken back.
    pub(super) async fn has_unsettled_move(
        &self,
        stored: &StoredModel,
    ) -> Result<bool, RepositoryError> {
        let state = State::read(stored.clone());
        let Some(noted) = state.noted().filter(|_| state.moved_from().is_some()) else {
            return Ok(false);
        };
        Ok(self.belongs(state.key()).await?.id != Some(noted.id))
    }
}

impl Inventory {
    fn other(&mut self, name: String) {
        if self.others.len() < OTHERS_NAMED {
            self.others.push(name);
        }
    }
}
