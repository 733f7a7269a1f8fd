//! From credentials to callers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::auth::{Permission, UserChange};

#[tokio::test]
async fn a_token_carries_its_scopes_as_far_as_its_owner_has_them() {
    let world = World::new().await;
    let viewer = world.person(Role::Viewer).await;
    let (bearer, id) = world.token(&viewer, Permissions::all()).await;
    let caller = world.by_token(&bearer).await.unwrap();
    assert_eq!(caller.permissions(), Role::Viewer.permissions());
    assert_eq!(caller.token().unwrap().id, id);

    // A role taken away is taken from the token at once, one given is given.
    let host = world.host();
    for role in [Role::Editor, Role::Auditor] {
        let change = UserChange {
            role: Some(role),
            ..UserChange::default()
        };
        world
            .dashboard
            .update_user(&host, &viewer.id, change)
            .await
            .unwrap();
        let caller = world.by_token(&bearer).await.unwrap();
        assert_eq!(caller.permissions(), role.permissions());
    }
}

#[tokio::test]
async fn a_revoked_token_is_dead_at_once() {
    let world = World::new().await;
    let (bearer, id) = world
        .token(&world.person(Role::Viewer).await, Permissions::all())
        .await;
    assert!(world.by_token(&bearer).await.is_ok());
    assert!(world.by_token(&bearer).await.is_ok(), "from memory");
    world
        .dashboard
        .revoke_token(&world.host(), id)
        .await
        .unwrap();
    assert_eq!(
        reason(world.by_token(&bearer).await),
        Unauthenticated::UnknownToken
    );
}

#[tokio::test]
async fn tokens_and_sessions_of_a_deactivated_account_are_dead_at_once() {
    let world = World::new().await;
    let user = world.person(Role::Viewer).await;
    let (bearer, _) = world.token(&user, Permissions::all()).await;
    let cookie = world.session(&user).await;
    assert!(world.by_token(&bearer).await.is_ok());
    assert!(world.by_cookie(&cookie).await.is_ok());

    let active = |is_active| UserChange {
        is_active: Some(is_active),
        ..UserChange::default()
    };
    let host = world.host();
    let update = |change| world.dashboard.update_user(&host, &user.id, change);
    update(active(false)).await.unwrap();
    assert_eq!(
        reason(world.by_token(&bearer).await),
        Unauthenticated::Deactivated
    );
    assert_eq!(
        reason(world.by_cookie(&cookie).await),
        Unauthenticated::NoSession
    );

    // Activated again, the token counts again; the session is over for good.
    update(active(true)).await.unwrap();
    assert!(world.by_token(&bearer).await.is_ok());
    assert!(world.by_cookie(&cookie).await.is_err());
}

#[tokio::test]
async fn a_deleted_account_takes_its_tokens_and_sessions_along() {
    let world = World::new().await;
    let user = world.person(Role::Viewer).await;
    let (bearer, _) = world.token(&user, Permissions::all()).await;
    let cookie = world.session(&user).await;
    assert!(world.by_token(&bearer).await.is_ok());
    assert!(world.by_cookie(&cookie).await.is_ok());
    world
        .dashboard
        .delete_user(&world.host(), &user.id)
        .await
        .unwrap();
    assert!(world.by_token(&bearer).await.is_err());
    assert!(world.by_cookie(&cookie).await.is_err());
    // Somebody new of the same name inherits nothing.
    world
        .account(
            user.username.as_str(),
            Role::Admin,
            PasswordHash::unusable(),
        )
        .await;
    assert!(world.by_token(&bearer).await.is_err());
}

#[tokio::test]
async fn an_expired_token_is_dead_in_memory_too() {
    let world = World::new().await;
    let user = world.person(Role::Viewer).await;
    let end = Timestamp::now().plus(Duration::from_millis(300));
    let (bearer, _) = world
        .token_until(&user, Permissions::all(), Some(end))
        .await;
    while Timestamp::now() < end {
        let _ = world.by_token(&bearer).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(
        reason(world.by_token(&bearer).await),
        Unauthenticated::ExpiredToken
    );
    let (endless, _) = world.token_until(&user, Permissions::all(), None).await;
    let token = world.by_token(&endless).await.unwrap().token().unwrap();
    assert_eq!(token.ends_soon(Timestamp::now()), None);
}

#[tokio::test]
async fn what_is_no_token_is_nobody() {
    let world = World::new().await;
    let (bearer, _) = world
        .token(&world.person(Role::Admin).await, Permissions::all())
        .await;
    let hash = PlainToken::parse(&bearer).unwrap().hash().to_hex();
    for wrong in [
        "",
        "x",
        &bearer[..bearer.len() - 1],
        &hash,
        &"x".repeat(5000),
    ] {
        assert_eq!(
            reason(world.by_token(wrong).await),
            Unauthenticated::UnknownToken,
            "{wrong}"
        );
    }
    assert!(world.by_token(&format!("{bearer} ")).await.is_err());
}

#[tokio::test]
async fn a_token_is_no_session_and_a_session_no_token() {
    let world = World::new().await;
    let user = world.person(Role::Admin).await;
    let (bearer, _) = world.token(&user, Permissions::all()).await;
    let cookie = world.session(&user).await;
    assert!(world.by_token(&cookie).await.is_err());
    assert!(world.by_cookie(&bearer).await.is_err());
    // What a dump holds, in the shape of a cookie.
    let hash = SessionSecret::parse(&cookie).unwrap().hash().0;
    let hash = URL_SAFE_NO_PAD.encode(hash);
    assert!(SessionSecret::parse(&hash).is_some());
    assert!(world.by_cookie(&hash).await.is_err());
    // As a token it would be one of the earlier system.
    assert!(PlainToken::parse(&cookie).is_some());
    assert!(world.by_cookie(&cookie).await.is_ok());
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_or_old() {
    let world = World::new().await;
    let user = world.person(Role::Viewer).await;
    let now = Timestamp::now();
    let old = world
        .session_made(
            &user,
            now.minus(12 * HOUR),
            now.minus(Duration::from_secs(1)),
        )
        .await;
    assert_eq!(
        reason(world.by_cookie(&old).await),
        Unauthenticated::ExpiredSession
    );
    let idle = world
        .session_made(&user, now.minus(3 * HOUR), now.plus(HOUR))
        .await;
    assert_eq!(
        reason(world.by_cookie(&idle).await),
        Unauthenticated::ExpiredSession
    );
    let used = world
        .session_made(&user, now.minus(HOUR), now.plus(HOUR))
        .await;
    assert!(world.by_cookie(&used).await.is_ok());
}

#[tokio::test]
async fn a_session_that_newer_ones_push_out_is_dead_at_once() {
    let world = World::new().await;
    let user = world.person(Role::Viewer).await;
    let hour_ago = Timestamp::now().minus(HOUR);
    let end = hour_ago.plus(12 * HOUR);
    let oldest = world.session_made(&user, hour_ago, end).await;
    assert!(world.by_cookie(&oldest).await.is_ok());
    for _ in 0..50 {
        let made = world.dashboard.new_session(&user.id, String::new());
        made.await.unwrap();
    }
    assert_eq!(
        reason(world.by_cookie(&oldest).await),
        Unauthenticated::NoSession
    );
}

#[tokio::test]
async fn times_of_use_are_written_at_the_end_if_not_before() {
    let world = World::new().await;
    let user = world.person(Role::Viewer).await;
    let (bearer, id) = world.token(&user, Permissions::all()).await;
    let hour_ago = Timestamp::now().minus(HOUR);
    let cookie = world
        .session_made(&user, hour_ago, hour_ago.plus(12 * HOUR))
        .await;
    let before = Timestamp::now();
    world.by_token(&bearer).await.unwrap();
    let session = world.by_cookie(&cookie).await.unwrap().session_id();
    world.dashboard.shutdown().await;

    use crate::auth::SessionStore as _;
    use crate::tokens::TokenStore as _;
    let token = world.store.token_by_id(id).await.unwrap().unwrap();
    assert!(token.last_used_at.unwrap() >= before);
    let sessions = world.store.list_sessions(&user.id).await.unwrap();
    let session = sessions.iter().find(|s| Some(s.id) == session).unwrap();
    assert!(session.last_used_at >= before);
}

#[tokio::test]
async fn after_the_end_nothing_is_changed() {
    let world = World::new().await;
    world.dashboard.shutdown().await;
    world.dashboard.shutdown().await;
    let (host, content) = (world.host(), definition("{}"));
    let created = world.dashboard.create(&host, key("MIST/A"), content, "");
    assert!(matches!(created.await, Err(Error::Unavailable { .. })));
    assert_eq!(world.dashboard.ready(), Readiness::Draining);
}

#[tokio::test]
async fn the_host_is_named_in_the_audit_log() {
    let world = World::new().await;
    world.model(false).await;
    let event = world.last_event().await;
    assert_eq!(event.actor, "cli:ana@gpu-7");
    assert_eq!((event.via.as_str(), event.from.as_str()), ("cli", "gpu-7"));
    let strange = world.dashboard.host_caller("a\u{202E}na\n@ho st");
    assert!(strange.has(Permission::SystemAdmin));
    assert!(!strange.id().subject.contains(char::is_whitespace));
}
