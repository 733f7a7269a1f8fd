//! The audit log.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use model_dashboard::audit::{Action, ChainState, Event, EventFilter, EventPage};
use model_dashboard::dashboard::Error;
use model_dashboard::model::{FieldError, ModelKey, Timestamp};
use serde_json::json;
use tokio::sync::mpsc;
use warp::Reply;
use warp::reply::Response;

use crate::pages::actions::isolate;
use crate::pages::actor::Sources;
use crate::pages::csv::push_line;
use crate::pages::errors::sentence;
use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit};
use crate::views::Links;
use crate::views::admin::audit::{self, AuditQuery, AuditRow, AuditView, Chain, EventView};

/// How many events a page shows.
const PER_PAGE: usize = 100;
/// How many events are read at a time for an export.
const BATCH: usize = 1_000;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn query(visit: &Visit) -> (AuditQuery, Option<u64>) {
    let asked = Form::parse(visit.request.query.as_bytes());
    let text = |name| asked.text(name).trim().to_owned();
    let query = AuditQuery {
        who: text("who"),
        source: text("source"),
        action: text("action"),
        target: text("target"),
        from: text("from"),
        to: text("to"),
    };
    (query, asked.text("before").parse().ok())
}

/// What events call the target that was typed: a model may be named by its reference alone.
fn target(text: String) -> String {
    match text.split_once('/') {
        Some((network_type, _)) if !network_type.contains(':') => format!("model:{text}"),
        _ => text,
    }
}

/// The filter, or the fields whose dates cannot be read.
fn filter(query: &AuditQuery) -> Result<EventFilter, Vec<FieldError>> {
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let mut wrong = Vec::new();
    let mut day = |field: &str, text: &str| {
        let day = Timestamp::parse(text).ok();
        if day.is_none() && !text.is_empty() {
            let message = "give a day, such as 2026-03-01";
            wrong.push(FieldError::new(field, message));
        }
        day
    };
    let (from, to) = (day("from", &query.from), day("to", &query.to));
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(EventFilter {
        actions: given(&query.action).into_iter().collect(),
        actor: given(&query.who),
        source: given(&query.source),
        target: given(&query.target).map(target),
        since: from,
        // The day itself belongs to it.
        until: to.map(|to| to.plus(DAY)),
    })
}

/// The list.
pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let (query, before) = query(&visit);
    let page = EventPage::Newest { before };
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let asked = Form::parse(visit.request.query.as_bytes());
    let (filter, wrong) = match filter(&query) {
        Ok(filter) => (filter, Vec::new()),
        Err(wrong) => (EventFilter::default(), wrong),
    };
    let mut events = dashboard
        .events(caller, &filter, page, PER_PAGE + 1)
        .await?;
    if !wrong.is_empty() {
        events.clear();
    }
    // It reads the whole log, so only when asked.
    let chain = match asked.text("check") {
        "" => None,
        _ => Some(chain(dashboard.verify_audit(caller).await?)),
    };
    let more = events.len() > PER_PAGE;
    events.truncate(PER_PAGE);
    let older = events.last().filter(|_| more).map(|last| {
        let mut pairs = query.pairs();
        pairs.push(("before", last.seq.to_string()));
        visit.links().query("/admin/audit", pairs)
    });
    let sources = Sources::new(&visit);
    let chosen = Some(query.source.as_str()).filter(|source| !source.is_empty());
    let view = AuditView {
        sources: sources.choices(chosen),
        actions: Action::names().map(str::to_owned).collect(),
        rows: events
            .iter()
            .map(|event| row(visit.links(), &sources, event))
            .collect(),
        newer: before.map(|_| query.href(visit.links())),
        older,
        chain,
        wrong: wrong
            .into_iter()
            .map(|wrong| (wrong.field, sentence(&wrong.message)))
            .collect(),
        query,
    };
    let status = match view.wrong.as_slice() {
        [] => StatusCode::OK,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let frame = visit.frame().await;
    let markup = audit::list(&frame, &view);
    visit.page_with(status, &frame, markup).await
}

/// What a check of the chain found, in words.
fn chain(state: ChainState) -> Chain {
    match state {
        ChainState::Intact { events, head } => Chain {
            intact: true,
            text: match head {
                Some((number, digest)) => format!(
                    "All {events} events are as they were written. The newest is {number}, with \
                     the digest {digest}: compare it with the program's log."
                ),
                None => "The log is empty.".to_owned(),
            },
        },
        ChainState::Broken { at, problem } => Chain {
            intact: false,
            text: format!("The chain breaks at event {at}: {problem}."),
        },
        _ => Chain {
            intact: false,
            text: "The chain could not be checked.".to_owned(),
        },
    }
}

fn row(links: &Links, sources: &Sources, entry: &Event) -> AuditRow {
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
        who: sources.actor(event.who(), event.source()),
        nobody: event.actor.is_empty() && event.actor_name.is_empty(),
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
        row: row(visit.links(), &Sources::new(&visit), &entry),
        request_id: entry.event.request_id.clone(),
        digest: entry.digest.clone(),
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

impl Format {
    fn head(self) -> String {
        match self {
            Format::Csv => "seq,at,actor,actor_name,via,from,request_id,action,target,revision,\
                            reason,detail,digest\r\n"
                .to_owned(),
            Format::JsonLines => String::new(),
        }
    }

    fn push(self, out: &mut String, events: &[Event]) {
        for entry in events {
            match self {
                Format::Csv => push_csv(out, entry),
                Format::JsonLines => {
                    out.push_str(&value(entry).to_string());
                    out.push('\n');
                }
            }
        }
    }
}

/// The events that match as a file, newest first, however many. They are read while they are sent,
/// a batch ahead; a failure on the way ends the file early, which a browser tells.
pub(super) async fn export(visit: Visit, format: Format) -> Result<Response, Failure> {
    let (query, _) = query(&visit);
    let filter = filter(&query).map_err(Error::Invalid)?;
    let batch = async move |visit: &Visit, before| {
        let page = EventPage::Newest { before };
        let dashboard = visit.dashboard();
        dashboard.events(&visit.caller, &filter, page, BATCH).await
    };
    let mut events = batch(&visit, None).await?;
    let mut text = format.head();
    format.push(&mut text, &events);
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, Error>>(1);
    tokio::spawn(async move {
        // Whoever has gone away takes nothing more.
        while sender.send(Ok(Bytes::from(text))).await.is_ok() && events.len() == BATCH {
            events = match batch(&visit, events.last().map(|last| last.seq)).await {
                Ok(events) => events,
                Err(error) => {
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            };
            text = String::new();
            format.push(&mut text, &events);
        }
    });
    let chunks = futures::stream::poll_fn(move |context| receiver.poll_recv(context));
    let (kind, name) = match format {
        Format::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"audit.csv\"",
        ),
        Format::JsonLines => ("application/jsonl", "attachment; filename=\"audit.jsonl\""),
    };
    let mut response = warp::reply::stream(chunks).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    isolate(headers);
    Ok(response)
}

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
    push_line(out, &fields);
}

#[cfg(test)]
mod tests {
    use model_dashboard::audit::NewEvent;

    use super::*;

    #[test]
    fn a_model_is_a_target_with_and_without_its_kind() {
        for (typed, wanted) in [
            ("nnUNet/Api2", "model:nnUNet/Api2"),
            ("model:nnUNet/Api2", "model:nnUNet/Api2"),
            ("user:local:7", "user:local:7"),
            ("audit", "audit"),
        ] {
            assert_eq!(target(typed.to_owned()), wanted);
        }
    }

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
        let href = row(&Links::new(""), &Sources::default(), &event).target_href;
        assert_eq!(
            href.as_deref(),
            Some("/models/nnUNet/A%20name%20with%20spaces")
        );
    }
}
