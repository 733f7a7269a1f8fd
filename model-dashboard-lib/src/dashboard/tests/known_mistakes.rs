//! Mistakes that others made with accounts and tokens, each named by its number there.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::auth::Permission::{self, *};
use crate::auth::{AuthenticationError, Authenticator, Identity, IdentityId, Source, UserChange};

const MAIL: &str = "admin@example.org";

/// A directory that knows everybody, all with one mail address.
#[derive(Debug)]
struct Directory(Source);

#[async_trait::async_trait]
impl Authenticator for Directory {
    fn source(&self) -> &Source {
        &self.0
    }

    async fn authenticate(
        &self,
        username: &Username,
        _: &Password,
    ) -> Result<Identity, AuthenticationError> {
        Ok(Identity {
            id: IdentityId::new(self.0.clone(), format!("id of {username}")),
            username: username.clone(),
            display_name: username.to_string(),
            email: Some(MAIL.to_owned()),
            groups: Vec::new(),
            role: None,
        })
    }
}

/// Grafana: a mail address that anybody could set in a directory was taken for an identity.
#[tokio::test]
async fn cve_2023_3128_a_mail_address_is_no_identity() {
    let source = Source::parse("clinic").unwrap();
    let directory = Arc::new(Directory(source.clone()));
    let world = World::with(|builder| builder.authenticator(directory)).await;
    let new = NewUserRequest {
        username: "admin".to_owned(),
        display_name: String::new(),
        email: Some(MAIL.to_owned()),
        role: Role::Admin,
        password: Some("a long enough password".to_owned()),
    };
    let created = world.dashboard.create_user(&world.host(), new).await;
    let (admin, _) = created.unwrap();
    let (bearer, _) = world.token(&admin, Permissions::all()).await;
    let mut ids = vec![admin.id.clone()];
    for name in ["admin", "mallory"] {
        let typed = SignIn {
            source: Some(source.clone()),
            username: name.to_owned(),
            password: "x".to_owned(),
            user_agent: String::new(),
            browser: None,
        };
        let signed_in = world.dashboard.sign_in(typed, request("192.0.2.1"));
        let user = signed_in.await.unwrap().user;
        assert_eq!(user.email.as_deref(), Some(MAIL));
        assert_eq!(user.role, world.dashboard.policy().default_role, "{name}");
        assert!(!ids.contains(&user.id), "{name} is an account of its own");
        ids.push(user.id);
    }
    assert_eq!(world.by_token(&bearer).await.unwrap().user(), &admin);
    assert!(
        world
            .store
            .list_sessions(&admin.id)
            .await
            .unwrap()
            .is_empty()
    );
}

/// Grafana: under load a request ran with the sign-in of another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cve_2022_39328_requests_at_once_keep_their_own_callers() {
    let world = Arc::new(World::new().await);
    let mut tasks = Vec::new();
    for role in Role::ALL.iter().cycle().take(15) {
        let user = world.person(*role).await;
        let (bearer, id) = world.token(&user, Permissions::all()).await;
        let cookie = world.session(&user).await;
        let (world, role) = (world.clone(), *role);
        tasks.push(tokio::spawn(async move {
            for n in 0..300 {
                let caller = world.by_token(&bearer).await.unwrap();
                assert_eq!((caller.id(), caller.token().unwrap().id), (&user.id, id));
                assert_eq!(caller.permissions(), role.permissions());
                let caller = world.by_cookie(&cookie).await.unwrap();
                assert_eq!((caller.id(), caller.token()), (&user.id, None));
                if n % 20 == 0 {
                    // What is in memory is looked up anew meanwhile.
                    world.dashboard.inner.access.forget_all();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// Grafana: a cookie could be made from what is known of an account.
#[tokio::test]
async fn cve_2018_15727_a_cookie_cannot_be_made_from_what_is_known() {
    let world = World::new().await;
    let admin = world.person(Role::Admin).await;
    let cookie = world.session(&admin).await;
    let number = world.by_cookie(&cookie).await.unwrap().session_id();
    let secret = SessionSecret::parse(&cookie).unwrap();
    let (bearer, _) = world.token(&admin, Permissions::all()).await;
    let token = PlainToken::parse(&bearer).unwrap().hash();
    let encoded = |bytes: [u8; 32]| URL_SAFE_NO_PAD.encode(bytes);
    for forged in [
        admin.username.to_string(),
        admin.id.to_string(),
        number.unwrap().to_string(),
        secret.form_token(),
        hex::encode(secret.hash().0),
        encoded(secret.hash().0),
        encoded(token.0),
        encoded([0; 32]),
        bearer,
    ] {
        let refused = world.by_cookie(&forged).await;
        assert_eq!(reason(refused), Unauthenticated::NoSession, "{forged}");
    }
    assert!(world.by_cookie(&cookie).await.is_ok());
}

/// Vaultwarden: tokens went on after they, or the account, had lost their rights.
#[tokio::test]
async fn cve_2026_43911_no_token_survives_what_ends_it() {
    let world = World::new().await;
    let (dashboard, host) = (&world.dashboard, world.host());
    world.person(Role::Admin).await;
    for way in ["revoked", "deactivated", "deleted", "of less rights"] {
        let user = world.person(Role::Admin).await;
        let (bearer, id) = world.token(&user, Permissions::all()).await;
        let in_use = world.by_token(&bearer).await.unwrap();
        assert!(in_use.has(UsersAdmin));
        let change = match way {
            "deactivated" => UserChange {
                is_active: Some(false),
                ..UserChange::default()
            },
            _ => UserChange {
                role: Some(Role::Viewer),
                ..UserChange::default()
            },
        };
        match way {
            "revoked" => dashboard.revoke_token(&host, id).await.unwrap(),
            "deleted" => dashboard.delete_user(&host, &user.id).await.unwrap(),
            _ => drop(
                dashboard
                    .update_user(&host, &user.id, change)
                    .await
                    .unwrap(),
            ),
        }
        match world.by_token(&bearer).await {
            Ok(caller) => {
                assert_eq!(way, "of less rights");
                assert_eq!(caller.permissions(), Role::Viewer.permissions());
            }
            Err(Error::Unauthenticated { .. }) => assert_ne!(way, "of less rights"),
            other => panic!("{way}: {other:?}"),
        }
    }
}

/// Vaultwarden: whoever knew the number of another's object could change it.
#[tokio::test]
async fn cve_2026_27898_the_number_of_anothers_object_gives_no_right_to_it() {
    let world = World::new().await;
    let dashboard = &world.dashboard;
    let victim = world.person(Role::Viewer).await;
    let (bearer, token) = world.token(&victim, Role::Viewer.permissions()).await;
    let cookie = world.session(&victim).await;
    let session = world.by_cookie(&cookie).await.unwrap().session_id();
    let mallory = world.caller(Role::Publisher).await;

    let not_found = [
        dashboard.revoke_token(&mallory, token).await,
        dashboard.end_session(&mallory, session.unwrap()).await,
    ];
    for refused in not_found {
        assert!(
            matches!(refused, Err(Error::NotFound { .. })),
            "{refused:?}"
        );
    }
    let id = &victim.id;
    let rename = UserChange {
        display_name: Some("mine".to_owned()),
        ..UserChange::default()
    };
    let asked = NewTokenRequest {
        description: "mine".to_owned(),
        scopes: Permissions::of(&[ModelsRead]),
        expires_in_days: None,
        owner: Some(id.clone()),
    };
    let denied = [
        dashboard.user(&mallory, id).await.map(drop),
        dashboard.update_user(&mallory, id, rename).await.map(drop),
        dashboard.reset_password(&mallory, id, None).await.map(drop),
        dashboard.create_token(&mallory, asked).await.map(drop),
        dashboard.delete_user(&mallory, id).await,
    ];
    for refused in denied {
        assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
    }
    assert!(world.by_token(&bearer).await.is_ok());
    assert_eq!(world.by_cookie(&cookie).await.unwrap().user(), &victim);
}

/// Harbor: a permission on some objects was not checked against the object at hand.
#[tokio::test]
async fn cve_2022_31667_and_2024_22278_managing_accounts_gives_no_more_than_one_has() {
    let world = World::new().await;
    let (dashboard, host) = (&world.dashboard, world.host());
    let admin = world.person(Role::Admin).await;
    let target = world.person(Role::Viewer).await;
    let request = NewServiceAccount {
        username: "robot".to_owned(),
        display_name: String::new(),
        team: "imaging".to_owned(),
        role: Role::Admin,
    };
    let robot = dashboard.create_service_account(&host, request);
    let robot = robot.await.unwrap();
    let scopes = Permissions::of(&[UsersAdmin, ModelsRead]);
    let (bearer, _) = world.token(&admin, scopes).await;
    let caller = world.by_token(&bearer).await.unwrap();

    let raise = UserChange {
        role: Some(Role::Editor),
        ..UserChange::default()
    };
    let token = |scope: Permission| NewTokenRequest {
        description: "more".to_owned(),
        scopes: Permissions::of(&[ModelsRead, scope]),
        expires_in_days: None,
        owner: Some(robot.id.clone()),
    };
    let more = [
        dashboard
            .update_user(&caller, &target.id, raise)
            .await
            .map(drop),
        dashboard
            .reset_password(&caller, &admin.id, None)
            .await
            .map(drop),
        dashboard
            .create_token(&caller, token(ModelsWrite))
            .await
            .map(drop),
        dashboard
            .create_token(&caller, token(SystemAdmin))
            .await
            .map(drop),
    ];
    for refused in more {
        assert!(
            matches!(
                refused,
                Err(Error::Denied { .. } | Error::MoreThanOwn { .. })
            ),
            "{refused:?}"
        );
    }
    assert_eq!(world.store.list_tokens(Some(&robot.id)).await.unwrap(), []);
    let unchanged = world.store.user(&target.id).await.unwrap();
    assert_eq!(unchanged, Some(target));
}
