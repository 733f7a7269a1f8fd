//! Two people changed the same model: the one who came second settles it.

use http::StatusCode;
use model_dashboard::dashboard::Model;
use warp::reply::Response;

use super::definition::shown;
use super::visit::{Failure, Visit};
use crate::views::components::field::Field;
use crate::views::conflict::{self, ConflictField, ConflictView};
use crate::views::definition_form::DefinitionForm;

/// The page: what you typed beside what is stored now, field by field.
pub(super) async fn show(
    visit: &Visit,
    now: &Model,
    typed: &DefinitionForm,
) -> Result<Response, Failure> {
    let theirs = fields(&shown(&now.definition));
    let mut differing = Vec::new();
    let mut carried = Vec::new();
    for (yours, theirs) in fields(typed).into_iter().zip(theirs) {
        if yours.value.trim() == theirs.value.trim() {
            carried.push((yours.name.to_owned(), theirs.value));
        } else {
            differing.push(ConflictField {
                name: yours.name.to_owned(),
                label: yours.label.to_owned(),
                theirs: theirs.value,
                result: Field::new(yours.value.clone()),
                yours: yours.value,
                mono: yours.mono,
            });
        }
    }
    let registry = now.definition.registry();
    let registry = registry.as_ref();
    let view = ConflictView {
        network_type: now.key.network_type.to_string(),
        name: now.key.name.to_string(),
        alias: now.definition.alias(),
        if_match: now.version.to_string(),
        revision: now.revision(),
        modified_by: registry
            .and_then(|noted| noted.modified_by.clone())
            .unwrap_or_default(),
        modified_at: registry.and_then(|noted| noted.modified_at).map(Into::into),
        message: registry
            .and_then(|noted| noted.message.clone())
            .unwrap_or_default(),
        fields: differing,
        only_theirs: Vec::new(),
        only_yours: Vec::new(),
        carried,
        reason: typed.reason.clone(),
        reason_required: now.definition.enabled(),
    };
    let frame = visit.frame().await;
    let markup = conflict::page(&frame, &view);
    visit.page_with(StatusCode::CONFLICT, &frame, markup).await
}

/// A field of the form as one text.
struct Text {
    name: &'static str,
    label: &'static str,
    value: String,
    mono: bool,
}

fn fields(form: &DefinitionForm) -> Vec<Text> {
    let text = |name, label, value: &Field, mono| Text {
        name,
        label,
        value: value.value.clone(),
        mono,
    };
    vec![
        text("alias", "Alias", &form.alias, false),
        text("version", "Version", &form.version, false),
        Text {
            name: "labels_pasted",
            label: "Labels",
            value: labels(form),
            mono: true,
        },
        text(
            "inference_args",
            "Inference arguments",
            &form.inference_args,
            true,
        ),
        text(
            "inference_information",
            "Inference information",
            &form.inference_information,
            true,
        ),
        text("description", "Description", &form.description, false),
        text("owner", "Owner", &form.owner, false),
        text("tags", "Tags", &form.tags, false),
        text("other_fields", "Other fields", &form.other_fields, true),
    ]
}

/// The labels as lines, as they can be pasted.
fn labels(form: &DefinitionForm) -> String {
    if !form.labels.pasted.value.trim().is_empty() {
        return form.labels.pasted.value.clone();
    }
    let rows = form
        .labels
        .rows
        .iter()
        .filter(|row| !row.number.trim().is_empty());
    let line = |row: &crate::views::components::label_rows::LabelRow| {
        let names = super::definition::split_names(&row.names).join("\t");
        format!("{}\t{names}", row.number.trim())
    };
    rows.map(line).collect::<Vec<_>>().join("\n")
}
