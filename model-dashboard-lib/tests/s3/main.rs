//! Models in a bucket, on an S3 server over a real socket.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

mod credentials;
mod down;
mod faults;
mod following;
mod https;
mod packages;
mod proxy;
mod python;
mod refusals;
#[allow(dead_code, reason = "the tests of the programs use the rest")]
mod server;
mod tidying;

use std::sync::Arc;

use async_trait::async_trait;
use model_dashboard::conformance::repository::RepositoryHarness;
use model_dashboard::model::ModelKey;
use model_dashboard::repository::{ModelRepository, ObjectRepository};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStoreExt as _};

use crate::server::{ACCESS_KEY, BUCKET, Habit, S3Server, SECRET_KEY};

struct InBucket {
    repository: ObjectRepository,
    /// As other programs see it.
    beside: AmazonS3,
    server: S3Server,
}

impl InBucket {
    async fn fresh() -> Self {
        let server = S3Server::start().await;
        let repository = ObjectRepository::open_bucket(&server.config()).unwrap();
        Self::of(server, repository)
    }

    /// A server that ignores conditions, and the one process that writes there.
    async fn alone() -> Self {
        let server = S3Server::with(Habit::IgnoresConditions).await;
        let repository = ObjectRepository::open_bucket_alone(&server.config()).unwrap();
        Self::of(server, repository)
    }

    fn of(server: S3Server, repository: ObjectRepository) -> Self {
        let beside = AmazonS3Builder::new()
            .with_bucket_name(BUCKET)
            .with_endpoint(format!("http://{}", server.address))
            .with_access_key_id(ACCESS_KEY)
            .with_secret_access_key(SECRET_KEY)
            .with_client_options(ClientOptions::new().with_allow_http(true))
            .build()
            .unwrap();
        Self {
            repository,
            beside,
            server,
        }
    }
}

#[async_trait]
impl RepositoryHarness for InBucket {
    fn repository(&self) -> Arc<dyn ModelRepository> {
        Arc::new(self.repository.clone())
    }

    async fn write_outside(&self, key: &ModelKey, bytes: &[u8]) {
        let path = Path::parse(key.to_string()).unwrap();
        self.beside.put(&path, bytes.to_vec().into()).await.unwrap();
    }

    async fn remove_outside(&self, key: &ModelKey) {
        let path = Path::parse(key.to_string()).unwrap();
        self.beside.delete(&path).await.unwrap();
    }
}

mod in_a_bucket {
    use super::*;

    model_dashboard::model_repository_conformance!(InBucket::fresh().await);
}

mod in_a_bucket_by_https {
    use super::*;

    model_dashboard::model_repository_conformance!(https::with_an_authority_of_its_own().await);
}

mod alone_in_a_bucket {
    use super::*;

    model_dashboard::model_repository_conformance!(InBucket::alone().await);
}
