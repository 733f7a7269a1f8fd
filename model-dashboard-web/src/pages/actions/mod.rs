//! What can be done to one model: enable, disable, delete, rename, derive, export.

mod delete;
mod derive;
mod enable;
mod export;
mod rename;

use model_dashboard::dashboard::{Confirmed, Error};
use model_dashboard::model::{ModelKey, ModelName, NetworkType, Version};

pub(super) use self::delete::{ask_delete, delete};
pub(super) use self::derive::{derive, derive_form, derive_form_of, derive_of};
pub(super) use self::enable::{ask_disable, ask_enable, disable, enable};
pub(super) use self::export::{as_download, export, isolate};
pub(super) use self::rename::{rename, rename_form};
use super::form::Form;
use super::visit::{Failure, Visit};
use crate::views::ModelAction;
use crate::views::components::field::Field;

/// The state that a form was made for: nothing but it is changed.
pub(super) fn seen(form: &Form) -> Result<Version, Failure> {
    Version::parse(form.text("if_match")).map_err(|_| Failure::Form)
}

/// What of that may break jobs is ticked.
pub(super) fn confirmed(form: &Form) -> Confirmed {
    Confirmed {
        breaking: form.text("breaking") == "yes",
        incomplete: form.text("incomplete") == "yes",
    }
}

/// The state that a form is about when it is shown again after an error, and whether the model is
/// enabled. Only a conflict shows another than was seen: to agree to it unseen would be an
/// overwrite. The store is not asked, for it may be what failed.
async fn after(
    visit: &Visit,
    key: &ModelKey,
    seen: Version,
    error: &Error,
) -> Result<(Version, bool), Failure> {
    if let Error::Conflict {
        current: Some(now), ..
    } = error
    {
        return Ok((now.version, now.definition.enabled()));
    }
    let known = visit.dashboard().picture(&visit.caller).await?.get(key);
    let enabled = known.as_ref().is_some_and(|known| known.enabled());
    let now = known.and_then(|known| known.version());
    let version = match error {
        Error::Conflict { .. } => now.unwrap_or(seen),
        _ => seen,
    };
    Ok((version, enabled))
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

pub(super) fn page_of(visit: &Visit, key: &ModelKey) -> String {
    visit
        .links()
        .model(key.network_type.as_str(), key.name.as_str())
}
