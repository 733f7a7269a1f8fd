//! Which models there were at a time.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Doubt, Error, ModelAt, ModelsAt};
use model_dashboard::model::{FieldError, ModelKey, Timestamp};
use tokio::sync::mpsc;
use warp::Reply;
use warp::reply::Response;

use crate::pages::actions::isolate;
use crate::pages::csv::push_line;
use crate::pages::errors::sentence;
use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit};
use crate::views::admin::as_of::{self, AsOfRow, AsOfView, Found};
use crate::views::components::field::Field;

const PAGE: &str = "/admin/as-of";

/// How many models a page looks at, and a part of a file.
const PER_PAGE: usize = 100;

const HEAD: &str = "at,model,alias,version,enabled,revision,since,now,deleted_by_now,doubt\r\n";

/// The page.
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    visit.require(Permission::AuditRead).await?;
    let asked = Form::parse(visit.request.query.as_bytes());
    let typed = asked.text("at").trim();
    if typed.is_empty() {
        let view = AsOfView {
            at: Field::new(minute(Timestamp::now())),
            found: None,
        };
        return answer(&visit, &view, StatusCode::OK).await;
    }
    let after: Option<ModelKey> = asked.text("after").parse().ok();
    let found = async {
        let at = time(typed)?;
        let (dashboard, caller) = (visit.dashboard(), &visit.caller);
        let found = dashboard.models_at(caller, at, after.as_ref(), PER_PAGE);
        Ok((at, found.await?))
    };
    let (at, found) = match found.await {
        Ok(found) => found,
        Err(Error::Invalid(wrong)) => {
            let messages = wrong.first().map(|wrong| wrong.message.as_str());
            let wrong = sentence(messages.unwrap_or_default());
            let view = AsOfView {
                at: Field::new(typed).wrong(wrong),
                found: None,
            };
            return answer(&visit, &view, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        Err(error) => return Err(error.into()),
    };
    let links = visit.links();
    let query = |path: &str, after: Option<String>| {
        let after = after.map(|after| ("after", after));
        let pairs = [("at", typed.to_owned())].into_iter().chain(after);
        links.query(path, pairs)
    };
    let view = AsOfView {
        at: Field::new(typed),
        found: Some(Found {
            at: at.into(),
            rows: found.models.iter().map(row).collect(),
            untold: found.untold,
            first: after.map(|_| query(PAGE, None)),
            next: found.next.map(|next| query(PAGE, Some(next.to_string()))),
            csv: query("/admin/as-of/export.csv", None),
        }),
    };
    answer(&visit, &view, StatusCode::OK).await
}

async fn answer(visit: &Visit, view: &AsOfView, status: StatusCode) -> Result<Response, Failure> {
    let frame = visit.frame().await;
    let markup = as_of::page(&frame, view);
    visit.page_with(status, &frame, markup).await
}

/// A time as a browser sends it, or as people write it; without a zone it is in UTC.
fn time(typed: &str) -> Result<Timestamp, Error> {
    Timestamp::parse(typed).map_err(|_| {
        let message = "give a day and a time in UTC, such as 2026-03-01 14:30";
        Error::Invalid(vec![FieldError::new("at", message)])
    })
}

/// To the minute, as a control for times holds it.
fn minute(at: Timestamp) -> String {
    at.to_string()
        .chars()
        .take("2026-03-01T14:30".len())
        .collect()
}

fn row(model: &ModelAt) -> AsOfRow {
    AsOfRow {
        reference: model.key.to_string(),
        alias: model.alias.clone(),
        version: model.version.clone(),
        enabled: enabled(model),
        revision: model.revision,
        since: model.since.map(Into::into),
        now: (
            model.now.network_type.to_string(),
            model.now.name.to_string(),
        ),
        is_deleted: model.is_deleted,
        doubt: model.doubt.map(|doubt| told(doubt).to_owned()),
    }
}

/// Whether jobs could use it, where the state can be read.
fn enabled(model: &ModelAt) -> Option<bool> {
    match model.doubt {
        Some(Doubt::Unreadable) => None,
        _ => Some(model.enabled),
    }
}

fn told(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::ChangedOutsideLater => {
            "It was changed or removed outside of the dashboard and that was noticed later: it may \
             have been so already."
        }
        Doubt::NoHistory => {
            "Only other programs had written it by then, so there is no history of that time; this is \
             the oldest state that is known."
        }
        Doubt::Unreadable => "What it held cannot be read.",
        Doubt::NextUnreadable => "The next state cannot be read, and may have been there already.",
        Doubt::Falsified => {
            "What it held, or what came after it, was changed in the history by hand."
        }
        Doubt::Missing => "Its history lacks revisions of that time.",
        Doubt::Gone => {
            "Another program has removed it since, which may have been before that time already."
        }
        _ => "It may be wrong.",
    }
}

/// All models of that time as a file, read while they are sent, a part ahead; a failure on the way
/// ends the file early, which a browser tells.
pub(super) async fn export(visit: Visit) -> Result<Response, Failure> {
    visit.require(Permission::AuditRead).await?;
    let asked = Form::parse(visit.request.query.as_bytes());
    let at = time(asked.text("at").trim())?;
    let part = async move |visit: &Visit, after: Option<&ModelKey>| {
        let dashboard = visit.dashboard();
        dashboard
            .models_at(&visit.caller, at, after, PER_PAGE)
            .await
    };
    let mut found = part(&visit, None).await?;
    let mut text = HEAD.to_owned();
    push(&mut text, at, &found);
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, Error>>(1);
    tokio::spawn(async move {
        // Whoever has gone away takes nothing more.
        while sender.send(Ok(Bytes::from(text))).await.is_ok() {
            let Some(after) = found.next.take() else {
                return;
            };
            found = match part(&visit, Some(&after)).await {
                Ok(found) => found,
                Err(error) => {
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            };
            text = String::new();
            push(&mut text, at, &found);
        }
    });
    let chunks = futures::stream::poll_fn(move |context| receiver.poll_recv(context));
    let mut response = warp::reply::stream(chunks).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let name = HeaderValue::from_static("attachment; filename=\"models-as-of.csv\"");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CONTENT_DISPOSITION, name);
    isolate(headers);
    Ok(response)
}

fn push(out: &mut String, at: Timestamp, found: &ModelsAt) {
    let text = |value: Option<String>| value.unwrap_or_default();
    for model in &found.models {
        let fields = [
            at.to_string(),
            model.key.to_string(),
            model.alias.clone(),
            model.version.clone(),
            text(enabled(model).map(|enabled| enabled.to_string())),
            text(model.revision.map(|revision| revision.to_string())),
            text(model.since.map(|since| since.to_string())),
            model.now.to_string(),
            model.is_deleted.to_string(),
            text(model.doubt.map(|doubt| told(doubt).to_owned())),
        ];
        push_line(out, &fields);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_time_is_read_as_it_is_shown() {
        let at = Timestamp::parse("2026-03-01T14:30:59.5Z").unwrap();
        assert_eq!(minute(at), "2026-03-01T14:30");
        let expected = Timestamp::parse("2026-03-01T14:30:00Z").unwrap();
        for typed in [
            "2026-03-01T14:30",
            "2026-03-01 14:30",
            "2026-03-01T15:30:00+01:00",
        ] {
            assert_eq!(time(typed).unwrap(), expected, "{typed}");
        }
        assert!(time("yesterday").is_err());
    }
}
