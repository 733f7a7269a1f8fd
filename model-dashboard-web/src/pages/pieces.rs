//! What a part of a form consists of where two people may change it at once: labels by number,
//! members of an object by name, tags.

use std::collections::HashSet;
use std::fmt;

use model_dashboard::model::{
    ContourNames, DuplicateKeys, JsonObject, LabelNames, LabelNumber, label_cell,
};

use super::definition::{names_text, pretty, split_names};
use super::parts::Part;

/// What a piece is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    Label(LabelNumber),
    /// A member of an object, or a tag.
    Name(String),
}

impl Key {
    /// The key in the name of a control.
    pub(super) fn parse(part: Part, text: &str) -> Option<Key> {
        match part {
            Part::Labels => text.parse().ok().map(Key::Label),
            _ => Some(Key::Name(text.to_owned())),
        }
    }

    /// Whether it can stand in the name of a control: browsers rewrite line breaks.
    pub(super) fn is_plain(&self) -> bool {
        !matches!(self, Key::Name(name) if name.contains(char::is_control))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Label(number) => number.fmt(f),
            Key::Name(name) => f.write_str(name),
        }
    }
}

/// A key and what people read and write for it: names of a label, JSON, nothing for a tag.
pub(super) type Piece = (Key, String);

/// A part of more pieces is taken as a whole.
const MOST_PIECES: usize = 5_000;

/// The pieces of a part; `None` if it has none or too many, or cannot be read.
pub(super) fn split(part: Part, text: &str) -> Option<Vec<Piece>> {
    all_pieces(part, text).filter(|pieces| pieces.len() <= MOST_PIECES)
}

fn all_pieces(part: Part, text: &str) -> Option<Vec<Piece>> {
    match part {
        Part::Labels => {
            let labels = ContourNames::from_pasted(text).ok()?;
            let piece = |(number, names): (_, &LabelNames)| {
                (Key::Label(number), names_text(names.as_slice()))
            };
            Some(labels.iter().map(piece).collect())
        }
        Part::InferenceInformation | Part::OtherFields => {
            let text = if text.trim().is_empty() { "{}" } else { text };
            // However it is indented.
            let object = JsonObject::parse(text.as_bytes(), DuplicateKeys::Refuse).ok()?;
            let object = JsonObject::parse(object.minified().as_bytes(), DuplicateKeys::Refuse);
            let object = object.ok()?;
            let member = |(name, raw): (&str, &str)| (Key::Name(name.to_owned()), pretty(raw));
            Some(object.iter().map(member).collect())
        }
        Part::Tags => {
            let mut seen = HashSet::new();
            let mut tags = split_names(text);
            tags.retain(|tag| seen.insert(tag.clone()));
            let tag = |tag| (Key::Name(tag), String::new());
            Some(tags.into_iter().map(tag).collect())
        }
        _ => None,
    }
}

/// The part that has these pieces.
///
/// # Errors
/// What is wrong with a piece.
pub(super) fn join<'a>(
    part: Part,
    pieces: impl IntoIterator<Item = (&'a Key, &'a str)>,
) -> Result<String, String> {
    let pieces = pieces.into_iter();
    Ok(match part {
        Part::Labels => {
            let line = |(number, names): (&Key, &str)| {
                let names = split_names(names);
                let cells: Vec<_> = names.iter().map(|name| label_cell(name)).collect();
                format!("{number}\t{}", cells.join("\t"))
            };
            pieces.map(line).collect::<Vec<_>>().join("\n")
        }
        Part::Tags => {
            let tags: Vec<String> = pieces.map(|(tag, _)| tag.to_string()).collect();
            match tags.is_empty() {
                true => String::new(),
                false => names_text(&tags),
            }
        }
        _ => {
            let mut object = JsonObject::new();
            for (name, raw) in pieces {
                let set = object.set_raw(&name.to_string(), raw);
                set.map_err(|error| error.message().to_owned())?;
            }
            match object.is_empty() {
                true => String::new(),
                false => object.to_pretty(),
            }
        }
    })
}
