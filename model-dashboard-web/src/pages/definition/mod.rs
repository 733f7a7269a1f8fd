//! Between a definition and the form that edits it. Pure: no requests, no use cases.

mod apply;
#[cfg(test)]
mod tests;

use model_dashboard::catalog::Picture;
use model_dashboard::model::{DuplicateKeys, FieldError, JsonObject, ModelDefinition, NetworkType};

pub(super) use self::apply::{apply, fill};
use super::form::Form;
use crate::views::components::field::Field;
use crate::views::components::label_rows::{LabelRow, LabelRows};
use crate::views::definition_form::DefinitionForm;

/// The fields that the form knows by name.
const KNOWN: [&str; 12] = [
    "name",
    "network_type",
    "enabled",
    "alias",
    "description",
    "contour_names",
    "inference_information",
    "inference_args",
    "create_date",
    "last_modified_date",
    "version",
    "registry",
];

/// How many empty rows the button for more adds without JavaScript.
const MORE_ROWS: usize = 5;

/// How many owners a field suggests.
const MOST_OWNERS: usize = 100;

/// A form that shows this definition.
pub(super) fn shown(definition: &ModelDefinition) -> DefinitionForm {
    let registry = definition.registry();
    let text = |raw: Option<&str>| match raw {
        Some(raw) if raw != "null" && raw != "{}" => pretty(raw),
        _ => String::new(),
    };
    let label = |(number, names): (_, &model_dashboard::model::LabelNames)| LabelRow {
        number: format!("{number}"),
        names: names_text(names.as_slice()),
        error: None,
    };
    let tags = registry
        .as_ref()
        .map(|noted| noted.tags.join(", "))
        .unwrap_or_default();
    let owner = registry.and_then(|noted| noted.owner).unwrap_or_default();
    DefinitionForm {
        network_type: Field::new(definition.network_type().unwrap_or_default()),
        name: Field::new(definition.name().unwrap_or_default()),
        alias: Field::new(definition.given_alias()),
        version: Field::new(own_version(definition)),
        labels: LabelRows {
            rows: definition.contour_names().iter().map(label).collect(),
            ..LabelRows::default()
        },
        inference_args: Field::new(definition.inference_args()),
        inference_information: Field::new(text(definition.inference_information())),
        description: Field::new(definition.description()),
        owner: Field::new(owner),
        tags: Field::new(tags),
        other_fields: Field::new(others(definition)),
        ..DefinitionForm::default()
    }
}

/// What the definition's own field `version` says; `inference_information.version` is shown
/// elsewhere.
fn own_version(definition: &ModelDefinition) -> String {
    definition
        .as_object()
        .get_as("version")
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// The version in an inference information, as far as one can be read.
fn version_inside(information: &str) -> Option<String> {
    let mut content = ModelDefinition::default();
    content.set_inference_information(information).ok()?;
    Some(content.version()).filter(|version| !version.is_empty())
}

pub(super) fn pretty(raw: &str) -> String {
    // Only objects are indented; anything else is shown as it is, to be put right.
    JsonObject::parse(raw.as_bytes(), DuplicateKeys::LastWins)
        .map_or_else(|_| raw.to_owned(), |object| object.to_pretty())
}

/// The names of a label in one field: separated by commas, or a JSON list where a name has one.
pub(super) fn names_text(names: &[String]) -> String {
    match names {
        [one] if !one.starts_with('[') && !one.contains(',') => one.clone(),
        [] => "[]".to_owned(),
        names
            if names
                .iter()
                .all(|name| !name.contains([',', '[']) && !name.trim().is_empty()) =>
        {
            names.join(", ")
        }
        names => serde_json::to_string(names).unwrap_or_default(),
    }
}

pub(super) fn split_names(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.starts_with('[')
        && let Ok(names) = serde_json::from_str(text)
    {
        return names;
    }
    text.split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn others(definition: &ModelDefinition) -> String {
    let mut others = JsonObject::new();
    for (key, raw) in definition
        .as_object()
        .iter()
        .filter(|(key, _)| !KNOWN.contains(key))
    {
        // A value of an object that was parsed.
        let _ = others.set_raw(key, raw);
    }
    if others.iter().next().is_none() {
        String::new()
    } else {
        others.to_pretty()
    }
}

/// The form as it was sent.
pub(super) fn typed(form: &Form) -> DefinitionForm {
    let field = |name: &str| Field::new(form.lines(name));
    let numbers = form.all("label_number");
    let names = form.all("label_names");
    let row = |(number, names): (&str, &str)| LabelRow {
        number: number.to_owned(),
        names: names.to_owned(),
        error: None,
    };
    let mut rows: Vec<LabelRow> = numbers.zip(names).map(row).collect();
    if form.text("action") == "add-rows" {
        rows.extend(std::iter::repeat_n(LabelRow::default(), MORE_ROWS));
    }
    DefinitionForm {
        network_type: field("network_type"),
        name: field("name"),
        alias: field("alias"),
        version: field("version"),
        labels: LabelRows {
            rows,
            pasted: field("labels_pasted"),
            error: None,
        },
        inference_args: field("inference_args"),
        inference_information: field("inference_information"),
        description: field("description"),
        owner: field("owner"),
        tags: field("tags"),
        other_fields: field("other_fields"),
        reason: field("reason"),
        put_right: form.text("put_right") == "yes",
        ..DefinitionForm::default()
    }
}

/// What the form offers to choose from.
pub(super) fn suggest(form: &mut DefinitionForm, picture: &Picture) {
    form.version_inside = version_inside(&form.inference_information.value);
    form.known_types = known_types(picture);
    form.known_owners = picture
        .owners()
        .map(|(owner, _)| owner.to_owned())
        .take(MOST_OWNERS)
        .collect();
}

/// The known network types, and those that models have.
pub(super) fn known_types(picture: &Picture) -> Vec<String> {
    let mut types: Vec<String> = NetworkType::KNOWN.iter().map(|t| (*t).to_owned()).collect();
    types.extend(
        picture
            .counts()
            .by_type
            .into_iter()
            .map(|(t, _)| t.to_string()),
    );
    types.sort();
    types.dedup();
    types
}

/// Puts each message beside its field.
pub(super) fn show_errors(form: &mut DefinitionForm, errors: &[FieldError]) {
    for error in errors {
        let message = error.message.clone();
        let (first, rest) = error
            .field
            .split_once(['.', '['])
            .unwrap_or((&error.field, ""));
        let field = match first {
            "network_type" => &mut form.network_type,
            "name" => &mut form.name,
            "alias" => &mut form.alias,
            "version" => &mut form.version,
            "inference_args" => &mut form.inference_args,
            "inference_information" => &mut form.inference_information,
            "description" => &mut form.description,
            "labels_pasted" => &mut form.labels.pasted,
            "other_fields" => &mut form.other_fields,
            "message" => &mut form.reason,
            "registry" if rest.starts_with("owner") => &mut form.owner,
            "registry" => &mut form.tags,
            "contour_names" => {
                let row = rest.trim_end_matches(']').parse::<usize>().ok();
                match row.and_then(|row| form.labels.rows.get_mut(row)) {
                    Some(row) => row.error = Some(message),
                    None => form.labels.error = Some(message),
                }
                continue;
            }
            "" => {
                form.error = Some(message);
                continue;
            }
            _ => &mut form.other_fields,
        };
        let shown = std::mem::take(field);
        *field = match error.position {
            Some(position) => shown.wrong_at(message, position.line, position.column),
            None => shown.wrong(message),
        };
    }
}
