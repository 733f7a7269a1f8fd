//! The use cases over the stores in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod all_drafts;
mod as_of;
mod audit;
mod between;
mod broken;
mod bulk;
mod callers;
mod conflicts;
mod directories;
mod downloads;
mod drafts;
mod edits;
mod enabling;
mod faults;
mod following;
mod given;
mod guessing;
mod hanging;
mod history;
mod kept_back;
mod known_mistakes;
mod matrix;
mod measures;
mod models;
#[cfg(feature = "sqlite")]
mod on_disk;
mod outside;
mod package_history;
mod packages;
mod packages_kept;
mod purged;
mod revisions;
mod signing_in;
mod sources;
mod storage;
#[cfg(feature = "sqlite")]
mod taking_over;
mod tampered;
mod tokens;
mod trust;
mod unfinished;
mod unknown;
mod unread;
mod uploads;

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::audit::{Action, AuditLog, Event, EventFilter, EventPage};
use crate::auth::{
    NewSession, NewUser, NewUserKind, Password, PasswordHash, Permissions, Role, SessionSecret,
    User, Username,
};
use crate::model::{DuplicateKeys, JsonObject, ModelDefinition, ModelKey, Timestamp, Via};
use crate::repository::{MemoryRepository, Precondition};
use crate::store::MemoryStore;
use crate::tokens::{NewToken, PlainToken};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A dashboard in memory, and what lies below it.
struct World {
    dashboard: Dashboard,
    store: Arc<MemoryStore>,
    repository: Arc<MemoryRepository>,
    numbers: AtomicU32,
}

impl World {
    async fn new() -> World {
        World::with(|builder| builder).await
    }

    async fn with(change: impl FnOnce(DashboardBuilder) -> DashboardBuilder) -> World {
        let store = Arc::new(MemoryStore::new());
        let repository = Arc::new(MemoryRepository::new());
        let builder = Dashboard::builder()
            .repository(repository.clone())
            .accounts(store.clone());
        World {
            dashboard: change(builder).build().await.unwrap(),
            store,
            repository,
            numbers: AtomicU32::new(0),
        }
    }

    fn number(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn host(&self) -> Caller {
        self.dashboard.host_caller("ana@gpu-7")
    }

    /// A local person whom no password lets in.
    async fn person(&self, role: Role) -> User {
        let name = format!("person-{}", self.number());
        self.account(&name, role, PasswordHash::unusable()).await
    }

    async fn with_password(&self, name: &str, role: Role, password: &str) -> User {
        let hash = PasswordHash::of(&Password::parse(password).unwrap()).unwrap();
        self.account(name, role, hash).await
    }

    async fn account(&self, name: &str, role: Role, password: PasswordHash) -> User {
        let new = NewUser {
            username: Username::parse(name).unwrap(),
            display_name: name.to_owned(),
            email: None,
            role,
            kind: NewUserKind::Person { password },
        };
        self.store.create_user(new).await.unwrap()
    }

    /// The cookie of a new session.
    async fn session(&self, user: &User) -> String {
        let now = Timestamp::now();
        self.session_made(user, now, now.plus(12 * HOUR)).await
    }

    async fn session_made(&self, user: &User, at: Timestamp, end: Timestamp) -> String {
        let secret = SessionSecret::generate().unwrap();
        let new = NewSession {
            hash: secret.hash(),
            identity: user.id.clone(),
            created_at: at,
            expires_at: end,
            made_from: "test".to_owned(),
        };
        self.store.create_session(new).await.unwrap();
        secret.expose()
    }

    /// A new token of this account: its secret and its number.
    async fn token(&self, user: &User, scopes: Permissions) -> (String, i64) {
        let end = Some(Timestamp::now().plus(48 * HOUR));
        self.token_until(user, scopes, end).await
    }

    async fn token_until(
        &self,
        user: &User,
        scopes: Permissions,
        expires_at: Option<Timestamp>,
    ) -> (String, i64) {
        let secret = PlainToken::generate().unwrap();
        let new = NewToken {
            hash: secret.hash(),
            owner: user.id.clone(),
            username: user.username.to_string(),
            description: "test".to_owned(),
            scopes,
            expires_at,
            created_at: Timestamp::now(),
        };
        let token = self.store.create_token(new).await.unwrap();
        (secret.expose().to_owned(), token.id)
    }

    async fn by_cookie(&self, cookie: &str) -> Result<Caller, Error> {
        let request = request("192.0.2.1");
        self.dashboard.caller_from_session(cookie, request).await
    }

    async fn by_token(&self, bearer: &str) -> Result<Caller, Error> {
        let request = RequestInfo::new(Via::Api, "192.0.2.2", "request-2");
        self.dashboard.caller_from_token(bearer, request).await
    }

    /// A caller with a session, of a new account.
    async fn caller(&self, role: Role) -> Caller {
        let user = self.person(role).await;
        self.by_cookie(&self.session(&user).await).await.unwrap()
    }

    /// A new model.
    async fn model(&self, enabled: bool) -> Model {
        let key = key(&format!("nnUNet/Model{}", self.number()));
        let content = definition(&format!(r#"{{"enabled":{enabled}}}"#));
        let host = self.host();
        self.dashboard
            .create(&host, key, content, "")
            .await
            .unwrap()
    }

    /// All events, oldest first.
    async fn events(&self) -> Vec<Event> {
        let (all, start) = (EventFilter::default(), EventPage::After(0));
        self.store.events(&all, start, 1000).await.unwrap()
    }

    async fn last_event(&self) -> crate::audit::NewEvent {
        let (all, newest) = (EventFilter::default(), EventPage::Newest { before: None });
        let mut events = self.store.events(&all, newest, 1).await.unwrap();
        events.remove(0).event
    }

    async fn count(&self, action: Action) -> usize {
        let events = self.events().await;
        events.iter().filter(|e| e.event.action == action).count()
    }
}

fn request(from: &str) -> RequestInfo {
    RequestInfo::new(Via::Dashboard, from, "request-1")
}

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

fn definition(text: &str) -> ModelDefinition {
    ModelDefinition::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap()
}

fn object(text: &str) -> JsonObject {
    JsonObject::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap()
}

/// The fields that an answer names as wrong.
fn wrong_fields<T: std::fmt::Debug>(result: Result<T, Error>) -> Vec<String> {
    match result {
        Err(Error::Invalid(errors)) => errors.into_iter().map(|e| e.field).collect(),
        other => panic!("expected wrong fields, got {other:?}"),
    }
}

fn reason<T: std::fmt::Debug>(result: Result<T, Error>) -> Unauthenticated {
    match result {
        Err(Error::Unauthenticated { reason }) => reason,
        other => panic!("expected nobody known, got {other:?}"),
    }
}

/// Front ends spawn what they do; a future that cannot move between threads shows here.
#[expect(dead_code, reason = "only compiled")]
fn every_use_case_can_be_spawned(dashboard: &Dashboard, caller: &Caller, key: &ModelKey) {
    fn spawned(_: impl Future + Send) {}
    let request = || caller.request().clone();
    spawned(dashboard.caller_from_token("", request()));
    spawned(dashboard.caller_from_session("", request()));
    spawned(dashboard.model(caller, key));
    spawned(dashboard.body(caller, key));
    spawned(dashboard.export(caller, Vec::new()));
    spawned(dashboard.import(caller, Vec::new(), "", ImportMode::Replace));
    spawned(dashboard.bulk(caller, BulkAction::Delete, Vec::new(), ""));
    spawned(dashboard.change_password(caller, String::new(), String::new()));
    spawned(dashboard.shutdown());
}
