//! Lists and edits models with a few lines: everything in memory, as a test of your own would.
//!
//! `cargo run -p model-dashboard-examples --example edit_models`

use std::error::Error;
use std::sync::Arc;

use model_dashboard::catalog::Query;
use model_dashboard::dashboard::Dashboard;
use model_dashboard::model::{DuplicateKeys, JsonObject, ModelDefinition, ModelKey};
use model_dashboard::repository::{MemoryRepository, Precondition};
use model_dashboard::store::MemoryStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dashboard = Dashboard::builder()
        .repository(Arc::new(MemoryRepository::new()))
        .accounts(Arc::new(MemoryStore::new()))
        .build()
        .await?;
    // Every use case takes a caller; a program on the host acts as its administrator.
    let caller = dashboard.host_caller("example@localhost");

    let key: ModelKey = "nnUNet/Task055_SegTHOR".parse()?;
    let text =
        br#"{"alias": "Thoracic organs", "contour_names": {"1": "Esophagus", "2": "Heart"}}"#;
    let definition = ModelDefinition::parse(text, DuplicateKeys::Refuse)?;
    let created = dashboard
        .create(&caller, key.clone(), definition, "First import")
        .await?;

    // A patch touches what it names; the version says which state it changes.
    let patch = JsonObject::parse(br#"{"version": "1.1"}"#, DuplicateKeys::Refuse)?;
    let precondition = Precondition::Version(created.version);
    dashboard
        .patch(&caller, &key, &patch, precondition, "New weights")
        .await?;
    dashboard
        .set_enabled(&caller, &key, true, Precondition::Exists, "")
        .await?;

    let query = Query {
        search: "heart".to_owned(),
        ..Query::default()
    };
    for row in dashboard.list(&caller, &query).await?.rows {
        println!(
            "{}  {}  version {}  enabled {}",
            row.key(),
            row.alias(),
            row.shown_version(),
            row.enabled()
        );
    }
    dashboard.shutdown().await;
    Ok(())
}
