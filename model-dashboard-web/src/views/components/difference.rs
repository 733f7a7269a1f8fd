//! What changed, with plus and minus besides colour.

use maud::{Markup, html};

use super::icon::Icon;

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field, as people call it.
    pub field: String,
    /// What it was; `None` if it was not there.
    pub before: Option<String>,
    /// What it is now; `None` if it is gone.
    pub after: Option<String>,
}

/// The changed fields, before and after.
#[must_use]
pub fn changes(changes: &[Change]) -> Markup {
    html! {
        dl.difference {
            @for change in changes {
                div {
                    dt { (change.field) }
                    dd {
                        @if let Some(before) = &change.before { (line(Icon::Minus, "del", "Before", before)) }
                        @if let Some(after) = &change.after { (line(Icon::Plus, "ins", "After", after)) }
                    }
                }
            }
        }
    }
}

fn line(sign: Icon, class: &str, spoken: &str, text: &str) -> Markup {
    html! {
        div class={ "difference-line " (class) } {
            (sign)
            span.visually-hidden { (spoken) ": " }
            span.text { @if text.is_empty() { em { "empty" } } @else { (text) } }
        }
    }
}
