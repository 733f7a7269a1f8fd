//! From a configuration to a running registry: the only place that names backends.

mod directory;
mod storage;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use directory::directory;
pub use storage::{ModelsProof, check_models_folder, make_bucket, prove_models, prove_redirects};

use storage::{Claim, models, open_models};

use crate::audit::{AuditLog as _, EventFilter, EventPage};
use crate::auth::{IdentityId, Source, User, UserStore as _, Username};
use crate::catalog::CatalogOptions;
use crate::config::{Config, DatabaseConfig, StorageLocation};
use crate::dashboard::account_typed;
use crate::dashboard::{
    BuildError, Dashboard, DashboardBuilder, FirstAdministrator, Policy, SourceDoubt,
};
use crate::repository::RepositoryError;
use crate::store::{DatabaseState, Migration, SqliteStore, StoreError};

/// A registry as configured.
#[derive(Debug)]
#[non_exhaustive]
pub struct Connected {
    /// The registry.
    pub dashboard: Dashboard,
    /// What became of an older user database when it was opened.
    pub migration: Option<Migration>,
    /// Copies that upgrades left beside the user database, oldest first. They hold what the
    /// upgrade removed; delete them once it has proved itself.
    pub backups: Vec<PathBuf>,
    /// The first administrator as configured, for
    /// [`Dashboard::ensure_first_administrator`].
    pub first_administrator: FirstAdministrator,
}

/// Why a configuration does not lead to a registry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A setting asks for something that this build does not have.
    #[error("{setting}: {reason}")]
    Unsupported {
        /// The setting and where it comes from.
        setting: String,
        /// What is missing.
        reason: &'static str,
    },
    /// A setting of the directory is of no use.
    #[error("{setting}: {reason}")]
    Directory {
        /// The setting and where it comes from.
        setting: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder for data cannot be made.
    #[error("{setting}: the folder {} cannot be made", folder.display())]
    DataFolder {
        /// The setting and where it comes from.
        setting: String,
        /// The folder.
        folder: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The models' folder is not there, though this installation has been used: another one was
    /// meant, or a volume is not mounted.
    #[error(
        "{setting}: the folder {} does not exist, but this installation has been used before; give \
         the folder that holds its models, or make an empty one to begin without them",
        folder.display()
    )]
    ModelsMissing {
        /// The setting and where it comes from.
        setting: String,
        /// The folder.
        folder: PathBuf,
    },
    /// The user database cannot be opened.
    #[error("{setting}")]
    Database {
        /// The setting and where it comes from.
        setting: String,
        /// The cause.
        #[source]
        source: StoreError,
    },
    /// The models cannot be opened or loaded.
    #[error("{setting}")]
    Models {
        /// The setting and where it comes from.
        setting: String,
        /// The cause.
        #[source]
        source: RepositoryError,
    },
    /// Another process writes to the models, and `STORAGE_SINGLE_WRITER` lets one alone.
    #[error(
        "{setting}: another process of this installation writes to the models, and only one may; \
         end it first"
    )]
    AnotherWriter {
        /// The setting and where it comes from.
        setting: String,
    },
    /// The parts do not make a registry.
    #[error("the registry cannot be built")]
    Build(#[source] BuildError),
}

/// Opens everything that `config` names and loads the models.
///
/// Makes the data folder, the models' folder and the user database where they are missing, and
/// upgrades an older database after a copy of it was made. The models' folder is made for a new
/// installation alone: see [`ConnectError::ModelsMissing`].
///
/// For programs beside a server, which looks at people of directories again: this does not.
///
/// With `STORAGE_SINGLE_WRITER` the first process that changes a model is the only one that may
/// until it ends; others read.
///
/// # Errors
/// [`ConnectError`], which names the setting.
pub async fn connect(config: &Config) -> Result<Connected, ConnectError> {
    open(
        config,
        Claim::WhenWriting,
        DashboardBuilder::without_rechecks,
    )
    .await
}

/// [`connect`] for a server: does not wait for the models. They are loaded in the background, and
/// a store that does not answer is asked again until it does; [`Dashboard::ready`] says how far
/// it is. With `STORAGE_SINGLE_WRITER` it is the process that writes from the start.
///
/// # Errors
/// As [`connect`], but for models that cannot be loaded; [`ConnectError::AnotherWriter`].
pub async fn connect_in_background(config: &Config) -> Result<Connected, ConnectError> {
    open(config, Claim::AtOnce, DashboardBuilder::load_in_background).await
}

/// [`connect_in_background`] for a server that needs its models first: waits until they are loaded.
///
/// # Errors
/// As [`connect`]; [`ConnectError::AnotherWriter`].
pub async fn connect_to_serve(config: &Config) -> Result<Connected, ConnectError> {
    open(config, Claim::AtOnce, |builder| builder).await
}

/// [`connect`] for who needs accounts, tokens or the audit log alone: does not wait for the models,
/// nor for the store that they are in.
///
/// # Errors
/// As [`connect`], but for models that cannot be loaded.
pub async fn connect_accounts(config: &Config) -> Result<Connected, ConnectError> {
    open(config, Claim::WhenWriting, |builder| {
        builder.load_in_background().without_rechecks()
    })
    .await
}

async fn open(
    config: &Config,
    claim: Claim,
    load: impl FnOnce(DashboardBuilder) -> DashboardBuilder,
) -> Result<Connected, ConnectError> {
    let people = directory(config).await?;
    check_models_folder(config).await?;
    make_folder(&config.data_dir, || config.cite("data_dir")).await?;
    let store = open_database(config).await?;
    let (repository, packages) = open_models(config, claim).await?;
    let backups = store
        .backups()
        .await
        .map_err(|source| database(config, source))?;
    let migration = store.migration().cloned();

    let policy = Policy {
        session_idle_limit: config.auth.session_idle_limit,
        session_absolute_limit: config.auth.session_absolute_limit,
        token_days: config.auth.api_token_expiry_days,
        max_upload_bytes: config.server.max_upload_size.bytes(),
        upload_expiry: config.server.upload_expiry,
        min_package_trust: config.server.package_trust.into(),
        redirect_downloads: config.storage.redirect_downloads,
        ..directory::policy(config)
    };
    // Beside the accounts and not beside the models: several servers may share those.
    let snapshot = match config.storage.location {
        StorageLocation::Memory => None,
        _ => Some(config.data_dir.join("cache").join("catalog")),
    };
    let catalog = CatalogOptions {
        snapshot,
        body_bytes: usize::try_from(config.catalog.cache_mb).unwrap_or(64) << 20,
        look_every: config.catalog.poll_interval.max(Duration::from_secs(1)),
        ..CatalogOptions::default()
    };
    let builder = Dashboard::builder()
        .repository(repository)
        .packages(packages)
        .accounts(Arc::new(store))
        .policy(policy)
        .catalog(catalog);
    let builder = match people {
        Some(people) => builder.authenticator(people),
        None => builder,
    };
    let dashboard = load(builder).build().await.map_err(|error| match error {
        BuildError::Models(source) => models(config, source),
        other => ConnectError::Build(other),
    })?;
    let first_administrator = FirstAdministrator {
        username: config.admin.username.clone(),
        password: config
            .admin
            .password
            .as_ref()
            .map(|secret| secret.expose().to_owned()),
    };
    Ok(Connected {
        dashboard,
        migration,
        backups,
        first_administrator,
    })
}

/// What [`connect`] would find where `config` says that the accounts are. Makes and upgrades
/// nothing.
///
/// # Errors
/// [`ConnectError`], which names the setting.
pub async fn look_at_database(config: &Config) -> Result<DatabaseState, ConnectError> {
    let path = database_file(config)?;
    let state = SqliteStore::look(path, old_key_file(config)).await;
    state.map_err(|source| database(config, source))
}

/// What the installation doubts of what a directory says of its people ([`SourceDoubt`]), and the names
/// of those people, ten at most. Nothing where there is no user database yet, or one that has to be
/// upgraded first. Makes and upgrades nothing.
///
/// # Errors
/// [`ConnectError`], which names the setting.
pub async fn stored_doubt(
    config: &Config,
    source: &Source,
) -> Result<Option<(SourceDoubt, Vec<String>)>, ConnectError> {
    if look_at_database(config).await? != DatabaseState::Current {
        return Ok(None);
    }
    let store = open_database(config).await?;
    let looked = async {
        let Some(doubt) = store.doubt(source).await? else {
            return Ok(None);
        };
        let mut names = Vec::new();
        for subject in doubt.left.iter().take(10) {
            let id = IdentityId::new(source.clone(), subject.clone());
            let user = store.user(&id).await?;
            names.extend(user.map(|user| user.username.to_string()));
        }
        Ok(Some((SourceDoubt::from(&doubt), names)))
    };
    let looked = looked.await;
    store.close().await;
    looked.map_err(|source| database(config, source))
}

/// The account that the installation has for somebody of a directory, if it has one: by the id, or
/// where that was not found by the name. As [`stored_doubt`] looks.
///
/// # Errors
/// [`ConnectError`], which names the setting.
pub async fn stored_account(
    config: &Config,
    source: &Source,
    found: Option<&IdentityId>,
    name: &Username,
) -> Result<Option<User>, ConnectError> {
    if look_at_database(config).await? != DatabaseState::Current {
        return Ok(None);
    }
    let store = open_database(config).await?;
    let user = match found {
        Some(id) => store.user(id).await,
        None => account_typed(&store, source, name).await,
    };
    store.close().await;
    user.map_err(|source| database(config, source))
}

async fn has_events(config: &Config) -> Result<bool, ConnectError> {
    let store = open_database(config).await?;
    let (all, first) = (EventFilter::default(), EventPage::After(0));
    let events = store.events(&all, first, 1).await;
    store.close().await;
    let events = events.map_err(|source| database(config, source))?;
    Ok(!events.is_empty())
}

/// Upgrades the user database as [`connect`] does, and opens nothing else, so that what became of
/// it can be told whatever else is wrong. Makes the database where it is missing:
/// [`look_at_database`] tells before.
///
/// # Errors
/// [`ConnectError`], which names the setting.
pub async fn migrate_database(config: &Config) -> Result<Option<Migration>, ConnectError> {
    let store = open_database(config).await?;
    let migration = store.migration().cloned();
    store.close().await;
    Ok(migration)
}

fn database_file(config: &Config) -> Result<&Path, ConnectError> {
    match &config.database {
        DatabaseConfig::Sqlite(path) => Ok(path),
        _ => Err(ConnectError::Unsupported {
            setting: cite_database(config),
            reason: "this build keeps accounts in SQLite only; give sqlite:FILE",
        }),
    }
}

async fn open_database(config: &Config) -> Result<SqliteStore, ConnectError> {
    let path = database_file(config)?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        make_folder(folder, || cite_database(config)).await?;
    }
    // Outside the database, or whoever can edit it could mend the chain; but beside it, so that
    // every program that opens the one finds the other.
    SqliteStore::open_with_key_file(path, old_key_file(config))
        .await
        .map_err(|source| database(config, source))
}

/// Where the key of the audit log was earlier.
fn old_key_file(config: &Config) -> PathBuf {
    config.data_dir.join("audit.key")
}

async fn make_folder(folder: &Path, setting: impl Fn() -> String) -> Result<(), ConnectError> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    // What lies in it is for the owner, and for the group to back up.
    #[cfg(unix)]
    builder.mode(0o750);
    builder
        .create(folder)
        .await
        .map_err(|source| ConnectError::DataFolder {
            setting: setting(),
            folder: folder.to_owned(),
            source,
        })
}

fn database(config: &Config, source: StoreError) -> ConnectError {
    ConnectError::Database {
        setting: cite_database(config),
        source,
    }
}

/// The setting that says where the database is.
fn cite_database(config: &Config) -> String {
    cite_set(config, "database.", "database.path")
}

/// The first setting of a section that something sets, or else the one that would change it.
fn cite_set(config: &Config, section: &str, otherwise: &str) -> String {
    let mut settings = config.settings().iter();
    let set = settings.find(|it| it.name.starts_with(section) && it.is_set());
    config.cite(set.map_or(otherwise, |it| it.name))
}
