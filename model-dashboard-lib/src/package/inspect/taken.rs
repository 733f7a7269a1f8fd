//! What a definition takes over from its package.

use serde::{Deserialize, Serialize};

use super::description::Description;
use crate::model::{JsonKind, ModelDefinition};

/// A part of a definition that packages tell, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TakenPart {
    /// `contour_names`.
    Labels,
    /// `version`, and `inference_information.version` where people read that.
    Version,
}

impl TakenPart {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Labels, Self::Version];

    /// Its name, for programs: `labels`, `version`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Version => "version",
        }
    }

    /// The part of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == name)
    }
}

impl Description {
    /// Whether the package tells this part.
    #[must_use]
    pub fn tells(&self, part: TakenPart) -> bool {
        match part {
            TakenPart::Labels => !self.contour_names().is_empty(),
            TakenPart::Version => self.version.is_some(),
        }
    }

    /// Whether the package tells this part, and the definition says something else.
    #[must_use]
    pub fn differs(&self, part: TakenPart, definition: &ModelDefinition) -> bool {
        match part {
            TakenPart::Labels => {
                let told = self.contour_names();
                !told.is_empty() && told != definition.contour_names()
            }
            TakenPart::Version => {
                let told = self.version.as_deref();
                told.is_some_and(|told| told != definition.version())
            }
        }
    }

    /// Makes a definition say these parts as the package does, as far as it tells them.
    pub fn give(&self, parts: &[TakenPart], definition: &mut ModelDefinition) {
        for part in parts.iter().filter(|part| self.tells(**part)) {
            match part {
                TakenPart::Labels => definition.set_contour_names(&self.contour_names()),
                TakenPart::Version => {
                    let version = self.version.as_deref().unwrap_or_default();
                    give_version(version, definition);
                }
            }
        }
    }
}

fn give_version(version: &str, definition: &mut ModelDefinition) {
    let field = "inference_information";
    let information = definition.as_object().get_object(field);
    let says = |kind| matches!(kind, Some(JsonKind::String | JsonKind::Number));
    if let Some(mut information) = information.filter(|it| says(it.kind("version"))) {
        information.set_text("version", version);
        // An object is JSON.
        let _ = definition.as_object_mut().set(field, &information);
    }
    definition.set_version(version);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::DuplicateKeys;

    fn description() -> Description {
        let text = r#"{"framework":"nnU-Net","version":"2.1","outputs":[
            {"name":"background","value":0},{"name":"liver","value":1},{"name":"tumour","value":2}]}"#;
        serde_json::from_str(text).unwrap()
    }

    fn given(parts: &[TakenPart], text: &str) -> ModelDefinition {
        let read = ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins);
        let mut definition = read.unwrap();
        description().give(parts, &mut definition);
        definition
    }

    #[test]
    fn a_part_is_taken_over_and_everything_else_stays() {
        let before =
            r#"{"alias":"Liver","version":"1","contour_names":{"1":"Leber","3":"old"},"x":[1]}"#;
        let labels = given(&[TakenPart::Labels], before);
        let names = labels.contour_names();
        let names: Vec<_> = names.iter().map(|(number, _)| number.get()).collect();
        assert_eq!(names, [1, 2]);
        assert_eq!(
            (labels.version(), labels.alias()),
            ("1".to_owned(), "Liver".to_owned())
        );
        assert_eq!(labels.as_object().get("x"), Some("[1]"));
        assert_eq!(given(&[TakenPart::Version], before).version(), "2.1");
        assert_eq!(given(&[], before).version(), "1");
    }

    #[test]
    fn the_version_that_people_read_is_the_one_that_changes() {
        let before = r#"{"version":"1","inference_information":{"version":"1.0","y":2}}"#;
        let after = given(&TakenPart::ALL, before);
        assert_eq!(after.version(), "2.1");
        let information = after
            .as_object()
            .get_object("inference_information")
            .unwrap();
        assert_eq!(information.get("y"), Some("2"));
    }

    #[test]
    fn a_part_differs_until_it_is_taken_over() {
        let before = given(&[], r#"{"contour_names":{"1":"liver"}}"#);
        let after = given(&TakenPart::ALL, r#"{"contour_names":{"1":"liver"}}"#);
        for part in TakenPart::ALL {
            assert!(description().differs(part, &before), "{part:?}");
            assert!(!description().differs(part, &after), "{part:?}");
            assert!(
                !Description::new("Abacus").differs(part, &after),
                "{part:?}"
            );
        }
    }

    #[test]
    fn what_the_package_does_not_tell_stays_as_it_is() {
        let text = r#"{"version":"1","contour_names":{"1":"liver"}}"#;
        let read = ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins);
        let mut definition = read.unwrap();
        Description::new("Abacus").give(&TakenPart::ALL, &mut definition);
        assert_eq!(definition.as_object().to_string(), text);
    }
}
