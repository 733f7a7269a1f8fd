//! A store that refuses some of what it holds.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::model::{ModelId, RegistryInfo};
use crate::repository::{
    Change, Inventory, LeftOver, Listing, Marker, Purged, RepositoryError, Revision, StoredModel,
};

/// A folder of which some names can be neither read nor removed, or give no answer.
#[derive(Debug)]
struct Refusing {
    folder: ObjectRepository,
    refused: Arc<Mutex<HashSet<String>>>,
    silent: Arc<AtomicBool>,
}

impl Refusing {
    fn let_through(&self, name: impl ToString) -> Result<(), RepositoryError> {
        match self.refused.lock().unwrap().contains(&name.to_string()) {
            false => Ok(()),
            true => Err(RepositoryError::Unavailable {
                message: "permission denied".to_owned(),
                source: None,
            }),
        }
    }
}

#[async_trait::async_trait]
impl ModelRepository for Refusing {
    async fn list(&self) -> Result<Listing, RepositoryError> {
        self.folder.list().await
    }

    async fn get(&self, key: &ModelKey) -> Result<StoredModel, RepositoryError> {
        self.let_through(key)?;
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending().await
        }
        self.folder.get(key).await
    }

    async fn put(
        &self,
        key: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.folder.put(key, content, precondition, change).await
    }

    async fn delete(
        &self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.folder.delete(key, precondition, change).await
    }

    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        let folder = &self.folder;
        folder.rename(from, to, content, precondition, change).await
    }

    async fn revisions(&self, id: &ModelId) -> Result<Vec<u64>, RepositoryError> {
        self.folder.revisions(id).await
    }

    async fn revision(&self, id: &ModelId, number: u64) -> Result<Revision, RepositoryError> {
        self.folder.revision(id, number).await
    }

    async fn carried(&self, key: &ModelKey) -> Result<Option<RegistryInfo>, RepositoryError> {
        self.folder.carried(key).await
    }

    async fn reconcile(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        self.folder.reconcile(stored).await
    }

    async fn marker(&self) -> Result<Marker, RepositoryError> {
        self.let_through("marker")?;
        self.folder.marker().await
    }

    async fn inventory(&self) -> Result<Inventory, RepositoryError> {
        self.folder.inventory().await
    }

    fn can_purge(&self) -> bool {
        true
    }

    async fn purge(&self, tombstone: &StoredModel) -> Result<Purged, RepositoryError> {
        self.let_through(format!("removing {}", tombstone.key))?;
        self.folder.purge(tombstone).await
    }

    async fn remove_left_over(&self, left: &LeftOver) -> Result<(), RepositoryError> {
        self.let_through(&left.name)?;
        self.folder.remove_left_over(left).await
    }

    async fn probe(&self) -> Result<(), RepositoryError> {
        self.folder.probe().await
    }

    fn location(&self) -> String {
        self.folder.location()
    }
}

#[tokio::test]
async fn what_cannot_be_removed_keeps_nothing_else() {
    let refused = Arc::new(Mutex::default());
    let stand = |folder| Refusing {
        folder,
        refused: Arc::clone(&refused),
        silent: Arc::default(),
    };
    let here = InFolder::behind(stand).await;
    for name in ["nnUNet/A", "nnUNet/B", "nnUNet/C"] {
        here.made(name, 1).await;
        here.delete(name).await;
    }
    let probes = ["01DXF6DT000000000000000000", "01DXF6DT000000000000000001"];
    for probe in probes {
        here.write(&format!(".registry/probe/{probe}"), "");
    }
    let refuse = |name: &str| refused.lock().unwrap().insert(name.to_owned());
    refuse("nnUNet/A");
    refuse("removing nnUNet/B");
    refuse(probes[0]);

    let collected = here.collect(Duration::ZERO, false).await;
    let mut kept: Vec<&str> = collected
        .found
        .iter()
        .filter(|waste| waste.kept == Some(Kept::Refused))
        .map(|waste| waste.at.as_str())
        .collect();
    kept.sort_unstable();
    let probe = format!(".registry/probe/{}", probes[0]);
    assert_eq!(kept, [&*probe, "nnUNet/A", "nnUNet/B"]);
    assert_eq!(collected.removed, 2);
    assert!(here.path("nnUNet/B").exists() && !here.path("nnUNet/C").exists());

    refuse("marker");
    let (host, dashboard) = (here.world.host(), &here.world.dashboard);
    let ended = dashboard.collect_garbage(&host, Duration::ZERO, false, &silent);
    assert!(matches!(ended.await, Err(Error::Unavailable { .. })));
}

#[tokio::test]
async fn a_check_that_is_stopped_is_told_too() {
    let silent = Arc::new(AtomicBool::new(false));
    let stand = |folder| Refusing {
        folder,
        refused: Arc::default(),
        silent: silent.clone(),
    };
    let here = InFolder::behind(stand).await;
    here.made("nnUNet/A", 1).await;
    silent.store(true, Ordering::SeqCst);
    let (host, dashboard) = (here.world.host(), &here.world.dashboard);
    let began = tokio::sync::Notify::new();
    let progress = |_, _| began.notify_one();
    tokio::select! {
        checked = dashboard.check_storage(&host, false, &progress) => panic!("{checked:?}"),
        () = began.notified() => {}
    }
    let told = async || here.world.last_event().await.detail == "checked; stopped before the end";
    while !told().await {
        tokio::task::yield_now().await;
    }
}
