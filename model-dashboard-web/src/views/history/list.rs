//! The revisions of a model, the last one first; two of them can be chosen and compared.

use maud::{Markup, html};

use super::changes::{self, Changes};
use super::{Content, Life, Revision, Subject};
use crate::views::components::action_bar::action_bar;
use crate::views::components::icon::Icon;
use crate::views::components::{Tone, empty_state, notice, page_header, state};
use crate::views::frame::{Frame, Page};
use crate::views::links::ModelAction;

/// A page of a history. Two revisions are chosen as `from` and `to`.
#[derive(Debug, Clone, Default)]
pub struct HistoryView {
    /// Whose.
    pub subject: Subject,
    /// The revisions of this page, the last one first.
    pub steps: Vec<Step>,
    /// What the history lacks, the last first.
    pub missing: Vec<Missing>,
    /// Whether another program wrote the present state, and that is no revision yet.
    pub unnoticed: bool,
    /// The address of the first page, if this is another.
    pub newest: Option<String>,
    /// The address of older ones.
    pub older: Option<String>,
}

/// Revisions that a history lacks.
#[derive(Debug, Clone)]
pub struct Missing {
    /// The number after them.
    pub after: u64,
    /// Which, as a sentence.
    pub what: String,
}

/// A revision, and what it changed.
#[derive(Debug, Clone)]
pub struct Step {
    /// The revision.
    pub revision: Revision,
    /// What it changed.
    pub changed: Changed,
    /// The revision before it that it was compared with.
    pub since: Option<u64>,
    /// Whether it is the present state.
    pub is_present: bool,
}

/// What a revision changed.
#[derive(Debug, Clone)]
pub enum Changed {
    /// It is the first one.
    First,
    /// This, against the one before it.
    By(Changes),
    /// It cannot be told: one of the two holds no definition.
    Unknown,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &HistoryView) -> Markup {
    let subject = &view.subject;
    let title = format!("History of {}", subject.title());
    frame.page(
        &Page::new(&title, subject.section()),
        &html! {
            (subject.crumbs(frame, false))
            (page_header(&title, &subject.beside(), &actions(frame, view)))
            @if view.unnoticed {
                (notice(Tone::Info, &html! {
                    p { "Another program has written the present state. It becomes a revision when this server looks at it next." }
                }))
            }
            @if view.steps.is_empty() && view.missing.is_empty() {
                (empty_state(Icon::Activity, "No history yet", &html! {
                    p { "Only other programs have written this model so far. Its history begins with the first change that is made here." }
                }))
            } @else if view.steps.len() > 1 {
                (comparable(frame, view))
            } @else {
                (steps(frame, view))
                (pages(view))
            }
        },
    )
}

fn actions(frame: &Frame, view: &HistoryView) -> Markup {
    let subject = &view.subject;
    html! {
        @if subject.life == Life::Deleted && subject.may_restore(frame) {
            a.button.primary href=(frame.links.bring_back(&subject.network_type, &subject.name, None)) data-question-link { "Bring back" }
        }
    }
}

/// The list as a form.
fn comparable(frame: &Frame, view: &HistoryView) -> Markup {
    let subject = &view.subject;
    let (network_type, name) = (&subject.network_type, &subject.name);
    let compare = ModelAction::Compare;
    html! {
        form.history method="get" action=(frame.links.model_action(network_type, name, compare)) {
            (steps(frame, view))
            (pages(view))
            (action_bar(None, &html! {
                button.button.primary type="submit" { "Compare" }
                span.meta { "the two revisions that are chosen as “from” and “to”" }
            }))
        }
    }
}

fn steps(frame: &Frame, view: &HistoryView) -> Markup {
    let choose = view.steps.len() > 1;
    let first = view.steps.first().map_or(0, |step| step.revision.number);
    let before = view.missing.iter().take_while(|it| it.after > first);
    let before = before.count();
    html! {
        ol.revisions.panel {
            @for missing in &view.missing[..before] { (lacking(missing)) }
            @for (position, step) in view.steps.iter().enumerate() {
                li {
                    @if choose { (choices(step.revision.number, position)) }
                    (one(frame, &view.subject, step))
                }
                @for missing in view.missing.iter().filter(|it| it.after == step.revision.number) {
                    (lacking(missing))
                }
            }
        }
    }
}

fn lacking(missing: &Missing) -> Markup {
    html! { li.missing { p { (missing.what) } } }
}

/// The newest two are chosen at first.
fn choices(number: u64, position: usize) -> Markup {
    let choice = |name: &str, first: usize| {
        html! {
            label.pick {
                input type="radio" name=(name) value=(number) checked[position == first] required;
                span { (name) span.visually-hidden { " revision " (number) } }
            }
        }
    };
    html! { div.picks { (choice("from", 1)) (choice("to", 0)) } }
}

fn one(frame: &Frame, subject: &Subject, step: &Step) -> Markup {
    let revision = &step.revision;
    let (network_type, name) = (&subject.network_type, &subject.name);
    let breaks = matches!(&step.changed, Changed::By(changes) if changes.breaking() > 0);
    let restorable = revision.is_usable() && !step.is_present && subject.may_restore(frame);
    html! {
        div.revision {
            div.revision-head {
                h2 { "Revision " (revision.number) }
                @if step.is_present && revision.content != Content::Deleted { (state::pill(Tone::Info, "Present")) }
                @if breaks { (changes::breaking()) }
            }
            (revision.byline())
            @if !revision.message.is_empty() { p.message { "“" (revision.message) "”" } }
            (revision.oddities())
            @match &step.changed {
                Changed::First => p.meta { "The first revision." },
                Changed::By(changes) => {
                    (changes::in_short(changes))
                    @if let (true, Some(since)) = (changes.of_package() && frame.may().read_packages, step.since) {
                        p.changed-package {
                            (Icon::Package)
                            a href={ (frame.links.compare(network_type, name, since, revision.number)) "#package" } {
                                "Files of the package" span.visually-hidden { " that changed with revision " (revision.number) }
                            }
                        }
                    }
                },
                Changed::Unknown if revision.content == Content::Definition =>
                    p.meta { "What it changed cannot be told: no sound definition is right before it." },
                Changed::Unknown => {},
            }
        }
        div.revision-actions {
            @if let (Changed::By(_), Some(since)) = (&step.changed, step.since) {
                a href=(frame.links.compare(network_type, name, since, revision.number)) {
                    "What changed" span.visually-hidden { " with revision " (revision.number) }
                }
            }
            a href=(frame.links.revision(network_type, name, revision.number)) {
                "Show" span.visually-hidden { " revision " (revision.number) }
            }
            @if restorable {
                a href=(subject.restore(frame, revision.number)) {
                    @if subject.life == Life::Deleted { "Bring back" } @else { "Restore" }
                    span.visually-hidden { " revision " (revision.number) }
                }
            }
        }
    }
}

fn pages(view: &HistoryView) -> Markup {
    html! {
        @if view.newest.is_some() || view.older.is_some() {
            nav.pager aria-label="Pages of the history" {
                @if let Some(newest) = &view.newest { a.button href=(newest) rel="prev" { (Icon::ChevronLeft) "Newest" } }
                @if let Some(older) = &view.older { a.button href=(older) rel="next" { "Older" (Icon::ChevronRight) } }
            }
        }
    }
}
