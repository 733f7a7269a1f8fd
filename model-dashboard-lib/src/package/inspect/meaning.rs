//! What stands for something else once a model has another package.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::compare::{Drift, ReportComparison, channels_said_by, channels_told_by};
use super::description::Description;
use super::report::Report;
use crate::model::{FieldChange, LabelChange, LabelNumber, ModelDefinition};

/// The images that a model takes, whoever tells them.
const CHANNELS: &str = "channels";

/// How many labels a sentence names.
const TOLD: usize = 3;

/// What whoever uses a model takes for something else once it has another package: labels whose number
/// stands for another structure, images of another kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breaking {
    /// Labels by number: what each stood for, and what it stands for then.
    pub labels: Vec<LabelChange>,
    /// The images that it takes.
    pub channels: Option<FieldChange>,
}

impl Breaking {
    /// Of a definition that becomes `after` with a package of which this was found, in place of the
    /// package that it `had`; without one, by what the definitions say alone. A definition that said
    /// something else than its package and goes on doing so breaks nothing.
    #[must_use]
    pub fn between(
        before: &ModelDefinition,
        had: Option<&Report>,
        after: &ModelDefinition,
        gets: Option<&Report>,
    ) -> Breaking {
        let mut labels: BTreeMap<LabelNumber, LabelChange> = BTreeMap::new();
        let mut add = |changes: Vec<LabelChange>| {
            for change in changes.into_iter().filter(|it| it.kind.is_breaking()) {
                labels.entry(change.number).or_insert(change);
            }
        };
        add(LabelChange::between(
            &before.contour_names(),
            &after.contour_names(),
        ));
        let Some(gets) = gets else {
            // Where the definition is silent, its package tells.
            let told = had.map(|had| &had.description);
            let names = told.map(Description::contour_names).unwrap_or_default();
            let is_silent = before.contour_names().is_empty();
            if is_silent {
                add(LabelChange::between(&names, &after.contour_names()));
            }
            let was = channels_said_by(before).or_else(|| channels_told_by(told?));
            let said = was.zip(channels_said_by(after));
            let changed = said.filter(|(was, is)| was != is);
            return Breaking {
                labels: labels.into_values().collect(),
                channels: changed.map(|(was, is)| FieldChange {
                    field: CHANNELS.to_owned(),
                    before: Some(was),
                    after: Some(is),
                }),
            };
        };
        let packages = had.map(|had| ReportComparison::of_told(had, gets));
        let drift = Drift::between(after, gets);
        let was = had.map(|had| had.description.contour_names());
        let was = was.unwrap_or_default();
        let was: HashMap<_, _> = was.iter().collect();
        let is_known =
            |change: &LabelChange| was.get(&change.number).copied() == change.after.as_ref();
        add(packages.iter().flat_map(|it| it.labels.clone()).collect());
        add(drift
            .labels
            .into_iter()
            .filter(|it| !is_known(it))
            .collect());
        // Where the package before is silent on images, the definition tells them.
        let told = had.is_some_and(|had| !had.description.channels.is_empty());
        let images = match packages.filter(|_| told) {
            Some(packages) => packages.channels().cloned().map(images),
            None => {
                let mut drift = Drift::between(before, gets).fields.into_iter();
                let found = drift.find(|it| it.field.ends_with("channel_names"));
                found.map(images)
            }
        };
        Breaking {
            labels: labels.into_values().collect(),
            channels: images,
        }
    }

    /// Whether all stands for what it stood for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.channels.is_none()
    }
}

fn images(change: FieldChange) -> FieldChange {
    FieldChange {
        field: CHANNELS.to_owned(),
        ..change
    }
}

/// What changes, in one sentence without a full stop.
impl fmt::Display for Breaking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |change: &LabelChange| {
            let name = |names: &Option<_>| names.as_ref().map(ToString::to_string);
            let (before, after) = (name(&change.before), name(&change.after));
            let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
            format!("label {} was {before} and is {after}", change.number)
        };
        let mut told: Vec<String> = self.labels.iter().take(TOLD).map(names).collect();
        match self.labels.len().saturating_sub(TOLD) {
            0 => {}
            1 => told.push("1 more label stands for something else".to_owned()),
            more => told.push(format!("{more} more labels stand for something else")),
        }
        if let Some(change) = &self.channels {
            let (before, after) = (change.before.as_deref(), change.after.as_deref());
            told.push(format!(
                "the images were {} and are {}",
                before.unwrap_or_default(),
                after.unwrap_or_default()
            ));
        }
        f.write_str(&told.join("; "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::DuplicateKeys;

    fn report(labels: &str, channels: &str) -> Report {
        let text = format!(
            r#"{{"rules":1,"size":0,"files":[],"verdict":null,"contains_code":false,"findings":[],
            "description":{{"framework":"nnU-Net","outputs":[{labels}],"channels":[{channels}]}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn definition(text: &str) -> ModelDefinition {
        ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins).unwrap()
    }

    fn told(before: &str, had: Option<&Report>, after: &str, gets: &Report) -> String {
        Breaking::between(&definition(before), had, &definition(after), Some(gets)).to_string()
    }

    const LIVER: &str = r#"{"name":"liver","value":1}"#;
    const SPLEEN: &str = r#"{"name":"spleen","value":1}"#;
    const SAYS_LIVER: &str = r#"{"contour_names":{"1":"liver"}}"#;
    const SAYS_SPLEEN: &str = r#"{"contour_names":{"1":"spleen"}}"#;
    const SAYS_NOTHING: &str = "{}";

    #[test]
    fn a_label_breaks_where_any_of_definition_and_packages_says_so() {
        let (liver, spleen) = (report(LIVER, ""), report(SPLEEN, ""));
        let broken = "label 1 was liver and is spleen";
        // The definition follows, or stays behind, or never said anything.
        for (before, after) in [
            (SAYS_LIVER, SAYS_SPLEEN),
            (SAYS_LIVER, SAYS_LIVER),
            (SAYS_NOTHING, SAYS_NOTHING),
        ] {
            assert_eq!(
                told(before, Some(&liver), after, &spleen),
                broken,
                "{before}"
            );
        }
        assert_eq!(told(SAYS_LIVER, None, SAYS_LIVER, &spleen), broken);
        assert_eq!(told(SAYS_LIVER, None, SAYS_SPLEEN, &spleen), broken);
    }

    #[test]
    fn what_is_as_it_was_breaks_nothing() {
        let liver = report(LIVER, "");
        for says in [
            SAYS_LIVER,
            SAYS_NOTHING,
            r#"{"contour_names":{"1":"Leber"}}"#,
        ] {
            assert_eq!(told(says, Some(&liver), says, &liver), "", "{says}");
        }
        let silent = report("", "");
        assert_eq!(told(SAYS_LIVER, Some(&liver), SAYS_LIVER, &silent), "");
        assert_eq!(told(SAYS_LIVER, Some(&silent), SAYS_LIVER, &liver), "");
    }

    #[test]
    fn other_images_break_too() {
        let (ct, mr) = (report("", r#""CT""#), report("", r#""MR""#));
        let broken = "the images were CT and are MR";
        assert_eq!(told("{}", Some(&ct), "{}", &mr), broken);
        let says = r#"{"inference_information":{"channel_names":{"0":"CT"}}}"#;
        assert_eq!(told(says, None, says, &mr), broken);
        assert_eq!(told(says, None, says, &ct), "");
        let silent = report("", "");
        assert_eq!(told(says, Some(&silent), says, &mr), broken);
        assert_eq!(told(says, Some(&silent), says, &ct), "");
        assert_eq!(told("{}", Some(&silent), "{}", &ct), "");
    }

    #[test]
    fn definitions_alone_tell_what_breaks_where_no_package_does() {
        let told = |before: &str, after: &str| {
            let (before, after) = (definition(before), definition(after));
            Breaking::between(&before, None, &after, None).to_string()
        };
        assert_eq!(
            told(SAYS_LIVER, SAYS_SPLEEN),
            "label 1 was liver and is spleen"
        );
        assert_eq!(told(SAYS_LIVER, SAYS_NOTHING), "");
        let ct = r#"{"inference_information":{"channel_names":{"0":"CT"}}}"#;
        let mr = r#"{"inference_information":{"channel_names":{"0":"MR"}}}"#;
        assert_eq!(told(ct, mr), "the images were CT and are MR");
        assert_eq!(
            (told(ct, ct), told(ct, "{}"), told("{}", ct)),
            Default::default()
        );
        // Where the definition is silent, its package tells.
        let told = |had: &Report, before: &str, after: &str| {
            let (before, after) = (definition(before), definition(after));
            Breaking::between(&before, Some(had), &after, None).to_string()
        };
        let broken = "label 1 was liver and is spleen";
        assert_eq!(told(&report(LIVER, ""), SAYS_NOTHING, SAYS_SPLEEN), broken);
        assert_eq!(told(&report(LIVER, ""), SAYS_SPLEEN, SAYS_SPLEEN), "");
        let images = told(&report("", r#""MR""#), "{}", ct);
        assert_eq!(images, "the images were MR and are CT");
    }

    #[test]
    fn many_labels_are_counted() {
        let of = |word: &str| {
            let output = |n: u32| format!(r#"{{"name":"{word}{n}","value":{n}}}"#);
            report(&(1..6).map(output).collect::<Vec<_>>().join(","), "")
        };
        let told = told("{}", Some(&of("a")), "{}", &of("b"));
        assert!(
            told.ends_with("2 more labels stand for something else"),
            "{told}"
        );
    }
}
