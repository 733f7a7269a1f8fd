//! A bucket of an S3 server.
//!
//! Objects are read and written by `object_store`. Listings are asked for here ([`listing`]): that
//! crate fails a whole listing for one key that its paths cannot hold, and other programs write
//! such keys.

mod addresses;
mod bucket;
mod listing;
mod lots;
mod options;

use std::sync::Arc;

use async_trait::async_trait;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::prefix::PrefixStore;

use self::addresses::Signed;
use self::bucket::Bucket;
use super::conditional::{Condition, ConditionalStore, Fault, Labels, Level, Object};
use super::keys::{Folder, StoreKey};
use super::packages::PartedObjects;
use super::packages::large::LargeObjects;
use super::remote::RemoteStore;
use crate::config::S3Config;
use crate::model::Version;
use crate::repository::Stamp;
use crate::repository::packages::AddressProof;

/// A [`ConditionalStore`] over a bucket.
#[derive(Debug)]
pub(super) struct S3Store {
    /// For what is small: requests end within seconds, or are tried again.
    objects: RemoteStore,
    /// For what may be large: the server may take its time.
    streams: RemoteStore,
    bucket: Arc<Bucket>,
    parted: Arc<PartedObjects>,
}

impl S3Store {
    /// Asks the server for nothing yet.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if the configuration is of no use: a file of certificates that
    /// cannot be read, for one.
    pub(super) fn open(config: &S3Config) -> Result<Self, Fault> {
        let small = options::Client::new(config, options::SMALL)?;
        let large = options::Client::new(config, options::LARGE)?;
        let objects = options::store(config, &small, false)?;
        let endpoint = config.endpoint.as_ref();
        let encrypted = endpoint.is_none_or(|endpoint| endpoint.starts_with("https://"));
        let streams = options::store(config, &large, encrypted)?;
        let credentials = Arc::clone(objects.credentials());
        let prefix = Path::parse(&config.prefix);
        let prefix = prefix.map_err(|error| Fault::Unexpected(error.into()))?;
        let within = |store: AmazonS3| Arc::new(PrefixStore::new(store, prefix.clone()));
        let remote =
            |store| RemoteStore::new(store, location(config)).unquoting(config.unquoted_if_match);
        let streams = within(streams);
        let signer = options::signer(config, &small, &credentials)?;
        let bucket = Arc::new(Bucket::new(config, &small, credentials)?);
        let parted = PartedObjects::new(streams.clone())
            .told_by(bucket.clone())
            .gathering(options::is_plain(config))
            .addressed_by(Arc::new(Signed::new(signer, bucket.clone())));
        Ok(Self {
            objects: remote(within(objects)),
            parted: Arc::new(parted),
            streams: remote(streams),
            bucket,
        })
    }

    /// The objects, for who has credentials. They are asked for here because what is said of their
    /// lack is not told apart from the errors of the store further down.
    async fn objects(&self) -> Result<&RemoteStore, Fault> {
        self.bucket.credentials().await?;
        Ok(&self.objects)
    }

    /// The large objects of the bucket.
    pub(super) fn large(&self) -> Arc<dyn LargeObjects> {
        self.parted.clone()
    }

    /// The same for one process that alone writes to a bucket that does not honour conditions.
    pub(super) fn large_alone(&self) -> Arc<dyn LargeObjects> {
        Arc::new(PartedObjects::clone(&self.parted).alone())
    }

    /// Tries whether clients are given packages at addresses that are signed for them.
    pub(super) async fn prove_addresses(config: &S3Config) -> Result<AddressProof, Fault> {
        let small = options::Client::new(config, options::SMALL)?;
        let store = options::store(config, &small, false)?;
        let credentials = Arc::clone(store.credentials());
        let signer = options::signer(config, &small, &credentials)?;
        let bucket = Arc::new(Bucket::new(config, &small, credentials)?);
        // As clients reach it: by https, with the certificates of the system.
        let endpoint = config.public_endpoint.clone().or(config.endpoint.clone());
        let public = S3Config {
            endpoint,
            ..config.clone()
        };
        let http = options::Client::new(&public, options::SMALL)?.connect()?;
        Signed::new(signer, bucket).prove(&http).await
    }

    /// Makes the bucket if it is not there; whether it was missing.
    pub(super) async fn make_bucket(&self) -> Result<bool, Fault> {
        self.bucket.make().await
    }
}

/// What people read as the place.
fn location(config: &S3Config) -> String {
    let S3Config { bucket, prefix, .. } = config;
    let slash = if prefix.is_empty() { "" } else { "/" };
    let server = config.endpoint.as_ref();
    let server = server.map(|server| format!(" at {server}"));
    format!("s3://{bucket}{slash}{prefix}{}", server.unwrap_or_default())
}

#[async_trait]
impl ConditionalStore for S3Store {
    async fn get(&self, key: &StoreKey) -> Result<Option<Object>, Fault> {
        self.objects().await?.get(key).await
    }

    async fn put(
        &self,
        key: &StoreKey,
        bytes: Arc<[u8]>,
        condition: &Condition,
        labels: Option<&Labels>,
    ) -> Result<Option<Stamp>, Fault> {
        let objects = self.objects().await?;
        objects.put(key, bytes, condition, labels).await
    }

    async fn copy(&self, from: &StoreKey, to: &StoreKey) -> Result<bool, Fault> {
        self.objects().await?;
        self.streams.copy(from, to).await
    }

    async fn digest(&self, key: &StoreKey) -> Result<Option<Version>, Fault> {
        self.objects().await?;
        self.streams.digest(key).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), Fault> {
        self.objects().await?.remove(key).await
    }

    async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        self.bucket.list(folder).await
    }

    fn location(&self) -> String {
        self.objects.location()
    }
}
