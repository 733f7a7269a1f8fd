//! What was found in an upload, before it is confirmed.

use std::time::SystemTime;

use maud::{Markup, html};

use super::start::there;
use super::{Step, steps};
use crate::assets::Asset;
use crate::views::components::icon::Icon;
use crate::views::components::{
    Tone, breadcrumbs, copy_chip, key_value, notice, page_header, percent, section, size, time,
};
use crate::views::frame::{Frame, Page, Section};
use crate::views::links::UploadAction;
use crate::views::package::{FoundView, facts, found, summary};

/// An upload and what is known of it.
#[derive(Debug, Clone)]
pub struct UploadView {
    /// Its name in addresses.
    pub id: String,
    /// What the file is called.
    pub file_name: String,
    /// How many bytes it is to have.
    pub size: u64,
    /// When it goes unless bytes come, or a model gets the package.
    pub expires_at: SystemTime,
    /// The SHA-256 of all bytes, in hexadecimal digits; empty before they are there.
    pub digest: String,
    /// How far it is.
    pub state: UploadState,
}

/// How far an upload is.
#[derive(Debug, Clone)]
pub enum UploadState {
    /// So many bytes are there.
    Coming(u64),
    /// It is being looked at.
    Looking,
    /// Nothing could be found, and why: no model can get it.
    Refused(String),
    /// What was found.
    Found(Box<FoundView>),
}

/// The page. While it waits, the script asks again; without it, the browser does.
#[must_use]
pub fn page(frame: &Frame, view: &UploadView) -> Markup {
    let page = Page {
        scripts: &[Asset::Upload],
        refresh: matches!(view.state, UploadState::Looking).then_some(5),
        ..Page::new(&view.file_name, Section::Uploads)
    };
    frame.page(&page, &content(frame, view))
}

fn content(frame: &Frame, view: &UploadView) -> Markup {
    let links = &frame.links;
    html! {
        (breadcrumbs(&[(links.upload(), "Uploads".to_owned())]))
        (page_header(&view.file_name, &html! {
            p.byline {
                span { (size(view.size)) }
                span { "expires " (time::relative(frame.now, view.expires_at)) }
            }
        }, &html! { @if matches!(view.state, UploadState::Found(_)) { (discard(frame, view)) } }))
        (steps(Step::Found))
        @match &view.state {
            UploadState::Coming(received) => (coming(frame, view, *received)),
            UploadState::Looking => (looking(&links.upload_of(&view.id))),
            UploadState::Refused(why) => (refused(frame, view, why)),
            UploadState::Found(what) => {
                (summary(what))
                div.columns {
                    div.main-column { (found(what)) }
                    aside.side-column aria-label="Facts" {
                        (facts(what, vec![("SHA-256 of the file", copy_chip(&view.digest, "the digest"))]))
                    }
                }
                div.action-bar {
                    p.meta.grow { "Nothing is changed before you confirm." }
                    div.buttons {
                        a.button href=(links.upload_action(&view.id, UploadAction::Revision)) { "Give it to a model" }
                        a.button.primary href=(links.upload_action(&view.id, UploadAction::New)) { "Make a new model" }
                    }
                }
            },
        }
    }
}

fn coming(frame: &Frame, view: &UploadView, received: u64) -> Markup {
    section(
        "Not all of it is there",
        &html! {
            progress max="100" value=(percent(received, view.size)) aria-label="Sent" {}
            p { (there(received, view.size)) " Choose the same file again, and it goes on where it stopped." }
            div.buttons {
                a.button.primary href=(frame.links.upload()) { (Icon::Play) "Go on" }
                (discard(frame, view))
            }
        },
    )
}

fn looking(page: &str) -> Markup {
    html! {
        section.panel.waiting data-waiting {
            h2 { "The package is being looked at" }
            progress aria-label="Looking at the package" {}
            p.muted { "Every file is read and hashed, and nothing is run: about a minute for each 5 GB. You may leave this page; the upload stays in your list." }
            p.without-script { a href=(page) { "Look again" } }
        }
    }
}

fn refused(frame: &Frame, view: &UploadView, why: &str) -> Markup {
    html! {
        (notice(Tone::Danger, &html! {
            p { strong { "No model can get this file." } }
            p { (crate::views::components::sentence(why)) }
        }))
        (section("What to do", &html! {
            ul.plain {
                li { "Export the package again with its framework, and see that the file is whole where it lies: its size there is to be the " (size(view.size)) " that arrived." }
                li { "An archive of a folder is made as zip, without a password, without links, and without another archive of the package inside." }
            }
            div.buttons {
                a.button.primary href=(frame.links.upload()) { "Send another file" }
                (discard(frame, view))
            }
        }))
        @if !view.digest.is_empty() {
            (section("What arrived", &key_value::list(&[("SHA-256", copy_chip(&view.digest, "the digest"))])))
        }
    }
}

fn discard(frame: &Frame, view: &UploadView) -> Markup {
    let page = frame.links.upload_action(&view.id, UploadAction::Discard);
    html! { a.button.danger-quiet href=(page) data-question-link { (Icon::Trash) "Discard" } }
}
