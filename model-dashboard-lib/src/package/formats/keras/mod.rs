//! Keras 3: a zip with the model's configuration in JSON, and its weights.
//! (Keras, `keras/src/saving/saving_lib.py`.)

mod config;

use serde_json::Value;

pub(super) use self::config::Config;
use super::protobuf::{Extent, Value as Field, Walker};
use super::{Findings, FormatError, entry_bytes, json};
use crate::package::archive::{Archive, Entry};
use crate::package::source::Source;

/// The longest configuration that is read; large models have some 2 MB. In memory it may be thirty
/// times as large.
const LONGEST: u64 = 4 << 20;

/// What a Keras file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keras {
    /// The Keras that wrote it.
    pub keras_version: Option<Box<str>>,
    /// When it was saved, as Keras writes it: `2026-11-29@00:05:45`.
    pub date_saved: Option<Box<str>>,
    /// The model's class: `Sequential`, `Functional` or another.
    pub class_name: Option<Box<str>>,
    /// The model's name.
    pub name: Option<Box<str>>,
    /// The classes of its layers, in their order; not those of models within it.
    pub layers: Vec<Box<str>>,
    /// The shapes of its inputs, with the batch; `None` for a size that may be any.
    pub inputs: Vec<Vec<Option<u64>>>,
}

/// Whether an archive is such a file.
pub(super) fn is_one(archive: &Archive) -> bool {
    let holds = |name: &str| archive.entries().iter().any(|it| it.path.as_str() == name);
    let is_weights = |it: &Entry| it.path.as_str().starts_with("model.weights.");
    holds("config.json") && holds("metadata.json") && archive.entries().iter().any(is_weights)
}

/// Reads the configuration and looks for code in it.
pub(super) fn read(archive: &Archive, findings: &mut Findings) -> Result<Keras, FormatError> {
    let metadata = object(archive, "metadata.json")?;
    let config = object(archive, "config.json")?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).map(Box::from);
    let mut found = Keras {
        keras_version: text("keras_version"),
        date_saved: text("date_saved"),
        ..Keras::default()
    };
    found.describe(&config);
    Config::new("config.json", findings).walk(&config);
    Ok(found)
}

impl Keras {
    /// Takes what a model's configuration says.
    pub(super) fn describe(&mut self, model: &Value) {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(Box::from);
        let config = model.get("config");
        self.class_name = text(model.get("class_name"));
        self.name = text(config.and_then(|it| it.get("name")));
        let layers = config.and_then(|it| it.get("layers"));
        for layer in layers.and_then(Value::as_array).into_iter().flatten() {
            let Some(class) = text(layer.get("class_name")) else {
                continue;
            };
            if &*class == "InputLayer" {
                let config = layer.get("config");
                let shape = ["batch_shape", "batch_input_shape"]
                    .iter()
                    .find_map(|key| config?.get(*key)?.as_array());
                let sizes = |shape: &Vec<Value>| shape.iter().map(Value::as_u64).collect();
                self.inputs.extend(shape.map(sizes));
            } else {
                self.layers.push(class);
            }
        }
    }
}

/// A file of the archive, which has to be a JSON object.
fn object(archive: &Archive, name: &str) -> Result<Value, FormatError> {
    let entry = archive.entries().iter().find(|it| it.path.as_str() == name);
    let entry = entry.ok_or_else(|| FormatError::malformed(format!("it has no {name}")))?;
    if entry.size > LONGEST {
        return Err(FormatError::TooLarge("its configuration is longer"));
    }
    let value = json::parse(name, entry_bytes(archive, entry)?)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(FormatError::malformed(format!("{name} is no object")))
    }
}

/// `keras_metadata.pb`, which TensorFlow's Keras 2 wrote beside a SavedModel: objects (1), of each
/// its configuration (5). (Keras 2, `keras/protobuf/saved_metadata.proto`.)
pub(super) fn saved_metadata(
    source: &dyn Source,
    findings: &mut Findings,
) -> Result<Keras, FormatError> {
    let mut walker = Walker::new(source);
    walker.message(walker.whole(), |walker, number, value| {
        let (1, Field::Bytes(object)) = (number, value) else {
            return Ok(());
        };
        walker.message(object, |walker, number, value| match (number, value) {
            (5, Field::Bytes(text)) => legacy_layer(walker, text, findings),
            _ => Ok(()),
        })
    })?;
    Ok(Keras::default())
}

/// The configuration of one layer or model, as TensorFlow's Keras 2 kept it in Protocol Buffers.
pub(super) fn legacy_layer(
    walker: &mut Walker<'_>,
    text: Extent,
    findings: &mut Findings,
) -> Result<(), FormatError> {
    if text.len() > LONGEST {
        return Err(FormatError::TooLarge("its configuration is longer"));
    }
    let bytes = walker.bytes(text)?;
    // Other objects keep other things here.
    if bytes.first() == Some(&b'{') {
        let layer = json::parse("the configuration of a layer", bytes)?;
        let name = layer.get("name").and_then(Value::as_str);
        let place = name.map_or_else(|| "a layer".to_owned(), |name| format!("layer {name}"));
        Config::new(&super::error::shown(&place), findings).walk(&layer);
    }
    Ok(())
}
