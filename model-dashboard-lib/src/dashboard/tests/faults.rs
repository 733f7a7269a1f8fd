//! What happens when a store fails, and when something changes elsewhere.

use std::sync::atomic::{AtomicBool, AtomicU64};

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::*;
use crate::audit::{ChainState, NewEvent};
use crate::auth::{IdentityId, UserChange};
use crate::store::StoreError;
use crate::tokens::{ApiToken, TokenHash, TokenStore};

/// The store in memory behind a line that can be cut.
#[derive(Debug)]
struct Line {
    store: Arc<MemoryStore>,
    cut: AtomicBool,
    generation: AtomicU64,
    held: std::sync::Mutex<Option<Held>>,
}

/// Told when a look-up is held back, and waited for before it goes on.
type Held = (oneshot::Sender<()>, oneshot::Receiver<()>);

impl Line {
    fn new(store: &Arc<MemoryStore>) -> Arc<Line> {
        Arc::new(Line {
            store: store.clone(),
            cut: AtomicBool::new(false),
            generation: AtomicU64::new(1),
            held: std::sync::Mutex::default(),
        })
    }

    fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    /// Holds the next look-up of a token back after it was made. Answers when that is so, and how
    /// to let it go on.
    fn hold(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let (reached, is_reached) = oneshot::channel();
        let (go_on, may_go_on) = oneshot::channel();
        *self.held.lock().unwrap() = Some((reached, may_go_on));
        (is_reached, go_on)
    }

    /// What another process did becomes known.
    fn changed_elsewhere(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.cut.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable {
                message: "the line is cut".to_owned(),
                source: None,
            }),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl TokenStore for Line {
    async fn create_token(&self, new: NewToken) -> Result<ApiToken, StoreError> {
        self.check()?;
        self.store.create_token(new).await
    }

    async fn token(&self, hash: &TokenHash) -> Result<Option<ApiToken>, StoreError> {
        self.check()?;
        let found = self.store.token(hash).await;
        let held = self.held.lock().unwrap().take();
        if let Some((reached, may_go_on)) = held {
            reached.send(()).unwrap();
            may_go_on.await.unwrap();
        }
        found
    }

    async fn list_tokens(&self, owner: Option<&IdentityId>) -> Result<Vec<ApiToken>, StoreError> {
        self.check()?;
        self.store.list_tokens(owner).await
    }

    async fn count_ending(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        self.check()?;
        self.store.count_ending(from, until).await
    }

    async fn token_by_id(&self, id: i64) -> Result<Option<ApiToken>, StoreError> {
        self.check()?;
        self.store.token_by_id(id).await
    }

    async fn revoke_token(&self, id: i64) -> Result<bool, StoreError> {
        self.check()?;
        self.store.revoke_token(id).await
    }

    async fn record_token_use(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError> {
        self.check()?;
        self.store.record_token_use(used).await
    }

    async fn generation(&self) -> Result<u64, StoreError> {
        self.check()?;
        Ok(self.generation.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl AuditLog for Line {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<Event>, StoreError> {
        self.check()?;
        self.store.append(events).await
    }

    async fn events(
        &self,
        filter: &EventFilter,
        page: EventPage,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.store.events(filter, page, limit).await
    }

    async fn event(&self, seq: u64) -> Result<Option<Event>, StoreError> {
        self.store.event(seq).await
    }

    async fn verify(&self) -> Result<ChainState, StoreError> {
        self.store.verify().await
    }
}

async fn with_line(
    wire: impl Fn(DashboardBuilder, Arc<Line>) -> DashboardBuilder,
) -> (World, Arc<Line>) {
    let store = Arc::new(MemoryStore::new());
    let line = Line::new(&store);
    let repository = Arc::new(MemoryRepository::new());
    let builder = Dashboard::builder()
        .repository(repository.clone())
        .accounts(store.clone());
    let dashboard = wire(builder, line.clone()).build().await.unwrap();
    let numbers = AtomicU32::new(0);
    (
        World {
            dashboard,
            store,
            repository,
            numbers,
        },
        line,
    )
}

/// Waits for what the background tasks do within some seconds.
pub(super) async fn until(mut done: impl AsyncFnMut() -> bool) {
    let patience = Duration::from_secs(20);
    let waiting = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(patience, waiting)
        .await
        .expect("it happens in time");
}

#[tokio::test]
async fn what_was_revoked_elsewhere_is_dead_within_seconds() {
    let (world, line) = with_line(|builder, line| builder.tokens(line)).await;
    let user = world.person(Role::Viewer).await;
    let (bearer, id) = world.token(&user, Permissions::all()).await;
    let cookie = world.session(&user).await;
    assert!(world.by_token(&bearer).await.is_ok());
    assert!(world.by_cookie(&cookie).await.is_ok());
    // Straight in the store, as another process would.
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    world.store.update_user(&user.id, off).await.unwrap();
    assert!(world.store.revoke_token(id).await.unwrap());
    assert!(world.by_token(&bearer).await.is_ok(), "not known here yet");
    let start = std::time::Instant::now();
    line.changed_elsewhere();
    until(async || {
        world.by_token(&bearer).await.is_err() && world.by_cookie(&cookie).await.is_err()
    })
    .await;
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn without_the_store_memory_is_believed_for_seconds_and_then_nobody_gets_in() {
    let policy = Policy {
        max_staleness: Duration::from_millis(1500),
        ..Policy::default()
    };
    let (world, line) =
        with_line(|builder, line| builder.tokens(line).policy(policy.clone())).await;
    let user = world.person(Role::Viewer).await;
    let (bearer, _) = world.token(&user, Permissions::all()).await;
    assert!(world.by_token(&bearer).await.is_ok());
    assert_eq!(world.dashboard.ready(), Readiness::Ready);
    line.cut(true);
    assert!(world.by_token(&bearer).await.is_ok(), "from memory");
    until(async || {
        matches!(
            world.by_token(&bearer).await,
            Err(Error::Unavailable { .. })
        )
    })
    .await;
    until(async || world.dashboard.ready() == Readiness::Degraded).await;
    let health = world.dashboard.health(&world.host()).await.unwrap();
    let accounts = health.iter().find(|d| d.name == "accounts").unwrap();
    assert_eq!(accounts.state, DependencyState::Down);
    assert!(accounts.since.is_some() && accounts.message.contains("the line is cut"));
    for seen in world.dashboard.dependencies().await {
        assert_eq!((seen.message.as_str(), seen.fix), ("", None));
    }
    line.cut(false);
    assert!(world.by_token(&bearer).await.is_ok(), "the store answers");
    until(async || world.dashboard.ready() == Readiness::Ready).await;
}

#[tokio::test]
async fn no_event_is_lost_and_nothing_is_changed_while_the_audit_log_cannot_be_written() {
    let (world, line) = with_line(|builder, line| builder.audit(line)).await;
    let model = world.model(false).await;
    let editor = world.caller(Role::Editor).await;
    let viewer = world.caller(Role::Viewer).await;
    line.cut(true);
    // The first change cannot know; it is done, and its event waits.
    let first = world
        .dashboard
        .patch(
            &editor,
            &model.key,
            &object(r#"{"alias":"first"}"#),
            Precondition::Exists,
            "why",
        )
        .await;
    assert_eq!(first.unwrap().definition.alias(), "first");
    let again = || async {
        let patch = object(r#"{"alias":"again"}"#);
        let any = Precondition::Exists;
        world
            .dashboard
            .patch(&editor, &model.key, &patch, any, "why")
            .await
    };
    assert!(matches!(
        again().await,
        Err(Error::Unavailable { since: Some(_), .. })
    ));
    let typed = SignIn {
        source: None,
        username: "x".to_owned(),
        password: "y".to_owned(),
        user_agent: String::new(),
        browser: None,
    };
    let sign_in = world.dashboard.sign_in(typed, request("192.0.2.1")).await;
    assert!(matches!(sign_in, Err(Error::Unavailable { .. })));
    // A denial is one all the same, and reading goes on.
    let denied = world.dashboard.users(&viewer, &Default::default()).await;
    assert!(matches!(denied, Err(Error::Denied { .. })));
    let read = world.dashboard.model(&viewer, &model.key).await.unwrap();
    assert_eq!(read.definition.alias(), "first");
    assert_eq!(world.dashboard.ready(), Readiness::Degraded);
    let health = world.dashboard.health(&world.host()).await.unwrap();
    let audit = health.iter().find(|it| it.name == "audit").unwrap();
    assert!(audit.message.starts_with("2 events wait"), "{audit:?}");

    line.cut(false);
    assert!(again().await.is_ok());
    let actions: Vec<_> = world
        .events()
        .await
        .into_iter()
        .map(|e| e.event.action)
        .collect();
    use Action::{Denied, ModelCreate, ModelUpdate};
    assert_eq!(actions, [ModelCreate, ModelUpdate, Denied, ModelUpdate]);
    assert_eq!(world.dashboard.ready(), Readiness::Ready);
}

#[tokio::test]
async fn a_change_runs_to_its_end_when_nobody_waits_for_it() {
    let world = World::new().await;
    let user = world.person(Role::Viewer).await;
    let (bearer, id) = world.token(&user, Permissions::all()).await;
    assert!(world.by_token(&bearer).await.is_ok());
    let (dashboard, host) = (world.dashboard.clone(), world.host());
    let mut revoking = Box::pin(dashboard.revoke_token(&host, id));
    assert!(futures::poll!(&mut revoking).is_pending());
    drop(revoking);
    until(async || world.count(Action::TokenRevoke).await == 1).await;
    assert!(world.by_token(&bearer).await.is_err());
}

#[tokio::test]
async fn a_token_that_is_revoked_while_it_is_looked_up_does_not_stay_in_memory() {
    let (world, line) = with_line(|builder, line| builder.tokens(line)).await;
    let viewer = world.person(Role::Viewer).await;
    let (bearer, id) = world.token(&viewer, Permissions::all()).await;
    let host = world.host();
    let (is_held, go_on) = line.hold();
    let revoking = async {
        is_held.await.unwrap();
        world.dashboard.revoke_token(&host, id).await.unwrap();
        go_on.send(()).unwrap();
    };
    let (looked_up, ()) = tokio::join!(world.by_token(&bearer), revoking);
    assert!(looked_up.is_ok(), "it was valid when it was read");
    let refused = reason(world.by_token(&bearer).await);
    assert_eq!(refused, Unauthenticated::UnknownToken);
}

#[tokio::test]
async fn no_package_is_handed_out_while_that_cannot_be_written_down() {
    let store = crate::repository::ObjectRepository::in_memory().packages();
    let (world, line) =
        with_line(|builder, line| builder.audit(line).packages(store.clone())).await;
    let (dashboard, host) = (&world.dashboard, world.host());
    let id = super::packages::begin(dashboard, &host, "a.bin", 5).await;
    let id = id.unwrap().id;
    let bytes = super::packages::pieces(b"bytes");
    dashboard
        .append_to_upload(&host, id, 0, bytes)
        .await
        .unwrap();
    let at = key("nnUNet/A");
    let given = dashboard.publish_new(
        &host,
        id,
        at.clone(),
        definition("{}"),
        Giving::default(),
        "",
    );
    given.await.unwrap();
    let package = dashboard.package(&host, &at).await.unwrap();
    line.cut(true);
    // The first one shows that the log fails; it waits in memory.
    dashboard.read_package(&host, &package, 0..5).await.unwrap();
    let refused = dashboard.read_package(&host, &package, 0..5).await;
    assert!(
        matches!(refused, Err(Error::Unavailable { .. })),
        "{refused:?}"
    );
    line.cut(false);
    dashboard.read_package(&host, &package, 0..5).await.unwrap();
    assert_eq!(world.count(Action::PackageDownload).await, 2);
}
