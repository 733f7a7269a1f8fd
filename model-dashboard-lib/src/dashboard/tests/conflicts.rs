//! Several who change a model at once.

use super::between::Between;
use super::models::ANY;
use super::*;
use crate::auth::Permission;

#[tokio::test]
async fn a_change_of_an_older_state_is_a_conflict_and_shows_the_present_one() {
    let world = World::new().await;
    let model = world.create("nnUNet/Lung", "{}").await;
    let newer = world.patch(&model, r#"{"alias":"mine"}"#).await.unwrap();
    match world.patch(&model, r#"{"alias":"theirs"}"#).await {
        Err(Error::Conflict {
            current: Some(current),
            ..
        }) => assert_eq!(*current, newer),
        other => panic!("{other:?}"),
    }
    let host = world.host();
    let any = world
        .dashboard
        .patch(&host, &model.key, &object(r#"{"alias":"x"}"#), ANY, "")
        .await;
    assert_eq!(any.unwrap().definition.alias(), "x");
    let none = Precondition::Absent;
    let unsaid = world
        .dashboard
        .patch(&host, &model.key, &object("{}"), none, "")
        .await;
    assert!(matches!(unsaid, Err(Error::PreconditionRequired)));
}

#[tokio::test]
async fn of_many_writers_of_one_state_one_wins() {
    let between = Arc::new(Between::default());
    let world = World::with(|builder| builder.repository(between.clone())).await;
    let model = world.model(false).await;
    // All have read the state before the first of them writes.
    let all_have_read = Arc::new(tokio::sync::Barrier::new(16));
    between.always(move || {
        let all_have_read = all_have_read.clone();
        Box::pin(async move {
            all_have_read.wait().await;
        })
    });
    let writers = (0..16).map(|n| {
        let (dashboard, host, model) = (world.dashboard.clone(), world.host(), model.clone());
        tokio::spawn(async move {
            let patch = object(&format!(r#"{{"alias":"{n}"}}"#));
            let this = Precondition::Version(model.version);
            dashboard.patch(&host, &model.key, &patch, this, "").await
        })
    });
    let results = futures::future::join_all(writers).await;
    let won = results.into_iter().filter(|r| match r.as_ref().unwrap() {
        Ok(_) => true,
        Err(Error::Conflict { .. }) => false,
        Err(other) => panic!("{other:?}"),
    });
    assert_eq!(won.count(), 1);
}

#[tokio::test]
async fn an_overwrite_is_checked_against_the_state_that_it_replaces() {
    // An editor overwrites without a version while a publisher enables: no change by the editor
    // may hit the enabled state.
    let between = Arc::new(Between::default());
    let world = World::with(|builder| builder.repository(between.clone())).await;
    let editor = world.caller(Role::Editor).await;
    let (dashboard, key) = (&world.dashboard, world.model(false).await.key);
    let (publisher, host, same) = (dashboard.clone(), world.host(), key.clone());
    between.once(move || {
        let (publisher, host, key) = (publisher.clone(), host.clone(), same.clone());
        Box::pin(async move {
            let enabled = publisher.set_enabled(&host, &key, true, ANY, "").await;
            assert!(enabled.unwrap().definition.enabled());
        })
    });
    let patch = object(r#"{"alias":"x"}"#);
    let refused = dashboard.patch(&editor, &key, &patch, ANY, "why").await;
    assert!(
        matches!(
            refused,
            Err(Error::Denied {
                permission: Permission::ModelsEnable,
                ..
            })
        ),
        "{refused:?}"
    );
    let now = dashboard.model(&world.host(), &key).await.unwrap();
    assert!(now.definition.enabled());
    assert_ne!(now.definition.alias(), "x");
}

#[tokio::test]
async fn the_state_that_somebody_saw_is_found_by_its_version() {
    let world = World::new().await;
    let host = world.host();
    let seen = world.create("nnUNet/Lung", r#"{"alias":"0"}"#).await;
    let mut model = seen.clone();
    for n in 1..=19 {
        let patch = format!(r#"{{"alias":"{n}"}}"#);
        model = world.patch(&model, &patch).await.unwrap();
    }
    let find = async |key: &ModelKey, version, near| {
        let found = world.dashboard.earlier_state(&host, key, version, near);
        found.await.unwrap()
    };
    // By its number, or among the last twenty; a wrong number is no hindrance.
    for near in [Some(1), Some(7), Some(99), None] {
        assert_eq!(
            find(&model.key, seen.version, near).await.as_ref(),
            Some(&seen)
        );
    }
    let to = key("nnUNet/Renamed");
    let renamed = world
        .dashboard
        .rename(&host, &model.key, &to, false, ANY, "");
    let renamed = renamed.await.unwrap();
    let found = find(&to, seen.version, Some(1)).await.unwrap();
    assert_eq!(
        (found.key, found.definition),
        (renamed.key, seen.definition)
    );
    // Too long ago for who does not know the number.
    assert_eq!(find(&to, seen.version, None).await, None);
    assert_eq!(
        find(&to, crate::model::Version::of(b"x"), Some(3)).await,
        None
    );
}
