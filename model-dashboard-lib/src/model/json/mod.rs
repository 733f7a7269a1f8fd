//! JSON objects that keep what they are not told to change.
//!
//! serde_json's `Value` rewrites numbers and may reorder members. A definition must come through
//! an edit with the text of every other value intact, so an object here is a list of members whose
//! values stay raw text.

mod error;
mod merge;
mod scan;
mod text;
mod token;
mod view;

use std::collections::HashMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

pub use error::{JsonError, JsonErrorKind, Position};
pub(super) use scan::too_large_message;
pub(super) use text::{decode_string, minify, quote, quote_all};
pub(super) use view::ObjectView;

/// The largest definition, in bytes: 1 MiB.
pub const MAX_DEFINITION_BYTES: usize = 1 << 20;

/// The deepest nesting of objects and arrays, the outermost object counted.
pub const MAX_NESTING: usize = 128;

/// What to do when an object holds a key twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// Refuse it, at every level: for what someone sends.
    Refuse,
    /// The last value wins, at the place of the first: for what a bucket holds already.
    LastWins,
}

/// The kind of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl JsonKind {
    /// The kind of a value, told from the first character of its text.
    #[must_use]
    pub fn of(raw: &str) -> Self {
        match raw.trim_start().bytes().next() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Bool,
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number,
        }
    }
}

impl fmt::Display for JsonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a text",
            Self::Array => "a list",
            Self::Object => "an object",
        })
    }
}

/// One member: the key as read, the key as written if it holds escapes, the value as written.
#[derive(Clone)]
struct Member {
    key: Box<str>,
    escaped_key: Option<Box<str>>,
    value: Box<str>,
}

impl Member {
    fn new(key: &str, value: Box<str>) -> Self {
        let written = text::quote(key);
        let escaped_key = written.contains('\\').then(|| written.into());
        Self {
            key: key.into(),
            escaped_key,
            value,
        }
    }

    fn write_key(&self, out: &mut impl FnMut(&str)) {
        match &self.escaped_key {
            Some(written) => out(written),
            None => {
                out("\"");
                out(&self.key);
                out("\"");
            }
        }
    }
}

/// A JSON object as an ordered list of members whose values are kept as text.
///
/// Every value is valid JSON of limited depth. White space between members is not kept; white
/// space, number and string text inside values is.
#[derive(Clone, Default)]
pub struct JsonObject {
    members: Vec<Member>,
}

impl JsonObject {
    /// An object without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses one JSON object (RFC 8259, UTF-8; a byte order mark is skipped).
    ///
    /// Refused with line and column: more than [`MAX_DEFINITION_BYTES`], nesting deeper than
    /// [`MAX_NESTING`], anything that is not one object, `NaN` and `Infinity`, half surrogate
    /// pairs, and with [`DuplicateKeys::Refuse`] keys that appear twice at any level. Takes linear
    /// time, and no stack however deep the text nests.
    pub fn parse(bytes: &[u8], duplicates: DuplicateKeys) -> Result<Self, JsonError> {
        let (_, members) = scan::definition(bytes, duplicates)?;
        Ok(Self::from_view(&members))
    }

    /// Like [`Self::parse`], and says where the value of each member starts.
    pub(super) fn parse_located(
        bytes: &[u8],
        duplicates: DuplicateKeys,
    ) -> Result<(Self, Vec<Position>), JsonError> {
        let (text, members) = scan::definition(bytes, duplicates)?;
        let offsets: Vec<usize> = members.iter().map(|member| member.offset).collect();
        Ok((Self::from_view(&members), Position::of_all(text, &offsets)))
    }

    fn from_view(members: &[view::Member<'_>]) -> Self {
        let members = members.iter().map(|member| Member {
            key: member.key.as_ref().into(),
            escaped_key: member
                .key_text
                .contains('\\')
                .then(|| member.key_text.into()),
            value: member.value.into(),
        });
        Self {
            members: members.collect(),
        }
    }

    fn place(&self, key: &str) -> Option<usize> {
        self.members.iter().position(|member| &*member.key == key)
    }

    /// The text of a value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.place(key).map(|place| &*self.members[place].value)
    }

    /// The kind of a value.
    #[must_use]
    pub fn kind(&self, key: &str) -> Option<JsonKind> {
        self.get(key).map(JsonKind::of)
    }

    /// Reads a value. A member that is missing or null is `None`.
    pub fn get_as<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, JsonError> {
        view::read_as(self.get(key))
    }

    /// Reads a value that is itself an object; `None` for a missing member or any other kind.
    #[must_use]
    pub fn get_object(&self, key: &str) -> Option<Self> {
        self.view(key).map(|view| Self::from_view(&view.members))
    }

    /// Looks into a value that is an object.
    pub(super) fn view(&self, key: &str) -> Option<ObjectView<'_>> {
        self.get(key).and_then(ObjectView::of)
    }

    /// Sets a value to JSON text: at its place if the key is there, else at the end. The text is
    /// checked like one of a whole object, duplicate keys refused.
    pub fn set_raw(&mut self, key: &str, raw: &str) -> Result<(), JsonError> {
        let text = scan::check_text(raw.as_bytes())?;
        let value = scan::value(text, DuplicateKeys::Refuse, MAX_NESTING - 1)
            .map_err(|fault| JsonError::at(text, fault))?;
        self.put(key, text[value].into());
        Ok(())
    }

    /// Sets a value from anything serde can write as JSON.
    pub fn set<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), JsonError> {
        let raw = serde_json::to_string(value).map_err(|e| JsonError::typed(&e))?;
        self.set_raw(key, &raw)
    }

    /// Sets a value to a string.
    pub fn set_text(&mut self, key: &str, value: &str) {
        self.put(key, text::quote(value).into());
    }

    /// Sets a value to text that is known to be valid.
    pub(super) fn put(&mut self, key: &str, value: Box<str>) {
        match self.place(key) {
            Some(place) => self.members[place].value = value,
            None => self.push(key, value),
        }
    }

    /// Adds a member whose key is not there.
    pub(super) fn push(&mut self, key: &str, value: Box<str>) {
        self.members.push(Member::new(key, value));
    }

    /// Sets the values of another object, each at its place if the key is there, else at the end.
    /// Takes linear time.
    pub(super) fn put_all(&mut self, other: &Self) {
        let mut missing: HashMap<&str, &str> = other.iter().collect();
        for member in &mut self.members {
            if let Some(value) = missing.remove(&*member.key) {
                member.value = value.into();
            }
        }
        for (key, value) in other.iter().filter(|(key, _)| missing.contains_key(key)) {
            self.push(key, value.into());
        }
    }

    /// Takes a member out and gives the text of its value.
    pub fn remove(&mut self, key: &str) -> Option<Box<str>> {
        let place = self.place(key)?;
        Some(self.members.remove(place).value)
    }

    /// Takes out all members whose key does not pass.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.members.retain(|member| keep(&member.key));
    }

    /// Keys and the text of their values, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> + ExactSizeIterator {
        self.members
            .iter()
            .map(|member| (&*member.key, &*member.value))
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Applies a merge patch (RFC 7396): null removes, objects merge, anything else replaces.
    ///
    /// What the patch does not name keeps its place and its text, at every level; new members go
    /// to the end.
    pub fn merge_patch(&mut self, patch: &Self) {
        let result = merge::merge(&self.to_text(), &patch.to_text());
        if let Some(view) = ObjectView::of(&result) {
            *self = Self::from_view(&view.members);
        }
    }

    /// The object as JSON: members joined without white space, values as they stand.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_text().into_bytes()
    }

    /// The same as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(self.encoded_len());
        self.write(&mut |piece| out.push_str(piece));
        out
    }

    /// How many bytes [`Self::to_bytes`] gives.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let mut len = 0;
        self.write(&mut |piece| len += piece.len());
        len
    }

    fn write(&self, out: &mut impl FnMut(&str)) {
        self.write_with(out, |_, value, out| out(value));
    }

    /// Writes the object, values through a function that is told their keys.
    pub(super) fn write_with<W: FnMut(&str)>(
        &self,
        out: &mut W,
        mut write_value: impl FnMut(&str, &str, &mut W),
    ) {
        let mut before = "{";
        for member in &self.members {
            out(before);
            before = ",";
            member.write_key(out);
            out(":");
            write_value(&member.key, &member.value, out);
        }
        out(if self.is_empty() { "{}" } else { "}" });
    }

    /// The object for people to read: indented by two spaces, short lists on one line, numbers and
    /// strings as they stand. What would become more than eight times as long by it, as deep nesting
    /// does, stays on one line.
    #[must_use]
    pub fn to_pretty(&self) -> String {
        text::pretty(&self.to_text())
    }

    /// The object without any white space between tokens, numbers and strings as they stand.
    #[must_use]
    pub fn minified(&self) -> String {
        let mut out = String::new();
        self.write_with(&mut |piece: &str| out.push_str(piece), |_, value, out| {
            text::minify(value, out);
        });
        out
    }
}

/// Objects are equal when they hold the same keys and the same value texts in the same order.
impl PartialEq for JsonObject {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for JsonObject {}

impl fmt::Debug for JsonObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl fmt::Display for JsonObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

/// Written as the object it is; values keep their text when the format is serde_json's.
impl Serialize for JsonObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.to_text()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}
