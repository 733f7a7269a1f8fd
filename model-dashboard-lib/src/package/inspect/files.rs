//! Every file of a package: its digest, and what loading it would run.

use super::finding::{Finding, FindingKind};
use super::formats;
use super::report::FileReport;
use crate::model::ContentDigest;
use crate::package::pickle::Verdict;
use crate::package::scan::{self, Scan};
use crate::package::{Package, PackageError, PackageFile, digest};

/// How many names are told in a sentence.
const NAMES: usize = 5;

/// Reads them in order. `progress` makes digests, and is told of bytes that are done.
pub(super) fn read(
    package: &Package,
    mut progress: Option<&mut dyn FnMut(u64)>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<FileReport>, PackageError> {
    let mut reports = Vec::with_capacity(package.files().len());
    let mut done = 0;
    for file in package.files() {
        let digest = match &mut progress {
            Some(progress) => Some(digest(package, file, &mut |bytes| progress(done + bytes))?),
            None => None,
        };
        done += file.size;
        let source = package.source(file)?;
        let scan = scan::scan(file.path.file_name(), &source);
        findings.extend(finding(file, &scan));
        formats::find(file, &source, findings);
        reports.push(FileReport {
            path: file.path.clone(),
            size: file.size,
            digest,
            crc32: package.crc(file),
            verdict: scan.verdict,
            names: scan.names.iter().map(ToString::to_string).collect(),
            reasons: scan.reasons.into_iter().collect(),
        });
    }
    Ok(reports)
}

fn digest(
    package: &Package,
    file: &PackageFile,
    progress: &mut dyn FnMut(u64),
) -> Result<ContentDigest, PackageError> {
    let data = package.read(file)?;
    let (_, digest) = digest::digest(data, progress).map_err(|error| PackageError::Unreadable {
        path: file.path.to_string(),
        error,
    })?;
    progress(file.size);
    Ok(digest)
}

fn finding(file: &PackageFile, scan: &Scan) -> Option<Finding> {
    let what = match scan.verdict? {
        Verdict::Expected => return None,
        Verdict::Unknown => "loading it runs code that nothing is known of",
        Verdict::Unscannable => "it cannot be told what loading it would run",
        Verdict::Dangerous => "loading it can run anything",
    };
    let mut all: Vec<String> = scan.names.iter().map(ToString::to_string).collect();
    all.extend(scan.reasons.iter().cloned());
    let told = all
        .iter()
        .take(NAMES)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    let mut text = format!("{what}: {told}");
    if all.len() > NAMES {
        text.push_str(&format!(" and {} more", all.len() - NAMES));
    }
    Some(Finding::new(FindingKind::Code, text).at(&file.path))
}
