//! A whole registry whose people are in a directory.

use std::time::Duration;

use model_dashboard::audit::{Action, EventFilter, EventPage};
use model_dashboard::auth::{Permission, Permissions, Role, Source};
use model_dashboard::config::{Config, Sources};
use model_dashboard::connect::connect_in_background;
use model_dashboard::dashboard::{
    Dashboard, Error, NewTokenRequest, NewUserRequest, RecheckOutcome, RequestInfo, SignIn,
    SignedIn, SourceState,
};
use model_dashboard::model::Via;

use crate::asking::Settings;
use crate::evil::{Evil, Mode};
use crate::people::{REQUIRED_GROUP, dn_of, group, password_of};
use crate::slapd::{Habits, Slapd};

/// What the local account `mkeller` signs in with.
const LOCAL_PASSWORD: &str = "a local password of its own";

pub(crate) struct Registry {
    pub(crate) dashboard: Dashboard,
    folder: tempfile::TempDir,
}

async fn connected(settings: &Settings, folder: &tempfile::TempDir) -> Dashboard {
    let data = ("DATA_DIR".into(), folder.path().into());
    let sources = Sources::new().variables(settings.variables().chain([data]));
    let config = Config::from_sources(sources, |path| std::fs::read_to_string(path)).unwrap();
    connect_in_background(&config).await.unwrap().dashboard
}

impl Registry {
    pub(crate) async fn open(settings: &Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dashboard = connected(settings, &folder).await;
        let host = dashboard.host_caller("ana@here");
        let local = NewUserRequest {
            username: "mkeller".to_owned(),
            display_name: String::new(),
            email: None,
            role: Role::Admin,
            password: Some(LOCAL_PASSWORD.to_owned()),
        };
        dashboard.create_user(&host, local).await.unwrap();
        Self { dashboard, folder }
    }

    /// The same after its end, with other settings.
    pub(crate) async fn open_again(self, settings: &Settings) -> Self {
        let Self { dashboard, folder } = self;
        drop(dashboard);
        let dashboard = connected(settings, &folder).await;
        Self { dashboard, folder }
    }

    pub(crate) async fn sign_in(
        &self,
        source: &str,
        name: &str,
        password: &str,
    ) -> Result<SignedIn, Error> {
        let sign_in = SignIn {
            source: Some(Source::parse(source).unwrap()),
            username: name.to_owned(),
            password: password.to_owned(),
            user_agent: String::new(),
            browser: None,
        };
        self.dashboard.sign_in(sign_in, request()).await
    }

    /// How the directory does.
    pub(crate) async fn state(&self) -> SourceState {
        let host = self.dashboard.host_caller("ana@here");
        let mut states = self.dashboard.source_states(&host).await.unwrap();
        states.remove(0)
    }

    /// What the audit log tells of refused sign-ins, the last one first.
    pub(crate) async fn refusals(&self) -> Vec<String> {
        let filter = EventFilter {
            actions: vec![Action::SignInRefused.to_string()],
            ..EventFilter::default()
        };
        let host = self.dashboard.host_caller("ana@here");
        let newest = EventPage::Newest { before: None };
        let events = self.dashboard.events(&host, &filter, newest, 100).await;
        let events = events.unwrap().into_iter();
        events.map(|event| event.event.detail).collect()
    }

    /// Whether a session and a token still let somebody in.
    async fn gets_in(&self, cookie: &str, token: &str) -> [bool; 2] {
        let by_session = self.dashboard.caller_from_session(cookie, request()).await;
        let by_token = self.dashboard.caller_from_token(token, request()).await;
        [by_session.is_ok(), by_token.is_ok()]
    }
}

pub(crate) fn request() -> RequestInfo {
    RequestInfo::new(Via::Dashboard, "192.0.2.1", "test")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_the_directory_works_until_they_leave_it() {
    let Some(mut slapd) = Slapd::start().await else {
        return;
    };
    let settings = Settings::by_service(&slapd)
        .set("LDAP_EDITOR_GROUPS", group("model-users"))
        // Rounds are seconds after the one before then, when they are brought forward.
        .set("LDAP_RECHECK_INTERVAL", "1m");
    let registry = Registry::open(&settings).await;
    let dashboard = &registry.dashboard;
    let anna = registry
        .sign_in("ldap", "anna", &password_of("anna"))
        .await
        .unwrap();
    assert_eq!(anna.user.role, Role::Editor);
    assert_eq!(
        anna.user.role_reason,
        format!("group {}", group("model-users"))
    );
    let cookie = anna.secret.expose();
    let caller = dashboard
        .caller_from_session(&cookie, request())
        .await
        .unwrap();
    let new = NewTokenRequest {
        description: "a pipeline".to_owned(),
        scopes: Permissions::of(&[Permission::ModelsRead]),
        expires_in_days: None,
        owner: None,
    };
    let (token, _) = dashboard.create_token(&caller, new).await.unwrap();
    let token = token.expose().to_owned();
    assert_eq!(registry.gets_in(&cookie, &token).await, [true, true]);

    let host = dashboard.host_caller("ana@here");
    let recheck = async || {
        dashboard
            .recheck_user(&host, &anna.user.id)
            .await
            .unwrap()
            .outcome
    };
    assert_eq!(recheck().await, RecheckOutcome::StillThere);
    slapd.stop();
    assert!(matches!(recheck().await, RecheckOutcome::NoAnswer(_)));
    assert_eq!(registry.gets_in(&cookie, &token).await, [true, true]);
    slapd.start_again().await;
    slapd.rename(&dn_of("anna"), "uid=annette").await;
    assert!(matches!(recheck().await, RecheckOutcome::Changed(_)));
    assert_eq!(registry.gets_in(&cookie, &token).await, [true, true]);

    slapd.leave(REQUIRED_GROUP, &dn_of("annette")).await;
    let left = RecheckOutcome::Left {
        why: "not in the required group".to_owned(),
        is_new: true,
        sessions: 1,
        tokens: 1,
    };
    assert_eq!(recheck().await, left);
    assert_eq!(registry.gets_in(&cookie, &token).await, [false, false]);
    // She comes back as before, and needs a new token.
    slapd.join(REQUIRED_GROUP, &dn_of("annette")).await;
    let back = registry
        .sign_in("ldap", "annette", &password_of("anna"))
        .await
        .unwrap();
    assert_eq!(back.user.id, anna.user.id);
    let cookie = back.secret.expose();
    assert_eq!(registry.gets_in(&cookie, &token).await, [true, false]);

    // Who left and tries to sign in is out after the next rounds, which come for it.
    slapd.leave(REQUIRED_GROUP, &dn_of("annette")).await;
    let refused = registry
        .sign_in("ldap", "annette", &password_of("anna"))
        .await;
    assert!(
        matches!(refused, Err(Error::Unauthenticated { .. })),
        "{refused:?}"
    );
    let mut soon = tokio::time::interval(Duration::from_millis(50));
    let out = async {
        while registry.gets_in(&cookie, &token).await != [false, false] {
            soon.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), out)
        .await
        .expect("within the time of some rounds");
    dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_the_same_name_stays_shut_whatever_becomes_of_the_directory() {
    let Some(mut slapd) = Slapd::start().await else {
        return;
    };
    let registry = Registry::open(&Settings::by_service(&slapd)).await;
    let dashboard = &registry.dashboard;
    let local = registry
        .sign_in("local", "mkeller", LOCAL_PASSWORD)
        .await
        .unwrap();
    let network = registry
        .sign_in("ldap", "mkeller", &password_of("mkeller"))
        .await
        .unwrap();
    assert_ne!(local.user.id, network.user.id);
    assert_eq!(
        (local.user.role, network.user.role),
        (Role::Admin, Role::Publisher)
    );
    let crossed = async || {
        let by_local = registry
            .sign_in("local", "mkeller", &password_of("mkeller"))
            .await;
        let by_network = registry.sign_in("ldap", "mkeller", LOCAL_PASSWORD).await;
        [by_local, by_network]
    };
    for answer in crossed().await {
        assert!(
            matches!(answer, Err(Error::Unauthenticated { .. })),
            "{answer:?}"
        );
    }
    slapd.stop();
    // Wrong ones were counted: this is about somebody else, who has to wait for nobody.
    let down = registry.sign_in("ldap", "emil", &password_of("emil")).await;
    assert!(matches!(down, Err(Error::Unavailable { .. })), "{down:?}");
    let host = dashboard.host_caller("ana@here");
    let source = Source::parse("ldap").unwrap();
    let told = dashboard
        .diagnose(&host, &source, Some("emil"))
        .await
        .unwrap();
    assert!(!told.is_well());
    dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_password_goes_to_no_directory_though_it_would_let_anybody_in() {
    let evil = Evil::start(Mode::Obliging).await;
    let settings = Settings::default()
        .set("LDAP_SERVER", evil.url())
        .set("LDAP_USER_DN_TEMPLATE", dn_of("{username}"))
        .set("LDAP_ALLOW_PLAINTEXT", "true");
    let registry = Registry::open(&settings).await;
    let refused = registry.sign_in("ldap", "mkeller", "").await;
    assert!(
        matches!(refused, Err(Error::Unauthenticated { .. })),
        "{refused:?}"
    );
    assert_eq!(evil.connections(), 0);
    registry.sign_in("ldap", "mkeller", "any").await.unwrap();
    assert!(evil.got("any"));
    registry.dashboard.shutdown().await;

    let habits = Habits {
        empty_password_binds: true,
        ..Habits::default()
    };
    let Some(slapd) = Slapd::with(habits).await else {
        return;
    };
    for settings in [Settings::by_template(&slapd), Settings::by_service(&slapd)] {
        let registry = Registry::open(&settings).await;
        let refused = registry.sign_in("ldap", "anna", "").await;
        assert!(
            matches!(refused, Err(Error::Unauthenticated { .. })),
            "{refused:?}"
        );
        registry.dashboard.shutdown().await;
    }
    let bind = format!("BIND dn=\"{}\" method", dn_of("anna"));
    assert!(!slapd.log().await.contains(&bind));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_find_the_same_person_bring_no_more_guesses_at_their_password() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let by_mail = "(|(uid={username})(mail={username}))";
    let settings = Settings::by_service(&slapd).set("LDAP_SEARCH_FILTER", by_mail);
    let registry = Registry::open(&settings).await;
    for name in ["anna", "anna@example.org"].repeat(3) {
        let refused = registry.sign_in("ldap", name, "a guess").await;
        assert!(
            matches!(refused, Err(Error::Unauthenticated { .. })),
            "{refused:?}"
        );
    }
    let bind = format!("BIND dn=\"{}\" method", dn_of("anna"));
    // One more on a machine so slow that the first pause is over before the last guess.
    let tried = slapd.log().await.matches(&bind).count();
    assert!((3..=4).contains(&tried), "{tried}");
    registry.dashboard.shutdown().await;
}

/// Of one thread: whoever waits on it holds up all others.
#[tokio::test]
async fn a_file_of_certificates_that_takes_long_holds_up_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    // Read when somebody writes it.
    let slow = folder.path().join("slow.crt");
    let made = std::process::Command::new("mkfifo").arg(&slow).status();
    assert!(made.unwrap().success());
    let settings = Settings::default()
        .set("LDAP_SERVER", "ldaps://127.0.0.1")
        .set("LDAP_USER_DN_TEMPLATE", "uid={username},dc=example,dc=org")
        .set("LDAP_CA_FILE", slow.display().to_string());
    let sources = Sources::new().variables(settings.variables());
    let config = Config::from_sources(sources, |path| std::fs::read_to_string(path)).unwrap();
    let mut opening = Box::pin(model_dashboard::connect::directory(&config));
    assert!(futures::poll!(&mut opening).is_pending());
    let pem = crate::authority::Authority::new().pem();
    let write = tokio::task::spawn_blocking(move || std::fs::write(slow, pem));
    assert!(opening.await.unwrap().is_some());
    write.await.unwrap().unwrap();
}
