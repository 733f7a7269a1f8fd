//! What differs from the package of one revision to that of another, file by file.

use std::time::SystemTime;

use maud::{Markup, html};

use super::lacking;
use super::since::{Counts, told as told_files};
use crate::views::components::icon::Icon;
use crate::views::components::table::{Column, table};
use crate::views::components::{Tone, copy_chip, notice, plural, size, time};
use crate::views::history::changes::{Changes, in_full};

/// Two packages, and what differs.
#[derive(Debug, Clone)]
pub struct DifferenceView {
    /// The earlier one.
    pub before: Side,
    /// The later one.
    pub after: Side,
    /// What differs; `None` where it is not known what is in one of them.
    pub contents: Option<ContentsView>,
    /// Why jobs may not run the later one correctly, beyond the earlier one.
    pub lacking: Vec<String>,
}

/// The package of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// It has none.
    None,
    /// It cannot be read, so that nobody knows which one it names.
    Unreadable,
    /// It names one that is not there.
    Missing,
    /// It has this one.
    Known {
        /// The name of its file.
        file_name: String,
        /// Its bytes.
        size: u64,
        /// Their SHA-256, in hexadecimal digits.
        digest: String,
        /// That the bytes were purged.
        removed: Option<Removed>,
    },
}

/// When bytes were purged, by whom and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// When.
    pub at: SystemTime,
    /// The name of whoever did it; empty where it is not told.
    pub by: String,
    /// Why; empty where it is not told.
    pub reason: String,
}

/// What differs in two packages.
#[derive(Debug, Clone, Default)]
pub struct ContentsView {
    /// How many files differ, and how.
    pub counts: Counts,
    /// Those that differ, by path.
    pub files: Vec<ChangedFile>,
    /// What they tell of themselves.
    pub told: Changes,
    /// Whether whoever uses the model takes one thing for another.
    pub breaking: bool,
}

/// A file that differs.
#[derive(Debug, Clone)]
pub struct ChangedFile {
    /// Where it lies.
    pub path: String,
    /// The bytes that it had; `None` if it was not there.
    pub before: Option<u64>,
    /// The bytes that it has then.
    pub after: Option<u64>,
    /// Whether it is known that it differs; otherwise it has as many bytes as before.
    pub is_known: bool,
}

/// How many files are shown: a page of more is slow, and nobody reads it.
const MOST_SHOWN: usize = 500;

/// So many are shown at once wherever it is.
const FEW: usize = 6;

impl Side {
    /// Whether its bytes can be fetched.
    #[must_use]
    pub fn is_there(&self) -> bool {
        matches!(self, Side::Known { removed: None, .. })
    }

    /// Whether its bytes were purged.
    #[must_use]
    pub fn is_purged(&self) -> bool {
        matches!(
            self,
            Side::Known {
                removed: Some(_),
                ..
            }
        )
    }
}

/// The difference, of packages that are called `before` and `after`. The files are shown at once if it is
/// `about` them.
#[must_use]
pub fn difference(view: &DifferenceView, before: &str, after: &str, about: bool) -> Markup {
    html! {
        section.panel.package-difference id="package" {
            h2 { "Package" }
            dl.package-sides {
                div { dt { (before) } dd { (side(&view.before)) } }
                div { dt { (after) } dd { (side(&view.after)) } }
            }
            @match &view.contents {
                None => p.meta { "What differs inside cannot be told: it is not known what is in both." },
                Some(contents) => (files(contents, before, after, about)),
            }
        }
        (lacking(&view.lacking))
        @if let Some(contents) = &view.contents {
            @if contents.breaking {
                (notice(Tone::Danger, &html! {
                    p { strong { "Breaking: " } "by what the packages say, whoever uses the model takes one thing for another." }
                }))
            }
            @if !contents.told.is_empty() {
                section.package-told {
                    h2 { "What the packages say" }
                    (in_full(&contents.told, before, after))
                }
            }
        }
    }
}

fn side(side: &Side) -> Markup {
    match side {
        Side::None => html! { span.muted { "no package" } },
        Side::Unreadable => html! { span.muted { "not known: the revision cannot be read" } },
        Side::Missing => html! { span.muted { "one that is not in the store" } },
        Side::Known {
            file_name,
            size: bytes,
            digest,
            removed,
        } => html! {
            span.file-name { (file_name) } " "
            span.meta { (size(*bytes)) } " "
            (copy_chip(&format!("sha256:{digest}"), "the digest"))
            @if let Some(removed) = removed { (purged(removed)) }
        },
    }
}

/// That bytes are there no more.
#[must_use]
pub fn purged(removed: &Removed) -> Markup {
    html! {
        p.purged {
            (Icon::Trash) " Purged " (time::exact(removed.at))
            @if !removed.by.is_empty() { " by " strong { (removed.by) } }
            @else if removed.reason.is_empty() { " by an administrator" }
            @if !removed.reason.is_empty() { ": “" (removed.reason) "”" }
        }
    }
}

fn files(contents: &ContentsView, before: &str, after: &str, about: bool) -> Markup {
    let folder = common_folder(&contents.files);
    let shown = contents.files.iter().take(MOST_SHOWN);
    let rows: Vec<_> = shown.map(|file| row(file, folder)).collect();
    let left_out = contents.files.len().saturating_sub(MOST_SHOWN);
    let told = told_files(contents.counts);
    html! {
        @if rows.is_empty() {
            p.meta { (told) }
        } @else {
            details.changed-files open[about || rows.len() <= FEW] {
                summary { (told) }
                @if !folder.is_empty() { p.meta { "All of these are in " code { (super::parts(folder)) } } }
                (table(
                    "Files that differ",
                    &[
                        Column::new("File").class("title grow"),
                        Column::new("Change"),
                        Column::new(before).class("number"),
                        Column::new(after).class("number"),
                    ],
                    &rows,
                ))
                @if left_out > 0 { p.meta { (plural(left_out, "further file", "further files")) " not listed." } }
            }
        }
    }
}

/// The folder that all files are in, with a slash at its end; empty if there is none.
fn common_folder(files: &[ChangedFile]) -> &str {
    let Some((first, rest)) = files.split_first() else {
        return "";
    };
    let mut folder = first.path.rfind('/').map_or("", |at| &first.path[..=at]);
    for file in rest {
        while !file.path.starts_with(folder) {
            let above = folder[..folder.len() - 1].rfind('/');
            folder = above.map_or("", |at| &folder[..=at]);
        }
    }
    folder
}

fn row(file: &ChangedFile, folder: &str) -> Vec<Markup> {
    let bytes = |bytes: Option<u64>| html! { @if let Some(bytes) = bytes { (size(bytes)) } @else { span.muted { "–" } } };
    let (icon, change) = match (file.before, file.after) {
        (None, _) => (Icon::Plus, "new"),
        (_, None) => (Icon::Minus, "gone"),
        _ if file.is_known => (Icon::Edit, "changed"),
        _ => (Icon::Edit, "perhaps changed"),
    };
    vec![
        html! { span.file-name { (super::parts(&file.path[folder.len()..])) } },
        html! { span.file-change { (icon) (change) } },
        bytes(file.before),
        bytes(file.after),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_all_files_is_told_once() {
        let files = |paths: &[&str]| -> Vec<ChangedFile> {
            let file = |path: &&str| ChangedFile {
                path: (*path).to_owned(),
                before: None,
                after: Some(1),
                is_known: true,
            };
            paths.iter().map(file).collect()
        };
        for (paths, folder) in [
            (&["a/b/c", "a/b/d/e", "a/b/x"][..], "a/b/"),
            (&["a/b/c", "a/bc/d"], "a/"),
            (&["a/b", "c"], ""),
            (&["ä/b", "ö/b"], ""),
            (&["a/b"], "a/"),
            (&[], ""),
        ] {
            assert_eq!(common_folder(&files(paths)), folder, "{paths:?}");
        }
    }
}
