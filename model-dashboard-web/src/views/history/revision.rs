//! One revision as a whole.

use maud::{Markup, html};

use super::{Revision, Subject};
use crate::views::components::{Tone, copy_block, notice, page_header, plural};
use crate::views::frame::{Frame, Page};

/// A revision, and what it holds.
#[derive(Debug, Clone)]
pub struct RevisionView {
    /// Of what.
    pub subject: Subject,
    /// The revision.
    pub revision: Revision,
    /// The definition as JSON; of one that cannot be read, its text.
    pub text: String,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &RevisionView) -> Markup {
    let (subject, revision) = (&view.subject, &view.revision);
    let number = revision.number;
    let title = format!("Revision {number} of {}", subject.title());
    let is_present = subject.present == Some(number);
    frame.page(
        &Page::new(&title, subject.section()),
        &html! {
            (subject.crumbs(frame, true))
            (page_header(&title, &subject.beside(), &html! {
                @if revision.is_usable() && !is_present && subject.may_restore(frame) {
                    a.button href=(subject.restore(frame, number)) { "Restore" }
                }
            }))
            (revision.byline())
            @if !revision.message.is_empty() { p.message { "“" (revision.message) "”" } }
            @if revision.falsified {
                (notice(Tone::Danger, &html! {
                    p { "This is not what was once stored: somebody changed it in the history by hand." }
                }))
            } @else {
                (revision.oddities())
            }
            section.panel.raw {
                h2 { "Definition as JSON" }
                span.meta { (plural(view.text.lines().count(), "line", "lines")) }
                (copy_block(&view.text, "the definition"))
            }
        },
    )
}
