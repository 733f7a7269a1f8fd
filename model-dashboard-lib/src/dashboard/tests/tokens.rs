//! Making and revoking API tokens.

use super::*;
use crate::auth::Permission::{self, *};
use crate::auth::UserChange;

fn asked(scopes: &[Permission], days: Option<u16>) -> NewTokenRequest {
    NewTokenRequest {
        description: " nightly export ".to_owned(),
        scopes: Permissions::of(scopes),
        expires_in_days: days,
        owner: None,
    }
}

async fn service(world: &World, role: Role) -> User {
    let request = NewServiceAccount {
        username: format!("robot-{}", world.number()),
        display_name: String::new(),
        team: "imaging".to_owned(),
        role,
    };
    let host = world.host();
    world
        .dashboard
        .create_service_account(&host, request)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_with_its_scopes() {
    let world = World::new().await;
    let caller = world.caller(Role::Editor).await;
    let request = asked(&[ModelsRead], None);
    let (secret, token) = world
        .dashboard
        .create_token(&caller, request)
        .await
        .unwrap();
    assert_eq!(token.description, "nightly export");
    let days = token
        .expires_at
        .unwrap()
        .duration_since(Timestamp::now())
        .as_secs_f64()
        / 86400.0;
    assert!((29.9..=30.0).contains(&days), "{days}");
    let user = world.by_token(secret.expose()).await.unwrap();
    assert_eq!(user.permissions(), Permissions::of(&[ModelsRead]));
    assert_eq!(user.id(), caller.id());
    let listed = world.dashboard.tokens(&caller).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&token));
    let event = world.last_event().await;
    assert_eq!(
        (event.action, event.target),
        (Action::TokenCreate, format!("token:{}", token.id))
    );
    let told = format!("{token:?} {} {:?}", event.detail, world.events().await);
    assert!(!told.contains(secret.expose()));
}

#[tokio::test]
async fn nobody_hands_out_scopes_that_they_do_not_have() {
    let world = World::new().await;
    let editor = world.caller(Role::Editor).await;
    let ask = |caller: &Caller, scopes: &[Permission]| {
        let (dashboard, caller) = (world.dashboard.clone(), caller.clone());
        let request = asked(scopes, None);
        async move { dashboard.create_token(&caller, request).await }
    };
    let more = ask(&editor, &[ModelsRead, ModelsEnable]).await;
    assert!(matches!(
        more,
        Err(Error::Denied {
            permission: ModelsEnable,
            ..
        })
    ));
    assert_eq!(wrong_fields(ask(&editor, &[]).await), ["scopes"]);
    let admin = world.caller(Role::Admin).await;
    ask(&admin, Permission::ALL).await.unwrap();
}

#[tokio::test]
async fn who_may_not_read_models_does_not_learn_them_by_writing() {
    let world = World::new().await;
    let key = world.model(false).await.key;
    let publisher = world.person(Role::Publisher).await;
    let scopes = Permissions::of(&[ModelsWrite, ModelsEnable]);
    // Made before reading was required.
    let (bearer, _) = world.token(&publisher, scopes).await;
    let caller = world.by_token(&bearer).await.unwrap();
    let (dashboard, any) = (&world.dashboard, Precondition::Exists);
    let nothing = dashboard.patch(&caller, &key, &object("{}"), any, "").await;
    let any = Precondition::Exists;
    let enabled = dashboard.set_enabled(&caller, &key, false, any, "").await;
    let file = ImportFile {
        name: "same.json".to_owned(),
        bytes: br#"{"name":"Model0","network_type":"nnUNet","enabled":false}"#.to_vec(),
    };
    let import = dashboard.import(&caller, vec![file], "", ImportMode::CreateOnly);
    let refusals = [nothing.map(drop), enabled.map(drop), import.await.map(drop)];
    for refused in refusals {
        assert!(
            matches!(
                refused,
                Err(Error::Denied {
                    permission: ModelsRead,
                    ..
                })
            ),
            "{refused:?}"
        );
    }
    assert_eq!(
        world.last_event().await.detail.split("; ").last(),
        Some("needs models:read")
    );

    let person = world.caller(Role::Publisher).await;
    let made = dashboard.create_token(&person, asked(&[ModelsEnable], None));
    assert_eq!(wrong_fields(made.await), ["scopes"]);
}

#[tokio::test]
async fn a_token_makes_no_token_that_would_outlive_its_revocation() {
    let world = World::new().await;
    let robot = service(&world, Role::Admin).await;
    for role in [Role::Viewer, Role::Admin] {
        let person = world.person(role).await;
        for (owner, who) in [(None, &person), (Some(&person.id), &person), (None, &robot)] {
            let (bearer, _) = world.token(who, Permissions::all()).await;
            let request = NewTokenRequest {
                owner: owner.cloned(),
                ..asked(&[ModelsRead], None)
            };
            let caller = world.by_token(&bearer).await.unwrap();
            let before = world.store.list_tokens(None).await.unwrap();
            let refused = world.dashboard.create_token(&caller, request).await;
            assert!(matches!(refused, Err(Error::MadeWithToken)), "{refused:?}");
            assert_eq!(world.store.list_tokens(None).await.unwrap(), before);
            assert_eq!(world.last_event().await.action, Action::Denied);
        }
    }
}

#[tokio::test]
async fn a_token_for_accounts_makes_tokens_of_service_accounts_within_itself() {
    let world = World::new().await;
    let admin = world.person(Role::Admin).await;
    let robot = service(&world, Role::Editor).await;
    let end = Timestamp::now().plus(36 * HOUR);
    let scopes = Permissions::of(&[UsersAdmin, ModelsRead]);
    let (bearer, _) = world.token_until(&admin, scopes, Some(end)).await;
    let caller = world.by_token(&bearer).await.unwrap();
    let ask = |scopes: &[Permission], days| {
        let (dashboard, caller) = (world.dashboard.clone(), caller.clone());
        let request = NewTokenRequest {
            owner: Some(robot.id.clone()),
            ..asked(scopes, days)
        };
        async move { dashboard.create_token(&caller, request).await }
    };
    assert_eq!(
        wrong_fields(ask(&[ModelsRead], Some(2)).await),
        ["expires_in_days"]
    );
    let (_, shorter) = ask(&[ModelsRead], Some(1)).await.unwrap();
    assert!(shorter.expires_at.unwrap() <= end);
    let (_, unsaid) = ask(&[ModelsRead], None).await.unwrap();
    assert_eq!(unsaid.expires_at, Some(end));
    let more = ask(&[ModelsRead, ModelsWrite], None).await;
    assert!(matches!(
        more,
        Err(Error::Denied {
            permission: ModelsWrite,
            ..
        })
    ));
}

#[tokio::test]
async fn a_token_sees_and_revokes_itself_alone() {
    let world = World::new().await;
    let admin = world.person(Role::Admin).await;
    let (of_two, other) = world.token(&admin, Permissions::all()).await;
    let (bearer, own) = world.token(&admin, Permissions::of(&[ModelsRead])).await;
    let caller = world.by_token(&bearer).await.unwrap();
    let seen = async |caller: &Caller| {
        let tokens = world.dashboard.tokens(caller).await.unwrap();
        let mut ids: Vec<_> = tokens.iter().map(|token| token.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(seen(&caller).await, [own]);
    let refused = world.dashboard.revoke_token(&caller, other).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })));
    assert_eq!(world.last_event().await.action, Action::Denied);
    let manager = world.by_token(&of_two).await.unwrap();
    assert_eq!(seen(&manager).await, [other, own]);
    world.dashboard.revoke_token(&caller, own).await.unwrap();
    assert!(world.by_token(&bearer).await.is_err());
    assert_eq!(seen(&manager).await, [other]);
}

#[tokio::test]
async fn tokens_last_as_long_as_the_rules_say() {
    let world = World::new().await;
    let admin = world.caller(Role::Admin).await;
    let robot = service(&world, Role::Viewer).await;
    for (owner, days, fine) in [
        (None, 0, false),
        (None, 90, true),
        (None, 91, false),
        (Some(&robot.id), 365, true),
        (Some(&robot.id), 366, false),
    ] {
        let owner = owner.cloned();
        let request = NewTokenRequest {
            owner,
            ..asked(&[ModelsRead], Some(days))
        };
        let made = world.dashboard.create_token(&admin, request).await;
        assert_eq!(made.is_ok(), fine, "{days}");
    }
    for description in ["", "  ", "a\nb", &"x".repeat(201)] {
        let description = description.to_owned();
        let request = NewTokenRequest {
            description,
            ..asked(&[ModelsRead], None)
        };
        let made = world.dashboard.create_token(&admin, request).await;
        assert_eq!(wrong_fields(made), ["description"]);
    }
}

#[tokio::test]
async fn administrators_make_tokens_for_service_accounts_and_not_for_people() {
    let world = World::new().await;
    let admin = world.caller(Role::Admin).await;
    let robot = service(&world, Role::Viewer).await;
    let person = world.person(Role::Viewer).await;
    let ask = |caller: &Caller, owner: &User, scope: Permission| {
        let (dashboard, caller) = (world.dashboard.clone(), caller.clone());
        let request = NewTokenRequest {
            owner: Some(owner.id.clone()),
            ..asked(&[scope], None)
        };
        async move { dashboard.create_token(&caller, request).await }
    };
    let (secret, token) = ask(&admin, &robot, ModelsRead).await.unwrap();
    assert_eq!(token.owner, robot.id);
    assert_eq!(
        world.by_token(secret.expose()).await.unwrap().id(),
        &robot.id
    );
    assert_eq!(
        wrong_fields(ask(&admin, &robot, ModelsWrite).await),
        ["scopes"]
    );
    assert_eq!(
        wrong_fields(ask(&admin, &person, ModelsRead).await),
        ["owner"]
    );
    // The host stands above that, but has no tokens itself.
    assert!(ask(&world.host(), &person, ModelsRead).await.is_ok());
    let host = world.host();
    let own = world
        .dashboard
        .create_token(&host, asked(&[ModelsRead], None));
    assert_eq!(wrong_fields(own.await), ["owner"]);
    let off = crate::auth::UserChange {
        is_active: Some(false),
        ..Default::default()
    };
    world.store.update_user(&robot.id, off).await.unwrap();
    assert_eq!(
        wrong_fields(ask(&admin, &robot, ModelsRead).await),
        ["owner"]
    );
}

#[tokio::test]
async fn people_revoke_their_own_tokens_and_learn_nothing_of_others() {
    let world = World::new().await;
    let caller = world.caller(Role::Viewer).await;
    let (_, own) = world.token(caller.user(), Permissions::all()).await;
    let (theirs, other) = world
        .token(&world.person(Role::Viewer).await, Permissions::all())
        .await;
    world.dashboard.revoke_token(&caller, own).await.unwrap();
    assert_eq!(world.last_event().await.action, Action::TokenRevoke);
    let of_another = world
        .dashboard
        .revoke_token(&caller, other)
        .await
        .unwrap_err();
    let of_nobody = world
        .dashboard
        .revoke_token(&caller, 9999)
        .await
        .unwrap_err();
    assert!(matches!(of_another, Error::NotFound { .. }));
    assert_eq!(
        of_another.to_string().replace(&other.to_string(), "9999"),
        of_nobody.to_string()
    );
    assert!(world.by_token(&theirs).await.is_ok());
    assert!(world.dashboard.tokens(&caller).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_was_deactivated_meanwhile_gets_no_token() {
    let world = World::new().await;
    let caller = world.caller(Role::Editor).await;
    // As another process does, of which nothing is known here yet.
    let inactive = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    world
        .store
        .update_user(caller.id(), inactive)
        .await
        .unwrap();
    let asked = asked(&[ModelsRead], None);
    let refused = world.dashboard.create_token(&caller, asked).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    let left = world.store.list_tokens(Some(caller.id())).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}
