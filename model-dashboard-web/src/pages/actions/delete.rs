//! Deleting a model.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::Error;
use model_dashboard::model::{ModelKey, Version};
use model_dashboard::repository::Precondition;
use warp::reply::Response;

use super::{action, after, page_of, seen};
use crate::kind::Kind;
use crate::pages::errors;
use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit};
use crate::views::activity::ActivityQuery;
use crate::views::components::Tone;
use crate::views::components::field::Field;
use crate::views::confirm::{self, ConfirmReason, ConfirmView};
use crate::views::{ModelAction, Section, Status};

/// Asks before a model is deleted, also a broken one.
pub(in crate::pages) async fn ask_delete(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let (version, enabled) = now(&visit, &key).await?;
    visit.require_change(&key, enabled).await?;
    let (reason, status) = (Field::default(), StatusCode::OK);
    show_delete(&visit, &key, &version, enabled, reason, status).await
}

/// What would be deleted, and whether it is enabled.
async fn now(visit: &Visit, key: &ModelKey) -> Result<(Version, bool), Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let raw = dashboard.raw(caller, key).await?;
    let enabled = match raw.broken {
        Some(_) => false,
        None => dashboard.model(caller, key).await?.definition.enabled(),
    };
    Ok((raw.version, enabled))
}

async fn show_delete(
    visit: &Visit,
    key: &ModelKey,
    version: &Version,
    enabled: bool,
    reason: Field,
    status: StatusCode,
) -> Result<Response, Failure> {
    let mut consequences =
        vec!["It disappears from lists and jobs cannot use it. Its history stays.".to_owned()];
    if enabled {
        consequences.insert(0, "It is enabled: jobs may be using it now.".to_owned());
    }
    let view = ConfirmView {
        section: Section::Models,
        heading: format!("Delete {key}?"),
        consequences,
        items: Vec::new(),
        action: action(visit, key, ModelAction::Delete),
        hidden: vec![("if_match".to_owned(), version.to_string())],
        button: "Delete the model".to_owned(),
        danger: true,
        back: page_of(visit, key),
        reason: Some(ConfirmReason {
            field: reason,
            required: enabled,
            example: "Why is it no longer needed?".to_owned(),
        }),
    };
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, confirm::page(&frame, &view))
        .await
}

/// Deletes.
pub(in crate::pages) async fn delete(
    visit: Visit,
    key: ModelKey,
    form: Form,
) -> Result<Response, Failure> {
    let seen = seen(&form)?;
    let reason = form.text("reason");
    match visit
        .dashboard()
        .delete(&visit.caller, &key, Precondition::Version(seen), reason)
        .await
    {
        Ok(()) => {
            let about = ActivityQuery {
                model: Some(key.to_string()),
                ..ActivityQuery::default()
            };
            let status = Status {
                tone: Tone::Ok,
                text: format!("{key} was deleted."),
                action: Some(("What was changed".to_owned(), about.href(visit.links()))),
            };
            visit.leave(&visit.links().models(), &status)
        }
        Err(Error::Invalid(wrong)) => {
            let message = wrong.first().map(|w| w.message.clone()).unwrap_or_default();
            let field = Field::new(reason).wrong(message);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show_delete(&visit, &key, &seen, true, field, status).await
        }
        Err(error) if errors::may_try_again(&error) => {
            let (version, enabled) = after(&visit, &key, seen, &error).await?;
            let reason = Field::new(reason).wrong(errors::sentence(&error.to_string()));
            let status = Kind::of(&error).status;
            let mut response = show_delete(&visit, &key, &version, enabled, reason, status).await?;
            errors::say_when(response.headers_mut(), &error);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}
