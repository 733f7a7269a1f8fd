//! Form fields: label, control, help and what is wrong, tied together for assistive technology.

use maud::{Markup, html};

use super::icon::Icon;
use super::sentence;

/// A field of a form as it was typed, and what is wrong with it. A form that is refused is shown
/// again with every field as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// What stands in the control.
    pub value: String,
    /// What is wrong.
    pub error: Option<FieldError>,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// A sentence that says what to do.
    pub message: String,
    /// Where in the text, counted from 1: line and column.
    pub position: Option<(usize, usize)>,
}

impl Field {
    /// A field without a mistake.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: None,
        }
    }

    /// The same field with a mistake.
    #[must_use]
    pub fn wrong(mut self, message: impl Into<String>) -> Self {
        self.error = Some(FieldError {
            message: message.into(),
            position: None,
        });
        self
    }

    /// The same field with a mistake at a line and a column, counted from 1.
    #[must_use]
    pub fn wrong_at(mut self, message: impl Into<String>, line: usize, column: usize) -> Self {
        self.error = Some(FieldError {
            message: message.into(),
            position: Some((line, column)),
        });
        self
    }
}

/// A field of one line.
#[derive(Debug, Clone)]
pub struct TextInput<'a> {
    /// The name it is posted under, also its id.
    pub name: &'a str,
    /// What it is called.
    pub label: &'a str,
    /// What stands in it.
    pub field: &'a Field,
    /// A sentence below the label.
    pub help: Option<&'a str>,
    /// The `type`: `text`, `password`, `email`, `date`.
    pub kind: &'a str,
    /// The value of `autocomplete`.
    pub autocomplete: &'a str,
    /// Whether it may not be empty.
    pub required: bool,
    /// Whether it holds a name or reference of machines.
    pub mono: bool,
    /// An example.
    pub placeholder: Option<&'a str>,
    /// The most characters that it takes.
    pub max_length: Option<u32>,
    /// Values to choose from, besides others.
    pub suggestions: &'a [String],
    /// Whether the page starts here.
    pub autofocus: bool,
    /// Extra classes.
    pub class: &'a str,
}

static EMPTY: Field = Field {
    value: String::new(),
    error: None,
};

impl Default for TextInput<'_> {
    fn default() -> Self {
        Self {
            name: "",
            label: "",
            field: &EMPTY,
            help: None,
            kind: "text",
            autocomplete: "off",
            required: false,
            mono: false,
            placeholder: None,
            max_length: None,
            suggestions: &[],
            autofocus: false,
            class: "",
        }
    }
}

impl TextInput<'_> {
    /// Label, help, control, mistake.
    #[must_use]
    pub fn markup(&self) -> Markup {
        let list = (!self.suggestions.is_empty()).then(|| format!("{}-list", self.name));
        let class = format!("field {}", self.class);
        let spelling = if self.mono || self.kind != "text" {
            Some("false")
        } else {
            None
        };
        html! {
            div class=(class.trim()) {
                (label(self.name, self.label, self.required))
                (help(self.name, self.help))
                input id=(self.name) name=(self.name) type=(self.kind) value=(self.field.value)
                    class=[self.mono.then_some("mono")] autocomplete=(self.autocomplete)
                    required[self.required] placeholder=[self.placeholder] maxlength=[self.max_length]
                    list=[list.as_deref()] autofocus[self.autofocus] spellcheck=[spelling]
                    aria-describedby=[described_by(self.name, self.help, self.field)]
                    aria-invalid=[self.field.error.as_ref().map(|_| "true")];
                @if let Some(list) = &list {
                    datalist id=(list) { @for value in self.suggestions { option value=(value) {} } }
                }
                (error(self.name, self.field))
            }
        }
    }
}

/// A field of several lines.
#[derive(Debug, Clone)]
pub struct TextArea<'a> {
    /// The name it is posted under, also its id.
    pub name: &'a str,
    /// What it is called.
    pub label: &'a str,
    /// What stands in it.
    pub field: &'a Field,
    /// A sentence below the label.
    pub help: Option<&'a str>,
    /// Whether it holds JSON, commands or tables.
    pub mono: bool,
    /// How many lines are seen at first; it grows with its content.
    pub rows: u32,
    /// An example.
    pub placeholder: Option<&'a str>,
    /// Whether a heading beside it says the same as the label.
    pub label_hidden: bool,
}

impl TextArea<'_> {
    /// Label, help, control, mistake with the line it is in.
    #[must_use]
    pub fn markup(&self) -> Markup {
        html! {
            div.field {
                @if self.label_hidden { label.visually-hidden for=(self.name) { (self.label) } }
                @else { (label(self.name, self.label, false)) }
                (help(self.name, self.help))
                // The parser drops a first line break inside a textarea, so one more is written.
                textarea id=(self.name) name=(self.name) rows=(self.rows) class=[self.mono.then_some("mono")]
                    autocomplete="off" spellcheck=[self.mono.then_some("false")] placeholder=[self.placeholder]
                    wrap=[self.mono.then_some("off")]
                    aria-describedby=[described_by(self.name, self.help, self.field)]
                    aria-invalid=[self.field.error.as_ref().map(|_| "true")] { "\n" (self.field.value) }
                (error(self.name, self.field))
            }
        }
    }
}

/// A choice from a list.
#[must_use]
pub fn select(
    name: &str,
    text: &str,
    options: &[(String, String)],
    field: &Field,
    help_text: Option<&str>,
) -> Markup {
    html! {
        div.field {
            (label(name, text, false))
            (help(name, help_text))
            span.select {
                select id=(name) name=(name) aria-describedby=[described_by(name, help_text, field)]
                    aria-invalid=[field.error.as_ref().map(|_| "true")] {
                    @for (value, text) in options {
                        option value=(value) selected[*value == field.value] { (text) }
                    }
                }
                (Icon::ChevronDown)
            }
            (error(name, field))
        }
    }
}

/// Something to tick, with a sentence on what it means.
#[must_use]
pub fn checkbox(name: &str, value: &str, checked: bool, disabled: bool, text: &Markup) -> Markup {
    html! {
        label.check {
            input type="checkbox" name=(name) value=(value) checked[checked] disabled[disabled];
            span { (text) }
        }
    }
}

/// What is wrong with the form as a whole and in how many fields; the page starts here. The
/// fields are named with their ids so that each is one click away.
#[must_use]
pub fn error_summary(general: Option<&str>, wrong: &[(&str, &str)]) -> Markup {
    html! {
        @if general.is_some() || !wrong.is_empty() {
            div.notice.danger role="alert" tabindex="-1" data-focus {
                (Icon::Alert)
                div {
                    @if let Some(general) = general { p { (sentence(general)) } }
                    @if !wrong.is_empty() {
                        p {
                            "Nothing has been saved yet. Please look at "
                            @for (position, (id, text)) in wrong.iter().enumerate() {
                                @if position > 0 { @if position + 1 == wrong.len() { " and " } @else { ", " } }
                                a href={ "#" (id) } { (text) }
                            }
                            "."
                        }
                    }
                }
            }
        }
    }
}

fn label(name: &str, text: &str, required: bool) -> Markup {
    html! {
        label for=(name) {
            (text)
            @if required { span.required { " (required)" } }
        }
    }
}

fn help(name: &str, text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { p.help id={ (name) "-help" } { (text) } } }
}

fn error(name: &str, field: &Field) -> Markup {
    html! {
        @if let Some(error) = &field.error {
            div.error id={ (name) "-error" } {
                p { (Icon::Alert) (sentence(&error.message)) }
                @if let Some((line, column)) = error.position {
                    (excerpt(&field.value, line, column))
                    button.link.needs-script type="button" data-goto=(name) data-line=(line) data-column=(column) {
                        "Go to line " (line) ", column " (column)
                    }
                }
            }
        }
    }
}

/// The line that a mistake is in, with a mark below the column.
fn excerpt(text: &str, line: usize, column: usize) -> Markup {
    const BEFORE: usize = 24;
    const SHOWN: usize = 60;
    let content = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let at = column.saturating_sub(1);
    let skipped = at.saturating_sub(BEFORE);
    let part: String = content
        .chars()
        .skip(skipped)
        .take(SHOWN)
        .map(|c| if c == '\t' { ' ' } else { c })
        .collect();
    html! {
        pre.excerpt aria-hidden="true" {
            code {
                (line) " | " (part) "\n"
                (" ".repeat(line.to_string().len() + 3 + at.min(BEFORE))) span.caret { "^" }
            }
        }
    }
}

fn described_by(name: &str, help: Option<&str>, field: &Field) -> Option<String> {
    match (help.is_some(), field.error.is_some()) {
        (true, true) => Some(format!("{name}-error {name}-help")),
        (true, false) => Some(format!("{name}-help")),
        (false, true) => Some(format!("{name}-error")),
        (false, false) => None,
    }
}
