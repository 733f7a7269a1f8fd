//! Removing what nobody needs any more: old tombstones, and what crashes left behind: objects to
//! try the store with, bytes of uploads. Histories stay for ever.

use std::time::Duration;

use super::check::LEFT_BEHIND;
use super::{Progress, Told, named};
use crate::audit::Action;
use crate::auth::Permission;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::{DuplicateKeys, ModelDefinition, ModelKey, Timestamp};
use crate::repository::{Purged, RepositoryError, is_ours};

/// The most that is named.
const MAX_NAMED: usize = 10_000;

/// What was or would be removed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Garbage {
    /// What is old enough; 10,000 at most.
    pub found: Vec<Waste>,
    /// How many are not named.
    pub more: u64,
    /// How many tombstones and objects are not old enough.
    pub too_young: u64,
    /// How many were removed, or would be.
    pub removed: u64,
}

/// Something that nobody needs any more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waste {
    /// What it is.
    pub kind: GarbageKind,
    /// The key of a deleted model, or the name of an object.
    pub at: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why it stays, if it does.
    pub kept: Option<Kept>,
}

/// What can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GarbageKind {
    /// The mark that a model was deleted, or moved away.
    Tombstone,
    /// An object to try the store with.
    LeftOver,
    /// Bytes that no upload counts.
    UploadBytes,
    /// A package that nothing names.
    Package,
}

/// Why something stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kept {
    /// The store cannot remove an object on condition, so that a model created at the same moment
    /// could be lost.
    Unsafe,
    /// It was replaced meanwhile.
    Changed,
    /// An interrupted rename needs it; a check that repairs ends that.
    Needed,
    /// Something cannot be read that may name it; a check says what.
    Doubtful,
    /// The store does not give it, or does not remove it, though it answers otherwise.
    Refused,
}

impl Garbage {
    pub(super) fn add(&mut self, waste: Waste) {
        if waste.kept.is_none() {
            self.removed += 1;
        }
        match self.found.len() < MAX_NAMED {
            true => self.found.push(waste),
            false => self.more += 1,
        }
    }
}

impl Dashboard {
    /// Removes tombstones that are older than `older_than`, packages that nothing has named for as
    /// long, and what crashes left behind of trying the store and of uploads; a `dry_run` only
    /// tells. Uploads themselves end by their own rule. If there are packages, all definitions and
    /// revisions are read. Needs `system:admin`. Each tombstone and each package that goes is an event
    /// of its own.
    ///
    /// A purged model is no longer among the deleted ones that can be brought back. Its history
    /// stays, and a model that is created at its key goes on with it. Tombstones stay where the
    /// store cannot remove an object on condition, as buckets cannot: they are small. What a program
    /// without the locks of a folder writes within microseconds of the removal goes with it.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Unavailable`]. What was removed by then is gone.
    pub async fn collect_garbage(
        &self,
        caller: &Caller,
        older_than: Duration,
        dry_run: bool,
        progress: Progress<'_>,
    ) -> Result<Garbage, Error> {
        self.require(caller, Permission::SystemAdmin, || "storage".to_owned())
            .await?;
        let event = || caller.event(Action::System, "storage");
        let event = || event().with_detail("garbage collected");
        let told = (!dry_run).then(|| Told::new(self, event()));
        let mut garbage = Garbage::default();
        let collected = self
            .collect(caller, older_than, dry_run, progress, &mut garbage)
            .await;
        if let Some(told) = told {
            let removed = garbage.found.iter().filter(|waste| waste.kept.is_none());
            let removed: Vec<&str> = removed.map(|waste| waste.at.as_str()).collect();
            let removed = match garbage.removed {
                0 => "removed nothing".to_owned(),
                count => named(&format!("removed {count}"), &removed),
            };
            let early = collected.as_ref().err();
            let early = early.map(|error| format!("ended early: {error}"));
            told.of([removed, early.unwrap_or_default()]).await;
        }
        collected.map(|()| garbage)
    }

    async fn collect(
        &self,
        caller: &Caller,
        older_than: Duration,
        dry_run: bool,
        progress: Progress<'_>,
        garbage: &mut Garbage,
    ) -> Result<(), Error> {
        let catalog = &self.inner.catalog;
        let now = Timestamp::now();
        let is_old = |since: Option<Timestamp>, age: Duration| {
            since.is_some_and(|since| since <= now.minus(age))
        };
        let inventory = catalog.ask_inventory().await?;
        for left in inventory.left_over {
            if !is_old(left.since, LEFT_BEHIND) {
                garbage.too_young += 1;
                continue;
            }
            let at = format!(".registry/probe/{}", left.name);
            let since = left.since;
            let kept = match dry_run {
                true => None,
                false => {
                    let this = self.clone();
                    let removed = self.change_of_model(async move {
                        this.inner.prove_store().await?;
                        Ok(this.inner.catalog.ask_to_remove(&left).await)
                    });
                    match removed.await? {
                        Ok(()) => None,
                        Err(error) => Some(self.refused(&at, error).await?),
                    }
                }
            };
            garbage.add(Waste {
                kind: GarbageKind::LeftOver,
                at,
                since,
                kept,
            });
        }
        self.collect_upload_bytes(dry_run, garbage).await?;
        self.collect_packages(caller, older_than, dry_run, progress, garbage)
            .await?;
        self.loaded()?;
        let picture = catalog.current();
        let total = picture.tombstones().len() as u64;
        for (done, entry) in (1..).zip(picture.tombstones()) {
            let since = entry.tombstone().and_then(|tombstone| tombstone.at);
            match is_old(since, older_than) {
                false => garbage.too_young += 1,
                true => {
                    let kept = self.purge(caller, entry.key(), older_than, dry_run).await?;
                    garbage.add(Waste {
                        kind: GarbageKind::Tombstone,
                        at: entry.key().to_string(),
                        since,
                        kept,
                    });
                }
            }
            progress(done, total);
        }
        Ok(())
    }

    /// Removes a tombstone, or says why it stays.
    async fn purge(
        &self,
        caller: &Caller,
        key: &ModelKey,
        older_than: Duration,
        dry_run: bool,
    ) -> Result<Option<Kept>, Error> {
        if !self.inner.repository.can_purge() {
            return Ok(Some(Kept::Unsafe));
        }
        // What the catalogue knows may be from before a moment.
        let stored = match self.inner.catalog.ask_one(key).await {
            Ok(stored) => stored,
            Err(RepositoryError::NotFound { .. } | RepositoryError::TooLarge { .. }) => {
                return Ok(Some(Kept::Changed));
            }
            Err(error) => return Ok(Some(self.refused(key, error).await?)),
        };
        let definition = ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins).ok();
        let ours = definition.filter(|definition| is_ours(key, definition));
        let info = ours.and_then(|definition| definition.registry());
        let before = Timestamp::now().minus(older_than);
        let Some((id, deleted)) = info
            .and_then(|info| Some((info.id, info.deleted?)))
            .filter(|(_, deleted)| deleted.at.is_some_and(|at| at <= before))
        else {
            return Ok(Some(Kept::Changed));
        };
        if dry_run {
            return Ok(None);
        }
        let event = caller.event(Action::System, format!("model:{key}"));
        let event = event.with_detail(match deleted.moved_to {
            Some(to) => format!("removed for good: the mark that it moved to {to}"),
            None => format!("removed for good: the mark that it was deleted; history {id} stays"),
        });
        let this = self.clone();
        let purged = self.change_of_model(async move {
            this.inner.prove_store().await?;
            let purged = this.inner.catalog.ask_to_purge(&stored).await;
            if let Ok(Purged::Done) = purged {
                this.inner.catalog.forget(&stored);
                this.inner.trail.record(event).await;
            }
            Ok(purged)
        });
        Ok(match purged.await? {
            Ok(Purged::Done) => None,
            Ok(Purged::Changed) => Some(Kept::Changed),
            Ok(Purged::Needed) => Some(Kept::Needed),
            Ok(Purged::Unsafe) => Some(Kept::Unsafe),
            Err(error) => Some(self.refused(key, error).await?),
        })
    }

    /// What the store refuses stays, if it answers otherwise; if not, all ends.
    async fn refused(&self, at: impl ToString, error: RepositoryError) -> Result<Kept, Error> {
        self.inner.catalog.ask_marker().await?;
        let error: &dyn std::error::Error = &error;
        tracing::warn!(at = at.to_string(), error, "garbage cannot be removed");
        Ok(Kept::Refused)
    }
}
