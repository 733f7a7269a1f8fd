//! What a dashboard does by itself: it follows the models, asks the store whether tokens and
//! sessions changed elsewhere, writes times of use, looks again at people of directories, and removes
//! sessions that ended and uploads that expired.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, timeout, timeout_at};

use super::access::SESSION_NOTED_EVERY;
use super::directories::{self, Directory};
use super::packages::MAX_PACKAGE_CHANGES;
use super::places::Places;
use super::{Inner, MAX_CHANGES, MAX_MODEL_CHANGES};
use crate::model::Timestamp;
use crate::store::StoreError;

/// How often the store is asked whether anything changed.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// How long one such question may take.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);

/// How often it is asked what happened to models without being asked for here.
const NOTICE_EVERY: Duration = Duration::from_secs(1);

/// How often times of use are written.
const WRITE_EVERY: Duration = Duration::from_secs(3);

/// How often sessions that ended, and uploads that expired, are removed.
const PURGE_EVERY: Duration = Duration::from_secs(10 * 60);

/// The background tasks of one dashboard. They end when it is stopped or dropped.
#[derive(Debug)]
pub(super) struct Background {
    stop: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl Background {
    /// Starts the tasks; what is in memory may be believed when this answers, if the store does.
    pub(super) async fn start(inner: &Arc<Inner>, prove_store: bool) -> Background {
        let (stop, stopped) = watch::channel(false);
        let mut poll = Poll::default();
        poll.once(inner).await;

        let mut tasks = JoinSet::new();
        let catalog = inner.catalog.clone();
        let until = ended(stopped.clone());
        tasks.spawn(async move { catalog.follow(until).await });

        if prove_store {
            let (context, until) = (inner.clone(), ended(stopped.clone()));
            tasks.spawn(async move {
                tokio::select! {
                    () = until => {}
                    () = context.prove_in_time() => {}
                }
            });
        }

        let (context, mut ticks) = (inner.clone(), Ticks::new(POLL_EVERY, &stopped));
        tasks.spawn(async move {
            while ticks.next().await {
                poll.once(&context).await;
            }
        });
        let (context, mut ticks) = (inner.clone(), Ticks::new(NOTICE_EVERY, &stopped));
        tasks.spawn(async move {
            while ticks.next().await {
                context.note_noticed().await;
            }
        });
        let (context, mut ticks) = (inner.clone(), Ticks::new(WRITE_EVERY, &stopped));
        tasks.spawn(async move {
            while ticks.next().await {
                context.write_uses().await;
            }
        });
        if inner.look_around {
            let context = inner.clone();
            tasks.spawn(async move { context.warn_of_removed().await });
            for number in 0..inner.directories.iter().count() {
                tasks.spawn(directories::follow(inner.clone(), number, stopped.clone()));
                tasks.spawn(directories::probe(inner.clone(), number, stopped.clone()));
            }
        }
        let (context, mut ticks) = (inner.clone(), Ticks::new(PURGE_EVERY, &stopped));
        tasks.spawn(async move {
            while ticks.next().await {
                context.purge_sessions().await;
                if context.look_around {
                    context.purge_uploads().await;
                }
            }
        });
        Background {
            stop,
            tasks: Mutex::new(tasks),
        }
    }

    /// Ends within `limit` altogether: half of it is for changes under way, a quarter for the
    /// tasks, and what is left then for the last writes. Says once what did not end.
    pub(super) async fn stop(&self, inner: &Inner, limit: Duration) {
        let begin = tokio::time::Instant::now();
        let settled = timeout_at(begin + limit / 2, inner.packages.settle()).await;
        if settled.is_err() {
            tracing::warn!("uploads did not end in time; they go on from what is kept of them");
        }
        let mut unended = 0;
        let directories = inner.directories.iter().map(Directory::sign_ins);
        let places = std::iter::once(&inner.sign_ins).chain(directories);
        // A check of a password makes changes, so those come last.
        let gates = places.flat_map(Places::gates).chain([
            (&*inner.packages.changes, MAX_PACKAGE_CHANGES),
            (&*inner.model_changes, MAX_MODEL_CHANGES),
            (&*inner.changes, MAX_CHANGES),
        ]);
        for (gate, permits) in gates {
            // All permits back means that nothing is under way.
            let idle = timeout_at(begin + limit / 2, gate.acquire_many(permits)).await;
            gate.close();
            if idle.is_err() {
                unended += (permits as usize).saturating_sub(gate.available_permits());
            }
        }
        if unended > 0 {
            tracing::warn!(
                changes = unended,
                "changes did not end in time; they may still be completed"
            );
        }
        let _ = self.stop.send(true);
        inner.packages.stop();
        let mut tasks = self.tasks.lock().await;
        let all_ended = async { while tasks.join_next().await.is_some() {} };
        if timeout_at(begin + limit / 4 * 3, all_ended).await.is_err() {
            tracing::warn!(tasks = tasks.len(), "background tasks did not end in time");
            tasks.abort_all();
        }
        let last_writes = async {
            inner.note_noticed().await;
            inner.write_uses().await;
            if !inner.trail.flush().await {
                tracing::error!("events of the audit log were not written; they are in this log");
            }
        };
        if timeout_at(begin + limit, last_writes).await.is_err() {
            tracing::error!("the user database did not take the last writes in time");
        }
    }
}

/// Completes when the dashboard is stopped or dropped.
async fn ended(mut stopped: watch::Receiver<bool>) {
    // An error means that it was dropped.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// One tick after each period, until the end. What is done at a tick is not interrupted.
struct Ticks {
    interval: Interval,
    stopped: watch::Receiver<bool>,
}

impl Ticks {
    fn new(period: Duration, stopped: &watch::Receiver<bool>) -> Ticks {
        let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ticks {
            interval,
            stopped: stopped.clone(),
        }
    }

    /// Waits for the next tick; false at the end.
    async fn next(&mut self) -> bool {
        tokio::select! {
            // An error means that the dashboard was dropped.
            _ = self.stopped.wait_for(|stop| *stop) => false,
            _ = self.interval.tick() => true,
        }
    }
}

/// Asks the store whether what is in memory still holds.
#[derive(Debug, Default)]
struct Poll {
    generation: Option<u64>,
    failing: bool,
}

impl Poll {
    async fn once(&mut self, inner: &Inner) {
        let asked_at = Instant::now();
        match timeout(POLL_TIMEOUT, inner.tokens.generation()).await {
            Ok(Ok(generation)) => {
                if self.generation.replace(generation) != Some(generation) {
                    // Before memory may be believed again.
                    inner.access.forget_all();
                }
                inner.access.freshness.confirm(asked_at);
                if std::mem::take(&mut self.failing) {
                    tracing::info!("the user database answers again");
                }
                inner.accounts_state.answered();
            }
            Ok(Err(error)) => self.failed(inner, &error.to_string()),
            Err(_) => self.failed(inner, "no answer within 2 s"),
        }
    }

    fn failed(&mut self, inner: &Inner, reason: &str) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(reason, "the user database does not answer");
        }
        inner.accounts_state.failed(reason);
    }
}

impl Inner {
    /// Writes the times of use that wait, and events that could not be written before.
    async fn write_uses(&self) {
        let uses = self.access.token_uses.take();
        let written = match uses.is_empty() {
            true => Ok(()),
            false => self.tokens.record_token_use(&uses).await,
        };
        if let Err(error) = written {
            self.access.token_uses.put_back(uses);
            log_unwritten(&error);
        }
        let uses = self.access.session_uses.take();
        let written = match uses.is_empty() {
            true => Ok(()),
            false => self.sessions.touch_sessions(&uses).await,
        };
        if let Err(error) = written {
            self.access.session_uses.put_back(uses);
            log_unwritten(&error);
        }
        self.trail.flush().await;
    }

    async fn purge_sessions(&self) {
        let now = Timestamp::now();
        // Uses are known to the minute and written some seconds later.
        let idle = self.policy.session_idle_limit + SESSION_NOTED_EVERY + 2 * WRITE_EVERY;
        match self.sessions.purge_sessions(now, now.minus(idle)).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "removed sessions that had ended"),
            Err(error) => tracing::warn!(%error, "sessions that ended were not removed"),
        }
    }
}

fn log_unwritten(error: &StoreError) {
    tracing::warn!(%error, "times of use were not written yet");
}
