//! A dashboard from its parts.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::access::Access;
use super::background::Background;
use super::directories::Directories;
use super::measures::Expiring;
use super::packages::Packages;
use super::places::Places;
use super::proof::Proof;
use super::system::Lately;
use super::throttle::Throttle;
use super::trail::Trail;
use super::{Dashboard, Inner, MAX_CHANGES, MAX_MODEL_CHANGES};
use crate::audit::AuditLog;
use crate::auth::local::{LocalAuthenticator, PasswordHasher};
use crate::auth::{Authenticator, Role, SessionStore, Source, User, UserStore};
use crate::catalog::{Catalog, CatalogOptions};
use crate::downloads::DownloadCounts;
use crate::package::inspect::Trust;
use crate::repository::packages::{MAX_PACKAGE_BYTES, PackageStore};
use crate::repository::{ModelRepository, RepositoryError};
use crate::tokens::TokenStore;

/// Rules that an installation chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// A session ends when it was not used for this long, to the minute. Default: 2 hours.
    pub session_idle_limit: Duration,
    /// A session ends this long after sign-in. Default: 12 hours.
    pub session_absolute_limit: Duration,
    /// Days until a token ends, unless it is made with another number. Default: 30.
    pub token_days: u16,
    /// The most days of a person's token. Default: 90.
    pub max_token_days: u16,
    /// The most days of a service account's token. Default: 365.
    pub max_service_token_days: u16,
    /// People of a source that can be asked about them are looked at again within this time, so
    /// somebody who left gets in for no longer. Default: 15 minutes.
    pub recheck_interval: Duration,
    /// While such a source does not answer, its people get in for this long after it last vouched
    /// for them. Default: 24 hours.
    pub recheck_grace: Duration,
    /// The tokens of people whose source cannot be asked about them work for this many days after
    /// each sign-in of their owner. Default: 7.
    pub unchecked_token_days: u16,
    /// The role of people of other sources to whom nobody gave one. Default: publisher.
    pub default_role: Role,
    /// The most bytes of a package that is uploaded. Default: 10 GiB; at most
    /// [`MAX_PACKAGE_BYTES`].
    pub max_upload_bytes: u64,
    /// An upload that is not finished, or whose package no model got, is kept for this long after
    /// its last byte came. Default: 7 days.
    pub upload_expiry: Duration,
    /// How far the package of a model must be trusted for the model to be enabled. Default:
    /// [`Trust::Unscannable`], which leaves out dangerous ones.
    pub min_package_trust: Trust,
    /// Whether who fetches a package is given an address of the store for it, where the store can give
    /// one ([`Dashboard::package_address`]). Default: no.
    pub redirect_downloads: bool,
    /// How long what is in memory about tokens and sessions is believed while the store cannot be
    /// asked whether it changed. Default, and most: 5 seconds.
    pub max_staleness: Duration,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            session_idle_limit: Duration::from_secs(2 * 60 * 60),
            session_absolute_limit: Duration::from_secs(12 * 60 * 60),
            token_days: 30,
            max_token_days: 90,
            max_service_token_days: 365,
            recheck_interval: Duration::from_secs(15 * 60),
            recheck_grace: Duration::from_secs(24 * 60 * 60),
            unchecked_token_days: 7,
            default_role: Role::Publisher,
            max_upload_bytes: 10 << 30,
            upload_expiry: Duration::from_secs(7 * 24 * 60 * 60),
            min_package_trust: Trust::Unscannable,
            redirect_downloads: false,
            max_staleness: MAX_STALENESS,
        }
    }
}

const MAX_STALENESS: Duration = Duration::from_secs(5);

impl Policy {
    /// [`Policy::unchecked_token_days`] as a duration.
    #[must_use]
    pub fn unchecked_token_limit(&self) -> Duration {
        Duration::from_secs(u64::from(self.unchecked_token_days) * 24 * 60 * 60)
    }

    /// The most days of a token of `owner`: never fewer than the default of the installation.
    #[must_use]
    pub fn token_days_limit(&self, owner: &User) -> u16 {
        let limit = match owner.is_service() {
            true => self.max_service_token_days,
            false => self.max_token_days,
        };
        limit.max(self.token_days)
    }
}

/// Puts a [`Dashboard`] together.
///
/// The repository and the stores have to be given; sign-in with local accounts is there unless it
/// is turned off.
#[derive(Debug, Default)]
#[must_use]
pub struct DashboardBuilder {
    repository: Option<Arc<dyn ModelRepository>>,
    packages: Option<Arc<dyn PackageStore>>,
    users: Option<Arc<dyn UserStore>>,
    tokens: Option<Arc<dyn TokenStore>>,
    sessions: Option<Arc<dyn SessionStore>>,
    audit: Option<Arc<dyn AuditLog>>,
    downloads: Option<Arc<dyn DownloadCounts>>,
    authenticators: Vec<Arc<dyn Authenticator>>,
    without_local: bool,
    policy: Policy,
    catalog: CatalogOptions,
    in_background: bool,
    without_rechecks: bool,
}

/// Why a dashboard could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A part is missing.
    #[error("a dashboard needs {0}; give it to the builder")]
    Missing(&'static str),
    /// Two authenticators for one source, or one for a source that is not for sign-in.
    #[error("there cannot be an authenticator of its own for the source {0}")]
    Source(Source),
    /// Nobody could ever sign in.
    #[error("a dashboard needs a way to sign in: local accounts or an authenticator")]
    NoSignIn,
    /// The models could not be loaded.
    #[error("the models cannot be loaded")]
    Models(#[source] RepositoryError),
}

impl DashboardBuilder {
    pub(super) fn new() -> DashboardBuilder {
        DashboardBuilder::default()
    }

    /// Where the models are.
    pub fn repository(mut self, repository: Arc<dyn ModelRepository>) -> Self {
        self.repository = Some(repository);
        self
    }

    /// Where the packages are. Without it the registry keeps definitions alone.
    pub fn packages(mut self, packages: Arc<dyn PackageStore>) -> Self {
        self.packages = Some(packages);
        self
    }

    /// One store for accounts, tokens, sessions, the audit log and counts of downloads.
    pub fn accounts<S>(self, store: Arc<S>) -> Self
    where
        S: UserStore + TokenStore + SessionStore + AuditLog + DownloadCounts + 'static,
    {
        self.users(store.clone())
            .tokens(store.clone())
            .sessions(store.clone())
            .downloads(store.clone())
            .audit(store)
    }

    /// Where the accounts are.
    pub fn users(mut self, users: Arc<dyn UserStore>) -> Self {
        self.users = Some(users);
        self
    }

    /// Where the API tokens are.
    pub fn tokens(mut self, tokens: Arc<dyn TokenStore>) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Where the sessions are.
    pub fn sessions(mut self, sessions: Arc<dyn SessionStore>) -> Self {
        self.sessions = Some(sessions);
        self
    }

    /// Where the events go.
    pub fn audit(mut self, audit: Arc<dyn AuditLog>) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Where downloads are counted. Without it they are not.
    pub fn downloads(mut self, downloads: Arc<dyn DownloadCounts>) -> Self {
        self.downloads = Some(downloads);
        self
    }

    /// A further way to sign in, after those given before.
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticators.push(authenticator);
        self
    }

    /// Nobody signs in with a local account. Their tokens and those of service accounts still
    /// count.
    pub fn without_local_sign_in(mut self) -> Self {
        self.without_local = true;
        self
    }

    /// The rules.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The settings of the catalogue.
    pub fn catalog(mut self, options: CatalogOptions) -> Self {
        self.catalog = options;
        self
    }

    /// Do not wait for the models: they are loaded in the background, again and again until the
    /// repository answers, and until then whatever needs them is [`super::Error::Unavailable`].
    /// Whether the store is fit for several writers is tried there, too, and not only before the
    /// first change: see [`Dashboard::unfit_store`].
    pub fn load_in_background(mut self) -> Self {
        self.in_background = true;
        self
    }

    /// Look at nobody of a directory again in the background, and leave uploads that expired alone:
    /// for programs that run for a short time beside a server, which does both.
    pub fn without_rechecks(mut self) -> Self {
        self.without_rechecks = true;
        self
    }

    /// Builds the dashboard, loads the models, and starts the background tasks on the present
    /// tokio runtime.
    ///
    /// # Errors
    /// [`BuildError`].
    pub async fn build(self) -> Result<Dashboard, BuildError> {
        let repository = self.repository.ok_or(BuildError::Missing("a repository"))?;
        let users = self.users.ok_or(BuildError::Missing("a store of users"))?;
        let hasher = PasswordHasher::new();
        let local = match self.without_local {
            true => None,
            false => Some(LocalAuthenticator::new(users.clone(), hasher.clone())),
        };
        let mut authenticators: Vec<Arc<dyn Authenticator>> = Vec::new();
        if let Some(local) = &local {
            authenticators.push(Arc::new(local.clone()));
        }
        let reserved = [Source::local(), Source::service(), Source::host()];
        for one in self.authenticators {
            let taken = authenticators.iter().any(|a| a.source() == one.source());
            if taken || reserved.contains(one.source()) {
                return Err(BuildError::Source(one.source().clone()));
            }
            authenticators.push(one);
        }
        if authenticators.is_empty() {
            return Err(BuildError::NoSignIn);
        }
        let policy = Policy {
            max_staleness: self.policy.max_staleness.min(MAX_STALENESS),
            max_upload_bytes: self.policy.max_upload_bytes.min(MAX_PACKAGE_BYTES),
            ..self.policy
        };
        let catalog = Catalog::new(repository.clone(), self.catalog);
        if !self.in_background {
            catalog.load().await.map_err(BuildError::Models)?;
        }
        let directories = Directories::new(&authenticators);
        directories.recall(&*users).await;
        let inner = Arc::new(Inner {
            repository,
            packages: Packages::new(self.packages),
            downloads: self.downloads,
            catalog,
            users,
            tokens: self
                .tokens
                .ok_or(BuildError::Missing("a store of tokens"))?,
            sessions: self
                .sessions
                .ok_or(BuildError::Missing("a store of sessions"))?,
            directories,
            look_around: !self.without_rechecks,
            authenticators,
            local,
            hasher,
            access: Access::new(policy.max_staleness),
            accounts_state: Lately::default(),
            expiring: Expiring::default(),
            throttle: Throttle::default(),
            trail: Trail::new(self.audit.ok_or(BuildError::Missing("an audit log"))?),
            proof: Proof::default(),
            changes: Arc::new(Semaphore::new(MAX_CHANGES as usize)),
            model_changes: Arc::new(Semaphore::new(MAX_MODEL_CHANGES as usize)),
            sign_ins: Places::default(),
            history_pages: Arc::new(Semaphore::new(super::history::PAGES_AT_ONCE)),
            past_pages: Semaphore::new(super::as_of::PAGES_AT_ONCE),
            draining: AtomicBool::new(false),
            policy,
        });
        let background = Arc::new(Background::start(&inner, self.in_background).await);
        Ok(Dashboard { inner, background })
    }
}
