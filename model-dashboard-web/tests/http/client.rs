//! The library's client at a running server: the same suite as of the use cases in the process.

use std::sync::Arc;

use async_trait::async_trait;
use model_dashboard::auth::Permissions;
use model_dashboard::client::{Client, ClientOptions, ServerAddress};
use model_dashboard::conformance::use_cases::{
    OverHttp, RegistryHarness, UseCases, administrators_token,
};
use model_dashboard::dashboard::{Dashboard, Policy};
use model_dashboard::repository::ObjectRepository;
use model_dashboard::store::MemoryStore;

use crate::app::App;
use crate::s3_server::S3Server;

/// A server, what lies below it, and the address that the client is given.
struct Served {
    app: App,
    address: String,
    _bucket: Option<S3Server>,
}

impl Served {
    async fn over(store: ObjectRepository, policy: Policy, bucket: Option<S3Server>) -> Self {
        let builder = Dashboard::builder()
            .packages(store.packages())
            .repository(Arc::new(store))
            .accounts(Arc::new(MemoryStore::new()))
            .policy(policy);
        let app = App::serving(builder.build().await.unwrap()).await;
        Self {
            address: format!("http://{}", app.api),
            app,
            _bucket: bucket,
        }
    }

    /// The port of the API.
    async fn at_the_api() -> Self {
        Self::over(ObjectRepository::in_memory(), Policy::default(), None).await
    }

    /// The port of the dashboard, which answers it as well.
    async fn at_the_dashboard() -> Self {
        let served = Self::at_the_api().await;
        Self {
            address: format!("http://{}", served.app.pages),
            ..served
        }
    }

    /// One whose packages come from a bucket.
    async fn from_a_bucket() -> Self {
        let bucket = S3Server::start().await;
        let store = ObjectRepository::open_bucket(&bucket.config()).unwrap();
        let mut policy = Policy::default();
        policy.redirect_downloads = true;
        Self::over(store, policy, Some(bucket)).await
    }
}

#[async_trait]
impl RegistryHarness for Served {
    async fn with(&self, scopes: Permissions) -> Box<dyn UseCases> {
        let token = administrators_token(&self.app.dashboard, scopes).await;
        let address = ServerAddress::parse(&self.address).unwrap();
        let client = Client::new(address, Some(token), ClientOptions::default());
        Box::new(OverHttp::new(client.unwrap()))
    }
}

mod at_the_api {
    use super::*;

    model_dashboard::use_case_conformance!(Served::at_the_api().await);
}

mod at_the_dashboard {
    use super::*;

    model_dashboard::use_case_conformance!(Served::at_the_dashboard().await);
}

mod from_a_bucket {
    use super::*;

    model_dashboard::use_case_conformance!(Served::from_a_bucket().await);
}
