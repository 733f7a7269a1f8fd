//! What can be done to one model: enable, disable, delete, rename, derive, export.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Error, Model};
use model_dashboard::model::{ModelKey, ModelName, NetworkType, Version};
use model_dashboard::repository::Precondition;
use warp::reply::Response;

use super::definition::known_types;
use super::form::Form;
use super::visit::{Failure, Visit};
use super::{errors, model};
use crate::kind::Kind;
use crate::views::components::field::Field;
use crate::views::confirm::{self, ConfirmReason, ConfirmView};
use crate::views::derive::{self, DeriveView};
use crate::views::rename::{self, RenameView};
use crate::views::{ModelAction, Section};

/// How many models a field suggests.
const MOST_SUGGESTED: usize = 200;

/// Asks before a model is enabled.
pub(super) async fn ask_enable(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    ask_enabled(visit, key, true).await
}

/// Asks before a model is disabled.
pub(super) async fn ask_disable(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
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
pub(super) async fn enable(visit: Visit, key: ModelKey, form: Form) -> Result<Response, Failure> {
    set_enabled(visit, key, form, true).await
}

/// Disables a model.
pub(super) async fn disable(visit: Visit, key: ModelKey, form: Form) -> Result<Response, Failure> {
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

/// Asks before a model is deleted, also a broken one.
pub(super) async fn ask_delete(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
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
pub(super) async fn delete(visit: Visit, key: ModelKey, form: Form) -> Result<Response, Failure> {
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

/// The form for another name.
pub(super) async fn rename_form(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
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
pub(super) async fn rename(visit: Visit, key: ModelKey, form: Form) -> Result<Response, Failure> {
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
        Err(error) => Err(error.into()),
    }
}

/// The form for a copy of a model to choose.
pub(super) async fn derive_form(visit: Visit) -> Result<Response, Failure> {
    derive_form_from(visit, None).await
}

/// The form for a copy of this model.
pub(super) async fn derive_form_of(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
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
pub(super) async fn derive(visit: Visit, form: Form) -> Result<Response, Failure> {
    derive_from(visit, None, form).await
}

/// Makes a copy of this model.
pub(super) async fn derive_of(
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
    let target = new_key(&mut view.network_type, &mut view.name);
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
        Err(error) => Err(error.into()),
    }
}

/// The definition as a file.
pub(super) async fn export(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    let raw = visit.dashboard().raw(&visit.caller, &key).await?;
    let name = format!("{}.{}.json", key.network_type, key.name);
    Ok(download(Bytes::from_owner(raw.bytes), &name))
}

/// A JSON file to be kept.
pub(super) fn download(body: Bytes, name: &str) -> Response {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().map(plain).take(200).collect();
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // The name holds nothing that would need quoting.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    isolate(headers);
    response
}

/// A browser that opens a download after all must not run what is in it.
pub(super) fn isolate(headers: &mut HeaderMap) {
    let policy = HeaderValue::from_static("sandbox; default-src 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
}

/// The state that a form was made for.
pub(super) fn precondition(form: &Form) -> Result<Precondition, Failure> {
    match Version::parse(form.text("if_match")) {
        Ok(version) => Ok(Precondition::Version(version)),
        Err(_) => Err(Failure::Form),
    }
}

/// The key that was typed, or what is wrong beside each field.
fn new_key(network_type: &mut Field, name: &mut Field) -> Option<ModelKey> {
    let parsed_type = NetworkType::parse(network_type.value.trim());
    let parsed_name = ModelName::parse(name.value.trim());
    if let Err(error) = &parsed_type {
        *network_type = std::mem::take(network_type).wrong(error.to_string());
    }
    if let Err(error) = &parsed_name {
        *name = std::mem::take(name).wrong(error.to_string());
    }
    Some(ModelKey::new(parsed_type.ok()?, parsed_name.ok()?))
}

fn action(visit: &Visit, key: &ModelKey, action: ModelAction) -> String {
    visit
        .links()
        .model_action(key.network_type.as_str(), key.name.as_str(), action)
}

fn page_of(visit: &Visit, key: &ModelKey) -> String {
    visit
        .links()
        .model(key.network_type.as_str(), key.name.as_str())
}

fn question(visit: &Visit, model: &Model) -> ConfirmView {
    ConfirmView {
        section: Section::Models,
        heading: String::new(),
        consequences: Vec::new(),
        items: Vec::new(),
        action: String::new(),
        hidden: vec![("if_match".to_owned(), model.version.to_string())],
        button: String::new(),
        danger: false,
        back: page_of(visit, &model.key),
        reason: None,
    }
}
