//! What differs between the packages of two revisions, for programs and for people.

use model_dashboard::client::{
    RemoteContents, RemoteFileChange, RemoteFileState, RemoteNamedPackage, RemotePackageDifference,
};
use model_dashboard::dashboard::{PackageDifference, PackageSide, RevisionPackage};
use model_dashboard::model::Timestamp;
use model_dashboard::package::inspect::{FileChange, FileChangeKind, ReportComparison};
use serde::Serialize;

use super::changes::Changes;
use super::inspect::bytes as size;
use crate::output::{Output, counted, seconds};

/// How many files a table names.
const MOST_SHOWN: usize = 200;

/// Two packages as programs read them.
#[derive(Debug, Serialize)]
pub(super) struct PackageChanges {
    before: Option<Package>,
    after: Option<Package>,
    /// Which of both revisions cannot be read, so that it is not known what package it names.
    unreadable: Vec<String>,
    /// Null where it is not known what is in one of them.
    contents: Option<Contents>,
    /// Why jobs may not run the later one correctly, but for what the earlier one lacks as well.
    pub(super) lacking: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Package {
    id: String,
    file_name: Option<String>,
    size: Option<u64>,
    digest: Option<String>,
    /// When its bytes were purged.
    removed_at: Option<Timestamp>,
    removed_because: Option<String>,
}

#[derive(Debug, Serialize)]
struct Contents {
    files: Vec<File>,
    /// How many more differ that a server did not list.
    more_files: usize,
    same_files: usize,
    same_by_checksum: usize,
    /// What they tell of themselves.
    told: Changes,
    breaking: bool,
}

#[derive(Debug, Serialize)]
struct File {
    path: String,
    change: &'static str,
    before: Option<State>,
    after: Option<State>,
}

#[derive(Debug, Serialize)]
struct State {
    size: u64,
    digest: Option<String>,
    crc32: Option<String>,
}

impl From<PackageDifference> for PackageChanges {
    fn from(found: PackageDifference) -> Self {
        let sides = [("before", &found.before), ("after", &found.after)];
        let unreadable = sides
            .into_iter()
            .filter(|(_, side)| **side == PackageSide::Unreadable);
        Self {
            before: found.before.package().map(Package::from),
            after: found.after.package().map(Package::from),
            unreadable: unreadable.map(|(name, _)| name.to_owned()).collect(),
            contents: found.contents.map(Contents::from),
            lacking: found.lacking,
        }
    }
}

impl From<&RevisionPackage> for Package {
    fn from(package: &RevisionPackage) -> Self {
        let head = package.head.as_ref();
        let removed = head.and_then(|head| head.removed.as_ref());
        Self {
            file_name: head.map(|head| head.file_name.clone()),
            size: head.map(|head| head.size),
            digest: head.map(|head| head.digest.to_string()),
            removed_at: removed.map(|removal| removal.at),
            removed_because: removed
                .filter(|removal| !removal.is_withheld())
                .map(|removal| removal.reason.clone()),
            id: package.id.clone(),
        }
    }
}

impl From<ReportComparison> for Contents {
    fn from(found: ReportComparison) -> Self {
        let breaking = found.is_breaking();
        Self {
            files: found.files.into_iter().map(File::from).collect(),
            more_files: 0,
            same_files: found.same_files,
            same_by_checksum: found.same_by_checksum,
            told: Changes::of(found.fields, found.labels),
            breaking,
        }
    }
}

impl From<FileChange> for File {
    fn from(file: FileChange) -> Self {
        let state = |state: model_dashboard::package::inspect::FileState| State {
            size: state.size,
            digest: state.digest.map(|digest| digest.to_string()),
            crc32: state.crc32.map(|crc| crc.to_string()),
        };
        Self {
            path: file.path.to_string(),
            change: match file.kind {
                FileChangeKind::Added => "added",
                FileChangeKind::Removed => "removed",
                FileChangeKind::Changed => "changed",
                _ => "unknown",
            },
            before: file.before.map(state),
            after: file.after.map(state),
        }
    }
}

impl From<RemotePackageDifference> for PackageChanges {
    fn from(found: RemotePackageDifference) -> Self {
        Self {
            before: found.before.map(Package::from),
            after: found.after.map(Package::from),
            unreadable: found.unreadable,
            contents: found.contents.map(Contents::from),
            lacking: found.lacking,
        }
    }
}

impl From<RemoteNamedPackage> for Package {
    fn from(package: RemoteNamedPackage) -> Self {
        Self {
            id: package.id,
            file_name: package.file_name,
            size: package.size,
            digest: package.sha256.map(|digest| format!("sha256:{digest}")),
            removed_at: package.removed_at,
            removed_because: package.removed_because,
        }
    }
}

impl From<RemoteContents> for Contents {
    fn from(found: RemoteContents) -> Self {
        Self {
            files: found.files.into_iter().map(File::from).collect(),
            more_files: found.more_files,
            same_files: found.same_files,
            same_by_checksum: found.same_by_checksum,
            told: Changes::of_remote(found.fields, found.labels),
            breaking: found.breaking,
        }
    }
}

impl From<RemoteFileChange> for File {
    fn from(file: RemoteFileChange) -> Self {
        let state = |state: RemoteFileState| State {
            size: state.size,
            digest: state.sha256.map(|digest| format!("sha256:{digest}")),
            crc32: state.crc32,
        };
        Self {
            path: file.path,
            change: match file.kind.as_str() {
                "added" => "added",
                "removed" => "removed",
                "changed" => "changed",
                _ => "unknown",
            },
            before: file.before.map(state),
            after: file.after.map(state),
        }
    }
}

impl Package {
    fn in_short(&self) -> String {
        let Some(name) = &self.file_name else {
            return format!("{}, which is not in the store", self.id);
        };
        let mut parts = vec![name.clone()];
        parts.extend(self.size.map(size));
        parts.extend(self.digest.clone());
        if let Some(at) = self.removed_at {
            let at = seconds(at);
            parts.push(match &self.removed_because {
                Some(because) => format!("PURGED {at}: {because}"),
                None => format!("PURGED {at} by an administrator"),
            });
        }
        parts.join(", ")
    }
}

impl PackageChanges {
    /// Both packages, and tables of files and of what they tell.
    pub(super) fn tables(&self, output: &Output) -> String {
        let is_unreadable = |side: &str| self.unreadable.iter().any(|it| it == side);
        let short = |side: &str, package: &Option<Package>| match package {
            Some(package) => package.in_short(),
            None if is_unreadable(side) => "not known: the revision cannot be read".to_owned(),
            None => "none".to_owned(),
        };
        let mut parts = vec![output.properties([
            ("package before", short("before", &self.before)),
            ("package after", short("after", &self.after)),
        ])];
        if !self.lacking.is_empty() {
            let told = self.lacking.join("; ");
            parts.push(format!(
                "jobs may not run the package after correctly: {told}"
            ));
        }
        match &self.contents {
            None => parts.push(
                "what differs inside cannot be told: it is not known what is in both".to_owned(),
            ),
            Some(contents) => parts.extend(contents.tables(output)),
        }
        parts.join("\n\n")
    }
}

impl Contents {
    fn tables(&self, output: &Output) -> Vec<String> {
        let mut tables = Vec::new();
        if self.breaking {
            let told = "BREAKING: by what the packages say, whoever uses the model takes one thing for another";
            tables.push(told.to_owned());
        }
        let bytes = |state: &Option<State>| match state {
            Some(state) => size(state.size),
            None => String::new(),
        };
        let rows = self.files.iter().take(MOST_SHOWN).map(|file| {
            let change = match file.change {
                "unknown" => "perhaps changed".to_owned(),
                change => change.to_owned(),
            };
            [
                file.path.clone(),
                change,
                bytes(&file.before),
                bytes(&file.after),
            ]
        });
        if !self.files.is_empty() {
            tables.push(output.table(["FILE", "CHANGE", "BEFORE", "AFTER"], rows));
        }
        let more = self.files.len().saturating_sub(MOST_SHOWN) + self.more_files;
        let mut same = format!("the same: {}", counted(self.same_files as u64, "file"));
        if self.same_by_checksum > 0 {
            same.push_str(&format!(
                ", {} of them by what their archives state, which nobody has checked",
                self.same_by_checksum
            ));
        }
        tables.push(match more {
            0 => same,
            more => format!("and {more} more; {same}"),
        });
        if !self.told.is_empty() {
            tables.push(self.told.tables(output));
        }
        tables
    }
}
