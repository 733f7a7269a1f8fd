//! Menus that open without JavaScript: `<details>`. The script closes them on Escape, on a click
//! elsewhere and when another one opens.

use maud::{Markup, html};

/// How the button of a menu looks and what it is called.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Classes of the button.
    pub class: &'a str,
    /// Its name for assistive technology, where its text is hidden on small screens.
    pub label: Option<&'a str>,
    /// Whether the menu hangs from the right edge of its button.
    pub align_right: bool,
}

/// A button that opens a list of links and small forms.
#[must_use]
pub fn menu(button: &Markup, look: &Look<'_>, entries: &Markup) -> Markup {
    html! {
        details.menu data-menu {
            summary class=(look.class) aria-label=[look.label] { (button) }
            div class=(if look.align_right { "menu-list right" } else { "menu-list" }) { (entries) }
        }
    }
}
