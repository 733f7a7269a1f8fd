//! The audit log as people read it.

use super::*;
use crate::audit::ChainState;

#[tokio::test]
async fn activity_shows_models_only_and_no_addresses() {
    let world = World::new().await;
    let user = world.person(Role::Admin).await;
    let admin = world.by_cookie(&world.session(&user).await).await.unwrap();
    let viewer = world.caller(Role::Viewer).await;
    let (key, content) = (key("MIST/Prostate"), definition("{}"));
    world
        .dashboard
        .create(&admin, key.clone(), content, "new scanner")
        .await
        .unwrap();
    world
        .dashboard
        .set_enabled(&admin, &key, true, Precondition::Exists, "")
        .await
        .unwrap();
    world.person(Role::Viewer).await;
    let _ = world.dashboard.users(&viewer, &Default::default()).await;

    let read = |actions: &[&str]| {
        let actions = actions.iter().map(|a| (*a).to_owned()).collect();
        let filter = EventFilter {
            actions,
            ..EventFilter::default()
        };
        let (dashboard, viewer) = (world.dashboard.clone(), viewer.clone());
        async move {
            dashboard
                .activity(&viewer, &filter, EventPage::After(0), 100)
                .await
                .unwrap()
        }
    };
    let shown = read(&[]).await;
    let actions: Vec<_> = shown.iter().map(|e| e.event.action.clone()).collect();
    assert_eq!(actions, [Action::ModelCreate, Action::ModelEnable]);
    let event = &shown[0].event;
    assert_eq!(
        (event.reason.as_str(), event.revision),
        ("new scanner", Some(1))
    );
    assert_eq!(event.target, "model:MIST/Prostate");
    for hidden in ["192.0.2.", "request-1"] {
        assert!(!format!("{shown:?}").contains(hidden), "{hidden}");
    }
    assert_eq!(read(&["model.enable", "denied", "user."]).await.len(), 1);
    assert!(read(&["denied", "user.", "sign-in"]).await.is_empty());
}

#[tokio::test]
async fn a_denial_says_what_was_missing_for_what() {
    let world = World::new().await;
    let viewer = world.caller(Role::Viewer).await;
    let key = world.model(true).await.key;
    let denied = world
        .dashboard
        .delete(&viewer, &key, Precondition::Exists, "x")
        .await;
    let text = denied.unwrap_err().to_string();
    assert_eq!(
        text,
        format!(
            "{} may not do this: it needs the permission models:write",
            viewer.username()
        )
    );
    let event = world.last_event().await;
    assert_eq!(event.target, format!("model:{key}"));
    assert_eq!(event.detail, "needs models:write");
    assert_eq!(
        (event.from.as_str(), event.request_id.as_str()),
        ("192.0.2.1", "request-1")
    );
}

#[tokio::test]
async fn what_was_done_with_a_token_names_it() {
    let world = World::new().await;
    let editor = world.person(Role::Editor).await;
    let (bearer, id) = world.token(&editor, Role::Editor.permissions()).await;
    let caller = world.by_token(&bearer).await.unwrap();
    let created = world
        .dashboard
        .create(&caller, key("MIST/A"), definition("{}"), "");
    created.await.unwrap();
    let event = world.last_event().await;
    assert_eq!(event.actor, editor.id.to_string());
    assert!(
        event.detail.starts_with(&format!("with token {id}")),
        "{}",
        event.detail
    );
}

#[tokio::test]
async fn the_chain_of_what_was_written_is_intact() {
    let world = World::new().await;
    for _ in 0..5 {
        world.model(true).await;
    }
    match world.dashboard.verify_audit(&world.host()).await.unwrap() {
        ChainState::Intact { events, .. } => assert_eq!(events, 5),
        other => panic!("{other:?}"),
    }
}
