//! Where the texts of a model lie in its list entry.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Where texts lie in a list entry, without their quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::catalog) struct Spans {
    pub(in crate::catalog) description: Span,
    pub(in crate::catalog) version: Span,
    pub(in crate::catalog) alias: Span,
    pub(in crate::catalog) create_date: Span,
    pub(in crate::catalog) last_modified_date: Span,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::catalog) struct Span {
    pub(in crate::catalog) start: u32,
    pub(in crate::catalog) end: u32,
}

impl Span {
    pub(super) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Spans {
    /// Finds the texts in a list entry that this program wrote.
    pub(in crate::catalog) fn of(list_json: &str) -> Self {
        #[derive(Deserialize)]
        struct Texts<'a> {
            #[serde(borrow)]
            description: &'a RawValue,
            #[serde(borrow)]
            version: &'a RawValue,
            #[serde(borrow)]
            alias: &'a RawValue,
            #[serde(borrow)]
            create_date: &'a RawValue,
            #[serde(borrow)]
            last_modified_date: &'a RawValue,
        }
        let Ok(texts) = serde_json::from_str::<Texts<'_>>(list_json) else {
            return Self::default();
        };
        // A definition has at most 1 MiB, so offsets are far below 4 GiB.
        let span = |value: &RawValue| {
            let start = value.get().as_ptr().addr() - list_json.as_ptr().addr() + 1;
            Span {
                start: start as u32,
                end: (start + value.get().len() - 2) as u32,
            }
        };
        Self {
            description: span(texts.description),
            version: span(texts.version),
            alias: span(texts.alias),
            create_date: span(texts.create_date),
            last_modified_date: span(texts.last_modified_date),
        }
    }
}
