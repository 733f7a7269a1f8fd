//! Pages for requests that cannot be answered.

use std::time::SystemTime;

use maud::{Markup, html};

use super::activity::ActivityQuery;
use super::components::icon::Icon;
use super::components::time;
use super::frame::{Frame, Page, Section};
use super::links::ModelAction;

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
    /// 403: the model is enabled, and the person may not change such.
    Enabled {
        /// Network type and name.
        model: (String, String),
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
    /// 404: the model has another name now.
    Moved {
        /// What was asked for: `type/name`.
        was: String,
        /// Network type and name now.
        now: (String, String),
    },
    /// 404: the model was deleted.
    Deleted {
        /// What was asked for: `type/name`.
        was: String,
        /// The name under which it was deleted, if it was renamed before.
        last: Option<String>,
        /// Who deleted it.
        by: Option<String>,
        /// When.
        at: Option<SystemTime>,
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
        ErrorView::Enabled { .. } => (403, "This model is enabled"),
        ErrorView::NotFound { .. } => (404, "There is nothing here"),
        ErrorView::Moved { .. } => (404, "This model has another name now"),
        ErrorView::Deleted { .. } => (404, "This model was deleted"),
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
                ErrorView::Enabled { model: (network_type, name), contact } => {
                    p {
                        "Jobs may be using " a.reference href=(links.model(network_type, name)) { (network_type) "/" wbr; (name) }
                        ". To change it takes the permission " code { "models:enable" } ", which your role does not have."
                    }
                    p { "Ask somebody who has it to change or disable it, or derive a model of your own from it." }
                    @if let Some(contact) = contact { p { (contact) } }
                },
                ErrorView::NotFound { wanted, near } => {
                    @if let Some(wanted) = wanted { p { "There is no " code { (wanted) } "." } }
                    @else { p { "The address may be mistyped, or what was there is gone." } }
                    @if !near.is_empty() {
                        p { "Did you mean" }
                        ul.near { @for (text, href) in near { li { a href=(href) { (text) } } } }
                    }
                },
                ErrorView::Moved { was, now: (network_type, name) } => {
                    p { code { (was) } " is now " a.reference href=(links.model(network_type, name)) { (network_type) "/" wbr; (name) } "." }
                },
                ErrorView::Deleted { was, last, by, at } => {
                    p {
                        code { (was) }
                        @if let Some(last) = last { " was renamed to " code { (last) } ", which" }
                        " was deleted"
                        @if let Some(by) = by { " by " (by) }
                        @if let Some(at) = at { ", " (time::relative(frame.now, *at)) }
                        "."
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
                @if let ErrorView::Enabled { model: (network_type, name), .. } = view {
                    a.button href=(links.model_action(network_type, name, ModelAction::Derive)) { (Icon::Copy) "Derive a model" }
                }
                @if let ErrorView::Deleted { was, last, .. } = view
                    && let Some((network_type, name)) = last.as_ref().unwrap_or(was).split_once('/')
                    && frame.may().manage_system {
                    a.button href=(links.bring_back(network_type, name, None)) data-question-link { "Bring it back" }
                }
                @if let ErrorView::Moved { was, .. } | ErrorView::Deleted { was, .. } = view {
                    @let about = ActivityQuery { model: Some(was.clone()), ..ActivityQuery::default() };
                    a.button href=(about.href(links)) { (Icon::Activity) "What happened to it" }
                }
                @if frame.person.is_some() { a.button href=(links.models()) { (Icon::Brand) "Show all models" } }
                @else { a.button href=(links.to("/login")) { "Sign in" } }
            }
            p.meta { "If you ask somebody about this, tell them the request " code { (request_id) } "." }
        }
    };
    frame.page(&Page::new(heading, Section::Elsewhere), &content)
}
