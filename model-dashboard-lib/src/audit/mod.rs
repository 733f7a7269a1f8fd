//! Who did what: one event schema for the audit log, the Activity page and the event feed.

use std::fmt;

use async_trait::async_trait;
use serde::Serialize;

use crate::model::Timestamp;
use crate::store::StoreError;

/// What happened.
///
/// The names are stable. `Other` keeps events readable that a newer program wrote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// A sign-in that succeeded.
    SignIn,
    /// A sign-in that did not.
    SignInRefused,
    /// A sign-out.
    SignOut,
    /// Something that was asked for and not allowed.
    Denied,
    /// A model was created.
    ModelCreate,
    /// A model was changed.
    ModelUpdate,
    /// A model was enabled.
    ModelEnable,
    /// A model was disabled.
    ModelDisable,
    /// A model was renamed or moved to another type.
    ModelRename,
    /// A model was deleted.
    ModelDelete,
    /// An earlier revision of a model was made the present one, or a deleted model was brought back.
    ModelRestore,
    /// The bytes of a package arrived whole.
    PackageUpload,
    /// A package was proposed to a model.
    PackageDraft,
    /// A package that was proposed to a model is so no more.
    PackageDraftDiscard,
    /// An upload, or a package that no model had, was given up or expired.
    PackageDiscard,
    /// Bytes were removed that must not exist.
    PackagePurge,
    /// Bytes that were purged may come in again.
    PackageAllow,
    /// A package was fetched, or a part of it.
    PackageDownload,
    /// A token was made.
    TokenCreate,
    /// A token was revoked.
    TokenRevoke,
    /// An account was made.
    UserCreate,
    /// An account was changed.
    UserUpdate,
    /// The source of an account, or of many, was asked about them again.
    UserRecheck,
    /// An account was removed.
    UserDelete,
    /// A password was changed or reset.
    PasswordChange,
    /// Sessions were ended.
    SessionEnd,
    /// The installation itself: start, migration, initialisation.
    System,
    /// An action of a newer program.
    Other(String),
}

impl Action {
    const NAMED: &'static [(Action, &'static str)] = &[
        (Action::SignIn, "sign-in"),
        (Action::SignInRefused, "sign-in.refused"),
        (Action::SignOut, "sign-out"),
        (Action::Denied, "denied"),
        (Action::ModelCreate, "model.create"),
        (Action::ModelUpdate, "model.update"),
        (Action::ModelEnable, "model.enable"),
        (Action::ModelDisable, "model.disable"),
        (Action::ModelRename, "model.rename"),
        (Action::ModelDelete, "model.delete"),
        (Action::ModelRestore, "model.restore"),
        (Action::PackageUpload, "package.upload"),
        (Action::PackageDraft, "package.draft"),
        (Action::PackageDraftDiscard, "package.draft.discard"),
        (Action::PackageDiscard, "package.discard"),
        (Action::PackagePurge, "package.purge"),
        (Action::PackageAllow, "package.allow"),
        (Action::PackageDownload, "package.download"),
        (Action::TokenCreate, "token.create"),
        (Action::TokenRevoke, "token.revoke"),
        (Action::UserCreate, "user.create"),
        (Action::UserUpdate, "user.update"),
        (Action::UserRecheck, "user.recheck"),
        (Action::UserDelete, "user.delete"),
        (Action::PasswordChange, "password.change"),
        (Action::SessionEnd, "session.end"),
        (Action::System, "system"),
    ];

    /// The stable name, such as `model.enable`.
    pub fn as_str(&self) -> &str {
        match self {
            Action::Other(name) => name,
            known => Action::NAMED
                .iter()
                .find(|(a, _)| a == known)
                .map_or("", |(_, n)| n),
        }
    }

    /// Reads a stored name.
    pub fn from_name(name: &str) -> Action {
        let known = Action::NAMED.iter().find(|(_, n)| *n == name);
        known.map_or_else(|| Action::Other(name.to_owned()), |(a, _)| a.clone())
    }

    /// The names of all actions that this program writes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Action::NAMED.iter().map(|(_, n)| *n)
    }

    /// Whether everyone who may read models sees it on the Activity page.
    pub fn is_activity(&self) -> bool {
        let is_of_draft = matches!(self, Action::PackageDraft | Action::PackageDraftDiscard);
        is_of_draft || self.as_str().starts_with("model.")
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Action {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An event to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// Who: `source:subject`; empty for nobody known.
    pub actor: String,
    /// The name they had then.
    pub actor_name: String,
    /// Through what: `dashboard`, `api`, `cli`, `server`; `store` for what another program did to
    /// the models there.
    pub via: String,
    /// From where: a client address, or a host name for the command line.
    pub from: String,
    /// The request's id, as in the log.
    pub request_id: String,
    /// What.
    pub action: Action,
    /// On what: `model:nnUNet/Task055`, `package:01J…`, `user:local:3`, `token:17`.
    pub target: String,
    /// The revision that came of it.
    pub revision: Option<u64>,
    /// Why, in the words of the person.
    pub reason: String,
    /// More, for people: what changed, why it was refused. Never a secret.
    pub detail: String,
}

/// What is said of events by nobody who is known.
pub(crate) const THE_SERVER: &str = "the server";
pub(crate) const ANOTHER_PROGRAM: &str = "another program";
pub(crate) const UNKNOWN: &str = "unknown";

impl NewEvent {
    /// Who did it, in words: the name they had, or else their id; the server itself, or another
    /// program that wrote to the models' store; else nobody who is known.
    #[must_use]
    pub fn who(&self) -> &str {
        match (&*self.actor_name, &*self.actor, &*self.via) {
            ("", "", "server") => THE_SERVER,
            ("", "", "store") => ANOTHER_PROGRAM,
            ("", "", _) => UNKNOWN,
            ("", id, _) => id,
            (name, ..) => name,
        }
    }

    /// The source of the account that did it, or that a refused sign-in was for; `None` for nobody
    /// who is known.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        match (self.actor.split_once(':'), &*self.actor_name) {
            (Some((source, _)), _) => Some(source),
            (None, "") => None,
            (None, _) => self.target.strip_prefix("source:"),
        }
    }
}

/// A number of things in words: `1 session`, `2 sessions`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {what}{many}")
}

/// An event as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number, growing by one with each event.
    pub seq: u64,
    /// What was written.
    pub event: NewEvent,
    /// HMAC-SHA-256 over the previous event's digest and this event, hexadecimal.
    pub digest: String,
}

impl Event {
    /// The digest of each event goes to the program's log, so that an audit log cut short shows
    /// there.
    pub(crate) fn log_digest(&self) {
        let Event { seq, event, digest } = self;
        tracing::info!(
            target: "audit",
            seq,
            action = event.action.as_str(),
            actor = event.actor,
            user.name = event.actor_name,
            target = event.target,
            revision = event.revision,
            from = event.from,
            request_id = event.request_id,
            digest,
        );
    }
}

/// Which events to list, and from where on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these action names; a name that ends in `.` stands for all below it. Empty: all.
    pub actions: Vec<String>,
    /// Only events of this actor: id or name, exactly, or what [`NewEvent::who`] says of those by
    /// nobody who is known (`the server`).
    pub actor: Option<String>,
    /// Only events by accounts of this source ([`NewEvent::source`]), as two sources may each have
    /// somebody of one name.
    pub source: Option<String>,
    /// Only events on this target.
    pub target: Option<String>,
    /// Only events at or after this time.
    pub since: Option<Timestamp>,
    /// Only events before this time.
    pub until: Option<Timestamp>,
}

/// Which part of the log, and in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventPage {
    /// Newest first, below this number if one is given.
    Newest {
        /// Continue below this number.
        before: Option<u64>,
    },
    /// Oldest first, above this number: a feed.
    After(u64),
}

/// What a check of the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainState {
    /// Every event is as it was written, none is missing.
    Intact {
        /// How many events.
        events: u64,
        /// Number and digest of the newest one, to compare with the logs.
        head: Option<(u64, String)>,
    },
    /// The chain breaks at this number: an event was edited, removed or put in.
    Broken {
        /// The first event that does not fit.
        at: u64,
        /// What does not fit.
        problem: String,
    },
}

/// An append-only log of events, each chained to the one before by a keyed digest, so that an
/// edit of the database alone cannot go unnoticed. The key lies outside the database; the head's
/// digest goes to the logs, where a truncated chain shows.
#[async_trait]
pub trait AuditLog: fmt::Debug + Send + Sync {
    /// Appends events in order, durably, in one transaction.
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<Event>, StoreError>;

    /// Events that match; at most `limit` and never more than 1,000.
    async fn events(
        &self,
        filter: &EventFilter,
        page: EventPage,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError>;

    /// The event with this number.
    async fn event(&self, seq: u64) -> Result<Option<Event>, StoreError>;

    /// Recomputes the whole chain. Linear in the number of events.
    async fn verify(&self) -> Result<ChainState, StoreError>;
}
