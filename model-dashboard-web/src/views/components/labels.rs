//! Labels of a segmentation and their colours.

use maud::{Markup, html};

use super::{icon::Icon, plural};

/// One label: a number of the segmentation and the structures that it marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The number, as it is stored.
    pub number: String,
    /// One name, or several for a region that belongs to all of them.
    pub names: Vec<String>,
}

/// Above this many labels the legend gets a field to filter it.
const FILTER_ABOVE: usize = 20;

/// The labels with a colour each, in stored order.
#[must_use]
pub fn legend(labels: &[Label]) -> Markup {
    html! {
        @if labels.len() > FILTER_ABOVE {
            div.legend-filter.needs-script {
                label.search for="legend-filter" {
                    (Icon::Search)
                    span.visually-hidden { "Filter labels" }
                    input id="legend-filter" type="search" placeholder={ "Filter " (plural(labels.len(), "label", "labels")) }
                        autocomplete="off" data-filter="#legend li";
                }
            }
        }
        ul.legend id="legend" {
            @for label in labels {
                li {
                    span.label-number { (label.number) }
                    (swatch(&colour(&label.names.join(" "))))
                    span.label-names {
                        @for (position, name) in label.names.iter().enumerate() {
                            @if position > 0 { span.plus { "+" } }
                            span { (name) }
                        }
                        @if label.names.is_empty() { span.muted { "no name" } }
                    }
                }
            }
        }
    }
}

/// A small square of a colour.
#[must_use]
pub fn swatch(colour: &str) -> Markup {
    html! {
        svg.swatch viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" {
            rect x="0.5" y="0.5" width="11" height="11" rx="2.5" fill=(colour) stroke="currentColor" stroke-opacity="0.35" {}
        }
    }
}

/// The colour of a label: the hue follows from the words of its names, so that a structure looks
/// the same in every model; left and right of a pair share the hue and differ in lightness.
#[must_use]
pub fn colour(name: &str) -> String {
    let lower = name.to_lowercase();
    let mut side = None;
    let mut structure = String::new();
    for word in lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        match word {
            "left" | "l" | "lt" => side = Some(Side::Left),
            "right" | "r" | "rt" => side = Some(Side::Right),
            _ => {
                structure.push_str(word);
                structure.push(' ');
            }
        }
    }
    if structure.is_empty() {
        return "none".to_owned();
    }
    let hash = fnv1a(structure.as_bytes());
    let hue = hash % 360;
    // A second, independent part of the hash keeps neighbouring hues apart.
    let saturation = 52 + (hash >> 32) % 28;
    let lightness = match side {
        Some(Side::Left) => 42,
        Some(Side::Right) => 64,
        None => 48 + (hash >> 48) % 10,
    };
    format!("hsl({hue} {saturation}% {lightness}%)")
}

/// The colour of a network type in the bar: calmer than a label's.
#[must_use]
pub fn type_colour(network_type: &str) -> String {
    // The known types are spread by hand, so that no two of them look alike.
    let hue = match network_type {
        "nnUNet" => 200,
        "nnUNet_v2" => 186,
        "totalsegmentator" => 32,
        "TotalSegmentatorV2" => 18,
        "MIST" => 265,
        "vista3d" => 128,
        "tensorflow" => 330,
        other => fnv1a(other.as_bytes()) % 360,
    };
    format!("hsl({hue} 42% 50%)")
}

enum Side {
    Left,
    Right,
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo), with a last mix: it must stay the same for ever, which the
/// standard library's hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}
