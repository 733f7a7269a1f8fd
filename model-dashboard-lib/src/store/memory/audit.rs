//! The audit log in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::audit::{AuditLog, ChainState, Event, EventFilter, EventPage, NewEvent};
use crate::store::StoreError;
use crate::store::accounts::MAX_EVENTS;
use crate::store::audit_chain::{Check, Head};

fn head(events: &[Event]) -> Result<Head, StoreError> {
    let Some(newest) = events.last() else {
        return Ok(Head::EMPTY);
    };
    let mut digest = [0; 32];
    hex::decode_to_slice(&newest.digest, &mut digest).map_err(StoreError::internal)?;
    Ok(Head {
        seq: newest.seq,
        digest,
    })
}

#[async_trait]
impl AuditLog for MemoryStore {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<Event>, StoreError> {
        let mut state = self.state();
        let mut head = head(&state.events)?;
        let written: Vec<Event> = events
            .iter()
            .map(|event| head.append(&self.key, event.clone()))
            .collect();
        state.events.extend_from_slice(&written);
        Ok(written)
    }

    async fn events(
        &self,
        filter: &EventFilter,
        page: EventPage,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let state = self.state();
        let limit = limit.min(MAX_EVENTS);
        let wanted = |e: &&Event| matches(filter, &e.event);
        Ok(match page {
            EventPage::Newest { before } => {
                let events = state.events.iter().rev();
                let below = |e: &&Event| before.is_none_or(|before| e.seq < before);
                events
                    .filter(below)
                    .filter(wanted)
                    .take(limit)
                    .cloned()
                    .collect()
            }
            EventPage::After(seq) => {
                let events = state.events.iter().filter(|e| e.seq > seq);
                events.filter(wanted).take(limit).cloned().collect()
            }
        })
    }

    async fn event(&self, seq: u64) -> Result<Option<Event>, StoreError> {
        let index = seq
            .checked_sub(1)
            .and_then(|index| usize::try_from(index).ok());
        Ok(index.and_then(|index| self.state().events.get(index).cloned()))
    }

    async fn verify(&self) -> Result<ChainState, StoreError> {
        let state = self.state();
        let mut check = Check::new(&self.key);
        for event in &state.events {
            if let Err(broken) = check.next(event) {
                return Ok(broken);
            }
        }
        Ok(check.finish(Some(head(&state.events)?)))
    }
}

fn matches(filter: &EventFilter, event: &NewEvent) -> bool {
    let EventFilter {
        actions,
        actor,
        source,
        target,
        since,
        until,
    } = filter;
    let action = event.action.as_str();
    let is_action = |name: &String| match name.strip_suffix('.') {
        Some(_) => action.starts_with(name.as_str()),
        None => action == name,
    };
    (actions.is_empty() || actions.iter().any(is_action))
        && actor.as_ref().is_none_or(|a| is_by(event, a))
        && (source.is_none() || source.as_deref() == event.source())
        && target.as_ref().is_none_or(|t| *t == event.target)
        && since.is_none_or(|since| event.at >= since)
        && until.is_none_or(|until| event.at < until)
}

fn is_by(event: &NewEvent, actor: &str) -> bool {
    let is_nobody = event.actor.is_empty() && event.actor_name.is_empty();
    *actor == event.actor || *actor == event.actor_name || is_nobody && event.who() == actor
}
