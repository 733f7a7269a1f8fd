//! How soon who left a directory is out, and for how long one that is gone keeps its people.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model_dashboard::auth::{Permission, Permissions, Role, Source};
use model_dashboard::dashboard::{
    Dashboard, DependencyState, NewTokenRequest, Policy, Readiness, RequestInfo, SignIn,
};
use model_dashboard::model::Via;
use model_dashboard::repository::MemoryRepository;
use model_dashboard::store::{AuditKey, SqliteStore};

use crate::asking::Settings;
use crate::domain;
use crate::people::{self, group, password_of};
use crate::samba::Samba;
use crate::slapd::Slapd;

/// A directory whose people can leave.
enum Server {
    OpenLdap(Slapd),
    Domain(Samba),
}

impl Server {
    /// Who is in order in both of them, or in one.
    fn people(&self) -> [&'static str; 7] {
        match self {
            Server::OpenLdap(_) => [
                "mkeller",
                "anna",
                "emil",
                "ben",
                "gustav",
                "odd-hash",
                "odd-umlaut",
            ],
            Server::Domain(_) => [
                "mkeller", "anna", "emil", "ben", "petra", "paul", "jgroesse",
            ],
        }
    }

    fn settings(&self) -> Settings {
        match self {
            Server::OpenLdap(slapd) => Settings::by_service(slapd),
            Server::Domain(samba) => Settings::of_domain(samba),
        }
    }

    /// `mkeller` is disabled, `anna` is out of the group, and `emil` is deleted.
    async fn three_leave(&self) {
        match self {
            Server::OpenLdap(slapd) => {
                slapd.disable(&people::dn_of("mkeller")).await;
                let anna = people::dn_of("anna");
                slapd.leave(people::REQUIRED_GROUP, &anna).await;
                slapd.delete(&people::dn_of("emil")).await;
            }
            Server::Domain(samba) => {
                samba.disable(&domain::dn_of("Maria Keller")).await;
                let anna = domain::dn_of("Anna Arndt");
                samba.leave(domain::REQUIRED_GROUP, &anna).await;
                samba.delete(&domain::dn_of("Emil Ernst")).await;
            }
        }
    }

    fn stop(&mut self) {
        match self {
            Server::OpenLdap(slapd) => slapd.stop(),
            Server::Domain(samba) => samba.stop(),
        }
    }

    async fn start_again(&mut self) {
        match self {
            Server::OpenLdap(slapd) => slapd.start_again().await,
            Server::Domain(samba) => samba.start_again().await,
        }
    }
}

/// A registry that looks around as often as a test wants it.
struct Registry {
    dashboard: Dashboard,
    _folder: tempfile::TempDir,
}

/// What somebody holds.
struct Held {
    cookie: String,
    token: String,
}

impl Registry {
    async fn open(settings: &Settings, interval: Duration, grace: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = AuditKey::from_bytes([7; 32]);
        let store = SqliteStore::open(folder.path().join("users.db"), key).await;
        let mut policy = Policy::default();
        (policy.recheck_interval, policy.recheck_grace) = (interval, grace);
        let builder = Dashboard::builder()
            .repository(Arc::new(MemoryRepository::new()))
            .accounts(Arc::new(store.unwrap()))
            .authenticator(Arc::new(settings.directory()))
            .policy(policy);
        Self {
            dashboard: builder.build().await.unwrap(),
            _folder: folder,
        }
    }

    /// Everybody signs in, and makes a token.
    async fn enter(&self, names: &[&str]) -> Vec<Held> {
        let mut all = Vec::new();
        for name in names {
            let sign_in = SignIn {
                source: Some(Source::parse(Source::LDAP).unwrap()),
                username: (*name).to_owned(),
                password: password_of(name),
                user_agent: String::new(),
                browser: None,
            };
            let signed_in = self.dashboard.sign_in(sign_in, request()).await.unwrap();
            let cookie = signed_in.secret.expose();
            let caller = self.dashboard.caller_from_session(&cookie, request()).await;
            let new = NewTokenRequest {
                description: "a pipeline".to_owned(),
                scopes: Permissions::of(&[Permission::ModelsRead]),
                expires_in_days: None,
                owner: None,
            };
            let made = self.dashboard.create_token(&caller.unwrap(), new).await;
            let token = made.unwrap().0.expose().to_owned();
            all.push(Held { cookie, token });
        }
        all
    }

    /// Whether the session and the token still let somebody in.
    async fn gets_in(&self, held: &Held) -> [bool; 2] {
        let dashboard = &self.dashboard;
        let by_session = dashboard.caller_from_session(&held.cookie, request()).await;
        let by_token = dashboard.caller_from_token(&held.token, request()).await;
        [by_session.is_ok(), by_token.is_ok()]
    }

    /// Waits until all of them do, or none.
    async fn until_in(&self, all: &[Held], is_in: bool) {
        until(async || {
            for held in all {
                if self.gets_in(held).await != [is_in; 2] {
                    return false;
                }
            }
            true
        })
        .await;
    }

    async fn until_it_is(&self, ready: Readiness) {
        until(async || self.dashboard.ready() == ready).await;
    }
}

fn request() -> RequestInfo {
    RequestInfo::new(Via::Dashboard, "192.0.2.1", "test")
}

async fn until(mut done: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    waited.expect("it happens in time");
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn who_left_is_out(server: Server) {
    let names = server.people();
    let interval = Duration::from_secs(8);
    let registry = Registry::open(&server.settings(), interval, DAY).await;
    let all = registry.enter(&names).await;
    let (left, stay) = all.split_at(3);
    registry.until_in(&all, true).await;
    let begin = Instant::now();
    server.three_leave().await;
    registry.until_in(left, false).await;
    assert!(begin.elapsed() < interval, "{:?}", begin.elapsed());
    registry.until_in(stay, true).await;
    assert_eq!(registry.dashboard.ready(), Readiness::Ready);
    registry.dashboard.shutdown().await;
}

async fn who_left_is_out_at_once_where_an_administrator_asks(server: Server) {
    let names = server.people();
    let registry = Registry::open(&server.settings(), DAY, DAY).await;
    let all = registry.enter(&names).await;
    server.three_leave().await;
    registry.until_in(&all, true).await;
    let host = registry.dashboard.host_caller("ana@here");
    let source = Source::parse(Source::LDAP).unwrap();
    let done = registry.dashboard.recheck_source(&host, &source, false);
    let done = done.await.unwrap();
    assert_eq!((done.asked, done.still_there, done.left), (7, 4, 3));
    for (at, held) in all.iter().enumerate() {
        assert_eq!(registry.gets_in(held).await, [at >= 3; 2], "{}", names[at]);
    }
    registry.dashboard.shutdown().await;
}

async fn a_directory_that_is_gone_keeps_its_people_for_the_grace(mut server: Server) {
    let grace = Duration::from_secs(10);
    let registry = Registry::open(&server.settings(), Duration::from_secs(1), grace).await;
    let all = registry.enter(&server.people()).await;
    server.stop();
    let gone = Instant::now();
    registry.until_it_is(Readiness::Degraded).await;
    for held in &all {
        assert_eq!(registry.gets_in(held).await, [true; 2]);
    }
    let host = registry.dashboard.host_caller("ana@here");
    let health = registry.dashboard.health(&host).await.unwrap();
    let one = health.iter().find(|one| one.name == "source:ldap").unwrap();
    assert_eq!(one.state, DependencyState::Degraded);
    assert!(one.since.is_some() && !one.message.is_empty());
    registry.until_in(&all, false).await;
    assert!(gone.elapsed() > grace / 2, "{:?}", gone.elapsed());
    // That was no answer: what they hold is there still.
    server.start_again().await;
    registry.until_it_is(Readiness::Ready).await;
    registry.until_in(&all, true).await;
    registry.dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_openldap_is_out_within_the_interval() {
    if let Some(slapd) = Slapd::start().await {
        who_left_is_out(Server::OpenLdap(slapd)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_active_directory_is_out_within_the_interval() {
    if let Some(samba) = Samba::start().await {
        who_left_is_out(Server::Domain(samba)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_openldap_is_out_at_once_by_a_look_at_everybody() {
    if let Some(slapd) = Slapd::start().await {
        who_left_is_out_at_once_where_an_administrator_asks(Server::OpenLdap(slapd)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_active_directory_is_out_at_once_by_a_look_at_everybody() {
    if let Some(samba) = Samba::start().await {
        who_left_is_out_at_once_where_an_administrator_asks(Server::Domain(samba)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openldap_that_is_gone_keeps_its_people_for_the_grace() {
    if let Some(slapd) = Slapd::start().await {
        a_directory_that_is_gone_keeps_its_people_for_the_grace(Server::OpenLdap(slapd)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn active_directory_that_is_gone_keeps_its_people_for_the_grace() {
    if let Some(samba) = Samba::start().await {
        a_directory_that_is_gone_keeps_its_people_for_the_grace(Server::Domain(samba)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_gives_a_role_and_is_gone_is_told_and_takes_the_role_alone() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let settings = Settings::by_service(&slapd).set("LDAP_ADMIN_GROUPS", group("Admins"));
    let registry = Registry::open(&settings, Duration::from_secs(1), DAY).await;
    let all = registry.enter(&["anna"]).await;
    let role = async || {
        let caller = registry
            .dashboard
            .caller_from_session(&all[0].cookie, request());
        caller.await.unwrap().user().role
    };
    assert_eq!(role().await, Role::Admin);
    assert_eq!(registry.dashboard.ready(), Readiness::Ready);
    slapd.delete(&group("Admins")).await;
    registry.until_it_is(Readiness::Degraded).await;
    until(async || role().await == Role::Publisher).await;
    let host = registry.dashboard.host_caller("ana@here");
    let states = registry.dashboard.source_states(&host).await.unwrap();
    let told = states[0].groups.as_ref().unwrap();
    assert!(told.reason.contains(&group("Admins")), "{}", told.reason);
    assert_eq!(registry.gets_in(&all[0]).await, [true; 2]);
    registry.dashboard.shutdown().await;
}
