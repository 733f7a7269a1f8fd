//! Traces that training leaves in any package: patients, computers, folders.
//!
//! None of them is needed to run a model. What they say is not repeated, since a report is read by
//! more people than a package.

use super::contents::peek;
use super::finding::{Finding, FindingKind};
use super::value::Value;
use crate::package::{Package, PackageError, PackageFile};

/// How many files of a kind are told one by one.
const TOLD: usize = 20;

/// Ends of names of images, which may be those of patients.
const IMAGES: &[&str] = &[
    ".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm", ".dicom", ".npz", ".tif", ".tiff",
];

/// Tables in which MIST names patients and their files.
const TABLES: &[&str] = &[
    "train_paths.csv",
    "test_paths.csv",
    "fg_bboxes.csv",
    "results.csv",
];

/// Tells them.
pub(super) fn find(package: &Package, findings: &mut Vec<Finding>) -> Result<(), PackageError> {
    let mut images = Vec::new();
    for file in package.files() {
        let name = file.path.file_name();
        let lower = name.to_ascii_lowercase();
        if IMAGES.iter().any(|end| lower.ends_with(end)) && !package.is_one_file() {
            images.push(file);
        } else if TABLES.contains(&name) {
            findings.push(leak(file, "it names patients or their files"));
        } else if name.starts_with("training_log") && name.ends_with(".txt") {
            findings.push(leak(
                file,
                "a log of the training names folders and computers",
            ));
        } else if name.ends_with(".json") {
            json(package, file, findings)?;
        }
    }
    for file in images.iter().take(TOLD) {
        findings.push(leak(
            file,
            "it is an image, or made from one: it may be a patient's",
        ));
    }
    if let Some(more) = images.len().checked_sub(TOLD).filter(|more| *more > 0) {
        let text = format!("{more} more files are images, or made from some");
        findings.push(Finding::new(FindingKind::Leak, text));
    }
    Ok(())
}

fn leak(file: &PackageFile, text: impl Into<String>) -> Finding {
    Finding::new(FindingKind::Leak, text).at(&file.path)
}

fn json(
    package: &Package,
    file: &PackageFile,
    findings: &mut Vec<Finding>,
) -> Result<(), PackageError> {
    let told: fn(&Value) -> Option<Told> = match file.path.file_name() {
        "summary.json" => cases,
        "debug.json" => computer,
        "dataset.json" | "dataset_info.json" => listed,
        "splits_final.json" => splits,
        _ => return Ok(()),
    };
    let found = match peek(package, file)? {
        Some(value) => told(&value),
        // It is never called clean.
        None => Some((
            "it cannot be read, and files of this name hold traces".to_owned(),
            Vec::new(),
        )),
    };
    findings.extend(found.map(|(text, places)| leak(file, text).places(places)));
    Ok(())
}

/// What a file tells, and its places.
type Told = (String, Vec<String>);

/// nnU-Net's results of each case of the validation.
fn cases(summary: &Value) -> Option<Told> {
    let cases = summary.get("metric_per_case")?.items();
    let names = |case: &&Value| {
        let name = |key| case.get(key).and_then(Value::as_str).is_some();
        name("reference_file") || name("prediction_file")
    };
    let count = cases.iter().filter(names).count();
    let text = format!("it names the files of {}", counted(count, "case"));
    (count > 0).then(|| (text, vec!["metric_per_case".to_owned()]))
}

/// nnU-Net's notes on where it ran.
fn computer(debug: &Value) -> Option<Told> {
    let host = debug.get("hostname").and_then(Value::to_text);
    let mut places: Vec<String> = host.iter().map(|_| "hostname".to_owned()).collect();
    let members = debug.members().iter();
    let folders = members.filter(|(_, value)| value.as_str().is_some_and(is_place));
    places.extend(folders.map(|(key, _)| key.clone()));
    let text = match (host.is_some(), places.len() - usize::from(host.is_some())) {
        (false, 0) => return None,
        (true, 0) => "it names the computer that trained the model",
        (true, _) => "it names the computer that trained the model, and folders of it",
        (false, _) => "it names folders of the computer that trained the model",
    };
    Some((text.to_owned(), places))
}

/// Lists of images that the data came with.
fn listed(dataset: &Value) -> Option<Told> {
    let lists = ["training", "test", "dataset", "validation"];
    let full = |key: &&&str| {
        let value = dataset.get(key);
        value.is_some_and(|value| !value.items().is_empty() || !value.members().is_empty())
    };
    let places: Vec<String> = lists
        .iter()
        .filter(full)
        .map(|key| (*key).to_owned())
        .collect();
    let text = "it lists the images that the model was trained on".to_owned();
    (!places.is_empty()).then_some((text, places))
}

/// Which case was in which fold.
fn splits(splits: &Value) -> Option<Told> {
    let in_fold = |fold: &Value| -> usize {
        let members = fold.members().iter();
        members.map(|(_, cases)| cases.items().len()).sum()
    };
    let count = splits.items().iter().map(in_fold).max()?;
    let text = format!("it names {}", counted(count, "case"));
    (count > 0).then_some((text, Vec::new()))
}

/// Whether a text is a place of a computer: from its root, of a drive, or of a server.
pub(super) fn is_place(text: &str) -> bool {
    let drive = |text: &str| {
        let mut start = text.chars();
        start.next().is_some_and(|c| c.is_ascii_alphabetic()) && start.as_str().starts_with(":\\")
    };
    (text.starts_with('/') && text.len() > 1) || text.starts_with("\\\\") || drive(text)
}

/// `1 case`, `2 cases`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
