//! The audit log, and the feed of changes.

use http::StatusCode;
use model_dashboard::audit::{Event, EventFilter, EventPage};
use model_dashboard::auth::Permission;
use model_dashboard::model::Timestamp;
use warp::reply::Response;

use super::answer::{Failure, Guest, json};
use super::dto::{AuditEvent, ChainReport, Events};
use super::parameters::Parameters;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// Read the audit log
///
/// Newest first; `before` goes on. Needs `audit:read`.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    security(("token" = ["audit:read"])),
    params(
        ("action" = Option<String>, Query, description = "Only this action, such as `model.enable`, or all below a name that ends in a dot", example = "model."),
        ("actor" = Option<String>, Query, description = "Only this person: id or name, or `the server`"),
        ("source" = Option<String>, Query, description = "Only accounts of this source, such as `local` or `ldap`: two may each have somebody of one name", example = "ldap"),
        ("target" = Option<String>, Query, description = "Only this target", example = "model:nnUNet/Task055_SegTHOR"),
        ("since" = Option<String>, Query, description = "Only from this time on (RFC 3339)"),
        ("until" = Option<String>, Query, description = "Only before this time (RFC 3339)"),
        ("before" = Option<u64>, Query, description = "Only events with a smaller number"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "At most so many; default 100"),
    ),
    responses((status = 200, body = Events)))]
pub(super) async fn list(guest: &Guest, query: &str) -> Result<Response, Failure> {
    let known = [
        "action", "actor", "source", "target", "since", "until", "before", "limit",
    ];
    let parameters = Parameters::parse(query, &known)?;
    let time = "a time like 2026-03-01T09:30:00Z";
    let filter = EventFilter {
        actions: parameters
            .get("action")
            .map(str::to_owned)
            .into_iter()
            .collect(),
        actor: parameters.get("actor").map(str::to_owned),
        source: parameters.get("source").map(str::to_owned),
        target: parameters.get("target").map(str::to_owned),
        since: parameters.value::<Timestamp>("since", time)?,
        until: parameters.value::<Timestamp>("until", time)?,
    };
    let before = parameters.value("before", "the number of an event")?;
    let limit = parameters.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let page = EventPage::Newest { before };
    let events = guest
        .dashboard()
        .events(&guest.caller, &filter, page, limit)
        .await?;
    answer(&events, limit)
}

/// Verify the audit log
///
/// Recomputes the chain of digests. Takes time in proportion to the log. Needs `audit:read`.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit",
    security(("token" = ["audit:read"])),
    responses((status = 200, body = ChainReport)))]
pub(super) async fn verify(guest: &Guest) -> Result<Response, Failure> {
    let state = guest.dashboard().verify_audit(&guest.caller).await?;
    json(StatusCode::OK, &ChainReport::from(state))
}

/// Follow changes
///
/// Events after a number, oldest first: keep `next` and ask again with it. Changes of models, and what is proposed to
/// them, for everyone who may read them; everything for holders of `audit:read`.
#[utoipa::path(get, path = "/api/v1/events", tag = "audit", security(("token" = [])),
    params(
        ("after" = Option<u64>, Query, description = "Only events with a greater number; default 0"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "At most so many; default 100"),
    ),
    responses((status = 200, body = Events),
        (status = 403, description = "The token has neither `models:read` nor `audit:read`")))]
pub(super) async fn feed(guest: &Guest, query: &str) -> Result<Response, Failure> {
    let parameters = Parameters::parse(query, &["after", "limit"])?;
    let after = parameters
        .value("after", "the number of an event")?
        .unwrap_or(0);
    let limit = parameters.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let (filter, page) = (EventFilter::default(), EventPage::After(after));
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let events = if caller.has(Permission::AuditRead) {
        dashboard.events(caller, &filter, page, limit).await?
    } else {
        dashboard.activity(caller, &filter, page, limit).await?
    };
    let next = events.last().map_or(after, |event| event.seq);
    let events = events.iter().map(AuditEvent::from).collect();
    json(
        StatusCode::OK,
        &Events {
            events,
            next: Some(next),
        },
    )
}

fn answer(events: &[Event], limit: usize) -> Result<Response, Failure> {
    let next = events
        .last()
        .filter(|_| events.len() == limit)
        .map(|event| event.seq);
    let events = events.iter().map(AuditEvent::from).collect();
    json(StatusCode::OK, &Events { events, next })
}
