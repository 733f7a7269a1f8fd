//! The groups of a directory that somebody is in.

use maud::{Markup, html};

use super::components::{breakable, plural};

/// How many are shown without being asked for.
const AT_ONCE: usize = 3;

/// A few as they are, many folded with their number.
#[must_use]
pub fn list(groups: &[String]) -> Markup {
    let all = html! { ul.groups { @for group in groups { li { code { (breakable(group)) } } } } };
    html! {
        @if groups.is_empty() { span.muted { "none" } }
        @else if groups.len() <= AT_ONCE { (all) }
        @else { details.groups { summary { (plural(groups.len(), "group", "groups")) } (all) } }
    }
}
