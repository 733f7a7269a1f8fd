//! Signing in and out, and passwords.

use super::*;
use crate::auth::{
    AuthenticationError, Authenticator, Identity, IdentityId, Refusal, Source, UserChange,
};

const PASSWORD: &str = "a long enough password";

fn typed(username: &str, password: &str) -> SignIn {
    SignIn {
        source: None,
        username: username.to_owned(),
        password: password.to_owned(),
        user_agent: "browser".to_owned(),
        browser: None,
    }
}

impl World {
    async fn sign_in(&self, username: &str, password: &str, from: &str) -> Result<SignedIn, Error> {
        self.dashboard
            .sign_in(typed(username, password), request(from))
            .await
    }

    async fn signed_in(&self, username: &str) -> (String, Caller) {
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
        ("gone", PASSWORD, "account is disabled"),
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
async fn unknown_names_cost_the_work_of_a_wrong_password() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let gone = world.with_password("gone", Role::Viewer, PASSWORD).await;
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    world.store.update_user(&gone.id, off).await.unwrap();
    let names = ["ana", "gone", "nobody"];
    // Whoever was answered without the work would not notice that there is no place for it.
    let full = world.dashboard.inner.hasher.fill();
    for name in names {
        let busy = world.sign_in(name, "wrong password", "192.0.2.1").await;
        assert!(matches!(busy, Err(Error::Busy { .. })), "{name}: {busy:?}");
    }
    drop(full);
    for name in names {
        let refused = world.sign_in(name, "wrong password", "192.0.2.1").await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused, "{name}");
    }
}

#[tokio::test]
async fn ten_thousand_guesses_do_not_lock_the_owner_out_elsewhere() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let mut checked = 0;
    for n in 0..10_000u32 {
        let guess = format!("guess number {n}");
        let from = format!("198.51.100.{}", n % 4);
        match world.sign_in("ana", &guess, &from).await {
            Err(Error::TooManyAttempts { retry_after }) => assert!(!retry_after.is_zero()),
            Err(Error::Unauthenticated { .. }) => checked += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(checked < 60, "{checked} of 10,000 guesses were checked");
    // Each that was checked is told of, and of the others a few for each address.
    let refusals = world.count(Action::SignInRefused).await - checked;
    assert!((4..40).contains(&refusals), "{refusals}");
    let events = world.events().await;
    let early = events
        .iter()
        .filter(|e| e.event.detail.contains("not checked"));
    assert_eq!(early.count(), refusals);
    assert!(world.sign_in("ana", PASSWORD, "203.0.113.9").await.is_ok());
}

#[tokio::test]
async fn a_guess_leaves_a_trace_even_if_nobody_waits_for_the_answer() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let mut guess = Box::pin(world.sign_in("ana", "wrong password", "192.0.2.1"));
    assert!(futures::poll!(&mut guess).is_pending());
    drop(guess);
    while world.count(Action::SignInRefused).await == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_sign_ins_at_once_are_busy_and_not_many_threads() {
    let world = World::new().await;
    for n in 0..200 {
        let hash = PasswordHash::unusable();
        world.account(&format!("user{n}"), Role::Viewer, hash).await;
    }
    let all = (0..200).map(|n| {
        let (name, from) = (format!("user{n}"), format!("192.0.2.{n}"));
        let dashboard = world.dashboard.clone();
        tokio::spawn(async move { dashboard.sign_in(typed(&name, "x"), request(&from)).await })
    });
    let mut busy = 0;
    for one in futures::future::join_all(all).await {
        match one.unwrap() {
            Err(Error::Busy { retry_after }) => busy += u32::from(!retry_after.is_zero()),
            Err(Error::Unauthenticated { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(busy >= 200 - 64, "{busy}");
    // Who was turned away was not counted as wrong.
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    assert!(world.sign_in("ana", PASSWORD, "192.0.2.1").await.is_ok());
}

#[tokio::test]
async fn guesses_at_an_address_do_not_delay_the_owners_browser_there() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let proxy = "192.0.2.1";
    let first = world.sign_in("ana", PASSWORD, proxy).await.unwrap();
    for _ in 0..3 {
        let wrong = world.sign_in("ana", "wrong password", proxy).await;
        assert_eq!(reason(wrong), Unauthenticated::SignInRefused);
    }
    let from = |browser: &str| SignIn {
        browser: Some(browser.to_owned()),
        ..typed("ana", PASSWORD)
    };
    let other = SessionSecret::generate().unwrap().expose();
    for unknown in ["", "x", &other] {
        let early = world.dashboard.sign_in(from(unknown), request(proxy)).await;
        assert!(matches!(early, Err(Error::TooManyAttempts { .. })));
    }
    let again = world
        .dashboard
        .sign_in(from(&first.browser), request(proxy));
    assert_eq!(again.await.unwrap().browser, first.browser);
}

#[tokio::test]
async fn guesses_from_everywhere_leave_a_place_to_those_who_are_known() {
    let world = World::new().await;
    for name in ["ana", "bo"] {
        world.with_password(name, Role::Viewer, PASSWORD).await;
    }
    let (cookie, caller) = world.signed_in("ana").await;
    let inner = &world.dashboard.inner;
    let flood = inner.sign_ins.try_acquire_many(MAX_SIGN_INS).unwrap();
    let sign_in = |name, from| world.sign_in(name, PASSWORD, from);
    for (name, from) in [("bo", "192.0.2.1"), ("ana", "192.0.2.2")] {
        let busy = sign_in(name, from).await;
        assert!(matches!(busy, Err(Error::Busy { .. })), "{name}: {busy:?}");
    }
    assert!(sign_in("ana", "192.0.2.1").await.is_ok());
    let new = "the next password".to_owned();
    let change = world
        .dashboard
        .change_password(&caller, PASSWORD.to_owned(), new);
    assert!(change.await.is_ok());
    assert!(world.by_cookie(&cookie).await.is_err());
    drop(flood);
    assert!(sign_in("bo", "192.0.2.1").await.is_ok());
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
async fn guessing_the_present_password_is_delayed_like_signing_in() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let (_, caller) = world.signed_in("ana").await;
    let guess = || {
        let new = "the next password".to_owned();
        world
            .dashboard
            .change_password(&caller, "wrong".to_owned(), new)
    };
    for _ in 0..3 {
        assert_eq!(wrong_fields(guess().await), ["current"]);
    }
    assert!(matches!(guess().await, Err(Error::TooManyAttempts { .. })));
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

/// Lets everybody in, and does something between the check and the session.
struct Meanwhile<F> {
    source: Source,
    id: Option<IdentityId>,
    work: F,
}

impl<F> std::fmt::Debug for Meanwhile<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

#[async_trait::async_trait]
impl<F: Fn() -> R + Send + Sync, R: Future<Output = ()> + Send> Authenticator for Meanwhile<F> {
    fn source(&self) -> &Source {
        &self.source
    }

    async fn authenticate(
        &self,
        username: &Username,
        _: &Password,
    ) -> Result<Identity, AuthenticationError> {
        (self.work)().await;
        if username.folded() == "stranger" {
            return Err(Refusal::NotInGroup.into());
        }
        Ok(Identity {
            id: self
                .id
                .clone()
                .unwrap_or_else(|| IdentityId::new(self.source.clone(), username.folded())),
            username: username.clone(),
            display_name: username.to_string(),
            email: None,
            groups: Vec::new(),
            role: None,
        })
    }
}

fn directory(name: &str) -> Source {
    Source::parse(name).unwrap()
}

#[tokio::test]
async fn sources_never_mix() {
    let world = World::with(|builder| {
        builder.authenticator(Arc::new(Meanwhile {
            source: directory("clinic"),
            id: None,
            work: || async {},
        }))
    })
    .await;
    world.with_password("ana", Role::Admin, PASSWORD).await;
    let sources = world.dashboard.sources();
    let names: Vec<_> = sources.iter().map(|s| s.source.as_str()).collect();
    assert_eq!(names, ["local", "clinic"]);

    let sign_in = async |source: Option<&str>, name: &str| {
        let source = source.map(directory);
        let typed = SignIn {
            source,
            ..typed(name, "not the local password")
        };
        world.dashboard.sign_in(typed, request("192.0.2.1")).await
    };
    assert_eq!(wrong_fields(sign_in(None, "ana").await), ["source"]);
    assert_eq!(
        wrong_fields(sign_in(Some("other"), "ana").await),
        ["source"]
    );
    assert!(sign_in(Some("local"), "ana").await.is_err());
    let ana = sign_in(Some("clinic"), "ana").await.unwrap();
    assert_eq!(ana.user.id.to_string(), "clinic:ana");
    assert_eq!(
        ana.user.role,
        Role::Publisher,
        "the default, not the local one's"
    );
    let refused = sign_in(Some("clinic"), "stranger").await;
    assert_eq!(reason(refused), Unauthenticated::SignInRefused);

    // People of a directory have no password here.
    let caller = world.by_cookie(&ana.secret.expose()).await.unwrap();
    let change = world
        .dashboard
        .change_password(&caller, "x".into(), "y".repeat(12));
    assert_eq!(wrong_fields(change.await), ["password"]);
}

/// Says of everybody that they are still there, or that they left.
#[derive(Debug)]
struct Staff {
    source: Source,
    left: std::sync::atomic::AtomicBool,
}

#[async_trait::async_trait]
impl Authenticator for Staff {
    fn source(&self) -> &Source {
        &self.source
    }

    async fn authenticate(
        &self,
        username: &Username,
        _: &Password,
    ) -> Result<Identity, AuthenticationError> {
        Err(Refusal::Other(format!("{username} does not sign in here")).into())
    }

    async fn recheck(&self, id: &IdentityId) -> Result<Option<Identity>, AuthenticationError> {
        let left = self.left.load(Ordering::SeqCst);
        Ok((!left).then(|| person_of(id)))
    }
}

fn person_of(id: &IdentityId) -> Identity {
    Identity {
        id: id.clone(),
        username: Username::parse("bo").unwrap(),
        display_name: "Bo".to_owned(),
        email: None,
        groups: Vec::new(),
        role: None,
    }
}

#[tokio::test]
async fn people_of_a_directory_are_looked_at_again_and_lose_everything_when_they_left() {
    let source = directory("clinic");
    let left = std::sync::atomic::AtomicBool::new(false);
    let staff = Arc::new(Staff {
        source: source.clone(),
        left,
    });
    let world = World::with(|builder| builder.authenticator(staff.clone())).await;
    let id = IdentityId::new(source, "7");
    let long_ago = Timestamp::now().minus(HOUR);
    let identity = person_of(&id);
    let bo = world
        .store
        .remember(&identity, Role::Viewer, true, long_ago)
        .await
        .unwrap();
    let (bearer, _) = world.token(&bo, Permissions::all()).await;
    let cookie = world.session(&bo).await;

    let inner = &world.dashboard.inner;
    world.by_token(&bearer).await.unwrap();
    inner.recheck_due().await;
    let checked_at = world
        .by_token(&bearer)
        .await
        .unwrap()
        .user()
        .checked_at
        .unwrap();
    assert!(
        Timestamp::now().duration_since(checked_at) < HOUR / 2,
        "looked at, and noted"
    );

    // Time passes, and they leave.
    world
        .store
        .remember(&identity, Role::Viewer, false, long_ago)
        .await
        .unwrap();
    inner.access.forget_account(&id);
    staff.left.store(true, Ordering::SeqCst);
    world.by_token(&bearer).await.unwrap();
    inner.recheck_due().await;
    assert_eq!(
        reason(world.by_token(&bearer).await),
        Unauthenticated::Deactivated
    );
    assert_eq!(
        reason(world.by_cookie(&cookie).await),
        Unauthenticated::NoSession
    );
    assert!(
        world
            .last_event()
            .await
            .detail
            .contains("does not let them sign in")
    );
}

#[tokio::test]
async fn without_a_look_people_of_a_directory_are_kept_out_after_some_days() {
    let world = World::new().await;
    let id = IdentityId::new(directory("clinic"), "7");
    let days = |n: u32| Timestamp::now().minus(n * 24 * HOUR);
    for (ago, fine) in [(6, true), (8, false)] {
        let seen = world
            .store
            .remember(&person_of(&id), Role::Viewer, true, days(ago))
            .await;
        let (bearer, _) = world.token(&seen.unwrap(), Permissions::all()).await;
        match world.by_token(&bearer).await {
            Ok(_) => assert!(fine),
            refused => assert_eq!(
                (reason(refused), fine),
                (Unauthenticated::NotVouched, false)
            ),
        }
    }
}

#[tokio::test]
async fn a_directory_cannot_sign_people_in_as_those_of_another_source() {
    let id = Some(IdentityId::new(Source::local(), "1"));
    let source = directory("clinic");
    let evil = Arc::new(Meanwhile {
        source: source.clone(),
        id,
        work: || async {},
    });
    let world = World::with(|builder| builder.authenticator(evil)).await;
    let admin = world.with_password("admin", Role::Admin, PASSWORD).await;
    assert_eq!(admin.id.to_string(), "local:1");
    let typed = SignIn {
        source: Some(source),
        ..typed("admin", "x")
    };
    let refused = world.dashboard.sign_in(typed, request("192.0.2.1")).await;
    assert!(
        matches!(refused, Err(Error::Unavailable { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn whoever_is_deactivated_during_a_sign_in_gets_no_session() {
    let store = Arc::new(MemoryStore::new());
    let (source, users) = (directory("clinic"), store.clone());
    let ana = IdentityId::new(source.clone(), "ana");
    let id = ana.clone();
    let deactivate = move || {
        let (users, id) = (users.clone(), id.clone());
        async move {
            let off = UserChange {
                is_active: Some(false),
                ..UserChange::default()
            };
            // The first time there is no account yet.
            let _ = users.update_user(&id, off).await;
        }
    };
    let dashboard = Dashboard::builder()
        .repository(Arc::new(MemoryRepository::new()))
        .accounts(store.clone())
        .without_local_sign_in()
        .authenticator(Arc::new(Meanwhile {
            source,
            id: None,
            work: deactivate,
        }))
        .build()
        .await
        .unwrap();
    let sign_in = || dashboard.sign_in(typed("ana", "x"), request("192.0.2.1"));
    assert!(sign_in().await.is_ok());
    assert_eq!(reason(sign_in().await), Unauthenticated::SignInRefused);
    assert!(store.list_sessions(&ana).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_password_changed_during_a_sign_in_ends_it() {
    let world = World::new().await;
    let ana = world.with_password("ana", Role::Admin, PASSWORD).await;
    let (store, id) = (world.store.clone(), ana.id.clone());
    // As another process would, of which this one cannot know.
    let change = move || {
        let (store, id) = (store.clone(), id.clone());
        async move {
            let stored = store.set_password(&id, PasswordHash::unusable(), None, None);
            assert_eq!(stored.await.unwrap(), Some(0));
        }
    };
    let local = Meanwhile {
        source: Source::local(),
        id: Some(ana.id.clone()),
        work: change,
    };
    let password = Password::parse(PASSWORD).unwrap();
    let begun = world
        .dashboard
        .check_and_begin(&local, &ana.username, &password, String::new());
    let refused = begun.await;
    assert!(
        matches!(
            refused,
            Err(AuthenticationError::Refused(Refusal::WrongPassword))
        ),
        "{refused:?}"
    );
    assert!(world.store.list_sessions(&ana.id).await.unwrap().is_empty());
}
