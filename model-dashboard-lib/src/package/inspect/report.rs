//! What inspection found, as it is stored beside a package.

use serde::{Deserialize, Serialize};

use super::description::Description;
use super::finding::{Finding, FindingKind};
use crate::model::ContentDigest;
use crate::package::pickle::Verdict;
use crate::package::{Crc32, PackagePath};

/// By which rules packages are looked at. It grows whenever one may be judged otherwise.
pub const RULES: u32 = 2;

/// What is known of a package. Its JSON stays readable: fields are added, never renamed. Words that a
/// later program writes are read as the worst there is, and what would be taken for clean if it were
/// not there has to be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The [`RULES`] that it was made by.
    pub rules: u32,
    /// The [`name`](super::PackageInspector::name) of the inspector that knew the package.
    #[serde(default)]
    pub inspector: Option<String>,
    /// Others that know it too: whoever uploads it may mean one of these.
    #[serde(default)]
    pub also: Vec<String>,
    /// What the package says of its model.
    #[serde(default)]
    pub description: Description,
    /// Bytes of all files, unpacked.
    pub size: u64,
    /// The files, in the order of the package.
    pub files: Vec<FileReport>,
    /// The worst verdict of all files; `None` where nothing is loaded as code.
    #[serde(deserialize_with = "Option::deserialize")]
    pub verdict: Option<Verdict>,
    /// Whether anything but expected names is run when the model is used.
    pub contains_code: bool,
    /// What somebody should know, the gravest first: what is missing, what is code, what leaks,
    /// what is odd.
    pub findings: Vec<Finding>,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileReport {
    /// Where it lies.
    pub path: PackagePath,
    /// Bytes, unpacked.
    pub size: u64,
    /// Of its bytes, unpacked; `None` where the report is of a quick look.
    #[serde(default)]
    pub digest: Option<ContentDigest>,
    /// What its archive states of its bytes; `None` outside of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc32: Option<Crc32>,
    /// What loading it would do; `None` where nothing in it is loaded as code.
    #[serde(deserialize_with = "Option::deserialize")]
    pub verdict: Option<Verdict>,
    /// The names that it imports and that are not expected.
    #[serde(default)]
    pub names: Vec<String>,
    /// What else keeps the verdict from being [`Verdict::Expected`].
    #[serde(default)]
    pub reasons: Vec<String>,
}

impl Report {
    /// The findings of a kind.
    pub fn findings_of(&self, kind: FindingKind) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.kind == kind)
    }

    /// Whether everything is there that the model needs to run, as far as it is known.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.findings_of(FindingKind::Missing).next().is_none()
    }
}
