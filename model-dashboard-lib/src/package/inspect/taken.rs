//! What a definition takes over from its package.

use serde::{Deserialize, Serialize};

use super::description::Description;
use super::proposed::folds;
use crate::model::{JsonKind, JsonObject, ModelDefinition};

const INFORMATION: &str = "inference_information";

/// A part of a definition that packages tell, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TakenPart {
    /// `alias`, the name that people read.
    Alias,
    /// `description`: what it is for, licence and reference.
    Description,
    /// `contour_names`.
    Labels,
    /// `version`, and `inference_information.version` where people read that.
    Version,
    /// Members of `inference_information`: channels, modality, configuration, plans, trainer, folds.
    Inference,
}

impl TakenPart {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::Alias,
        Self::Description,
        Self::Labels,
        Self::Version,
        Self::Inference,
    ];

    /// Its name, for programs: `alias`, `description`, `labels`, `version`, `inference`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alias => "alias",
            Self::Description => "description",
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

/// What says of `inference_information` which images are taken.
const IMAGES: [&str; 2] = ["channel_names", "modality"];

impl Description {
    /// Whether the package tells this part.
    #[must_use]
    pub fn tells(&self, part: TakenPart) -> bool {
        match part {
            TakenPart::Alias => self.alias().is_some(),
            TakenPart::Description => self.text().is_some(),
            TakenPart::Labels => !self.contour_names().is_empty(),
            TakenPart::Version => self.version.is_some(),
            TakenPart::Inference => !self.information().is_empty(),
        }
    }

    /// Whether the package tells this part, and the definition says something else.
    #[must_use]
    pub fn differs(&self, part: TakenPart, definition: &ModelDefinition) -> bool {
        match part {
            TakenPart::Alias => {
                let told = self.alias();
                told.is_some_and(|told| told != definition.given_alias())
            }
            TakenPart::Description => {
                let told = self.text();
                told.is_some_and(|told| told != definition.description())
            }
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
    /// doing so, and what somebody changed by hand stays. A package of no known framework has no more taken
    /// than that text and version of the one before go, with its licence: the next one finds the rest as the
    /// last that told anything left it.
    #[must_use]
    pub fn followed(
        &self,
        had: Option<&Description>,
        definition: &ModelDefinition,
    ) -> Vec<TakenPart> {
        if self.framework.is_empty() {
            let outdated = [TakenPart::Description, TakenPart::Version].into_iter();
            return outdated
                .filter(|part| self.changes(*part, had, definition))
                .collect();
        }
        let follows = |part: &TakenPart| {
            let had = had.filter(|had| had.tells(*part));
            let as_before = had.is_some_and(|had| !had.differs(*part, definition));
            as_before || self.is_not_said(*part, definition)
        };
        let parts = TakenPart::ALL.into_iter();
        parts
            .filter(|part| self.changes(*part, had, definition))
            .filter(follows)
            .collect()
    }

    /// Whether [`give`](Description::give) changes this part.
    #[must_use]
    pub fn changes(
        &self,
        part: TakenPart,
        had: Option<&Description>,
        definition: &ModelDefinition,
    ) -> bool {
        self.differs(part, definition)
            || match part {
                TakenPart::Version => self.is_version_outdated(had, definition),
                TakenPart::Description => self.is_text_outdated(had, definition),
                TakenPart::Inference => !self.outdated(had, definition).is_empty(),
                _ => false,
            }
    }

    /// Whether a definition says what the package that the model `had` told of itself, and this one tells
    /// nothing: the licence may be another.
    fn is_text_outdated(&self, had: Option<&Description>, definition: &ModelDefinition) -> bool {
        let told = had.and_then(Description::text);
        self.text().is_none() && told.is_some_and(|told| told == definition.description())
    }

    /// Whether a definition says the version of the package that the model `had`, and this one tells none.
    fn is_version_outdated(&self, had: Option<&Description>, definition: &ModelDefinition) -> bool {
        let told = had.and_then(|had| had.version.as_deref());
        self.version.is_none() && told.is_some_and(|told| told == definition.version())
    }

    /// The members of `inference_information` that name a network, folds or images of the package that the
    /// model `had`, as that one told them, and that this one neither tells nor has. Of images only where it
    /// tells of any.
    fn outdated(
        &self,
        had: Option<&Description>,
        definition: &ModelDefinition,
    ) -> Vec<&'static str> {
        let Some(had) = had.map(Description::information) else {
            return Vec::new();
        };
        let (told, says) = (self.information(), said_information(definition));
        let tells_images = IMAGES.iter().any(|member| told.get(member).is_some());
        let is_there = |member: &str, raw: &str| {
            if IMAGES.contains(&member) {
                return !tells_images;
            }
            let value: serde_json::Value = serde_json::from_str(raw).unwrap_or_default();
            self.networks.iter().any(|network| match member {
                "configuration" => network.configuration.as_deref() == value.as_str(),
                "plans_name" => network.plans.as_deref() == value.as_str(),
                "trainer_name" => network.trainer.as_deref() == value.as_str(),
                _ => {
                    let there = folds(network);
                    let named = value.as_array();
                    named.is_some_and(|named| named.iter().all(|fold| there.contains(fold)))
                }
            })
        };
        let members = ["configuration", "plans_name", "trainer_name", "folds"];
        let outdated = members.into_iter().chain(IMAGES).filter(|member| {
            let (Some(says), Some(had)) = (says.get(member), had.get(member)) else {
                return false;
            };
            told.get(member).is_none() && is_the_same(says, had) && !is_there(member, says)
        });
        outdated.collect()
    }

    /// Whether a definition says nothing of what the package tells of this part.
    fn is_not_said(&self, part: TakenPart, definition: &ModelDefinition) -> bool {
        match part {
            TakenPart::Alias => is_no_text(definition, "alias"),
            TakenPart::Description => is_no_text(definition, "description"),
            TakenPart::Labels => definition.contour_names().is_empty(),
            TakenPart::Version => definition.version().is_empty(),
            TakenPart::Inference => {
                // Anything else stands there as somebody wrote it.
                let is_object = matches!(
                    definition.as_object().kind(INFORMATION),
                    None | Some(JsonKind::Null | JsonKind::Object)
                );
                let says = said_information(definition);
                let told = self.information();
                is_object && told.iter().all(|(member, _)| says.get(member).is_none())
            }
        }
    }

    /// Makes a definition say these parts as the package does, as far as it tells them. Description, version, network,
    /// folds and images that it says as the package that the model `had`, and that are not there any more, go.
    pub fn give(
        &self,
        parts: &[TakenPart],
        had: Option<&Description>,
        definition: &mut ModelDefinition,
    ) {
        for part in parts {
            match part {
                TakenPart::Alias => {
                    if let Some(alias) = self.alias() {
                        definition.set_alias(alias);
                    }
                }
                TakenPart::Description => match self.text() {
                    Some(text) => definition.set_description(&text),
                    None if self.is_text_outdated(had, definition) => {
                        definition.as_object_mut().remove("description");
                    }
                    None => {}
                },
                TakenPart::Labels if self.tells(*part) => {
                    definition.set_contour_names(&self.contour_names());
                }
                TakenPart::Version => match &self.version {
                    Some(version) => give_version(version, definition),
                    None if self.is_version_outdated(had, definition) => remove_version(definition),
                    None => {}
                },
                TakenPart::Inference => {
                    let outdated = self.outdated(had, definition);
                    give_information(&self.information(), &outdated, definition);
                }
                TakenPart::Labels => {}
            }
        }
    }
}

/// Whether a field holds no text, and nothing else either: anything else stands there as somebody wrote it.
fn is_no_text(definition: &ModelDefinition, field: &str) -> bool {
    let object = definition.as_object();
    match object.kind(field) {
        None | Some(JsonKind::Null) => true,
        Some(JsonKind::String) => object
            .get_as::<String>(field)
            .is_ok_and(|text| text.is_none_or(|text| text.is_empty())),
        Some(_) => false,
    }
}

/// Whether people read the version there.
fn is_version_read(information: &JsonObject) -> bool {
    let kind = information.kind("version");
    matches!(kind, Some(JsonKind::String | JsonKind::Number))
}

fn remove_version(definition: &mut ModelDefinition) {
    definition.as_object_mut().remove("version");
    let information = definition.as_object().get_object(INFORMATION);
    if let Some(mut information) = information.filter(is_version_read) {
        information.remove("version");
        // An object is JSON.
        let _ = definition.as_object_mut().set(INFORMATION, &information);
    }
}

fn give_version(version: &str, definition: &mut ModelDefinition) {
    let information = definition.as_object().get_object(INFORMATION);
    if let Some(mut information) = information.filter(is_version_read) {
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

fn give_information(told: &JsonObject, outdated: &[&str], definition: &mut ModelDefinition) {
    if told.is_empty() && outdated.is_empty() {
        return;
    }
    let mut information = said_information(definition);
    for member in outdated {
        information.remove(member);
    }
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
mod tests;
