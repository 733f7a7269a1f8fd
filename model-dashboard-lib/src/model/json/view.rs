//! Objects inside a text already checked, looked at without copying them.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::DeserializeOwned;

use super::error::JsonError;
use super::text::{decode_string, value_len};

/// One member of an object, as it lies in the text.
#[derive(Debug)]
pub(in crate::model) struct Member<'a, V = &'a str> {
    /// The key as read.
    pub(in crate::model) key: Cow<'a, str>,
    /// The key as written, quotes included.
    pub(in crate::model) key_text: &'a str,
    /// The value: its text, unless something else was made of it.
    pub(in crate::model) value: V,
    /// The byte at which the value starts.
    pub(super) offset: usize,
}

/// Splits the object that `text`, which is known to be valid, starts with. `read_value` is given
/// the text from a value on, and tells the value's length. Every key comes once. Tells the
/// object's length too.
pub(super) fn read_members<'a, V>(
    text: &'a str,
    read_value: impl Fn(&'a str) -> (V, usize),
) -> (Vec<Member<'a, V>>, usize) {
    let mut members = Vec::new();
    let mut at = next_token(text, 1);
    while text.as_bytes().get(at) == Some(&b'"') {
        let key_end = at + value_len(&text[at..]);
        let key_text = &text[at..key_end];
        let offset = next_token(text, key_end);
        let (value, len) = read_value(&text[offset..]);
        members.push(Member {
            key: key_of(key_text),
            key_text,
            value,
            offset,
        });
        at = next_token(text, offset + len);
    }
    last_wins(&mut members);
    (members, text.len().min(at + 1))
}

/// The members of an object, in order, every key once.
#[derive(Debug, Default)]
pub(in crate::model) struct ObjectView<'a> {
    pub(in crate::model) members: Vec<Member<'a>>,
}

impl<'a> ObjectView<'a> {
    /// Splits a value that is known to be valid; `None` if it is no object.
    pub(in crate::model) fn of(raw: &'a str) -> Option<Self> {
        let slice = |text: &'a str| {
            let len = value_len(text);
            (&text[..len], len)
        };
        raw.starts_with('{').then(|| Self {
            members: read_members(raw, slice).0,
        })
    }

    /// The text of a value.
    pub(in crate::model) fn get(&self, key: &str) -> Option<&'a str> {
        self.members
            .iter()
            .find(|member| member.key == key)
            .map(|member| member.value)
    }

    /// Reads a value; `None` if it is missing, null or of another type.
    pub(in crate::model) fn read<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        read_as(self.get(key)).unwrap_or_default()
    }

    /// Splits a value that is an object.
    pub(in crate::model) fn get_object(&self, key: &str) -> Option<Self> {
        self.get(key).and_then(ObjectView::of)
    }

    /// Keys and the text of their values, in order.
    pub(in crate::model) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members
            .iter()
            .map(|member| (&*member.key, member.value))
    }
}

/// The key that is written so.
pub(super) fn key_of(key_text: &str) -> Cow<'_, str> {
    let inner = key_text.get(1..key_text.len() - 1).unwrap_or_default();
    match inner
        .contains('\\')
        .then(|| decode_string(key_text))
        .flatten()
    {
        Some(decoded) => Cow::Owned(decoded),
        None => Cow::Borrowed(inner),
    }
}

/// Where the next key, value or end stands.
fn next_token(raw: &str, from: usize) -> usize {
    let between = |b: u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':');
    let rest = raw.as_bytes().get(from..).unwrap_or_default();
    from + rest.iter().position(|&b| !between(b)).unwrap_or(rest.len())
}

/// Reads a value; missing or null is `None`.
pub(super) fn read_as<T: DeserializeOwned>(raw: Option<&str>) -> Result<Option<T>, JsonError> {
    match raw {
        None | Some("null") => Ok(None),
        Some(raw) => serde_json::from_str(raw)
            .map(Some)
            .map_err(|error| JsonError::typed(&error)),
    }
}

/// Leaves every key once: the last value, at the place of the first.
pub(super) fn last_wins<V>(members: &mut Vec<Member<'_, V>>) {
    // Most objects are small, and comparing few keys is quicker than hashing them.
    let unique = |(n, member): (usize, &Member<'_, V>)| {
        members[..n].iter().all(|other| other.key != member.key)
    };
    // Label numbers mostly ascend, and then none comes twice.
    let ascends =
        |a: &Member<'_, V>, b: &Member<'_, V>| (a.key.len(), &a.key) < (b.key.len(), &b.key);
    if members.is_sorted_by(ascends)
        || (members.len() <= 24 && members.iter().enumerate().all(unique))
    {
        return;
    }
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<Member<'_, V>> = Vec::with_capacity(members.len());
    for member in members.drain(..) {
        match places.get(&member.key) {
            Some(&place) => {
                kept[place].value = member.value;
                kept[place].offset = member.offset;
            }
            None => {
                places.insert(member.key.clone(), kept.len());
                kept.push(member);
            }
        }
    }
    *members = kept;
}
