//! The models' store: opening it, making it, proving that it can be written to.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::{ConnectError, cite_set, database_file, has_events, make_folder, old_key_file};
use crate::config::{Config, StorageLocation};
use crate::repository::packages::{AddressProof, PackageStore};
use crate::repository::{ModelRepository, ObjectRepository, RepositoryError, SoleWriter};
use crate::store::{DatabaseState, SqliteStore};

/// When the only process that may write becomes that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    AtOnce,
    WhenWriting,
}

/// How long the models' folder may take to say whether it is there. One that does not is opened
/// once it does.
const FOLDER_TIMEOUT: Duration = Duration::from_secs(5);

/// Refuses a models' folder that does not exist, as [`connect`](super::connect) does, where the accounts are those
/// of an installation that has been used: their database is an older one, or its audit log has
/// events. Makes and upgrades nothing.
///
/// # Errors
/// [`ConnectError::ModelsMissing`]; others where the database cannot be read.
pub async fn check_models_folder(config: &Config) -> Result<(), ConnectError> {
    let StorageLocation::Folder(folder) = &config.storage.location else {
        return Ok(());
    };
    let looking = timeout(FOLDER_TIMEOUT, tokio::fs::try_exists(folder)).await;
    // What cannot be looked at is told when it is opened.
    if !matches!(looking, Ok(Ok(false))) {
        return Ok(());
    }
    let path = database_file(config)?;
    let state = SqliteStore::look(path, old_key_file(config)).await;
    let used = match state {
        Ok(DatabaseState::Older(_)) => true,
        Ok(DatabaseState::Current) => has_events(config).await?,
        // What cannot be looked at is told when it is opened, too.
        _ => false,
    };
    match used {
        true => Err(ConnectError::ModelsMissing {
            setting: cite_models(config),
            folder: folder.clone(),
        }),
        false => Ok(()),
    }
}

/// The models and the packages beside them.
pub(super) async fn open_models(
    config: &Config,
    claim: Claim,
) -> Result<(Arc<dyn ModelRepository>, Arc<dyn PackageStore>), ConnectError> {
    if !config.storage.single_writer {
        let store = open_store(config).await?;
        let packages = store.packages();
        return Ok((Arc::new(store), packages));
    }
    let (alone, packages) = open_alone(config).await?;
    if claim == Claim::AtOnce && !claimed(config, &alone).await? {
        let setting = config.cite("model_db.single_writer");
        return Err(ConnectError::AnotherWriter { setting });
    }
    // Packages are written by the server alone, which has claimed the store.
    Ok((Arc::new(alone), packages))
}

async fn open_store(config: &Config) -> Result<ObjectRepository, ConnectError> {
    let alone = config.storage.single_writer;
    let opened = match &config.storage.location {
        StorageLocation::Memory => Ok(ObjectRepository::in_memory()),
        StorageLocation::Folder(folder) if alone => {
            ObjectRepository::open_folder_alone(folder).await
        }
        StorageLocation::Folder(folder) => ObjectRepository::open_folder(folder).await,
        #[cfg(feature = "s3")]
        StorageLocation::S3(bucket) if alone => ObjectRepository::open_bucket_alone(bucket),
        #[cfg(feature = "s3")]
        StorageLocation::S3(bucket) => ObjectRepository::open_bucket(bucket),
        #[cfg(not(feature = "s3"))]
        StorageLocation::S3(_) => return Err(no_buckets(config)),
    };
    opened.map_err(|source| models(config, source))
}

#[cfg(not(feature = "s3"))]
fn no_buckets(config: &Config) -> ConnectError {
    ConnectError::Unsupported {
        setting: cite_models(config),
        reason: "this build keeps models in a folder only; give a folder as STORAGE_URL and leave \
                 the MINIO settings out",
    }
}

/// Makes the bucket of the models if they are to be kept in one that is not there; whether it was
/// missing. A folder is made by [`connect`](super::connect).
///
/// # Errors
/// [`ConnectError`], which names the setting.
pub async fn make_bucket(config: &Config) -> Result<bool, ConnectError> {
    match &config.storage.location {
        #[cfg(feature = "s3")]
        StorageLocation::S3(bucket) => ObjectRepository::make_bucket(bucket)
            .await
            .map_err(|source| models(config, source)),
        #[cfg(not(feature = "s3"))]
        StorageLocation::S3(_) => Err(no_buckets(config)),
        StorageLocation::Folder(_) | StorageLocation::Memory => Ok(false),
    }
}

/// A store that one process alone writes to: the lock is beside the accounts, whose file system
/// has file locks.
async fn open_alone(config: &Config) -> Result<(SoleWriter, Arc<dyn PackageStore>), ConnectError> {
    let opened = open_store(config).await?;
    let packages = opened.packages();
    let lock = config.data_dir.join("single-writer.lock");
    Ok((SoleWriter::new(Arc::new(opened), lock), packages))
}

async fn claimed(config: &Config, alone: &SoleWriter) -> Result<bool, ConnectError> {
    alone.claim().await.map_err(|source| ConnectError::Models {
        setting: config.cite("model_db.single_writer"),
        source,
    })
}

/// How models can be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelsProof {
    /// By several processes at once.
    Shared,
    /// By one process alone, as `STORAGE_SINGLE_WRITER` says.
    Alone,
    /// So, and another process is the one: nothing was tried.
    AnotherWriter,
}

/// Proves, by writing and removing a small object, that the models can be written to and, but for
/// `STORAGE_SINGLE_WRITER`, that no change of another writer is overwritten.
///
/// # Errors
/// [`ConnectError`], which names the setting.
pub async fn prove_models(config: &Config) -> Result<ModelsProof, ConnectError> {
    let proven =
        |proof: Result<(), RepositoryError>| proof.map_err(|source| models(config, source));
    if config.storage.single_writer {
        make_folder(&config.data_dir, || config.cite("data_dir")).await?;
        let (alone, _) = open_alone(config).await?;
        if !claimed(config, &alone).await? {
            return Ok(ModelsProof::AnotherWriter);
        }
        proven(alone.probe().await)?;
        return Ok(ModelsProof::Alone);
    }
    proven(open_store(config).await?.probe().await)?;
    Ok(ModelsProof::Shared)
}

/// Tries whether the bucket gives packages itself, as `STORAGE_REDIRECT_DOWNLOADS` asks it to: it is asked
/// for one that is not there, at the address that clients use. `None` where nothing asks it to.
///
/// # Errors
/// [`ConnectError`], which names the setting.
pub async fn prove_redirects(config: &Config) -> Result<Option<AddressProof>, ConnectError> {
    match &config.storage.location {
        #[cfg(feature = "s3")]
        StorageLocation::S3(bucket) if config.storage.redirect_downloads => {
            let proof = ObjectRepository::prove_addresses(bucket).await;
            proof.map(Some).map_err(|source| models(config, source))
        }
        _ => Ok(None),
    }
}

pub(super) fn models(config: &Config, source: RepositoryError) -> ConnectError {
    let wrong = source
        .advice()
        .and_then(|(_, advice)| wrong(config, advice));
    ConnectError::Models {
        setting: wrong.unwrap_or_else(|| cite_models(config)),
        source,
    }
}

/// What the words of an advice name, and the settings that may have set it.
const NAMED: [(&str, [&str; 2]); 8] = [
    ("MINIO_USERNAME", ["model_db.username", "s3.access_key_id"]),
    (
        "MINIO_PASSWORD",
        ["model_db.password", "s3.secret_access_key"],
    ),
    ("MINIO_BUCKET", ["model_db.bucket", "model_db.url"]),
    ("MINIO_SECURE", ["model_db.secure", "s3.endpoint_url"]),
    ("MINIO_HOST", ["model_db.host", "s3.endpoint_url"]),
    ("AWS_CA_BUNDLE", ["s3.ca_bundle", "s3.ca_bundle"]),
    ("AWS_REGION", ["s3.region", "s3.region"]),
    ("host and port", ["model_db.host", "s3.endpoint_url"]),
];

/// The setting that an advice is about, as far as it is set.
fn wrong(config: &Config, advice: &str) -> Option<String> {
    let settings = config.settings();
    let is_set = |name: &str| settings.iter().any(|it| it.name == name && it.is_set());
    let (_, names) = NAMED.iter().find(|(words, _)| advice.contains(words))?;
    let name = names.iter().find(|name| is_set(name))?;
    Some(config.cite(name))
}

/// The setting that says where the models are.
fn cite_models(config: &Config) -> String {
    cite_set(config, "model_db.", "model_db.url")
}
