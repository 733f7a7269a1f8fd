//! What a store tells of parts that are not put together yet.

use std::fmt;

use async_trait::async_trait;

use super::super::conditional::Fault;
use super::super::keys::{Folder, StoreKey};
use super::large::Parts;

/// Looks at lots of parts.
#[async_trait]
pub(in super::super) trait Lots: fmt::Debug + Send + Sync {
    /// The parts of a lot, in order; `None` if there is no such lot.
    async fn parts(&self, key: &StoreKey, lot: &str) -> Result<Option<Vec<Part>>, Fault>;

    /// The lots of what lies in a folder: the name of the object, and what the store calls the lot.
    async fn lots(&self, folder: &Folder) -> Result<Vec<(String, String)>, Fault>;
}

/// A part that the store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Part {
    /// Its number, from 1.
    pub(in super::super) number: usize,
    /// How many bytes it has.
    pub(in super::super) size: u64,
    /// What the store calls it; not every store says so.
    pub(in super::super) name: Option<String>,
}

impl Parts {
    /// What is wrong with the parts that a store has, if anything is.
    pub(super) fn missed_in(&self, stored: Option<Vec<Part>>) -> Option<String> {
        let Some(stored) = stored else {
            return Some("the store has purged its parts".to_owned());
        };
        let mut stored = stored.iter().peekable();
        for (name, number) in self.there.iter().zip(1..) {
            let found = stored.next_if(|part| part.number == number);
            let same = found.is_some_and(|part| {
                let named = part
                    .name
                    .as_deref()
                    .is_none_or(|found| bare(found) == bare(name));
                part.size == self.size && named
            });
            if !same {
                return Some(format!("part {number} is not the one that was stored"));
            }
        }
        None
    }
}

/// Some listings leave out the quotation marks.
fn bare(tag: &str) -> &str {
    tag.trim_matches('"')
}
