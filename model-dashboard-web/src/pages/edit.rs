//! Creating and editing definitions.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Error, Model};
use model_dashboard::model::{
    FieldError, ModelDefinition, ModelKey, ModelName, NetworkType, Version,
};
use model_dashboard::repository::Precondition;
use warp::reply::Response;

use super::conflict::Seen;
use super::definition::{apply, fill, show_errors, shown, suggest, typed};
use super::form::Form;
use super::visit::{Failure, Visit, redirect};
use super::{conflict, errors, gone, settle};
use crate::views::components::field::Field;
use crate::views::definition_form::{self, DefinitionForm, Edited};

/// The empty form. `network_type` and `name` in the address fill it.
pub(super) async fn create_form(visit: Visit) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let asked = Form::parse(visit.request.query.as_bytes());
    let form = DefinitionForm {
        network_type: Field::new(asked.text("network_type")),
        name: Field::new(asked.text("name")),
        ..DefinitionForm::default()
    };
    show_create(&visit, StatusCode::OK, form).await
}

/// Makes a model of what was typed.
pub(super) async fn create(visit: Visit, form: Form) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let mut shown = typed(&form);
    if form.text("action") == "add-rows" {
        return show_create(&visit, StatusCode::OK, shown).await;
    }
    let Some((key, content)) = read_new(&mut shown) else {
        return show_create(&visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await;
    };
    let (dashboard, reason) = (visit.dashboard(), shown.reason.value.clone());
    match dashboard.create(&visit.caller, key, content, &reason).await {
        Ok(model) => {
            let (network_type, name) = (model.key.network_type.as_str(), model.key.name.as_str());
            let text = format!("{} was created. It is disabled.", model.definition.alias());
            visit.done(&visit.links().model(network_type, name), text)
        }
        Err(Error::Invalid(wrong)) => {
            show_errors(&mut shown, &wrong);
            show_create(&visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await
        }
        Err(Error::Exists { .. }) => {
            let taken = "there is a model of this type and name already";
            shown.name = std::mem::take(&mut shown.name).wrong(taken);
            show_create(&visit, StatusCode::CONFLICT, shown).await
        }
        Err(error) if is_passing(&error) => {
            shown.error = Some(errors::sentence(&error.to_string()));
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let mut response = show_create(&visit, status, shown).await?;
            errors::say_when(response.headers_mut(), &error);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// The key and the definition that were typed for a new model; `None` if something is wrong, which
/// stands beside its field then.
pub(super) fn read_new(shown: &mut DefinitionForm) -> Option<(ModelKey, ModelDefinition)> {
    let mut wrong = Vec::new();
    let mut refused = |field: &str, message: String| wrong.push(FieldError::new(field, message));
    let network_type = NetworkType::parse(shown.network_type.value.trim())
        .map_err(|e| refused("network_type", e.to_string()));
    let name =
        ModelName::parse(shown.name.value.trim()).map_err(|e| refused("name", e.to_string()));
    // The rest is looked at too, so that every mistake is told at once.
    let mut content = ModelDefinition::default();
    wrong.extend(fill(shown, &mut content).err().unwrap_or_default());
    let (Ok(network_type), Ok(name), true) = (network_type, name, wrong.is_empty()) else {
        show_errors(shown, &wrong);
        return None;
    };
    Some((ModelKey::new(network_type, name), content))
}

pub(super) async fn show_create(
    visit: &Visit,
    status: StatusCode,
    mut form: DefinitionForm,
) -> Result<Response, Failure> {
    suggest(&mut form, &*visit.dashboard().picture(&visit.caller).await?);
    let frame = visit.frame().await;
    let markup = definition_form::create(&frame, &form);
    visit.page_with(status, &frame, markup).await
}

/// The form with what is stored.
pub(super) async fn edit_form(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let model = match visit.dashboard().model(&visit.caller, &key).await {
        Err(Error::Broken { .. }) => return Ok(to_editor(&visit, &key)),
        found => found?,
    };
    visit
        .require_change(&key, model.definition.enabled())
        .await?;
    let form = shown(&model.definition);
    let seen = Seen::now(&model, &form);
    show_edit(&visit, StatusCode::OK, &model, form, &seen).await
}

/// To the editor of raw text, for what no form can be filled from.
pub(super) fn to_editor(visit: &Visit, key: &ModelKey) -> Response {
    let links = visit.links();
    redirect(&links.broken(key.network_type.as_str(), key.name.as_str()))
}

/// Saves what was typed, if the model still is what the form was filled from.
pub(super) async fn edit(visit: Visit, key: ModelKey, form: Form) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let found = visit.dashboard().model(&visit.caller, &key).await;
    let settled = settle::read(form.clone())?;
    let seen = Seen::of(&form, &settled.open);
    let mut shown = typed(&settled.form);
    let model = match found {
        Err(Error::NotFound { .. }) => return gone::show(&visit, &key, shown, &seen).await,
        found => found?,
    };
    if !settled.open.is_empty() {
        return conflict::show_again(&visit, &model, &shown, &form, &settled.open).await;
    }
    if form.text("action") == "add-rows" {
        return show_edit(&visit, StatusCode::OK, &model, shown, &seen).await;
    }
    let Ok(version) = Version::parse(&seen.if_match) else {
        return Err(Failure::Form);
    };
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    // Mistakes are told once it is settled what is saved.
    if version != model.version {
        return conflict::show(&visit, &model, &shown, &seen, None).await;
    }
    let mut content = model.definition.clone();
    if let Err(wrong) = apply(&shown, &mut content) {
        show_errors(&mut shown, &wrong);
        return show_edit(&visit, unprocessable, &model, shown, &seen).await;
    }
    if shown.put_right {
        content.set_key(&key);
    }
    let precondition = Precondition::Version(version);
    let (dashboard, reason) = (visit.dashboard(), shown.reason.value.clone());
    match dashboard
        .replace(&visit.caller, &key, content, precondition, &reason)
        .await
    {
        Ok(saved) if saved.version == model.version => {
            let to = visit
                .links()
                .model(key.network_type.as_str(), key.name.as_str());
            visit.done(
                &to,
                "Nothing was changed: what you typed is what is stored.",
            )
        }
        Ok(saved) => {
            let to = visit
                .links()
                .model(key.network_type.as_str(), key.name.as_str());
            let revision = saved.revision().map(|n| format!(" as revision {n}"));
            visit.done(&to, format!("Saved{}.", revision.unwrap_or_default()))
        }
        Err(Error::Invalid(wrong)) => {
            show_errors(&mut shown, &wrong);
            show_edit(&visit, unprocessable, &model, shown, &seen).await
        }
        Err(Error::Conflict { .. }) => match visit.dashboard().model(&visit.caller, &key).await {
            Err(Error::NotFound { .. }) => gone::show(&visit, &key, shown, &seen).await,
            now => conflict::show(&visit, &now?, &shown, &seen, None).await,
        },
        Err(Error::NotFound { .. }) => gone::show(&visit, &key, shown, &seen).await,
        Err(error) if is_passing(&error) => {
            shown.error = Some(errors::sentence(&error.to_string()));
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let mut response = show_edit(&visit, status, &model, shown, &seen).await?;
            errors::say_when(response.headers_mut(), &error);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether trying again later can help: then what was typed must not be lost.
pub(super) fn is_passing(error: &Error) -> bool {
    matches!(error, Error::Unavailable { .. } | Error::Busy { .. })
}

async fn show_edit(
    visit: &Visit,
    status: StatusCode,
    model: &Model,
    mut form: DefinitionForm,
    seen: &Seen,
) -> Result<Response, Failure> {
    form.network_type.value = model.key.network_type.to_string();
    form.name.value = model.key.name.to_string();
    suggest(&mut form, &*visit.dashboard().picture(&visit.caller).await?);
    let edited = Edited {
        alias: model.definition.alias(),
        enabled: model.definition.enabled(),
        if_match: seen.if_match.clone(),
        contradiction: model
            .definition
            .contradicts(&model.key)
            .map(|c| c.to_string()),
        base: seen.base.as_str().to_owned(),
    };
    let frame = visit.frame().await;
    let markup = definition_form::edit(&frame, &edited, &form);
    visit.page_with(status, &frame, markup).await
}
