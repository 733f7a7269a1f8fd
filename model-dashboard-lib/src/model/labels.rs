//! Contour names: which structure each label number of a segmentation stands for.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use super::definition::FieldError;
use super::json::{DuplicateKeys, JsonKind, JsonObject, Position, decode_string};

/// The number that a structure has in the segmentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelNumber(u32);

/// The text is no label number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a label number is a whole number from 0 to 4294967295 without leading zeros")]
pub struct LabelNumberError;

impl LabelNumber {
    /// The label with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for LabelNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LabelNumber {
    type Err = LabelNumberError;

    fn from_str(text: &str) -> Result<Self, LabelNumberError> {
        let number: u32 = text.parse().map_err(|_| LabelNumberError)?;
        // "+1" and "01" would come back as another key.
        if number.to_string() == text {
            Ok(Self(number))
        } else {
            Err(LabelNumberError)
        }
    }
}

/// What a label stands for, in the shape it was written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelNames {
    /// One name.
    One(String),
    /// A list of names: of regions that overlap in this label.
    List(Vec<String>),
}

impl LabelNames {
    /// The names, whatever the shape.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::List(names) => names,
        }
    }

    /// One name as [`Self::One`], any other number of them as [`Self::List`].
    #[must_use]
    pub fn from_names(mut names: Vec<String>) -> Self {
        match names.len() {
            1 => Self::One(names.remove(0)),
            _ => Self::List(names),
        }
    }

    fn from_json(raw: &str) -> Option<Self> {
        match JsonKind::of(raw) {
            JsonKind::String => decode_string(raw).map(Self::One),
            JsonKind::Array => serde_json::from_str(raw).ok().map(Self::List),
            _ => None,
        }
    }
}

impl fmt::Display for LabelNames {
    /// The names, separated by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_slice().join(", "))
    }
}

/// The contour names of a model. Their order is kept: for region-based models it carries meaning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContourNames {
    labels: Vec<(LabelNumber, LabelNames)>,
}

impl ContourNames {
    /// Parses a JSON object: label number to name, or to list of names. `null` is no names.
    /// Duplicate numbers are refused. The fields of the errors start with `contour_names`.
    pub fn from_json(raw: &str) -> Result<Self, Vec<FieldError>> {
        if raw.trim() == "null" {
            return Ok(Self::default());
        }
        let object = JsonObject::parse(raw.as_bytes(), DuplicateKeys::Refuse)
            .map_err(|error| vec![FieldError::json("contour_names", &error)])?;
        let (names, errors) = Self::read(&object);
        if errors.is_empty() {
            Ok(names)
        } else {
            Err(errors)
        }
    }

    /// Reads what can be read, and says what cannot.
    pub(super) fn read(object: &JsonObject) -> (Self, Vec<FieldError>) {
        let mut names = Self::default();
        let mut errors = Vec::new();
        let mut seen = HashSet::with_capacity(object.len());
        for (key, value) in object.iter() {
            let refuse = |message: String| FieldError::new(format!("contour_names.{key}"), message);
            match (key.parse::<LabelNumber>(), LabelNames::from_json(value)) {
                (Err(error), _) => errors.push(refuse(error.to_string())),
                (_, None) => errors.push(refuse(format!(
                    "expected a name or a list of names, found {}",
                    match JsonKind::of(value) {
                        JsonKind::Array => "a list that holds something else".to_owned(),
                        kind => kind.to_string(),
                    }
                ))),
                (Ok(number), Some(label)) => {
                    if seen.insert(number) {
                        names.labels.push((number, label));
                    }
                }
            }
        }
        (names, errors)
    }

    /// Parses pasted lines: a label number, then a tab and a name; further names follow further
    /// tabs. `1: spleen`, `1, spleen` and `1 spleen` are understood as well, with one name each.
    /// Empty lines are skipped, names are trimmed. The position of an error is its line.
    pub fn from_lines(text: &str) -> Result<Self, Vec<FieldError>> {
        let mut rows = Vec::new();
        let mut errors = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            if text.trim().is_empty() {
                continue;
            }
            let (number, names) = split_line(text);
            rows.push((Position { line, column: 1 }, number, names));
        }
        let parsed = Self::collect(
            rows.into_iter().map(|(position, number, names)| {
                let names: Vec<String> = names
                    .iter()
                    .map(|n| n.trim().to_owned())
                    .filter(|n| !n.is_empty())
                    .collect();
                (
                    format!("contour_names line {}", position.line),
                    Some(position),
                    number,
                    names,
                )
            }),
            &mut errors,
        );
        if errors.is_empty() {
            Ok(parsed)
        } else {
            Err(errors)
        }
    }

    /// Builds from rows of a form, each a number as typed and its names. A row without number and
    /// names is skipped. The fields of the errors are `contour_names[n]`, counted from 0.
    pub fn from_rows<'a, I, N>(rows: I) -> Result<Self, Vec<FieldError>>
    where
        I: IntoIterator<Item = (&'a str, N)>,
        N: IntoIterator<Item = &'a str>,
    {
        let mut errors = Vec::new();
        let rows = rows
            .into_iter()
            .enumerate()
            .filter_map(|(n, (number, names))| {
                let names: Vec<String> = names
                    .into_iter()
                    .map(|name| name.trim().to_owned())
                    .filter(|name| !name.is_empty())
                    .collect();
                let empty = number.trim().is_empty() && names.is_empty();
                (!empty).then(|| (format!("contour_names[{n}]"), None, number, names))
            });
        let parsed = Self::collect(rows, &mut errors);
        if errors.is_empty() {
            Ok(parsed)
        } else {
            Err(errors)
        }
    }

    fn collect<'a>(
        rows: impl Iterator<Item = (String, Option<Position>, &'a str, Vec<String>)>,
        errors: &mut Vec<FieldError>,
    ) -> Self {
        let mut parsed = Self::default();
        let mut seen = HashSet::new();
        for (field, position, number, names) in rows {
            let message = match number.trim().parse::<LabelNumber>() {
                Err(error) => error.to_string(),
                Ok(_) if names.is_empty() => "a label needs a name".to_owned(),
                Ok(number) if !seen.insert(number) => format!("label {number} appears twice"),
                Ok(number) => {
                    parsed.labels.push((number, LabelNames::from_names(names)));
                    continue;
                }
            };
            errors.push(FieldError {
                field,
                message,
                position,
            });
        }
        parsed
    }

    /// Builds from labels in order; the first number that appears twice is given back.
    pub fn from_labels(
        labels: impl IntoIterator<Item = (LabelNumber, LabelNames)>,
    ) -> Result<Self, LabelNumber> {
        let labels: Vec<_> = labels.into_iter().collect();
        let mut seen = HashSet::with_capacity(labels.len());
        match labels.iter().find(|(number, _)| !seen.insert(*number)) {
            Some((number, _)) => Err(*number),
            None => Ok(Self { labels }),
        }
    }

    /// The labels in order.
    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = (LabelNumber, &LabelNames)> + ExactSizeIterator {
        self.labels.iter().map(|(number, names)| (*number, names))
    }

    /// The names of a label.
    #[must_use]
    pub fn get(&self, number: LabelNumber) -> Option<&LabelNames> {
        self.labels
            .iter()
            .find(|(other, _)| *other == number)
            .map(|(_, names)| names)
    }

    /// The number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The JSON object, every label in the shape it had.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut object = JsonObject::new();
        for (number, names) in self.iter() {
            let value = match names {
                LabelNames::One(name) => serde_json::Value::from(name.as_str()),
                LabelNames::List(names) => serde_json::Value::from(names.as_slice()),
            };
            object.push_new(&number.to_string(), &value.to_string());
        }
        object.to_text()
    }

    /// Lines as [`Self::from_lines`] reads them: number and names, separated by tabs.
    #[must_use]
    pub fn to_lines(&self) -> String {
        let line = |(number, names): (LabelNumber, &LabelNames)| {
            format!("{number}\t{}\n", names.as_slice().join("\t"))
        };
        self.iter().map(line).collect()
    }
}

/// Splits a pasted line into the number and the names.
fn split_line(line: &str) -> (&str, Vec<&str>) {
    if let Some((number, names)) = line.split_once('\t')
        && !number.trim().is_empty()
    {
        return (number, names.split('\t').collect());
    }
    let line = line.trim();
    let end = line
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(line.len());
    match line[end..].chars().next() {
        Some(':' | ',' | ';' | '=') if end > 0 => (&line[..end], vec![&line[end + 1..]]),
        Some(c) if c.is_whitespace() && end > 0 => {
            let names = line[end..]
                .trim_start()
                .trim_start_matches([':', ',', ';', '=']);
            (&line[..end], names.split('\t').collect())
        }
        None => (line, Vec::new()),
        Some(_) => (line, Vec::new()),
    }
}
