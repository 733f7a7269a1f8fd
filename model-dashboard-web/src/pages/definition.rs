//! Between a definition and the form that edits it. Pure: no requests, no use cases.

use model_dashboard::catalog::Picture;
use model_dashboard::model::{
    ContourNames, DuplicateKeys, FieldError, JsonObject, ModelDefinition, NetworkType,
};

use super::form::Form;
use super::parts::Part;
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

fn pretty(raw: &str) -> String {
    // Only objects are indented; anything else is shown as it is, to be put right.
    JsonObject::parse(raw.as_bytes(), DuplicateKeys::LastWins)
        .map_or_else(|_| raw.to_owned(), |object| object.to_pretty())
}

/// The names of a label in one field: separated by commas, or a JSON list where a name has one.
fn names_text(names: &[String]) -> String {
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

/// Applies what was typed to `content`, or says beside each field what is wrong with it. Only what
/// differs from what a form shows of `content` is touched, so that everything else keeps its text,
/// however it is written.
///
/// # Errors
/// The fields that are wrong.
pub(super) fn apply(
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
pub(super) fn fill(
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const STORED: &str = r#"{"name":"a","network_type":"T","enabled":null,"contour_names":{"3":["x"],"1":"y, z"},"inference_information":{"seed":12345678901234567890,"lr":1e-05},"extra":{"n":1.50},"registry":{"owner":"team","tags":["a"]}}"#;

    fn stored() -> ModelDefinition {
        ModelDefinition::parse(STORED.as_bytes(), DuplicateKeys::Refuse).unwrap()
    }

    #[test]
    fn a_form_that_is_sent_back_as_it_came_changes_nothing() {
        let mut content = stored();
        apply(&shown(&content), &mut content).unwrap();
        let text = String::from_utf8(content.to_bytes()).unwrap();
        let fields: Vec<&str> = vec![
            r#""contour_names":{"3":["x"],"1":"y, z"}"#,
            r#""inference_information":{"seed":12345678901234567890,"lr":1e-05}"#,
            r#""extra":{"n":1.50}"#,
        ];
        for field in fields {
            assert!(text.contains(field), "{field} is not in {text}");
        }
    }

    /// What a browser sends of this form: controls of one line drop line breaks, those of several
    /// send CRLF (HTML §4.10.5.1.2 and §4.10.21.4).
    fn sent(form: &DefinitionForm) -> DefinitionForm {
        let one_line = |text: &str| text.replace(['\r', '\n'], "");
        let several = |text: &str| {
            let lines = text.replace("\r\n", "\n").replace('\r', "\n");
            lines.replace('\n', "\r\n")
        };
        let mut body = form_urlencoded::Serializer::new(String::new());
        for row in &form.labels.rows {
            body.append_pair("label_number", &one_line(&row.number));
            body.append_pair("label_names", &one_line(&row.names));
        }
        for (name, field) in [
            ("alias", &form.alias),
            ("version", &form.version),
            ("inference_args", &form.inference_args),
            ("owner", &form.owner),
            ("tags", &form.tags),
        ] {
            body.append_pair(name, &one_line(&field.value));
        }
        for (name, field) in [
            ("labels_pasted", &form.labels.pasted),
            ("inference_information", &form.inference_information),
            ("description", &form.description),
            ("other_fields", &form.other_fields),
        ] {
            body.append_pair(name, &several(&field.value));
        }
        typed(&Form::parse(body.finish().as_bytes()))
    }

    #[test]
    fn what_nobody_touched_keeps_its_text_however_it_is_written() {
        let odd = r#"{"name":"a","network_type":"T","alias":" spaced ","version":" 1 ","description":"one\r\ntwo\rthree\n","contour_names":{"1":" liver "},"inference_information":null,"inference_args":" --a\n --b ","extra":{"n":1.50},"registry":{"owner":" team ","tags":["a, b","c"]}}"#;
        let odd = ModelDefinition::parse(odd.as_bytes(), DuplicateKeys::Refuse).unwrap();
        let mut content = odd.clone();
        apply(&sent(&shown(&odd)), &mut content).unwrap();
        assert_eq!(
            String::from_utf8(content.to_bytes()).unwrap(),
            String::from_utf8(odd.to_bytes()).unwrap()
        );

        let mut form = shown(&odd);
        form.alias.value = "Another".to_owned();
        apply(&sent(&form), &mut content).unwrap();
        let mut expected = odd.clone();
        expected.set_alias("Another");
        assert_eq!(content.to_bytes(), expected.to_bytes(), "only the alias");
    }

    #[test]
    fn the_version_of_the_inference_information_is_told() {
        for (information, version) in [
            (r#"{"version":"2.5"}"#, Some("2.5")),
            (r#"{"version":2.5}"#, Some("2.5")),
            (r#"{"version":""}"#, None),
            ("{", None),
            ("", None),
        ] {
            assert_eq!(
                version_inside(information).as_deref(),
                version,
                "{information}"
            );
        }
    }

    #[test]
    fn every_mistake_stands_beside_its_field() {
        let mut form = shown(&stored());
        form.inference_information.value = "{\n  \"a\": tru\n}".to_owned();
        form.labels.rows[0].number = "x".to_owned();
        form.other_fields.value = r#"{"name": "b"}"#.to_owned();
        let errors = apply(&form, &mut stored()).unwrap_err();
        show_errors(&mut form, &errors);
        assert_eq!(
            form.inference_information
                .error
                .unwrap()
                .position
                .unwrap()
                .0,
            2
        );
        assert!(form.labels.rows[0].error.is_some());
        assert!(form.other_fields.error.is_some());
    }
}
