//! The use cases of the registry: everything that can be done with it, each checked, audited and
//! taking a [`Caller`].
//!
//! [`Dashboard`] joins a [`ModelRepository`], the stores of accounts, tokens, sessions and events,
//! and the [`Authenticator`]s. Front ends turn what comes in into calls of its methods and its
//! answers into replies; they hold no rule themselves.
//!
//! # Changes
//! A change runs to its end even if the caller stops waiting for it (a client that disconnects):
//! what was committed is always followed by what belongs to it, such as forgetting a revoked token
//! and the event in the audit log. A change of a model is refused at once while the store of the
//! models is known not to answer, and does not keep those of accounts and tokens waiting.
//!
//! # The audit log
//! An event is written after what it tells of was committed. If it cannot be written then, the
//! change stays and is answered as done; the event goes to the program's log at once, is kept in
//! memory and is written first when the audit log works again, and until then every further change
//! and sign-in is refused with [`Error::Unavailable`].

mod access;
mod ancestor;
mod as_of;
mod audit;
mod background;
mod builder;
mod bulk;
mod cache;
mod caller;
mod deleted;
mod deletions;
mod directories;
mod edits;
mod error;
mod error_from;
mod error_kind;
mod fields;
mod first_administrator;
mod first_password;
mod gap;
mod history;
mod lost_race;
mod measures;
mod model_changes;
mod model_states;
mod model_writes;
mod models;
mod new_session;
mod noticed;
mod packages;
mod places;
mod proof;
mod reader;
mod restore;
mod revision;
mod samples;
mod sessions;
mod sign_in;
mod storage;
mod stored_revision;
mod system;
mod throttle;
mod tokens;
mod trail;
mod unread;
mod users;
mod uses;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::timeout;
use tracing::Instrument as _;

pub use as_of::{Doubt, MAX_MODELS_AT, ModelAt, ModelsAt};
pub use builder::{BuildError, DashboardBuilder, Policy};
pub use bulk::{
    BulkAction, BulkOutcome, Exported, ImportFile, ImportMode, ImportOutcome, Imported, MAX_BULK,
    MAX_IMPORT,
};
#[cfg(feature = "client")]
pub(crate) use bulk::{FoundDefinition, definitions_in};
pub use caller::{Caller, Credential, RequestInfo, TOKEN_EXPIRES_SOON, TokenInUse};
#[cfg(feature = "sqlite")]
pub(crate) use directories::account_typed;
pub use directories::{
    MAX_DOUBTED_NAMED, RecheckOutcome, Rechecked, SignInLimit, SourceDoubt, SourceFailing,
    SourceGroups, SourceRecheck, SourceState, SourceTrouble,
};
pub use edits::{MAX_TAG_CHARS, MAX_TAGS};
pub use error::{Error, Unauthenticated};
pub use error_kind::ErrorKind;
pub use fields::MAX_MESSAGE_CHARS;
pub use first_administrator::{AdministratorState, FirstAdministrator};
pub use first_password::{PASSWORD_FILE, first_passwords_left};
pub use gap::Gap;
pub use history::{Compared, History, HistoryStep, MAX_HISTORY_PAGE};
pub use lost_race::{LostRace, Wanted};
pub use measures::Measures;
pub use models::{Model, RawModel};
pub use packages::{
    AllDrafts, CheckVerdict, Confirmed, Downloads, Draft, DraftCheck, Giving, Inspection,
    MAX_DRAFTS, MAX_FILE_NAME_CHARS, MAX_LARGEST_UPLOADS, MAX_LISTED_DRAFTS,
    MAX_PACKAGE_FILE_BYTES, MAX_PURPOSE_CHARS, MAX_UPLOAD_NOTE_BYTES, MAX_UPLOADS, MayBreak,
    ModelPackage, ModelPackageReport, NamedBy, NewUpload, PACKAGE_ADDRESS_VALID, PackageDifference,
    PackageFileContent, PackageHead, PackagePurge, PackageRecord, PackageRemoval, PackageSide,
    PackageUpload, ProposedRevision, PurgedBytes, PurgedPackage, RevisionPackage,
};
pub use reader::Reader;
pub use revision::{ModelRevision, Origin, RevisionContent};
pub use samples::Samples;
pub use sign_in::{SignIn, SignInSource, SignedIn};
pub use storage::{
    Finding, FindingKind, Garbage, GarbageKind, Kept, MAX_FINDINGS, MAX_HARMLESS, Mending,
    Progress, StorageCheck, Waste,
};
pub use stored_revision::StoredRevision;
pub use system::{Dependency, DependencyState, Readiness};
pub use tokens::{MAX_TOKEN_DESCRIPTION_CHARS, NewTokenRequest};
pub use users::{MAX_DISPLAY_NAME_CHARS, MAX_EMAIL_CHARS, NewServiceAccount, NewUserRequest};

use crate::auth::local::{LocalAuthenticator, PasswordHasher};
use crate::auth::{Authenticator, SessionStore, UserStore};
use crate::catalog::Catalog;
use crate::downloads::DownloadCounts;
use crate::repository::ModelRepository;
use crate::tokens::TokenStore;
use access::Access;
use background::Background;
use directories::Directories;
use fields::{near_names, text_field};
use measures::Expiring;
use packages::Packages;
use places::Places;
use proof::Proof;
use system::Lately;
use throttle::Throttle;
use trail::Trail;

/// How many changes of accounts, tokens and sessions run at once, and how many of models; further
/// ones wait. They do not wait for each other: a token can be revoked while the store of the
/// models hangs.
const MAX_CHANGES: u32 = 128;
const MAX_MODEL_CHANGES: u32 = 128;

/// How much longer than a small answer a change of a model may take, which is several.
const CHANGE_PATIENCE: u32 = 4;

/// How long the end takes at most, unless its caller says.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(10);

/// A registry: all use cases, over the backends it was built with. Cheap to clone.
///
/// Background tasks keep it fresh; they end with [`Dashboard::shutdown`], or when the last clone
/// is dropped (then without writing the last times of use).
#[derive(Clone)]
pub struct Dashboard {
    inner: Arc<Inner>,
    background: Arc<Background>,
}

struct Inner {
    repository: Arc<dyn ModelRepository>,
    packages: Packages,
    downloads: Option<Arc<dyn DownloadCounts>>,
    catalog: Catalog,
    users: Arc<dyn UserStore>,
    tokens: Arc<dyn TokenStore>,
    sessions: Arc<dyn SessionStore>,
    authenticators: Vec<Arc<dyn Authenticator>>,
    /// Those of other sources, with what is known of them.
    directories: Directories,
    /// Whether their people are looked at again in the background.
    look_around: bool,
    /// The authenticator of local accounts, which is among them too.
    local: Option<LocalAuthenticator>,
    hasher: PasswordHasher,
    policy: Policy,
    access: Access,
    accounts_state: Lately,
    expiring: Expiring,
    throttle: Throttle,
    trail: Trail,
    proof: Proof,
    /// A permit for every change of accounts, tokens and sessions under way; closed at shutdown.
    changes: Arc<Semaphore>,
    /// A permit for every change of a model under way; closed at shutdown.
    model_changes: Arc<Semaphore>,
    /// For every password of an account made here that is checked.
    sign_ins: Places,
    /// Places for pages of histories, which may be large.
    history_pages: Arc<Semaphore>,
    /// The place for what is read of histories to tell of a time.
    past_pages: Semaphore,
    /// Whether the end was announced.
    draining: AtomicBool,
}

impl Dashboard {
    /// Builds a dashboard from its parts.
    pub fn builder() -> DashboardBuilder {
        DashboardBuilder::new()
    }

    /// The rules it was built with.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// Announces the end: from now on [`Dashboard::ready`] answers [`Readiness::Draining`], so that
    /// whoever sends requests sends them elsewhere. Everything still works.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Relaxed);
    }

    /// Ends in order: waits for changes under way and refuses new ones, ends the background tasks,
    /// writes times of use and events that wait. Takes 10 s at most; idempotent.
    pub async fn shutdown(&self) {
        self.shutdown_within(SHUTDOWN_WITHIN).await;
    }

    /// [`Dashboard::shutdown`] in a given time. What does not end in half of it is left alone and
    /// counted in the log; with no time at all, nothing is waited for.
    pub async fn shutdown_within(&self, limit: Duration) {
        self.drain();
        self.background.stop(&self.inner, limit).await;
    }

    /// Runs a change of accounts, tokens or sessions to its end, whether or not the caller waits.
    async fn change<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = self.inner.changes.clone().acquire_owned().await;
        let permit = permit.map_err(|_| shutting_down())?;
        self.run_to_end(permit, work).await
    }

    /// Runs a change of models to its end, whether or not the caller waits. While the store is known
    /// not to answer, it is refused at once; the caller waits for a bounded time only.
    async fn change_of_model<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.store_answers()?;
        let limit = self.inner.catalog.answer_within();
        let permit = self.inner.model_changes.clone().acquire_owned();
        let permit = timeout(limit, permit)
            .await
            .map_err(|_| Error::Busy { retry_after: limit })?;
        let permit = permit.map_err(|_| shutting_down())?;
        let limit = limit.saturating_mul(CHANGE_PATIENCE);
        timeout(limit, self.run_to_end(permit, work))
            .await
            .unwrap_or_else(|_| Err(not_done_yet(limit)))
    }

    /// Whether the store of the models answers, as far as is known.
    fn store_answers(&self) -> Result<(), Error> {
        let Some(failing) = self.inner.catalog.state().failing else {
            return Ok(());
        };
        Err(Error::Unavailable {
            what: "the model store does not answer, so nothing was changed; try again in a moment"
                .to_owned(),
            since: Some(failing.since),
            retry_after: Duration::from_secs(5),
            source: Some(failing.message.into()),
        })
    }

    /// Runs a check of a password to its end in one of `places`, so that nobody guesses without a
    /// trace by not waiting for the answer. Changes within it are changes of their own.
    async fn password_check<T: Send + 'static>(
        &self,
        places: &Places,
        is_known: bool,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = places.take(is_known).map_err(|error| match error {
            TryAcquireError::NoPermits => Error::Busy {
                retry_after: Duration::from_secs(2),
            },
            TryAcquireError::Closed => shutting_down(),
        })?;
        self.run_to_end(permit, work).await
    }

    async fn run_to_end<T: Send + 'static>(
        &self,
        permit: OwnedSemaphorePermit,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = self.inner.clone();
        let task = async move {
            let _permit = permit;
            inner.trail.ready().await?;
            work.await
        };
        let task = tokio::spawn(task.in_current_span());
        task.await
            .unwrap_or_else(|failed| Err(Error::Internal(Box::new(failed))))
    }
}

fn not_done_yet(limit: Duration) -> Error {
    Error::Unavailable {
        what:
            "the model store has not answered yet, and the change may still be done: look at the \
               model before you try again"
                .to_owned(),
        since: None,
        retry_after: limit,
        source: None,
    }
}

fn shutting_down() -> Error {
    Error::Unavailable {
        what: "the server is shutting down".to_owned(),
        since: None,
        retry_after: Duration::from_secs(10),
        source: None,
    }
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard")
            .field("repository", &self.inner.repository)
            .field("users", &self.inner.users)
            .field("authenticators", &self.inner.authenticators)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
