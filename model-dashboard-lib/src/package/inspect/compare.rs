//! What differs between a definition and its package, and between two packages.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::description::Description;
use super::proposed::{folds, licence_said_by};
use super::report::{FileReport, Report};
use crate::model::{
    ContentDigest, FieldChange, JsonObject, LabelChange, LabelChangeKind, LabelNames,
    ModelDefinition, folded,
};
use crate::package::{Crc32, PackagePath};

/// Where a definition says something else than its package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// Labels by number: what the definition calls them, and what the package does. Empty where the
    /// package names none.
    pub labels: Vec<LabelChange>,
    /// Fields that both have: what the definition says, and what the package does.
    pub fields: Vec<FieldChange>,
}

/// What differs from one package to another that is to take its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportComparison {
    /// Files that differ, by path.
    pub files: Vec<FileChange>,
    /// How many files are the same, by their digests or by what their archives state of them.
    pub same_files: usize,
    /// How many of these are the same by size and [`Crc32`] alone, which proves nothing against somebody
    /// who wants it so.
    pub same_by_checksum: usize,
    /// Labels that differ, by number.
    pub labels: Vec<LabelChange>,
    /// What else is told otherwise, by the fields of [`Description`] and [`Report`].
    pub fields: Vec<FieldChange>,
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileChange {
    /// Where it lies.
    pub path: PackagePath,
    /// How it differs.
    pub kind: FileChangeKind,
    /// What it was; `None` if it was not there.
    pub before: Option<FileState>,
    /// What it is then.
    pub after: Option<FileState>,
}

/// The bytes of a file, unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileState {
    /// How many.
    pub size: u64,
    /// Their digest, where it is known.
    pub digest: Option<ContentDigest>,
    /// What their archive states of them.
    pub crc32: Option<Crc32>,
}

impl FileState {
    fn of(file: &FileReport) -> Self {
        Self {
            size: file.size,
            digest: file.digest,
            crc32: file.crc32,
        }
    }

    /// Whether these are the same bytes; `None` where that cannot be told.
    fn is_same(&self, other: &Self) -> Option<bool> {
        if self.size != other.size {
            return Some(false);
        }
        match (self.digest, other.digest) {
            (Some(one), Some(other)) => Some(one == other),
            _ => Some(self.crc32? == other.crc32?),
        }
    }
}

/// How a file differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileChangeKind {
    /// It is new.
    Added,
    /// It is no more.
    Removed,
    /// It has other bytes.
    Changed,
    /// It has as many bytes as before; whether they are the same cannot be told: neither digests are known
    /// of both nor the checksums of an archive.
    Unknown,
}

impl Drift {
    /// Compares a definition with what its package says.
    #[must_use]
    pub fn between(definition: &ModelDefinition, report: &Report) -> Self {
        let description = &report.description;
        let mut drift = Self::default();
        let names = description.contour_names();
        if !names.is_empty() {
            drift.labels = LabelChange::between(&definition.contour_names(), &names);
            let held = names_held(&drift.labels, description);
            drift
                .labels
                .retain(|change| !is_said_otherwise(change, &held));
        }
        let mut compare = |field: &str, says: Option<String>, package: Option<String>| {
            if let (Some(says), Some(package)) = (says, package)
                && says != package
            {
                drift.fields.push(change(field, Some(says), Some(package)));
            }
        };
        let text = |text: String| Some(text).filter(|text| !text.trim().is_empty());
        compare(
            "version",
            text(definition.version()),
            description.version.clone(),
        );
        let network_type = definition
            .as_object()
            .get_as::<String>("network_type")
            .ok()
            .flatten();
        let may_be = |name: &String| report.also.contains(name);
        let proposed = description.network_type.as_ref().map(ToString::to_string);
        compare(
            "network_type",
            network_type.filter(|it| !may_be(it)),
            proposed,
        );
        compare(
            "inference_information.channel_names",
            channels_said_by(definition),
            channels_told_by(description),
        );
        compare(
            "licence",
            licence_said_by(&definition.description()),
            description.told_licence(),
        );
        let information = definition.as_object().get_object("inference_information");
        let information = information.unwrap_or_default();
        let said = |key: &str| information.get_as::<String>(key).ok().flatten();
        // A package of several networks has one of each that is right.
        for (key, of) in [
            (
                "configuration",
                BTreeSet::from_iter(
                    description
                        .networks
                        .iter()
                        .filter_map(|it| it.configuration.clone()),
                ),
            ),
            (
                "plans_name",
                BTreeSet::from_iter(
                    description
                        .networks
                        .iter()
                        .filter_map(|it| it.plans.clone()),
                ),
            ),
            (
                "trainer_name",
                BTreeSet::from_iter(
                    description
                        .networks
                        .iter()
                        .filter_map(|it| it.trainer.clone()),
                ),
            ),
        ] {
            let says = said(key).filter(|says| !of.contains(says));
            compare(
                &format!("inference_information.{key}"),
                says,
                joined(of.iter()),
            );
        }
        let there = description.networks.iter().flat_map(folds);
        let there: BTreeSet<String> = there.map(|fold| shown(&fold)).collect();
        // Fewer than there are may be meant.
        let says = named_folds(&information);
        let says = says.filter(|folds| !folds.iter().all(|fold| there.contains(fold)));
        compare(
            "inference_information.folds",
            says.and_then(|folds| joined(folds.iter())),
            joined(there.iter()),
        );
        drift
    }

    /// Whether both say the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }
}

/// Whether a label is right in another way: the background, which need not be a contour, and regions,
/// which may be named at every number that they hold.
fn is_said_otherwise(change: &LabelChange, held: &HashMap<u32, Held>) -> bool {
    let held = held.get(&change.number.get());
    said(change)
        .zip(held)
        .is_some_and(|(says, held)| folded(says) == folded(&LabelNames::from_names(held.0.clone())))
}

/// What a definition calls a label that may be right in another way.
fn said(change: &LabelChange) -> Option<&LabelNames> {
    let is_otherwise = change.kind != LabelChangeKind::Respelled;
    change.before.as_ref().filter(|_| is_otherwise)
}

/// The names of all outputs that hold a number, and how many are worth knowing.
struct Held(Vec<String>, usize);

/// What these changes may be right by.
fn names_held(changes: &[LabelChange], description: &Description) -> HashMap<u32, Held> {
    let asked = changes.iter().filter_map(|change| {
        // With more names than the definition says it is wrong anyway.
        let most = said(change)?.as_slice().len().saturating_add(1);
        Some((change.number.get(), Held(Vec::new(), most)))
    });
    let mut all: HashMap<u32, Held> = asked.collect();
    let outputs = description.outputs.iter();
    for (name, labels) in outputs.filter_map(|it| Some((it.name.as_ref()?, &it.labels))) {
        // Some say a number twice.
        for number in labels.iter().collect::<BTreeSet<_>>() {
            match all.get_mut(number) {
                Some(Held(names, most)) if names.len() < *most => names.push(name.clone()),
                _ => {}
            }
        }
    }
    all
}

/// The images that a package tells its model takes.
pub(super) fn channels_told_by(description: &Description) -> Option<String> {
    joined(description.channels.iter())
}

/// The images that a definition says its model takes.
pub(super) fn channels_said_by(definition: &ModelDefinition) -> Option<String> {
    let information = definition.as_object().get_object("inference_information");
    named_channels(&information?)
}

/// The channels that a definition names, as nnU-Net does: by number.
fn named_channels(information: &JsonObject) -> Option<String> {
    let names = information
        .get_object("channel_names")
        .or_else(|| information.get_object("modality"))?;
    let mut numbered: Vec<(u32, String)> = Vec::new();
    for (key, raw) in names.iter() {
        numbered.push((key.parse().ok()?, serde_json::from_str(raw).ok()?));
    }
    numbered.sort_unstable();
    joined(numbered.iter().map(|(_, name)| name))
}

/// The folds that a definition names: numbers or texts.
fn named_folds(information: &JsonObject) -> Option<Vec<String>> {
    let folds: Vec<serde_json::Value> = information.get_as("folds").ok().flatten()?;
    Some(folds.iter().map(shown).collect())
}

fn shown(value: &serde_json::Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

impl ReportComparison {
    /// What differs from `before` to `after`.
    #[must_use]
    pub fn between(before: &Report, after: &Report) -> Self {
        let mut found = Self::of_told(before, after);
        found.files(&before.files, &after.files);
        found
    }

    /// What they tell otherwise: not what differs of their files.
    pub(super) fn of_told(before: &Report, after: &Report) -> Self {
        let mut found = Self::default();
        let (was, is) = (&before.description, &after.description);
        found.labels = LabelChange::between(&was.contour_names(), &is.contour_names());
        let fields: [(&str, Told); 7] = [
            ("framework", |it| {
                Some(it.framework.clone()).filter(|it| !it.is_empty())
            }),
            ("framework_version", |it| it.framework_version.clone()),
            ("network_type", |it| {
                it.network_type.as_ref().map(ToString::to_string)
            }),
            ("name", |it| it.name.as_ref().map(ToString::to_string)),
            ("version", |it| it.version.clone()),
            ("channels", |it| joined(it.channels.iter())),
            ("licence", |it| it.licence.clone()),
        ];
        for (field, value) in fields {
            let (was, is) = (value(was), value(is));
            if was != is {
                found.fields.push(change(field, was, is));
            }
        }
        if before.contains_code != after.contains_code {
            let told = |report: &Report| Some(report.contains_code.to_string());
            found
                .fields
                .push(change("contains_code", told(before), told(after)));
        }
        if before.verdict != after.verdict {
            let told = |report: &Report| {
                let verdict = serde_json::to_value(report.verdict).ok()?;
                verdict.as_str().map(str::to_owned)
            };
            found
                .fields
                .push(change("verdict", told(before), told(after)));
        }
        found
    }

    /// The files of a package that came where none was, or went: nothing is told otherwise by it.
    #[must_use]
    pub fn of_files(before: Option<&Report>, after: Option<&Report>) -> Self {
        let mut found = Self::default();
        let files = |report: Option<&'_ Report>| report.map(|it| it.files.clone());
        let (was, is) = (files(before), files(after));
        found.files(&was.unwrap_or_default(), &is.unwrap_or_default());
        found
    }

    /// How many files are of a kind.
    #[must_use]
    pub fn count(&self, kind: FileChangeKind) -> usize {
        self.files.iter().filter(|it| it.kind == kind).count()
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.labels.is_empty() && self.fields.is_empty()
    }

    fn files(&mut self, before: &[FileReport], after: &[FileReport]) {
        let by_path = |files: &'_ [FileReport]| -> BTreeMap<PackagePath, FileState> {
            let files = files.iter();
            files
                .map(|file| (file.path.clone(), FileState::of(file)))
                .collect()
        };
        let (was, is) = (by_path(before), by_path(after));
        let paths: BTreeSet<&PackagePath> = was.keys().chain(is.keys()).collect();
        for path in paths {
            let (before, after) = (was.get(path).copied(), is.get(path).copied());
            let kind = match (before, after) {
                (None, _) => FileChangeKind::Added,
                (_, None) => FileChangeKind::Removed,
                (Some(was), Some(is)) => match was.is_same(&is) {
                    Some(true) => {
                        self.same_files += 1;
                        let digests = before.and_then(|it| it.digest).zip(is.digest);
                        self.same_by_checksum += usize::from(digests.is_none());
                        continue;
                    }
                    Some(false) => FileChangeKind::Changed,
                    None => FileChangeKind::Unknown,
                },
            };
            self.files.push(FileChange {
                path: path.clone(),
                kind,
                before,
                after,
            });
        }
    }

    /// Whether whoever uses the model takes one thing for another: a number that stands for something
    /// else, or other images.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        let mut labels = self.labels.iter();
        labels.any(|change| change.kind.is_breaking()) || self.channels().is_some()
    }

    /// The images, where both packages tell them, and otherwise.
    pub(super) fn channels(&self) -> Option<&FieldChange> {
        let told = |change: &&FieldChange| {
            change.field == "channels" && change.before.is_some() && change.after.is_some()
        };
        self.fields.iter().find(told)
    }
}

/// What a package tells of something.
type Told = fn(&Description) -> Option<String>;

fn change(field: &str, before: Option<String>, after: Option<String>) -> FieldChange {
    FieldChange {
        field: field.to_owned(),
        before,
        after,
    }
}

fn joined<'a>(texts: impl Iterator<Item = &'a String>) -> Option<String> {
    let texts: Vec<&str> = texts.map(String::as_str).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}
