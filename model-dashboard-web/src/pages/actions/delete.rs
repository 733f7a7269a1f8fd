//! Deleting a model.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::Error;
use model_dashboard::model::{ModelKey, Version};
use model_dashboard::repository::Precondition;
use warp::reply::Response;

use super::{action, page_of, precondition};
use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit};
use crate::views::components::field::Field;
use crate::views::confirm::{self, ConfirmReason, ConfirmView};
use crate::views::{ModelAction, Section};

/// Asks before a model is deleted, also a broken one.
pub(in crate::pages) async fn ask_delete(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let raw = visit.dashboard().raw(&visit.caller, &key).await?;
    let enabled = match raw.broken {
        Some(_) => false,
        None => visit
            .dashboard()
            .model(&visit.caller, &key)
            .await?
            .definition
            .enabled(),
    };
    show_delete(
        &visit,
        &key,
        &raw.version,
        enabled,
        Field::default(),
        StatusCode::OK,
    )
    .await
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
    let precondition = precondition(&form)?;
    let reason = form.text("reason");
    match visit
        .dashboard()
        .delete(&visit.caller, &key, precondition.clone(), reason)
        .await
    {
        Ok(()) => visit.done(&visit.links().models(), format!("{key} was deleted.")),
        Err(Error::Invalid(wrong)) => {
            let message = wrong.first().map(|w| w.message.clone()).unwrap_or_default();
            let Precondition::Version(version) = precondition else {
                return Err(Failure::Form);
            };
            let field = Field::new(reason).wrong(message);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show_delete(&visit, &key, &version, true, field, status).await
        }
        Err(error) => Err(error.into()),
    }
}
