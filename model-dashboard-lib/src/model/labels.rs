//! Contour names: which structure each label number of a segmentation stands for.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use super::check::FieldError;
use super::json::{DuplicateKeys, JsonKind, JsonObject, Position, decode_string, quote, quote_all};
use super::label_rows::{LabelErrors, Rows};
use super::label_table::{self, label_cell};

/// How many wrong labels are named one by one; the last error counts the rest.
pub const MAX_LABEL_ERRORS: usize = 50;

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
        // A sign or a leading zero would come back as another key.
        let canonical = text == "0" || text.starts_with(|c: char| matches!(c, '1'..='9'));
        let number = text.parse().ok().filter(|_| canonical);
        number.map(Self).ok_or(LabelNumberError)
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

    /// Reads the value of a label, or says what stands there instead.
    fn from_json(raw: &str) -> Result<Self, String> {
        match JsonKind::of(raw) {
            JsonKind::Array => serde_json::from_str(raw)
                .map(Self::List)
                .map_err(|_| "a list that holds something else".to_owned()),
            kind => decode_string(raw)
                .map(Self::One)
                .ok_or_else(|| kind.to_string()),
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
    pub(super) fn of(labels: Vec<(LabelNumber, LabelNames)>) -> Self {
        Self { labels }
    }

    /// Parses a JSON object: label number to name, or to list of names. `null` is no names.
    /// Duplicate numbers are refused. The fields of the errors start with `contour_names`.
    pub fn from_json(raw: &str) -> Result<Self, Vec<FieldError>> {
        if raw.trim() == "null" {
            return Ok(Self::default());
        }
        let object = JsonObject::parse(raw.as_bytes(), DuplicateKeys::Refuse)
            .map_err(|error| vec![FieldError::json("contour_names", &error)])?;
        let (names, errors) = Self::read(object.iter());
        if errors.is_empty() {
            Ok(names)
        } else {
            Err(errors)
        }
    }

    /// Reads what can be read, and says what cannot.
    pub(super) fn read<'a, 'k>(
        members: impl Iterator<Item = (&'k str, &'a str)>,
    ) -> (Self, Vec<FieldError>) {
        let mut names = Self::default();
        let mut errors = LabelErrors::default();
        for (key, value) in members {
            let message = match (key.parse::<LabelNumber>(), LabelNames::from_json(value)) {
                (Ok(number), Ok(label)) => {
                    names.labels.push((number, label));
                    continue;
                }
                (Err(error), _) => error.to_string(),
                (_, Err(found)) => format!("expected a name or a list of names, found {found}"),
            };
            errors.push(FieldError::new(format!("contour_names.{key}"), message));
        }
        (names, errors.finish())
    }

    /// Parses what people paste: a JSON object as [`Self::from_json`] reads it, nnU-Net's
    /// `dataset.json` or its field `labels`, or else lines as [`Self::from_lines`] reads them.
    ///
    /// nnU-Net 2 has the names first: `{"background": 0, "liver": 1}`. Where a label is a list it
    /// is a region, and `regions_class_order` says which number each region gets in the
    /// segmentation, in the order of the labels, without background and `ignore`
    /// (`nnunetv2/utilities/label_handling/label_handling.py`).
    pub fn from_pasted(text: &str) -> Result<Self, Vec<FieldError>> {
        if !text.trim_start().starts_with('{') {
            return Self::from_lines(text);
        }
        let wrong = |error| vec![FieldError::json("contour_names", &error)];
        let whole = JsonObject::parse(text.as_bytes(), DuplicateKeys::Refuse).map_err(wrong)?;
        let inner = whole
            .get("labels")
            .filter(|raw| JsonKind::of(raw) == JsonKind::Object);
        let Some(inner) = inner else {
            return match named_first(&whole) {
                Some(labels) => Self::from_named_first(&labels, &whole),
                None => Self::from_json(text),
            };
        };
        let labels = JsonObject::parse(inner.as_bytes(), DuplicateKeys::Refuse).map_err(wrong)?;
        match named_first(&labels) {
            Some(labels) => Self::from_named_first(&labels, &whole),
            None => Self::from_json(inner),
        }
    }

    fn from_named_first(
        labels: &[(&str, Numbers)],
        whole: &JsonObject,
    ) -> Result<Self, Vec<FieldError>> {
        let mut rows = Rows::default();
        let mut add = |number: u64, name: &str| {
            if let Err(message) = rows.add(&number.to_string(), [name]) {
                rows.errors.push(FieldError::new("contour_names", message));
            }
        };
        let has_regions = labels.iter().any(|(_, n)| matches!(n, Numbers::Region(_)));
        if !has_regions {
            for (name, numbers) in labels {
                numbers.iter().for_each(|number| add(number, name));
            }
            return rows.finish();
        }
        let (background, regions): (Vec<_>, Vec<_>) = labels
            .iter()
            .filter(|(name, numbers)| *name != "ignore" || numbers.is_background())
            .partition(|(_, numbers)| numbers.is_background());
        let order: Vec<u64> = whole
            .get_as("regions_class_order")
            .ok()
            .flatten()
            .unwrap_or_default();
        if order.len() != regions.len() {
            let message =
                "labels that are regions need regions_class_order, with a number for each";
            return Err(vec![FieldError::new("contour_names", message)]);
        }
        background.iter().for_each(|(name, _)| add(0, name));
        for ((name, _), number) in regions.iter().zip(order) {
            add(number, name);
        }
        rows.finish()
    }

    /// Parses lines: a label number, then a tab and a name; further names follow further tabs.
    /// `1: spleen`, `1, spleen` and `1 spleen` are understood as well, with one name each. Cells in
    /// quotation marks are names however they look; other colours (`#c04040`) are left out. A first
    /// line can name the columns: those with number and name are read. Empty lines are skipped, names
    /// are trimmed. Errors name the line, and have it as position.
    pub fn from_lines(text: &str) -> Result<Self, Vec<FieldError>> {
        let mut rows = Rows::default();
        for (line, row) in label_table::rows(text) {
            let added =
                row.and_then(|(number, names)| rows.add(&number, names.iter().map(String::as_str)));
            if let Err(message) = added {
                let message = format!("line {line}: {message}");
                let position = Some(Position { line, column: 1 });
                let error = FieldError::new("contour_names", message);
                rows.errors.push(FieldError { position, ..error });
            }
        }
        rows.finish()
    }

    /// Builds from rows of a form, each a number as typed and its names. A row without number and
    /// names is skipped. The fields of the errors are `contour_names[n]`, counted from 0.
    pub fn from_rows<'a, I, N>(rows: I) -> Result<Self, Vec<FieldError>>
    where
        I: IntoIterator<Item = (&'a str, N)>,
        N: IntoIterator<Item = &'a str>,
    {
        let mut parsed = Rows::default();
        for (n, (number, names)) in rows.into_iter().enumerate() {
            if let Err(message) = parsed.add(number, names) {
                parsed
                    .errors
                    .push(FieldError::new(format!("contour_names[{n}]"), message));
            }
        }
        parsed.finish()
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
        let members = self.iter().map(|(number, names)| {
            let value = match names {
                LabelNames::One(name) => quote(name),
                LabelNames::List(names) => quote_all(names),
            };
            format!("\"{number}\":{value}")
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    /// The same labels, those with a single name in the shape that `earlier` gave that label; a
    /// label that is new there takes the shape of all the others, if they are lists. For rows of a
    /// form, which do not tell a name from a list of one.
    #[must_use]
    pub fn in_shape_of(mut self, earlier: &Self) -> Self {
        let is_list = |names: &LabelNames| matches!(names, LabelNames::List(_));
        let all_lists = !earlier.is_empty() && earlier.iter().all(|(_, names)| is_list(names));
        let shapes: HashMap<LabelNumber, bool> = earlier
            .iter()
            .map(|(number, names)| (number, is_list(names)))
            .collect();
        for (number, names) in &mut self.labels {
            if let LabelNames::One(name) = names
                && *shapes.get(number).unwrap_or(&all_lists)
            {
                *names = LabelNames::List(vec![std::mem::take(name)]);
            }
        }
        self
    }

    /// Lines as [`Self::from_lines`] reads them: number and names, separated by tabs.
    #[must_use]
    pub fn to_lines(&self) -> String {
        let line = |(number, names): (LabelNumber, &LabelNames)| {
            let names = names.as_slice().iter().map(|name| label_cell(name));
            format!("{number}\t{}\n", names.collect::<Vec<_>>().join("\t"))
        };
        self.iter().map(line).collect()
    }
}

/// What nnU-Net 2 gives a name: a number, or for a region the numbers that it holds.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Numbers {
    One(u64),
    Region(Vec<u64>),
}

impl Numbers {
    fn iter(&self) -> impl Iterator<Item = u64> {
        match self {
            Numbers::One(number) => std::slice::from_ref(number),
            Numbers::Region(numbers) => numbers.as_slice(),
        }
        .iter()
        .copied()
    }

    fn is_background(&self) -> bool {
        self.iter().all(|number| number == 0)
    }
}

/// The members of an object in which every value is a number or a list of some.
fn named_first(object: &JsonObject) -> Option<Vec<(&str, Numbers)>> {
    let numbers = |raw| {
        let numbers = serde_json::from_str::<Numbers>(raw).ok();
        numbers.filter(|numbers| numbers.iter().next().is_some())
    };
    let labels: Option<Vec<_>> = object
        .iter()
        .map(|(name, raw)| Some((name, numbers(raw)?)))
        .collect();
    labels.filter(|labels| !labels.is_empty())
}
