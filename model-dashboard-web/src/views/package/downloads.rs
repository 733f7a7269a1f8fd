//! How often the package of a model was fetched.

use maud::{Markup, html};

use crate::views::components::plural;

/// Downloads of a model's packages.
#[derive(Debug, Clone, Default)]
pub struct DownloadsView {
    /// On each of the last days: the date, and how often. Today is the last one.
    pub days: Vec<(String, u64)>,
    /// On these days.
    pub recent: u64,
    /// Ever.
    pub total: u64,
    /// What for on these days, as whoever fetched them said; the most frequent first.
    pub purposes: Vec<(String, u64)>,
    /// Ever, of each revision; the last one first, 0 where none is known.
    pub revisions: Vec<(u64, u64)>,
}

/// How many purposes and revisions are named.
const NAMED: usize = 6;

/// The picture of the days, in its own units: each day is a bar and a gap.
const HEIGHT: u64 = 32;
const BAR: u64 = 8;
const GAP: u64 = 2;

pub(super) fn downloads(view: &DownloadsView) -> Markup {
    html! {
        div.downloads {
            h3 { "Downloads" }
            @if view.total == 0 {
                p.muted { "Nobody has fetched it yet." }
            } @else {
                p {
                    strong { (view.recent) } " in " (view.days.len()) " days"
                    span.muted { " · " (view.total) " in all" }
                }
                @if view.recent > 0 { (bars(&view.days)) (purposes(view)) }
                (revisions(view))
            }
        }
    }
}

/// A bar for each day.
fn bars(days: &[(String, u64)]) -> Markup {
    let most = days
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or(0)
        .max(1);
    let width = days.len() as u64 * (BAR + GAP) - GAP;
    let (first, last) = match days {
        [(first, _), .., (last, _)] => (first.as_str(), last.as_str()),
        _ => ("", ""),
    };
    html! {
        svg.bars viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" role="img"
            aria-label={ "Downloads of each day from " (first) " to " (last) ": at most " (most) } {
            @for (number, (day, count)) in days.iter().enumerate() {
                @let height = match count { 0 => 1, count => (HEIGHT * count / most).max(3) };
                rect.none[*count == 0] x=(number as u64 * (BAR + GAP)) y=(HEIGHT - height) width=(BAR) height=(height) {
                    title { (day) ": " (plural(usize::try_from(*count).unwrap_or(usize::MAX), "download", "downloads")) }
                }
            }
        }
        p.bar-ends { span { (first) } span { "today" } }
    }
}

fn purposes(view: &DownloadsView) -> Markup {
    let named = view.purposes.iter().take(NAMED);
    let of_named: u64 = named.clone().map(|(_, count)| count).sum();
    let others = view.recent.saturating_sub(of_named);
    html! {
        @if !view.purposes.is_empty() {
            ul.counts aria-label="What for" {
                @for (purpose, count) in named { li { span { (purpose) } span { (count) } } }
                @if others > 0 { li.muted { span { "others, or not said" } span { (others) } } }
            }
        }
    }
}

fn revisions(view: &DownloadsView) -> Markup {
    let (named, rest) = view.revisions.split_at(view.revisions.len().min(NAMED));
    let rest: u64 = rest.iter().map(|(_, count)| count).sum();
    html! {
        details.places {
            summary { "By revision" }
            ul.counts {
                @for (revision, count) in named {
                    li {
                        span { @if *revision > 0 { "Revision " (revision) } @else { "Not known" } }
                        span { (count) }
                    }
                }
                @if rest > 0 { li.muted { span { "earlier ones" } span { (rest) } } }
            }
        }
    }
}
