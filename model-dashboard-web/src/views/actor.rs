//! Somebody who did something.

use maud::{Markup, html};

use super::components::breakable;

/// Somebody, apart from others of the same name in other sources of accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// The name they had then; empty if unknown.
    pub name: String,
    /// The source of their account as filters in addresses name it; empty where a name says it all.
    pub source: String,
    /// What people read of that source; empty for accounts of the installation.
    pub of: String,
}

impl Actor {
    /// Somebody of the installation.
    #[must_use]
    pub fn local(name: &str) -> Actor {
        Actor {
            name: name.to_owned(),
            ..Actor::default()
        }
    }

    /// The source behind a name, if it is to be told.
    #[must_use]
    pub fn of(&self) -> Markup {
        html! { @if !self.of.is_empty() { " " span.of { "(" (breakable(&self.of)) ")" } } }
    }
}
