//! Which models there were at a time in the past, and which of them were enabled: for the auditor
//! who asks what could run on a certain day.
//!
//! The answer comes from the histories alone. A model that was not changed since costs one small read;
//! any other its history, read from the end until that time, a few revisions of a few histories at
//! a time: 64 MiB at most. The last page costs a listing of the histories besides, for there may be
//! some of models that have no key any more. One page is made at a time, so that auditors keep
//! nobody else waiting.

mod walk;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use self::walk::{PastContent, PastModel, Told, Walked};
use super::deleted::is_moved;
use super::{Caller, Dashboard, Error};
use crate::auth::Permission;
use crate::catalog::{Entry, EntryState, Picture};
use crate::model::{ModelId, ModelKey, Timestamp};
use crate::repository::RepositoryError;

/// The most models of one page.
pub const MAX_MODELS_AT: usize = 1000;

/// How many pages are made at a time; more wait.
pub(super) const PAGES_AT_ONCE: usize = 1;

/// How many entries are looked at at a time, each by one small read.
const LOOKS_AT_ONCE: usize = 64;

/// How many histories are read at a time.
const HISTORIES_AT_ONCE: usize = 8;

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
    /// The revision that holds that state; `None` where only other programs have written it and
    /// nothing is archived yet.
    pub revision: Option<u64>,
    /// When that state came to be, as far as it is known.
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
    /// What came next was done outside the registry (a state was written, or the model removed) and
    /// noticed after that time: it may have been so already.
    ChangedOutsideLater,
    /// Only other programs had written it by then, so that there is no history of that time: this
    /// is the oldest state that is known.
    NoHistory,
    /// The state cannot be read.
    Unreadable,
    /// The next state cannot be read, and nothing says since when it was there.
    NextUnreadable,
    /// The state, or the one after it, was changed in the history.
    Falsified,
    /// Revisions between this state and the next one, or before the first one, are missing in the
    /// history.
    Missing,
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
        let place = self.inner.past_pages.acquire().await;
        let _place = place.map_err(|error| Error::Internal(Box::new(error)))?;
        let looks = stream::iter(asked).map(async |entry| self.look_at(entry, at).await);
        let looks: Vec<Look> = looks.buffered(LOOKS_AT_ONCE).try_collect().await?;
        let lost = match &next {
            Some(_) => Vec::new(),
            None => self.without_key(&picture, after, &looks).await?,
        };
        let found = stream::iter(looks).map(async |look| match look {
            Look::Told(model) => Ok(model.map(|model| *model)),
            Look::Read(entry, id) => self.held_at(&entry, &id, at).await,
        });
        let found: Vec<_> = found.buffered(HISTORIES_AT_ONCE).try_collect().await?;
        let mut models: Vec<ModelAt> = found.into_iter().flatten().collect();

        let mut untold = lost.len().saturating_sub(MAX_MODELS_AT);
        let lost = lost.into_iter().take(MAX_MODELS_AT);
        let found = stream::iter(lost).map(async |id| self.lost_model_at(&id, at).await);
        let found: Vec<_> = found.buffered(HISTORIES_AT_ONCE).try_collect().await?;
        for lost in found {
            match lost {
                Lost::Found(model) => models.push(*model),
                Lost::NotThen => {}
                Lost::Unnamed => untold += 1,
            }
        }
        Ok(ModelsAt {
            models,
            next,
            untold,
        })
    }

    /// The histories of models that have no key any more: another program removed the object, or
    /// another model took the place of the tombstone. `looks` are those at what comes after a key.
    async fn without_key(
        &self,
        picture: &Picture,
        after: Option<&ModelKey>,
        looks: &[Look],
    ) -> Result<Vec<ModelId>, Error> {
        let histories = self.inner.catalog.ask_histories().await?;
        let mut lost: BTreeSet<ModelId> = histories.into_iter().collect();
        let present = picture.all_after(None);
        for entry in present.filter(|entry| entry.is_ours() && !is_moved(entry)) {
            entry.id().map(|id| lost.remove(&id));
        }
        for look in looks {
            if let Look::Read(_, id) = look {
                lost.remove(id);
            }
        }
        // What others wrote on earlier pages does not say whose history goes on there.
        let earlier = picture.all_after(None);
        let earlier = earlier.take_while(|entry| after.is_some_and(|after| entry.key() <= after));
        let theirs = earlier.filter(|entry| !entry.is_ours() && !lost.is_empty());
        let theirs: Vec<Arc<Entry>> = theirs.cloned().collect();
        let ids = stream::iter(theirs).map(async |entry| self.identity(&entry).await);
        let mut ids = pin!(ids.buffer_unordered(LOOKS_AT_ONCE));
        while !lost.is_empty()
            && let Some(id) = ids.try_next().await?
        {
            id.map(|id| lost.remove(&id));
        }
        Ok(lost.into_iter().collect())
    }

    async fn lost_model_at(&self, id: &ModelId, at: Timestamp) -> Result<Lost, Error> {
        let told = match self.walk(id, at).await? {
            Walked::Told(told) => told,
            Walked::Nothing | Walked::Deleted(_) => return Ok(Lost::NotThen),
            Walked::Unreadable => return Ok(Lost::Unnamed),
        };
        let Some(key) = told.key.clone() else {
            return Ok(Lost::Unnamed);
        };
        let doubt = told.is_last.then_some(Doubt::Gone);
        let model = ModelAt::told(told, at, key, true);
        Ok(Lost::Found(Box::new(model.or_doubt(doubt))))
    }

    /// What lay behind an entry at a time, or in which history that is to be read.
    async fn look_at(&self, entry: Arc<Entry>, at: Timestamp) -> Result<Look, Error> {
        if is_moved(&entry) {
            // Its history goes on elsewhere.
            return Ok(Look::Told(None));
        }
        let made_before = entry.modified_at().is_some_and(|made| made <= at);
        if entry.is_ours() && made_before && self.is_last(&entry).await? {
            let is_there = entry.state() != EntryState::Deleted;
            let model = is_there.then(|| Box::new(ModelAt::present(&entry, at, None)));
            return Ok(Look::Told(model));
        }
        if let Some(id) = self.identity(&entry).await? {
            return Ok(Look::Read(entry, id));
        }
        // What its own dates say is all there is.
        let was_there = entry.created().is_none_or(|created| created <= at);
        let model = was_there.then(|| ModelAt::present(&entry, at, Some(Doubt::NoHistory)));
        Ok(Look::Told(model.map(Box::new)))
    }

    /// Whose history goes on at an entry.
    async fn identity(&self, entry: &Entry) -> Result<Option<ModelId>, Error> {
        match entry.id().filter(|_| entry.is_ours()) {
            Some(id) => Ok(Some(id)),
            None => {
                let said = self.inner.catalog.ask_identity(entry.key()).await;
                self.unless_all_fails(&said).await?;
                match said {
                    // What lies there cannot be read.
                    Err(RepositoryError::Unavailable { .. }) => {
                        let noted = self.inner.catalog.ask_note(entry.key()).await;
                        Ok(noted.ok().flatten())
                    }
                    said => Ok(said?),
                }
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
        let next = self.inner.catalog.ask_revision(&id, after).await;
        self.unless_all_fails(&next).await?;
        Ok(matches!(
            next,
            Err(RepositoryError::RevisionNotFound { .. })
        ))
    }

    /// What the history of an entry says that lay behind it at a time.
    async fn held_at(
        &self,
        entry: &Entry,
        id: &ModelId,
        at: Timestamp,
    ) -> Result<Option<ModelAt>, Error> {
        let told = match self.walk(id, at).await? {
            Walked::Told(told) => told,
            Walked::Nothing => return Ok(None),
            Walked::Deleted(number) => {
                // Another program may have put one there since, which is not in the history yet.
                let is_since = entry.is_ours() && entry.revision().is_none_or(|it| it > number);
                let is_there = entry.state() != EntryState::Deleted && !is_since;
                let was_there = is_there && entry.created().is_none_or(|made| made <= at);
                let doubt = Some(Doubt::ChangedOutsideLater);
                return Ok(was_there.then(|| ModelAt::present(entry, at, doubt)));
            }
            Walked::Unreadable => return Ok(Some(ModelAt::unreadable(entry))),
        };
        // Another program may have written since, which is not in the history yet.
        let is_present = told.state.version == entry.version();
        let doubt = (told.is_last && !is_present).then_some(Doubt::ChangedOutsideLater);
        let is_deleted = entry.state() == EntryState::Deleted;
        let model = ModelAt::told(told, at, entry.key().clone(), is_deleted);
        Ok(Some(model.or_doubt(doubt)))
    }
}

/// What a first look at an entry says.
enum Look {
    Told(Option<Box<ModelAt>>),
    /// Its history has to be read.
    Read(Arc<Entry>, ModelId),
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
    /// The state that a model has now, told of a time.
    fn present(entry: &Entry, at: Timestamp, doubt: Option<Doubt>) -> Self {
        let since = entry.modified_at().or(entry.modified());
        Self {
            key: entry.key().clone(),
            now: entry.key().clone(),
            is_deleted: entry.state() == EntryState::Deleted,
            revision: entry.revision().filter(|_| entry.is_ours()),
            since: since.filter(|since| *since <= at),
            alias: entry.alias().into_owned(),
            version: entry.shown_version().into_owned(),
            enabled: entry.enabled(),
            doubt: entry.broken().map(|_| Doubt::Unreadable).or(doubt),
        }
    }

    /// The state of a model whose history cannot be read.
    fn unreadable(entry: &Entry) -> Self {
        Self {
            revision: None,
            since: None,
            version: String::new(),
            enabled: false,
            doubt: Some(Doubt::Unreadable),
            ..Self::present(entry, Timestamp::now(), None)
        }
    }

    /// What a history tells of a time.
    fn told(told: Told, at: Timestamp, now: ModelKey, is_deleted: bool) -> Self {
        let Told {
            state, key, doubt, ..
        } = told;
        let key = key.unwrap_or_else(|| now.clone());
        let model = match state.content {
            PastContent::Model(model) => model,
            PastContent::Deleted | PastContent::Unreadable => PastModel::default(),
        };
        let since = [state.at, model.modified].into_iter().flatten();
        Self {
            now,
            is_deleted,
            revision: Some(state.number),
            since: since.into_iter().find(|since| *since <= at),
            alias: match model.alias.is_empty() {
                true => key.name.to_string(),
                false => model.alias,
            },
            version: model.version,
            enabled: model.enabled,
            key,
            doubt,
        }
    }

    /// Whether an inference job might use it, as far as that is known: what is uncertain may have been
    /// enabled.
    #[must_use]
    pub fn may_have_been_enabled(&self) -> bool {
        self.enabled || self.doubt.is_some()
    }

    fn or_doubt(self, doubt: Option<Doubt>) -> Self {
        Self {
            doubt: self.doubt.or(doubt),
            ..self
        }
    }
}
