//! Configuration files: ours, and Streamlit's, whose place ours took over.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{Origin, Problem};
use super::reader::{Reader, Text};
use super::spec::nearest;
use super::table::SPECS;

/// Sections of a Streamlit `config.toml` that are not sections of ours.
const STREAMLIT_SECTIONS: [&str; 12] = [
    "browser",
    "client",
    "connections",
    "deprecation",
    "global",
    "logger",
    "magic",
    "mapbox",
    "runner",
    "secrets",
    "theme",
    "ui",
];

/// Keys of Streamlit's `[server]` that look like ours: its others are in camel case, ours never.
const STREAMLIT_SERVER_WORDS: [&str; 2] = ["address", "headless"];

/// How like one of the known names an unknown one in camel case must be to count as a mistyping
/// of it, and not as a key that only Streamlit knows.
const MISTYPED: f64 = 0.8;

/// Notes every setting of a file, and everything in it that is none.
pub(super) fn gather(name: &str, text: &str, reader: &mut Reader<'_>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut file = File {
        name: Arc::from(name),
        text,
        ignored: Vec::new(),
        reader,
    };
    match DeTable::parse(text) {
        Ok(table) => file.top(table.get_ref()),
        // The parser's own text would repeat the line, and a secret in it.
        Err(error) => {
            let origin = file.origin(error.span().map_or(0, |span| span.start));
            let message = format!("not valid TOML: {}", error.message());
            file.reader
                .problems
                .push(Problem::new(name, &origin, message));
        }
    }
    if !file.ignored.is_empty() {
        let ignored = file.ignored.join(", ");
        file.reader.warn(format!(
            "{name}: settings of Streamlit are ignored: {ignored}"
        ));
    }
}

struct File<'r, 'a> {
    name: Arc<str>,
    text: &'r str,
    ignored: Vec<String>,
    reader: &'r mut Reader<'a>,
}

type Key<'i> = Spanned<DeString<'i>>;

impl File<'_, '_> {
    fn origin(&self, at: usize) -> Origin {
        let before = self.text.as_bytes().iter().take(at);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Origin::File {
            file: Arc::clone(&self.name),
            line,
        }
    }

    fn top(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let sections = || {
                SPECS
                    .iter()
                    .filter_map(|it| Some(it.name.split_once('.')?.0))
            };
            let is_ours = sections().any(|section| section == name);
            match value.get_ref() {
                DeValue::Table(entries) if is_ours || name == "theme" => {
                    for (key, value) in entries {
                        self.setting(&format!("{name}.{}", key.get_ref()), key, value.get_ref());
                    }
                }
                DeValue::Table(_) if STREAMLIT_SECTIONS.contains(&name) => {
                    self.ignored.push(format!("[{name}]"));
                }
                DeValue::Table(_) => {
                    let nearest = nearest(name, sections()).map_or("", |(_, name)| name);
                    let message = format!("unknown section; the nearest known one is [{nearest}]");
                    self.problem(&format!("[{name}]"), key, message);
                }
                _ if is_ours => {
                    let message = format!("must be a section: [{name}] and settings below it");
                    self.problem(name, key, message);
                }
                value => self.setting(name, key, value),
            }
        }
    }

    fn setting(&mut self, name: &str, key: &Key<'_>, value: &DeValue<'_>) {
        let known = SPECS.iter().find_map(|spec| {
            if spec.name == name || spec.streamlit == Some(name) {
                Some((spec, Text::Given as fn(String) -> Text))
            } else {
                (spec.twin_name()? == name).then_some((spec, Text::InFile as fn(String) -> Text))
            }
        });
        match known {
            Some((spec, to_text)) => match text_of(value) {
                Some(text) => {
                    let origin = self.origin(key.span().start);
                    self.reader.write(spec, to_text(text), origin);
                }
                None => self.problem(spec.name, key, "must be one value or a list of values"),
            },
            None if is_streamlits(name) => self.ignored.push(name.to_owned()),
            None => {
                let nearest = nearest_name(name);
                self.problem(
                    name,
                    key,
                    format!("unknown setting; the nearest known one is {nearest}"),
                );
            }
        }
    }

    fn problem(&mut self, name: &str, key: &Key<'_>, message: impl Into<String>) {
        let origin = self.origin(key.span().start);
        self.reader
            .problems
            .push(Problem::new(name, &origin, message));
    }
}

/// The known name most like an unknown one; a known key in the wrong section is its right section's.
fn nearest_name(name: &str) -> &'static str {
    let key = |name: &'static str| name.rsplit_once('.').map_or(name, |(_, key)| key);
    let unknown = name.rsplit_once('.').map_or(name, |(_, key)| key);
    let names = || {
        SPECS
            .iter()
            .flat_map(|spec| [Some(spec.name), spec.streamlit].into_iter().flatten())
    };
    let same_key: Vec<_> = names().filter(|name| key(name) == unknown).collect();
    let found = if same_key.is_empty() {
        nearest(name, names())
    } else {
        nearest(name, same_key)
    };
    found.map_or("", |(_, name)| name)
}

fn is_streamlits(name: &str) -> bool {
    match name.split_once('.') {
        Some(("theme", _)) => true,
        Some(("server", key)) => {
            let taken_over = SPECS.iter().filter_map(|spec| spec.streamlit);
            let mistyped = nearest(name, taken_over).is_some_and(|(like, _)| like >= MISTYPED);
            STREAMLIT_SERVER_WORDS.contains(&key)
                || (key.contains(|letter: char| letter.is_ascii_uppercase()) && !mistyped)
        }
        _ => false,
    }
}

/// The text of a value; each of a list's values on a line of its own. `None` for what no setting is.
fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(|item| text_of(item.get_ref())).collect();
            Some(items?.join("\n"))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}
