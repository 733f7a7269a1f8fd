//! What differs between two revisions, for programs and for people.

use model_dashboard::client::{RemoteChanges, RemoteFieldChange, RemoteLabelChange};
use model_dashboard::model::{Comparison, FieldChange, LabelChange, LabelChangeKind};
use model_dashboard::package::inspect::{Breaking, Drift};
use serde::Serialize;

use crate::output::{Output, or_empty};

/// How many breaking labels and how many fields a line names.
const NAMED: usize = 4;

/// How much of a value a table shows.
const SHOWN_CHARS: usize = 120;

/// A comparison as programs read it.
#[derive(Debug, Serialize)]
pub(super) struct Changes {
    /// Whether a label number stands for something else.
    pub(super) breaking: bool,
    fields: Vec<Field>,
    labels: Vec<Label>,
    /// How many more there are than are named here.
    more: usize,
}

#[derive(Debug, Serialize)]
struct Field {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Debug, Serialize)]
struct Label {
    number: u32,
    before: Option<Vec<String>>,
    after: Option<Vec<String>>,
    change: &'static str,
    breaking: bool,
    #[serde(skip)]
    was: String,
    #[serde(skip)]
    is: String,
}

impl From<Comparison> for Changes {
    fn from(comparison: Comparison) -> Self {
        Self {
            breaking: comparison.is_breaking(),
            fields: comparison.fields.into_iter().map(Field::from).collect(),
            labels: comparison.labels.into_iter().map(Label::from).collect(),
            more: comparison.more,
        }
    }
}

impl From<Breaking> for Changes {
    fn from(breaking: Breaking) -> Self {
        Self::apart(breaking.channels.into_iter().collect(), breaking.labels)
    }
}

impl From<Drift> for Changes {
    fn from(drift: Drift) -> Self {
        Self::apart(drift.fields, drift.labels)
    }
}

impl Changes {
    fn apart(fields: Vec<FieldChange>, labels: Vec<LabelChange>) -> Self {
        Self {
            breaking: labels.iter().any(|label| label.kind.is_breaking()),
            fields: fields.into_iter().map(Field::from).collect(),
            labels: labels.into_iter().map(Label::from).collect(),
            more: 0,
        }
    }
}

impl From<RemoteChanges> for Changes {
    fn from(changes: RemoteChanges) -> Self {
        let field = |change: RemoteFieldChange| Field {
            field: change.field,
            before: change.before,
            after: change.after,
        };
        Self {
            breaking: changes.breaking,
            fields: changes.fields.into_iter().map(field).collect(),
            labels: changes.labels.into_iter().map(Label::from).collect(),
            more: changes.more,
        }
    }
}

impl From<RemoteLabelChange> for Label {
    fn from(change: RemoteLabelChange) -> Self {
        let names = |names: &Option<Vec<String>>| names.as_deref().unwrap_or_default().join(", ");
        Self {
            number: change.number,
            change: match change.kind.as_str() {
                "added" => "added",
                "removed" => "removed",
                "respelled" => "respelled",
                "redefined" => "redefined",
                _ => "other",
            },
            breaking: change.breaking,
            was: names(&change.before),
            is: names(&change.after),
            before: change.before,
            after: change.after,
        }
    }
}

impl From<FieldChange> for Field {
    fn from(change: FieldChange) -> Self {
        Self {
            field: change.field,
            before: change.before,
            after: change.after,
        }
    }
}

impl From<LabelChange> for Label {
    fn from(change: LabelChange) -> Self {
        Self {
            number: change.number.get(),
            change: match change.kind {
                LabelChangeKind::Added => "added",
                LabelChangeKind::Removed => "removed",
                LabelChangeKind::Respelled => "respelled",
                LabelChangeKind::Redefined => "redefined",
                _ => "other",
            },
            breaking: change.kind.is_breaking(),
            was: or_empty(change.before.as_ref()),
            is: or_empty(change.after.as_ref()),
            before: change.before.map(|names| names.as_slice().to_vec()),
            after: change.after.map(|names| names.as_slice().to_vec()),
        }
    }
}

impl Changes {
    /// Of fields and labels that are compared elsewhere.
    pub(super) fn of(fields: Vec<FieldChange>, labels: Vec<LabelChange>) -> Self {
        Self {
            breaking: labels.iter().any(|label| label.kind.is_breaking()),
            fields: fields.into_iter().map(Field::from).collect(),
            labels: labels.into_iter().map(Label::from).collect(),
            more: 0,
        }
    }

    /// The same of a server.
    pub(super) fn of_remote(
        fields: Vec<RemoteFieldChange>,
        labels: Vec<RemoteLabelChange>,
    ) -> Self {
        let mut changes = RemoteChanges::default();
        changes.breaking = labels.iter().any(|label| label.breaking);
        changes.fields = fields;
        changes.labels = labels;
        changes.into()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.labels.is_empty()
    }

    /// On one line; what misleads whoever knows the labels comes first.
    pub(super) fn in_short(&self) -> String {
        let mut parts = Vec::new();
        let breaking = self.labels.iter().filter(|label| label.breaking);
        let breaking = breaking.map(
            |Label {
                 number, was, is, ..
             }| { format!("label {number}: {} → {}", cut(was), cut(is)) },
        );
        if let Some(named) = first_of(breaking.collect(), ", ") {
            parts.push(format!("BREAKING {named}"));
        }
        for change in ["added", "removed", "respelled"] {
            match self.labels.iter().filter(|it| it.change == change).count() {
                0 => {}
                1 => parts.push(format!("1 label {change}")),
                count => parts.push(format!("{count} labels {change}")),
            }
        }
        let fields = self.fields.iter().map(|field| match field.field.as_str() {
            "enabled" if field.after.as_deref() == Some("true") => "enabled".to_owned(),
            "enabled" => "disabled".to_owned(),
            name => cut(name),
        });
        parts.extend(first_of(fields.collect(), ", "));
        if self.more > 0 {
            parts.push(format!("{} more", self.more));
        }
        match parts.is_empty() {
            true => "nothing".to_owned(),
            false => parts.join("; "),
        }
    }

    /// Tables of fields and labels.
    pub(super) fn tables(&self, output: &Output) -> String {
        let value = |value: &Option<String>| value.as_deref().map(cut).unwrap_or_default();
        let mut tables = Vec::new();
        if !self.labels.is_empty() {
            let rows = self.labels.iter().map(|label| {
                let means = match label.breaking {
                    true => format!("BREAKING: {}", label.change),
                    false => label.change.to_owned(),
                };
                [
                    label.number.to_string(),
                    cut(&label.was),
                    cut(&label.is),
                    means,
                ]
            });
            tables.push(output.table(["LABEL", "BEFORE", "AFTER", "CHANGE"], rows));
        }
        if !self.fields.is_empty() {
            let rows = self
                .fields
                .iter()
                .map(|field| [cut(&field.field), value(&field.before), value(&field.after)]);
            tables.push(output.table(["FIELD", "BEFORE", "AFTER"], rows));
        }
        if self.more > 0 {
            tables.push(format!("and {} more", self.more));
        }
        tables.join("\n\n")
    }
}

fn first_of(names: Vec<String>, separator: &str) -> Option<String> {
    let more = names.len().saturating_sub(NAMED);
    let named = names[..names.len() - more].join(separator);
    match (names.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(named),
        (false, more) => Some(format!("{named} and {more} more")),
    }
}

/// What a table shows of a text.
fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use model_dashboard::model::{DuplicateKeys, ModelDefinition};

    use super::*;

    fn changes(before: &str, after: &str) -> Changes {
        let read =
            |text: &str| ModelDefinition::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap();
        Comparison::between(&read(before), &read(after)).into()
    }

    #[test]
    fn a_line_begins_with_what_misleads() {
        let changes = changes(
            r#"{"alias":"a","contour_names":{"1":"liver","2":"spleen"}}"#,
            r#"{"alias":"b","enabled":true,"contour_names":{"1":"kidney","3":"lung"}}"#,
        );
        assert_eq!(
            changes.in_short(),
            "BREAKING label 1: liver → kidney; 1 label added; 1 label removed; alias, enabled"
        );
        assert!(changes.breaking);
    }

    #[test]
    fn a_line_has_an_end() {
        let changes = changes("{}", r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}"#);
        assert_eq!(changes.in_short(), "a, b, c, d and 2 more");
        assert_eq!(cut(&"ä".repeat(500)).chars().count(), SHOWN_CHARS + 1);
    }
}
