//! What is wrong with a definition, said field by field.

use std::fmt;

use super::json::{
    DuplicateKeys, JsonError, JsonKind, JsonObject, Position, decode_string, too_large_message,
};
use super::{ContourNames, MAX_DEFINITION_BYTES, ModelDefinition, ModelKey};

/// What is wrong with a field, to be shown beside it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// The field, with a dot before what lies inside it; empty for the definition as a whole.
    pub field: String,
    /// What is wrong and what is expected.
    pub message: String,
    /// Where in the text, if there is one.
    pub position: Option<Position>,
}

impl FieldError {
    /// An error without a place in a text.
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
            position: None,
        }
    }

    /// A field whose text is not the JSON that it should be; the position is within that text.
    #[must_use]
    pub fn json(field: impl Into<String>, error: &JsonError) -> Self {
        Self {
            position: Some(error.position()),
            ..Self::new(field, error.message())
        }
    }
}

/// What a definition says about its own name and type where its key says otherwise. The key
/// outranks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The name inside, if it differs.
    pub name: Option<String>,
    /// The network type inside, if it differs.
    pub network_type: Option<String>,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.network_type, &self.name) {
            (Some(t), Some(n)) => write!(f, "the definition calls itself {t}/{n}"),
            (Some(t), None) => write!(f, "the definition says network type {t}"),
            (None, Some(n)) => write!(f, "the definition says name {n}"),
            (None, None) => Ok(()),
        }
    }
}

impl ModelDefinition {
    /// Parses a definition that someone sends: duplicate keys and wrong types are refused, each
    /// with its field and place.
    pub fn parse_checked(bytes: &[u8]) -> Result<Self, Vec<FieldError>> {
        let (object, positions) = JsonObject::parse_located(bytes, DuplicateKeys::Refuse)
            .map_err(|error| vec![FieldError::json("", &error)])?;
        let definition = Self::from(object);
        let mut errors = definition.check();
        if errors.is_empty() {
            return Ok(definition);
        }
        for error in &mut errors {
            let field = error.field.split('.').next().unwrap_or_default();
            let place = definition
                .as_object()
                .iter()
                .position(|(key, _)| key == field);
            error.position = place.map(|place| positions[place]);
        }
        Err(errors)
    }

    /// Every known field of a type that it should not have, and a definition that is too large.
    /// At most [`MAX_LABEL_ERRORS`](super::MAX_LABEL_ERRORS) labels are named.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = self.check_fields();
        errors.extend(self.read_labels().1);
        errors
    }

    /// [`Self::check`] without a look into `contour_names`.
    pub(super) fn check_fields(&self) -> Vec<FieldError> {
        use JsonKind::{Bool, Null, Number, Object, String};
        let object = self.as_object();
        let mut errors = Vec::new();
        for (field, expected, allowed) in [
            ("name", "a text", &[String][..]),
            ("network_type", "a text", &[String]),
            ("enabled", "true or false", &[Bool, Null]),
            ("alias", "a text", &[String, Null]),
            ("description", "a text", &[String, Null]),
            (
                "contour_names",
                "an object of label numbers and names",
                &[Object, Null],
            ),
            ("inference_information", "an object", &[Object, Null]),
            ("inference_args", "a text", &[String, Null]),
            ("create_date", "a text", &[String, Null]),
            ("last_modified_date", "a text", &[String, Null]),
            ("version", "a text", &[String, Number, Null]),
        ] {
            if let Some(kind) = object.kind(field).filter(|kind| !allowed.contains(kind)) {
                errors.push(FieldError::new(
                    field,
                    format!("expected {expected}, found {kind}"),
                ));
            }
        }
        let size = object.encoded_len();
        if size > MAX_DEFINITION_BYTES {
            errors.push(FieldError::new("", too_large_message(size as u64)));
        }
        errors
    }

    /// The labels that can be read, and what is wrong with the others.
    pub(super) fn read_labels(&self) -> (ContourNames, Vec<FieldError>) {
        let labels = self.as_object().view("contour_names").unwrap_or_default();
        ContourNames::read(labels.iter())
    }

    /// Whether there is nothing in it that an inference can use: no labels, no information of the
    /// framework, no arguments. It still is a model; whether it should be, people decide.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        let object = self.as_object();
        let says_nothing = |field: &str| match object.kind(field) {
            None | Some(JsonKind::Null) => true,
            Some(JsonKind::Object) => object
                .view(field)
                .is_none_or(|inner| inner.iter().next().is_none()),
            Some(JsonKind::String) => object
                .get(field)
                .and_then(decode_string)
                .is_none_or(|text| text.trim().is_empty()),
            // Of a wrong type, but there.
            Some(_) => false,
        };
        ["contour_names", "inference_information", "inference_args"]
            .into_iter()
            .all(says_nothing)
    }

    /// Whether the definition gives itself another name or network type than its key.
    #[must_use]
    pub fn contradicts(&self, key: &ModelKey) -> Option<Contradiction> {
        let name = self.name().filter(|name| name != key.name.as_str());
        let network_type = self
            .network_type()
            .filter(|t| t != key.network_type.as_str());
        (name.is_some() || network_type.is_some()).then_some(Contradiction { name, network_type })
    }
}
