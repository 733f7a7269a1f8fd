//! What the catalogue holds about a model.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Span, Spans};
use crate::model::{ModelId, ModelSummary, Timestamp};

/// What a list shows of a model beside the texts in its list entry.
pub(in crate::catalog) struct ModelParts {
    pub(in crate::catalog) enabled: bool,
    pub(in crate::catalog) contradicts_key: bool,
    pub(in crate::catalog) has_wrong_types: bool,
    pub(in crate::catalog) label_count: u32,
    pub(in crate::catalog) list_json: Box<str>,
    pub(in crate::catalog) spans: Spans,
    pub(in crate::catalog) created: Option<Timestamp>,
    pub(in crate::catalog) modified: Option<Timestamp>,
    pub(in crate::catalog) modified_at: Option<Timestamp>,
    pub(in crate::catalog) modified_by: Option<Arc<str>>,
    pub(in crate::catalog) owner: Option<Arc<str>>,
    pub(in crate::catalog) tags: Box<[Arc<str>]>,
    pub(in crate::catalog) id: Option<ModelId>,
    pub(in crate::catalog) revision: Option<u64>,
}

impl ModelParts {
    pub(super) fn new(summary: ModelSummary) -> Self {
        let list_json = summary.list_entry_json().into_boxed_str();
        Self {
            enabled: summary.enabled,
            contradicts_key: summary.contradicts_key,
            has_wrong_types: summary.has_wrong_types,
            label_count: summary.label_count,
            spans: Spans::of(&list_json),
            list_json,
            created: summary.create_date.instant(),
            modified: summary.last_modified_date.instant(),
            modified_at: summary.modified_at,
            modified_by: summary.modified_by.map(Arc::from),
            owner: summary.owner.map(Arc::from),
            tags: distinct(summary.tags),
            id: summary.id,
            revision: summary.revision,
        }
    }

    pub(super) fn text(&self, span: fn(&Spans) -> &Span) -> Cow<'_, str> {
        let text = self
            .list_json
            .get(span(&self.spans).range())
            .unwrap_or_default();
        if text.contains('\\') {
            serde_json::from_str(&format!("\"{text}\"")).unwrap_or_default()
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// Each tag once, in the order given.
fn distinct(tags: Box<[Box<str>]>) -> Box<[Arc<str>]> {
    let mut seen: Vec<Arc<str>> = Vec::with_capacity(tags.len());
    for tag in tags {
        if !seen.iter().any(|other| **other == *tag) {
            seen.push(tag.into());
        }
    }
    seen.into()
}
