//! A change that is stored, though what follows it fails.

use super::*;
use crate::catalog::CatalogOptions;
use crate::repository::{ModelRepository, ObjectRepository};

struct Broken {
    world: World,
    repository: Arc<ObjectRepository>,
    /// Where the history would lie.
    history: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Broken {
    /// Models in a folder in which the history has no place.
    async fn new() -> Broken {
        let folder = tempfile::tempdir().unwrap();
        let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
        let repository = Arc::new(repository);
        let history = folder.path().join(".registry/revisions");
        std::fs::write(&history, "in the way").unwrap();
        let options = CatalogOptions {
            look_every: Duration::from_millis(5),
            ..CatalogOptions::default()
        };
        let below = repository.clone();
        let world = World::with(|builder| builder.repository(below).catalog(options)).await;
        Broken {
            world,
            repository,
            history,
            _folder: folder,
        }
    }

    fn mend(&self) {
        std::fs::remove_file(&self.history).unwrap();
    }

    /// Waits until the history of a model holds what is stored of it.
    async fn until_complete(&self, at: &ModelKey) {
        let complete = async {
            loop {
                let stored = self.repository.get(at).await.unwrap();
                let registry = Model::read(&stored).unwrap().definition.registry().unwrap();
                let kept = self.repository.revision(&registry.id, registry.revision);
                if kept.await.is_ok_and(|kept| kept.bytes == stored.bytes) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(20), complete);
        in_time.await.expect("the history was never completed");
    }
}

#[tokio::test]
async fn a_change_that_is_stored_is_answered_noted_and_shown_though_its_history_fails() {
    let broken = Broken::new().await;
    let (world, host) = (&broken.world, broken.world.host());
    let at = key("MIST/A");
    let created = world
        .dashboard
        .create(&host, at.clone(), definition("{}"), "first");
    let created = created.await.unwrap();
    assert_eq!(created.revision(), Some(1));
    let event = world.last_event().await;
    assert_eq!(event.action, Action::ModelCreate);
    assert_eq!(
        (event.target.as_str(), event.revision),
        ("model:MIST/A", Some(1))
    );
    assert!(
        world
            .dashboard
            .picture(&host)
            .await
            .unwrap()
            .get(&at)
            .is_some()
    );

    broken.mend();
    broken.until_complete(&at).await;
}

#[tokio::test]
async fn a_rename_that_is_stored_is_answered_though_its_history_fails() {
    let broken = Broken::new().await;
    let (world, host) = (&broken.world, broken.world.host());
    let (from, to) = (key("MIST/A"), key("MIST/B"));
    broken.mend();
    let created = world
        .dashboard
        .create(&host, from.clone(), definition("{}"), "");
    created.await.unwrap();
    // The first revision is archived; there is no place for the second.
    let stored = broken.repository.get(&from).await.unwrap();
    let id = Model::read(&stored)
        .unwrap()
        .definition
        .registry()
        .unwrap()
        .id;
    let place = broken.history.join(id.to_string()).join("00000002.json");
    std::fs::create_dir(&place).unwrap();

    let renamed = world
        .dashboard
        .rename(&host, &from, &to, false, Precondition::Exists, "");
    assert_eq!(renamed.await.unwrap().key, to);
    assert_eq!(world.last_event().await.action, Action::ModelRename);
    let picture = world.dashboard.picture(&host).await.unwrap();
    assert!(picture.get(&to).is_some() && picture.get(&from).is_none());

    std::fs::remove_dir(&place).unwrap();
    broken.until_complete(&to).await;
}
