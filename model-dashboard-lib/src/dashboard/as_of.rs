//! Which models there were at a time in the past, and which of them were enabled: for the auditor
//! who asks what could run on a certain day.
//!
//! The answer comes from the histories alone. A model that was not changed since costs one small read;
//! any other its history, read from the end until that time.

use std::collections::HashSet;
use std::sync::Arc;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::history::is_moved;
use super::revision::{ModelRevision, Origin, RevisionContent};
use super::{Caller, Dashboard, Error};
use crate::auth::Permission;
use crate::catalog::{Entry, EntryState, Picture};
use crate::model::{ModelId, ModelKey, Timestamp};
use crate::repository::RepositoryError;

/// The most models of one page.
pub const MAX_MODELS_AT: usize = 1000;

/// How many histories are read at a time.
const HISTORIES_AT_ONCE: usize = 64;

/// How many revisions are read at a time.
const REVISIONS_AT_ONCE: usize = 8;

/// A page of what there was at a time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ModelsAt {
    /// The models, in the order of the keys that they have now.
    pub models: Vec<ModelAt>,
    /// What the next page comes after; `None` on the last one, at the end of which are the models
    /// that have no key any more. A page may hold few models, or none, and not be the last.
    pub next: Option<ModelKey>,
    /// How many histories without a present key are not told of: beyond [`MAX_MODELS_AT`], or of
    /// models whose name nothing says.
    pub untold: usize,
}

/// A model as it was at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelAt {
    /// The key that it had then.
    pub key: ModelKey,
    /// The key that it has now, or had when it was deleted.
    pub now: ModelKey,
    /// Whether it is deleted by now.
    pub is_deleted: bool,
    /// The revision that it had then; `None` for what only other programs have written.
    pub revision: Option<u64>,
    /// When that was made.
    pub since: Option<Timestamp>,
    /// The name that people read.
    pub alias: String,
    /// The version that people see.
    pub version: String,
    /// Whether an inference job might use it.
    pub enabled: bool,
    /// Why this may be wrong, if it may.
    pub doubt: Option<Doubt>,
}

/// Why a past state is not certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// The next state was written outside the registry and noticed after that time: it may have
    /// been there already.
    ChangedOutsideLater,
    /// Only other programs have written it, so that there is no history.
    NoHistory,
    /// The state cannot be read.
    Unreadable,
    /// The state, or the one after it, was changed in the history.
    Falsified,
    /// It was the last state, and by now the model is gone without a word in its history, which
    /// may have happened before that time.
    Gone,
}

impl Dashboard {
    /// Which models there were at a time, of up to `limit` (at most [`MAX_MODELS_AT`]) that come
    /// after a key. Needs `models:read` and, as it tells of models that are deleted by now,
    /// `audit:read`.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Invalid`] (`at`) for a time to come; [`Error::Unavailable`].
    pub async fn models_at(
        &self,
        caller: &Caller,
        at: Timestamp,
        after: Option<&ModelKey>,
        limit: usize,
    ) -> Result<ModelsAt, Error> {
        let target = || format!("models at {at}");
        self.may_read(caller, target).await?;
        self.require(caller, Permission::AuditRead, target).await?;
        self.loaded()?;
        if at > Timestamp::now() {
            return Err(Error::invalid(
                "at",
                "is a time to come; give one in the past",
            ));
        }
        let limit = limit.clamp(1, MAX_MODELS_AT);
        let picture = self.inner.catalog.current();
        let mut asked: Vec<Arc<Entry>> =
            picture.all_after(after).take(limit + 1).cloned().collect();
        let more = asked.len() > limit;
        asked.truncate(limit);
        let next = asked.last().filter(|_| more).map(|last| last.key().clone());
        let found = stream::iter(asked).map(async |entry| self.model_at(&entry, at).await);
        let found: Vec<_> = found.buffered(HISTORIES_AT_ONCE).try_collect().await?;
        let mut models: Vec<ModelAt> = found.into_iter().flatten().collect();
        let untold = match &next {
            Some(_) => 0,
            None => self.without_key(at, &mut models).await?,
        };
        Ok(ModelsAt {
            models,
            next,
            untold,
        })
    }

    /// Adds the models that there were at a time and that have no key any more: another program
    /// removed the object, or another model took the place of the tombstone. Answers how many
    /// histories it cannot tell of.
    async fn without_key(&self, at: Timestamp, models: &mut Vec<ModelAt>) -> Result<usize, Error> {
        let inventory = self.inner.catalog.ask_inventory().await?;
        let picture = self.inner.catalog.current();
        let present = picture.all_after(None).filter(|entry| !is_moved(entry));
        let present: HashSet<ModelId> = present.filter_map(|entry| entry.id()).collect();
        let mut lost = inventory.histories;
        lost.retain(|id| !present.contains(id));
        lost.sort_unstable();
        let beyond = lost.len().saturating_sub(MAX_MODELS_AT);
        lost.truncate(MAX_MODELS_AT);
        let lost = stream::iter(lost).map(async |id| self.lost_model_at(&picture, &id, at).await);
        let lost: Vec<_> = lost.buffered(HISTORIES_AT_ONCE).try_collect().await?;
        let mut unnamed = 0;
        for found in lost {
            match found {
                Lost::Found(model) => models.push(*model),
                Lost::NotThen => {}
                Lost::Unnamed => unnamed += 1,
            }
        }
        Ok(beyond + unnamed)
    }

    async fn lost_model_at(
        &self,
        picture: &Picture,
        id: &ModelId,
        at: Timestamp,
    ) -> Result<Lost, Error> {
        let (mut before, mut later): (_, Option<ModelRevision>) = (None, None);
        // Whatever is read last says it, if anything does.
        let mut named: Option<ModelKey> = None;
        loop {
            let page = self.steps_of(id, before, REVISIONS_AT_ONCE).await?;
            let Some(last) = page.last().map(|revision| revision.number) else {
                return Ok(Lost::NotThen);
            };
            for revision in page {
                named = revision.key.clone().or(named);
                if revision.at.is_none_or(|made| made > at) {
                    later = Some(revision);
                    continue;
                }
                let Some(key) = named else {
                    return Ok(Lost::Unnamed);
                };
                if picture.known_id(&key) == Some(None) {
                    // It lies there, changed by others so that it does not say so itself.
                    return Ok(Lost::NotThen);
                }
                let model = ModelAt::of(&revision, later.as_ref(), key.clone(), true);
                return Ok(match model {
                    Some(mut model) => {
                        if later.is_none() {
                            model.doubt.get_or_insert(Doubt::Gone);
                        }
                        Lost::Found(Box::new(model))
                    }
                    None => Lost::NotThen,
                });
            }
            before = Some(last);
        }
    }

    /// What lay behind an entry at a time, if there was anything.
    async fn model_at(&self, entry: &Entry, at: Timestamp) -> Result<Option<ModelAt>, Error> {
        if is_moved(entry) {
            // Its history goes on elsewhere.
            return Ok(None);
        }
        let made_before = entry.modified_at().is_some_and(|made| made <= at);
        if entry.is_ours() && made_before && self.is_last(entry).await? {
            return Ok(match entry.state() {
                EntryState::Deleted => None,
                _ => Some(ModelAt::present(entry, None)),
            });
        }
        let id = match entry.id().filter(|_| entry.is_ours()) {
            Some(id) => Some(id),
            None => self.inner.catalog.ask_identity(entry.key()).await?,
        };
        match id {
            Some(id) => self.held_at(entry, &id, at).await,
            None => {
                // What its own dates say is all there is.
                let created = entry.created().is_none_or(|created| created <= at);
                Ok(created.then(|| ModelAt::present(entry, Some(Doubt::NoHistory))))
            }
        }
    }

    /// Whether the revision that a state notes is the last one: it is not where another program has
    /// put an earlier state back.
    async fn is_last(&self, entry: &Entry) -> Result<bool, Error> {
        let (Some(id), Some(noted)) = (entry.id(), entry.revision()) else {
            return Ok(false);
        };
        let after = noted.saturating_add(1);
        match self.inner.catalog.ask_revision(&id, after).await {
            Err(RepositoryError::RevisionNotFound { .. }) => Ok(true),
            Err(error @ RepositoryError::Unavailable { .. }) => Err(error.into()),
            _ => Ok(false),
        }
    }

    /// Reads a history from its end until the revision that was the present one at a time.
    async fn held_at(
        &self,
        entry: &Entry,
        id: &ModelId,
        at: Timestamp,
    ) -> Result<Option<ModelAt>, Error> {
        let mut before = None;
        let mut later: Option<ModelRevision> = None;
        loop {
            let page = self.steps_of(id, before, REVISIONS_AT_ONCE).await?;
            let Some(last) = page.last().map(|revision| revision.number) else {
                return Ok(None);
            };
            for revision in page {
                if revision.at.is_some_and(|made| made <= at) {
                    return Ok(ModelAt::held(entry, &revision, later.as_ref()));
                }
                later = Some(revision);
            }
            before = Some(last);
        }
    }
}

/// What became of a model that has no key any more.
enum Lost {
    Found(Box<ModelAt>),
    /// It was not there then.
    NotThen,
    /// Nothing says how it was called.
    Unnamed,
}

impl ModelAt {
    /// The state that a model has now.
    fn present(entry: &Entry, doubt: Option<Doubt>) -> Self {
        Self {
            key: entry.key().clone(),
            now: entry.key().clone(),
            is_deleted: entry.state() == EntryState::Deleted,
            revision: entry.revision(),
            since: entry.modified_at().or(entry.modified()),
            alias: entry.alias().into_owned(),
            version: entry.shown_version().into_owned(),
            enabled: entry.enabled(),
            doubt: doubt.or(entry.broken().map(|_| Doubt::Unreadable)),
        }
    }

    /// The state that a revision holds; `None` if that is none.
    fn held(
        entry: &Entry,
        revision: &ModelRevision,
        later: Option<&ModelRevision>,
    ) -> Option<Self> {
        let is_deleted = entry.state() == EntryState::Deleted;
        Self::of(revision, later, entry.key().clone(), is_deleted)
    }

    fn of(
        revision: &ModelRevision,
        later: Option<&ModelRevision>,
        now: ModelKey,
        is_deleted: bool,
    ) -> Option<Self> {
        let (alias, version, enabled) = match &revision.content {
            RevisionContent::Deleted => return None,
            RevisionContent::Definition(definition) => (
                definition.given_alias(),
                definition.version(),
                definition.enabled(),
            ),
            RevisionContent::Unreadable(_) => (String::new(), String::new(), false),
        };
        let key = revision.key.clone().unwrap_or_else(|| now.clone());
        let doubt = match (
            &revision.content,
            revision.origin,
            later.map(|it| it.origin),
        ) {
            (RevisionContent::Unreadable(_), ..) => Some(Doubt::Unreadable),
            // What a falsified one says of its time is not to be trusted either.
            (_, Origin::Falsified, _) | (.., Some(Origin::Falsified)) => Some(Doubt::Falsified),
            (.., Some(Origin::Outside)) => Some(Doubt::ChangedOutsideLater),
            _ => None,
        };
        let alias = match alias.is_empty() {
            true => key.name.to_string(),
            false => alias,
        };
        Some(Self {
            now,
            is_deleted,
            revision: Some(revision.number),
            since: revision.at,
            key,
            alias,
            version,
            enabled,
            doubt,
        })
    }
}
