//! The audit log and the activity that everyone may see.

use super::{Caller, Dashboard, Error};
use crate::audit::{Action, ChainState, Event, EventFilter, EventPage};
use crate::auth::Permission;

/// What the names of all actions on models start with.
const MODEL_ACTIONS: &str = "model.";

impl Dashboard {
    /// Events of the audit log that match, at most `limit` and never more than 1,000. Needs
    /// `audit:read`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn events(
        &self,
        caller: &Caller,
        filter: &EventFilter,
        page: EventPage,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        self.require(caller, Permission::AuditRead, || "audit".to_owned())
            .await?;
        let log = self.inner.trail.log();
        Ok(log.events(filter, page, limit).await?)
    }

    /// One event. Needs `audit:read`.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`].
    pub async fn event(&self, caller: &Caller, seq: u64) -> Result<Event, Error> {
        self.require(caller, Permission::AuditRead, || format!("audit:{seq}"))
            .await?;
        let event = self.inner.trail.log().event(seq).await?;
        event.ok_or_else(|| Error::not_found(format!("event {seq}")))
    }

    /// What happened to models, for everyone who may read them: the events on models, and on what is
    /// proposed to them, that match,
    /// without addresses, request ids and digests. Needs `models:read`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn activity(
        &self,
        caller: &Caller,
        filter: &EventFilter,
        page: EventPage,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        self.require(caller, Permission::ModelsRead, || "activity".to_owned())
            .await?;
        let Some(filter) = models_only(filter) else {
            return Ok(Vec::new());
        };
        let log = self.inner.trail.log();
        let mut events = log.events(&filter, page, limit).await?;
        events.retain(|event| event.event.action.is_activity());
        for event in &mut events {
            event.event.from.clear();
            event.event.request_id.clear();
            event.digest.clear();
        }
        Ok(events)
    }

    /// Recomputes the chain of the whole audit log. Linear in the number of events. Needs
    /// `audit:read`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn verify_audit(&self, caller: &Caller) -> Result<ChainState, Error> {
        self.require(caller, Permission::AuditRead, || "audit".to_owned())
            .await?;
        Ok(self.inner.trail.log().verify().await?)
    }
}

/// The filter, narrowed to events on models; `None` if nothing is left.
fn models_only(filter: &EventFilter) -> Option<EventFilter> {
    let mut filter = filter.clone();
    if filter.actions.is_empty() {
        let drafts = [Action::PackageDraft, Action::PackageDraftDiscard];
        let drafts = drafts.iter().map(|action| action.as_str().to_owned());
        filter.actions.push(MODEL_ACTIONS.to_owned());
        filter.actions.extend(drafts);
    } else {
        let is_activity = |name: &String| Action::from_name(name).is_activity();
        filter.actions.retain(is_activity);
    }
    (!filter.actions.is_empty()).then_some(filter)
}
