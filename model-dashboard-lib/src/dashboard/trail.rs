//! How events get into the audit log, and what happens when it cannot be written.
//!
//! An event is written after what it tells of was committed: the other order would tell of things
//! that never happened. If it cannot be written then, the change stays and is answered as done,
//! the event goes to the program's log at once and is kept in memory, in order, and **no further
//! change or sign-in is accepted until the audit log could be written again**. So at most the
//! changes that were under way at that moment wait in memory, and a crash then leaves them in the
//! program's log.
//!
//! Denials go on, so they have a bound of their own and never push out the event of a change.
//! While the log fails nobody waits for it but who tries it again: every few seconds a background
//! task, and at most one change at a time.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::Instrument as _;

use super::{Caller, Error};
use crate::audit::{Action, AuditLog, Event, NewEvent};
use crate::model::Timestamp;
use crate::store::StoreError;

/// How many denials wait in memory at most; further ones are only counted, and in the log.
const MAX_DENIALS: usize = 1000;

#[derive(Debug)]
pub(crate) struct Trail {
    queue: Arc<Queue>,
}

#[derive(Debug)]
struct Queue {
    log: Arc<dyn AuditLog>,
    /// Held while events are written, so that they are written in order.
    turn: tokio::sync::Mutex<()>,
    /// Never held while somebody waits.
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<NewEvent>,
    /// How many of the events are denials.
    denials: usize,
    /// How many denials found no place.
    left_out: usize,
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    since: Timestamp,
    error: String,
}

impl Trail {
    pub(crate) fn new(log: Arc<dyn AuditLog>) -> Trail {
        Trail {
            queue: Arc::new(Queue {
                log,
                turn: tokio::sync::Mutex::default(),
                waiting: Mutex::default(),
            }),
        }
    }

    pub(crate) fn log(&self) -> &dyn AuditLog {
        &*self.queue.log
    }

    /// Makes sure, before something is changed, that events can be written.
    pub(crate) async fn ready(&self) -> Result<(), Error> {
        let since = self.failing_since();
        if since.is_none() {
            return Ok(());
        }
        let queue = Arc::clone(&self.queue);
        let written = to_its_end(async move {
            match queue.turn.try_lock() {
                Ok(_turn) => queue.write().await.map_err(Some),
                // Somebody tries it at this moment.
                Err(_) => Err(None),
            }
        });
        let written = written.await.unwrap_or_else(|error| Err(Some(error)));
        written.map_err(|error| Error::Unavailable {
            what: "the audit log cannot be written, so nothing can be changed".to_owned(),
            since,
            retry_after: Duration::from_secs(5),
            source: error.map(Into::into),
        })
    }

    /// Writes an event, or keeps it until it can be written, whether or not the caller waits.
    pub(crate) async fn record(&self, event: NewEvent) {
        self.record_all([event]).await;
    }

    /// The same for several, all of which are taken in before anything is waited for.
    pub(crate) async fn record_all(&self, events: impl IntoIterator<Item = NewEvent>) {
        let mut write = false;
        for event in events {
            write |= self.queue.push(event);
        }
        if !write {
            return;
        }
        let queue = Arc::clone(&self.queue);
        let written = to_its_end(async move {
            let _turn = queue.turn.lock().await;
            // If writing failed while this one waited for its turn, the event is kept; so it is
            // if it fails now.
            if !queue.is_failing() {
                let _ = queue.write().await;
            }
        });
        if let Err(error) = written.await {
            tracing::error!(%error, "writing to the audit log ended early");
        }
    }

    /// Tries to write what waits; says whether nothing does any more.
    pub(crate) async fn flush(&self) -> bool {
        if self.waiting() == 0 {
            return true;
        }
        let queue = Arc::clone(&self.queue);
        let written = to_its_end(async move {
            let _turn = queue.turn.lock().await;
            queue.write().await
        });
        matches!(written.await, Ok(Ok(())))
    }

    /// How many events wait to be written.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.waiting().events.len()
    }

    /// How many denials found no place: they are in the program's log, and their number is written.
    pub(crate) fn left_out(&self) -> usize {
        self.queue.waiting().left_out
    }

    /// Since when the log cannot be written, if it cannot.
    pub(crate) fn failing_since(&self) -> Option<Timestamp> {
        let waiting = self.queue.waiting();
        waiting.failing.as_ref().map(|failing| failing.since)
    }
}

impl Queue {
    /// Nothing is left half done under the lock.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_failing(&self) -> bool {
        self.waiting().failing.is_some()
    }

    /// Takes an event in; says whether to write it now.
    fn push(&self, event: NewEvent) -> bool {
        let mut waiting = self.waiting();
        let denial = event.action == Action::Denied;
        let full = denial && waiting.denials >= MAX_DENIALS;
        let failing = waiting.failing.as_ref().map(|failing| &*failing.error);
        match failing {
            Some(error) => log_unwritten(&event, error),
            None if full => log_unwritten(&event, "too many denials wait"),
            None => {}
        }
        let write = failing.is_none() && !full;
        if full {
            waiting.left_out += 1;
        } else {
            waiting.denials += usize::from(denial);
            waiting.events.push_back(event);
        }
        write
    }

    /// Writes all that waits. Whoever calls it has the turn.
    async fn write(&self) -> Result<(), StoreError> {
        loop {
            let (events, left_out) = self.batch();
            if events.is_empty() {
                return Ok(());
            }
            match self.log.append(&events).await {
                Ok(written) => {
                    self.written(&events, left_out);
                    written.iter().for_each(Event::log_digest);
                }
                Err(error) => {
                    self.failed(&error);
                    return Err(error);
                }
            }
        }
    }

    /// A copy of all that waits, with one event for the denials that found no place, and their
    /// number.
    fn batch(&self) -> (Vec<NewEvent>, usize) {
        let waiting = self.waiting();
        let mut events: Vec<_> = waiting.events.iter().cloned().collect();
        if waiting.left_out > 0 {
            let detail = format!(
                "{} further denials; the server's log has them",
                waiting.left_out
            );
            events.push(NewEvent::of_server(Action::Denied, "").with_detail(detail));
        }
        (events, waiting.left_out)
    }

    fn written(&self, events: &[NewEvent], left_out: usize) {
        let mut waiting = self.waiting();
        let count = events.len() - usize::from(left_out > 0);
        let written = waiting.events.drain(..count);
        let denials = written.filter(|it| it.action == Action::Denied).count();
        waiting.denials -= denials;
        waiting.left_out -= left_out;
        waiting.failing = None;
    }

    fn failed(&self, error: &StoreError) {
        let mut waiting = self.waiting();
        if waiting.failing.is_some() {
            return;
        }
        let error = match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        for event in &waiting.events {
            log_unwritten(event, &error);
        }
        let since = Timestamp::now();
        waiting.failing = Some(Failing { since, error });
    }
}

/// Runs `work` to its end, whether or not the caller waits for it.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, StoreError> {
    let task = tokio::spawn(work.in_current_span());
    task.await.map_err(StoreError::internal)
}

fn log_unwritten(event: &NewEvent, error: &str) {
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
        error,
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

    /// Adds to what people read about the event, if there is anything to add.
    pub(crate) fn with_detail(mut self, detail: impl AsRef<str>) -> NewEvent {
        if detail.as_ref().is_empty() {
            return self;
        }
        if !self.detail.is_empty() {
            self.detail.push_str("; ");
        }
        self.detail.push_str(detail.as_ref());
        self
    }
}
