//! Giving a model another name or type.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::Error;
use model_dashboard::model::ModelKey;
use model_dashboard::repository::Precondition;
use warp::reply::Response;

use super::{after, new_key, page_of, seen};
use crate::kind::Kind;
use crate::pages::definition::known_types;
use crate::pages::errors;
use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit};
use crate::views::components::field::Field;
use crate::views::rename::{self, RenameView};

/// The form for another name.
pub(in crate::pages) async fn rename_form(
    visit: Visit,
    key: ModelKey,
) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let model = visit.dashboard().model(&visit.caller, &key).await?;
    visit
        .require_change(&key, model.definition.enabled())
        .await?;
    let view = RenameView {
        if_match: model.version.to_string(),
        network_type: Field::new(key.network_type.as_str()),
        name: Field::new(key.name.as_str()),
        alias: model.definition.alias(),
        enabled: model.definition.enabled(),
        ..RenameView::default()
    };
    show_rename(&visit, &key, view, StatusCode::OK).await
}

async fn show_rename(
    visit: &Visit,
    key: &ModelKey,
    mut view: RenameView,
    status: StatusCode,
) -> Result<Response, Failure> {
    view.old_type = key.network_type.to_string();
    view.old_name = key.name.to_string();
    view.known_types = known_types(&*visit.dashboard().picture(&visit.caller).await?);
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, rename::page(&frame, &view))
        .await
}

/// Renames, or moves to another type.
pub(in crate::pages) async fn rename(
    visit: Visit,
    key: ModelKey,
    form: Form,
) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let seen = seen(&form)?;
    let dashboard = visit.dashboard();
    // From memory: what was typed is shown again also when the store cannot be asked.
    let known = dashboard.picture(&visit.caller).await?.get(&key);
    let mut view = RenameView {
        if_match: seen.to_string(),
        alias: known
            .as_ref()
            .map(|known| known.alias().into_owned())
            .unwrap_or_default(),
        enabled: known.is_some_and(|known| known.enabled()),
        network_type: Field::new(form.text("network_type")),
        name: Field::new(form.text("name")),
        reason: Field::new(form.text("reason")),
        ..RenameView::default()
    };
    let target = new_key(&mut view.network_type, &mut view.name);
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let Some(to) = target else {
        return show_rename(&visit, &key, view, unprocessable).await;
    };
    let (precondition, reason) = (Precondition::Version(seen), view.reason.value.clone());
    let caller = &visit.caller;
    view.as_typed = form.text("as_typed") == "yes";
    let as_typed = view.as_typed;
    let renamed = dashboard.rename(caller, &key, &to, as_typed, precondition, &reason);
    match renamed.await {
        Ok(_) => visit.done(&page_of(&visit, &to), format!("{key} is now {to}.")),
        Err(Error::Invalid(wrong)) => {
            for error in wrong {
                let field = match error.field.as_str() {
                    "message" => &mut view.reason,
                    "network_type" => &mut view.network_type,
                    _ => &mut view.name,
                };
                *field = std::mem::take(field).wrong(error.message);
            }
            show_rename(&visit, &key, view, unprocessable).await
        }
        Err(Error::Mismatched { mismatches, .. }) => {
            view.mismatches = mismatches.iter().map(ToString::to_string).collect();
            show_rename(&visit, &key, view, StatusCode::CONFLICT).await
        }
        Err(Error::Exists { .. }) => {
            view.name = view
                .name
                .wrong("there is a model of this type and name already");
            show_rename(&visit, &key, view, StatusCode::CONFLICT).await
        }
        Err(error) if errors::may_try_again(&error) => {
            let (version, enabled) = after(&visit, &key, seen, &error).await?;
            view.if_match = version.to_string();
            view.enabled = enabled;
            view.error = Some(errors::sentence(&error.to_string()));
            let status = Kind::of(&error).status;
            let mut response = show_rename(&visit, &key, view, status).await?;
            errors::say_when(response.headers_mut(), &error);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}
