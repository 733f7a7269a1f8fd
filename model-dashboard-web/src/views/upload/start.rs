//! The page on which a package is sent, with one's uploads.

use std::time::SystemTime;

use maud::{Markup, html};

use super::{Step, steps};
use crate::assets::Asset;
use crate::views::components::Tone;
use crate::views::components::icon::Icon;
use crate::views::components::{
    copy_block, page_header, percent, plural, section, size, state, time,
};
use crate::views::frame::{Frame, Page, Section};
use crate::views::links::UploadAction;

/// What may be sent, and what was.
#[derive(Debug, Clone, Default)]
pub struct StartView {
    /// One's uploads whose package no model has yet, the last one first.
    pub uploads: Vec<UploadRow>,
    /// The most bytes of a package.
    pub most_bytes: u64,
    /// Where the API is found: `https://models.example.org/api/v1`.
    pub api: String,
}

/// An upload.
#[derive(Debug, Clone)]
pub struct UploadRow {
    /// Its name in addresses.
    pub id: String,
    /// What the file is called.
    pub file_name: String,
    /// How many bytes it is to have.
    pub size: u64,
    /// How many are there.
    pub received: u64,
    /// When it began.
    pub begun_at: SystemTime,
    /// When it goes unless bytes come, or a model gets the package.
    pub expires_at: SystemTime,
}

impl UploadRow {
    /// Whether all bytes are there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.received == self.size
    }
}

/// The page. The script sends to `/uploads`, by tus.
#[must_use]
pub fn page(frame: &Frame, view: &StartView) -> Markup {
    let links = &frame.links;
    let page = Page {
        scripts: &[Asset::Tus, Asset::Upload],
        ..Page::new("Upload a package", Section::Uploads)
    };
    frame.page(
        &page,
        &html! {
            (page_header("Upload a package", &html! {
                p.lead { "A package is looked at before any model gets it, and nothing of it is run." }
            }, &html! {
                @if frame.may().read_packages { a.button href=(links.to("/drafts")) { (Icon::Package) "Drafts" } }
            }))
            (steps(Step::File))
            div.columns {
                div.main-column {
                    (drop_zone(frame, view))
                    (without_script())
                    (uploads(frame, view))
                }
                aside.side-column.wide aria-label="Other ways" { (other_ways(view)) }
            }
        },
    )
}

/// Where a file is dropped or chosen, and how far it is.
fn drop_zone(frame: &Frame, view: &StartView) -> Markup {
    let links = &frame.links;
    html! {
        section.panel.uploader.needs-script data-uploader data-endpoint=(links.to("/uploads"))
            data-next=(links.upload()) data-most=(view.most_bytes) data-csrf=(frame.csrf.0)
            data-sign-in=(links.query("/login", [("next", links.upload())])) {
            h2.visually-hidden { "File" }
            div.drop-zone data-drop-zone {
                (Icon::Package)
                p { strong { "Drop a package here" } }
                p.meta { "A zip archive as its framework exports it, or one file of weights; up to " (size(view.most_bytes)) "." }
                label.button.primary for="file" { (Icon::File) "Choose a file" }
                input.visually-hidden type="file" id="file" aria-describedby="file-wrong";
            }
            div.transfer data-transfer hidden {
                div.transfer-head {
                    (Icon::Package)
                    strong data-name {}
                    span.meta data-percent {}
                }
                progress data-progress max="1000" value="0" aria-label="Sent" {}
                p.meta data-amount {}
                p.transfer-state data-state {}
                div.buttons {
                    button.button type="button" data-pause { (Icon::Pause) "Pause" }
                    button.button.primary type="button" data-go-on hidden { (Icon::Play) "Go on" }
                    button.button.danger-quiet type="button" data-discard { (Icon::Trash) "Discard" }
                }
            }
            p.error id="file-wrong" role="alert" data-wrong hidden {}
        }
    }
}

fn without_script() -> Markup {
    html! {
        section.panel.without-script {
            h2 { "This browser runs no scripts" }
            p { "A package of some GB is sent in parts, so that it goes on where a connection broke off. That takes a script, or a program: see the other ways. What was sent by them is listed below, for the next steps." }
        }
    }
}

fn uploads(frame: &Frame, view: &StartView) -> Markup {
    html! {
        section.panel id="uploads" {
            h2 { "Your uploads " span.count { (view.uploads.len()) } }
            @if view.uploads.is_empty() {
                p.muted { "None. What you send stays here until a model gets it, or it expires." }
            } @else {
                ul.rows.uploads {
                    @for upload in &view.uploads { (row(frame, upload)) }
                }
            }
        }
    }
}

fn row(frame: &Frame, upload: &UploadRow) -> Markup {
    let links = &frame.links;
    let there = percent(upload.received, upload.size);
    html! {
        li data-upload=(upload.id) {
            div {
                p { strong { (upload.file_name) } }
                @if upload.is_complete() {
                    p.meta {
                        span { (size(upload.size)) }
                        span { "begun " (time::relative(frame.now, upload.begun_at)) }
                        span { "expires " (time::relative(frame.now, upload.expires_at)) }
                    }
                } @else {
                    progress max="100" value=(there) aria-label={ "Sent of " (upload.file_name) } {}
                    p.meta {
                        span { (size(upload.received)) " of " (size(upload.size)) ", " (there) " %" }
                        span { "begun " (time::relative(frame.now, upload.begun_at)) }
                        span { "expires " (time::relative(frame.now, upload.expires_at)) }
                    }
                }
            }
            div.buttons {
                @if upload.is_complete() {
                    (state::pill(Tone::Ok, "All there"))
                    a.button href=(links.upload_of(&upload.id)) { "See what is in it" }
                } @else {
                    (state::pill_with(Tone::Warning, Icon::Pause, "Not finished"))
                    label.button.needs-script for="file" { (Icon::Play) "Choose it to go on" }
                }
                a.button.quiet.icon-only.danger-quiet href=(links.upload_action(&upload.id, UploadAction::Discard))
                    data-question-link aria-label={ "Discard " (upload.file_name) } title="Discard" { (Icon::Trash) }
            }
        }
    }
}

fn other_ways(view: &StartView) -> Markup {
    let api = &view.api;
    let curl = format!(
        "API={api}\ncurl -T model.zip \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  -H \"If-None-Match: *\" \\\n  $API/models/nnUNet_v2/NAME/package"
    );
    html! {
        (section("What happens", &html! {
            ul.plain {
                li { "The bytes go on where a connection broke off: after a lost network, a closed lid or a restart of the server. Choose the same file again." }
                li { "Then the package is read, file by file: framework, labels, folds, what loading it would run, and traces of patients." }
                li { "You see it all before you confirm. A new model starts disabled." }
            }
        }))
        (section("By a program", &html! {
            p { "With a token that has the scopes " code { "packages:write" } " and " code { "models:write" } ", a new model in one request:" }
            (copy_block(&curl, "the command"))
            p { "Any client of tus 1.0 sends to " code { (api) "/uploads" } ", in parts. It is listed here then." }
        }))
    }
}

/// What is there of an upload that is not finished, in a sentence.
#[must_use]
pub(super) fn there(received: u64, whole: u64) -> String {
    let there = percent(received, whole);
    let left = plural(
        usize::try_from(whole.saturating_sub(received)).unwrap_or(usize::MAX),
        "byte is",
        "bytes are",
    );
    format!(
        "{} of {} are there, {there} %; {left} missing.",
        size(received),
        size(whole)
    )
}
