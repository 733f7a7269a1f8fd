//! What differs between two revisions: in short for a list, in full for a page.

use maud::{Markup, html};

use crate::views::components::difference::{self, Change};
use crate::views::components::table::{Column, table};
use crate::views::components::{Tone, number, plural, state};

/// How many labels, and how many fields, a list names.
const IN_SHORT: usize = 5;

/// What differs from an earlier revision to a later one.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The fields.
    pub fields: Vec<Change>,
    /// The labels, by number.
    pub labels: Vec<LabelChange>,
    /// How many more there are that are not named.
    pub more: usize,
}

/// A label that differs.
#[derive(Debug, Clone)]
pub struct LabelChange {
    /// Its number.
    pub number: u32,
    /// What it stood for; `None` if there was none.
    pub before: Option<String>,
    /// What it stands for then.
    pub after: Option<String>,
    /// What that means.
    pub kind: LabelKind,
}

/// What the change of a label means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// The number stands for something else: whoever knows the old meaning is misled.
    Breaking,
    /// The number is new.
    Added,
    /// The number is gone.
    Removed,
    /// The same name, written differently.
    Respelled,
}

impl LabelKind {
    fn text(self) -> &'static str {
        match self {
            Self::Breaking => "means something else",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Respelled => "same, spelled differently",
        }
    }
}

impl Changes {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.labels.is_empty()
    }

    /// How many label numbers stand for something else.
    #[must_use]
    pub fn breaking(&self) -> usize {
        let breaking = |label: &&LabelChange| label.kind == LabelKind::Breaking;
        self.labels.iter().filter(breaking).count()
    }

    /// Whether another package is there, or none, or one where none was.
    #[must_use]
    pub fn of_package(&self) -> bool {
        self.fields.iter().any(|change| change.field == "package")
    }

    /// The labels, those that mislead first.
    fn worst_first(&self) -> Vec<&LabelChange> {
        let mut labels: Vec<_> = self.labels.iter().collect();
        labels.sort_by_key(|label| label.kind != LabelKind::Breaking);
        labels
    }
}

/// The mark of what misleads: a word and an icon beside the colour.
#[must_use]
pub fn breaking() -> Markup {
    state::pill(Tone::Danger, "Breaking")
}

/// A few lines: fields by name, labels by number.
#[must_use]
pub fn in_short(changes: &Changes) -> Markup {
    let switched = changes.fields.iter().find_map(|change| {
        let after = change.after.as_deref()?;
        let switched: bool = after.parse().ok()?;
        (change.field == "enabled").then_some(switched)
    });
    let named = |change: &&Change| switched.is_none() || change.field != "enabled";
    let fields: Vec<_> = changes.fields.iter().filter(named).collect();
    let labels = changes.worst_first();
    html! {
        @if changes.is_empty() { p.meta { "Nothing that it holds was changed." } }
        @if let Some(switched) = switched { p { (state::enabled(switched)) } }
        @if !fields.is_empty() {
            p.changed-fields {
                @for (position, change) in fields.iter().take(IN_SHORT).enumerate() {
                    @if position > 0 { ", " }
                    code { (change.field) }
                }
                @if fields.len() > IN_SHORT { " and " (plural(fields.len() - IN_SHORT, "more field", "more fields")) }
            }
        }
        @if !labels.is_empty() {
            ul.changed-labels {
                @for label in labels.iter().take(IN_SHORT) { li { (label_in_short(label)) } }
                @if labels.len() > IN_SHORT {
                    li { "and " (plural(labels.len() - IN_SHORT, "more label", "more labels")) }
                }
            }
        }
    }
}

fn label_in_short(label: &LabelChange) -> Markup {
    let (before, after) = (label.before.as_deref(), label.after.as_deref());
    html! {
        "Label " strong { (label.number) } " "
        @match (before.map(start), after.map(start)) {
            (Some(before), Some(after)) => { "“" (before) "” " span aria-hidden="true" { "→" } span.visually-hidden { "became" } " “" (after) "”" },
            (None, Some(after)) => { "added: “" (after) "”" },
            (Some(before), None) => { "removed: “" (before) "”" },
            (None, None) => {},
        }
        @if label.kind == LabelKind::Breaking { " " (breaking()) }
        @if label.kind == LabelKind::Respelled { span.muted { " (" (label.kind.text()) ")" } }
    }
}

/// The beginning of names that may be long.
fn start(names: &str) -> String {
    const MOST_CHARS: usize = 80;
    match names.char_indices().nth(MOST_CHARS) {
        Some((at, _)) => format!("{}…", &names[..at]),
        None => names.to_owned(),
    }
}

/// Everything: fields before and after, labels as a table whose columns are named `before` and
/// `after`.
#[must_use]
pub fn in_full(changes: &Changes, before: &str, after: &str) -> Markup {
    let labels = changes.worst_first();
    html! {
        @if !labels.is_empty() {
            section.changes {
                h2 { "Labels " span.count { (number(labels.len())) } }
                (table(
                    "Labels that differ",
                    &[
                        Column::new("Number").class("title label-cell"),
                        Column::new(before).class("grow"),
                        Column::new(after).class("grow"),
                        Column::new("What that means"),
                    ],
                    &labels.iter().map(|label| cells(label)).collect::<Vec<_>>(),
                ))
            }
        }
        @if !changes.fields.is_empty() {
            section.panel.changes {
                h2 { "Fields " span.count { (number(changes.fields.len())) } }
                (difference::changes(&changes.fields))
            }
        }
        @if changes.more > 0 {
            p.meta { (plural(changes.more, "more change is", "more changes are")) " not listed." }
        }
    }
}

fn cells(label: &LabelChange) -> Vec<Markup> {
    let names = |names: &Option<String>| match names.as_deref() {
        None => html! { span.muted { "not there" } },
        Some("") => html! { span.muted { "no name" } },
        Some(names) => html! { (names) },
    };
    vec![
        html! { "Label " (label.number) },
        names(&label.before),
        names(&label.after),
        html! {
            @if label.kind == LabelKind::Breaking { (breaking()) " " }
            (label.kind.text())
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(number: u32, before: &str, after: &str, kind: LabelKind) -> LabelChange {
        LabelChange {
            number,
            before: Some(before.to_owned()),
            after: Some(after.to_owned()),
            kind,
        }
    }

    #[test]
    fn what_misleads_is_told_first_and_long_names_are_cut() {
        let long = "kidney ".repeat(100);
        let spelled = |number| label(number, &long, "Kidney", LabelKind::Respelled);
        let mut labels: Vec<_> = (1..20).map(spelled).collect();
        labels.push(label(20, "liver", "spleen", LabelKind::Breaking));
        let changes = Changes {
            labels,
            ..Changes::default()
        };
        let html = in_short(&changes).into_string();
        let first = html.split("<li>").nth(1).unwrap_or_default();
        assert!(first.contains("<strong>20</strong>"), "{first}");
        assert!(first.contains("Breaking"), "{first}");
        assert!(html.contains("and 15 more labels"), "{html}");
        assert!(html.len() < 2_000, "{}", html.len());
    }
}
