//! What was written for each setting, by precedence; typed values are read from it.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use super::error::{Origin, Problem};
use super::report::Setting;
use super::spec::Spec;
use super::value::{Bounds, Value};

/// What was written for a setting, and where.
struct Written {
    text: Text,
    origin: Origin,
}

/// The text of a setting, or the path of a file that holds it (a `_FILE` twin).
pub(super) enum Text {
    Given(String),
    InFile(String),
}

impl Text {
    fn is_empty(&self) -> bool {
        let (Self::Given(text) | Self::InFile(text)) = self;
        text.trim().is_empty()
    }
}

/// How a file that holds a secret is read.
pub(super) type ReadFile<'a> = &'a mut dyn FnMut(&Path) -> io::Result<String>;

/// Collects what was written, then gives typed values, and keeps what is wrong on the way.
pub(super) struct Reader<'a> {
    read_file: ReadFile<'a>,
    written: HashMap<&'static str, Written>,
    pub(super) settings: Vec<Setting>,
    pub(super) warnings: Vec<String>,
    /// Names that are nearly ours: told among the problems, if there are any.
    pub(super) slips: Vec<Problem>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(read_file: ReadFile<'a>) -> Self {
        Self {
            read_file,
            written: HashMap::new(),
            settings: Vec::new(),
            warnings: Vec::new(),
            slips: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Notes what a source says. Sources come in rising precedence. Text that is empty is no
    /// setting: compose files and charts pass on empty variables.
    pub(super) fn write(&mut self, spec: &'static Spec, text: Text, origin: Origin) {
        if text.is_empty() {
            return;
        }
        match self.written.get(spec.name).map(|earlier| &earlier.origin) {
            Some(Origin::File { file, line }) => match &origin {
                Origin::File { file: other, .. } if file == other => {
                    let message = format!("line {line} sets it too; set it once");
                    self.problems
                        .push(Problem::new(spec.name, &origin, message));
                }
                Origin::File { .. } => {
                    self.warnings
                        .push(format!("{} ({origin}) replaces {file}:{line}", spec.name));
                }
                _ => {}
            },
            Some(Origin::Variable(earlier)) if matches!(origin, Origin::Variable(_)) => {
                let message = format!("variable {earlier} is set too; set one of them");
                self.problems
                    .push(Problem::new(spec.name, &origin, message));
            }
            _ => {}
        }
        self.written.insert(spec.name, Written { text, origin });
    }

    /// The value of a setting: what was written, or the default, also when what was written is
    /// wrong.
    pub(super) fn read<T: Value>(
        &mut self,
        spec: &'static Spec,
        default: T,
        bounds: Option<Bounds<T>>,
    ) -> T {
        let parsed = self.written.get(spec.name).map(|Written { text, origin }| {
            let parsed = match text {
                Text::Given(text) => parse::<T>(text, bounds),
                Text::InFile(path) => match (self.read_file)(Path::new(path)) {
                    Ok(text) => parse::<T>(without_newline(&text), bounds),
                    Err(error) => Err(format!("cannot read the file {path:?}: {error}")),
                },
            };
            (parsed, origin.clone())
        });
        let (value, origin) = match parsed {
            None => (default, Origin::Default),
            Some((Ok(value), origin)) => (value, origin),
            Some((Err(message), origin)) => {
                self.problems
                    .push(Problem::new(spec.name, &origin, message));
                (default, origin)
            }
        };
        self.settings.push(Setting::new(spec, value.show(), origin));
        value
    }

    /// Whether something was written for the setting.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.written.contains_key(name)
    }

    /// Shows what a setting without a fixed default comes to.
    pub(super) fn derived(&mut self, name: &str, value: String) {
        if let Some(setting) = self
            .settings
            .iter_mut()
            .find(|setting| setting.name == name)
        {
            setting.value = Some(value);
        }
    }

    /// Shows a value that another setting gave.
    pub(super) fn taken_from(&mut self, name: &str, other: &str, value: String) {
        let origin = self
            .written
            .get(other)
            .map(|written| written.origin.clone());
        let setting = self
            .settings
            .iter_mut()
            .find(|setting| setting.name == name);
        if let Some((setting, origin)) = setting.zip(origin) {
            setting.value = Some(value);
            setting.origin = origin;
        }
    }

    /// Notes that a setting does not go with another.
    pub(super) fn conflict(&mut self, name: &str, message: impl Into<String>) {
        let origin = self
            .written
            .get(name)
            .map_or(Origin::Default, |it| it.origin.clone());
        self.problems.push(Problem::new(name, &origin, message));
    }

    /// Notes something that a person should know, but that stops nothing.
    pub(super) fn warn(&mut self, message: impl Into<String>) {
        self.warnings.push(message.into());
    }
}

fn parse<T: Value>(text: &str, bounds: Option<Bounds<T>>) -> Result<T, String> {
    let (text, shown) = if T::SECRET {
        (text, String::new())
    } else {
        (text.trim(), format!("{}: ", quote(text)))
    };
    if text.is_empty() {
        return Err(format!("it is empty; allowed: {}", T::ALLOWED));
    }
    let value =
        T::parse(text).map_err(|reason| format!("{shown}{reason}; allowed: {}", T::ALLOWED))?;
    match bounds {
        Some(bounds) if !bounds.hold(&value) => Err(format!(
            "{shown}out of range; allowed: {}",
            bounds.allowed()
        )),
        _ => Ok(value),
    }
}

/// A file ends with a newline that does not belong to the secret in it.
fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// A text as an error may show it: short, on one line, without what stands before an `@` in a URL.
fn quote(text: &str) -> String {
    const LONGEST: usize = 80;
    let text = text.trim();
    let text = match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => text.to_owned(),
    };
    let short: String = text.chars().take(LONGEST).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", short.escape_debug())
}
