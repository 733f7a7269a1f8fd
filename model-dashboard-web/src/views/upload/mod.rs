//! Packages on their way in: sending one, what was found in it, what becomes of it.

pub mod found;
pub mod new;
pub mod revision;
mod start;

use maud::{Markup, html};

pub use self::start::{StartView, UploadRow, page as start};
use super::components::icon::Icon;

/// The steps from a file to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The bytes come.
    File,
    /// They are looked at.
    Found,
    /// A model gets them.
    Confirm,
}

/// Where one is on the way.
#[must_use]
pub fn steps(now: Step) -> Markup {
    let all = [
        (Step::File, "Send the file"),
        (Step::Found, "See what is in it"),
        (Step::Confirm, "Confirm"),
    ];
    html! {
        ol.steps aria-label="Steps" {
            @for (position, (step, text)) in all.into_iter().enumerate() {
                li.done[step < now] aria-current=[(step == now).then_some("step")] {
                    span.step-number aria-hidden="true" {
                        @if step < now { (Icon::Check) } @else { (position + 1) }
                    }
                    span { (text) @if step < now { span.visually-hidden { " (done)" } } }
                }
            }
        }
    }
}
