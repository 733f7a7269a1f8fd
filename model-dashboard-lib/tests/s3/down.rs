//! A bucket that does not answer for a time.

use std::sync::Arc;
use std::time::Duration;

use model_dashboard::catalog::CatalogOptions;
use model_dashboard::dashboard::{Dashboard, Error, Readiness};
use model_dashboard::model::{DuplicateKeys, JsonObject, ModelDefinition, ModelKey};
use model_dashboard::repository::{ObjectRepository, Precondition};
use model_dashboard::store::MemoryStore;

use crate::proxy::{Fault, FaultProxy, Plan};
use crate::server::S3Server;

const DOWN: Plan = Plan {
    fault: Fault::ResetBefore,
    after: 0,
    times: usize::MAX,
};

/// Waits until the dashboard knows how the bucket is.
async fn noticed(dashboard: &Dashboard, failing: bool) {
    let known = async {
        while dashboard.catalog_state().failing.is_some() != failing {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let noticed = tokio::time::timeout(Duration::from_secs(60), known).await;
    noticed.expect("it is noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_on_and_writes_work_again_without_a_restart() {
    let server = S3Server::start().await;
    let proxy = FaultProxy::before(server.address).await;
    let repository = ObjectRepository::open_bucket(&server.config_at(proxy.address)).unwrap();
    let catalog = CatalogOptions {
        look_every: Duration::from_millis(50),
        ..CatalogOptions::default()
    };
    let dashboard = Dashboard::builder()
        .repository(Arc::new(repository))
        .accounts(Arc::new(MemoryStore::new()))
        .catalog(catalog)
        .build()
        .await
        .unwrap();
    let host = dashboard.host_caller("ana@gpu-7");
    let key: ModelKey = "MIST/x".parse().unwrap();
    let content = ModelDefinition::new(&key);
    let created = dashboard.create(&host, key.clone(), content, "").await;
    created.unwrap();

    proxy.spoil(DOWN);
    noticed(&dashboard, true).await;
    assert_eq!(dashboard.model(&host, &key).await.unwrap().key, key);
    let patch = JsonObject::parse(br#"{"alias":"X"}"#, DuplicateKeys::Refuse).unwrap();
    let edit = async || {
        let any = Precondition::Exists;
        dashboard.patch(&host, &key, &patch, any, "").await
    };
    let refused = edit().await;
    assert!(
        matches!(refused, Err(Error::Unavailable { .. })),
        "{refused:?}"
    );
    assert_eq!(dashboard.ready(), Readiness::Degraded);

    proxy.relent();
    noticed(&dashboard, false).await;
    assert_eq!(edit().await.unwrap().definition.alias(), "X");
    dashboard.shutdown().await;
}
