//! What differs between the packages of two revisions, on the wire.

use model_dashboard::dashboard::{self, PackageSide, RevisionPackage};
use model_dashboard::model::Timestamp;
use model_dashboard::package::inspect::{self, FileChangeKind, ReportComparison};
use serde::Serialize;
use utoipa::ToSchema;

use super::revisions::{Changes, FieldDifference, LabelDifference};

/// How many files are listed.
const MAX_FILES: usize = 1_000;

/// The packages of two revisions that do not have the same one, and what differs.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct PackageDifference {
    /// That of the revision before; null if it has none, or is `unreadable`.
    before: Option<NamedPackage>,
    /// That of the revision after; null if it has none, or is `unreadable`.
    after: Option<NamedPackage>,
    /// Which of both revisions cannot be read, so that it is not known what package it names: `before`, `after`.
    unreadable: Vec<&'static str>,
    /// What differs in them; null where it is not known what is in one of them, as after a purge. Where
    /// one revision has no package: the files of the other one.
    contents: Option<PackageContents>,
    /// Why jobs may not run the model correctly with that of the revision after, but for what that of the
    /// revision before lacks as well.
    #[schema(example = json!(["there are no weights of fold 1"]))]
    lacking: Vec<String>,
}

impl From<&dashboard::PackageDifference> for PackageDifference {
    fn from(found: &dashboard::PackageDifference) -> PackageDifference {
        let sides = [("before", &found.before), ("after", &found.after)];
        let unreadable = sides
            .into_iter()
            .filter(|(_, side)| **side == PackageSide::Unreadable);
        PackageDifference {
            before: found.before.package().map(NamedPackage::from),
            after: found.after.package().map(NamedPackage::from),
            unreadable: unreadable.map(|(name, _)| name).collect(),
            contents: found.contents.as_ref().map(PackageContents::from),
            lacking: found.lacking.clone(),
        }
    }
}

/// The package that a revision names.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct NamedPackage {
    /// Its name in the store.
    #[schema(example = "01J9Z3K4V5W6X7Y8Z9A0B1C2D3")]
    id: String,
    /// The name of its file when it was uploaded; null, as size and digest, where there is no such package.
    file_name: Option<String>,
    /// Its bytes.
    size: Option<u64>,
    /// The SHA-256 of all bytes, in hexadecimal digits.
    sha256: Option<String>,
    /// When the bytes were purged; null if they were not.
    #[schema(value_type = Option<String>, format = DateTime)]
    removed_at: Option<Timestamp>,
    /// Why they were; null for tokens without `system:admin` or `audit:read`.
    removed_because: Option<String>,
}

impl From<&RevisionPackage> for NamedPackage {
    fn from(package: &RevisionPackage) -> NamedPackage {
        let head = package.head.as_ref();
        let removed = head.and_then(|head| head.removed.as_ref());
        NamedPackage {
            id: package.id.clone(),
            file_name: head.map(|head| head.file_name.clone()),
            size: head.map(|head| head.size),
            sha256: head.map(|head| head.digest.to_hex()),
            removed_at: removed.map(|removal| removal.at),
            removed_because: removed
                .filter(|removal| !removal.is_withheld())
                .map(|removal| removal.reason.clone()),
        }
    }
}

/// What differs in two packages.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct PackageContents {
    /// Files, by path; the first thousand.
    files: Vec<FileDifference>,
    /// How many files more differ.
    more_files: usize,
    /// How many files are the same.
    same_files: usize,
    /// How many of these are so by size and by the CRC-32 that their archives state, which nobody has
    /// checked.
    same_by_checksum: usize,
    /// Labels that the packages tell, by number.
    labels: Vec<LabelDifference>,
    /// What else they tell of themselves: `framework`, `version`, `channels`, `verdict` and others.
    fields: Vec<FieldDifference>,
    /// Whether whoever uses the model takes one thing for another.
    breaking: bool,
}

impl From<&ReportComparison> for PackageContents {
    fn from(found: &ReportComparison) -> PackageContents {
        let files = found.files.iter().take(MAX_FILES).map(FileDifference::from);
        let (fields, labels) = Changes::whole(&found.fields, &found.labels);
        PackageContents {
            files: files.collect(),
            more_files: found.files.len().saturating_sub(MAX_FILES),
            same_files: found.same_files,
            same_by_checksum: found.same_by_checksum,
            labels,
            fields,
            breaking: found.is_breaking(),
        }
    }
}

/// A file that differs.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct FileDifference {
    /// Where it lies in the package.
    #[schema(example = "fold_0/checkpoint_final.pth")]
    path: String,
    /// `added`, `removed`, `changed`, or `unknown` for one of as many bytes of which the two
    /// packages do not tell the same, digest or checksum.
    #[schema(example = "changed")]
    kind: &'static str,
    /// What it was; null if it was not there.
    before: Option<FileState>,
    /// What it is then.
    after: Option<FileState>,
}

impl From<&inspect::FileChange> for FileDifference {
    fn from(change: &inspect::FileChange) -> FileDifference {
        FileDifference {
            path: change.path.to_string(),
            kind: match change.kind {
                FileChangeKind::Added => "added",
                FileChangeKind::Removed => "removed",
                FileChangeKind::Changed => "changed",
                _ => "unknown",
            },
            before: change.before.map(FileState::from),
            after: change.after.map(FileState::from),
        }
    }
}

/// The bytes of a file, unpacked.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct FileState {
    /// How many.
    size: u64,
    /// Their SHA-256, in hexadecimal digits, where it is known.
    sha256: Option<String>,
    /// The CRC-32 that their archive states of them, in hexadecimal digits.
    crc32: Option<String>,
}

impl From<inspect::FileState> for FileState {
    fn from(state: inspect::FileState) -> FileState {
        FileState {
            size: state.size,
            sha256: state.digest.map(|digest| digest.to_hex()),
            crc32: state.crc32.map(|crc| crc.to_string()),
        }
    }
}
