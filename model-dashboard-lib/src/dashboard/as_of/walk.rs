//! Reading a history from its end until the revision that was the present one at a time.

use super::Doubt;
use crate::dashboard::history::beside;
use crate::dashboard::{Dashboard, Error, ModelRevision, Origin, RevisionContent};
use crate::model::{ModelId, ModelKey, Timestamp, Version, Via};
use crate::repository::Archived;

/// How many revisions are read at a time.
const REVISIONS_AT_ONCE: usize = 8;

/// What a history tells of a time.
#[derive(Debug)]
pub(super) enum Walked {
    /// There was a model.
    Told(Told),
    /// There was none.
    Nothing,
    /// There was none: the last revision, of this number, is its deletion.
    Deleted(u64),
    /// The history is not given by a store that answers otherwise.
    Unreadable,
}

/// The model that there was at a time.
#[derive(Debug)]
pub(super) struct Told {
    /// The state at that time, or the oldest one that is known.
    pub(super) state: PastState,
    /// Whether it is the last one.
    pub(super) is_last: bool,
    /// The key that the model had then, if the states from then on say it.
    pub(super) key: Option<ModelKey>,
    /// Why it may be wrong, as far as the history shows that.
    pub(super) doubt: Option<Doubt>,
}

/// What a revision says of a model, without its text.
#[derive(Debug)]
pub(super) struct PastState {
    pub(super) number: u64,
    pub(super) at: Option<Timestamp>,
    origin: Origin,
    /// Whether another program did what it says, and `at` is when that was noticed.
    is_noticed: bool,
    /// The version of its bytes; known of the last revision that can be read.
    pub(super) version: Option<Version>,
    pub(super) content: PastContent,
}

#[derive(Debug)]
pub(super) enum PastContent {
    Model(PastModel),
    Deleted,
    Unreadable,
}

#[derive(Debug, Default)]
pub(super) struct PastModel {
    pub(super) alias: String,
    pub(super) version: String,
    pub(super) enabled: bool,
    /// When the model came to be and when it was changed last, as the definition says it.
    pub(super) created: Option<Timestamp>,
    pub(super) modified: Option<Timestamp>,
}

impl Dashboard {
    /// What a history tells of a time.
    pub(super) async fn walk(&self, id: &ModelId, at: Timestamp) -> Result<Walked, Error> {
        let (mut walk, mut before) = (Walk::default(), None);
        loop {
            let page = self.page_before(id, before, REVISIONS_AT_ONCE).await;
            if let Err(Error::Unavailable { .. }) = page {
                self.inner.catalog.ask_marker().await?;
                return Ok(Walked::Unreadable);
            }
            let page = page?;
            before = page.last().map(|last| last.number);
            walk = beside(move || walk.on(page, at)).await?;
            if walk.then.is_some() || before.is_none() {
                return Ok(walk.end(at));
            }
        }
    }
}

/// How far a history was read.
#[derive(Debug, Default)]
struct Walk {
    /// The state at the time.
    then: Option<PastState>,
    /// The state after it, or the first one so far.
    later: Option<PastState>,
    /// The key before that, as far as it is known.
    key: Option<ModelKey>,
    /// The revision after, which notes what this one was.
    after: Option<ModelRevision>,
}

impl Walk {
    /// Goes on with earlier revisions, the last one first.
    fn on(mut self, page: Vec<Archived>, at: Timestamp) -> Self {
        for archived in page {
            let is_last = self.later.is_none();
            let read = archived.revision.as_ref().ok().filter(|_| is_last);
            let version = read.map(|revision| Version::of(&revision.bytes));
            let mut revision = ModelRevision::read(archived);
            if let Some(after) = &self.after {
                revision.compare_with_note_of(after);
            }
            self.after = Some(revision.without_content());
            self.key = revision.key.clone().or(self.key);
            let came_from = came_from(&revision);
            let state = PastState::of(&revision, version);
            if state.at.is_some_and(|made| made <= at) {
                self.then = Some(state);
                return self;
            }
            self.key = came_from.or(self.key);
            self.later = Some(state);
        }
        self
    }

    fn end(self, at: Timestamp) -> Walked {
        let Self {
            then, later, key, ..
        } = self;
        let is_last = later.is_none();
        let (state, doubt) = match (then, later) {
            (Some(then), None) if then.is_deletion() => return Walked::Deleted(then.number),
            (Some(then), None) => (then, None),
            (Some(then), Some(later)) => {
                let doubt = later.doubt_after(&then);
                // What came after a deletion may have been there already.
                match then.is_deletion() && later.may_be_older_than(at) {
                    true => (later, doubt),
                    false => (then, doubt),
                }
            }
            (None, Some(first)) if first.may_be_older_than(at) => (first, Some(Doubt::NoHistory)),
            (None, Some(first)) if first.number > 1 && first.may_have_been_made(at) => {
                (first, Some(Doubt::Missing))
            }
            (None, _) => return Walked::Nothing,
        };
        let doubt = match (&state.content, state.origin) {
            (_, Origin::Falsified) => Some(Doubt::Falsified),
            (PastContent::Deleted, _) if doubt != Some(Doubt::Missing) => return Walked::Nothing,
            (PastContent::Unreadable, _) => Some(Doubt::Unreadable),
            _ => doubt,
        };
        Walked::Told(Told {
            state,
            is_last,
            key,
            doubt,
        })
    }
}

/// The key before a rename.
fn came_from(revision: &ModelRevision) -> Option<ModelKey> {
    let renamed = revision.definition()?.registry()?;
    let is_told = revision.origin == Origin::Registry;
    renamed.moved_from.filter(|_| is_told)
}

impl PastState {
    fn of(revision: &ModelRevision, version: Option<Version>) -> Self {
        let content = match &revision.content {
            RevisionContent::Definition(definition) => PastContent::Model(PastModel {
                alias: definition.given_alias(),
                version: definition.version(),
                enabled: definition.enabled(),
                created: definition.create_date().instant(),
                modified: definition.last_modified_date().instant(),
            }),
            RevisionContent::Deleted => PastContent::Deleted,
            RevisionContent::Unreadable(_) => PastContent::Unreadable,
        };
        Self {
            number: revision.number,
            at: revision.at,
            origin: revision.origin,
            is_noticed: revision.via == Some(Via::Outside),
            version,
            content,
        }
    }

    /// Whether it says that there was no model, and is what was once stored.
    fn is_deletion(&self) -> bool {
        matches!(self.content, PastContent::Deleted) && self.origin != Origin::Falsified
    }

    /// Whether what it holds may have been there at a time before this, the first state of a history
    /// or the one after a deletion: another program wrote it, or it does not say truly when it was
    /// made.
    fn may_be_older_than(&self, at: Timestamp) -> bool {
        match self.origin {
            Origin::Falsified => true,
            Origin::Outside => !self.is_deletion() && self.may_have_been_made(at),
            Origin::Registry => false,
        }
    }

    /// Whether the model may have been there at a time, by the date that it says itself.
    fn may_have_been_made(&self, at: Timestamp) -> bool {
        match &self.content {
            PastContent::Model(model) => model.created.is_none_or(|made| made <= at),
            PastContent::Deleted | PastContent::Unreadable => true,
        }
    }

    /// Why what was there between the state `before` and this one may be another.
    fn doubt_after(&self, before: &Self) -> Option<Doubt> {
        match (&self.content, self.origin, self.at) {
            // What a falsified one says of its time is not to be trusted either.
            (_, Origin::Falsified, _) => Some(Doubt::Falsified),
            _ if self.number > before.number + 1 => Some(Doubt::Missing),
            // Nothing says when it was made.
            (PastContent::Unreadable, _, None) => Some(Doubt::NextUnreadable),
            (_, Origin::Outside, _) => Some(Doubt::ChangedOutsideLater),
            (_, Origin::Registry, _) => self.is_noticed.then_some(Doubt::ChangedOutsideLater),
        }
    }
}
