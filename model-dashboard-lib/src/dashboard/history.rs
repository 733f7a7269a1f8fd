//! Who changed a model, when and why: its archived revisions.

use super::deleted::is_moved;
use super::revision::{ModelRevision, Origin, RevisionContent};
use super::{Caller, Dashboard, Error, Gap};
use crate::auth::Permission;
use crate::catalog::Entry;
use crate::model::{Comparison, ModelId, ModelKey};
use crate::repository::{Archived, RepositoryError};

/// The most revisions of one page.
pub const MAX_HISTORY_PAGE: usize = 200;

/// How many revisions beyond a page are read: the last one is compared with the one before, and past
/// a deletion with the one before that.
const READ_BEYOND: usize = 2;

/// How many revisions are read in one go: those of a usual page, the one after it, and what the last
/// is compared with.
const READ_AT_ONCE: usize = 1 + 50 + READ_BEYOND;

/// How far back it is looked for the number that a revision notes, where that is another than its own.
const DISPLACED_BY: u64 = 8;

/// A page that has so many bytes ends, though more was asked for.
const MAX_PAGE_BYTES: usize = 16 << 20;

/// How many pages are made at a time; more wait.
pub(super) const PAGES_AT_ONCE: usize = 2;

/// A page of a history.
#[derive(Debug)]
#[non_exhaustive]
pub struct History {
    /// The model.
    pub id: ModelId,
    /// Its revisions, the last one first, each with what it changed.
    pub steps: Vec<HistoryStep>,
    /// What the history lacks after each of them, and on the first page before them, the last ones
    /// first.
    pub gaps: Vec<Gap>,
    /// What the next page is before; `None` on the last one.
    pub next: Option<u64>,
}

/// A revision, and what it changed.
#[derive(Debug)]
#[non_exhaustive]
pub struct HistoryStep {
    /// The revision.
    pub revision: ModelRevision,
    /// What differs from the last revision before it that is neither a deletion nor falsified; `None`
    /// where one of the two cannot be read, for a deletion, for a falsified one, and for the first.
    pub changes: Option<Comparison>,
    /// The number of that revision before it, whether or not the two can be compared; `None` where
    /// there is none near.
    pub since: Option<u64>,
}

/// Two revisions, and what differs from the first to the second.
#[derive(Debug)]
#[non_exhaustive]
pub struct Compared {
    /// The earlier side.
    pub from: ModelRevision,
    /// The later side.
    pub to: ModelRevision,
    /// What differs; `None` where one of the two holds no definition.
    pub changes: Option<Comparison>,
}

impl Dashboard {
    /// Up to `limit` revisions of a model (at most [`MAX_HISTORY_PAGE`]) with numbers below
    /// `before`, the last one first. Needs `models:read`; for a deleted model `system:admin`.
    ///
    /// Cost where the registry wrote the present state: one round of reads.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a model that only other programs have written and that nobody
    /// has looked at yet; [`Error::Denied`]; [`Error::Unavailable`].
    pub async fn history(
        &self,
        caller: &Caller,
        key: &ModelKey,
        before: Option<u64>,
        limit: usize,
    ) -> Result<History, Error> {
        let known = self.historic(caller, key).await?;
        let limit = limit.clamp(1, MAX_HISTORY_PAGE);
        let place = self.inner.history_pages.acquire().await;
        let place = place.map_err(|error| Error::Internal(Box::new(error)))?;
        let (found, limit) = match (before, known.last) {
            (None, Some(last)) => self.last_page_of(&known.id, last, limit).await?,
            (None, None) => self.page_of(&known.id, None, limit).await?,
            // And the one after the page, which notes what the first of it was.
            (Some(before), _) => {
                let after = Some(before.saturating_add(1));
                let (found, most) = self.page_of(&known.id, after, limit + 1).await?;
                (found, limit.min(most.saturating_sub(1)).max(1))
            }
        };
        let page = move || page(known, found, before, limit);
        let history = beside(page).await;
        drop(place);
        history
    }

    /// One revision of a model. Needs what [`Dashboard::history`] does.
    ///
    /// # Errors
    /// As [`Dashboard::history`].
    pub async fn revision(
        &self,
        caller: &Caller,
        key: &ModelKey,
        number: u64,
    ) -> Result<ModelRevision, Error> {
        let id = self.historic(caller, key).await?.id;
        self.revision_of(&id, key, number).await
    }

    /// What differs between two revisions of a model, in the order in which they are given. Needs
    /// what [`Dashboard::history`] does.
    ///
    /// # Errors
    /// As [`Dashboard::history`].
    pub async fn compare(
        &self,
        caller: &Caller,
        key: &ModelKey,
        from: u64,
        to: u64,
    ) -> Result<Compared, Error> {
        let id = self.historic(caller, key).await?.id;
        let from = self.revision_of(&id, key, from);
        let to = self.revision_of(&id, key, to);
        let (from, to) = futures::try_join!(from, to)?;
        beside(move || {
            let changes = between(&from, &to);
            Compared { from, to, changes }
        })
        .await
    }

    /// The last page of a history whose present state notes this number: in one round of reads.
    async fn last_page_of(
        &self,
        id: &ModelId,
        noted: u64,
        limit: usize,
    ) -> Result<(Vec<Archived>, usize), Error> {
        let after = noted.saturating_add(1);
        let page = self.page_of(id, Some(after), limit);
        let later = self.inner.catalog.ask_revision(id, after);
        let (page, later) = futures::join!(page, later);
        if let Err(RepositoryError::RevisionNotFound { .. }) = later {
            return page;
        }
        self.unless_all_fails(&later).await?;
        // Another program has put an earlier state back: what it notes is not the last number.
        self.page_of(id, None, limit).await
    }

    /// Up to `limit` revisions, and what the last of them is compared with; fewer where they are
    /// large, and how many then count.
    async fn page_of(
        &self,
        id: &ModelId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<Archived>, usize), Error> {
        let (mut found, mut bytes): (Vec<Archived>, usize) = (Vec::new(), 0);
        let enough = limit + READ_BEYOND;
        while found.len() < enough {
            let before = found.last().map_or(before, |last| Some(last.number));
            let wanted = (enough - found.len()).min(READ_AT_ONCE);
            let read = self.page_before(id, before, wanted).await?;
            let ended = read.len() < wanted;
            let sizes = read
                .iter()
                .map(|it| it.revision.as_ref().map_or(0, |it| it.bytes.len()));
            bytes += sizes.sum::<usize>();
            found.extend(read);
            if ended {
                break;
            }
            if bytes > MAX_PAGE_BYTES {
                let limit = limit.min(found.len().saturating_sub(READ_BEYOND)).max(1);
                return Ok((found, limit));
            }
        }
        Ok((found, limit))
    }

    /// Up to `limit` revisions below a number, the last one first, as they are stored. One that the
    /// store does not give hides none of the others.
    pub(super) async fn page_before(
        &self,
        id: &ModelId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Archived>, Error> {
        let found = self.inner.catalog.ask_history(id, before, limit).await?;
        if let Some(failed) = found.iter().find(|it| is_unavailable(&it.revision)) {
            self.unless_all_fails(&failed.revision).await?;
        }
        Ok(found)
    }

    /// Fails if what was asked for is unavailable and the store does not answer otherwise either.
    pub(super) async fn unless_all_fails<T>(
        &self,
        found: &Result<T, RepositoryError>,
    ) -> Result<(), Error> {
        if is_unavailable(found) {
            self.inner.catalog.ask_marker().await?;
        }
        Ok(())
    }

    pub(super) async fn revision_of(
        &self,
        id: &ModelId,
        key: &ModelKey,
        number: u64,
    ) -> Result<ModelRevision, Error> {
        let (revision, _) = self.told_and_stored(id, key, number).await?;
        Ok(revision)
    }

    /// A revision as people read it, which takes those beside it, and what is stored.
    pub(super) async fn told_and_stored(
        &self,
        id: &ModelId,
        key: &ModelKey,
        number: u64,
    ) -> Result<(ModelRevision, Archived), Error> {
        let archived = self.archived(id, key, number);
        let after = number.saturating_add(1);
        let later = self.inner.catalog.ask_revision(id, after);
        let (archived, later) = futures::join!(archived, later);
        let archived = archived?;
        let later = later.ok().map(|later| Archived {
            number: after,
            revision: Ok(later),
        });
        let read = move || (ModelRevision::noted_number(&archived), archived);
        let (noted, archived) = beside(read).await?;
        let before = number.saturating_sub(noted.unwrap_or(number));
        let earlier = match before {
            1..=DISPLACED_BY => self.page_before(id, Some(number), before as usize).await,
            _ => Ok(Vec::new()),
        };
        beside(move || {
            let place = usize::from(later.is_some());
            let mut page: Vec<Archived> = later.into_iter().chain([archived]).collect();
            page.extend(earlier.unwrap_or_default());
            let told = ModelRevision::read_page(&page).swap_remove(place);
            (told, page.swap_remove(place))
        })
        .await
    }

    /// A revision that there is; one that is too large is there, too.
    pub(super) async fn archived(
        &self,
        id: &ModelId,
        key: &ModelKey,
        number: u64,
    ) -> Result<Archived, Error> {
        let revision = match self.inner.catalog.ask_revision(id, number).await {
            Err(RepositoryError::RevisionNotFound { .. }) => {
                return Err(Error::NotFound {
                    what: format!("revision {number} of {key}"),
                    near: Vec::new(),
                });
            }
            Err(error @ RepositoryError::RevisionTooLarge { .. }) => Err(error),
            found => Ok(found?),
        };
        Ok(Archived { number, revision })
    }

    /// Whose history lies behind a key, for who may read it.
    pub(super) async fn historic(
        &self,
        caller: &Caller,
        key: &ModelKey,
    ) -> Result<Historic, Error> {
        let target = || format!("model:{key}");
        self.may_read(caller, target).await?;
        self.loaded()?;
        let picture = self.inner.catalog.current();
        if let Some(entry) = picture.get(key) {
            // Where two keys say the same model, one was put back after it had moved away.
            let id = entry.id().filter(|_| entry.is_ours());
            let is_other = |it: &Entry| it.id() == id && it.key() != key && !is_moved(it);
            if let Some(id) = id
                && !picture.all_after(None).any(|it| is_other(it))
            {
                let last = entry.revision();
                return Ok(Historic { id, last });
            }
        } else if picture.deleted(key).is_some_and(|entry| !is_moved(&entry)) {
            self.require(caller, Permission::SystemAdmin, target)
                .await?;
        }
        match self.inner.catalog.ask_identity(key).await? {
            Some(id) => Ok(Historic { id, last: None }),
            None => self.historic_of_nothing(caller, key).await,
        }
    }

    /// Whose history is noted for a key at which nothing is: of a model that another program removed,
    /// or whose tombstone was purged. It is for those who may see what was deleted.
    async fn historic_of_nothing(
        &self,
        caller: &Caller,
        key: &ModelKey,
    ) -> Result<Historic, Error> {
        let picture = self.inner.catalog.current();
        if picture.get(key).is_some() || picture.deleted(key).is_some() {
            return Err(self.no_model(key));
        }
        let noted = self.inner.catalog.ask_note(key).await?;
        let lives_on = |id| picture.entries().any(|entry| entry.id() == Some(id));
        let id = noted.filter(|id| !lives_on(*id));
        let id = id.ok_or_else(|| self.no_model(key))?;
        self.require(caller, Permission::SystemAdmin, || format!("model:{key}"))
            .await?;
        Ok(Historic { id, last: None })
    }
}

/// Does what takes a while on a thread that may block.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Internal(Box::new(error)))
}

/// A model that has a history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Historic {
    pub(super) id: ModelId,
    /// The number of its last revision, where it is known.
    last: Option<u64>,
}

fn is_unavailable<T>(found: &Result<T, RepositoryError>) -> bool {
    matches!(found, Err(RepositoryError::Unavailable { .. }))
}

/// The page of what was found, of which revisions from `before` on are no part.
fn page(known: Historic, found: Vec<Archived>, before: Option<u64>, limit: usize) -> History {
    let mut revisions = ModelRevision::read_page(&found);
    let is_after = |it: &ModelRevision| before.is_some_and(|before| it.number >= before);
    let after = revisions.iter().take_while(|it| is_after(it)).count();
    revisions.drain(..after);
    let more = revisions.len() > limit;
    let shown = revisions.len().min(limit);
    let first = revisions.first().map_or(0, |first| first.number);
    let last = known.last.filter(|_| before.is_none());
    let last = last.and_then(|last| Gap::between(last.saturating_add(1), first));
    // After the end there is nothing but what was lost.
    let number = |place: usize| revisions.get(place).map_or(0, |it| it.number);
    let gaps = (0..shown).filter_map(|place| Gap::between(number(place), number(place + 1)));
    let gaps = last.into_iter().chain(gaps).collect();
    let changes: Vec<_> = (0..shown)
        .map(|place| changed(&revisions[place..]).unwrap_or_default())
        .collect();
    revisions.truncate(limit);
    let next = revisions.last().filter(|_| more).map(|last| last.number);
    let steps = revisions.into_iter().zip(changes);
    let steps = steps.map(|(revision, (since, changes))| HistoryStep {
        revision,
        changes,
        since,
    });
    History {
        id: known.id,
        steps: steps.collect(),
        gaps,
        next,
    }
}

/// What the first of these changed, since which one before it. What was changed by hand must not
/// hide what the registry changed.
fn changed(revisions: &[ModelRevision]) -> Option<(Option<u64>, Option<Comparison>)> {
    let (later, earlier) = revisions.split_first()?;
    let held = |it: &&ModelRevision| {
        !matches!(it.content, RevisionContent::Deleted) && it.origin != Origin::Falsified
    };
    let later = Some(later).filter(held)?;
    let earlier = earlier.iter().find(held)?;
    Some((Some(earlier.number), between(earlier, later)))
}

fn between(earlier: &ModelRevision, later: &ModelRevision) -> Option<Comparison> {
    let (earlier, later) = (earlier.definition()?, later.definition()?);
    Some(Comparison::between(earlier, later))
}
