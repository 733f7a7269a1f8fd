//! What a package holds, as it was found without running it.

pub mod difference;
pub mod downloads;
pub mod draft;
pub mod drafts;
mod drift;
pub mod file;
pub mod files;
mod findings;
mod may_break;
mod networks;
pub mod page;
pub mod panel;
mod since;
mod trust;

use maud::{Markup, html};

pub use self::drift::drift;
pub use self::findings::{FindingGroup, FindingRow, Subject};
pub use self::may_break::{MayBreakView, lacking};
pub use self::networks::{ConfigurationRow, FoldState, NetworkRow, ScoreRow, SignatureRow};
pub use self::since::{Counts, Since, since_last};
pub use self::trust::Trust;
use super::components::icon::Icon;
use super::components::labels::{self, Label};
use super::components::{Tone, key_value, notice, plural};
use files::FilesView;

/// What was found in a package.
#[derive(Debug, Clone, Default)]
pub struct FoundView {
    /// What loading it would do.
    pub trust: Trust,
    /// Its framework, with the version where it is told; empty where none knows it.
    pub framework: String,
    /// Other frameworks that know it too.
    pub also: Vec<String>,
    /// What else it tells of itself: name and value.
    pub facts: Vec<(String, String)>,
    /// Its labels.
    pub labels: Vec<Label>,
    /// The label that was left out of training.
    pub ignored_label: Option<u32>,
    /// How its networks are or could be built.
    pub configurations: Vec<ConfigurationRow>,
    /// The networks that were trained.
    pub networks: Vec<NetworkRow>,
    /// How well it did.
    pub scores: Vec<ScoreRow>,
    /// What it takes and gives.
    pub signatures: Vec<SignatureRow>,
    /// What somebody should know, the gravest first.
    pub findings: Vec<FindingGroup>,
    /// Its files.
    pub files: FilesView,
}

impl FoundView {
    fn count(&self, subject: Subject) -> usize {
        let of = self
            .findings
            .iter()
            .filter(|group| group.subject == subject);
        of.map(|group| group.rows.len()).sum()
    }
}

/// The verdict, and whether it can run, in sentences.
#[must_use]
pub fn summary(view: &FoundView) -> Markup {
    let missing = view.count(Subject::Missing);
    let leaks = view.count(Subject::Leak);
    html! {
        (notice(view.trust.tone(), &html! {
            p { strong { (view.trust.word()) ". " } (view.trust.sentence()) }
        }))
        @if missing > 0 {
            (notice(Tone::Danger, &html! {
                p { strong { "It does not run as it is. " } (plural(missing, "thing is", "things are")) " missing, see " a href="#finding-missing" { "below" } "." }
            }))
        }
        @if leaks > 0 {
            (notice(Tone::Warning, &html! {
                p { strong { "It tells of where it was trained. " } (plural(leaks, "trace", "traces")) " that should not be published, see " a href="#finding-leak" { "below" } "." }
            }))
        }
        @if view.framework.is_empty() {
            (notice(Tone::Muted, &html! {
                p { strong { "No known framework. " } "Nothing is told of labels and networks; the files and what they would run are below." }
            }))
        }
    }
}

/// All that was found but the facts.
#[must_use]
pub fn found(view: &FoundView) -> Markup {
    html! {
        (findings::groups(&view.findings))
        @if !view.labels.is_empty() || view.ignored_label.is_some() {
            section.panel {
                h2 { "Labels " span.count { (view.labels.len()) } }
                (labels::legend(&view.labels))
                @if let Some(number) = view.ignored_label {
                    p.help { "Label " (number) " was left out of training and never comes out." }
                }
            }
        }
        (networks::networks(&view.networks))
        (networks::configurations(&view.configurations))
        (networks::scores(&view.scores))
        (networks::signatures(&view.signatures))
        (files::files(&view.files))
    }
}

/// What it tells of itself, and `more`.
#[must_use]
pub fn facts(view: &FoundView, more: Vec<(&str, Markup)>) -> Markup {
    let mut facts: Vec<(&str, Markup)> = vec![
        ("Loading it", view.trust.pill()),
        (
            "Framework",
            html! {
                @if view.framework.is_empty() { span.muted { "not known" } } @else { (view.framework) }
                @if !view.also.is_empty() { span.meta { " also read by " (view.also.join(", ")) } }
            },
        ),
    ];
    let told = |(name, value)| (name, html! { (value) });
    let own = view
        .facts
        .iter()
        .map(|(name, value)| (name.as_str(), value));
    facts.extend(own.map(told));
    facts.extend(more);
    html! { section.panel { h2.visually-hidden { "Facts" } (key_value::list(&facts)) } }
}

/// A place in a package.
fn path(text: &str) -> Markup {
    html! { code.path { (parts(text)) } }
}

/// A path that may go on in the next line after each slash.
fn parts(text: &str) -> Markup {
    html! { @for part in text.split_inclusive('/') { (part) @if part.ends_with('/') { wbr; } } }
}

fn mark(tone: Tone) -> Icon {
    tone.icon()
}
