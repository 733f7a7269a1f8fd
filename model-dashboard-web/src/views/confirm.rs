//! Pages that ask before something is done: delete, enable and disable (one or several), revoke.

use maud::{Markup, html};

use super::components::action_bar::Reason;
use super::components::confirm::{Question, question};
use super::components::field::Field;
use super::frame::{Frame, Page, Section};
use super::package::MayBreakView;

/// A question. The form is posted to `action` with the hidden fields, `reason` where it is asked
/// for, and `confirmed=yes`.
#[derive(Debug, Clone)]
pub struct ConfirmView {
    /// The current entry of the top bar.
    pub section: Section,
    /// Asks what will be done: `Delete Kidney tumour?`
    pub heading: String,
    /// What follows from it, one paragraph each.
    pub consequences: Vec<String>,
    /// What it is done to: a text and, below it, a reference.
    pub items: Vec<(String, String)>,
    /// Where the form posts.
    pub action: String,
    /// Further hidden fields; names may repeat.
    pub hidden: Vec<(String, String)>,
    /// The button that does it: `Delete the model`.
    pub button: String,
    /// Whether the button is shown as dangerous.
    pub danger: bool,
    /// The page to go back to.
    pub back: String,
    /// Asks why.
    pub reason: Option<ConfirmReason>,
}

/// The reason that a question asks for.
#[derive(Debug, Clone, Default)]
pub struct ConfirmReason {
    /// What was typed.
    pub field: Field,
    /// Whether it may not be empty.
    pub required: bool,
    /// An example of a good one.
    pub example: String,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &ConfirmView) -> Markup {
    with(frame, view, &html! {})
}

/// The same where it may break something, to be ticked by whoever is to `act` all the same, as "enable".
#[must_use]
pub fn page_despite(
    frame: &Frame,
    view: &ConfirmView,
    may_break: &MayBreakView,
    act: &str,
) -> Markup {
    with(frame, view, &may_break.question(Some(act), None))
}

fn with(frame: &Frame, view: &ConfirmView, ticked: &Markup) -> Markup {
    let mut hidden: Vec<(&str, String)> = view
        .hidden
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    hidden.push(("confirmed", "yes".to_owned()));
    let form = question(
        frame,
        &Question {
            heading: &view.heading,
            action: &view.action,
            hidden: &hidden,
            button: &view.button,
            danger: view.danger,
            back: &view.back,
            reason: view.reason.as_ref().map(|reason| Reason {
                field: &reason.field,
                required: reason.required,
                example: &reason.example,
            }),
        },
        &html! {
            @for text in &view.consequences { p { (text) } }
            @if !view.items.is_empty() {
                ul.items tabindex=[(view.items.len() > 8).then_some("0")] {
                    @for (text, reference) in &view.items {
                        li { (text) @if !reference.is_empty() { span.reference { (reference) } } }
                    }
                }
            }
            (ticked)
        },
    );
    frame.page(
        &Page::new(&view.heading, view.section),
        &html! { div.panel.confirm { (form) } },
    )
}
