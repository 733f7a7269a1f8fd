//! A file of a package, in place.

use maud::{Markup, html};

use super::Trust;
use crate::views::components::icon::Icon;
use crate::views::components::{
    Tone, breadcrumbs, copy_chip, key_value, notice, page_header, sentence, size,
};
use crate::views::frame::{Frame, Page, Section};
use crate::views::links::ModelAction;

/// A file.
#[derive(Debug, Clone)]
pub struct FileView {
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// The name people read.
    pub alias: String,
    /// Where the file lies.
    pub path: String,
    /// Bytes, unpacked.
    pub size: u64,
    /// Their SHA-256, in hexadecimal digits; empty if that is not known.
    pub digest: String,
    /// The CRC-32 that its archive states, in hexadecimal digits; empty outside of one.
    pub crc32: String,
    /// What loading it would do.
    pub trust: Trust,
    /// What is thought of it.
    pub reasons: Vec<String>,
    /// What is shown.
    pub content: FileContent,
}

/// What is shown of a file.
#[derive(Debug, Clone)]
pub enum FileContent {
    /// Its text, and whether that is only the beginning.
    Text(String, bool),
    /// A picture.
    Picture,
    /// Nothing that people read.
    Bytes,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &FileView) -> Markup {
    let links = &frame.links;
    let (network_type, name) = (&view.network_type, &view.name);
    let package = links.model_action(network_type, name, ModelAction::Package);
    let address = format!("{package}/files/{}", crate::views::links::path(&view.path));
    let file_name = view.path.rsplit('/').next().unwrap_or(&view.path);
    let mut facts = vec![
        ("Size", html! { (size(view.size)) }),
        ("Loading it", view.trust.pill()),
    ];
    if !view.digest.is_empty() {
        facts.push(("SHA-256", copy_chip(&view.digest, "the digest")));
    }
    if !view.crc32.is_empty() {
        facts.push(("CRC-32", copy_chip(&view.crc32, "the checksum")));
    }
    frame.page(
        &Page::new(file_name, Section::Models),
        &html! {
            (breadcrumbs(&[
                (links.models(), "Models".to_owned()),
                (links.model(network_type, name), view.alias.clone()),
                (package, "Package".to_owned()),
            ]))
            (page_header(file_name, &html! { p.byline { span { (super::path(&view.path)) } } }, &html! {
                a.button href=(address) download { (Icon::Download) "Download" }
            }))
            @for reason in &view.reasons { (notice(view.trust.tone(), &html! { p { (sentence(reason)) } })) }
            div.columns {
                div.main-column { (content(view, &address)) }
                aside.side-column aria-label="Facts" { section.panel { h2.visually-hidden { "Facts" } (key_value::list(&facts)) } }
            }
        },
    )
}

fn content(view: &FileView, address: &str) -> Markup {
    html! {
        @match &view.content {
            FileContent::Text(text, cut) => {
                section.panel.file-text {
                    h2.visually-hidden { "Text" }
                    @if *cut { p.help { "The first " (size(text.len() as u64)) " of it." } }
                    pre tabindex="0" { code { (text) } }
                }
            },
            FileContent::Picture => {
                section.panel.file-picture {
                    h2.visually-hidden { "Picture" }
                    img src=(address) alt={ "The picture " (view.path) };
                }
            },
            FileContent::Bytes => (notice(Tone::Muted, &html! {
                p { "This is no text and no picture that is shown here. Download it to look at it, and load it nowhere before you trust it." }
            })),
        }
    }
}
