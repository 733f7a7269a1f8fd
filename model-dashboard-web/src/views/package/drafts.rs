//! What is proposed to all models.

use maud::{Markup, html};

use super::draft::Proposal;
use crate::views::components::{page_header, plural, state, time};
use crate::views::frame::{Frame, Page, Section};

/// Drafts of all models, those first that were proposed last.
#[derive(Debug, Clone, Default)]
pub struct DraftsView {
    /// The drafts.
    pub drafts: Vec<DraftRow>,
    /// How many wait beside these.
    pub more: usize,
}

/// A draft, and its model.
#[derive(Debug, Clone)]
pub struct DraftRow {
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// The name people read.
    pub alias: String,
    /// Whether jobs may use the model.
    pub enabled: bool,
    /// Who proposes what, and why.
    pub proposal: Proposal,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &DraftsView) -> Markup {
    let count = view.drafts.len() + view.more;
    frame.page(&Page::new("Drafts", Section::Uploads), &html! {
        (page_header("Drafts", &html! {
            p.lead {
                @if count == 0 { "Nothing waits for a decision." }
                @else if count == 1 { "1 package waits beside its model until somebody publishes or discards it." }
                @else { (count) " packages wait beside their models until somebody publishes or discards them." }
            }
        }, &html! {}))
        @if count == 0 {
            section.panel { p.muted { "An upload can be kept as a draft of a model, also of one that is enabled; it is listed here then." } }
        } @else {
            ul.drafts { @for draft in &view.drafts { (row(frame, draft)) } }
            @if view.more > 0 {
                p.meta { (plural(view.more, "further one", "further ones")) " of earlier uploads not listed here: the pages of their models tell of them." }
            }
        }
    })
}

fn row(frame: &Frame, row: &DraftRow) -> Markup {
    let links = &frame.links;
    let at = links.draft(&row.network_type, &row.name, &row.proposal.package);
    html! {
        li.panel {
            div.beside {
                h2 { a href=(at) { (row.alias) } }
                (state::enabled(row.enabled))
                a.meta href=(links.model(&row.network_type, &row.name)) { (row.network_type) "/" (row.name) }
            }
            (told(frame, &row.proposal))
        }
    }
}

/// What tells one draft from another: file, bytes, who, when, why.
pub(super) fn told(frame: &Frame, draft: &Proposal) -> Markup {
    html! {
        p.byline {
            @if !draft.file_name.is_empty() { span { (draft.file_name) } }
            @if let Some(digest) = draft.digest.get(..12) { code title=(draft.digest) { (digest) } }
            @if draft.unreadable {
                span { "cannot be read: it can be discarded and nothing else" }
            } @else {
                span { "proposed by " (draft.by.name) (draft.by.of()) ", " (time::relative(frame.now, draft.at)) }
            }
        }
        @if !draft.message.is_empty() { p { (draft.message) } }
    }
}
