//! Merge patches (RFC 7396) on text, in linear time: both sides are split once, all the way down.

use std::collections::HashMap;

use super::text::value_len;
use super::view::{Member, read_members};

/// A value that is known to be valid, and its members if it is an object. Nesting is limited, so
/// recursion is too.
#[derive(Debug)]
struct Tree<'a> {
    raw: &'a str,
    members: Option<Vec<Member<'a, Tree<'a>>>>,
}

impl<'a> Tree<'a> {
    /// Reads the value that `text` starts with, and tells its length.
    fn read(text: &'a str) -> (Self, usize) {
        let (members, len) = if text.starts_with('{') {
            let (members, len) = read_members(text, Tree::read);
            (Some(members), len)
        } else {
            (None, value_len(text))
        };
        (
            Self {
                raw: &text[..len],
                members,
            },
            len,
        )
    }
}

/// Applies a patch to an object and gives the text of the result. What the patch does not name
/// keeps its text; new members follow the old ones.
pub(super) fn merge(target: &str, patch: &str) -> String {
    let mut out = String::with_capacity(target.len() + patch.len());
    write_merged(&mut out, Some(&Tree::read(target).0), &Tree::read(patch).0);
    out
}

fn write_merged(out: &mut String, old: Option<&Tree<'_>>, patch: &Tree<'_>) {
    let Some(changes) = &patch.members else {
        out.push_str(patch.raw);
        return;
    };
    let mut open: HashMap<&str, &Tree<'_>> = changes
        .iter()
        .map(|change| (&*change.key, &change.value))
        .collect();
    let mut before = "{";
    let mut write_key = |out: &mut String, key_text: &str| {
        out.push_str(before);
        before = ",";
        out.push_str(key_text);
        out.push(':');
    };
    for member in old
        .and_then(|old| old.members.as_deref())
        .unwrap_or_default()
    {
        match open.remove(&*member.key) {
            None => {
                write_key(out, member.key_text);
                out.push_str(member.value.raw);
            }
            Some(change) if change.raw == "null" => {}
            Some(change) => {
                write_key(out, member.key_text);
                write_merged(out, Some(&member.value), change);
            }
        }
    }
    for change in changes {
        if open.contains_key(&*change.key) && change.value.raw != "null" {
            write_key(out, change.key_text);
            write_merged(out, None, &change.value);
        }
    }
    out.push_str(if before == "{" { "{}" } else { "}" });
}
