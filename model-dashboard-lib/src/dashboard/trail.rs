//! How events get into the audit log, and what happens when it cannot be written.
//!
//! An event is written after what it tells of was committed: the other order would tell of things
//! that never happened. If it cannot be written then, the change stays and is answered as done,
//! the event goes to the program's log at once and is kept in memory, in order, and **no further
//! change or sign-in is accepted until the audit log could be written again**. So at most the
//! changes that were under way at that moment wait in memory, and a crash then leaves them in the
//! program's log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::{Caller, Error};
use crate::audit::{Action, AuditLog, Event, NewEvent};
use crate::model::Timestamp;
use crate::store::StoreError;

/// How many events wait in memory at most. Only denials can fill it, and they are in the log.
const MAX_WAITING: usize = 1000;

#[derive(Debug)]
pub(crate) struct Trail {
    log: Arc<dyn AuditLog>,
    waiting: Mutex<Waiting>,
    /// The length of the queue, to look at without its lock.
    waiting_count: AtomicUsize,
}

#[derive(Debug, Default)]
struct Waiting {
    events: Vec<NewEvent>,
    since: Option<Timestamp>,
}

impl Trail {
    pub(crate) fn new(log: Arc<dyn AuditLog>) -> Trail {
        Trail {
            log,
            waiting: Mutex::default(),
            waiting_count: AtomicUsize::new(0),
        }
    }

    pub(crate) fn log(&self) -> &dyn AuditLog {
        &*self.log
    }

    /// Makes sure, before something is changed, that events can be written.
    pub(crate) async fn ready(&self) -> Result<(), Error> {
        if !self.is_waiting() {
            return Ok(());
        }
        let mut waiting = self.waiting.lock().await;
        let since = waiting.since;
        self.write(&mut waiting, None)
            .await
            .map_err(|error| Error::Unavailable {
                what: "the audit log cannot be written, so nothing can be changed".to_owned(),
                since,
                retry_after: Duration::from_secs(5),
                source: Some(Box::new(error)),
            })
    }

    /// Writes an event, or keeps it until it can be written.
    pub(crate) async fn record(&self, event: NewEvent) {
        let mut waiting = self.waiting.lock().await;
        // An error was logged, and the event is kept.
        let _ = self.write(&mut waiting, Some(event)).await;
    }

    /// Tries to write what waits; says whether nothing does any more.
    pub(crate) async fn flush(&self) -> bool {
        self.ready().await.is_ok()
    }

    /// Whether events wait to be written.
    /// How many events wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting_count.load(Ordering::SeqCst)
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting_count.load(Ordering::SeqCst) > 0
    }

    /// Since when events wait, if they do.
    pub(crate) async fn failing_since(&self) -> Option<Timestamp> {
        self.waiting.lock().await.since
    }

    async fn write(
        &self,
        waiting: &mut Waiting,
        event: Option<NewEvent>,
    ) -> Result<(), StoreError> {
        let mut events = std::mem::take(&mut waiting.events);
        events.extend(event);
        let result = match events.is_empty() {
            true => Ok(Vec::new()),
            false => self.log.append(&events).await,
        };
        match result {
            Ok(written) => {
                waiting.since = None;
                self.waiting_count.store(0, Ordering::SeqCst);
                written.iter().for_each(log_written);
                Ok(())
            }
            Err(error) => {
                if let Some(event) = events.last() {
                    log_unwritten(event, &error);
                }
                events.truncate(MAX_WAITING);
                waiting.since.get_or_insert_with(Timestamp::now);
                self.waiting_count.store(events.len(), Ordering::SeqCst);
                waiting.events = events;
                Err(error)
            }
        }
    }
}

/// The digest of each event goes to the program's log, so that a log cut short shows there.
fn log_written(written: &Event) {
    let Event { seq, event, digest } = written;
    tracing::info!(
        target: "audit",
        seq,
        action = event.action.as_str(),
        actor = event.actor,
        user.name = event.actor_name,
        target = event.target,
        revision = event.revision,
        from = event.from,
        request_id = event.request_id,
        digest,
    );
}

fn log_unwritten(event: &NewEvent, error: &StoreError) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(
        target: "audit",
        action = event.action.as_str(),
        actor = event.actor,
        user.name = event.actor_name,
        target = event.target,
        revision = event.revision,
        reason = event.reason,
        detail = event.detail,
        from = event.from,
        request_id = event.request_id,
        %error,
        cause,
        "an event could not be written to the audit log yet",
    );
}

impl Caller {
    /// An event of this caller, now.
    pub(crate) fn event(&self, action: Action, target: impl Into<String>) -> NewEvent {
        let request = self.request();
        NewEvent {
            at: Timestamp::now(),
            actor: self.id().to_string(),
            actor_name: self.username().to_owned(),
            via: request.via.as_str().to_owned(),
            from: request.from.to_string(),
            request_id: request.request_id.clone(),
            action,
            target: target.into(),
            revision: None,
            reason: String::new(),
            detail: self
                .token()
                .map(|token| format!("with token {}", token.id))
                .unwrap_or_default(),
        }
    }
}

impl NewEvent {
    /// An event that nobody asked for: the server itself does it, now.
    pub(crate) fn of_server(action: Action, target: impl Into<String>) -> NewEvent {
        NewEvent {
            at: Timestamp::now(),
            actor: String::new(),
            actor_name: String::new(),
            via: "server".to_owned(),
            from: String::new(),
            request_id: String::new(),
            action,
            target: target.into(),
            revision: None,
            reason: String::new(),
            detail: String::new(),
        }
    }

    /// Adds to what people read about the event.
    pub(crate) fn with_detail(mut self, detail: impl AsRef<str>) -> NewEvent {
        if !self.detail.is_empty() {
            self.detail.push_str("; ");
        }
        self.detail.push_str(detail.as_ref());
        self
    }
}
