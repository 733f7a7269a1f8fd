//! The files of a package as a tree: size, digest, what loading each would run.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::Trust;
use crate::views::components::icon::Icon;
use crate::views::components::{copy_chip, plural, sentence, size};

/// The files.
#[derive(Debug, Clone, Default)]
pub struct FilesView {
    /// In any order.
    pub files: Vec<FileRow>,
    /// Where a file is shown: the address that paths are put behind; `None` where none can be.
    pub shown_at: Option<String>,
}

/// A file.
#[derive(Debug, Clone, Default)]
pub struct FileRow {
    /// Where it lies.
    pub path: String,
    /// Bytes, unpacked.
    pub size: u64,
    /// Its SHA-256, in hexadecimal digits; empty if that is not known.
    pub digest: String,
    /// The CRC-32 that its archive states, in hexadecimal digits; empty outside of one.
    pub crc32: String,
    /// What loading it would do.
    pub trust: Trust,
    /// What it imports that is not expected.
    pub names: Vec<String>,
    /// What else is thought of it.
    pub reasons: Vec<String>,
}

/// How many files are shown: a page of more is slow, and nobody reads it.
const MOST_SHOWN: usize = 1_000;

/// How many imports of a file are named.
const MOST_NAMES: usize = 20;

/// How many digits of a digest are enough to tell files apart.
const DIGITS: usize = 12;

/// Below so many files all folders are open.
const FEW: usize = 24;

#[derive(Default)]
struct Folder<'a> {
    folders: BTreeMap<&'a str, Folder<'a>>,
    files: BTreeMap<&'a str, &'a FileRow>,
}

impl<'a> Folder<'a> {
    fn of(files: &'a [FileRow]) -> Folder<'a> {
        let mut root = Folder::default();
        for file in files {
            let mut at = &mut root;
            let mut parts = file.path.split('/').peekable();
            while let Some(part) = parts.next() {
                match parts.peek() {
                    Some(_) => at = at.folders.entry(part).or_default(),
                    None => {
                        at.files.insert(part, file);
                    }
                }
            }
        }
        root
    }

    /// The folder, or the one below it that is all it holds, with the names in between.
    fn alone(&self, name: &str) -> (String, &Folder<'a>) {
        let (mut name, mut at) = (name.to_owned(), self);
        while at.files.is_empty()
            && let Some((next, below)) = at.folders.iter().next()
            && at.folders.len() == 1
        {
            name = format!("{name}/{next}");
            at = below;
        }
        (name, at)
    }

    /// How many files, their bytes, and the gravest of their verdicts.
    fn sum(&self) -> (usize, u64, Trust) {
        let own = self.files.values().map(|file| (1, file.size, file.trust));
        let below = self.folders.values().map(Folder::sum);
        own.chain(below)
            .fold((0, 0, Trust::NoCode), |(count, bytes, trust), one| {
                (count + one.0, bytes + one.1, trust.max(one.2))
            })
    }
}

/// The tree, and how much it is.
pub(super) fn files(view: &FilesView) -> Markup {
    let all = view.files.len();
    let bytes: u64 = view.files.iter().map(|file| file.size).sum();
    // The gravest are always among those that are shown.
    let mut shown: Vec<FileRow> = view.files.clone();
    if all > MOST_SHOWN {
        shown.sort_by_key(|file| std::cmp::Reverse(file.trust));
        shown.truncate(MOST_SHOWN);
    }
    let root = Folder::of(&shown);
    let open = all <= FEW;
    html! {
        section.panel.files {
            h2 { "Files " span.count { (plural(all, "file", "files")) ", " (size(bytes)) } }
            (folder(&root, view, open))
            @if all > shown.len() {
                p.help { (plural(all - shown.len(), "further file", "further files")) " of no concern are not listed." }
            }
        }
    }
}

fn folder(folder: &Folder<'_>, view: &FilesView, open: bool) -> Markup {
    html! {
        ul.tree {
            @for (name, below) in &folder.folders {
                @let (name, below) = below.alone(name);
                @let (count, bytes, trust) = below.sum();
                li {
                    details open[open || trust > Trust::Expected] {
                        summary {
                            (Icon::Folder)
                            span.file-name { (super::parts(&format!("{name}/"))) }
                            @if trust.is_noted() { (trust.pill()) }
                            span.meta { (plural(count, "file", "files")) ", " (size(bytes)) }
                        }
                        (self::folder(below, view, open))
                    }
                }
            }
            @for (name, one) in &folder.files { li { (file(name, one, view)) } }
        }
    }
}

/// A file: its name leads to it where it can be shown, and else opens what is known of it.
fn file(name: &str, file: &FileRow, view: &FilesView) -> Markup {
    let pill = html! { @if file.trust.is_noted() { (file.trust.pill()) } };
    let Some(at) = &view.shown_at else {
        return html! {
            details.file {
                summary { (Icon::File) span.file-name { (name) } (pill) span.meta { (size(file.size)) } }
                div.file-facts {
                    (runs(file))
                    @if !file.digest.is_empty() {
                        div.digest { span.meta { "SHA-256 " } (copy_chip(&file.digest, "the digest")) }
                    } @else if !file.crc32.is_empty() {
                        div.digest { span.meta { "CRC-32 " } (copy_chip(&file.crc32, "the checksum")) }
                    }
                }
            }
        };
    };
    let address = format!("{at}{}", crate::views::links::path(&file.path));
    html! {
        div.file-row {
            (Icon::File)
            a.file-name href=(address) { (name) }
            (pill)
            span.meta {
                @if let Some(start) = file.digest.get(..DIGITS) {
                    code.digest title={ "SHA-256 " (file.digest) } { (start) }
                } @else if !file.crc32.is_empty() {
                    code.digest title="CRC-32, as the archive states it" { (file.crc32) }
                }
                span.size { (size(file.size)) }
            }
        }
        @if !file.reasons.is_empty() || !file.names.is_empty() { div.file-facts { (runs(file)) } }
    }
}

/// What loading it would do, and why that is thought.
fn runs(file: &FileRow) -> Markup {
    html! {
        @for reason in &file.reasons { p { (sentence(reason)) } }
        @if !file.names.is_empty() {
            p { "Loading it imports:" }
            ul.names {
                @for name in file.names.iter().take(MOST_NAMES) { li { code { (name) } } }
                @if file.names.len() > MOST_NAMES { li.meta { "and " (file.names.len() - MOST_NAMES) " more" } }
            }
        }
    }
}
