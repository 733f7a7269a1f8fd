//! What can be done to one model: enable, disable, delete, rename, derive, export.

mod delete;
mod derive;
mod enable;
mod export;
mod rename;

use model_dashboard::dashboard::Model;
use model_dashboard::model::{ModelKey, ModelName, NetworkType, Version};
use model_dashboard::repository::Precondition;

pub(super) use self::delete::{ask_delete, delete};
pub(super) use self::derive::{derive, derive_form, derive_form_of, derive_of};
pub(super) use self::enable::{ask_disable, ask_enable, disable, enable};
pub(super) use self::export::{download, export, isolate};
pub(super) use self::rename::{rename, rename_form};
use super::form::Form;
use super::visit::{Failure, Visit};
use crate::views::components::field::Field;
use crate::views::confirm::ConfirmView;
use crate::views::{ModelAction, Section};

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
