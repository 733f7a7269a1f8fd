//! What other programs, and people by hand, changed in the repository, as far as it shows.

use std::collections::VecDeque;

use super::edit::Edit;
use super::entry::{Entry, EntryState, Fresh};
use super::picture::Picture;
use super::{Catalog, Writing, lock};
use crate::model::{ModelKey, Timestamp, Version};
use crate::repository::StoredModel;

/// More changes than this that show at once are told as one.
const TOLD_EACH: usize = 100;

/// How many wait to be told; further ones are told as one.
const MAX_WAITING: usize = 1_000;

/// Something that was changed outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    One(OutsideChange),
    Many(OutsideCounts),
}

/// One object that was changed outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutsideChange {
    /// When that was noticed.
    pub(crate) at: Timestamp,
    pub(crate) key: ModelKey,
    /// What people saw of it before; `None` if nothing.
    pub(crate) before: Option<EntryState>,
    /// What they see of it since.
    pub(crate) after: Option<EntryState>,
}

/// How many objects were changed outside, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OutsideCounts {
    pub(crate) appeared: usize,
    pub(crate) changed: usize,
    pub(crate) deleted: usize,
    /// How many of them are enabled since, and how many no more.
    pub(crate) enabled: usize,
    pub(crate) disabled: usize,
}

impl OutsideChange {
    /// What an edit says that the registry did not do.
    fn find(picture: &Picture, edit: &Edit) -> Option<Self> {
        let known = picture.known(edit.key()).map(|entry| &**entry);
        let before = known.filter(|entry| entry.is_visible());
        let after = match edit {
            Edit::Remove(_) => None,
            Edit::Put(Fresh { entry, .. }) => {
                let put_back = known.is_some_and(|known| known.is_later_than(entry));
                let unknown = content(entry).is_none();
                if unknown || (entry.ours && !put_back) {
                    return None;
                }
                Some(&**entry).filter(|entry| entry.is_visible())
            }
        };
        let is_news = match (before, after) {
            (None, None) => false,
            (Some(before), Some(after)) => {
                let before = content(before);
                before.is_some() && before != content(after)
            }
            _ => true,
        };
        is_news.then(|| Self {
            at: Timestamp::now(),
            key: edit.key().clone(),
            before: before.map(Entry::state),
            after: after.map(Entry::state),
        })
    }

    pub(crate) fn enables(&self) -> bool {
        self.before != Some(EntryState::Enabled) && self.after == Some(EntryState::Enabled)
    }

    pub(crate) fn disables(&self) -> bool {
        self.before == Some(EntryState::Enabled) && self.after != Some(EntryState::Enabled)
    }
}

/// The version of what was read, or of what is too large for it; `None` if reading failed.
fn content(entry: &Entry) -> Option<Version> {
    let broken = entry.broken().and_then(|broken| broken.version);
    entry.version().or(broken)
}

impl OutsideCounts {
    fn add(&mut self, change: &OutsideChange) {
        let count = match (change.before, change.after) {
            (None, _) => &mut self.appeared,
            (_, None) => &mut self.deleted,
            _ => &mut self.changed,
        };
        *count += 1;
        self.enabled += usize::from(change.enables());
        self.disabled += usize::from(change.disables());
    }
}

/// What waits to be told.
#[derive(Debug, Default)]
pub(super) struct Noticed(VecDeque<Outside>);

impl Noticed {
    fn push(&mut self, changes: Vec<OutsideChange>) {
        if changes.len() <= TOLD_EACH && self.0.len() + changes.len() <= MAX_WAITING {
            self.0.extend(changes.into_iter().map(Outside::One));
            return;
        }
        let mut counts = match self.0.pop_back() {
            Some(Outside::Many(counts)) => counts,
            other => {
                self.0.extend(other);
                OutsideCounts::default()
            }
        };
        changes.iter().for_each(|change| counts.add(change));
        self.0.push_back(Outside::Many(counts));
    }
}

impl Writing {
    /// Notices what edits of this picture show that the registry did not do.
    pub(super) fn notice(&mut self, picture: &Picture, edits: &[Edit]) {
        let changes = edits.iter();
        let changes = changes.filter_map(|edit| OutsideChange::find(picture, edit));
        self.noticed.push(changes.collect());
    }
}

impl Catalog {
    /// What was changed outside since this was asked last. What the first picture shows is not
    /// among it.
    pub(crate) fn take_outside(&self) -> Vec<Outside> {
        lock(&self.inner.writing).noticed.0.drain(..).collect()
    }

    /// What an object shows that was changed outside and is not in the picture: a writer who
    /// replaces it is the last to see that.
    pub(crate) fn outside(&self, stored: &StoredModel) -> Option<OutsideChange> {
        let picture = self.current();
        let known = picture.known(&stored.key);
        if !self.is_loaded() || known.is_some_and(|it| it.version() == Some(stored.version)) {
            return None;
        }
        OutsideChange::find(&picture, &Edit::Put(Fresh::read(stored)))
    }
}
