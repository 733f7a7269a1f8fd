//! What somebody should know of a package.

use serde::{Deserialize, Serialize};

use crate::package::PackagePath;

/// How many places of a file are named.
pub(super) const MAX_PLACES: usize = 50;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// Something is not there without which the model does not run.
    Missing,
    /// Something other than a pickle's expected names is run when the model is used.
    Code,
    /// A trace of training that should not be published: patients, computers, folders.
    Leak,
    /// It runs, but is not as packages of its framework are.
    Odd,
}

/// Something that was found in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is about.
    pub kind: FindingKind,
    /// The file; `None` for the package as a whole.
    pub path: Option<PackagePath>,
    /// Where in the file, as a path through its data (`configurations.2d.architecture`) or a line
    /// (`line 3`); the first fifty.
    #[serde(default)]
    pub places: Vec<String>,
    /// What it is, a plain sentence without a full stop. It repeats no identifiers of patients.
    pub text: String,
}

impl Finding {
    /// Of the package as a whole.
    #[must_use]
    pub fn new(kind: FindingKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            path: None,
            places: Vec::new(),
            text: text.into(),
        }
    }

    /// In this file.
    #[must_use]
    pub fn at(mut self, path: &PackagePath) -> Self {
        self.path = Some(path.clone());
        self
    }

    /// At these places of it.
    #[must_use]
    pub fn places(mut self, places: impl IntoIterator<Item = String>) -> Self {
        self.places.extend(places);
        self.places.truncate(MAX_PLACES);
        self
    }
}
