//! What is known of somebody from a directory.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::views::components::{Tone, notice, time};
use crate::views::frame::Frame;
use crate::views::groups;

/// What is known of somebody from a directory.
#[derive(Debug, Clone, Default)]
pub struct FromDirectory {
    /// Its name in addresses: `ldap`.
    pub source: String,
    /// The stable id there.
    pub subject: String,
    /// Whether that is only the name, until the first sign-in.
    pub provisional: bool,
    /// Whether the directory is in the settings.
    pub is_configured: bool,
    /// The groups.
    pub groups: Vec<String>,
    /// When it last vouched for the person.
    pub checked_at: Option<SystemTime>,
    /// When it said that they left.
    pub left_at: Option<SystemTime>,
    /// Why, in a few words; empty if unknown.
    pub left_reason: String,
    /// Whether it can be asked now.
    pub can_recheck: bool,
    /// Until when tokens work without a sign-in, where it cannot: a time, or only from the next one on.
    pub tokens_until: Option<Option<SystemTime>>,
}

/// That their directory does not let them sign in any more, if so.
pub(super) fn left(frame: &Frame, source: &str, known: &FromDirectory) -> Markup {
    let Some(at) = known.left_at else {
        return html! {};
    };
    notice(
        Tone::Warning,
        &html! {
            p {
                (source) " does not let this person sign in any more"
                @if !known.left_reason.is_empty() { ": " strong { (known.left_reason) } }
                ". Noticed " (time::relative(frame.now, at)) "; their sessions and tokens are gone."
            }
            p { "The account works again by itself when the directory lets them sign in again, unless you keep them out. They need new tokens then." }
        },
    )
}

/// What stands beside the account.
pub(super) fn facts(frame: &Frame, known: &FromDirectory) -> Vec<(&'static str, Markup)> {
    let confirmed = html! {
        @match known.checked_at {
            Some(at) => {
                (time::relative(frame.now, at))
                p.help { "When the directory last showed that the account is there, enabled and in the group that is needed." }
            },
            None => span.muted { "never" },
        }
    };
    let id = html! {
        code.breakable { (known.subject) }
        @if known.provisional { p.help { "A name that stands in for the stable id until the first sign-in." } }
    };
    let mut facts = vec![
        ("Last confirmed", confirmed),
        (
            if known.left_at.is_some() {
                "Last groups"
            } else {
                "Groups"
            },
            groups::list(&known.groups),
        ),
        ("Stable id", id),
    ];
    if let Some(until) = known.tokens_until {
        facts.push(match until {
            Some(until) => (
                "Tokens work until",
                html! { (time::exact(until)) p.help { "Or longer, if they sign in before." } },
            ),
            None => (
                "Tokens work again",
                html! { "after the next sign-in" p.help { "It is not known when the last one was." } },
            ),
        });
    }
    if known.is_configured {
        let page = frame.links.directory(&known.source);
        facts.push((
            "Directory",
            html! { a href=(page) { "Test, re-check all" } },
        ));
    }
    facts
}
