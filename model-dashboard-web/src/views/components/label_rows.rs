//! The editor of labels: one row each, or all of them pasted as text.

use maud::{Markup, html};

use super::field::{Field, TextArea};
use super::icon::Icon;
use super::{labels, sentence};

/// The labels of a form as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelRows {
    /// The rows, in order. Posted as `label_number` and `label_names`, once per row.
    pub rows: Vec<LabelRow>,
    /// Text that replaces all rows if it is not empty. Posted as `labels_pasted`.
    pub pasted: Field,
    /// What is wrong with the rows as a whole.
    pub error: Option<String>,
}

/// One row as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelRow {
    /// The number.
    pub number: String,
    /// The name; several are separated by commas, or written as a JSON list.
    pub names: String,
    /// What is wrong with the row.
    pub error: Option<String>,
}

/// The rows, a button for more, and the field to paste into. Without JavaScript the button posts
/// the form with `action=add-rows`, which is answered with the same form and more empty rows.
#[must_use]
pub fn label_rows(labels: &LabelRows) -> Markup {
    let blank = LabelRow::default();
    html! {
        div.label-rows id="labels" data-label-rows {
            @if let Some(error) = &labels.error {
                div.error { p { (Icon::Alert) (sentence(error)) } }
            }
            p.help { "Write several names of a label with commas between; a name that holds a comma as a list: " code { "[\"vessel, portal\"]" } "." }
            div.label-row.label-head aria-hidden="true" { span { "Number" } span {} span { "Name" } span {} }
            ol data-rows {
                @for row in &labels.rows { (one_row(row)) }
                @if labels.rows.is_empty() { (one_row(&blank)) }
            }
            template data-row-template { (one_row(&blank)) }
            button.button type="submit" name="action" value="add-rows" formnovalidate data-add-row {
                (Icon::Plus) "Add a label"
            }
            details.paste open[labels.pasted.error.is_some()] {
                summary { "Paste all labels as JSON or as a table" }
                (TextArea {
                    name: "labels_pasted",
                    label: "Labels as text",
                    field: &labels.pasted,
                    help: Some("A JSON object such as {\"1\": \"liver\", \"2\": [\"kidney\", \"tumour\"]}, one label per line (number, tab, name), a table or CSV whose first line names the columns, or the dataset.json of nnU-Net. Colours are left out. It replaces the rows above."),
                    mono: true,
                    rows: 5,
                    placeholder: None, label_hidden: false,
                }.markup())
                button.button.needs-script type="button" data-apply-paste { "Turn into rows" }
                p.error.needs-script data-paste-error hidden {}
            }
        }
    }
}

fn one_row(row: &LabelRow) -> Markup {
    html! {
        li.label-row {
            input.number name="label_number" value=(row.number) aria-label="Label number" inputmode="numeric"
                autocomplete="off" maxlength="20" aria-invalid=[row.error.as_ref().map(|_| "true")];
            (labels::swatch(&labels::colour(&row.names)))
            input name="label_names" value=(row.names) aria-label="Label name" autocomplete="off"
                spellcheck="false" aria-invalid=[row.error.as_ref().map(|_| "true")];
            button.button.quiet.icon-only.needs-script type="button" data-remove-row aria-label="Remove this label" title="Remove this label" {
                (Icon::Close)
            }
            @if let Some(error) = &row.error {
                p.error { (Icon::Alert) (sentence(error)) }
            }
        }
    }
}

impl LabelRows {
    /// Whether something is wrong with any of it.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.error.is_some()
            || self.pasted.error.is_some()
            || self.rows.iter().any(|row| row.error.is_some())
    }
}
