//! What inspection found, as it is stored beside a package.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::description::Description;
use super::finding::{Finding, FindingKind};
use crate::model::ContentDigest;
use crate::package::pickle::Verdict;
use crate::package::{Crc32, PackagePath};

/// How much of what lacks a sentence names.
const TOLD: usize = 3;

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

    /// [`lacking`](Self::lacking) in one short sentence without a full stop; empty if that is.
    pub(crate) fn lacking_in_short(lacking: &[String]) -> String {
        let told = lacking.iter().take(TOLD).cloned();
        let more = match lacking.len().saturating_sub(TOLD) {
            0 => None,
            more => Some(format!("{more} more")),
        };
        told.chain(more).collect::<Vec<_>>().join("; ")
    }

    /// Why jobs may not run the model correctly, in plain sentences without a full stop, each once: what is
    /// missing from the package or needed beside it, what is broken in it, where it contradicts itself, or that no
    /// framework is known. Empty where nothing speaks against it.
    #[must_use]
    pub fn lacking(&self) -> Vec<String> {
        let unknown = "no framework is known that loads the package";
        let unknown = self.inspector.is_none().then_some(unknown);
        let kinds = match unknown {
            Some(_) => &[FindingKind::Wrong][..],
            None => &[FindingKind::Missing, FindingKind::Wrong],
        };
        let found = kinds.iter().flat_map(|kind| self.findings_of(*kind));
        let mut told = BTreeSet::new();
        let texts = unknown.into_iter().chain(found.map(|it| &*it.text));
        texts
            .filter(|text| told.insert(*text))
            .map(str::to_owned)
            .collect()
    }

    /// The same, but for what the package that a model `had` lacks already: jobs run it so. Of a package that
    /// no framework is known to load that is not known.
    #[must_use]
    pub fn lacking_beyond(&self, had: Option<&Report>) -> Vec<String> {
        let had = had.filter(|_| self.inspector.is_some());
        let had = had.map(Report::lacking).unwrap_or_default();
        let mut lacking = self.lacking();
        lacking.retain(|why| !had.contains(why));
        lacking
    }
}
