//! Two revisions of a model side by side, and what differs.

use maud::{Markup, html};

use super::changes::{self, Changes};
use super::{Revision, Subject};
use crate::views::components::icon::Icon;
use crate::views::components::{Tone, empty_state, notice, page_header, plural};
use crate::views::frame::{Frame, Page};
use crate::views::links::ModelAction;
use crate::views::package::difference::{DifferenceView, difference};

/// Two revisions.
#[derive(Debug, Clone)]
pub struct CompareView {
    /// Of what.
    pub subject: Subject,
    /// The one that is compared.
    pub from: Revision,
    /// With this one.
    pub to: Revision,
    /// What differs; `None` if one of the two holds no definition.
    pub changes: Option<Changes>,
    /// What differs between their packages, if anything does.
    pub package: Option<DifferenceView>,
}

/// The page. Its form asks for other revisions as `from` and `to`.
#[must_use]
pub fn page(frame: &Frame, view: &CompareView) -> Markup {
    let subject = &view.subject;
    let (from, to) = (view.from.number, view.to.number);
    let title = format!("Revisions {from} and {to} of {}", subject.title());
    let (before, after) = (format!("Revision {from}"), format!("Revision {to}"));
    frame.page(
        &Page::new(&title, subject.section()),
        &html! {
            (subject.crumbs(frame, true))
            (page_header(&title, &subject.beside(), &html! { (others(frame, view)) }))
            div.sides {
                (side(frame, subject, &view.from, "From"))
                (side(frame, subject, &view.to, "To"))
            }
            @match &view.changes {
                None => (notice(Tone::Warning, &html! {
                    p { "These two cannot be compared: one of them holds no definition." }
                })),
                Some(changes) if changes.is_empty() && view.package.is_none() => (empty_state(Icon::Check, "Nothing differs", &html! {
                    p { "Both hold the same fields, labels and package." }
                })),
                Some(changes) => {
                    (misleads(changes, from))
                    (changes::in_full(changes, &before, &after))
                },
            }
            @if let Some(package) = &view.package { (difference(package, &before, &after, true)) }
        },
    )
}

/// Says that a segmentation of old would be misread.
pub(super) fn misleads(changes: &Changes, from: u64) -> Markup {
    let breaking = changes.breaking();
    html! {
        @if breaking > 0 {
            (notice(Tone::Danger, &html! {
                p {
                    strong { "Breaking: " }
                    (plural(breaking, "label number means", "label numbers mean")) " something else. "
                    "Whoever reads segmentations by what revision " (from) " says takes one structure for another."
                }
            }))
        }
    }
}

fn side(frame: &Frame, subject: &Subject, revision: &Revision, which: &str) -> Markup {
    let is_present = subject.present == Some(revision.number);
    let restorable = revision.is_usable() && !is_present && subject.may_restore(frame);
    html! {
        section.panel.revision {
            h2 { span.visually-hidden { (which) ": " } "Revision " (revision.number) }
            (revision.byline())
            @if !revision.message.is_empty() { p.message { "“" (revision.message) "”" } }
            (revision.oddities())
            @if restorable {
                p { a href=(subject.restore(frame, revision.number)) { "Restore revision " (revision.number) } }
            }
        }
    }
}

/// Two other revisions, or the same the other way round.
fn others(frame: &Frame, view: &CompareView) -> Markup {
    let subject = &view.subject;
    let (network_type, name) = (&subject.network_type, &subject.name);
    let (from, to) = (view.from.number, view.to.number);
    let number = |field: &str, text: &str, value: u64| {
        html! {
            label.inline { span { (text) }
                input.number type="number" name=(field) value=(value) min="1" required autocomplete="off";
            }
        }
    };
    html! {
        form.compare-others method="get" action=(frame.links.model_action(network_type, name, ModelAction::Compare)) {
            (number("from", "From", from))
            (number("to", "To", to))
            button.button type="submit" { "Compare" }
            a.button href=(frame.links.compare(network_type, name, to, from)) { "Swap" }
        }
    }
}
