//! Changes of fields from the command line, as one merge patch (RFC 7396).

use clap::Args;
use model_dashboard::model::{DuplicateKeys, JsonObject};

use super::files::read_argument;
use crate::failure::Failure;

/// Fields that hold text: what is given for them is never read as JSON, so that a version `1.0`
/// stays one.
const TEXTS: [&str; 6] = [
    "alias",
    "description",
    "inference_args",
    "version",
    "registry.owner",
    "inference_information.version",
];

#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// Set a field; a dot leads into objects, JSON is read as JSON: alias=Liver,
    /// contour_names.1=spleen, 'registry.tags=["ct"]'
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,

    /// Apply a JSON merge patch (RFC 7396): JSON, a file, or - for standard input
    #[arg(long, value_name = "JSON|FILE")]
    patch: Option<String>,
}

impl Fields {
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.patch.is_none()
    }

    /// Everything that was given, in one patch; what --set says counts last.
    pub(crate) fn patch(&self) -> Result<JsonObject, Failure> {
        let mut patch = match &self.patch {
            None => JsonObject::new(),
            Some(text) => {
                let bytes = match text.trim_start().starts_with('{') {
                    true => text.clone().into_bytes(),
                    false => read_argument(text)?,
                };
                JsonObject::parse(&bytes, DuplicateKeys::Refuse).map_err(|error| {
                    Failure::usage(format!("the patch is no JSON object: {error}"))
                })?
            }
        };
        for assignment in &self.set {
            let Some((field, value)) = assignment.split_once('=') else {
                return Err(Failure::usage(format!("--set {assignment} has no value"))
                    .hint("write it like --set alias=Liver"));
            };
            let path: Vec<&str> = field.split('.').collect();
            if path.iter().any(|part| part.is_empty()) {
                return Err(Failure::usage(format!("--set {assignment} names no field"))
                    .hint("use --patch for fields whose names hold dots"));
            }
            let is_text = TEXTS.contains(&field);
            set(&mut patch, &path, value, is_text).map_err(|error| {
                Failure::usage(format!("--set {assignment} cannot be taken: {error}"))
            })?;
        }
        Ok(patch)
    }
}

fn set(
    object: &mut JsonObject,
    path: &[&str],
    value: &str,
    is_text: bool,
) -> Result<(), model_dashboard::model::JsonError> {
    match path {
        [] => Ok(()),
        [field] => {
            if is_text || object.set_raw(field, value).is_err() {
                object.set_text(field, value);
            }
            Ok(())
        }
        [field, rest @ ..] => {
            let mut inner = object.get_object(field).unwrap_or_default();
            set(&mut inner, rest, value, is_text)?;
            object.set(field, &inner)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn patch(set: &[&str], patch: Option<&str>) -> String {
        let fields = Fields {
            set: set.iter().map(|&text| text.to_owned()).collect(),
            patch: patch.map(str::to_owned),
        };
        fields.patch().unwrap().to_text()
    }

    #[test]
    fn values_are_json_where_they_can_be_and_text_where_fields_are() {
        assert_eq!(
            patch(
                &[
                    "enabled=true",
                    "version=1.0",
                    "alias=Liver, left",
                    "x=y=z",
                    "gone=null"
                ],
                None
            ),
            r#"{"enabled":true,"version":"1.0","alias":"Liver, left","x":"y=z","gone":null}"#
        );
    }

    #[test]
    fn dots_lead_into_objects_beside_what_is_there() {
        assert_eq!(
            patch(
                &["contour_names.1=spleen", "contour_names.2=liver"],
                Some(r#"{"contour_names":{"3":"heart"}}"#)
            ),
            r#"{"contour_names":{"3":"heart","1":"spleen","2":"liver"}}"#
        );
    }

    #[test]
    fn what_names_no_field_is_refused() {
        for wrong in ["alias", "=x", "a..b=1"] {
            let fields = Fields {
                set: vec![wrong.to_owned()],
                patch: None,
            };
            assert!(fields.patch().is_err(), "{wrong}");
        }
    }
}
