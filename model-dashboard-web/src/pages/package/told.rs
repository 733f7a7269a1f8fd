//! A report of a package as the pages tell it.

use std::collections::BTreeSet;

use model_dashboard::dashboard::{Confirmed, MayBreak};
use model_dashboard::model::{LabelNames, LabelNumber, Timestamp};
use model_dashboard::package::inspect::{
    Configuration, Description, Drift, FileChangeKind, FileReport, FindingKind, Network, Report,
    ReportComparison, Score, Signature, Tensor,
};
use model_dashboard::package::pickle::Verdict;

use crate::pages::history::told::told_changes;
use crate::views::components::labels::Label;
use crate::views::history::changes::Changes;
use crate::views::package::files::{FileRow, FilesView};
use crate::views::package::{
    ConfigurationRow, Counts, FindingGroup, FindingRow, FoldState, FoundView, MayBreakView,
    NetworkRow, ScoreRow, SignatureRow, Since, Subject, Trust,
};

/// What was found. `shown_at` is where its files are shown, if they can be.
pub(in crate::pages) fn found(report: &Report, shown_at: Option<String>) -> FoundView {
    let description = &report.description;
    let version = description.framework_version.as_deref();
    let framework = match (report.inspector.is_some(), version) {
        (false, _) => String::new(),
        (true, None) => description.framework.clone(),
        (true, Some(version)) => format!("{} {version}", description.framework),
    };
    let names = description.contour_names();
    let label = |(number, names): (LabelNumber, &LabelNames)| Label {
        number: number.to_string(),
        names: names.as_slice().to_vec(),
    };
    FoundView {
        trust: trust(report),
        framework,
        also: report.also.clone(),
        facts: facts(description),
        labels: names.iter().map(label).collect(),
        ignored_label: description.ignored_label,
        configurations: description
            .configurations
            .iter()
            .map(configuration)
            .collect(),
        networks: description.networks.iter().map(network).collect(),
        scores: scores(description),
        signatures: description.signatures.iter().map(signature).collect(),
        findings: findings(report),
        files: FilesView {
            files: files(report),
            shown_at,
        },
    }
}

/// What loading all of it would do.
pub(in crate::pages) fn trust(report: &Report) -> Trust {
    let of_files = match (report.verdict, &report.inspector) {
        (Some(verdict), _) => of_verdict(verdict),
        (None, Some(_)) => Trust::NoCode,
        (None, None) => Trust::Untold,
    };
    match report.contains_code {
        true => of_files.max(Trust::Code),
        false => of_files,
    }
}

/// Where a definition says something else than its package.
pub(in crate::pages) fn drift(found: &Drift) -> Changes {
    told_changes(&found.fields, &found.labels)
}

/// What a change may break, ticked as it was confirmed.
pub(in crate::pages) fn may_break(found: MayBreak, confirmed: Confirmed) -> MayBreakView {
    let MayBreak {
        breaking, lacking, ..
    } = found;
    MayBreakView {
        breaking: told_changes(breaking.channels.as_slice(), &breaking.labels),
        means_it: confirmed.breaking,
        lacking,
        lacks_it: confirmed.incomplete,
    }
}

/// What differs from one package to another.
pub(in crate::pages) fn since(found: &ReportComparison) -> Since {
    Since {
        files: counts(found),
        changes: told_changes(&found.fields, &found.labels),
        breaking: found.is_breaking(),
    }
}

/// How many files are new, gone and so on.
pub(super) fn counts(found: &ReportComparison) -> Counts {
    Counts {
        added: found.count(FileChangeKind::Added),
        removed: found.count(FileChangeKind::Removed),
        changed: found.count(FileChangeKind::Changed),
        unknown: found.count(FileChangeKind::Unknown),
        same: found.same_files.saturating_sub(found.same_by_checksum),
        same_by_checksum: found.same_by_checksum,
    }
}

/// What loading one file would do.
pub(in crate::pages) fn of_file(file: &FileReport) -> Trust {
    file.verdict.map_or(Trust::NoCode, of_verdict)
}

fn of_verdict(verdict: Verdict) -> Trust {
    match verdict {
        Verdict::Expected => Trust::Expected,
        Verdict::Unknown => Trust::Unknown,
        Verdict::Unscannable => Trust::Unscannable,
        // What a later library tells is read as the worst there is.
        _ => Trust::Dangerous,
    }
}

fn facts(description: &Description) -> Vec<(String, String)> {
    let networks = &description.networks;
    let folds = networks.iter().flat_map(|network| &network.folds);
    let trained = folds.filter_map(|fold| fold.trained_at).max();
    let joined = |texts: BTreeSet<&str>| {
        let texts: Vec<&str> = texts.into_iter().collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    };
    let trainers = networks.iter().filter_map(|it| it.trainer.as_deref());
    let plans = networks.iter().filter_map(|it| it.plans.as_deref());
    let channels = joined_in_order(&description.channels);
    let modality = description.modality.clone();
    let modality = modality.filter(|it| Some(it) != channels.as_ref());
    let all = [
        ("Task", description.task.clone()),
        ("Version", description.version.clone()),
        (
            "Network type",
            description.network_type.as_ref().map(ToString::to_string),
        ),
        ("Name", description.name.as_ref().map(ToString::to_string)),
        ("Channels", channels),
        ("Modality", modality),
        ("Trainer", joined(trainers.collect())),
        ("Plans", joined(plans.collect())),
        ("Trained until", trained.map(day)),
        ("Licence", description.licence.clone()),
        ("Reference", description.reference.clone()),
    ];
    let told = all.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.trim().is_empty())?;
        Some((name.to_owned(), value))
    });
    let made_with = description.made_with.iter();
    let made_with = made_with.map(|(name, version)| (format!("Made with {name}"), version.clone()));
    // `training_cases` reads as “Training cases”.
    let more = description.facts.iter();
    let more = more.map(|(name, value)| (titled(&name.replace('_', " ")), value.clone()));
    told.chain(made_with).chain(more).collect()
}

/// The name of a fact with a capital letter.
fn titled(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn joined_in_order(texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// The day, as it is told everywhere: `2026-03-01`.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

fn numbers<T: ToString>(values: &[T]) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    values.join(" × ")
}

/// Millimetres, to the hundredth.
fn spacing(values: &[f64]) -> String {
    let round = |value: &f64| (value * 100.0).round() / 100.0;
    numbers(&values.iter().map(round).collect::<Vec<f64>>())
}

fn configuration(from: &Configuration) -> ConfigurationRow {
    ConfigurationRow {
        name: from.name.clone(),
        patch_size: numbers(&from.patch_size),
        spacing: spacing(&from.spacing),
        axes: from.axes.clone().unwrap_or_default(),
        normalization: from.normalization.join(", "),
        network_class: from.network_class.clone().unwrap_or_default(),
        previous_stage: from.previous_stage.clone().unwrap_or_default(),
    }
}

fn network(from: &Network) -> NetworkRow {
    let state = |complete| match complete {
        true => FoldState::Complete,
        false => FoldState::Incomplete,
    };
    let there = from.folds.iter();
    let there = there.map(|fold| (fold.name.clone(), state(fold.complete)));
    let missing = from.missing_folds.iter().cloned();
    let mut folds: Vec<(String, FoldState)> = there
        .chain(missing.map(|name| (name, FoldState::Missing)))
        .collect();
    folds.sort_by(|a, b| a.0.cmp(&b.0));
    let trained = from.folds.iter().filter_map(|fold| fold.trained_at).max();
    NetworkRow {
        configuration: from.configuration.clone().unwrap_or_default(),
        trainer: from.trainer.clone().unwrap_or_default(),
        plans: from.plans.clone().unwrap_or_default(),
        folder: from.folder.clone(),
        folds,
        trained: trained.map(day).unwrap_or_default(),
    }
}

fn scores(description: &Description) -> Vec<ScoreRow> {
    let networks = &description.networks;
    let called = |folder: &String| {
        let network = networks.iter().find(|network| network.folder == *folder);
        let called = network.and_then(|network| network.configuration.clone());
        called.unwrap_or_else(|| folder.clone())
    };
    let score = |score: &Score| {
        let network = score.network.as_ref().map(called);
        let fold = score.fold.as_ref().map(|fold| format!("fold {fold}"));
        let of: Vec<String> = network.into_iter().chain(fold).collect();
        ScoreRow {
            measure: score.measure.clone(),
            on: score.on.clone(),
            of: of.join(", "),
            value: format!("{:.4}", score.value),
        }
    };
    description.scores.iter().map(score).collect()
}

fn signature(from: &Signature) -> SignatureRow {
    let tensor = |tensor: &Tensor| {
        let shape = tensor
            .shape
            .as_ref()
            .map(|sizes| format!("[{}]", sizes.join(", ")));
        let parts = [Some(tensor.name.clone()), Some(tensor.kind.clone()), shape];
        let parts: Vec<String> = parts
            .into_iter()
            .flatten()
            .filter(|it| !it.is_empty())
            .collect();
        parts.join(" ")
    };
    SignatureRow {
        name: from.name.clone(),
        inputs: from.inputs.iter().map(tensor).collect(),
        outputs: from.outputs.iter().map(tensor).collect(),
    }
}

fn findings(report: &Report) -> Vec<FindingGroup> {
    let subject = |kind| match kind {
        FindingKind::Missing => Subject::Missing,
        FindingKind::Wrong => Subject::Wrong,
        FindingKind::Leak => Subject::Leak,
        FindingKind::Odd => Subject::Odd,
        // What a later library tells is read as the worst there is.
        _ => Subject::Code,
    };
    let rows = |kind| {
        // What is the same in several files is told once.
        let mut rows: Vec<FindingRow> = Vec::new();
        for finding in report.findings_of(kind) {
            let path = finding.path.as_ref();
            let file = path.map(|path| (path.to_string(), finding.places.clone()));
            match rows.iter_mut().find(|row| row.text == finding.text) {
                Some(row) => row.files.extend(file),
                None => rows.push(FindingRow {
                    text: finding.text.clone(),
                    files: file.into_iter().collect(),
                }),
            }
        }
        rows
    };
    let group = |kind| FindingGroup {
        subject: subject(kind),
        rows: rows(kind),
    };
    FindingKind::ALL.into_iter().map(group).collect()
}

fn files(report: &Report) -> Vec<FileRow> {
    let files = report.files.iter().map(|file| FileRow {
        path: file.path.to_string(),
        size: file.size,
        digest: file
            .digest
            .map(|digest| digest.to_hex())
            .unwrap_or_default(),
        crc32: file.crc32.map(|it| it.to_string()).unwrap_or_default(),
        trust: of_file(file),
        names: file.names.clone(),
        reasons: file.reasons.clone(),
    });
    files.collect()
}
