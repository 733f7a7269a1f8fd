//! Checking and tidying a store: what is told, what is mended, what is removed, and what never is.

mod check;
mod garbage;
mod refusing;

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::model::ModelId;
use crate::repository::{ModelRepository, ObjectRepository};

const ANY: Precondition = Precondition::Exists;
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn silent(_: u64, _: u64) {}

/// A dashboard over a folder, whose files other programs can reach.
struct InFolder {
    world: World,
    folder: tempfile::TempDir,
}

impl InFolder {
    async fn new() -> Self {
        Self::behind(|repository| repository).await
    }

    /// Behind something that stands before the folder.
    async fn behind<T: ModelRepository + 'static>(
        stand: impl FnOnce(ObjectRepository) -> T,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
        let packages = repository.packages();
        let repository: Arc<dyn ModelRepository> = Arc::new(stand(repository));
        let with = |builder: DashboardBuilder| builder.repository(repository).packages(packages);
        let world = World::with(with).await;
        Self { world, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A model with as many revisions.
    async fn made(&self, at: &str, revisions: u64) -> ModelId {
        let (host, at) = (self.world.host(), key(at));
        let dashboard = &self.world.dashboard;
        let made = dashboard.create(&host, at.clone(), definition("{}"), "");
        let id = made.await.unwrap().definition.registry().unwrap().id;
        for n in 1..revisions {
            let patch = object(&format!(r#"{{"alias":"{n}"}}"#));
            let edited = dashboard.patch(&host, &at, &patch, ANY, "").await;
            edited.unwrap();
        }
        id
    }

    fn revision(&self, id: ModelId, number: u64) -> PathBuf {
        self.path(&format!(".registry/revisions/{id}/{number:08}.json"))
    }

    async fn rename(&self, from: &str, to: &str) {
        let (host, from, to) = (self.world.host(), key(from), key(to));
        let renamed = self
            .world
            .dashboard
            .rename(&host, &from, &to, false, ANY, "");
        renamed.await.unwrap();
    }

    async fn delete(&self, at: &str) {
        let host = self.world.host();
        let deleted = self.world.dashboard.delete(&host, &key(at), ANY, "").await;
        deleted.unwrap();
    }

    async fn check(&self, repair: bool) -> StorageCheck {
        let host = self.world.host();
        let checked = self.world.dashboard.check_storage(&host, repair, &silent);
        checked.await.unwrap()
    }

    /// What a check finds, without words.
    async fn found(&self, repair: bool) -> Vec<(FindingKind, String, Mending)> {
        let findings = self.check(repair).await.findings.into_iter();
        let found = findings.map(|finding| (finding.kind, finding.at, finding.mending));
        found.collect()
    }

    async fn collect(&self, older_than: Duration, dry_run: bool) -> Garbage {
        let host = self.world.host();
        let dashboard = &self.world.dashboard;
        let collected = dashboard.collect_garbage(&host, older_than, dry_run, &silent);
        collected.await.unwrap()
    }
}

#[expect(dead_code, reason = "only compiled")]
fn both_can_be_spawned(dashboard: &Dashboard, caller: &Caller) {
    fn spawned(_: impl Future + Send) {}
    spawned(dashboard.check_storage(caller, true, &silent));
    spawned(dashboard.collect_garbage(caller, WEEK, true, &silent));
}
