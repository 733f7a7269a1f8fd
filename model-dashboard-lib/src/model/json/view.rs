//! Objects inside a text already checked, looked at without copying them.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::DeserializeOwned;

use super::error::JsonError;
use super::{DuplicateKeys, JsonKind, MAX_NESTING, scan};

/// One member of an object, as it lies in the text.
#[derive(Debug, Clone)]
pub(in crate::model) struct MemberView<'a> {
    /// The key as read.
    pub(in crate::model) key: Cow<'a, str>,
    /// The key as written, quotes included.
    pub(in crate::model) key_text: &'a str,
    /// The value as written.
    pub(in crate::model) value: &'a str,
    /// The byte at which the value starts.
    pub(super) offset: usize,
}

/// The members of an object, in order, every key once.
#[derive(Debug, Clone, Default)]
pub(in crate::model) struct ObjectView<'a> {
    pub(in crate::model) members: Vec<MemberView<'a>>,
}

impl<'a> ObjectView<'a> {
    /// Splits a value that is known to be valid; `None` if it is no object.
    pub(in crate::model) fn of(raw: &'a str) -> Option<Self> {
        if JsonKind::of(raw) != JsonKind::Object {
            return None;
        }
        let members = scan::object(raw, DuplicateKeys::LastWins, MAX_NESTING);
        debug_assert!(members.is_ok(), "values are checked when they come in");
        members.ok().map(|members| Self { members })
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
pub(super) fn last_wins(members: &mut Vec<MemberView<'_>>) {
    // Most objects are small, and comparing few keys is quicker than hashing them.
    let unique = |(n, member): (usize, &MemberView<'_>)| {
        members[..n].iter().all(|other| other.key != member.key)
    };
    if members.len() <= 24 && members.iter().enumerate().all(unique) {
        return;
    }
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<MemberView<'_>> = Vec::with_capacity(members.len());
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
