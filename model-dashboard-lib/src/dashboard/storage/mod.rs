//! Checking and tidying the store of the models.
//!
//! A check reads every definition and every revision once, and says what is not as the registry
//! left it. What can be mended without guessing, it mends if it is asked to: it completes histories
//! and interrupted renames. Everything else is told to people.

mod check;
mod garbage;
mod history;
mod look;
mod packages;
mod unnamed;

use std::collections::BTreeMap;

use self::check::Check;
use super::{Caller, Dashboard, Error};
use crate::audit::{Action, NewEvent};
use crate::auth::Permission;

pub use garbage::{Garbage, GarbageKind, Kept, Waste};

/// The most findings of a kind that are named.
pub const MAX_FINDINGS: u64 = 10_000;

/// The most of a kind that are named if nothing follows from it.
pub const MAX_HARMLESS: u64 = 1_000;

/// How many mended models the event of a check names.
const NAMED: usize = 20;

/// Is told how much of how much is done.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// What a check found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StorageCheck {
    /// How many definitions there are, broken ones included.
    pub models: u64,
    /// How many tombstones.
    pub tombstones: u64,
    /// How many models have a history.
    pub histories: u64,
    /// How many revisions were read.
    pub revisions: u64,
    /// How many bytes.
    pub bytes: u64,
    /// How many keys are noted to belong to a model that was never written, as renames leave them.
    /// They do no harm.
    pub idle_notes: u64,
    /// What is not as it should be; of a kind [`MAX_FINDINGS`] at most, or [`MAX_HARMLESS`].
    pub findings: Vec<Finding>,
    /// How many findings are not named.
    pub more: u64,
    counts: BTreeMap<FindingKind, u64>,
    unmended: u64,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Where: the key of a model, the id of a history, the name of an object.
    pub at: String,
    /// What exactly, in words; may be empty.
    pub detail: String,
    /// Whether it is mended.
    pub mending: Mending,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// A definition that cannot be read as one.
    Broken,
    /// A definition that names another place than the one where it lies.
    Contradiction,
    /// A definition that another program wrote, and that is not in the history yet. Nothing is
    /// wrong with it, but it would be lost if that program replaced it. So are all definitions of a
    /// store that the existing system filled, until a repair puts them into the history as they
    /// are.
    ChangedOutside,
    /// A definition of the registry's that is not in the history.
    NotInHistory,
    /// A rename that was begun and neither finished nor taken back.
    InterruptedRename,
    /// Numbers that a history lacks.
    Gap,
    /// A revision whose content was changed in the history.
    Falsified,
    /// An object that the store does not give, while it gives others.
    Unreadable,
    /// A model whose definition was removed by another program; its history is there, and does not
    /// say so yet.
    Missing,
    /// A history that belongs to no model, and does not end with a deletion.
    Orphaned,
    /// An object that is no definition.
    Other,
    /// An object to try the store with, which was not removed.
    LeftOver,
}

/// Whether a finding is mended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mending {
    /// Only people can tell what is right.
    Impossible,
    /// A check that may repair mends it; of what is left over, collecting garbage.
    Possible,
    /// It is.
    Done,
    /// It could not be; why.
    Failed(String),
}

impl FindingKind {
    /// The stable name, such as `not-in-history`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Contradiction => "contradiction",
            Self::ChangedOutside => "changed-outside",
            Self::NotInHistory => "not-in-history",
            Self::InterruptedRename => "interrupted-rename",
            Self::Gap => "gap",
            Self::Falsified => "falsified",
            Self::Unreadable => "unreadable",
            Self::Missing => "missing",
            Self::Orphaned => "orphaned",
            Self::Other => "other",
            Self::LeftOver => "left-over",
        }
    }

    /// Whether nothing follows from it: objects that are none of the registry's business.
    #[must_use]
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::Other | Self::LeftOver)
    }
}

impl StorageCheck {
    /// How many findings there are of a kind, named or not.
    #[must_use]
    pub fn count(&self, kind: FindingKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// The kinds of which there are findings, with their number.
    pub fn counts(&self) -> impl Iterator<Item = (FindingKind, u64)> {
        self.counts.iter().map(|(kind, count)| (*kind, *count))
    }

    /// How many findings, named or not, are neither harmless nor mended.
    #[must_use]
    pub fn unmended(&self) -> u64 {
        self.unmended
    }

    /// Whether nothing is left that should be seen to: every finding is harmless or mended.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.unmended == 0
    }

    fn add(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.kind).or_default();
        *count += 1;
        let most = match finding.kind.is_harmless() {
            true => MAX_HARMLESS,
            false => MAX_FINDINGS,
        };
        let is_named = *count <= most;
        if !finding.kind.is_harmless() && finding.mending != Mending::Done {
            self.unmended += 1;
        }
        match is_named {
            true => self.findings.push(finding),
            false => self.more += 1,
        }
    }

    /// On one line, for the audit log.
    fn in_short(&self) -> String {
        let found: Vec<String> = self
            .counts()
            .map(|(kind, count)| format!("{}: {count}", kind.as_str()))
            .collect();
        match found.is_empty() {
            true => "nothing found".to_owned(),
            false => found.join(", "),
        }
    }
}

impl Finding {
    fn new(kind: FindingKind, at: impl ToString, detail: impl Into<String>) -> Self {
        Self {
            kind,
            at: at.to_string(),
            detail: detail.into(),
            mending: match kind {
                FindingKind::ChangedOutside
                | FindingKind::NotInHistory
                | FindingKind::InterruptedRename
                | FindingKind::LeftOver => Mending::Possible,
                _ => Mending::Impossible,
            },
        }
    }
}

impl Dashboard {
    /// Reads everything that lies in the store of the models, compares digests, and says what is
    /// missing, orphaned, broken or changed outside; with `repair` it mends what can be mended
    /// without guessing. Needs `system:admin`.
    ///
    /// The store may be in use meanwhile: what looks wrong is looked at again before it is told.
    /// Reads up to 64 objects at a time; keeps ids and keys in memory, and no bodies but those.
    /// Whoever drops the future ends the check; what is being mended then is mended to the end.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Unavailable`] if the store stops answering. What was mended by
    /// then stays so.
    pub async fn check_storage(
        &self,
        caller: &Caller,
        repair: bool,
        progress: Progress<'_>,
    ) -> Result<StorageCheck, Error> {
        self.require(caller, Permission::SystemAdmin, || "storage".to_owned())
            .await?;
        let event = caller.event(Action::System, "storage");
        let told = Told::new(
            self,
            event.with_detail(match repair {
                true => "checked and repaired",
                false => "checked",
            }),
        );
        let checked = Check::new(self, repair).run(progress).await;
        self.inner.note_noticed().await;
        let details = match &checked {
            Ok(found) => [found.in_short(), mended(found)],
            Err(error) => [format!("ended early: {error}"), String::new()],
        };
        told.of(details).await;
        checked
    }
}

/// The event of what is under way: it is written even if that is dropped before its end.
struct Told {
    dashboard: Dashboard,
    event: Option<NewEvent>,
}

impl Told {
    fn new(dashboard: &Dashboard, event: NewEvent) -> Self {
        Self {
            dashboard: dashboard.clone(),
            event: Some(event),
        }
    }

    async fn of(mut self, details: [String; 2]) {
        if let Some(event) = self.event.take() {
            let event = details.iter().fold(event, NewEvent::with_detail);
            self.dashboard.inner.trail.record(event).await;
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current();
        if let (Some(event), Ok(runtime)) = (self.event.take(), runtime) {
            let dashboard = self.dashboard.clone();
            let event = event.with_detail("stopped before the end");
            runtime.spawn(async move { dashboard.inner.trail.record(event).await });
        }
    }
}

fn mended(found: &StorageCheck) -> String {
    let done = found.findings.iter();
    let done: Vec<&str> = done
        .filter(|finding| finding.mending == Mending::Done)
        .map(|finding| finding.at.as_str())
        .collect();
    named("mended", &done)
}

/// The first of some names, and how many more there are.
fn named(what: &str, names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>();
    let shown = shown.join(", ");
    match names.len() {
        0 => String::new(),
        count if count > NAMED => format!("{what}: {shown} and {} more", count - NAMED),
        _ => format!("{what}: {shown}"),
    }
}
