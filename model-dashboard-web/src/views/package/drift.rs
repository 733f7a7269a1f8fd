//! Where a definition says something else than its package.

use maud::{Markup, html};

use crate::views::components::difference;
use crate::views::components::table::{Column, table};
use crate::views::components::{Tone, notice, plural};
use crate::views::history::changes::{Changes, LabelChange, LabelKind, breaking};

/// How many labels are seen at first, besides those that mislead.
const AT_FIRST: usize = 6;

/// The differences, `before` being what the definition says, and what follows from them. Nothing
/// where there are none.
#[must_use]
pub fn drift(found: &Changes, what_follows: &Markup) -> Markup {
    let misleading = found.breaking();
    let tone = match misleading {
        0 => Tone::Warning,
        _ => Tone::Danger,
    };
    html! {
        @if !found.is_empty() {
            (notice(tone, &html! {
                p {
                    strong { "The definition says something else than the package. " }
                    @if misleading > 0 { (plural(misleading, "label means", "labels mean")) " another structure. " }
                    (what_follows)
                }
            }))
            (labels(found))
            @if !found.fields.is_empty() {
                section.panel.changes {
                    h2 { "Fields that differ " span.count { (found.fields.len()) } }
                    p.help { "Minus: what the definition says. Plus: what the package says." }
                    (difference::changes(&found.fields))
                }
            }
        }
    }
}

fn labels(found: &Changes) -> Markup {
    let (worst, others): (Vec<_>, Vec<_>) = found
        .labels
        .iter()
        .partition(|label| label.kind == LabelKind::Breaking);
    let all: Vec<&LabelChange> = worst.iter().chain(&others).copied().collect();
    let first = match others.len() <= AT_FIRST {
        true => all.len(),
        false => worst.len(),
    };
    let (first, rest) = all.split_at(first);
    html! {
        @if !all.is_empty() {
            section.configurations {
                h2 { "Labels that differ " span.count { (all.len()) } }
                @if !first.is_empty() { (rows("Labels that differ", first)) }
                @if !rest.is_empty() {
                    details.drift {
                        summary { (plural(rest.len(), "label that only one of them has", "labels that only one of them has, or spells otherwise")) }
                        (rows("Further labels", rest))
                    }
                }
            }
        }
    }
}

fn rows(caption: &str, labels: &[&LabelChange]) -> Markup {
    let columns = [
        Column::new("Number").class("title label-cell"),
        Column::new("Definition").class("grow"),
        Column::new("Package").class("grow"),
        Column::new("What that means"),
    ];
    let names = |names: &Option<String>| match names.as_deref() {
        None => html! { span.muted { "not there" } },
        Some("") => html! { span.muted { "no name" } },
        Some(names) => html! { (names) },
    };
    let cells: Vec<Vec<Markup>> = labels
        .iter()
        .map(|label| {
            vec![
                html! { "Label " (label.number) },
                names(&label.before),
                names(&label.after),
                html! {
                    @match label.kind {
                        LabelKind::Breaking => { (breaking()) " another structure" },
                        LabelKind::Added => "only in the package",
                        LabelKind::Removed => "only in the definition",
                        LabelKind::Respelled => "the same, spelled otherwise",
                    }
                },
            ]
        })
        .collect();
    table(caption, &columns, &cells)
}
