//! What somebody should know of a package.

use serde::{Deserialize, Serialize};

use crate::package::PackagePath;

/// How many places of a file are named.
pub(super) const MAX_PLACES: usize = 50;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// Something is not there, or cannot be read, without which the model does not run.
    Missing,
    /// Something is broken, or two files contradict each other: what comes out may not be what is
    /// told here.
    Wrong,
    /// A trace of training that should not be published: patients, computers, folders.
    Leak,
    /// It runs, but is not as packages of its framework are.
    Odd,
    /// Something other than a pickle's expected names is run when the model is used. Read from a
    /// word, also what a later program knows.
    #[serde(other)]
    Code,
}

impl FindingKind {
    /// All there are, the gravest first.
    pub const ALL: [Self; 5] = [
        Self::Missing,
        Self::Wrong,
        Self::Code,
        Self::Leak,
        Self::Odd,
    ];

    /// Its place among [`ALL`](Self::ALL).
    pub(super) fn place(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or(0)
    }
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
