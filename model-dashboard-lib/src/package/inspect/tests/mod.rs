#![allow(clippy::unwrap_used, clippy::panic)]

mod comparisons;
mod contradictions;
mod findings;
mod frameworks;
mod nnunet;
mod reports;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::package::source::InMemory;

/// A file of `tests/packages`.
fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages");
    std::fs::read(folder.join(name)).unwrap()
}

fn open(name: &str) -> Package {
    package_of(name.rsplit('/').next().unwrap(), file(name))
}

fn package_of(name: &str, bytes: Vec<u8>) -> Package {
    let source = Arc::new(InMemory::from(bytes));
    Package::open(name, source, &Default::default()).unwrap()
}

fn look(name: &str) -> Report {
    Inspectors::default().look(&open(name)).unwrap()
}

/// What is found in a genuine package, and what its framework reads.
fn genuine(name: &str) -> (Report, Value) {
    let report = look(&format!("genuine/{name}"));
    let stem = name.strip_suffix(".zip").unwrap_or(name);
    let expected = file(&format!("genuine/{stem}.expected.json"));
    (report, serde_json::from_slice(&expected).unwrap())
}

/// A package of these files, not compressed.
fn package(files: &[(&str, &[u8])]) -> Package {
    use std::io::Write as _;

    let mut bytes = Vec::new();
    let mut zip = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, data) in files {
        let file = zip
            .new_file(name)
            .compression_method(rawzip::CompressionMethod::STORE);
        let (mut entry, config) = file.start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(data).unwrap();
        let descriptor = writer.finish().unwrap().1;
        entry.finish(descriptor).unwrap();
    }
    zip.finish().unwrap();
    package_of("package.zip", bytes)
}

/// The texts of the findings of a kind, each after its file.
fn told(report: &Report, kind: FindingKind) -> Vec<String> {
    let told = |finding: &Finding| {
        let path = finding
            .path
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        format!("{path}: {} [{}]", finding.text, finding.places.join(", "))
    };
    report.findings_of(kind).map(told).collect()
}
