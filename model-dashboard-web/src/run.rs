//! A whole run of the server: connect, listen, serve, end in order.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use model_dashboard::auth::NewPassword;
use model_dashboard::config::Config;
use model_dashboard::connect::{ConnectError, Connected, connect};
use model_dashboard::dashboard::{AdministratorState, Dashboard};
use model_dashboard_web::server::{
    ConnectionLimits, Listener, Shutdown, raise_open_file_limit, serve, shutdown_signal,
};
use model_dashboard_web::{WebSettings, api_service, service};

use crate::arguments::{Arguments, Only};
use crate::failure::Failure;

/// Serves until a signal asks to end.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    // Ports first: whoever starts a second server is told before it touches the data.
    let dashboard_port = match arguments.only {
        Some(Only::Api) => None,
        _ => Some(
            listen(
                config,
                "server.port",
                config.server.host,
                config.server.port,
            )
            .await?,
        ),
    };
    let api_port = match arguments.only {
        Some(Only::Dashboard) => None,
        _ => Some(listen(config, "api.port", config.api.host, config.api.port).await?),
    };
    let connected = connect(config).await.map_err(unusable)?;
    let dashboard = connected.dashboard.clone();
    tell_of_upgrade(&connected);
    let administrator = first_administrator(config, &connected).await?;
    if arguments.demo {
        add_samples(&dashboard).await?;
    }

    let mut settings = WebSettings::from(config);
    settings.demo = arguments.demo;
    let mut said = String::new();
    if let Some(port) = &dashboard_port {
        let base = config.server.base_path.as_str();
        let _ = writeln!(said, "Dashboard  http://{}{base}", port.local_addr());
    }
    if let Some(port) = &api_port {
        let _ = writeln!(said, "API        http://{}", port.local_addr());
    }
    said.push_str(&administrator);
    // Nobody may be reading; the server runs all the same.
    let _ = io::stdout().write_all(said.as_bytes());

    let shutdown = Shutdown::new();
    tokio::spawn(stop_at_signal(shutdown.clone()));
    let limits = ConnectionLimits::from(&config.limits);
    let limits = match raise_open_file_limit() {
        Some(files) => limits.within_open_files(files, 2),
        None => limits,
    };
    let pages = async {
        if let Some(listener) = dashboard_port {
            let service = service(dashboard.clone(), &settings);
            serve(listener, |peer| service.for_peer(peer), &limits, &shutdown).await;
        }
    };
    let api = async {
        if let Some(listener) = api_port {
            let service = api_service(&dashboard, &settings);
            serve(listener, |peer| service.for_peer(peer), &limits, &shutdown).await;
        }
    };
    tokio::join!(pages, api);
    dashboard.shutdown().await;
    tracing::info!("ended");
    Ok(())
}

async fn listen(
    config: &Config,
    setting: &str,
    host: std::net::IpAddr,
    port: u16,
) -> Result<Listener, Failure> {
    let bound = Listener::bind(SocketAddr::new(host, port)).await;
    bound.map_err(|error| Failure::unavailable(config.cite(setting), &error))
}

async fn stop_at_signal(shutdown: Shutdown) {
    match shutdown_signal().await {
        Ok(signal) => {
            tracing::info!(signal, "ending: requests in flight may finish");
            shutdown.trigger();
        }
        Err(error) => tracing::error!(%error, "signals cannot be received"),
    }
}

fn unusable(error: ConnectError) -> Failure {
    match error {
        ConnectError::Unsupported { .. } => Failure::usage(error),
        other => Failure::unavailable("cannot start", &other),
    }
}

fn tell_of_upgrade(connected: &Connected) {
    if let Some(migration) = &connected.migration {
        tracing::info!(?migration, "the user database was upgraded");
    }
    if let Some(newest) = connected.backups.last() {
        tracing::warn!(
            "a copy of the user database from before an upgrade lies at {}; it holds old password \
             hashes: delete it once everything works",
            newest.display()
        );
    }
}

/// Makes the first administrator if there is no account; what is to be said about it.
async fn first_administrator(config: &Config, connected: &Connected) -> Result<String, Failure> {
    let first = connected.first_administrator.clone();
    let state = connected.dashboard.ensure_first_administrator(first).await;
    let state =
        state.map_err(|error| Failure::unavailable(config.cite("admin.username"), &error))?;
    Ok(match state {
        AdministratorState::Created {
            user,
            generated: Some(password),
        } => tell_password(config, user.username.as_str(), &password)?,
        AdministratorState::Created { user, .. } => {
            format!(
                "Sign in as {} with the password that is configured.\n",
                user.username
            )
        }
        AdministratorState::Missing { candidates } => {
            let name = candidates
                .first()
                .map_or("NAME", |user| user.username.as_str());
            format!(
                "There is no active administrator. Make one with:\n    model-dashboard user \
                 set-role '{name}' admin\n"
            )
        }
        _ => String::new(),
    })
}

/// Shows a generated password once: at a terminal there, otherwise in a file for the owner only,
/// because output that is kept by a service manager is read by many.
fn tell_password(
    config: &Config,
    username: &str,
    password: &NewPassword,
) -> Result<String, Failure> {
    let password = password.password().expose();
    if io::stdout().is_terminal() {
        return Ok(format!(
            "\nSign in as {username} with the password {password}\n(shown this once; change it on \
             the page “Profile”)\n"
        ));
    }
    let file = config.data_dir.join("first-administrator-password");
    write_secret(&file, password)
        .map_err(|error| Failure::unavailable(config.cite("data_dir"), &error))?;
    Ok(format!(
        "\nSign in as {username}; the password is in {} (delete the file afterwards)\n",
        file.display()
    ))
}

fn write_secret(file: &Path, secret: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

async fn add_samples(dashboard: &Dashboard) -> Result<(), Failure> {
    let caller = dashboard.host_caller("demo@localhost");
    let added = dashboard.install_samples(&caller).await;
    let added = added.map_err(|error| Failure::unavailable("--demo", &error))?;
    tracing::info!(added, "sample models");
    Ok(())
}
