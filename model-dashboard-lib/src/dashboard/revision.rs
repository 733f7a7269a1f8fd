//! A revision as people read it: who made it, and whether it is what it says.

use crate::model::{DuplicateKeys, ModelDefinition, ModelKey, Timestamp, Version, Via};
use crate::repository::{Archived, RepositoryError, Revision};

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
    /// The directory that they are of, if they are of one.
    pub source: Option<String>,
    /// By which way it came in.
    pub via: Option<Via>,
    /// Why; may be empty.
    pub message: String,
    /// Whether it is what it says.
    pub origin: Origin,
    /// What it holds.
    pub content: RevisionContent,
    /// The version of its bytes, if the store gave them.
    seen: Option<Version>,
    /// The version that the revision before had when the registry replaced it.
    previous: Option<Version>,
}

/// Where the bytes of a revision come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The registry wrote them so.
    Registry,
    /// Another program, or a person in the bucket, wrote them.
    Outside,
    /// Somebody changed them in the history: they are not what was once stored, as their own digest
    /// shows, or what the registry noted in the revision after.
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
        match &archived.revision {
            Ok(revision) => Self::of(revision),
            Err(error) => Self::unreadable(archived.number, error),
        }
    }

    /// The number that the registry noted in a revision, if it noted any.
    pub(super) fn noted_number(archived: &Archived) -> Option<u64> {
        let bytes = &archived.revision.as_ref().ok()?.bytes;
        let definition = ModelDefinition::parse(bytes, DuplicateKeys::LastWins).ok()?;
        Some(definition.registry()?.revision)
    }

    /// Reads revisions that follow each other, the last one first.
    pub(super) fn read_page(page: &[Archived]) -> Vec<Self> {
        let read = page.iter().enumerate().map(|(at, it)| match &it.revision {
            Ok(revision) => {
                let told = Self::of(revision);
                match told.origin {
                    Origin::Outside => Self::displaced(revision, &page[at + 1..]).unwrap_or(told),
                    Origin::Registry | Origin::Falsified => told,
                }
            }
            Err(error) => Self::unreadable(it.number, error),
        });
        let mut read: Vec<_> = read.collect();
        for at in 1..read.len() {
            let (later, earlier) = read.split_at_mut(at);
            if let (Some(later), Some(earlier)) = (later.last(), earlier.first_mut()) {
                earlier.compare_with_note_of(later);
            }
        }
        read
    }

    /// Tells whether these are still the bytes that the registry replaced with the revision `later`.
    pub(super) fn compare_with_note_of(&mut self, later: &Self) {
        let noted = later.previous.filter(|_| later.number == self.number + 1);
        if let (Some(noted), Some(seen)) = (noted, self.seen)
            && noted != seen
        {
            self.origin = Origin::Falsified;
            self.via.take_if(|via| *via == Via::Outside);
        }
    }

    /// A revision of the registry's own whose number a state from outside took before it came into
    /// the history. An earlier state that was put back, which looks the same, is among the
    /// `earlier` ones.
    fn displaced(revision: &Revision, earlier: &[Archived]) -> Option<Self> {
        let definition = ModelDefinition::parse(&revision.bytes, DuplicateKeys::LastWins);
        let info = definition.ok()?.registry()?;
        let noted = Some(info.revision).filter(|noted| *noted < revision.number)?;
        let mut before = revision.number;
        for archived in earlier.iter().take_while(|it| it.number >= noted) {
            let is_other = match &archived.revision {
                Ok(earlier) => earlier.bytes != revision.bytes,
                Err(error) => matches!(error, RepositoryError::RevisionTooLarge { .. }),
            };
            if archived.number + 1 != before || !is_other {
                return None;
            }
            before = archived.number;
        }
        let as_noted = Self::of(&Revision {
            number: noted,
            ..revision.clone()
        });
        let is_own = before == noted && as_noted.origin == Origin::Registry;
        is_own.then_some(Self {
            number: revision.number,
            previous: None,
            ..as_noted
        })
    }

    fn unreadable(number: u64, error: &RepositoryError) -> Self {
        Self {
            number,
            key: None,
            at: None,
            by: None,
            source: None,
            via: None,
            message: String::new(),
            origin: Origin::Outside,
            content: RevisionContent::Unreadable(error.to_string()),
            seen: None,
            previous: None,
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
            source: None,
            via: Some(Via::Outside),
            message: String::new(),
            origin: Origin::Outside,
            content: RevisionContent::Deleted,
            seen: Some(Version::of(&revision.bytes)),
            previous: None,
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
                source: info.modified_by_source,
                via: info.via,
                message: info.message.unwrap_or_default(),
                origin: match changed {
                    true => Origin::Falsified,
                    false => Origin::Registry,
                },
                content,
                // What was changed proves nothing.
                previous: info.previous.filter(|_| !changed),
                ..unsaid
            },
            _ => Self { content, ..unsaid },
        }
    }

    /// What the revision before is compared with.
    pub(super) fn without_content(&self) -> Self {
        Self {
            content: RevisionContent::Deleted,
            ..self.clone()
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
