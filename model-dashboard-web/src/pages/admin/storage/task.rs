//! Reading the whole store takes longer than a request may: one task at a time does it, and what
//! it found is kept in memory until the next of its kind begins.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use model_dashboard::dashboard::{Caller, Dashboard, Error, Garbage, StorageCheck};
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinHandle};

use crate::pages::errors::sentence;

/// How long ago a model was deleted at least when its mark can go, as at the command line.
const OLD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pages) enum Work {
    Check { repair: bool },
    Garbage { delete: bool },
}

/// What is known of the tasks of this server.
#[derive(Clone, Debug, Default)]
pub(in crate::pages) struct StorageTask(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    known: Mutex<Known>,
    done: AtomicU64,
    total: AtomicU64,
}

/// The task that runs, and what the last ones found.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) running: Option<Running>,
    pub(super) check: Option<Arc<Outcome<StorageCheck>>>,
    pub(super) garbage: Option<Arc<Outcome<Garbage>>>,
}

#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) work: Work,
    pub(super) by: String,
    pub(super) since: SystemTime,
    pub(super) done: u64,
    pub(super) total: u64,
    stop: Arc<Notify>,
}

#[derive(Debug)]
pub(super) struct Outcome<T> {
    /// Whether something was to be changed.
    pub(super) changing: bool,
    pub(super) by: String,
    pub(super) at: SystemTime,
    /// What was found, or why the task ended early.
    pub(super) found: Result<T, String>,
}

impl StorageTask {
    pub(super) fn known(&self) -> Known {
        let mut known = self.lock().clone();
        if let Some(running) = &mut known.running {
            running.done = self.0.done.load(Ordering::Relaxed);
            running.total = self.0.total.load(Ordering::Relaxed);
        }
        known
    }

    /// Begins, unless a task runs. It goes on when whoever began it leaves; each look at the store
    /// is bounded, so that it ends.
    pub(super) fn begin(&self, dashboard: &Dashboard, caller: &Caller, work: Work) -> bool {
        let by = caller.user().display_name.clone();
        let mut known = self.lock();
        if known.running.is_some() {
            return false;
        }
        let stop = Arc::new(Notify::new());
        known.running = Some(Running {
            stop: stop.clone(),
            work,
            by: by.clone(),
            since: SystemTime::now(),
            done: 0,
            total: 0,
        });
        match work {
            Work::Check { .. } => known.check = None,
            Work::Garbage { .. } => known.garbage = None,
        }
        self.progress(0, 0);
        drop(known);
        let (this, dashboard, caller) = (self.clone(), dashboard.clone(), caller.clone());
        tokio::spawn(async move { this.run(dashboard, caller, work, by, &stop).await });
        true
    }

    async fn run(
        self,
        dashboard: Dashboard,
        caller: Caller,
        work: Work,
        by: String,
        stop: &Notify,
    ) {
        let this = self.clone();
        match work {
            Work::Check { repair } => {
                // A task of its own, so that a panic in it ends it only.
                let found = tokio::spawn(async move {
                    let progress = |done, total| this.progress(done, total);
                    dashboard.check_storage(&caller, repair, &progress).await
                });
                let outcome = Outcome::new(repair, by, unless(stop, found).await);
                self.end(|known| known.check = Some(Arc::new(outcome)));
            }
            Work::Garbage { delete } => {
                let found = tokio::spawn(async move {
                    let progress = |done, total| this.progress(done, total);
                    let found = dashboard.collect_garbage(&caller, OLD, !delete, &progress);
                    found.await
                });
                let outcome = Outcome::new(delete, by, unless(stop, found).await);
                self.end(|known| known.garbage = Some(Arc::new(outcome)));
            }
        }
    }

    /// Ends what runs, if something does. What it is changing at this moment is changed to the end.
    pub(super) fn stop(&self) {
        if let Some(running) = &self.lock().running {
            running.stop.notify_one();
        }
    }

    fn progress(&self, done: u64, total: u64) {
        self.0.done.store(done, Ordering::Relaxed);
        self.0.total.store(total, Ordering::Relaxed);
    }

    fn end(&self, keep: impl FnOnce(&mut Known)) {
        let mut known = self.lock();
        keep(&mut known);
        known.running = None;
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a task finds, unless it is stopped.
async fn unless<T>(stop: &Notify, mut task: JoinHandle<T>) -> Result<T, JoinError> {
    tokio::select! {
        biased;
        () = stop.notified() => {
            task.abort();
            task.await
        }
        found = &mut task => found,
    }
}

impl<T> Outcome<T> {
    fn new(changing: bool, by: String, found: Result<Result<T, Error>, JoinError>) -> Self {
        let found = match found {
            Ok(found) => found.map_err(|error| error.to_string()),
            Err(error) if error.is_cancelled() => {
                Err("it was stopped; what was changed by then stays so".to_owned())
            }
            Err(error) => Err(Error::Internal(Box::new(error)).to_string()),
        };
        Self {
            changing,
            by,
            at: SystemTime::now(),
            found: found.map_err(|why| sentence(&why)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use model_dashboard::repository::MemoryRepository;
    use model_dashboard::store::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn one_task_runs_at_a_time_and_its_outcome_stays() {
        let builder = Dashboard::builder()
            .repository(Arc::new(MemoryRepository::new()))
            .accounts(Arc::new(MemoryStore::new()));
        let dashboard = builder.build().await.unwrap();
        let caller = dashboard.host_caller("test@localhost");
        let task = StorageTask::default();
        // On one thread nothing runs before the next await.
        assert!(task.begin(&dashboard, &caller, Work::Check { repair: false }));
        assert!(!task.begin(&dashboard, &caller, Work::Garbage { delete: true }));
        let running = task.known().running.unwrap();
        assert_eq!(running.work, Work::Check { repair: false });
        while task.known().running.is_some() {
            tokio::task::yield_now().await;
        }
        let known = task.known();
        assert!(known.check.unwrap().found.as_ref().unwrap().is_well());
        assert!(known.garbage.is_none());
        assert!(task.begin(&dashboard, &caller, Work::Garbage { delete: false }));
    }

    #[tokio::test]
    async fn a_task_that_is_stopped_makes_room() {
        let builder = Dashboard::builder()
            .repository(Arc::new(MemoryRepository::new()))
            .accounts(Arc::new(MemoryStore::new()));
        let dashboard = builder.build().await.unwrap();
        let caller = dashboard.host_caller("test@localhost");
        let task = StorageTask::default();
        assert!(task.begin(&dashboard, &caller, Work::Check { repair: true }));
        task.stop();
        while task.known().running.is_some() {
            tokio::task::yield_now().await;
        }
        let known = task.known();
        let why = known.check.as_ref().unwrap().found.as_ref().unwrap_err();
        assert!(why.starts_with("It was stopped"), "{why}");
        assert!(task.begin(&dashboard, &caller, Work::Check { repair: false }));
    }
}
