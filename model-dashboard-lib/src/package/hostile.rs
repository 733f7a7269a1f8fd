//! The files of `tests/packages/hostile`, and what is right of each, for tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::pickle::Verdict;

/// One of them.
#[derive(Debug, Deserialize)]
pub(super) struct Hostile {
    pub(super) file: String,
    pub(super) verdict: String,
    /// Where the code is.
    #[serde(rename = "where")]
    pub(super) place: Option<String>,
    least: Option<String>,
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) unreached: Vec<String>,
}

impl Hostile {
    /// The mildest verdict that is safe.
    pub(super) fn least(&self) -> Verdict {
        match &**self.least.as_ref().unwrap_or(&self.verdict) {
            "expected" => Verdict::Expected,
            "unknown" => Verdict::Unknown,
            "unscannable" | "refused" => Verdict::Unscannable,
            "dangerous" => Verdict::Dangerous,
            other => panic!("{other}"),
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/hostile")
}

/// Those below these folders, with their bytes; not those that are made by a recipe.
pub(super) fn below(folders: &[&str]) -> Vec<(Hostile, Vec<u8>)> {
    let manifest = std::fs::read(folder().join("manifest.json")).unwrap();
    let all: Vec<Hostile> = serde_json::from_slice(&manifest).unwrap();
    let wanted = |it: &Hostile| folders.iter().any(|folder| it.file.starts_with(folder));
    let read = |it: Hostile| {
        let bytes = std::fs::read(folder().join(&it.file)).ok()?;
        Some((it, bytes))
    };
    all.into_iter().filter(wanted).filter_map(read).collect()
}
