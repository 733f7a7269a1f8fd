//! The bar at the bottom of a form, always in sight: the reason and the buttons.

use maud::{Markup, html};

use super::field::{Field, TextInput};

/// The reason field and the buttons of a form.
#[must_use]
pub fn action_bar(reason: Option<Reason<'_>>, buttons: &Markup) -> Markup {
    html! {
        div.action-bar {
            @if let Some(reason) = reason { (reason_input(&reason)) }
            div.buttons { (buttons) }
        }
    }
}

/// Why something is done: part of the history and of the audit log. Posted as `reason`.
#[derive(Debug, Clone, Copy)]
pub struct Reason<'a> {
    /// What was typed.
    pub field: &'a Field,
    /// Whether it may not be empty: it may not while the model is enabled.
    pub required: bool,
    /// An example of a good one.
    pub example: &'a str,
}

/// The reason field by itself.
#[must_use]
pub fn reason_input(reason: &Reason<'_>) -> Markup {
    TextInput {
        name: "reason",
        label: "Reason",
        field: reason.field,
        required: reason.required,
        placeholder: Some(reason.example),
        max_length: Some(500),
        class: "reason",
        ..TextInput::default()
    }
    .markup()
}
