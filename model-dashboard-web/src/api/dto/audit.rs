//! The audit log and the feed on the wire.

use model_dashboard::audit::{ChainState, Event};
use model_dashboard::model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// An event of the audit log or the feed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct AuditEvent {
    /// Its number, growing.
    pub(in crate::api) seq: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(in crate::api) at: Timestamp,
    /// Who, as `source:subject`; empty for nobody known, and for what the server (`via` is `server`)
    /// or another program (`store`) did by itself.
    pub(in crate::api) actor: String,
    /// The name they had then.
    pub(in crate::api) actor_name: String,
    /// Through what: dashboard, api, cli, server; store for what another program did there.
    pub(in crate::api) via: String,
    /// From where; empty for readers without `audit:read`.
    pub(in crate::api) from: String,
    /// The request's id.
    pub(in crate::api) request_id: String,
    /// What.
    #[schema(example = "model.enable")]
    pub(in crate::api) action: String,
    /// On what.
    #[schema(example = "model:nnUNet/Task055_SegTHOR")]
    pub(in crate::api) target: String,
    /// The revision that came of it.
    pub(in crate::api) revision: Option<u64>,
    /// Why.
    pub(in crate::api) reason: String,
    /// More.
    pub(in crate::api) detail: String,
    /// The chained digest; empty in the feed.
    pub(in crate::api) digest: String,
}

impl From<&Event> for AuditEvent {
    fn from(entry: &Event) -> AuditEvent {
        let event = &entry.event;
        AuditEvent {
            seq: entry.seq,
            at: event.at,
            actor: event.actor.clone(),
            actor_name: event.actor_name.clone(),
            via: event.via.clone(),
            from: event.from.clone(),
            request_id: event.request_id.clone(),
            action: event.action.to_string(),
            target: event.target.clone(),
            revision: event.revision,
            reason: event.reason.clone(),
            detail: event.detail.clone(),
            digest: entry.digest.clone(),
        }
    }
}

/// A part of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Events {
    /// The events.
    pub(in crate::api) events: Vec<AuditEvent>,
    /// Where to go on: `before` of the next request to the log, `after` of the next to the feed.
    pub(in crate::api) next: Option<u64>,
}

/// What a check of the log's chain found.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ChainReport {
    /// Whether every event is as it was written.
    pub(in crate::api) intact: bool,
    /// How many events, if it is intact.
    pub(in crate::api) events: Option<u64>,
    /// The number of the newest event, to compare with the program's log.
    pub(in crate::api) head: Option<u64>,
    /// Its digest.
    pub(in crate::api) head_digest: Option<String>,
    /// The first event that does not fit.
    pub(in crate::api) broken_at: Option<u64>,
    /// What does not fit.
    pub(in crate::api) problem: Option<String>,
}

impl From<ChainState> for ChainReport {
    fn from(state: ChainState) -> ChainReport {
        let none = ChainReport {
            intact: false,
            events: None,
            head: None,
            head_digest: None,
            broken_at: None,
            problem: None,
        };
        match state {
            ChainState::Intact { events, head } => {
                let (head, head_digest) = head.unzip();
                ChainReport {
                    intact: true,
                    events: Some(events),
                    head,
                    head_digest,
                    ..none
                }
            }
            ChainState::Broken { at, problem } => ChainReport {
                broken_at: Some(at),
                problem: Some(problem),
                ..none
            },
            _ => none,
        }
    }
}
