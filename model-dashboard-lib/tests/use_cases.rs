//! The use cases of a registry in this very process. The same suite runs over HTTP with the server.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use model_dashboard::dashboard::Dashboard;
use model_dashboard::repository::ObjectRepository;
use model_dashboard::store::MemoryStore;

/// An empty registry.
async fn fresh() -> Dashboard {
    let store = ObjectRepository::in_memory();
    let builder = Dashboard::builder()
        .packages(store.packages())
        .repository(Arc::new(store))
        .accounts(Arc::new(MemoryStore::new()));
    builder.build().await.unwrap()
}

model_dashboard::use_case_conformance!(fresh().await);
