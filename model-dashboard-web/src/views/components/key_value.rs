//! Facts about one thing: name and value.

use maud::{Markup, html};

/// A list of facts; those without a value are left out by the caller.
#[must_use]
pub fn list(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts {
                div { dt { (name) } dd { (value) } }
            }
        }
    }
}
