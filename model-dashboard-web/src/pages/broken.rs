//! Definitions that do not parse, and their raw editor.

use http::StatusCode;
use model_dashboard::dashboard::Error;
use model_dashboard::model::{DuplicateKeys, JsonObject, ModelKey, Version};
use warp::reply::Response;

use super::errors::{say_when, sentence};
use super::form::Form;
use super::visit::{Failure, Visit};
use crate::views::broken::{self, BrokenRow, BrokenView, Overtaken};
use crate::views::components::field::Field;
use crate::views::left_out::LeftOut;

/// The list.
pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let entries = visit.dashboard().broken(&visit.caller).await?;
    let rows: Vec<BrokenRow> = entries
        .iter()
        .filter_map(|entry| entry.broken())
        .map(|broken| BrokenRow {
            network_type: broken.key.network_type.to_string(),
            name: broken.key.name.to_string(),
            reason: match broken.position {
                Some(place) => {
                    format!(
                        "{} (line {}, column {})",
                        broken.reason, place.line, place.column
                    )
                }
                None => broken.reason.to_string(),
            },
            size: usize::try_from(broken.size).unwrap_or(usize::MAX),
        })
        .collect();
    let frame = visit.frame().await;
    let left_out = left_out(&visit).await?;
    let markup = broken::list(&frame, &rows, &left_out);
    visit.page(&frame, markup).await
}

/// What else lies in the model store; nothing for those who do not administer it.
pub(super) async fn left_out(visit: &Visit) -> Result<LeftOut, Failure> {
    if !visit.may().manage_system {
        return Ok(LeftOut::default());
    }
    let found = visit.dashboard().left_out(&visit.caller).await?;
    let unreadable = found.unreadable.iter();
    Ok(LeftOut {
        count: found.count,
        examples: found.examples.clone(),
        unreadable: unreadable
            .map(|one| (one.network_type.to_string(), one.reason.clone()))
            .collect(),
    })
}

/// The editor with what is stored, and where it is wrong.
pub(super) async fn editor(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    let raw = visit.dashboard().raw(&visit.caller, &key).await?;
    let text = String::from_utf8_lossy(&raw.bytes);
    let mut field = Field::new(text.as_ref());
    if let Some(broken) = &raw.broken {
        field = match broken.position {
            Some(place) => field.wrong_at(&*broken.reason, place.line, place.column),
            None => field.wrong(&*broken.reason),
        };
    }
    let view = BrokenView {
        too_large: raw.is_unread(),
        text: field,
        not_text: std::str::from_utf8(&raw.bytes).is_err(),
        if_match: raw.version.to_string(),
        ..of(&key)
    };
    show(&visit, StatusCode::OK, &view).await
}

/// Stores what was typed, once it is a definition.
pub(super) async fn save(visit: Visit, key: ModelKey, form: Form) -> Result<Response, Failure> {
    let Ok(version) = Version::parse(form.text("if_match")) else {
        return Err(Failure::Form);
    };
    let text = form.lines("text");
    let mut view = BrokenView {
        text: Field::new(text.clone()),
        if_match: version.to_string(),
        reason: Field::new(form.text("reason")),
        ..of(&key)
    };
    let (dashboard, reason) = (visit.dashboard(), form.text("reason"));
    match dashboard
        .replace_raw(&visit.caller, &key, text.as_bytes(), version, reason)
        .await
    {
        Ok(model) => {
            let to = visit
                .links()
                .model(key.network_type.as_str(), key.name.as_str());
            visit.done(
                &to,
                format!("{} can be read again.", model.definition.alias()),
            )
        }
        Err(Error::Invalid(wrong)) => {
            for error in wrong {
                if error.field == "message" {
                    view.reason = view.reason.wrong(error.message);
                    continue;
                }
                let message = match error.field.as_str() {
                    "" => error.message,
                    field => format!("{field}: {}", error.message),
                };
                view.text = match error.position {
                    Some(place) => view.text.wrong_at(message, place.line, place.column),
                    None => view.text.wrong(message),
                };
            }
            show(&visit, StatusCode::UNPROCESSABLE_ENTITY, &view).await
        }
        Err(Error::Conflict { .. }) => overtaken(&visit, &key, view, text).await,
        // What was typed must not be lost.
        Err(
            error @ (Error::NotFound { .. }
            | Error::Unavailable { .. }
            | Error::Busy { .. }
            | Error::Incomplete { .. }
            | Error::Untrusted { .. }
            | Error::PurgedPackage { .. }),
        ) => refused(&visit, view, &error).await,
        Err(error) => Err(error.into()),
    }
}

/// The editor with what was typed, and why it cannot be saved at this moment.
async fn refused(visit: &Visit, mut view: BrokenView, error: &Error) -> Result<Response, Failure> {
    view.error = Some(sentence(&error.to_string()));
    let status = crate::kind::Kind::of(error).status;
    let mut response = show(visit, status, &view).await?;
    say_when(response.headers_mut(), error);
    Ok(response)
}

/// The editor with what was typed beside what others have stored meanwhile; the next try replaces
/// that.
async fn overtaken(
    visit: &Visit,
    key: &ModelKey,
    mut view: BrokenView,
    typed: String,
) -> Result<Response, Failure> {
    let now = match visit.dashboard().raw(&visit.caller, key).await {
        Ok(now) => now,
        Err(error) => return refused(visit, view, &error).await,
    };
    view.if_match = now.version.to_string();
    let (now_text, typed) = told(&String::from_utf8_lossy(&now.bytes), &typed);
    view.overtaken = Some(Overtaken {
        now: now_text,
        typed,
        can_be_read: now.broken.is_none(),
    });
    show(visit, StatusCode::CONFLICT, &view).await
}

/// What is stored and what was typed as they can be compared: in the same form if both are JSON, and
/// then without what the registry writes by itself.
fn told(stored: &str, typed: &str) -> (String, String) {
    let read = |text: &str| JsonObject::parse(text.as_bytes(), DuplicateKeys::LastWins).ok();
    let (Some(mut stored), Some(typed)) = (read(stored), read(typed)) else {
        let lines = |text: &str| text.replace("\r\n", "\n");
        return (lines(stored), lines(typed));
    };
    for field in ["registry", "last_modified_date"] {
        if typed.get(field).is_none() {
            stored.remove(field);
        }
    }
    (stored.to_pretty(), typed.to_pretty())
}

fn of(key: &ModelKey) -> BrokenView {
    BrokenView {
        network_type: key.network_type.to_string(),
        name: key.name.to_string(),
        ..BrokenView::default()
    }
}

async fn show(visit: &Visit, status: StatusCode, view: &BrokenView) -> Result<Response, Failure> {
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, broken::editor(&frame, view))
        .await
}
