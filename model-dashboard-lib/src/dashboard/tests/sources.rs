//! Where people come from: directories beside the local accounts, and what happens to somebody
//! during a sign-in.

use super::signing_in::{PASSWORD, typed};
use super::*;
use crate::auth::{
    AuthenticationError, Authenticator, Identity, IdentityId, Refusal, Source, UserChange,
};

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

pub(super) fn directory(name: &str) -> Source {
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
    let inner = &world.dashboard.inner;
    let now = std::time::Instant::now();
    let attempt = inner
        .throttle
        .attempt(&local.source, "ana", "192.0.2.1", now);
    let attempt = attempt.unwrap();
    let begun =
        world
            .dashboard
            .check_and_begin(&local, &ana.username, &password, &attempt, String::new());
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

/// Lets `ana` in by her password, and calls everything else a wrong one, as a directory does that
/// is asked by a template.
#[derive(Debug)]
struct ByPassword(Source, Refusal);

#[async_trait::async_trait]
impl Authenticator for ByPassword {
    fn source(&self) -> &Source {
        &self.0
    }

    async fn authenticate(
        &self,
        username: &Username,
        password: &Password,
    ) -> Result<Identity, AuthenticationError> {
        if password.expose() != PASSWORD {
            return Err(self.1.clone().into());
        }
        Ok(Identity {
            id: IdentityId::new(self.0.clone(), username.folded()),
            username: username.clone(),
            display_name: username.to_string(),
            email: None,
            groups: Vec::new(),
            role: None,
        })
    }
}

#[tokio::test]
async fn a_password_that_was_typed_as_a_name_is_not_written_down() {
    let unwilling = Refusal::Other("the directory was unwilling".to_owned());
    for refusal in [Refusal::WrongPassword, unwilling] {
        let clinic = Arc::new(ByPassword(directory("clinic"), refusal));
        let world = World::with(|builder| builder.authenticator(clinic)).await;
        let sign_in = async |name: &str, password: &str| {
            let mut typed = typed(name, password);
            typed.source = Some(directory("clinic"));
            world.dashboard.sign_in(typed, request("192.0.2.1")).await
        };
        sign_in("ana", PASSWORD).await.unwrap();
        for (name, written) in [("ana", "ana"), (PASSWORD, "")] {
            let refused = sign_in(name, "something else").await;
            assert_eq!(reason(refused), Unauthenticated::SignInRefused);
            let event = world.last_event().await;
            assert_eq!(event.action, Action::SignInRefused);
            assert_eq!(event.actor_name, written, "{event:?}");
            assert!(!format!("{event:?}").contains(PASSWORD));
        }
    }
}

/// Answers about nobody.
#[derive(Debug)]
struct Silent(Source);

#[async_trait::async_trait]
impl Authenticator for Silent {
    fn source(&self) -> &Source {
        &self.0
    }

    async fn authenticate(
        &self,
        _: &Username,
        _: &Password,
    ) -> Result<Identity, AuthenticationError> {
        Err(AuthenticationError::Unavailable {
            reason: "the line is cut".to_owned(),
            source: None,
        })
    }
}

/// Makes `ana` known, as an earlier sign-in did.
async fn make_known(world: &World, source: &Source) {
    let ana = Identity {
        id: IdentityId::new(source.clone(), "id-of-ana"),
        username: Username::parse("Ana").unwrap(),
        display_name: "Ana".to_owned(),
        email: None,
        groups: Vec::new(),
        role: None,
    };
    let now = Timestamp::now();
    let known = world.store.remember(&ana, Role::Viewer, true, now);
    known.await.unwrap();
}

#[tokio::test]
async fn each_sign_in_that_a_source_did_not_answer_is_told_until_there_are_too_many() {
    let clinic = directory("clinic");
    let world = World::with(|it| it.authenticator(Arc::new(Silent(directory("clinic"))))).await;
    make_known(&world, &clinic).await;
    let sign_in = async |name: &str, from: &str| {
        let mut typed = typed(name, "x");
        typed.source = Some(directory("clinic"));
        let refused = world.dashboard.sign_in(typed, request(from)).await;
        assert!(matches!(refused, Err(Error::Unavailable { .. })));
    };
    sign_in("ana", "192.0.2.1").await;
    let event = world.last_event().await;
    assert_eq!(event.action, Action::SignInRefused);
    assert_eq!(event.detail, "not checked: the line is cut");
    assert_eq!(
        (&*event.actor_name, &*event.target),
        ("Ana", "source:clinic")
    );
    for _ in 0..15 {
        sign_in("ana", "192.0.2.1").await;
    }
    assert_eq!(world.count(Action::SignInRefused).await, 16);
    // Nobody who is known: it may be a password in the wrong field.
    sign_in(PASSWORD, "192.0.2.2").await;
    let event = world.last_event().await;
    assert_eq!(world.count(Action::SignInRefused).await, 17);
    assert!(!format!("{event:?}").contains(PASSWORD), "{event:?}");
    assert_eq!((&*event.actor_name, event.who()), ("", "unknown"));

    // As of wrong passwords, further ones are told once a minute, with their number.
    let mut early = 0;
    for _ in 0..30 {
        let mut typed = typed("ana", "x");
        typed.source = Some(clinic.clone());
        let refused = world.dashboard.sign_in(typed, request("192.0.2.1")).await;
        early += usize::from(matches!(refused, Err(Error::TooManyAttempts { .. })));
    }
    assert!(early > 20, "{early}");
    let events = world.events().await;
    let told = |one: &&Event| one.event.detail == "too early after others, not checked";
    assert_eq!(events.iter().filter(told).count(), 1);
}

#[tokio::test]
async fn an_attempt_without_a_password_is_told_with_the_name_of_whom_is_known() {
    let clinic = Arc::new(ByPassword(directory("clinic"), Refusal::WrongPassword));
    let world = World::with(|builder| builder.authenticator(clinic)).await;
    world.with_password("bo", Role::Viewer, PASSWORD).await;
    make_known(&world, &directory("clinic")).await;
    let long = "x".repeat(2000);
    for (source, name, password, written, why, from) in [
        (
            "local",
            "BO",
            "",
            "bo",
            "no password was typed",
            "192.0.2.1",
        ),
        (
            "clinic",
            "ana",
            "",
            "Ana",
            "no password was typed",
            "192.0.2.2",
        ),
        (
            "clinic",
            "ana",
            &*long,
            "Ana",
            "nobody has such a password",
            "192.0.2.3",
        ),
        (
            "clinic",
            PASSWORD,
            "",
            "",
            "no password was typed",
            "192.0.2.4",
        ),
        ("clinic", "", "x", "", "nobody has such a name", "192.0.2.5"),
    ] {
        let before = world.count(Action::SignInRefused).await;
        for _ in 0..3 {
            let mut typed = typed(name, password);
            typed.source = Some(directory(source));
            let refused = world.dashboard.sign_in(typed, request(from)).await;
            assert_eq!(reason(refused), Unauthenticated::SignInRefused);
        }
        let event = world.last_event().await;
        assert_eq!((&*event.actor_name, &*event.detail), (written, why));
        assert_eq!(event.target, format!("source:{source}"));
        assert!(!format!("{event:?}").contains(PASSWORD), "{event:?}");
        // Once a minute for each address.
        assert_eq!(world.count(Action::SignInRefused).await, before + 1);
    }
}

#[tokio::test]
async fn who_comes_too_early_is_named_if_they_are_known() {
    let clinic = Arc::new(ByPassword(directory("clinic"), Refusal::WrongPassword));
    let world = World::with(|builder| builder.authenticator(clinic)).await;
    world.with_password("bo", Role::Viewer, PASSWORD).await;
    make_known(&world, &directory("clinic")).await;
    for (source, name, written, from) in [
        ("local", "BO", "bo", "192.0.2.1"),
        ("clinic", "ana", "Ana", "192.0.2.2"),
        ("clinic", PASSWORD, "", "192.0.2.3"),
    ] {
        let sign_in = async || {
            let mut typed = typed(name, "a wrong password");
            typed.source = Some(directory(source));
            world.dashboard.sign_in(typed, request(from)).await
        };
        while !matches!(sign_in().await, Err(Error::TooManyAttempts { .. })) {}
        let event = world.last_event().await;
        assert!(event.detail.contains("not checked"), "{event:?}");
        assert_eq!(event.actor_name, written, "{event:?}");
        assert!(!format!("{event:?}").contains(PASSWORD), "{event:?}");
    }
}
