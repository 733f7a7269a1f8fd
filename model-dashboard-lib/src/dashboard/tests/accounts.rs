//! Managing accounts, and the first administrator.

use super::*;
use crate::auth::{Identity, IdentityId, Permission, Source, UserChange, UserFilter};

fn new(username: &str) -> NewUserRequest {
    NewUserRequest {
        username: username.to_owned(),
        display_name: String::new(),
        email: None,
        role: Role::Viewer,
        password: None,
    }
}

fn first(password: Option<&str>) -> FirstAdministrator {
    FirstAdministrator {
        username: "admin".to_owned(),
        password: password.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_new_account_signs_in_with_the_generated_password() {
    let world = World::new().await;
    let host = world.host();
    let (user, generated) = world
        .dashboard
        .create_user(&host, new("Ana"))
        .await
        .unwrap();
    assert_eq!(user.display_name, "Ana");
    let event = world.last_event().await;
    assert_eq!(event.target, format!("user:{}", user.id));
    let generated = generated.unwrap();
    let password = generated.password().expose();
    assert!(!format!("{event:?} {generated:?}").contains(password));
    let typed = SignIn {
        source: None,
        username: "ana".to_owned(),
        password: password.to_owned(),
        user_agent: String::new(),
        browser: None,
    };
    assert!(!format!("{typed:?}").contains(password));
    assert!(
        world
            .dashboard
            .sign_in(typed, request("192.0.2.1"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn what_is_wrong_with_an_account_is_said_of_its_field() {
    let world = World::new().await;
    let host = world.host();
    let create = |request| world.dashboard.create_user(&host, request);
    create(new("ana")).await.unwrap();
    for same in ["ana", "ANA", "ａｎａ"] {
        assert!(
            matches!(create(new(same)).await, Err(Error::Exists { .. })),
            "{same}"
        );
    }
    for bad in ["", " bo", "b\u{200B}o"] {
        assert_eq!(
            wrong_fields(create(new(bad)).await),
            ["username"],
            "{bad:?}"
        );
    }
    for bad in ["short", "BO-THE-LONG-NAME"] {
        let password = Some(bad.to_owned());
        let request = NewUserRequest {
            password,
            ..new("bo-the-long-name")
        };
        assert_eq!(wrong_fields(create(request).await), ["password"], "{bad}");
    }
    for bad in ["bo", "@x", "bo@", "b o@x"] {
        let request = NewUserRequest {
            email: Some(bad.to_owned()),
            ..new("bo")
        };
        assert_eq!(wrong_fields(create(request).await), ["email"], "{bad}");
    }
    let request = NewUserRequest {
        display_name: "x".repeat(129),
        ..new("bo")
    };
    assert_eq!(wrong_fields(create(request).await), ["display_name"]);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let world = World::new().await;
    let admin = world.person(Role::Admin).await;
    let host = world.host();
    let update = |change| world.dashboard.update_user(&host, &admin.id, change);
    let demote = || UserChange {
        role: Some(Role::Viewer),
        ..UserChange::default()
    };
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    assert!(matches!(
        update(demote()).await,
        Err(Error::LastAdministrator)
    ));
    assert!(matches!(update(off).await, Err(Error::LastAdministrator)));
    let deleted = world.dashboard.delete_user(&host, &admin.id).await;
    assert!(matches!(deleted, Err(Error::LastAdministrator)));
    world.person(Role::Admin).await;
    assert_eq!(update(demote()).await.unwrap().role, Role::Viewer);
}

#[tokio::test]
async fn a_new_role_ends_the_sessions() {
    let world = World::new().await;
    let user = world.person(Role::Viewer).await;
    let cookie = world.session(&user).await;
    assert!(world.by_cookie(&cookie).await.is_ok());
    let host = world.host();
    let change = UserChange {
        role: Some(Role::Editor),
        ..UserChange::default()
    };
    world
        .dashboard
        .update_user(&host, &user.id, change)
        .await
        .unwrap();
    assert!(world.by_cookie(&cookie).await.is_err());
    assert!(
        world
            .last_event()
            .await
            .detail
            .contains("role viewer → editor")
    );

    let cookie = world.session(&user).await;
    let change = UserChange {
        display_name: Some("Ana".into()),
        ..UserChange::default()
    };
    world
        .dashboard
        .update_user(&host, &user.id, change)
        .await
        .unwrap();
    let caller = world.by_cookie(&cookie).await.unwrap();
    assert_eq!(caller.user().display_name, "Ana", "at once");
}

#[tokio::test]
async fn a_token_for_accounts_alone_cannot_become_an_administrator() {
    let world = World::new().await;
    let admin = world.person(Role::Admin).await;
    let (bearer, _) = world
        .token(&admin, Permissions::of(&[Permission::UsersAdmin]))
        .await;
    let caller = world.by_token(&bearer).await.unwrap();
    let dashboard = &world.dashboard;
    let robot = NewServiceAccount {
        username: "robot".to_owned(),
        display_name: String::new(),
        team: "t".to_owned(),
        role: Role::Admin,
    };
    let role = UserChange {
        role: Some(Role::Admin),
        ..UserChange::default()
    };
    let viewer = world.person(Role::Viewer).await;
    let before = world
        .store
        .list_users(&UserFilter::default())
        .await
        .unwrap();
    let request = NewUserRequest {
        role: Role::Admin,
        ..new("bo")
    };
    assert!(matches!(
        dashboard.create_user(&caller, request).await,
        Err(Error::MoreThanOwn { .. })
    ));
    let made = dashboard.create_service_account(&caller, robot).await;
    assert!(matches!(made, Err(Error::MoreThanOwn { .. })));
    let changed = dashboard.update_user(&caller, &viewer.id, role).await;
    let Err(Error::MoreThanOwn { missing, .. }) = changed else {
        panic!("{changed:?}")
    };
    assert!(missing.contains(Permission::SystemAdmin) && !missing.contains(Permission::UsersAdmin));
    let reset = dashboard.reset_password(&caller, &admin.id, None).await;
    assert!(matches!(reset, Err(Error::MoreThanOwn { .. })));
    let after = world
        .store
        .list_users(&UserFilter::default())
        .await
        .unwrap();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_name_that_is_not_there_is_answered_with_names_like_it() {
    let world = World::new().await;
    world
        .with_password("mkeller", Role::Viewer, "a long enough password")
        .await;
    let host = world.host();
    let found = world
        .dashboard
        .user_by_name(&host, &Source::local(), "mkelller")
        .await;
    match found {
        Err(Error::NotFound { near, .. }) => assert_eq!(near, ["mkeller"]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let world = World::new().await;
    let at_once = [world.dashboard.clone(), world.dashboard.clone()]
        .map(|d| tokio::spawn(async move { d.ensure_first_administrator(first(None)).await }));
    let mut created = Vec::new();
    for one in at_once {
        match one.await.unwrap().unwrap() {
            AdministratorState::Created {
                user, generated, ..
            } => created.push((user, generated)),
            AdministratorState::Present => {}
            other => panic!("{other:?}"),
        }
    }
    let [(user, generated)] = created.try_into().unwrap();
    assert_eq!((user.username.as_str(), user.role), ("admin", Role::Admin));
    assert_eq!(generated.unwrap().password().expose().len(), 20);
    let again = world
        .dashboard
        .ensure_first_administrator(first(None))
        .await
        .unwrap();
    assert!(matches!(again, AdministratorState::Present));
}

#[tokio::test]
async fn the_first_administrator_has_the_configured_password_if_it_is_good_enough() {
    let world = World::new().await;
    let ensure = |password| {
        world
            .dashboard
            .ensure_first_administrator(first(Some(password)))
    };
    assert_eq!(wrong_fields(ensure("short").await), ["password"]);
    match ensure("configured and long").await.unwrap() {
        AdministratorState::Created { generated, .. } => assert!(generated.is_none()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn where_accounts_lack_an_administrator_the_candidates_are_named() {
    let world = World::new().await;
    let viewer = world.person(Role::Viewer).await;
    let gone = world.person(Role::Viewer).await;
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    world.store.update_user(&gone.id, off).await.unwrap();
    match world
        .dashboard
        .ensure_first_administrator(first(None))
        .await
        .unwrap()
    {
        AdministratorState::Missing { candidates } => {
            let ids: Vec<_> = candidates.into_iter().map(|user| user.id).collect();
            assert_eq!(ids, [viewer.id]);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_administrator_is_seen_behind_any_number_of_other_people() {
    let world = World::new().await;
    // Listed before local people, and as many as a list holds.
    for n in 0..10_000u32 {
        let identity = Identity {
            id: IdentityId::new(Source::parse("clinic").unwrap(), n.to_string()),
            username: Username::parse(&n.to_string()).unwrap(),
            display_name: String::new(),
            email: None,
            groups: Vec::new(),
            role: None,
        };
        let now = Timestamp::now();
        let seen = world.store.remember(&identity, Role::Viewer, true, now);
        seen.await.unwrap();
    }
    let viewer = world.person(Role::Viewer).await;
    let state = async || {
        let ensured = world.dashboard.ensure_first_administrator(first(None));
        ensured.await.unwrap()
    };
    match state().await {
        AdministratorState::Missing { candidates } => {
            assert_eq!(candidates.len(), 1, "local people");
            assert_eq!(candidates[0].id, viewer.id);
        }
        other => panic!("{other:?}"),
    }
    world.person(Role::Admin).await;
    assert!(matches!(state().await, AdministratorState::Present));
}
