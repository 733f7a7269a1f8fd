//! The audit log.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use model_dashboard::audit::{Action, Event, EventFilter, EventPage};
use model_dashboard::model::{ModelKey, Timestamp};
use serde_json::json;
use warp::reply::Response;

use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit};
use crate::views::Links;
use crate::views::admin::audit::{self, AuditQuery, AuditRow, AuditView, EventView};

/// How many events a page shows.
const PER_PAGE: usize = 100;
/// How many events are read at a time for an export.
const BATCH: usize = 1_000;
/// The most events of one export.
const MOST_EXPORTED: usize = 100_000;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn query(visit: &Visit) -> (AuditQuery, Option<u64>) {
    let asked = Form::parse(visit.request.query.as_bytes());
    let text = |name| asked.text(name).trim().to_owned();
    let query = AuditQuery {
        who: text("who"),
        action: text("action"),
        target: text("target"),
        from: text("from"),
        to: text("to"),
    };
    (query, asked.text("before").parse().ok())
}

fn filter(query: &AuditQuery) -> EventFilter {
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let day = |text: &str| Timestamp::parse(text).ok();
    EventFilter {
        actions: given(&query.action).into_iter().collect(),
        actor: given(&query.who),
        target: given(&query.target),
        since: day(&query.from),
        // The day itself belongs to it.
        until: day(&query.to).map(|to| to.plus(DAY)),
    }
}

/// The list.
pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let (query, before) = query(&visit);
    let page = EventPage::Newest { before };
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let mut events = dashboard
        .events(caller, &filter(&query), page, PER_PAGE + 1)
        .await?;
    let more = events.len() > PER_PAGE;
    events.truncate(PER_PAGE);
    let older = events.last().filter(|_| more).map(|last| {
        let mut pairs = query.pairs();
        pairs.push(("before", last.seq.to_string()));
        visit.links().query("/admin/audit", pairs)
    });
    let view = AuditView {
        actions: Action::names().map(str::to_owned).collect(),
        rows: events
            .iter()
            .map(|event| row(visit.links(), event))
            .collect(),
        newer: before.map(|_| query.href(visit.links())),
        older,
        query,
    };
    let frame = visit.frame().await;
    visit.page(&frame, audit::list(&frame, &view)).await
}

fn row(links: &Links, entry: &Event) -> AuditRow {
    let event = &entry.event;
    let model = event
        .target
        .strip_prefix("model:")
        .and_then(|key| key.parse::<ModelKey>().ok());
    let user = event.target.strip_prefix("user:");
    let target_href = match (&model, user) {
        (Some(key), _) => Some(links.model(key.network_type.as_str(), key.name.as_str())),
        (None, Some(id)) => Some(links.user(id)),
        _ => None,
    };
    AuditRow {
        number: entry.seq,
        at: event.at.into(),
        who: event.actor_name.clone(),
        identity: event.actor.clone(),
        action: event.action.to_string(),
        refused: matches!(event.action, Action::SignInRefused | Action::Denied),
        target: event.target.clone(),
        target_href,
        via: event.via.clone(),
        from: event.from.clone(),
        revision: event.revision,
        reason: event.reason.clone(),
        detail: event.detail.clone(),
    }
}

/// One event, by its number for ever.
pub(super) async fn event(visit: Visit, number: u64) -> Result<Response, Failure> {
    let entry = visit.dashboard().event(&visit.caller, number).await?;
    let view = EventView {
        row: row(visit.links(), &entry),
        request_id: entry.event.request_id.clone(),
        digest: entry.digest.clone(),
        chain_intact: None,
        json: serde_json::to_string_pretty(&value(&entry)).unwrap_or_default(),
    };
    let frame = visit.frame().await;
    visit.page(&frame, audit::event(&frame, &view)).await
}

/// An event under the names that the API uses.
fn value(entry: &Event) -> serde_json::Value {
    let event = &entry.event;
    json!({
        "seq": entry.seq, "at": event.at, "actor": event.actor, "actor_name": event.actor_name,
        "via": event.via, "from": event.from, "request_id": event.request_id,
        "action": event.action, "target": event.target, "revision": event.revision,
        "reason": event.reason, "detail": event.detail, "digest": entry.digest,
    })
}

/// How events are written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    JsonLines,
}

/// The events that match as a file, newest first.
pub(super) async fn export(visit: Visit, format: Format) -> Result<Response, Failure> {
    let (query, _) = query(&visit);
    let filter = filter(&query);
    let mut out = match format {
        Format::Csv => "seq,at,actor,actor_name,via,from,request_id,action,target,revision,reason,\
                        detail,digest\r\n"
            .to_owned(),
        Format::JsonLines => String::new(),
    };
    let (mut before, mut written) = (None, 0);
    while written < MOST_EXPORTED {
        let page = EventPage::Newest { before };
        let events = visit
            .dashboard()
            .events(&visit.caller, &filter, page, BATCH)
            .await?;
        for entry in &events {
            match format {
                Format::Csv => push_csv(&mut out, entry),
                Format::JsonLines => {
                    out.push_str(&value(entry).to_string());
                    out.push('\n');
                }
            }
        }
        written += events.len();
        before = events.last().map(|last| last.seq);
        if events.len() < BATCH {
            break;
        }
    }
    let (kind, name) = match format {
        Format::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"audit.csv\"",
        ),
        Format::JsonLines => ("application/jsonl", "attachment; filename=\"audit.jsonl\""),
    };
    let mut response = Response::new(Bytes::from(out).into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

/// A line of RFC 4180.
fn push_csv(out: &mut String, entry: &Event) {
    let event = &entry.event;
    let fields = [
        entry.seq.to_string(),
        event.at.to_string(),
        event.actor.clone(),
        event.actor_name.clone(),
        event.via.clone(),
        event.from.clone(),
        event.request_id.clone(),
        event.action.to_string(),
        event.target.clone(),
        event
            .revision
            .map(|revision| revision.to_string())
            .unwrap_or_default(),
        event.reason.clone(),
        event.detail.clone(),
        entry.digest.clone(),
    ];
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        // A spreadsheet would run what begins like a formula.
        let guard = if field.starts_with(['=', '+', '-', '@', '\t']) {
            "'"
        } else {
            ""
        };
        out.push_str(&format!("\"{guard}{}\"", field.replace('"', "\"\"")));
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use model_dashboard::audit::NewEvent;

    use super::*;

    #[test]
    fn a_model_is_linked_even_if_no_new_one_could_have_its_name() {
        let event = NewEvent {
            at: Timestamp::now(),
            actor: String::new(),
            actor_name: String::new(),
            via: String::new(),
            from: String::new(),
            request_id: String::new(),
            action: Action::ModelDelete,
            target: "model:nnUNet/A name with spaces".to_owned(),
            revision: None,
            reason: String::new(),
            detail: String::new(),
        };
        let event = Event {
            seq: 1,
            event,
            digest: String::new(),
        };
        let href = row(&Links::new(""), &event).target_href;
        assert_eq!(
            href.as_deref(),
            Some("/models/nnUNet/A%20name%20with%20spaces")
        );
    }
}
