//! The definition that a package proposes.

use std::collections::BTreeSet;

use model_dashboard::model::{JsonObject, LabelNames, LabelNumber};
use model_dashboard::package::inspect::{Description, Network};

use crate::pages::definition::names_text;
use crate::views::components::field::Field;
use crate::views::components::label_rows::{LabelRow, LabelRows};
use crate::views::definition_form::DefinitionForm;

/// The longest text that names a model for people.
const MAX_ALIAS_CHARS: usize = 80;

/// A form that is filled as the package tells it.
pub(in crate::pages) fn form(description: &Description) -> DefinitionForm {
    let text = |value: Option<String>| Field::new(value.unwrap_or_default());
    let row = |(number, names): (LabelNumber, &LabelNames)| LabelRow {
        number: number.to_string(),
        names: names_text(names.as_slice()),
        error: None,
    };
    let task = description.task.as_deref().unwrap_or_default().trim();
    let is_name = !task.contains('\n') && task.chars().count() <= MAX_ALIAS_CHARS;
    DefinitionForm {
        network_type: text(description.network_type.as_ref().map(ToString::to_string)),
        name: text(description.name.as_ref().map(ToString::to_string)),
        alias: Field::new(if is_name { task } else { "" }),
        version: text(description.version.clone()),
        labels: LabelRows {
            rows: description.contour_names().iter().map(row).collect(),
            ..LabelRows::default()
        },
        inference_information: Field::new(information(description)),
        description: Field::new(told(description, if is_name { "" } else { task })),
        ..DefinitionForm::default()
    }
}

/// What the framework needs to know, by the names of its own files.
fn information(description: &Description) -> String {
    let mut object = JsonObject::new();
    let mut channels = JsonObject::new();
    for (number, name) in description.channels.iter().enumerate() {
        channels.set_text(&number.to_string(), name);
    }
    if !channels.is_empty() {
        // An object of texts is JSON.
        let _ = object.set("channel_names", &channels);
    }
    if let Some(modality) = &description.modality {
        object.set_text("modality", modality);
    }
    if let [network] = &description.networks[..] {
        for (name, value) in [
            ("configuration", &network.configuration),
            ("plans_name", &network.plans),
            ("trainer_name", &network.trainer),
        ] {
            if let Some(value) = value {
                object.set_text(name, value);
            }
        }
        let folds = folds(network);
        if !folds.is_empty() {
            // Numbers and texts are JSON.
            let _ = object.set("folds", &folds);
        }
    }
    match object.is_empty() {
        true => String::new(),
        false => object.to_pretty(),
    }
}

/// The folds that can be used: numbers, where they are.
fn folds(network: &Network) -> Vec<serde_json::Value> {
    let complete = network.folds.iter().filter(|fold| fold.complete);
    let names: BTreeSet<&str> = complete.map(|fold| fold.name.as_str()).collect();
    let value = |name: &str| match name.parse::<u64>() {
        Ok(number) => number.into(),
        Err(_) => name.into(),
    };
    names.into_iter().map(value).collect()
}

/// What people read of it, as Markdown.
fn told(description: &Description, task: &str) -> String {
    let line = |name: &str, value: &Option<String>| {
        let value = value
            .as_deref()
            .map(str::trim)
            .filter(|it| !it.is_empty())?;
        Some(format!("- {name}: {value}"))
    };
    let lines: Vec<String> = [
        line("Licence", &description.licence),
        line("Reference", &description.reference),
    ]
    .into_iter()
    .flatten()
    .collect();
    let parts = [task.to_owned(), lines.join("\n")];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_form_says_what_the_package_does() {
        let description: Description = serde_json::from_str(
            r#"{"framework":"nnU-Net","network_type":"nnUNet_v2","name":"Dataset501_HN","task":"Organs at risk",
                "outputs":[{"name":"background","value":0},{"name":"vessel, hepatic","value":1}],"channels":["CT","PET"],
                "licence":"CC BY 4.0","networks":[{"configuration":"3d_fullres","plans":"nnUNetPlans",
                "trainer":"nnUNetTrainer","folds":[{"name":"0","complete":true},{"name":"1","complete":false},
                {"name":"all","complete":true}]}]}"#,
        )
        .unwrap();
        let form = form(&description);
        assert_eq!(form.network_type.value, "nnUNet_v2");
        assert_eq!(
            (form.name.value.as_str(), form.alias.value.as_str()),
            ("Dataset501_HN", "Organs at risk")
        );
        assert_eq!(form.labels.rows.len(), 1);
        assert_eq!(form.labels.rows[0].names, r#"["vessel, hepatic"]"#);
        assert_eq!(form.description.value, "- Licence: CC BY 4.0");
        let told: serde_json::Value =
            serde_json::from_str(&form.inference_information.value).unwrap();
        let expected = serde_json::json!({
            "channel_names": {"0": "CT", "1": "PET"}, "configuration": "3d_fullres",
            "plans_name": "nnUNetPlans", "trainer_name": "nnUNetTrainer", "folds": [0, "all"],
        });
        assert_eq!(told, expected);
    }
}
