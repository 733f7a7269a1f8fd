//! One fault at a random place of a change: what was acknowledged is there, nothing is half there,
//! and the history has no gap.
//!
//! `REPOSITORY_FAULTS` sets how many runs there are (60 by default; 5,000 make a campaign of some
//! minutes):
//!
//! ```text
//! REPOSITORY_FAULTS=5000 cargo test -p model-dashboard-lib --test s3 faults
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model_dashboard::dashboard::Dashboard;
use model_dashboard::model::{
    DuplicateKeys, ModelDefinition, ModelKey, RegistryInfo, Timestamp, Via,
};
use model_dashboard::repository::{
    Change, ModelRepository as _, ObjectRepository, Precondition, RepositoryError, StoredModel,
};
use model_dashboard::store::MemoryStore;

use crate::proxy::{Fault, FaultProxy, Plan};
use crate::server::S3Server;

/// How many runs there are where nothing says it: so many that every kind of fault is among them.
const RUNS: u64 = 60;

/// Numbers that look like chance, and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        // xorshift64*, <https://en.wikipedia.org/wiki/Xorshift>
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % below
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Create,
    Edit,
    Restore,
    Delete,
    CreateAgain,
    Rename,
}

struct World {
    _server: S3Server,
    proxy: FaultProxy,
    /// Through the proxy.
    spoilt: ObjectRepository,
    /// Past it.
    sound: ObjectRepository,
}

impl World {
    async fn new() -> Self {
        let server = S3Server::start().await;
        let proxy = FaultProxy::before(server.address).await;
        Self {
            spoilt: ObjectRepository::open_bucket(&server.config_at(proxy.address)).unwrap(),
            sound: ObjectRepository::open_bucket(&server.config()).unwrap(),
            _server: server,
            proxy,
        }
    }

    /// One run; which fault there was to be, and how often it was.
    async fn run(&self, seed: u64) -> (Fault, usize) {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let acts = [
            Act::Create,
            Act::Edit,
            Act::Restore,
            Act::Delete,
            Act::CreateAgain,
            Act::Rename,
        ];
        let act = acts[dice.roll(acts.len())];
        let plan = Plan {
            fault: Fault::QUICK[dice.roll(Fault::QUICK.len())],
            after: dice.roll(14),
            times: 1 + dice.roll(2),
        };
        let at: ModelKey = format!("MIST/run-{seed}").parse().unwrap();
        let before = self.prepare(act, &at).await;
        self.proxy.spoil(plan);
        let done = act_on(&self.spoilt, act, &at, before.as_ref()).await;
        let spoilt = self.proxy.relent();
        self.check(seed, act, plan, &at, before, done).await;
        self.read(seed, plan, &at).await;
        (plan.fault, spoilt)
    }

    /// Whatever happens to a read, no bytes are taken for the object that are not.
    async fn read(&self, seed: u64, plan: Plan, at: &ModelKey) {
        let Ok(stored) = self.sound.get(at).await else {
            return;
        };
        self.proxy.spoil(Plan { after: 0, ..plan });
        let read = self.spoilt.get(at).await;
        let listed = self.spoilt.list().await;
        self.proxy.relent();
        match read {
            Ok(read) => assert_eq!(read.bytes, stored.bytes, "run {seed}: {plan:?}"),
            Err(RepositoryError::Unavailable { .. }) => {}
            Err(error) => panic!("run {seed}: {plan:?}: {error:?}"),
        }
        if let Ok(listing) = listed {
            let there = listing.models.iter().any(|it| it.key == *at);
            assert!(
                there || !listing.unreadable.is_empty(),
                "run {seed}: {plan:?}"
            );
        }
    }

    async fn prepare(&self, act: Act, at: &ModelKey) -> Option<StoredModel> {
        if act == Act::Create {
            return None;
        }
        let created = act_on(&self.sound, Act::Create, at, None).await.unwrap();
        if act == Act::Restore {
            let edited = act_on(&self.sound, Act::Edit, at, Some(&created)).await;
            return Some(edited.unwrap());
        }
        if act != Act::CreateAgain {
            return Some(created);
        }
        let deleted = act_on(&self.sound, Act::Delete, at, Some(&created)).await;
        Some(deleted.unwrap())
    }

    async fn check(
        &self,
        seed: u64,
        act: Act,
        plan: Plan,
        at: &ModelKey,
        before: Option<StoredModel>,
        done: Result<StoredModel, RepositoryError>,
    ) {
        let what = format!("run {seed}: {act:?} with {plan:?}: {done:?}");
        let to = renamed(at);
        for key in [at, &to] {
            // As the next refresh does.
            if let Ok(stored) = self.sound.get(key).await {
                self.sound.reconcile(&stored).await.unwrap();
            }
        }
        let now = self.sound.get(at).await.ok();
        let acknowledged = match &done {
            Ok(stored) => Some(stored.clone()),
            Err(RepositoryError::Unfinished { stored, .. }) => Some((**stored).clone()),
            Err(_) => None,
        };
        let moved = self
            .sound
            .get(&to)
            .await
            .ok()
            .filter(|it| deleted(it).is_none());
        if let Some(stored) = &acknowledged {
            let there = self.sound.get(&stored.key).await.unwrap();
            assert_eq!(there.version, stored.version, "{what}");
            if act == Act::Restore {
                let first = self.sound.revision(&info(stored).id, 1).await.unwrap();
                let texts = [&first.bytes, &stored.bytes].map(|bytes| description(bytes));
                assert_eq!(texts[0], texts[1], "{what}");
            }
        } else {
            let error = done.as_ref().unwrap_err();
            // No other writer was there: a fault is never told as a lost race.
            assert!(
                matches!(
                    error,
                    RepositoryError::Unavailable { .. } | RepositoryError::Internal(_)
                ),
                "{what}"
            );
        }
        let present = moved.as_ref().or(now.as_ref());
        let Some(present) = present else {
            assert!(before.is_none(), "what was there is gone; {what}");
            return;
        };
        let said = info(present);
        let numbers = self.sound.revisions(&said.id).await.unwrap();
        let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, expected, "a gap; {what}");
        let last = self
            .sound
            .revision(&said.id, numbers.len() as u64)
            .await
            .unwrap();
        assert_eq!(
            last.bytes, present.bytes,
            "the history ends otherwise; {what}"
        );
        let steps = before.as_ref().map_or(0, |before| info(before).revision);
        assert!(said.revision <= steps + 1, "done twice; {what}");
        if moved.is_some() {
            let old = now.as_ref().expect("a tombstone");
            assert!(deleted(old).is_some(), "two models; {what}");
        }
        // It can be changed again at once.
        let next = act_on(&self.sound, Act::Edit, &present.key, Some(present)).await;
        if deleted(present).is_none() {
            next.unwrap();
        }
    }
}

async fn act_on(
    repository: &ObjectRepository,
    act: Act,
    at: &ModelKey,
    before: Option<&StoredModel>,
) -> Result<StoredModel, RepositoryError> {
    let change = Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Api,
        at: Timestamp::now(),
        message: format!("{act:?}"),
    };
    let mut content = ModelDefinition::new(at);
    content.set_description(&format!("{act:?}"));
    let seen = before.map(|stored| Precondition::Version(stored.version));
    match (act, seen) {
        (Act::Create | Act::CreateAgain, _) => {
            let absent = Precondition::Absent;
            repository.put(at, &content, &absent, &change).await
        }
        (Act::Edit, Some(seen)) => repository.put(at, &content, &seen, &change).await,
        (Act::Restore, Some(seen)) => {
            let id = before.map(|stored| info(stored).id).unwrap();
            let first = repository.revision(&id, 1).await?;
            let held = ModelDefinition::parse(&first.bytes, DuplicateKeys::Refuse).unwrap();
            repository.put(at, &held, &seen, &change).await
        }
        (Act::Delete, Some(seen)) => repository.delete(at, &seen, &change).await,
        (Act::Rename, Some(seen)) => {
            let to = renamed(at);
            content.set_key(&to);
            repository.rename(at, &to, &content, &seen, &change).await
        }
        (act, None) => panic!("{act:?} of nothing"),
    }
}

fn renamed(at: &ModelKey) -> ModelKey {
    format!("vista3d/{}", at.name).parse().unwrap()
}

fn info(stored: &StoredModel) -> RegistryInfo {
    let definition = ModelDefinition::parse(&stored.bytes, DuplicateKeys::Refuse).unwrap();
    definition.registry().unwrap()
}

fn deleted(stored: &StoredModel) -> Option<model_dashboard::model::Deleted> {
    info(stored).deleted
}

fn description(bytes: &[u8]) -> String {
    let definition = ModelDefinition::parse(bytes, DuplicateKeys::Refuse).unwrap();
    definition.description()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_place_loses_nothing_that_was_acknowledged() {
    let count = std::env::var("REPOSITORY_FAULTS");
    let count = count.map_or(RUNS, |count| count.parse().unwrap());
    let world = World::new().await;
    let mut spoilt: HashMap<Fault, usize> = HashMap::new();
    for seed in 0..count {
        let (fault, times) = world.run(seed).await;
        *spoilt.entry(fault).or_default() += times;
    }
    for fault in Fault::QUICK {
        assert!(
            spoilt.get(&fault).is_some_and(|times| *times > 0),
            "{spoilt:?}"
        );
    }
    // What no write came after is mended by a check.
    let dashboard = Dashboard::builder()
        .repository(Arc::new(world.sound.clone()))
        .accounts(Arc::new(MemoryStore::new()))
        .build()
        .await
        .unwrap();
    let host = dashboard.host_caller("test@localhost");
    let repaired = dashboard.check_storage(&host, true, &|_, _| {}).await;
    let repaired = repaired.unwrap();
    assert!(repaired.is_well(), "{:?}", repaired.findings);
    let checked = dashboard.check_storage(&host, false, &|_, _| {}).await;
    assert_eq!(checked.unwrap().findings, []);
    dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stalls_is_left_alone_in_bounded_time() {
    let world = World::new().await;
    world.proxy.spoil(Plan {
        fault: Fault::Stalled,
        after: 0,
        times: 1,
    });
    let at: ModelKey = "MIST/x".parse().unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(40), world.spoilt.get(&at));
    // It is asked once more, and answers then.
    let answer = asked.await.expect("an answer in time");
    assert!(
        matches!(answer, Err(RepositoryError::NotFound { .. })),
        "{answer:?}"
    );
}
