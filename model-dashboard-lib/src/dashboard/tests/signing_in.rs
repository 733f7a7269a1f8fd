//! Signing in and out, and passwords.

use super::*;
use crate::auth::UserChange;

pub(super) const PASSWORD: &str = "a long enough password";

pub(super) fn typed(username: &str, password: &str) -> SignIn {
    SignIn {
        source: None,
        username: username.to_owned(),
        password: password.to_owned(),
        user_agent: "browser".to_owned(),
        browser: None,
    }
}

impl World {
    pub(super) async fn sign_in(
        &self,
        username: &str,
        password: &str,
        from: &str,
    ) -> Result<SignedIn, Error> {
        self.dashboard
            .sign_in(typed(username, password), request(from))
            .await
    }

    pub(super) async fn signed_in(&self, username: &str) -> (String, Caller) {
        let signed_in = self.sign_in(username, PASSWORD, "192.0.2.1").await.unwrap();
        let cookie = signed_in.secret.expose();
        let caller = self.by_cookie(&cookie).await.unwrap();
        (cookie, caller)
    }
}

#[tokio::test]
async fn a_right_password_begins_a_session() {
    let world = World::new().await;
    let ana = world.with_password("Ana", Role::Editor, PASSWORD).await;
    // Look-alikes of the name are the name.
    for name in ["Ana", "ana", "ＡＮＡ"] {
        let signed_in = world.sign_in(name, PASSWORD, "192.0.2.1").await.unwrap();
        assert_eq!(signed_in.user.id, ana.id);
        assert!(signed_in.user.last_sign_in.is_some());
        assert_eq!(signed_in.session.made_from, "192.0.2.1, browser");
        let caller = world.by_cookie(&signed_in.secret.expose()).await.unwrap();
        assert_eq!(caller.session_id(), Some(signed_in.session.id));
        assert_eq!(caller.permissions(), Role::Editor.permissions());
    }
    let event = world.last_event().await;
    assert_eq!(event.action, Action::SignIn);
    assert_eq!(
        (event.actor, event.actor_name),
        (ana.id.to_string(), "Ana".to_owned())
    );
}

#[tokio::test]
async fn every_refusal_has_the_same_answer_and_its_reason_in_the_audit_log() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let gone = world.with_password("gone", Role::Viewer, PASSWORD).await;
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    world.store.update_user(&gone.id, off).await.unwrap();
    let request = NewServiceAccount {
        username: "robot".to_owned(),
        display_name: String::new(),
        team: "imaging".to_owned(),
        role: Role::Viewer,
    };
    world
        .dashboard
        .create_service_account(&world.host(), request)
        .await
        .unwrap();

    for (name, password, why) in [
        ("ana", "another password", "wrong password"),
        (
            "gone",
            PASSWORD,
            "account was disabled here by an administrator",
        ),
        ("nobody", PASSWORD, "unknown account"),
        ("robot", PASSWORD, "unknown account"),
    ] {
        let refused = world.sign_in(name, password, "192.0.2.1").await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused, "{name}");
        let event = world.last_event().await;
        assert_eq!(event.action, Action::SignInRefused);
        assert_eq!(event.detail, why, "{name}");
        assert_eq!(
            event.actor_name,
            if why.contains("unknown") { "" } else { name }
        );
    }
    for (name, password) in [
        ("", PASSWORD),
        ("ana", ""),
        ("a\0na", PASSWORD),
        ("ana ", PASSWORD),
    ] {
        let refused = world.sign_in(name, password, "192.0.2.1").await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused, "{name:?}");
    }
}

#[tokio::test]
async fn a_session_is_new_at_each_sign_in_and_dead_after_sign_out() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let (first, caller) = world.signed_in("ana").await;
    let (second, _) = world.signed_in("ana").await;
    assert_ne!(first, second);
    world.dashboard.sign_out(&caller).await.unwrap();
    assert_eq!(
        reason(world.by_cookie(&first).await),
        Unauthenticated::NoSession
    );
    assert!(world.by_cookie(&second).await.is_ok());
    assert_eq!(world.last_event().await.action, Action::SignOut);
    // Once more does no harm.
    world.dashboard.sign_out(&caller).await.unwrap();
    assert_eq!(world.count(Action::SignOut).await, 1);
}

#[tokio::test]
async fn a_changed_password_ends_all_sessions_and_begins_a_new_one() {
    let world = World::new().await;
    let ana = world.with_password("ana", Role::Viewer, PASSWORD).await;
    let (other, _) = world.signed_in("ana").await;
    let (own, caller) = world.signed_in("ana").await;
    let change = |current: &str, new: &str| {
        world
            .dashboard
            .change_password(&caller, current.to_owned(), new.to_owned())
    };
    assert_eq!(
        wrong_fields(change("wrong", "the next password").await),
        ["current"]
    );
    assert_eq!(wrong_fields(change(PASSWORD, "short").await), ["password"]);
    assert_eq!(wrong_fields(change(PASSWORD, PASSWORD).await), ["password"]);
    let before = world.dashboard.sessions(&caller).await.unwrap();
    assert_eq!(before.len(), 2, "a refusal begins nothing");
    let renewed = change(PASSWORD, "the next password").await.unwrap();

    // A copy of the cookie is worth nothing any more.
    for ended in [&own, &other] {
        assert_eq!(
            reason(world.by_cookie(ended).await),
            Unauthenticated::NoSession
        );
    }
    let renewed = renewed.expose();
    let caller = world.by_cookie(&renewed).await.unwrap();
    let sessions = world.dashboard.sessions(&caller).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].made_from, "192.0.2.1, browser");
    assert!(world.sign_in("ana", PASSWORD, "192.0.2.1").await.is_err());
    assert!(
        world
            .sign_in("ana", "the next password", "192.0.2.1")
            .await
            .is_ok()
    );

    let id = &ana.id;
    let generated = world
        .dashboard
        .reset_password(&world.host(), id, None)
        .await
        .unwrap();
    assert!(world.by_cookie(&renewed).await.is_err(), "a reset ends all");
    let generated = generated.unwrap();
    let password = generated.password().expose();
    assert!(world.sign_in("ana", password, "192.0.2.1").await.is_ok());
}

#[tokio::test]
async fn people_end_their_own_sessions() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let (one, _) = world.signed_in("ana").await;
    let (two, second) = world.signed_in("ana").await;
    let (three, caller) = world.signed_in("ana").await;
    assert_eq!(world.dashboard.sessions(&caller).await.unwrap().len(), 3);
    let id = second.session_id().unwrap();
    world.dashboard.end_session(&caller, id).await.unwrap();
    assert!(world.by_cookie(&two).await.is_err());
    assert_eq!(
        world.dashboard.end_other_sessions(&caller).await.unwrap(),
        1
    );
    assert!(world.by_cookie(&one).await.is_err());
    assert!(world.by_cookie(&three).await.is_ok());
}

#[tokio::test]
async fn hashes_of_the_earlier_system_are_renewed_at_sign_in() {
    let world = World::new().await;
    // SHA-256 of `admin123`.
    let sha256 = "240be518fabd2724ddb6f04eeb1da5967448d7e831c08c8fa822809f74c720a9";
    let hash = PasswordHash::wrap_sha256(sha256).unwrap().unwrap();
    let admin = world.account("admin", Role::Admin, hash).await;
    assert!(
        world
            .sign_in("admin", "admin124", "192.0.2.1")
            .await
            .is_err()
    );
    let stored = async || {
        world
            .store
            .password_hash(&admin.username)
            .await
            .unwrap()
            .unwrap()
            .1
    };
    assert!(
        stored().await.is_wrapped(),
        "a wrong password renews nothing"
    );
    for _ in 0..2 {
        world
            .sign_in("admin", "admin123", "192.0.2.1")
            .await
            .unwrap();
        assert!(
            stored()
                .await
                .expose()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
    }
    assert!(world.sign_in("admin", sha256, "192.0.2.1").await.is_err());
}
