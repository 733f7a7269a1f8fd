//! Tests of the model types: by example, over an existing installation's data, and by property.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod comparison;
mod dates;
mod definition;
mod existing_installation;
mod json;
mod labels;
mod merge;
mod names;
mod properties;
mod registry;
mod summary;

use super::{DuplicateKeys, JsonObject, ModelDefinition};

/// An object, as if someone had sent it.
fn object(text: &str) -> JsonObject {
    JsonObject::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap()
}

/// A definition, as if a bucket held it.
fn definition(text: &str) -> ModelDefinition {
    ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins).unwrap()
}
