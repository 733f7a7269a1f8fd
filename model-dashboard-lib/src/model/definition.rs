//! The definition of a model: one JSON object, of which everything unknown is kept.

use serde::{Serialize, Serializer};

use super::check::FieldError;
use super::inference_args::{InferenceArgs, derive};
use super::json::{DuplicateKeys, JsonError, JsonKind, JsonObject, decode_string, minify};
use super::labels::ContourNames;
use super::{ModelKey, ModelName, NetworkType, StoredDate, Timestamp};

/// A model definition.
///
/// Reading is tolerant: a missing field, null, or a value of the wrong type reads as the default
/// ([`Self::check`] names what is wrong). Writing touches the named field alone, and not even
/// that if it already says the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelDefinition {
    object: JsonObject,
}

impl ModelDefinition {
    /// An empty definition of a model with this key, every field present with its default.
    #[must_use]
    pub fn new(key: &ModelKey) -> Self {
        let mut definition = Self::default();
        definition.object.set_text("name", key.name.as_str());
        definition
            .object
            .set_text("network_type", key.network_type.as_str());
        for (field, default) in [
            ("enabled", "false"),
            ("alias", "\"\""),
            ("description", "\"\""),
            ("contour_names", "{}"),
            ("inference_information", "{}"),
            ("inference_args", "\"\""),
            ("create_date", "\"\""),
            ("last_modified_date", "\"\""),
            ("version", "\"\""),
        ] {
            definition.object.put(field, default.into());
        }
        definition
    }

    /// Parses a definition; see [`JsonObject::parse`] for the limits. Wrong types pass: see
    /// [`Self::check`] and [`Self::parse_checked`].
    pub fn parse(bytes: &[u8], duplicates: DuplicateKeys) -> Result<Self, JsonError> {
        JsonObject::parse(bytes, duplicates).map(Self::from)
    }

    /// The JSON text to store: compact between the fields, values as they stand.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.object.to_bytes()
    }

    /// All fields as they stand.
    #[must_use]
    pub fn as_object(&self) -> &JsonObject {
        &self.object
    }

    /// All fields, to be changed at will.
    pub fn as_object_mut(&mut self) -> &mut JsonObject {
        &mut self.object
    }

    /// The object inside.
    #[must_use]
    pub fn into_object(self) -> JsonObject {
        self.object
    }

    fn text(&self, field: &str) -> Option<String> {
        self.object.get(field).and_then(decode_string)
    }

    /// The name that the definition gives itself.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.text("name")
    }

    /// The network type that the definition gives itself.
    #[must_use]
    pub fn network_type(&self) -> Option<String> {
        self.text("network_type")
    }

    /// Whether an inference job may use the model; false unless it says `true`.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.object.get("enabled") == Some("true")
    }

    /// The alias as given, empty if there is none.
    #[must_use]
    pub fn given_alias(&self) -> String {
        self.text("alias").unwrap_or_default()
    }

    /// The name that people read: the alias, or else the name.
    #[must_use]
    pub fn alias(&self) -> String {
        let alias = self.given_alias();
        if alias.is_empty() {
            self.name().unwrap_or_default()
        } else {
            alias
        }
    }

    /// The description, in Markdown.
    #[must_use]
    pub fn description(&self) -> String {
        self.text("description").unwrap_or_default()
    }

    /// The labels that can be read. An editor must not write them back while [`Self::check`] names
    /// an entry of `contour_names`, or that entry would be lost.
    #[must_use]
    pub fn contour_names(&self) -> ContourNames {
        self.read_labels().0
    }

    /// The text of the framework's own information, whatever its kind.
    #[must_use]
    pub fn inference_information(&self) -> Option<&str> {
        self.object.get("inference_information")
    }

    /// The inference arguments as given, empty if there are none.
    #[must_use]
    pub fn inference_args(&self) -> String {
        self.text("inference_args").unwrap_or_default()
    }

    /// The inference arguments that follow from `inference_information.inference_args`, if that is
    /// an object.
    #[must_use]
    pub fn derived_inference_args(&self) -> Option<String> {
        let information = self.object.view("inference_information")?;
        let args = information.get_object("inference_args")?;
        Some(derive(args.iter()))
    }

    /// The given inference arguments, or the derived ones where none are given.
    #[must_use]
    pub fn effective_inference_args(&self) -> InferenceArgs {
        let given = self.inference_args();
        if !given.trim().is_empty() {
            return InferenceArgs {
                text: given,
                derived: false,
            };
        }
        match self.derived_inference_args() {
            Some(text) => InferenceArgs {
                text,
                derived: true,
            },
            None => InferenceArgs {
                text: given,
                derived: false,
            },
        }
    }

    /// When the model came to be, as stored.
    #[must_use]
    pub fn create_date(&self) -> StoredDate {
        StoredDate::new(&self.text("create_date").unwrap_or_default())
    }

    /// When it was changed last, as stored.
    #[must_use]
    pub fn last_modified_date(&self) -> StoredDate {
        StoredDate::new(&self.text("last_modified_date").unwrap_or_default())
    }

    /// The version that people see: `inference_information.version`, or else `version`. Numbers
    /// are shown as written.
    #[must_use]
    pub fn version(&self) -> String {
        let shown = |raw: &str| {
            let text = match JsonKind::of(raw) {
                JsonKind::String => decode_string(raw)?,
                JsonKind::Number => raw.to_owned(),
                _ => return None,
            };
            (!text.is_empty()).then_some(text)
        };
        let information = self
            .object
            .view("inference_information")
            .unwrap_or_default();
        let inner = information.get("version").and_then(shown);
        inner
            .or_else(|| self.object.get("version").and_then(shown))
            .unwrap_or_default()
    }

    fn set_text(&mut self, field: &str, value: &str) {
        let says_the_same = match self.object.get(field) {
            None | Some("null") => value.is_empty(),
            Some(raw) => decode_string(raw).as_deref() == Some(value),
        };
        if !says_the_same {
            self.object.set_text(field, value);
        }
    }

    /// Sets name and network type, for a model that is created, renamed or moved.
    pub fn set_key(&mut self, key: &ModelKey) {
        self.set_name(&key.name);
        self.set_network_type(&key.network_type);
    }

    /// Sets the name.
    pub fn set_name(&mut self, name: &ModelName) {
        self.set_text("name", name.as_str());
    }

    /// Sets the network type.
    pub fn set_network_type(&mut self, network_type: &NetworkType) {
        self.set_text("network_type", network_type.as_str());
    }

    /// Sets whether an inference job may use the model.
    pub fn set_enabled(&mut self, enabled: bool) {
        let says_the_same = match self.object.get("enabled") {
            None | Some("null" | "false") => !enabled,
            Some(raw) => raw == "true" && enabled,
        };
        if !says_the_same {
            self.object
                .put("enabled", if enabled { "true" } else { "false" }.into());
        }
    }

    /// Sets the alias.
    pub fn set_alias(&mut self, alias: &str) {
        self.set_text("alias", alias);
    }

    /// Sets the description.
    pub fn set_description(&mut self, description: &str) {
        self.set_text("description", description);
    }

    /// Sets the contour names.
    pub fn set_contour_names(&mut self, names: &ContourNames) {
        let says_the_same = match self.object.get("contour_names") {
            None => names.is_empty(),
            Some(raw) => ContourNames::from_json(raw).as_ref() == Ok(names),
        };
        if !says_the_same {
            self.object.put("contour_names", names.to_json().into());
        }
    }

    /// Sets the framework's own information to JSON text. Anything but an object or null is
    /// refused.
    pub fn set_inference_information(&mut self, raw: &str) -> Result<(), FieldError> {
        let field = "inference_information";
        let mut changed = self.object.clone();
        changed
            .set_raw(field, raw)
            .map_err(|error| FieldError::json(field, &error))?;
        match changed.kind(field) {
            Some(JsonKind::Object | JsonKind::Null) | None => {
                self.object = changed;
                Ok(())
            }
            Some(kind) => Err(FieldError::new(
                field,
                format!("expected an object, found {kind}"),
            )),
        }
    }

    /// Sets the inference arguments; empty text makes the derived ones count.
    pub fn set_inference_args(&mut self, args: &str) {
        self.set_text("inference_args", args);
    }

    /// Sets the date of creation, unless there is one: it is never rewritten.
    pub fn set_create_date_once(&mut self, date: Timestamp) {
        if self.create_date().as_str().is_empty() {
            self.set_text("create_date", &date.to_string());
        }
    }

    /// Sets the date of the last change.
    pub fn set_last_modified_date(&mut self, date: Timestamp) {
        self.set_text("last_modified_date", &date.to_string());
    }

    /// Sets the field `version`. What people see stays `inference_information.version` where
    /// there is one.
    pub fn set_version(&mut self, version: &str) {
        self.set_text("version", version);
    }

    /// Applies a merge patch (RFC 7396).
    pub fn merge_patch(&mut self, patch: &JsonObject) {
        self.object.merge_patch(patch);
    }

    /// Whether both say the same about a model. What the registry itself keeps (`registry`,
    /// `create_date`, `last_modified_date`), the order of the outermost fields and white space do
    /// not count; the text of numbers and the order inside fields do.
    #[must_use]
    pub fn content_equals(&self, other: &Self) -> bool {
        self.content() == other.content()
    }

    fn content(&self) -> Vec<(&str, String)> {
        let kept = ["registry", "create_date", "last_modified_date"];
        let mut fields = Vec::with_capacity(self.object.len());
        for (key, raw) in self.object.iter().filter(|(key, _)| !kept.contains(key)) {
            let mut text = String::with_capacity(raw.len());
            minify(raw, &mut |piece| text.push_str(piece));
            fields.push((key, text));
        }
        fields.sort();
        fields
    }
}

impl From<JsonObject> for ModelDefinition {
    fn from(object: JsonObject) -> Self {
        Self { object }
    }
}

impl Serialize for ModelDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.object.serialize(serializer)
    }
}
