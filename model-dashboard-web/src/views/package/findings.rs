//! What somebody should know of a package, the gravest first.

use maud::{Markup, html};

use super::path;
use crate::views::components::{Tone, plural, sentence};

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// It does not run without.
    Missing,
    /// Broken, or two files contradict each other.
    Wrong,
    /// Run when the model is used.
    Code,
    /// A trace of patients, computers, folders.
    Leak,
    /// Not as such packages are.
    Odd,
}

impl Subject {
    fn id(self) -> &'static str {
        match self {
            Self::Missing => "finding-missing",
            Self::Wrong => "finding-wrong",
            Self::Code => "finding-code",
            Self::Leak => "finding-leak",
            Self::Odd => "finding-odd",
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Missing => "Missing to run",
            Self::Wrong => "Broken or contradictory",
            Self::Code => "Runs code",
            Self::Leak => "Traces of training",
            Self::Odd => "Unusual",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Missing => "The model cannot be used before these are there.",
            Self::Wrong => "What comes out may not be what is told here.",
            Self::Code => "Names, scripts or layers that are run when the model is used.",
            Self::Leak => {
                "Patients, computers and folders, which should not be published. What they say is not repeated here: look where it is named, in a copy of the package."
            }
            Self::Odd => "It runs, but is not as packages of its framework are.",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Missing | Self::Wrong => Tone::Danger,
            Self::Code | Self::Leak => Tone::Warning,
            Self::Odd => Tone::Muted,
        }
    }
}

/// Findings about the same.
#[derive(Debug, Clone)]
pub struct FindingGroup {
    /// About what.
    pub subject: Subject,
    /// The findings.
    pub rows: Vec<FindingRow>,
}

/// A finding.
#[derive(Debug, Clone, Default)]
pub struct FindingRow {
    /// What it is.
    pub text: String,
    /// The files, and where in each; none for the package as a whole.
    pub files: Vec<(String, Vec<String>)>,
}

/// How many findings of a group are seen at first.
const AT_FIRST: usize = 8;

/// How many files of a finding are.
const FILES_AT_FIRST: usize = 3;

/// A part of the page for each group.
pub(super) fn groups(groups: &[FindingGroup]) -> Markup {
    html! { @for group in groups.iter().filter(|group| !group.rows.is_empty()) { (one_group(group)) } }
}

fn one_group(group: &FindingGroup) -> Markup {
    let subject = group.subject;
    let (first, rest) = group.rows.split_at(group.rows.len().min(AT_FIRST));
    html! {
        section class={ "panel findings " (subject.tone().class()) } id=(subject.id()) {
            h2 { (super::mark(subject.tone())) (subject.heading()) " " span.count { (group.rows.len()) } }
            p.help { (subject.help()) }
            ul.finding-list { @for finding in first { (row(finding)) } }
            @if !rest.is_empty() {
                details.more-findings {
                    summary { (plural(rest.len(), "more finding", "more findings")) }
                    ul.finding-list { @for finding in rest { (row(finding)) } }
                }
            }
        }
    }
}

fn row(finding: &FindingRow) -> Markup {
    let (first, rest) = finding
        .files
        .split_at(finding.files.len().min(FILES_AT_FIRST));
    html! {
        li {
            p { (sentence(&finding.text)) }
            ul.finding-files { @for (path, places) in first { li { (file(path, places)) } } }
            @if !rest.is_empty() {
                details.places {
                    summary { "and in " (plural(rest.len(), "more file", "more files")) }
                    ul.finding-files { @for (path, places) in rest { li { (file(path, places)) } } }
                }
            }
        }
    }
}

fn file(at: &str, places: &[String]) -> Markup {
    html! {
        div.meta {
            (path(at))
            @if let [place] = places { " at " code { (place) } }
        }
        @if places.len() > 1 {
            details.places {
                summary { (plural(places.len(), "place", "places")) }
                ul { @for place in places { li { code { (place) } } } }
            }
        }
    }
}
