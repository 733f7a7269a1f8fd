//! Changes that are done though nobody could say so: they are in the audit log.

use super::between::Between;
use super::*;
use crate::audit::NewEvent;
use crate::catalog::CatalogOptions;
use crate::repository::{Change, ModelRepository, ObjectRepository};

const ANY: Precondition = Precondition::Exists;

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_noted_and_shown() {
    let between = Arc::new(Between::default());
    let below = between.clone();
    let world = World::with(|builder| builder.repository(below)).await;
    let (host, at) = (world.host(), world.model(false).await.key);
    between.lose_answers();
    let dashboard = &world.dashboard;
    let noted = async |failed: Result<(), Error>| {
        assert!(matches!(failed, Err(Error::Unavailable { .. })));
        let event = world.last_event().await;
        assert!(event.detail.contains("outcome not known"), "{event:?}");
        assert_eq!(event.actor, host.id().to_string());
        (event.action, event.target, event.reason)
    };

    let enabled = dashboard.set_enabled(&host, &at, true, ANY, "it is fit");
    let noted_as = noted(enabled.await.map(drop)).await;
    let target = format!("model:{at}");
    let expected = (Action::ModelEnable, target, "it is fit".to_owned());
    assert_eq!(noted_as, expected);
    let picture = dashboard.picture(&host).await.unwrap();
    assert!(picture.get(&at).unwrap().enabled());

    let new = dashboard.create(&host, key("MIST/New"), definition("{}"), "");
    let (action, target, _) = noted(new.await.map(drop)).await;
    assert_eq!((action, &*target), (Action::ModelCreate, "model:MIST/New"));

    let to = key("MIST/B");
    let renamed = dashboard.rename(&host, &at, &to, false, ANY, "why");
    let (action, target, _) = noted(renamed.await.map(drop)).await;
    assert_eq!((action, &*target), (Action::ModelRename, "model:MIST/B"));
    assert!(world.last_event().await.detail.contains(&at.to_string()));
    let picture = dashboard.picture(&host).await.unwrap();
    assert!(picture.get(&at).is_none() && picture.get(&to).is_some());

    let deleted = dashboard.delete(&host, &to, ANY, "why").await;
    let (action, target, _) = noted(deleted).await;
    assert_eq!((action, &*target), (Action::ModelDelete, "model:MIST/B"));
}

#[tokio::test]
async fn a_change_that_was_refused_is_not_noted_as_unknown() {
    let world = World::new().await;
    let (host, at) = (world.host(), world.model(false).await.key);
    let again = world
        .dashboard
        .create(&host, at.clone(), definition("{}"), "");
    assert!(matches!(again.await, Err(Error::Exists { .. })));
    assert_eq!(world.count(Action::ModelCreate).await, 1);
}

#[tokio::test]
async fn a_rename_that_was_interrupted_is_noted_when_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let other = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let (from, to) = (key("MIST/A"), key("MIST/B"));
    let change = |message: &str| Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Api,
        at: Timestamp::now(),
        message: message.to_owned(),
    };
    let (content, absent) = (definition("{}"), Precondition::Absent);
    let first = other.put(&from, &content, &absent, &change("")).await;
    let first = Model::read(&first.unwrap()).unwrap();
    let file = |at: &str| folder.path().join(at);
    let (there, note) = (file("MIST/A"), file(".registry/keys/MIST/A"));
    let before = std::fs::read(&there).unwrap();
    let noted_before = std::fs::read(&note).ok();
    let mut renamed = first.definition.clone();
    renamed.set_key(&to);
    other
        .rename(&from, &to, &renamed, &ANY, &change("a better name"))
        .await
        .unwrap();
    // As a crash leaves it behind that comes before the old key's tombstone.
    std::fs::write(&there, before).unwrap();
    std::fs::remove_file(file(".registry/keys/MIST/B")).unwrap();
    match noted_before {
        Some(noted) => std::fs::write(&note, noted).unwrap(),
        None => std::fs::remove_file(&note).unwrap(),
    }

    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let options = CatalogOptions {
        look_every: Duration::from_millis(5),
        ..CatalogOptions::default()
    };
    let below = Arc::new(repository);
    let world = World::with(|builder| builder.repository(below).catalog(options)).await;
    super::faults::until(async || world.count(Action::ModelRename).await == 1).await;
    let NewEvent {
        actor,
        via,
        target,
        reason,
        detail,
        ..
    } = world.last_event().await;
    assert_eq!((actor.as_str(), via.as_str()), ("", "server"));
    assert_eq!(
        (target.as_str(), reason.as_str()),
        ("model:MIST/B", "a better name")
    );
    assert_eq!(
        detail,
        "was MIST/A; finished a rename by mkeller that was interrupted"
    );
    world.dashboard.shutdown().await;
    assert_eq!(world.count(Action::ModelRename).await, 1);
}
