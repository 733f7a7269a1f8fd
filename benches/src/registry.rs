//! A whole registry behind this project's API: models in a folder, accounts in SQLite, a token.

use std::io;
use std::path::Path;

use model_dashboard::auth::{Permission, Role};
use model_dashboard::config::{Config, Sources};
use model_dashboard::connect::connect;
use model_dashboard::dashboard::{Dashboard, NewServiceAccount, NewTokenRequest};
use model_dashboard::tokens::PlainToken;
use model_dashboard_web::server::{ConnectionLimits, Listener, Shutdown, serve};
use model_dashboard_web::{WebSettings, api_service};
use tempfile::TempDir;

use crate::load::Started;
use crate::sample;

/// The list of all models.
pub const LIST: &str = "/api/v1/models";

/// One of the models that every registry here holds.
pub const MODEL: &str = "/api/v1/models/nnUNet/Dataset000000_spleen";

/// Writes the first `count` sample models below `folder`, as a bucket has them.
///
/// # Errors
/// If the disk refuses.
pub fn write_models(folder: &Path, count: usize) -> io::Result<()> {
    for n in 0..count {
        let path = folder.join(sample::key(n).to_string());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, sample::definition(n))?;
    }
    Ok(())
}

/// A registry in a folder of its own, with the token of a service account that may read models.
#[derive(Debug)]
pub struct Registry {
    dashboard: Dashboard,
    settings: WebSettings,
    token: PlainToken,
    folder: TempDir,
}

impl Registry {
    /// One with the first `models` sample models.
    ///
    /// # Errors
    /// If it cannot be set up.
    pub async fn new(models: usize) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        write_models(&folder.path().join("models"), models)?;
        let sources = Sources::new().flag("--data-dir", folder.path().to_string_lossy());
        let config = Config::from_sources(sources, |path| std::fs::read_to_string(path))
            .map_err(io::Error::other)?;
        let dashboard = connect(&config).await.map_err(io::Error::other)?.dashboard;

        let host = dashboard.host_caller("bench@localhost");
        let account = NewServiceAccount {
            username: "pipeline".to_owned(),
            display_name: "Pipeline".to_owned(),
            team: "Radiotherapy".to_owned(),
            role: Role::Viewer,
        };
        let account = dashboard.create_service_account(&host, account).await;
        let request = NewTokenRequest {
            description: "load".to_owned(),
            scopes: [Permission::ModelsRead].into_iter().collect(),
            expires_in_days: None,
            owner: Some(account.map_err(io::Error::other)?.id),
        };
        let (token, _) = dashboard
            .create_token(&host, request)
            .await
            .map_err(io::Error::other)?;
        Ok(Self {
            dashboard,
            settings: WebSettings::from(&config),
            token,
            folder,
        })
    }

    /// The use cases.
    #[must_use]
    pub fn dashboard(&self) -> &Dashboard {
        &self.dashboard
    }

    /// The secret of the token.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.expose()
    }
}

/// The API over `models` models, asked with the token. Its log is filtered and formatted as the
/// server's, and thrown away.
///
/// # Errors
/// If it cannot be set up.
pub async fn api(models: usize) -> io::Result<Started> {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .with_writer(io::sink)
        .init();
    let registry = Registry::new(models).await?;
    let any_port = ([127, 0, 0, 1], 0).into();
    let listener = Listener::bind(any_port).await.map_err(io::Error::other)?;
    let started = Started::at(listener.local_addr())
        .header("Authorization", &format!("Bearer {}", registry.token()))
        .keeping(registry.folder);
    let service = api_service(&registry.dashboard, &registry.settings);
    tokio::spawn(async move {
        let (limits, shutdown) = (ConnectionLimits::default(), Shutdown::new());
        serve(listener, |peer| service.for_peer(peer), &limits, &shutdown).await
    });
    Ok(started)
}
