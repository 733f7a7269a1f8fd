//! The package of a model.

use std::time::SystemTime;

use maud::{Markup, html};

use super::{FoundView, drift, facts, found, summary};
use crate::views::components::icon::Icon;
use crate::views::components::{breadcrumbs, copy_chip, page_header, size, time};
use crate::views::frame::{Frame, Page, Section};
use crate::views::history::changes::Changes;
use crate::views::links::ModelAction;

/// A package, and the model that has it.
#[derive(Debug, Clone)]
pub struct PackageView {
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// The name people read.
    pub alias: String,
    /// What the file was called.
    pub file_name: String,
    /// Its bytes.
    pub size: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub digest: String,
    /// Who uploaded it.
    pub uploaded_by: String,
    /// When.
    pub uploaded_at: SystemTime,
    /// When it was looked at.
    pub inspected_at: SystemTime,
    /// What was found.
    pub found: FoundView,
    /// Where the definition says something else.
    pub drift: Changes,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &PackageView) -> Markup {
    let links = &frame.links;
    let (network_type, name) = (&view.network_type, &view.name);
    let package = links.model_action(network_type, name, ModelAction::Package);
    frame.page(
        &Page::new(&format!("Package of {}", view.alias), Section::Models),
        &html! {
            (breadcrumbs(&[
                (links.models(), "Models".to_owned()),
                (links.model(network_type, name), view.alias.clone()),
            ]))
            (page_header(&format!("Package of {}", view.alias), &html! {
                p.byline {
                    span { (view.file_name) }
                    span { (size(view.size)) }
                    span { "uploaded by " (view.uploaded_by) ", " (time::relative(frame.now, view.uploaded_at)) }
                }
            }, &html! {
                a.button href={ (package) "/download" } download { (Icon::Download) "Download" }
                @if frame.may().write_packages && frame.may().write_models {
                    a.button href=(links.upload()) { (Icon::Upload) "Replace" }
                }
                @if frame.may().manage_system {
                    a.button href={ (package) "/purge" } { (Icon::Trash) "Purge" }
                }
            }))
            (summary(&view.found))
            (drift(&view.drift, &html! {
                "Where the package is right, "
                @if frame.may().write_models {
                    a href=(links.model_action(network_type, name, ModelAction::Edit)) { "edit the model" }
                } @else { "the model should be edited" }
                "."
            }))
            div.columns {
                div.main-column { (found(&view.found)) }
                aside.side-column aria-label="Facts" {
                    (facts(&view.found, vec![
                        ("SHA-256", copy_chip(&view.digest, "the digest")),
                        ("Looked at", time::exact(view.inspected_at)),
                    ]))
                }
            }
        },
    )
}
