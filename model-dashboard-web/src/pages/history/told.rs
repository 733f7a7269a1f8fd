//! Revisions and their differences as the pages tell them.

use model_dashboard::catalog::{Entry, EntryState};
use model_dashboard::dashboard::{ModelRevision, Origin, RevisionContent};
use model_dashboard::model::{self, Comparison, FieldChange, LabelChangeKind, ModelKey, Via};

use crate::pages::actor::Sources;
use crate::pages::errors::sentence;
use crate::views::components::difference::Change;
use crate::views::history::changes::{Changes, LabelChange, LabelKind};
use crate::views::history::{Content, Life, Revision, Source, Subject};

/// A model, or what is left of it.
pub(super) fn subject(key: &ModelKey, entry: Option<&Entry>) -> Subject {
    let life = match entry.map(Entry::state) {
        Some(EntryState::Enabled) => Life::Enabled,
        Some(EntryState::Disabled) => Life::Disabled,
        Some(EntryState::Broken) => Life::Broken,
        Some(EntryState::Deleted) | None => Life::Deleted,
    };
    let is_read = matches!(life, Life::Enabled | Life::Disabled);
    let alias = entry.filter(|_| is_read).map(Entry::alias);
    Subject {
        network_type: key.network_type.to_string(),
        name: key.name.to_string(),
        alias: alias.unwrap_or_default().into_owned(),
        life,
        // What another program has written still holds the number that it had before.
        present: entry
            .filter(|entry| entry.is_ours())
            .and_then(Entry::revision),
    }
}

/// A revision of the model that is at `now`.
pub(in crate::pages) fn revision(
    revision: &ModelRevision,
    now: &ModelKey,
    sources: &Sources,
) -> Revision {
    Revision {
        number: revision.number,
        at: revision.at.map(Into::into),
        by: sources.actor(
            revision.by.as_deref().unwrap_or_default(),
            revision.source.as_deref(),
        ),
        source: match &revision.via {
            Some(Via::Dashboard) => Source::Dashboard,
            Some(Via::Api) => Source::Api,
            Some(Via::Cli) => Source::Cli,
            Some(Via::Outside) => Source::Outside,
            Some(other) => Source::Other(other.as_str().to_owned()),
            None => Source::Unknown,
        },
        message: revision.message.clone(),
        was: revision
            .key
            .as_ref()
            .filter(|key| *key != now)
            .map(ToString::to_string),
        falsified: revision.origin == Origin::Falsified,
        content: match &revision.content {
            RevisionContent::Definition(_) => Content::Definition,
            RevisionContent::Deleted => Content::Deleted,
            RevisionContent::Unreadable(why) => Content::Unreadable(sentence(why)),
            _ => Content::Unreadable(String::new()),
        },
    }
}

/// What differs.
pub(in crate::pages) fn changes(found: &Comparison) -> Changes {
    Changes {
        more: found.more,
        ..told_changes(&found.fields, &found.labels)
    }
}

/// The same of fields and labels.
pub(in crate::pages) fn told_changes(
    fields: &[FieldChange],
    labels: &[model::LabelChange],
) -> Changes {
    let fields = fields.iter().map(|change| Change {
        field: change.field.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
    });
    let labels = labels.iter().map(|label| LabelChange {
        number: label.number.get(),
        before: label.before.as_ref().map(ToString::to_string),
        after: label.after.as_ref().map(ToString::to_string),
        kind: match label.kind {
            LabelChangeKind::Added => LabelKind::Added,
            LabelChangeKind::Removed => LabelKind::Removed,
            LabelChangeKind::Respelled => LabelKind::Respelled,
            _ => LabelKind::Breaking,
        },
    });
    Changes {
        fields: fields.collect(),
        labels: labels.collect(),
        more: 0,
    }
}
