//! `model inspect`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use model_dashboard::package::inspect::{
    Configuration, Finding, FindingKind, Inspectors, Network, Output as ModelOutput, Report,
};
use model_dashboard::package::pickle::Verdict;
use model_dashboard::package::source::OnDisk;
use model_dashboard::package::{Package, PackageError};

use crate::failure::{Failure, chain};
use crate::installation::Context;
use crate::output::{Output, counted, or_empty, printable, seconds_or_empty};
use crate::progress::bytes_bar;

/// Digits of a digest that are shown.
const DIGITS: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// An archive as it would be uploaded, a single file of a model, or a folder
    #[arg(value_name = "FILE-or-FOLDER")]
    package: PathBuf,

    /// Leave out the digests of files, and with them the check of the archive's own
    #[arg(long)]
    quick: bool,
}

pub(super) fn run(inspect: &Inspect, context: &Context) -> Result<(), Failure> {
    let path = &inspect.package;
    let failed = |error: PackageError| failure(path, &error);
    let package = open(path)?;
    let inspectors = Inspectors::default();
    let report = if inspect.quick {
        inspectors.look(&package)
    } else {
        let bar = bytes_bar(package.size(), "reading");
        let report = inspectors.inspect(&package, &mut |done| bar.set_position(done));
        bar.finish_and_clear();
        report
    };
    let report = report.map_err(failed)?;
    context.output.show(&report, || shown(&report, context))
}

fn open(path: &Path) -> Result<Package, Failure> {
    let unreadable =
        |error: io::Error| Failure::io(format!("{} cannot be read", path.display()), &error);
    let limits = Default::default();
    let kind = path.metadata().map_err(unreadable)?.file_type();
    let opened = if kind.is_dir() {
        Package::of_folder(path, &limits)
    } else if !kind.is_file() {
        // Others may never end.
        let what = format!("{} is neither a file nor a folder", path.display());
        return Err(Failure::usage(what));
    } else {
        let source = File::open(path).and_then(OnDisk::new).map_err(unreadable)?;
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        Package::open(&name, Arc::new(source), &limits)
    };
    opened.map_err(|error| failure(path, &error))
}

/// What is wrong with a package is wrong input, unless its bytes could not be had.
pub(super) fn failure(path: &Path, error: &PackageError) -> Failure {
    let what = format!("{} cannot be inspected", path.display());
    match error {
        PackageError::Unreadable { error: cause, .. }
            if cause.kind() != io::ErrorKind::InvalidData =>
        {
            Failure::io(format!("{what}: {error}"), cause)
        }
        _ => Failure::usage(format!("{what}: {}", chain(error))),
    }
}

pub(super) fn shown(report: &Report, context: &Context) -> String {
    let output = &context.output;
    let mut parts = vec![output.properties(properties(report))];
    parts.extend((!report.findings.is_empty()).then(|| findings(report)));
    let description = &report.description;
    parts.extend(labels(&description.outputs, output));
    if !description.configurations.is_empty() {
        let header = [
            "CONFIGURATION",
            "PATCH",
            "SPACING",
            "AXES",
            "BATCH",
            "TAKES ALSO",
        ];
        let rows = description.configurations.iter().map(configuration);
        parts.push(output.table(header, rows));
    }
    if !description.networks.is_empty() {
        let header = ["NETWORK", "TRAINER", "FOLDS", "NOT THERE", "TRAINED"];
        parts.push(output.table(header, description.networks.iter().map(network)));
    }
    if !description.scores.is_empty() {
        let header = ["SCORE", "ON", "NETWORK", "FOLD", "VALUE"];
        let rows = description.scores.iter().map(|score| {
            [
                score.measure.clone(),
                score.on.clone(),
                or_empty(score.network.as_deref().map(last_part)),
                or_empty(score.fold.as_ref()),
                format!("{:.4}", score.value),
            ]
        });
        parts.push(output.table(header, rows));
    }
    let rows = report.files.iter().map(|file| {
        let digest = file.digest.map(|digest| digest.to_hex());
        let crc32 = file.crc32.map(|it| it.to_string());
        [
            file.path.to_string(),
            bytes(file.size),
            digest
                .and_then(|it| it.get(..DIGITS).map(str::to_owned))
                .unwrap_or_default(),
            crc32.unwrap_or_default(),
            file.verdict
                .map(|it| verdict(it).to_owned())
                .unwrap_or_default(),
        ]
    });
    parts.push(output.table(
        ["FILE", "SIZE", "SHA-256 (BEGINNING)", "CRC-32", "PICKLES"],
        rows,
    ));
    parts.join("\n\n")
}

fn properties(report: &Report) -> Vec<(&'static str, String)> {
    let description = &report.description;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let joined = |values: Vec<String>| values.join(", ");
    let named = |(name, value): (&String, &String)| format!("{name} {value}");
    let framework = match &report.inspector {
        None => "not known: this is no model that can be told, or a part of one".to_owned(),
        Some(_) => match &description.framework_version {
            Some(version) => format!("{} {version}", description.framework),
            None => description.framework.clone(),
        },
    };
    let size = format!(
        "{} in {}",
        bytes(report.size),
        counted(report.files.len() as u64, "file")
    );
    vec![
        ("framework", framework),
        ("type", or_empty(description.network_type.as_ref())),
        ("may also be", report.also.join(", ")),
        ("name", or_empty(description.name.as_ref())),
        ("version", text(&description.version)),
        ("task", text(&description.task)),
        ("modality", text(&description.modality)),
        ("channels", description.channels.join(", ")),
        ("ignored label", or_empty(description.ignored_label)),
        ("licence", text(&description.licence)),
        ("reference", text(&description.reference)),
        (
            "made with",
            joined(description.made_with.iter().map(named).collect()),
        ),
        (
            "told also",
            joined(description.facts.iter().map(named).collect()),
        ),
        ("size", size),
        (
            "complete",
            match (&report.inspector, report.is_complete()) {
                (None, _) => String::new(),
                (_, true) => "yes".to_owned(),
                (_, false) => "no, see below".to_owned(),
            },
        ),
        (
            "pickles",
            report
                .verdict
                .map(|it| verdict(it).to_owned())
                .unwrap_or_default(),
        ),
        (
            "code",
            match (&report.inspector, report.contains_code) {
                (_, true) => "contains code, or what could be some: see below".to_owned(),
                (Some(_), false) => "none was found".to_owned(),
                (None, false) => "nothing is known of it, so there is nothing to say".to_owned(),
            },
        ),
    ]
}

fn configuration(configuration: &Configuration) -> [String; 6] {
    let sizes = configuration.patch_size.iter().map(ToString::to_string);
    // Spacings often come from 32-bit numbers, whose further digits say nothing.
    let spacing = configuration
        .spacing
        .iter()
        .map(|mm| (*mm as f32).to_string());
    [
        configuration.name.clone(),
        sizes.collect::<Vec<_>>().join(" × "),
        spacing.collect::<Vec<_>>().join(" × "),
        or_empty(configuration.axes.as_ref()),
        or_empty(configuration.batch_size),
        or_empty(configuration.previous_stage.as_ref()),
    ]
}

fn network(network: &Network) -> [String; 5] {
    let fold = |complete: bool| {
        let folds = network
            .folds
            .iter()
            .filter(|fold| fold.complete == complete);
        folds.map(|fold| fold.name.clone()).collect::<Vec<_>>()
    };
    let missing = [fold(false), network.missing_folds.clone()].concat();
    let trained = network
        .folds
        .iter()
        .filter_map(|fold| fold.trained_at)
        .max();
    let configuration = network.configuration.as_deref();
    [
        configuration
            .unwrap_or(last_part(&network.folder))
            .to_owned(),
        or_empty(network.trainer.as_ref()),
        fold(true).join(", "),
        missing.join(", "),
        seconds_or_empty(trained),
    ]
}

/// What the segmentation holds: the numbers that stand for it, or those that it is made of.
fn labels(outputs: &[ModelOutput], output: &Output) -> Option<String> {
    let all = outputs.iter().filter(|it| !it.is_background());
    let numbers = |labels: &[u32]| {
        let labels = labels.iter().map(ToString::to_string);
        labels.collect::<Vec<_>>().join(", ")
    };
    let rows: Vec<[String; 3]> = all
        .map(|it| {
            let name = it.name.clone().unwrap_or_else(|| "(no name)".to_owned());
            match it.value {
                Some(value) if it.labels.is_empty() || it.labels == [value] => {
                    [value.to_string(), name, String::new()]
                }
                Some(value) => [value.to_string(), name, numbers(&it.labels)],
                None => [numbers(&it.labels), name, String::new()],
            }
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    Some(match rows.iter().any(|[.., of]| !of.is_empty()) {
        true => output.table(["LABEL", "CONTOUR", "TRAINED ON"], rows),
        false => output.table(
            ["LABEL", "CONTOUR"],
            rows.into_iter().map(|[label, name, _]| [label, name]),
        ),
    })
}

/// Findings by kind: the file, and below it what was found.
fn findings(report: &Report) -> String {
    let kinds = [
        (
            FindingKind::Missing,
            "missing, without which it does not run",
        ),
        (
            FindingKind::Wrong,
            "wrong: do not rely on what is told here",
        ),
        (
            FindingKind::Code,
            "code that runs with it, or cannot be told: do not load it unless you trust who made it",
        ),
        (FindingKind::Leak, "traces of training, not to be published"),
        (FindingKind::Odd, "odd"),
    ];
    let of = |(kind, title): (FindingKind, &str)| {
        let lines: Vec<String> = report.findings_of(kind).map(line).collect();
        (!lines.is_empty()).then(|| format!("{title}:\n{}", lines.join("\n")))
    };
    kinds
        .into_iter()
        .filter_map(of)
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn line(finding: &Finding) -> String {
    let path = finding
        .path
        .as_ref()
        .map(|path| format!("{path}: "))
        .unwrap_or_default();
    let places = match &*finding.places {
        [] => String::new(),
        [only] => format!(" ({only})"),
        [first, .., last] => format!(" ({first} … {last}: {} places)", finding.places.len()),
    };
    let line = format!("  {path}{}{places}", finding.text).replace('\n', " ");
    printable(&line).into_owned()
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Expected => "expected",
        Verdict::Unknown => "unknown",
        Verdict::Unscannable => "unscannable",
        _ => "dangerous",
    }
}

fn last_part(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap_or(folder)
}

/// Bytes for people: `512 B`, `12.3 kB`, `1.2 GB`.
pub(super) fn bytes(count: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64;
    let mut unit = "B";
    for next in units {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_for_people() {
        let sizes = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_960, "1.0 MB"),
            (1_234_567_890, "1.2 GB"),
        ];
        for (count, shown) in sizes {
            assert_eq!(bytes(count), shown);
        }
    }
}
