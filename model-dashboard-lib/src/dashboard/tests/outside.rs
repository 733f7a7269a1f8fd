//! What other programs do to the models is in the audit log.

use super::faults::until;
use super::*;
use crate::audit::NewEvent;
use crate::catalog::CatalogOptions;
use crate::repository::ObjectRepository;

const ANY: Precondition = Precondition::Exists;

/// Models in a folder that other programs write to. Only tests look for what they did.
struct Shared {
    world: World,
    folder: tempfile::TempDir,
}

impl Shared {
    async fn with(files: &[(&str, &str)]) -> Shared {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(at, text)| write(&folder, at, text));
        let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
        let options = CatalogOptions {
            look_every: HOUR,
            ..CatalogOptions::default()
        };
        let below = Arc::new(repository);
        let world = World::with(|builder| builder.repository(below).catalog(options)).await;
        Shared { world, folder }
    }

    fn write(&self, at: &str, text: &str) {
        write(&self.folder, at, text);
    }

    fn remove(&self, at: &str) {
        std::fs::remove_file(self.folder.path().join(at)).unwrap();
    }

    /// What is in the audit log of models after another look: action, target and detail.
    async fn noted(&self) -> Vec<(Action, String, String)> {
        let inner = &self.world.dashboard.inner;
        inner.catalog.refresh().await.unwrap();
        inner.note_noticed().await;
        let events = self.world.events().await.into_iter();
        let of_models = events.filter(|event| event.event.action.is_activity());
        let said = |NewEvent {
                        action,
                        target,
                        detail,
                        ..
                    }| (action, target, detail);
        of_models.map(|event| said(event.event)).collect()
    }
}

fn write(folder: &tempfile::TempDir, at: &str, text: &str) {
    let path = folder.path().join(at);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn noted(action: Action, target: &str, detail: &str) -> (Action, String, String) {
    (action, target.to_owned(), detail.to_owned())
}

#[tokio::test]
async fn what_is_changed_outside_is_noted_once_and_what_was_there_at_first_is_not() {
    let shared = Shared::with(&[("MIST/A", r#"{"alias":"a"}"#), ("MIST/B", "{}")]).await;
    assert_eq!(shared.noted().await, []);

    shared.write("MIST/A", r#"{"enabled":true}"#);
    shared.write("MIST/New", "{}");
    shared.write("MIST/Bad", "{");
    shared.remove("MIST/B");
    let mut expected = vec![
        noted(
            Action::ModelEnable,
            "model:MIST/A",
            "changed outside; enabled",
        ),
        noted(Action::ModelDelete, "model:MIST/B", "deleted outside"),
        noted(
            Action::ModelCreate,
            "model:MIST/Bad",
            "appeared outside; cannot be read",
        ),
        noted(
            Action::ModelCreate,
            "model:MIST/New",
            "appeared outside; disabled",
        ),
    ];
    let mut found = shared.noted().await;
    found.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(found, expected);
    let event = shared.world.last_event().await;
    assert_eq!((event.actor.as_str(), event.via.as_str()), ("", "store"));

    shared.write("MIST/New", r#"{"alias":"new"}"#);
    shared.write("MIST/A", r#"{"enabled":false}"#);
    expected = vec![
        noted(
            Action::ModelDisable,
            "model:MIST/A",
            "changed outside; disabled",
        ),
        noted(
            Action::ModelUpdate,
            "model:MIST/New",
            "changed outside; disabled",
        ),
    ];
    assert_eq!(shared.noted().await.split_off(4), expected);
    assert_eq!(shared.noted().await.len(), 6, "each is noted once");
}

#[tokio::test]
async fn what_this_registry_or_another_one_does_is_not_noted_as_outside() {
    let shared = Shared::with(&[]).await;
    let other = ObjectRepository::open_folder(shared.folder.path())
        .await
        .unwrap();
    let other = World::with(|builder| builder.repository(Arc::new(other))).await;
    for world in [&shared.world, &other] {
        let (host, dashboard) = (world.host(), &world.dashboard);
        let at = world.model(false).await.key;
        let to = key(&format!("MIST/{}", at.name));
        dashboard
            .set_enabled(&host, &at, true, ANY, "")
            .await
            .unwrap();
        dashboard
            .rename(&host, &at, &to, false, ANY, "why")
            .await
            .unwrap();
        dashboard.delete(&host, &to, ANY, "why").await.unwrap();
    }
    let noted = shared.noted().await;
    assert!(
        !noted
            .iter()
            .any(|(_, _, detail)| detail.contains("outside")),
        "{noted:?}"
    );
}

#[tokio::test]
async fn a_revision_of_ours_that_is_put_back_by_hand_is_noted() {
    let shared = Shared::with(&[]).await;
    let (host, at) = (shared.world.host(), shared.world.model(true).await.key);
    let file = shared.folder.path().join(at.to_string());
    let before = std::fs::read_to_string(&file).unwrap();
    let dashboard = &shared.world.dashboard;
    dashboard
        .set_enabled(&host, &at, false, ANY, "")
        .await
        .unwrap();
    shared.write(&at.to_string(), &before);
    let last = shared.noted().await.pop().unwrap();
    let target = format!("model:{at}");
    assert_eq!(
        last,
        noted(Action::ModelEnable, &target, "changed outside; enabled")
    );
}

#[tokio::test]
async fn a_change_outside_that_is_overwritten_before_anybody_looked_is_noted() {
    let shared = Shared::with(&[("MIST/A", "{}")]).await;
    let (host, at) = (shared.world.host(), key("MIST/A"));
    shared.write("MIST/A", r#"{"enabled":true}"#);
    let dashboard = &shared.world.dashboard;
    dashboard
        .set_enabled(&host, &at, false, ANY, "")
        .await
        .unwrap();
    let expected = [
        noted(
            Action::ModelEnable,
            "model:MIST/A",
            "changed outside; enabled",
        ),
        noted(Action::ModelDisable, "model:MIST/A", "changed: enabled"),
    ];
    assert_eq!(shared.noted().await, expected);
}

#[tokio::test]
async fn many_changes_outside_at_once_are_noted_as_one() {
    let shared = Shared::with(&[("MIST/A", r#"{"enabled":true}"#)]).await;
    shared.remove("MIST/A");
    for n in 0..101 {
        shared.write(&format!("nnUNet/M{n}"), r#"{"enabled":true}"#);
    }
    let many = "changed outside: 0, appeared: 101, deleted: 1; enabled by that: 101, enabled no \
                more: 1";
    assert_eq!(
        shared.noted().await,
        [noted(Action::ModelUpdate, "models", many)]
    );
}

#[tokio::test]
async fn what_was_changed_outside_is_looked_for_without_being_asked() {
    let (world, at) = (World::new().await, key("MIST/A"));
    world.repository.write_outside(&at, *b"{}");
    world.dashboard.inner.catalog.refresh().await.unwrap();
    until(async || world.count(Action::ModelCreate).await == 1).await;
}

#[tokio::test]
async fn nothing_that_was_noticed_is_lost_when_nobody_waits_any_more() {
    let shared = Shared::with(&[]).await;
    for at in ["MIST/a", "MIST/b", "MIST/c"] {
        shared.write(at, "{}");
    }
    let inner = &shared.world.dashboard.inner;
    inner.catalog.refresh().await.unwrap();
    let mut noting = Box::pin(inner.note_noticed());
    assert!(futures::poll!(&mut noting).is_pending());
    drop(noting);
    assert!(inner.trail.flush().await);
    assert_eq!(shared.world.count(Action::ModelCreate).await, 3);
}
