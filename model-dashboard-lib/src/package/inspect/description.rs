//! What a package says of its model.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingKind};
use crate::model::{ContourNames, LabelNames, LabelNumber, ModelName, NetworkType, Timestamp};
use crate::package::PackagePath;

/// What a package says of its model, in the words of its framework. Everything may be missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Description {
    /// The framework, as people call it: `nnU-Net`.
    pub framework: String,
    /// The framework's version, where the package tells it.
    pub framework_version: Option<String>,
    /// The network type that the model would have in the registry.
    pub network_type: Option<NetworkType>,
    /// The name that it would have.
    pub name: Option<ModelName>,
    /// The model's own version.
    pub version: Option<String>,
    /// What it is for, as the package says it.
    pub task: Option<String>,
    /// What the segmentation holds, in the order of the framework.
    pub outputs: Vec<Output>,
    /// The label that was left out of training and never comes out.
    pub ignored_label: Option<u32>,
    /// The images that it takes, in order.
    pub channels: Vec<String>,
    /// How they were made: `CT`, `MR`.
    pub modality: Option<String>,
    /// How networks are or could be built, in the order of the file.
    pub configurations: Vec<Configuration>,
    /// The networks that were trained.
    pub networks: Vec<Network>,
    /// What it takes and gives, by the names of its functions.
    pub signatures: Vec<Signature>,
    /// How well it did, as far as the package tells.
    pub scores: Vec<Score>,
    /// The licence, by its name where it is known.
    pub licence: Option<String>,
    /// Where the data or the model come from.
    pub reference: Option<String>,
    /// Versions of what it was made with, by the names of the packages.
    pub made_with: BTreeMap<String, String>,
    /// What else is told, by the names of the framework.
    pub facts: BTreeMap<String, String>,
    /// What was found while reading it. In a report it stands among all findings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// A structure or region that the segmentation holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Output {
    /// Its name; `None` where the package names none.
    pub name: Option<String>,
    /// The number that stands for it in the segmentation; `None` where [`labels`](Self::labels) do.
    pub value: Option<u32>,
    /// The numbers that it was trained on: several for a region.
    pub labels: Vec<u32>,
}

/// How a network is built.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Configuration {
    /// What the framework calls it: `3d_fullres`.
    pub name: String,
    /// What it sees at once, in voxels.
    pub patch_size: Vec<u64>,
    /// The distance of voxels, in millimetres.
    pub spacing: Vec<f64>,
    /// The order of the axes of both: `zyx`.
    pub axes: Option<String>,
    /// How many patches it was trained on at once.
    pub batch_size: Option<u64>,
    /// How each channel is normalised.
    pub normalization: Vec<String>,
    /// The class of the network, as it is imported.
    pub network_class: Option<String>,
    /// The configuration whose segmentation it takes as well.
    pub previous_stage: Option<String>,
}

/// A network that was trained: once, or once for each fold of the data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Network {
    /// The folder in the package; empty for its root.
    pub folder: String,
    /// The [`Configuration`].
    pub configuration: Option<String>,
    /// What trained it.
    pub trainer: Option<String>,
    /// The name of the plans.
    pub plans: Option<String>,
    /// The folds that are there, and whether they can be used.
    pub folds: Vec<Fold>,
    /// Folds that its framework would take and that are not there.
    pub missing_folds: Vec<String>,
}

/// The weights of a network from one training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Fold {
    /// `0` to `4`, or `all`.
    pub name: String,
    /// Whether all files are there.
    pub complete: bool,
    /// The file with the weights.
    pub weights: Option<PackagePath>,
    /// How many epochs it was trained.
    pub epochs: Option<u64>,
    /// When training ended.
    pub trained_at: Option<Timestamp>,
    /// Axes along which images may be mirrored for a better result; `None` for none.
    pub mirroring_axes: Option<Vec<u64>>,
}

/// What a function of a model takes and gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Signature {
    /// The function; empty where there is only one.
    pub name: String,
    /// What it takes.
    pub inputs: Vec<Tensor>,
    /// What it gives.
    pub outputs: Vec<Tensor>,
}

/// Something that a model takes or gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Tensor {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its type, in the words of the framework.
    pub kind: String,
    /// Its sizes, as text: a number, a name that stands for one, or `?`; `None` where nothing is
    /// said.
    pub shape: Option<Vec<String>>,
}

/// How well a model did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Score {
    /// What was measured: `mean foreground Dice`.
    pub measure: String,
    /// On what: `validation`, `cross-validation`, `training`.
    pub on: String,
    /// The [`Network`]'s folder.
    pub network: Option<String>,
    /// The [`Fold`].
    pub fold: Option<String>,
    /// The value.
    pub value: f64,
}

impl Description {
    /// Of this framework, with nothing else told.
    #[must_use]
    pub fn new(framework: impl Into<String>) -> Self {
        Self {
            framework: framework.into(),
            ..Self::default()
        }
    }

    /// The labels as a definition has them: number to name, or to a list of names where regions
    /// overlap or share a number. The background is none of them.
    #[must_use]
    pub fn contour_names(&self) -> ContourNames {
        let mut labels: Vec<(u32, Vec<&String>)> = Vec::new();
        let mut places: HashMap<u32, usize> = HashMap::new();
        for output in self.outputs.iter().filter(|output| !output.is_background()) {
            let Some(name) = &output.name else { continue };
            let numbers = match &output.value {
                Some(value) => std::slice::from_ref(value),
                None => &output.labels,
            };
            for number in numbers {
                let place = *places.entry(*number).or_insert(labels.len());
                match labels.get_mut(place) {
                    Some((_, names)) => names.push(name),
                    None => labels.push((*number, vec![name])),
                }
            }
        }
        let labels = labels.into_iter().map(|(number, names)| {
            let mut told = HashSet::new();
            let names = names.into_iter().filter(|name| told.insert(*name));
            let names = LabelNames::from_names(names.cloned().collect());
            (LabelNumber::new(number), names)
        });
        // No number is there twice.
        ContourNames::from_labels(labels).unwrap_or_default()
    }

    pub(super) fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(super) fn score(
        &mut self,
        measure: &str,
        on: &str,
        value: Option<f64>,
    ) -> Option<&mut Score> {
        // Not a number is no score, and JSON does not have it.
        let value = value.filter(|value| value.is_finite())?;
        self.scores.push(Score {
            measure: measure.to_owned(),
            on: on.to_owned(),
            value,
            ..Score::default()
        });
        self.scores.last_mut()
    }

    pub(super) fn missing(&mut self, text: impl Into<String>) {
        self.found(Finding::new(FindingKind::Missing, text));
    }

    pub(super) fn fact(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.facts.insert(name.to_owned(), value.to_string());
        }
    }
}

impl Output {
    /// Whether it is what is left when nothing was found: the number 0, called so or not at all.
    #[must_use]
    pub fn is_background(&self) -> bool {
        let is_called = |name: &String| name.eq_ignore_ascii_case("background");
        self.value == Some(0) && self.name.as_ref().is_none_or(is_called)
    }
}

/// A name that a model may have, as near to `text` as the rule allows.
pub(super) fn proposed_name(text: &str) -> Option<ModelName> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut name = String::new();
    for c in text.trim().chars() {
        let c = if allowed(c) { c } else { '_' };
        if c == '.' && name.ends_with('.') {
            continue;
        }
        if name.len() < crate::model::MAX_NAME_CHARS {
            name.push(c);
        }
    }
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    ModelName::parse(name).ok()
}

/// A type that is known to be well-formed, as it stands in the code.
pub(super) fn network_type(text: &str) -> Option<NetworkType> {
    NetworkType::parse(text).ok()
}
