//! Models: names, definitions, labels, dates and what the registry adds. Plain types, no I/O.
//!
//! An edit leaves everything that it does not name as it was, numbers included:
//!
//! ```
//! use model_dashboard::model::{DuplicateKeys, JsonObject, ModelDefinition};
//!
//! let stored = br#"{"seed":12345678901234567890,"enabled":false,"lr":1e-05}"#;
//! let mut model = ModelDefinition::parse(stored, DuplicateKeys::LastWins)?;
//! model.set_enabled(true);
//! model.merge_patch(&JsonObject::parse(br#"{"lr":null}"#, DuplicateKeys::Refuse)?);
//! assert_eq!(model.to_bytes(), br#"{"seed":12345678901234567890,"enabled":true}"#);
//! # Ok::<(), model_dashboard::model::JsonError>(())
//! ```

mod check;
mod comparison;
mod definition;
mod digest;
mod inference_args;
mod json;
mod label_rows;
mod label_table;
mod labels;
mod merge;
mod merge_text;
mod name;
mod reference;
mod registry;
mod summary;
mod timestamp;
mod version;

#[cfg(test)]
mod tests;

pub use check::{Contradiction, FieldError};
pub(crate) use comparison::folded;
pub use comparison::{Comparison, FieldChange, LabelChange, LabelChangeKind, MAX_CHANGES};
pub use definition::ModelDefinition;
pub use digest::{ContentDigest, DigestError};
pub use inference_args::{InferenceArgs, shell_metacharacters, shell_quote};
pub use json::{
    DuplicateKeys, JsonError, JsonErrorKind, JsonKind, JsonObject, MAX_DEFINITION_BYTES,
    MAX_NESTING, Position,
};
pub use label_table::label_cell;
pub use labels::{ContourNames, LabelNames, LabelNumber, LabelNumberError, MAX_LABEL_ERRORS};
pub use merge::{Entry, Merge, Outcome, Overlap};
pub use merge_text::merge_texts;
pub use name::{
    MAX_EXISTING_NAME_BYTES, MAX_NAME_CHARS, ModelKey, ModelName, NameError, NetworkType,
};
pub use reference::{ModelRef, RefError, Selector};
pub use registry::{Deleted, ModelId, ModelIdError, RegistryInfo, Via};
pub use summary::{
    BrokenDefinition, LISTED_DESCRIPTION_CHARS, LISTED_NAME_CHARS, LISTED_TAGS, ModelSummary,
    fold_for_search,
};
pub use timestamp::{StoredDate, Timestamp, TimestampError};
pub use version::{Version, VersionError};
