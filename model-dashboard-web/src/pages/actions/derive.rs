//! Making a model as a copy of another.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::Error;
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::{new_key, page_of};
use crate::kind::Kind;
use crate::pages::definition::known_types;
use crate::pages::errors;
use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit};
use crate::views::components::field::Field;
use crate::views::derive::{self, DeriveView};

/// How many models a field suggests.
const MOST_SUGGESTED: usize = 200;

/// The form for a copy of a model to choose.
pub(in crate::pages) async fn derive_form(visit: Visit) -> Result<Response, Failure> {
    derive_form_from(visit, None).await
}

/// The form for a copy of this model.
pub(in crate::pages) async fn derive_form_of(
    visit: Visit,
    key: ModelKey,
) -> Result<Response, Failure> {
    derive_form_from(visit, Some(key)).await
}

async fn derive_form_from(visit: Visit, source: Option<ModelKey>) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let mut view = DeriveView::default();
    if let Some(key) = &source {
        let model = visit.dashboard().model(&visit.caller, key).await?;
        view.network_type = Field::new(key.network_type.as_str());
        view.name = Field::new(format!("{}-copy", key.name));
        view.alias = Field::new(format!("{} (copy)", model.definition.alias()));
    }
    show_derive(&visit, source.as_ref(), view, StatusCode::OK).await
}

async fn show_derive(
    visit: &Visit,
    source: Option<&ModelKey>,
    mut view: DeriveView,
    status: StatusCode,
) -> Result<Response, Failure> {
    let picture = visit.dashboard().picture(&visit.caller).await?;
    view.source = source.map(|key| (key.network_type.to_string(), key.name.to_string()));
    view.known_types = known_types(&picture);
    if source.is_none() {
        let models = picture.entries().take(MOST_SUGGESTED);
        view.known_models = models.map(|entry| entry.key().to_string()).collect();
    }
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, derive::page(&frame, &view))
        .await
}

/// Makes a copy of the model that was chosen.
pub(in crate::pages) async fn derive(visit: Visit, form: Form) -> Result<Response, Failure> {
    derive_from(visit, None, form).await
}

/// Makes a copy of this model.
pub(in crate::pages) async fn derive_of(
    visit: Visit,
    key: ModelKey,
    form: Form,
) -> Result<Response, Failure> {
    derive_from(visit, Some(key), form).await
}

async fn derive_from(
    visit: Visit,
    source: Option<ModelKey>,
    form: Form,
) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let field = |name| Field::new(form.text(name));
    let mut view = DeriveView {
        from: field("from"),
        network_type: field("network_type"),
        name: field("name"),
        alias: field("alias"),
        reason: field("reason"),
        ..DeriveView::default()
    };
    let from = match &source {
        Some(key) => Some(key.clone()),
        None => match view.from.value.trim().parse::<ModelKey>() {
            Ok(key) => Some(key),
            Err(error) => {
                view.from = view.from.wrong(error.to_string());
                None
            }
        },
    };
    let like_source = source.is_none() && view.network_type.value.trim().is_empty();
    if let (true, Some(from)) = (like_source, &from) {
        view.network_type.value = from.network_type.to_string();
    }
    let target = new_key(&mut view.network_type, &mut view.name);
    if like_source && from.is_none() {
        // It may stay empty: what is wrong is the source.
        view.network_type.error = None;
    }
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let (Some(from), Some(to)) = (from, target) else {
        return show_derive(&visit, source.as_ref(), view, unprocessable).await;
    };
    let (dashboard, reason) = (visit.dashboard(), view.reason.value.clone());
    let alias = Some(view.alias.value.trim()).filter(|alias| !alias.is_empty());
    match dashboard
        .derive(&visit.caller, &from, &to, alias, &reason)
        .await
    {
        Ok(_) => visit.done(
            &page_of(&visit, &to),
            format!("{to} was made from {from}. It is disabled."),
        ),
        Err(Error::Exists { .. }) => {
            view.name = view
                .name
                .wrong("there is a model of this type and name already");
            show_derive(&visit, source.as_ref(), view, StatusCode::CONFLICT).await
        }
        Err(Error::NotFound { what, .. }) if source.is_none() => {
            view.from = view.from.wrong(format!("{what} was not found"));
            show_derive(&visit, source.as_ref(), view, unprocessable).await
        }
        Err(Error::Invalid(wrong)) => {
            let message = wrong
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; ");
            view.error = Some(errors::sentence(&message));
            show_derive(&visit, source.as_ref(), view, unprocessable).await
        }
        Err(error) if errors::may_try_again(&error) => {
            view.error = Some(errors::sentence(&error.to_string()));
            let status = Kind::of(&error).status;
            let mut response = show_derive(&visit, source.as_ref(), view, status).await?;
            errors::say_when(response.headers_mut(), &error);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}
