//! What a definition takes over from its package.

use serde::{Deserialize, Serialize};

use super::description::Description;
use crate::model::{JsonKind, JsonObject, ModelDefinition};

const INFORMATION: &str = "inference_information";

/// A part of a definition that packages tell, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TakenPart {
    /// `contour_names`.
    Labels,
    /// `version`, and `inference_information.version` where people read that.
    Version,
    /// Members of `inference_information`: channels, modality, configuration, plans, trainer, folds.
    Inference,
}

impl TakenPart {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Labels, Self::Version, Self::Inference];

    /// Its name, for programs: `labels`, `version`, `inference`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Version => "version",
            Self::Inference => "inference",
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
            TakenPart::Inference => !self.information().is_empty(),
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
            TakenPart::Inference => {
                let says = said_information(definition);
                let told = self.information();
                told.iter().any(|(member, raw)| {
                    says.get(member).is_none_or(|says| !is_the_same(says, raw))
                })
            }
        }
    }

    /// What a definition takes over where nobody says it: what it says otherwise than this package, and
    /// says as the package that it `had` does, or not at all. So one that followed its package goes on
    /// doing so, and what somebody changed by hand stays.
    #[must_use]
    pub fn followed(
        &self,
        had: Option<&Description>,
        definition: &ModelDefinition,
    ) -> Vec<TakenPart> {
        let follows = |part: &TakenPart| {
            let had = had.filter(|had| had.tells(*part));
            let as_before = had.is_some_and(|had| !had.differs(*part, definition));
            as_before || self.is_not_said(*part, definition)
        };
        let parts = TakenPart::ALL.into_iter();
        parts
            .filter(|part| self.differs(*part, definition))
            .filter(follows)
            .collect()
    }

    /// Whether a definition says nothing of what the package tells of this part.
    fn is_not_said(&self, part: TakenPart, definition: &ModelDefinition) -> bool {
        match part {
            TakenPart::Labels => definition.contour_names().is_empty(),
            TakenPart::Version => definition.version().is_empty(),
            TakenPart::Inference => {
                let says = said_information(definition);
                let told = self.information();
                told.iter().all(|(member, _)| says.get(member).is_none())
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
                TakenPart::Inference => give_information(&self.information(), definition),
            }
        }
    }
}

fn give_version(version: &str, definition: &mut ModelDefinition) {
    let information = definition.as_object().get_object(INFORMATION);
    let says = |kind| matches!(kind, Some(JsonKind::String | JsonKind::Number));
    if let Some(mut information) = information.filter(|it| says(it.kind("version"))) {
        information.set_text("version", version);
        // An object is JSON.
        let _ = definition.as_object_mut().set(INFORMATION, &information);
    }
    definition.set_version(version);
}

/// What a definition says of how it is used.
fn said_information(definition: &ModelDefinition) -> JsonObject {
    let object = definition.as_object();
    object.get_object(INFORMATION).unwrap_or_default()
}

fn give_information(told: &JsonObject, definition: &mut ModelDefinition) {
    let mut information = said_information(definition);
    for (member, raw) in told.iter() {
        // A value of an object is JSON.
        let _ = information.set_raw(member, raw);
    }
    let _ = definition.as_object_mut().set(INFORMATION, &information);
}

/// Whether two values say the same, however they are written.
fn is_the_same(says: &str, told: &str) -> bool {
    let value = |raw| serde_json::from_str::<serde_json::Value>(raw).ok();
    value(says) == value(told)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::DuplicateKeys;

    fn description() -> Description {
        let text = r#"{"framework":"nnU-Net","version":"2.1","outputs":[
            {"name":"background","value":0},{"name":"liver","value":1},{"name":"tumour","value":2}],
            "channels":["CT"],"networks":[{"configuration":"3d_fullres","folds":[{"name":"0","complete":true}]}]}"#;
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
    fn members_of_the_inference_information_are_taken_over_one_by_one() {
        let before = r#"{"inference_information":{"folds":[0,1],"mine":true}}"#;
        let after = given(&[TakenPart::Inference], before);
        let information = said_information(&after);
        assert_eq!(information.get("mine"), Some("true"));
        assert_eq!(information.get("folds"), Some("[0]"));
        assert_eq!(information.get("configuration"), Some(r#""3d_fullres""#));
        assert_eq!(information.get("channel_names"), Some(r#"{"0":"CT"}"#));
        assert!(!description().differs(TakenPart::Inference, &after));
    }

    #[test]
    fn a_definition_goes_on_to_follow_and_what_was_changed_by_hand_stays() {
        let mut next = description();
        next.version = Some("3".to_owned());
        next.outputs[1].name = Some("spleen".to_owned());
        next.channels = vec!["MR".to_owned()];
        let followed = |text: &str, parts: &[TakenPart]| {
            next.followed(Some(&description()), &given(parts, text))
        };
        assert_eq!(followed("{}", &TakenPart::ALL), TakenPart::ALL);
        let mine = r#"{"version":"my own","contour_names":{"1":"Leber"},
            "inference_information":{"folds":[7]}}"#;
        assert_eq!(followed(mine, &[]), []);
        assert_eq!(followed(mine, &[TakenPart::Labels]), [TakenPart::Labels]);
        // Without a package before, what is not said.
        let bare = given(&[], r#"{"version":"1"}"#);
        let taken = [TakenPart::Labels, TakenPart::Inference];
        assert_eq!(next.followed(None, &bare), taken);
        assert_eq!(
            description().followed(None, &given(&TakenPart::ALL, "{}")),
            []
        );
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
