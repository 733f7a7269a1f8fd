//! What differs from the package that a model has to one that is to take its place.

use maud::{Markup, html};

use crate::views::components::{Tone, notice, plural, sentence};
use crate::views::history::changes::{Changes, in_full};

/// What differs from the package before.
#[derive(Debug, Clone, Default)]
pub struct Since {
    /// Files: new, gone, changed, the same.
    pub files: [usize; 4],
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

/// How many files are new, gone, changed, the same, in words.
pub(super) fn told([added, removed, changed, same]: [usize; 4]) -> String {
    let told = [
        (added, "new"),
        (removed, "gone"),
        (changed, "changed"),
        (same, "the same"),
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
