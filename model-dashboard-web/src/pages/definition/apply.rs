//! What was typed, put into a definition.

use model_dashboard::model::{
    ContourNames, DuplicateKeys, FieldError, JsonObject, ModelDefinition,
};

use super::{KNOWN, own_version, pretty, shown, split_names};
use crate::pages::parts::Part;
use crate::views::components::label_rows::LabelRows;
use crate::views::definition_form::DefinitionForm;

/// Applies what was typed to `content`, or says beside each field what is wrong with it. Only what
/// differs from what a form shows of `content` is touched, so that everything else keeps its text,
/// however it is written.
///
/// # Errors
/// The fields that are wrong.
pub(in crate::pages) fn apply(
    typed: &DefinitionForm,
    content: &mut ModelDefinition,
) -> Result<(), Vec<FieldError>> {
    let shown = shown(content);
    let changed = |part: &Part| !part.is_same(typed, &shown);
    apply_parts(typed, content, Part::ALL.into_iter().filter(changed))
}

/// Fills a new definition with all that was typed, or says beside each field what is wrong with it.
///
/// # Errors
/// The fields that are wrong.
pub(in crate::pages) fn fill(
    typed: &DefinitionForm,
    content: &mut ModelDefinition,
) -> Result<(), Vec<FieldError>> {
    apply_parts(typed, content, Part::ALL)
}

fn apply_parts(
    typed: &DefinitionForm,
    content: &mut ModelDefinition,
    parts: impl IntoIterator<Item = Part>,
) -> Result<(), Vec<FieldError>> {
    let mut errors = Vec::new();
    for part in parts {
        match part {
            Part::Alias => content.set_alias(typed.alias.value.trim()),
            // A new definition has no field for a version that nobody gave.
            Part::Version if own_version(content) == typed.version.value.trim() => {}
            Part::Version => content.set_version(typed.version.value.trim()),
            Part::Labels => match labels(&typed.labels) {
                Ok(names) => {
                    let names = names.in_shape_of(&content.contour_names());
                    content.set_contour_names(&names);
                }
                Err(wrong) => errors.extend(wrong),
            },
            Part::InferenceArgs => content.set_inference_args(typed.inference_args.value.trim()),
            Part::InferenceInformation => apply_information(typed, content, &mut errors),
            Part::Description => content.set_description(&typed.description.value),
            Part::Owner => {
                let owner = Some(typed.owner.value.trim()).filter(|owner| !owner.is_empty());
                curate(content, &serde_json::json!({ "owner": owner }));
            }
            Part::Tags => {
                let tags = split_names(&typed.tags.value);
                curate(content, &serde_json::json!({ "tags": tags }));
            }
            Part::OtherFields => apply_others(typed, content, &mut errors),
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn labels(labels: &LabelRows) -> Result<ContourNames, Vec<FieldError>> {
    if !labels.pasted.value.trim().is_empty() {
        return ContourNames::from_pasted(&labels.pasted.value).map_err(|errors| {
            let pasted = |error| FieldError {
                field: "labels_pasted".to_owned(),
                ..error
            };
            errors.into_iter().map(pasted).collect()
        });
    }
    let rows: Vec<(&str, Vec<String>)> = labels
        .rows
        .iter()
        .map(|row| (row.number.trim(), split_names(&row.names)))
        .collect();
    let rows = rows
        .iter()
        .map(|(number, names)| (*number, names.iter().map(String::as_str)));
    ContourNames::from_rows(rows)
}

fn apply_information(
    typed: &DefinitionForm,
    content: &mut ModelDefinition,
    errors: &mut Vec<FieldError>,
) {
    let information = match typed.inference_information.value.trim() {
        "" => "{}",
        text => text,
    };
    match JsonObject::parse(information.as_bytes(), DuplicateKeys::Refuse) {
        Err(error) => errors.push(FieldError::json("inference_information", &error)),
        Ok(object) => {
            let stored = content.inference_information().unwrap_or("{}");
            // Other spaces between the same values change nothing.
            if pretty(stored) != object.to_pretty()
                && let Err(error) = content.set_inference_information(information)
            {
                errors.push(error);
            }
        }
    }
}

fn apply_others(
    typed: &DefinitionForm,
    content: &mut ModelDefinition,
    errors: &mut Vec<FieldError>,
) {
    let others = match typed.other_fields.value.trim() {
        "" => "{}",
        text => text,
    };
    let others = match JsonObject::parse(others.as_bytes(), DuplicateKeys::Refuse) {
        Ok(others) => others,
        Err(error) => {
            errors.push(FieldError::json("other_fields", &error));
            return;
        }
    };
    if let Some((key, _)) = others.iter().find(|(key, _)| KNOWN.contains(key)) {
        let message = format!("{key} has a field of its own; take it out here");
        errors.push(FieldError::new("other_fields", message));
        return;
    }
    let stored: Vec<String> = content
        .as_object()
        .iter()
        .map(|(key, _)| key.to_owned())
        .collect();
    for key in stored.iter().filter(|key| !KNOWN.contains(&key.as_str())) {
        if others.get(key).is_none() {
            content.as_object_mut().remove(key);
        }
    }
    for (key, raw) in others.iter() {
        let stored = content.as_object().get(key);
        if stored.is_none_or(|stored| pretty(stored) != pretty(raw)) {
            // A value of an object that was parsed.
            let _ = content.as_object_mut().set_raw(key, raw);
        }
    }
}

/// Owner and tags lie in what the registry keeps.
fn curate(content: &mut ModelDefinition, noted: &serde_json::Value) {
    let patch = serde_json::json!({ "registry": noted }).to_string();
    if let Ok(patch) = JsonObject::parse(patch.as_bytes(), DuplicateKeys::Refuse) {
        content.merge_patch(&patch);
    }
}
