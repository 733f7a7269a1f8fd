//! The question whether an earlier revision is made the present state of a model.

use maud::{Markup, html};

use super::changes::{self, Changes};
use super::compare::misleads;
use super::{Life, Revision, Subject};
use crate::views::components::action_bar::Reason;
use crate::views::components::confirm::{Question, question};
use crate::views::components::field::Field;
use crate::views::components::{Tone, notice};
use crate::views::frame::{Frame, Page};
use crate::views::links::ModelAction;
use crate::views::package::MayBreakView;
use crate::views::package::difference::{DifferenceView, Side, difference};

/// The question; posted to its own address as `if_match`, `breaking`, `incomplete` and `reason`.
#[derive(Debug, Clone)]
pub struct RestoreView {
    /// Of what.
    pub subject: Subject,
    /// The number of the one that would be the present state again.
    pub number: u64,
    /// That revision; `None` if it is not at hand.
    pub revision: Option<Revision>,
    /// What would change.
    pub shown: Shown,
    /// What would change of the package, if anything would.
    pub package: Option<DifferenceView>,
    /// What it may break for jobs that use the model.
    pub may_break: MayBreakView,
    /// The state that the question is about.
    pub if_match: String,
    /// Why.
    pub reason: Field,
    /// Why it was not done; asked again.
    pub error: Option<String>,
}

/// What is shown of what would change.
#[derive(Debug, Clone)]
pub enum Shown {
    /// All of it.
    Changes(Changes),
    /// Nothing, for the present state cannot be read.
    PresentUnreadable,
    /// Nothing, for the revisions are not at hand.
    Nothing,
}

impl RestoreView {
    /// A question of which nothing is known yet.
    #[must_use]
    pub fn new(subject: Subject, number: u64) -> Self {
        Self {
            subject,
            number,
            revision: None,
            shown: Shown::Nothing,
            package: None,
            may_break: MayBreakView::default(),
            if_match: String::new(),
            reason: Field::default(),
            error: None,
        }
    }

    /// Whether it cannot be done while the model is enabled: jobs would find no package.
    fn is_barred(&self) -> bool {
        let purged = |package: &DifferenceView| package.after.is_purged();
        self.subject.life == Life::Enabled && self.package.as_ref().is_some_and(purged)
    }
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &RestoreView) -> Markup {
    let subject = &view.subject;
    let heading = format!("Restore revision {} of {}?", view.number, subject.title());
    let usable = view.revision.as_ref().is_none_or(Revision::is_usable);
    let same = matches!(&view.shown, Shown::Changes(changes) if changes.is_empty());
    let same = same && view.package.is_none();
    let is_barred = view.is_barred();
    frame.page(
        &Page::new(&heading, subject.section()),
        &html! {
            (subject.crumbs(frame, true))
            div.panel.restore {
                @if usable && is_barred { (barred(frame, view)) }
                @else if usable && !same { (form(frame, view, &heading)) }
                @else { (nothing_to_do(frame, view, usable)) }
            }
        },
    )
}

fn form(frame: &Frame, view: &RestoreView, heading: &str) -> Markup {
    let subject = &view.subject;
    let number = view.number;
    question(
        frame,
        &Question {
            heading,
            action: &subject.restore(frame, number),
            hidden: &[("if_match", view.if_match.clone())],
            button: &format!("Restore revision {number}"),
            danger: false,
            back: &subject.history(frame),
            reason: Some(Reason {
                field: &view.reason,
                required: subject.life == Life::Enabled,
                example: "Why is the earlier state better?",
            }),
        },
        &html! {
            (refused(view))
            p {
                "What it holds becomes the present state, as a new revision. "
                @match subject.life {
                    Life::Enabled => "The model stays enabled: jobs use it at once.",
                    Life::Disabled => "The model stays disabled.",
                    Life::Broken | Life::Deleted => "The model is disabled then.",
                }
            }
            (what_changes(view))
            @if let Some(package) = &view.package { (comes_back(package, number)) }
            (of_package(view))
            @let now_then = ("Now", &*format!("Revision {number}"));
            (view.may_break.question(Some("restore"), (!is_listed(view)).then_some(now_then)))
        },
    )
}

/// Whether what is to be confirmed is listed on the page anyway.
fn is_listed(view: &RestoreView) -> bool {
    let definition = match &view.shown {
        Shown::Changes(changes) => Some(changes),
        Shown::PresentUnreadable | Shown::Nothing => None,
    };
    let contents = view.package.as_ref().and_then(|it| it.contents.as_ref());
    let listed = || definition.into_iter().chain(contents.map(|it| &it.told));
    let breaking = &view.may_break.breaking;
    let has_label =
        |number| listed().any(|it| it.labels.iter().any(|label| label.number == number));
    let has_field = |field: &str| listed().any(|it| it.fields.iter().any(|it| it.field == field));
    breaking.labels.iter().all(|label| has_label(label.number))
        && breaking
            .fields
            .iter()
            .all(|change| has_field(&change.field))
}

/// Instead of the question, where it would be refused.
fn barred(frame: &Frame, view: &RestoreView) -> Markup {
    let subject = &view.subject;
    let number = view.number;
    let (network_type, name) = (&subject.network_type, &subject.name);
    let disable = frame
        .links
        .model_action(network_type, name, ModelAction::Disable);
    html! {
        h1 { "Revision " (number) " cannot be restored while the model is enabled" }
        (refused(view))
        (notice(Tone::Danger, &html! {
            p {
                "The package that revision " (number) " had was purged, and does not come back: jobs would find none. "
                "Disable the model first, then the revision can be restored without its package; before the model is enabled again, give it another one."
            }
        }))
        (what_changes(view))
        (of_package(view))
        div.buttons {
            a.button href=(subject.history(frame)) { "Back to the history" }
            a.button.primary href=(disable) { "Disable the model" }
        }
    }
}

/// Which revision it is, and what would change of the definition.
fn what_changes(view: &RestoreView) -> Markup {
    html! {
        @if let Some(revision) = &view.revision {
            (revision.byline())
            @if !revision.message.is_empty() { p.message { "“" (revision.message) "”" } }
        }
        @match &view.shown {
            Shown::Nothing => (notice(Tone::Warning, &html! { p { "What would change cannot be shown at the moment." } })),
            Shown::PresentUnreadable => (notice(Tone::Warning, &html! {
                p { "The present definition cannot be read, so what would change cannot be shown." }
            })),
            Shown::Changes(changes) => {
                // Where jobs use it, that is asked below.
                @if let Some(present) = view.subject.present.filter(|_| view.may_break.breaking.is_empty()) {
                    (misleads(changes, present))
                }
                (changes::in_full(changes, "Now", &format!("Revision {}", view.number)))
            },
        }
    }
}

fn of_package(view: &RestoreView) -> Markup {
    html! {
        @if let Some(package) = &view.package {
            (difference(package, "Now", &format!("Revision {}", view.number), false))
        }
    }
}

/// What becomes of the package.
fn comes_back(package: &DifferenceView, number: u64) -> Markup {
    let told = |tone, text: &str| notice(tone, &html! { p { (text) } });
    match &package.after {
        after if after.is_there() => told(
            Tone::Info,
            &format!("The package that revision {number} had comes back with it."),
        ),
        Side::None => told(
            Tone::Warning,
            &format!("Revision {number} had no package: the model has none then."),
        ),
        Side::Known { .. } => told(
            Tone::Danger,
            &format!(
                "The package that revision {number} had was purged, and does not come back: nobody can \
                 fetch the package of the model then, and it needs another one before it is enabled."
            ),
        ),
        Side::Unreadable => told(
            Tone::Danger,
            &format!("Revision {number} cannot be read, so it is not known what package it had."),
        ),
        Side::Missing => told(
            Tone::Danger,
            &format!(
                "The package that revision {number} names is not in the store: nobody can fetch the \
                 package of the model then."
            ),
        ),
    }
}

fn refused(view: &RestoreView) -> Markup {
    html! {
        @if let Some(error) = &view.error {
            div role="alert" { (notice(Tone::Danger, &html! { p { (error) } })) }
        }
    }
}

fn nothing_to_do(frame: &Frame, view: &RestoreView, usable: bool) -> Markup {
    let subject = &view.subject;
    html! {
        h1 { @if usable { "Nothing to restore" } @else { "Revision " (view.number) " cannot be restored" } }
        (refused(view))
        @if let Some(revision) = view.revision.as_ref().filter(|_| !usable) { (revision.oddities()) }
        @else { p { (subject.title()) " holds what revision " (view.number) " held already." } }
        div.buttons { a.button href=(subject.history(frame)) { "Back to the history" } }
    }
}
