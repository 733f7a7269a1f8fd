//! A question before something that is not easily undone. It is a page of its own; where there is
//! JavaScript, the script shows the same markup in a dialog over the page that asked.

use maud::{Markup, html};

use super::action_bar::{Reason, reason_input};
use crate::views::frame::Frame;

/// The question, what follows, and the way back.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Asks what will be done: `Delete nnUNet/Task055?`
    pub heading: &'a str,
    /// Where the form posts.
    pub action: &'a str,
    /// Further hidden fields.
    pub hidden: &'a [(&'a str, String)],
    /// The button that does it: `Delete the model`.
    pub button: &'a str,
    /// Whether the button is shown as dangerous.
    pub danger: bool,
    /// The page to go back to.
    pub back: &'a str,
    /// Asks why.
    pub reason: Option<Reason<'a>>,
}

/// The form: what follows (`content`), the reason, the buttons.
#[must_use]
pub fn question(frame: &Frame, question: &Question<'_>, content: &Markup) -> Markup {
    html! {
        form.question method="post" action=(question.action) data-question {
            (frame.csrf_field())
            @for (name, value) in question.hidden {
                input type="hidden" name=(name) value=(value);
            }
            h1 { (question.heading) }
            (content)
            @if let Some(reason) = &question.reason { (reason_input(reason)) }
            div.buttons {
                a.button href=(question.back) data-close { "Cancel" }
                button class=(if question.danger { "button danger" } else { "button primary" }) type="submit" {
                    (question.button)
                }
            }
        }
    }
}
