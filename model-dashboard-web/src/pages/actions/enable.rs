//! Enabling and disabling a model.

use model_dashboard::auth::Permission;
use model_dashboard::dashboard::Error;
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::{action, page_of, precondition, question};
use crate::kind::Kind;
use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit};
use crate::pages::{errors, model};
use crate::views::ModelAction;
use crate::views::components::field::Field;
use crate::views::confirm::{self, ConfirmReason, ConfirmView};

/// Asks before a model is enabled.
pub(in crate::pages) async fn ask_enable(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    ask_enabled(visit, key, true).await
}

/// Asks before a model is disabled.
pub(in crate::pages) async fn ask_disable(
    visit: Visit,
    key: ModelKey,
) -> Result<Response, Failure> {
    ask_enabled(visit, key, false).await
}

async fn ask_enabled(visit: Visit, key: ModelKey, enable: bool) -> Result<Response, Failure> {
    visit.require(Permission::ModelsEnable).await?;
    let model = visit.dashboard().model(&visit.caller, &key).await?;
    let alias = model.definition.alias();
    let (verb, consequence) = match enable {
        true => ("Enable", "Inference jobs may use it from then on."),
        false => (
            "Disable",
            "Inference jobs may no longer use it. Jobs that run already go on.",
        ),
    };
    let view = ConfirmView {
        heading: format!("{verb} {alias}?"),
        consequences: vec![consequence.to_owned()],
        action: action(
            &visit,
            &key,
            if enable {
                ModelAction::Enable
            } else {
                ModelAction::Disable
            },
        ),
        button: format!("{verb} the model"),
        danger: false,
        reason: Some(ConfirmReason {
            required: false,
            ..ConfirmReason::default()
        }),
        ..question(&visit, &model)
    };
    let frame = visit.frame().await;
    visit.page(&frame, confirm::page(&frame, &view)).await
}

/// Enables a model.
pub(in crate::pages) async fn enable(
    visit: Visit,
    key: ModelKey,
    form: Form,
) -> Result<Response, Failure> {
    set_enabled(visit, key, form, true).await
}

/// Disables a model.
pub(in crate::pages) async fn disable(
    visit: Visit,
    key: ModelKey,
    form: Form,
) -> Result<Response, Failure> {
    set_enabled(visit, key, form, false).await
}

async fn set_enabled(
    visit: Visit,
    key: ModelKey,
    form: Form,
    enable: bool,
) -> Result<Response, Failure> {
    let precondition = precondition(&form)?;
    let (dashboard, reason) = (visit.dashboard(), form.text("reason"));
    let outcome = dashboard
        .set_enabled(&visit.caller, &key, enable, precondition, reason)
        .await;
    let changed = match outcome {
        Ok(changed) => changed,
        // The page as it is now, with the reason that was typed.
        Err(
            error @ (Error::Invalid(_)
            | Error::Conflict { .. }
            | Error::Unavailable { .. }
            | Error::Busy { .. }),
        ) => {
            let now = dashboard.model(&visit.caller, &key).await?;
            let (status, text) = (
                Kind::of(&error).status,
                errors::sentence(&error.to_string()),
            );
            let reason = Field::new(reason);
            let mut response = model::show_with(&visit, &now, status, reason, Some(text)).await?;
            errors::say_when(response.headers_mut(), &error);
            return Ok(response);
        }
        Err(error) => return Err(error.into()),
    };
    let state = if enable { "enabled" } else { "disabled" };
    visit.done(
        &page_of(&visit, &key),
        format!("{} is {state}.", changed.definition.alias()),
    )
}
