//! The definition that a package proposes.

use std::collections::BTreeSet;

use super::{Description, Network};
use crate::model::{JsonObject, MAX_DEFINITION_BYTES, ModelDefinition};

/// The longest text that names a model for people.
const MAX_ALIAS_CHARS: usize = 80;

/// The fields of [`Description::definition`].
pub const PROPOSED_FIELDS: [&str; 5] = [
    "alias",
    "description",
    "version",
    "contour_names",
    "inference_information",
];

impl Description {
    /// A definition as the package tells it, without type and name: alias, description, version, labels,
    /// and what its framework needs to know. What the package does not tell is not in it, nor anything
    /// if that would be most of what a definition may hold.
    #[must_use]
    pub fn definition(&self) -> ModelDefinition {
        let mut told = ModelDefinition::default();
        if let Some(alias) = self.alias() {
            told.set_alias(alias);
        }
        if let Some(text) = self.text() {
            told.set_description(&text);
        }
        if let Some(version) = &self.version {
            told.set_version(version);
        }
        let labels = self.contour_names();
        if !labels.is_empty() {
            told.set_contour_names(&labels);
        }
        let information = self.information();
        if !information.is_empty() {
            // An object is JSON.
            let _ = told
                .as_object_mut()
                .set("inference_information", &information);
        }
        let is_fit = told.as_object().encoded_len() <= MAX_DEFINITION_BYTES / 2;
        match is_fit && told.check().is_empty() {
            true => told,
            false => ModelDefinition::default(),
        }
    }

    /// What people may call the model.
    pub(super) fn alias(&self) -> Option<&str> {
        let task = self.task.as_deref().unwrap_or_default().trim();
        let is_name = !task.contains('\n') && task.chars().count() <= MAX_ALIAS_CHARS;
        Some(task).filter(|task| is_name && !task.is_empty())
    }

    /// What people read of it, as Markdown: what it is for, where that is no name, licence and reference.
    pub(super) fn text(&self) -> Option<String> {
        let task = match self.alias() {
            Some(_) => "",
            None => self.task.as_deref().unwrap_or_default().trim(),
        };
        let text = text(self, task);
        Some(text).filter(|text| !text.is_empty() && text.len() <= MAX_DEFINITION_BYTES / 2)
    }

    /// Its licence, as that text tells it.
    pub(super) fn told_licence(&self) -> Option<String> {
        licence_said_by(&text(self, ""))
    }

    /// What the framework needs to know, by the names of its own files.
    pub(super) fn information(&self) -> JsonObject {
        information(self)
    }
}

fn information(description: &Description) -> JsonObject {
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
    object
}

/// The folds that can be used: numbers, where they are.
pub(super) fn folds(network: &Network) -> Vec<serde_json::Value> {
    let complete = network.folds.iter().filter(|fold| fold.complete);
    let names = complete.map(|fold| fold.name.as_str());
    // Weights that were trained once, without folds, are called otherwise.
    let is_fold = |name: &&str| *name == "all" || name.parse::<u64>().is_ok();
    let names: BTreeSet<&str> = names.filter(is_fold).collect();
    let value = |name: &str| match name.parse::<u64>() {
        Ok(number) => number.into(),
        Err(_) => name.into(),
    };
    names.into_iter().map(value).collect()
}

/// What a licence is told after.
const LICENCE: &str = "Licence";

/// The licence that a text of [`Description::definition`] tells.
pub(super) fn licence_said_by(text: &str) -> Option<String> {
    let prefix = format!("- {LICENCE}: ");
    let line = text.lines().find_map(|line| line.strip_prefix(&*prefix));
    line.map(|licence| licence.trim().to_owned())
}

fn text(description: &Description, task: &str) -> String {
    let line = |name: &str, value: &Option<String>| {
        let value = value
            .as_deref()
            .map(str::trim)
            .filter(|it| !it.is_empty())?;
        Some(format!("- {name}: {value}"))
    };
    let lines: Vec<String> = [
        line(LICENCE, &description.licence),
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
    fn a_definition_says_what_the_package_does() {
        let description: Description = serde_json::from_str(
            r#"{"framework":"nnU-Net","network_type":"nnUNet_v2","name":"Dataset501_HN","task":"Organs at risk",
                "version":"1.2","outputs":[{"name":"background","value":0},{"name":"vessel, hepatic","value":1}],
                "channels":["CT","PET"],"licence":"CC BY 4.0","networks":[{"configuration":"3d_fullres",
                "plans":"nnUNetPlans","trainer":"nnUNetTrainer","folds":[{"name":"0","complete":true},
                {"name":"1","complete":false},{"name":"all","complete":true}]}]}"#,
        )
        .unwrap();
        let told: serde_json::Value =
            serde_json::from_slice(&description.definition().to_bytes()).unwrap();
        let expected = serde_json::json!({
            "alias": "Organs at risk", "description": "- Licence: CC BY 4.0", "version": "1.2",
            "contour_names": {"1": "vessel, hepatic"},
            "inference_information": {
                "channel_names": {"0": "CT", "1": "PET"}, "configuration": "3d_fullres",
                "plans_name": "nnUNetPlans", "trainer_name": "nnUNetTrainer", "folds": [0, "all"],
            },
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn weights_that_were_trained_once_are_no_fold() {
        let description: Description = serde_json::from_str(
            r#"{"framework":"MONAI","networks":[{"configuration":"inference",
                "folds":[{"name":"model","complete":true}]}]}"#,
        )
        .unwrap();
        let told = description.information();
        assert_eq!(told.get("configuration"), Some(r#""inference""#));
        assert_eq!(told.get("folds"), None);
    }

    #[test]
    fn what_a_package_does_not_tell_is_not_proposed() {
        let told = Description::new("nnU-Net").definition();
        assert!(told.as_object().is_empty());
        let long = Description {
            task: Some("x".repeat(MAX_DEFINITION_BYTES)),
            ..Description::new("nnU-Net")
        };
        assert!(long.definition().as_object().is_empty());
    }
}
