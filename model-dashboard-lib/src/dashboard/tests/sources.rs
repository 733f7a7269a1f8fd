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

/// Lets `ana` in by her password, and calls everything else a wrong one, as a directory does that
/// is asked by a template.
#[derive(Debug)]
struct ByPassword(Source);

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
            return Err(Refusal::WrongPassword.into());
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
    let clinic = Arc::new(ByPassword(directory("clinic")));
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
