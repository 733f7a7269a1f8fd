#![allow(clippy::unwrap_used, clippy::expect_used)]
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures::FutureExt as _;
use tokio::sync::{Semaphore, mpsc};

use super::*;
use crate::audit::{ChainState, EventFilter, EventPage};
use crate::store::MemoryStore;

/// A log in memory whose every write waits to be let through, and then fails if it shall.
#[derive(Debug)]
struct Gate {
    store: MemoryStore,
    open: Semaphore,
    failing: AtomicBool,
    /// Told of each write that begins.
    begun: mpsc::UnboundedSender<()>,
}

#[async_trait]
impl AuditLog for Gate {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<Event>, StoreError> {
        let _ = self.begun.send(());
        self.open.acquire().await.unwrap().forget();
        match self.failing.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable {
                message: "locked".to_owned(),
                source: None,
            }),
            false => self.store.append(events).await,
        }
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

impl Gate {
    fn let_through(&self, writes: usize) {
        self.open.add_permits(writes);
    }

    fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    async fn targets(&self) -> Vec<String> {
        let all = EventFilter::default();
        let mut events = Vec::new();
        loop {
            let after = EventPage::After(events.len() as u64);
            let page = self.store.events(&all, after, 1000).await.unwrap();
            if page.is_empty() {
                return events;
            }
            events.extend(page.into_iter().map(|it| it.event.target));
        }
    }
}

fn trail() -> (Trail, Arc<Gate>, mpsc::UnboundedReceiver<()>) {
    let (begun, begins) = mpsc::unbounded_channel();
    let gate = Arc::new(Gate {
        store: MemoryStore::new(),
        open: Semaphore::new(0),
        failing: AtomicBool::new(false),
        begun,
    });
    (Trail::new(gate.clone()), gate, begins)
}

fn change(target: &str) -> NewEvent {
    NewEvent::of_server(Action::ModelUpdate, target)
}

fn denial(target: &str) -> NewEvent {
    NewEvent::of_server(Action::Denied, target)
}

/// A trail whose log could not be written once, with one change that waits.
async fn failing() -> (Trail, Arc<Gate>, mpsc::UnboundedReceiver<()>) {
    let (trail, gate, mut begins) = trail();
    gate.fail(true);
    gate.let_through(1);
    trail.record(change("first")).await;
    begins.recv().await.unwrap();
    assert!(trail.failing_since().is_some());
    (trail, gate, begins)
}

#[tokio::test]
async fn an_event_is_written_when_nobody_waits_for_it_any_more() {
    let (trail, gate, mut begins) = trail();
    assert!(
        trail.record(denial("a")).now_or_never().is_none(),
        "dropped"
    );
    begins.recv().await.unwrap();
    gate.let_through(1);
    assert!(trail.flush().await);
    assert_eq!(gate.targets().await, ["a"]);
    assert_eq!(trail.waiting(), 0);
}

#[tokio::test]
async fn what_waits_is_kept_when_a_further_try_is_given_up() {
    let (trail, gate, mut begins) = failing().await;
    assert!(trail.flush().now_or_never().is_none(), "dropped");
    begins.recv().await.unwrap();
    assert_eq!(trail.waiting(), 1);
    gate.fail(false);
    gate.let_through(1);
    assert!(trail.flush().await);
    assert_eq!(gate.targets().await, ["first"]);
}

#[tokio::test]
async fn nobody_waits_for_a_log_that_fails_but_who_tries_it_again() {
    let (trail, gate, mut begins) = failing().await;
    let trail = Arc::new(trail);
    let retrying = tokio::spawn({
        let trail = trail.clone();
        async move { trail.flush().await }
    });
    begins.recv().await.unwrap();
    let recorded = trail.record(denial("second")).now_or_never();
    assert!(recorded.is_some(), "a denial does not wait");
    assert!(trail.failing_since().is_some());
    let refused = trail.ready().await.unwrap_err();
    assert!(matches!(refused, Error::Unavailable { since: Some(_), .. }));
    gate.fail(false);
    gate.let_through(2);
    assert!(retrying.await.unwrap());
    assert_eq!(gate.targets().await, ["first", "second"]);
    assert!(trail.failing_since().is_none());
}

#[tokio::test]
async fn denials_that_queue_up_behind_a_failure_do_not_each_try_again() {
    let (trail, gate, mut begins) = trail();
    gate.fail(true);
    let denials = (0..9).map(|n| trail.record(denial(&n.to_string())).boxed());
    let mut denials = futures::future::join_all(denials);
    assert!(futures::poll!(&mut denials).is_pending());
    begins.recv().await.unwrap();
    gate.let_through(1);
    denials.await;
    assert!(begins.try_recv().is_err(), "one try was enough");
    gate.fail(false);
    gate.let_through(1);
    assert!(trail.ready().await.is_ok());
    assert_eq!(gate.targets().await.len(), 9);
}

#[tokio::test]
async fn denials_do_not_push_out_changes_and_are_counted_beyond_their_bound() {
    let (trail, gate, _begins) = failing().await;
    for _ in 0..MAX_DENIALS + 7 {
        trail.record(denial("x")).await;
    }
    trail.record(change("last")).await;
    assert_eq!((trail.waiting(), trail.left_out()), (MAX_DENIALS + 2, 7));
    gate.fail(false);
    gate.let_through(1);
    assert!(trail.flush().await);
    let targets = gate.targets().await;
    assert_eq!(targets.len(), MAX_DENIALS + 3);
    assert_eq!(
        (&*targets[0], &*targets[MAX_DENIALS + 1]),
        ("first", "last")
    );
    let newest = EventPage::Newest { before: None };
    let newest = gate.store.events(&EventFilter::default(), newest, 1).await;
    let counted = &newest.unwrap()[0].event;
    assert_eq!(counted.action, Action::Denied);
    assert!(
        counted.detail.starts_with("7 further denials"),
        "{counted:?}"
    );
}
