//! A revision as people read it: who made it, and whether it is what it says.

use crate::model::{DuplicateKeys, ModelDefinition, ModelKey, Timestamp, Via};
use crate::repository::{Archived, Revision};

/// A revision as people read it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ModelRevision {
    /// Its number.
    pub number: u64,
    /// The key that the model had then; `None` where the state does not say it.
    pub key: Option<ModelKey>,
    /// When it was made; of a change made outside, when it was noticed.
    pub at: Option<Timestamp>,
    /// Who made it, where the registry did.
    pub by: Option<String>,
    /// By which way it came in.
    pub via: Option<Via>,
    /// Why; may be empty.
    pub message: String,
    /// Whether it is what it says.
    pub origin: Origin,
    /// What it holds.
    pub content: RevisionContent,
}

/// Where the bytes of a revision come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The registry wrote them so.
    Registry,
    /// Another program, or a person in the bucket, wrote them.
    Outside,
    /// The registry wrote them, and somebody changed them in the history: they are not what was
    /// once stored.
    Falsified,
}

/// What a revision holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RevisionContent {
    /// A definition.
    Definition(Box<ModelDefinition>),
    /// That the model was deleted.
    Deleted,
    /// Something that cannot be read, and why.
    Unreadable(String),
}

impl ModelRevision {
    /// Reads an archived revision.
    pub(super) fn read(archived: Archived) -> Self {
        let Archived { number, revision } = archived;
        match revision {
            Ok(revision) => Self::of(&revision),
            Err(error) => Self {
                number,
                key: None,
                at: None,
                by: None,
                via: None,
                message: String::new(),
                origin: Origin::Outside,
                content: RevisionContent::Unreadable(error.to_string()),
            },
        }
    }

    pub(super) fn of(revision: &Revision) -> Self {
        let &Revision {
            number,
            archived_at,
            ..
        } = revision;
        let unsaid = Self {
            number,
            key: None,
            at: archived_at,
            by: None,
            via: Some(Via::Outside),
            message: String::new(),
            origin: Origin::Outside,
            content: RevisionContent::Deleted,
        };
        let parsed = ModelDefinition::parse(&revision.bytes, DuplicateKeys::LastWins);
        let definition = match parsed {
            Ok(definition) => definition,
            Err(error) => {
                return Self {
                    content: RevisionContent::Unreadable(error.to_string()),
                    ..unsaid
                };
            }
        };
        let registry = definition.registry();
        let changed = definition.is_changed_outside();
        let content = match definition.deleted() {
            Some(_) => RevisionContent::Deleted,
            None => RevisionContent::Definition(Box::new(definition)),
        };
        match registry {
            // What notes another number is an earlier state that another program put back; what
            // notes another id, the state of another model.
            Some(info) if (info.id, info.revision) == (revision.id, number) => Self {
                number,
                key: info.key,
                at: info.modified_at.or(archived_at),
                by: info.modified_by,
                via: info.via,
                message: info.message.unwrap_or_default(),
                origin: match changed {
                    true => Origin::Falsified,
                    false => Origin::Registry,
                },
                content,
            },
            _ => Self { content, ..unsaid },
        }
    }

    /// The definition, if it is one.
    #[must_use]
    pub fn definition(&self) -> Option<&ModelDefinition> {
        match &self.content {
            RevisionContent::Definition(definition) => Some(definition),
            RevisionContent::Deleted | RevisionContent::Unreadable(_) => None,
        }
    }
}
