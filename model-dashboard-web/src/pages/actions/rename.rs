//! Giving a model another name or type.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Error, Model};
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::{new_key, page_of, precondition};
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
    let view = RenameView {
        if_match: model.version.to_string(),
        network_type: Field::new(key.network_type.as_str()),
        name: Field::new(key.name.as_str()),
        ..RenameView::default()
    };
    show_rename(&visit, &model, view, StatusCode::OK).await
}

async fn show_rename(
    visit: &Visit,
    model: &Model,
    mut view: RenameView,
    status: StatusCode,
) -> Result<Response, Failure> {
    view.old_type = model.key.network_type.to_string();
    view.old_name = model.key.name.to_string();
    view.alias = model.definition.alias();
    view.enabled = model.definition.enabled();
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
    let mut view = RenameView {
        if_match: form.text("if_match").to_owned(),
        network_type: Field::new(form.text("network_type")),
        name: Field::new(form.text("name")),
        reason: Field::new(form.text("reason")),
        ..RenameView::default()
    };
    let target = new_key(&mut view.network_type, &mut view.name);
    let model = visit.dashboard().model(&visit.caller, &key).await?;
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let Some(to) = target else {
        return show_rename(&visit, &model, view, unprocessable).await;
    };
    let precondition = precondition(&form)?;
    let (dashboard, reason) = (visit.dashboard(), view.reason.value.clone());
    match dashboard
        .rename(&visit.caller, &key, &to, precondition, &reason)
        .await
    {
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
            show_rename(&visit, &model, view, unprocessable).await
        }
        Err(Error::Exists { .. }) => {
            view.name = view
                .name
                .wrong("there is a model of this type and name already");
            show_rename(&visit, &model, view, StatusCode::CONFLICT).await
        }
        Err(error) if errors::may_try_again(&error) => {
            let now = dashboard.model(&visit.caller, &key).await?;
            view.if_match = now.version.to_string();
            view.error = Some(errors::sentence(&error.to_string()));
            let status = Kind::of(&error).status;
            let mut response = show_rename(&visit, &now, view, status).await?;
            errors::say_when(response.headers_mut(), &error);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}
