//! Pages for requests that cannot be answered.

use maud::{Markup, html};

use super::components::icon::Icon;
use super::frame::{Frame, Page, Section};

/// Why a request cannot be answered.
#[derive(Debug, Clone)]
pub enum ErrorView {
    /// 403: a permission is missing.
    Forbidden {
        /// Its name: `models:enable`.
        permission: String,
        /// What it allows, after “to”: `enable and disable models`.
        meaning: String,
        /// Whom to ask, in the words of the installation.
        contact: Option<String>,
    },
    /// 404: there is nothing at this address.
    NotFound {
        /// What was asked for, if it was a thing with a name.
        wanted: Option<String>,
        /// What is there under a similar name: text and address.
        near: Vec<(String, String)>,
    },
    /// 503: something that is needed cannot be reached.
    Unavailable {
        /// What cannot be reached, and since when, in a sentence.
        what: String,
        /// What still works, in a sentence.
        still_works: String,
        /// The address to try again, where that does nothing twice.
        again: Option<String>,
    },
    /// Anything else.
    Other {
        /// The status.
        status: u16,
        /// What happened.
        heading: String,
        /// What it is about, and what to do.
        text: String,
    },
}

/// The page. `request_id` is the number under which the logs know the request.
#[must_use]
pub fn page(frame: &Frame, view: &ErrorView, request_id: &str) -> Markup {
    let (status, heading) = match view {
        ErrorView::Forbidden { .. } => (403, "You may not do this"),
        ErrorView::NotFound { .. } => (404, "There is nothing here"),
        ErrorView::Unavailable { .. } => (503, "Not at the moment"),
        ErrorView::Other {
            status, heading, ..
        } => (*status, heading.as_str()),
    };
    let links = &frame.links;
    let content = html! {
        div.error-page {
            p.error-status { (status) }
            h1 { (heading) }
            @match view {
                ErrorView::Forbidden { permission, meaning, contact } => {
                    p { "It takes the permission " code { (permission) } " to " (meaning) ", which your role does not have." }
                    p { @if let Some(contact) = contact { (contact) } @else { "An administrator can give it to you." } }
                },
                ErrorView::NotFound { wanted, near } => {
                    @if let Some(wanted) = wanted { p { "There is no " code { (wanted) } "." } }
                    @else { p { "The address may be mistyped, or what was there is gone." } }
                    @if !near.is_empty() {
                        p { "Did you mean" }
                        ul.near { @for (text, href) in near { li { a href=(href) { (text) } } } }
                    }
                },
                ErrorView::Unavailable { what, still_works, .. } => {
                    p { (what) }
                    p { (still_works) }
                },
                ErrorView::Other { text, .. } => p { (text) },
            }
            div.buttons {
                @if let ErrorView::Unavailable { again: Some(again), .. } = view {
                    a.button.primary href=(again) { "Try again" }
                }
                @if frame.person.is_some() { a.button href=(links.models()) { (Icon::Brand) "Show all models" } }
                @else { a.button href=(links.to("/login")) { "Sign in" } }
            }
            p.meta { "If you ask somebody about this, tell them the request " code { (request_id) } "." }
        }
    };
    frame.page(&Page::new(heading, Section::Elsewhere), &content)
}
