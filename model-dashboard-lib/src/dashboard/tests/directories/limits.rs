//! Directories that cannot be asked about people: their tokens work for some days after a sign-in.

use super::*;
use crate::auth::UserFilter;

async fn make(world: &World, caller: &Caller) -> (String, crate::tokens::ApiToken) {
    let request = NewTokenRequest {
        description: "nightly".to_owned(),
        scopes: Permissions::of(&[Permission::ModelsRead]),
        ..NewTokenRequest::default()
    };
    let made = world.dashboard.create_token(caller, request).await;
    let (secret, token) = made.unwrap();
    (secret.expose().to_owned(), token)
}

#[tokio::test]
async fn tokens_end_some_days_after_the_last_sign_in_of_their_owner() {
    let staff = Staff::new(false);
    let world = world(&staff).await;
    let bo = world.known(&staff.hire("bo"), 6 * DAY).await;
    let caller = world.by_cookie(&world.session(&bo).await).await.unwrap();
    let (bearer, token) = make(&world, &caller).await;
    let until = bo.last_sign_in.unwrap().plus(7 * DAY);
    assert_eq!(token.expires_at, Some(until));
    assert!(
        world
            .last_event()
            .await
            .detail
            .ends_with("; and 7 days after the last sign-in of its owner"),
    );
    let dashboard = &world.dashboard;
    let limit = dashboard
        .sign_in_limit(&caller, &bo)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((limit.days, limit.until), (7, Some(until)));
    let own = dashboard.tokens(&caller).await.unwrap();
    let all = dashboard.all_tokens(&world.host()).await.unwrap();
    assert_eq!((&own, &all), (&vec![token], &own));
    let used = world.by_token(&bearer).await.unwrap().token().unwrap();
    assert_eq!(used.expires_at, Some(until));

    // Of somebody who signed in longer ago.
    let ann = world.known(&staff.hire("ann"), 7 * DAY).await;
    let end = Some(Timestamp::now().plus(30 * DAY));
    let scopes = Permissions::of(&[Permission::ModelsRead]);
    let (bearer, _) = world.token_until(&ann, scopes, end).await;
    assert_eq!(
        reason(world.by_token(&bearer).await),
        Unauthenticated::NotVouched
    );
    // A sign-in makes it work again.
    world.sign_in_at(&staff, "ann-name").await.unwrap();
    let used = world.by_token(&bearer).await.unwrap().token().unwrap();
    let left = used.expires_at.unwrap().duration_since(Timestamp::now());
    assert!(left > 6 * DAY && left <= 7 * DAY, "{left:?}");
}

#[tokio::test]
async fn a_token_that_ends_sooner_does_so() {
    let staff = Staff::new(false);
    let world = world(&staff).await;
    let bo = world.known(&staff.hire("bo"), HOUR).await;
    let end = Some(Timestamp::now().plus(HOUR));
    let scopes = Permissions::of(&[Permission::ModelsRead]);
    let (bearer, _) = world.token_until(&bo, scopes, end).await;
    let caller = world.by_token(&bearer).await.unwrap();
    assert_eq!(caller.token().unwrap().expires_at, end);
    let told = world.dashboard.tokens(&caller).await.unwrap();
    assert_eq!(told[0].expires_at, end);
}

#[tokio::test]
async fn sessions_have_their_own_limits_alone() {
    let staff = Staff::new(false);
    let world = world(&staff).await;
    let bo = world.known(&staff.hire("bo"), 30 * DAY).await;
    let cookie = world.session(&bo).await;
    assert_eq!(world.by_cookie(&cookie).await.unwrap().id(), &bo.id);
}

#[tokio::test]
async fn accounts_made_here_and_people_who_can_be_asked_about_have_no_such_limit() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let bo = world.known(&staff.hire("bo"), HOUR).await;
    let local = world.person(Role::Viewer).await;
    let admin = world.caller(Role::Admin).await;
    for user in [&bo, &local] {
        let limit = world.dashboard.sign_in_limit(&admin, user).await;
        assert_eq!(limit.unwrap(), None);
    }
    let caller = world.by_cookie(&world.session(&bo).await).await.unwrap();
    let (_, token) = make(&world, &caller).await;
    assert!(token.expires_at.unwrap() > Timestamp::now().plus(29 * DAY));
    // But nobody learns of others.
    let other = world.dashboard.sign_in_limit(&caller, &local).await;
    assert!(matches!(other, Err(Error::Denied { .. })));
}

#[tokio::test]
async fn people_of_a_directory_that_is_not_configured_any_more_get_in_for_the_grace() {
    for can_recheck in [true, false] {
        let world = World::new().await;
        let staff = Staff::new(can_recheck);
        for (ago, fine) in [(DAY - HOUR, true), (DAY + HOUR, false)] {
            let name = format!("p{}", ago.as_secs());
            let (user, bearer) = world.employee(&staff, &name, ago).await;
            let cookie = world.session(&user).await;
            for answer in [
                world.by_token(&bearer).await,
                world.by_cookie(&cookie).await,
            ] {
                match answer {
                    Ok(_) => assert!(fine),
                    refused => assert_eq!(
                        (reason(refused), fine),
                        (Unauthenticated::NotVouched, false)
                    ),
                }
            }
        }
        // They are told of until somebody decides.
        let told = async || {
            let health = world.dashboard.health(&world.host()).await.unwrap();
            health.into_iter().find(|one| one.name == "people:clinic")
        };
        let one = told().await.unwrap();
        assert_eq!(one.state, DependencyState::Degraded);
        assert!(
            one.message.contains("2 people of clinic"),
            "{}",
            one.message
        );
        assert!(one.message.contains("24 h") && one.fix.is_some());
        for user in world
            .store
            .list_users(&UserFilter::default())
            .await
            .unwrap()
        {
            world
                .dashboard
                .delete_user(&world.host(), &user.id)
                .await
                .unwrap();
        }
        assert_eq!(told().await, None);
    }
}

#[tokio::test]
async fn accounts_that_no_directory_has_a_say_about_are_not_limited() {
    let world = World::new().await;
    let robot = NewUser {
        username: Username::parse("robot").unwrap(),
        display_name: String::new(),
        email: None,
        role: Role::Viewer,
        kind: NewUserKind::Service {
            team: "imaging".to_owned(),
        },
    };
    let robot = world.store.create_user(robot).await.unwrap();
    for user in [world.person(Role::Viewer).await, robot] {
        let scopes = Permissions::of(&[Permission::ModelsRead]);
        let (bearer, _) = world.token(&user, scopes).await;
        world.by_token(&bearer).await.unwrap();
    }
    let health = world.dashboard.health(&world.host()).await.unwrap();
    assert!(!health.iter().any(|one| one.name.starts_with("people:")));
}

#[tokio::test]
async fn of_whom_no_sign_in_is_known_no_time_is_told() {
    let staff = Staff::new(false);
    let world = world(&staff).await;
    // As a clock that was wrong leaves behind.
    let ahead = Timestamp::now().plus(30 * DAY);
    let bo = staff.hire("bo");
    let known = world.store.remember(&bo, Role::Publisher, true, ahead);
    let bo = known.await.unwrap();
    let scopes = Permissions::of(&[Permission::ModelsRead]);
    let (bearer, _) = world.token(&bo, scopes).await;
    assert_eq!(
        reason(world.by_token(&bearer).await),
        Unauthenticated::NotVouched
    );
    let (dashboard, host) = (&world.dashboard, world.host());
    let limit = dashboard.sign_in_limit(&host, &bo).await.unwrap().unwrap();
    assert_eq!((limit.days, limit.until), (7, None));
    let told = dashboard.all_tokens(&host).await.unwrap().remove(0);
    assert!(told.created_at.is_some());
    assert_eq!(told.expires_at, told.created_at);
}
