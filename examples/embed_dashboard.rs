//! Embeds the whole dashboard in another program: its pages and API answer on that program's own
//! port, until Ctrl-C.
//!
//! `cargo run -p model-dashboard-examples --example embed_dashboard`

use std::error::Error;
use std::sync::Arc;

use model_dashboard::dashboard::Dashboard;
use model_dashboard::repository::MemoryRepository;
use model_dashboard::store::MemoryStore;
use model_dashboard_web::WebSettings;
use model_dashboard_web::server::{ConnectionLimits, Listener, Shutdown, serve, shutdown_signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dashboard = Dashboard::builder()
        .repository(Arc::new(MemoryRepository::new()))
        .accounts(Arc::new(MemoryStore::new()))
        .build()
        .await?;

    let service = model_dashboard_web::service(dashboard.clone(), &WebSettings::default());
    let listener = Listener::bind("127.0.0.1:8501".parse()?).await?;
    println!("http://{}", listener.local_addr());

    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        if shutdown_signal().await.is_ok() {
            stop.trigger();
        }
    });
    serve(
        listener,
        |peer| service.for_peer(peer),
        &ConnectionLimits::default(),
        &shutdown,
    )
    .await;
    dashboard.shutdown().await;
    Ok(())
}
