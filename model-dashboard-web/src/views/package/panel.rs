//! The package on the page of its model.

use maud::{Markup, html};

use super::Trust;
use super::downloads::{DownloadsView, downloads};
use crate::views::components::icon::Icon;
use crate::views::components::{copy_chip, key_value, plural, size};
use crate::views::frame::Frame;
use crate::views::links::ModelAction;

/// What the page of a model says of its package.
#[derive(Debug, Clone, Default)]
pub enum PackagePanel {
    /// It has none.
    #[default]
    None,
    /// It has one, of which nothing is known here, and why.
    Unknown(&'static str),
    /// It had one, whose bytes were removed for good: when, by whom and why.
    Purged(String),
    /// What is known of it.
    Known(Box<KnownPackage>),
}

/// A package in short.
#[derive(Debug, Clone, Default)]
pub struct KnownPackage {
    /// What the file was called.
    pub file_name: String,
    /// Its bytes.
    pub size: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub digest: String,
    /// How many files are in it.
    pub files: usize,
    /// What loading it would do.
    pub trust: Trust,
    /// How many things are missing to run it.
    pub missing: usize,
    /// In how many things it contradicts itself.
    pub wrong: usize,
    /// How many traces of training it has.
    pub leaks: usize,
    /// In how many labels and fields the definition says something else, and how many of these
    /// labels mean another structure.
    pub drift: (usize, usize),
    /// How often it was fetched, if that is known at this moment.
    pub downloads: Option<DownloadsView>,
}

/// The panel.
#[must_use]
pub fn panel(frame: &Frame, network_type: &str, name: &str, view: &PackagePanel) -> Markup {
    let links = &frame.links;
    let page = links.model_action(network_type, name, ModelAction::Package);
    html! {
        section.panel.package {
            h2 { "Package" }
            @match view {
                PackagePanel::None => {
                    p.muted { "None: jobs have to find the files of the model elsewhere." }
                    @if frame.may().write_packages && frame.may().write_models {
                        div.buttons { a.button href=(links.upload()) { (Icon::Upload) "Upload one" } }
                    }
                },
                PackagePanel::Unknown(why) => p.muted { (why) },
                PackagePanel::Purged(told) => {
                    p { strong { "Purged. " } "Its bytes were removed for good (" (told) "). The model cannot be enabled before it has another package." }
                    @if frame.may().write_packages && frame.may().write_models {
                        div.buttons { a.button href=(links.upload()) { (Icon::Upload) "Upload another" } }
                    }
                },
                PackagePanel::Known(known) => (in_short(known, &page)),
            }
        }
    }
}

fn in_short(known: &KnownPackage, page: &str) -> Markup {
    let (differs, misleads) = known.drift;
    let warnings = [
        (known.missing > 0).then(|| {
            format!(
                "{} missing to run it",
                plural(known.missing, "thing is", "things are")
            )
        }),
        (known.wrong > 0).then(|| {
            format!(
                "It contradicts itself in {}: what comes out may not be what is told here",
                plural(known.wrong, "thing", "things")
            )
        }),
        (misleads > 0).then(|| {
            format!(
                "{} another structure than the definition says",
                plural(misleads, "label means", "labels mean")
            )
        }),
        (differs > misleads).then(|| {
            format!(
                "{} from the definition",
                plural(differs - misleads, "thing differs", "things differ")
            )
        }),
        (known.leaks > 0).then(|| plural(known.leaks, "trace of training", "traces of training")),
    ];
    let facts = [
        ("File", html! { (known.file_name) }),
        (
            "Size",
            html! { (size(known.size)) ", " (plural(known.files, "file", "files")) },
        ),
        ("SHA-256", copy_chip(&known.digest, "the digest")),
    ];
    html! {
        p { (known.trust.pill()) }
        @if known.trust > Trust::Expected { p.meta { (known.trust.sentence()) } }
        @if warnings.iter().any(Option::is_some) {
            ul.package-warnings {
                @for warning in warnings.iter().flatten() { li { (Icon::Alert) span { (warning) } } }
            }
        }
        (key_value::list(&facts))
        div.buttons {
            a.button href=(page) { (Icon::Package) "See what is in it" }
            a.button.icon-only href={ (page) "/download" } download aria-label="Download the package" title="Download" { (Icon::Download) }
        }
        @if let Some(view) = &known.downloads { (downloads(view)) }
    }
}
