//! Results on standard output, as tables or JSON; notes on standard error.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};
use model_dashboard::model::Timestamp;
use serde::Serialize;

use crate::failure::Failure;

/// How wide texts are in a table that goes to no terminal.
const TEXT_WIDTH: u16 = 100;

/// The shape of a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// For programs; the fields are stable
    Json,
}

/// Where results go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: Format,
    terminal: bool,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            terminal: io::stdout().is_terminal(),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether a person looks at standard output.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes the result: `value` as JSON, or what `table` makes of it.
    pub(crate) fn show<T: Serialize + ?Sized>(
        &self,
        value: &T,
        table: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.json(value),
            Format::Table => self.text(&table()),
        }
    }

    fn json<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::output(&io::Error::from(error)))?;
        self.json_text(&text)
    }

    /// Writes text that is JSON already.
    pub(crate) fn json_text(&self, text: &str) -> Result<(), Failure> {
        // JSON holds no other control characters than these outside of its strings, where the
        // escaped form means the same.
        let escaped = |c: char| (c as u32 >= 0x7f && c.is_control()) || is_direction(c);
        if self.terminal && text.contains(escaped) {
            let mut safe = String::with_capacity(text.len() + 64);
            for c in text.chars() {
                match escaped(c) {
                    true => safe.push_str(&format!("\\u{:04x}", c as u32)),
                    false => safe.push(c),
                }
            }
            return self.text(&safe);
        }
        self.text(text)
    }

    /// Writes lines. Text that others wrote has to be [`printable`].
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        let mut bytes = text.as_bytes().to_vec();
        if !bytes.is_empty() && bytes.last() != Some(&b'\n') {
            bytes.push(b'\n');
        }
        self.bytes(&bytes)
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(bytes)
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::output(&error))
    }

    /// A table: columns, which fit the width of a terminal and are headed in bold there.
    pub(crate) fn table<const N: usize>(
        &self,
        header: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> String {
        let mut table = Table::new();
        self.fill(&mut table, header, rows);
        table.trim_fmt()
    }

    /// The same for texts of some length: they are wrapped, also where nobody looks at a terminal.
    pub(crate) fn texts<const N: usize>(
        &self,
        header: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> String {
        let mut table = Table::new();
        self.fill(&mut table, header, rows);
        if !self.terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(TEXT_WIDTH);
        }
        table.trim_fmt()
    }

    fn fill<const N: usize>(
        &self,
        table: &mut Table,
        header: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) {
        table.load_style(presets::NOTHING);
        if self.terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_header(header.map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
        } else {
            table.force_no_tty();
            table.set_header(header);
        }
        // Some terminals do not know how wide they are.
        if table.width() == Some(0) {
            table.set_width(TEXT_WIDTH);
        }
        table.add_rows(
            rows.into_iter()
                .map(|row| row.map(|cell| one_line(&cell).into_owned())),
        );
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
    }

    /// Names and values below each other; what is empty is left out.
    pub(crate) fn properties<'a>(
        &self,
        rows: impl IntoIterator<Item = (&'a str, String)>,
    ) -> String {
        let rows: Vec<(&str, String)> = rows.into_iter().filter(|(_, v)| !v.is_empty()).collect();
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let line = |(name, value): &(&str, String)| format!("{name:width$}  {}", one_line(value));
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Tells people something beside the result.
pub(crate) fn note(text: impl Display) {
    // Without standard error there is no one left to tell.
    let _ = writeln!(io::stderr(), "{}", printable(&text.to_string()));
}

/// Text that cannot steer a terminal: control characters (C0 but line breaks, and C1) and those
/// that turn the direction of writing are replaced.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let bad = |c: char| (c.is_control() && c != '\n') || is_direction(c);
    match text.contains(bad) {
        true => Cow::Owned(text.replace(bad, "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// Characters that reorder what is shown beside them (UAX #9).
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The same on one line.
fn one_line(text: &str) -> Cow<'_, str> {
    match printable(text) {
        text if text.contains('\n') => Cow::Owned(text.replace('\n', " ")),
        text => text,
    }
}

/// A time for people, to the second: `2026-01-15 09:30:00Z`.
pub(crate) fn seconds(time: Timestamp) -> String {
    let text = Timestamp::from_unix_micros(time.unix_seconds() * 1_000_000).to_string();
    text.replacen('T', " ", 1)
}

/// The same, or nothing.
pub(crate) fn seconds_or_empty(time: Option<Timestamp>) -> String {
    time.map(seconds).unwrap_or_default()
}

/// A number of things: `1 token`, `2 tokens`.
pub(crate) fn counted(count: impl Display + PartialEq + From<u8>, what: &str) -> String {
    let many = if count == 1.into() { "" } else { "s" };
    format!("{count} {what}{many}")
}

/// Text, or nothing.
pub(crate) fn or_empty(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}]0;x\u{7}\u{9b}b"),
            "a\u{fffd}]0;x\u{fffd}\u{fffd}b"
        );
        assert_eq!(printable("abc\u{202e}"), "abc\u{fffd}");
        assert_eq!(printable("Ünal, 12 µm\n"), "Ünal, 12 µm\n");
    }

    #[test]
    fn people_read_times_to_the_second() {
        let time = "2026-01-15T09:30:00.123456Z".parse();
        assert_eq!(time.map(seconds).as_deref(), Ok("2026-01-15 09:30:00Z"));
    }

    #[test]
    fn a_plain_table_is_columns_and_nothing_else() {
        let output = Output {
            format: Format::Table,
            terminal: false,
        };
        let rows = [["a".to_owned(), "two\nlines".to_owned()]];
        assert_eq!(
            output.table(["NAME", "TEXT"], rows),
            "NAME  TEXT\na     two lines"
        );
    }

    #[test]
    fn texts_are_wrapped_where_there_is_no_terminal() {
        let output = Output {
            format: Format::Table,
            terminal: false,
        };
        let rows = [[
            "a".to_owned(),
            "some words ".repeat(40),
            "what to do ".repeat(20),
        ]];
        let table = output.texts(["NAME", "SAW", "DO"], rows);
        let widest = table.lines().map(|line| line.chars().count()).max();
        assert!(
            widest.is_some_and(|widest| (80..=100).contains(&widest)),
            "{table}"
        );
        assert_eq!(table.matches("words").count(), 40);
    }
}
