//! What differs from the package that a model has to one that is to take its place.

use maud::{Markup, html};

use crate::views::components::{Tone, notice, plural, sentence};
use crate::views::history::changes::{Changes, in_full};

/// How many files of a package differ from those of another one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// They are new.
    pub added: usize,
    /// They are there no more.
    pub removed: usize,
    /// They have other bytes.
    pub changed: usize,
    /// They have as many bytes; whether the same cannot be told.
    pub unknown: usize,
    /// They have the same digest.
    pub same: usize,
    /// They have the same checksum in their archives, which nobody has checked.
    pub same_by_checksum: usize,
}

/// What differs from the package before.
#[derive(Debug, Clone, Default)]
pub struct Since {
    /// How many files differ, and how.
    pub files: Counts,
    /// What it tells of itself.
    pub changes: Changes,
    /// Whether whoever uses the model takes one thing for another.
    pub breaking: bool,
}

/// The difference; `None` stands for a model that has no package.
#[must_use]
pub fn since_last(since: Option<&Since>) -> Markup {
    let Some(since) = since else {
        return notice(Tone::Info, &html! { p { "The model has no package yet." } });
    };
    html! {
        (notice(if since.breaking { Tone::Danger } else { Tone::Info }, &html! {
            p {
                @if since.breaking { strong { "Breaking: whoever uses the model takes one thing for another. " } }
                "Against the package that it has: " (told(since.files))
            }
        }))
        @if !since.changes.is_empty() { (in_full(&since.changes, "Package now", "This package")) }
    }
}

/// How many files are new, gone and so on, in words.
pub(super) fn told(counts: Counts) -> String {
    let told = [
        (counts.added, "new"),
        (counts.removed, "gone"),
        (counts.changed, "changed"),
        (counts.unknown, "perhaps changed"),
        (counts.same, "the same"),
        (
            counts.same_by_checksum,
            "the same by what their archives state, which nobody has checked",
        ),
    ];
    let told: Vec<String> = told
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", plural(count, "file", "files")))
        .collect();
    match told.is_empty() {
        true => "no files".to_owned(),
        false => sentence(&told.join(", ")),
    }
}
