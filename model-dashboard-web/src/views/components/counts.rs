//! How many there are of each kind: clickable counts and the thin bar by network type.

use maud::{Markup, html};

use super::{icon::Icon, labels, number};

/// One kind, as a link to the list of it.
#[derive(Debug, Clone)]
pub struct Count<'a> {
    /// How many.
    pub count: usize,
    /// Of what.
    pub text: &'a str,
    /// The list of them.
    pub href: String,
    /// Whether that list is the one shown.
    pub current: bool,
    /// Whether something is wrong with them, if there are any.
    pub fault: bool,
}

/// Counts side by side.
#[must_use]
pub fn counts(label: &str, counts: &[Count<'_>]) -> Markup {
    html! {
        nav.counts aria-label=(label) {
            @for count in counts {
                a href=(count.href) aria-current=[count.current.then_some("true")]
                    class=[(count.fault && count.count > 0).then_some("danger")] {
                    strong {
                        @if count.fault && count.count > 0 { (Icon::Alert) }
                        (number(count.count))
                    }
                    span { (count.text) }
                }
            }
        }
    }
}

/// A part of the bar.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it counts.
    pub name: String,
    /// How many.
    pub count: usize,
    /// The list of them.
    pub href: String,
    /// Whether the list is narrowed to it.
    pub current: bool,
}

/// The width that the parts share, in units of the drawing.
const WIDTH: usize = 1000;

/// A thin bar of parts, with their names, counts and links below. Drawn with SVG attributes: the
/// content security policy blocks inline styles.
#[must_use]
pub fn type_bar(parts: &[Part]) -> Markup {
    let widths = widths(parts);
    html! {
        div.type-bar {
            @if parts.is_empty() { p.meta { "No network types" } }
            svg viewBox={ "0 0 " (WIDTH) " 8" } width="100%" height="8" preserveAspectRatio="none" aria-hidden="true" {
                @for (part, (x, width)) in parts.iter().zip(&widths) {
                    rect x=(x) y="0" width=(width) height="8" fill=(labels::type_colour(&part.name)) {}
                }
            }
            ul {
                @for part in parts {
                    li {
                        a href=(part.href) aria-current=[part.current.then_some("true")] {
                            (labels::swatch(&labels::type_colour(&part.name)))
                            (part.name)
                            span.count { (number(part.count)) }
                        }
                    }
                }
            }
        }
    }
}

/// Where each part starts and how wide it is: in proportion, but always visible.
fn widths(parts: &[Part]) -> Vec<(usize, usize)> {
    const GAP: usize = 2;
    const NARROWEST: usize = 6;
    let total = parts.iter().map(|part| part.count).sum::<usize>().max(1);
    let taken = parts.len() * (GAP + NARROWEST);
    let shared = WIDTH.saturating_sub(taken);
    let mut x = 0;
    let last = parts.len().saturating_sub(1);
    parts
        .iter()
        .enumerate()
        .map(|(position, part)| {
            // Rounding leaves a few units over; the last part takes them.
            let width = if position == last {
                WIDTH.saturating_sub(x)
            } else {
                NARROWEST + part.count * shared / total
            };
            let start = x;
            x += width + GAP;
            (start, width)
        })
        .collect()
}
