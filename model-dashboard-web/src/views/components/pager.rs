//! Steps through a long list.

use maud::{Markup, html};

use super::{icon::Icon, number};

/// The part of a list that is shown.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// The position of the first one shown, from 1.
    pub first: usize,
    /// How many are shown.
    pub shown: usize,
    /// How many there are, where that is known.
    pub total: Option<usize>,
    /// The page before, if there is one.
    pub previous: Option<String>,
    /// The page after, if there is one.
    pub next: Option<String>,
}

/// `51–100 of 812` with the pages before and after; nothing when everything is shown.
#[must_use]
pub fn pager(label: &str, pager: &Pager) -> Markup {
    let last = (pager.first + pager.shown).saturating_sub(1);
    html! {
        @if pager.previous.is_some() || pager.next.is_some() {
            nav.pager aria-label=(label) {
                (step(pager.previous.as_deref(), "prev", &html! { (Icon::ChevronLeft) "Previous" }))
                span {
                    (number(pager.first)) "–" (number(last))
                    @if let Some(total) = pager.total { " of " (number(total)) }
                }
                (step(pager.next.as_deref(), "next", &html! { "Next" (Icon::ChevronRight) }))
            }
        }
    }
}

fn step(href: Option<&str>, rel: &str, text: &Markup) -> Markup {
    html! {
        @if let Some(href) = href {
            a.button href=(href) rel=(rel) { (text) }
        } @else {
            // Keeps its place, so that nothing moves under the pointer on the first and last page.
            span.button.placeholder aria-hidden="true" { (text) }
        }
    }
}
