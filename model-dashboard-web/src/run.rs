//! A whole run of the server: listen, connect, serve, end in order.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use model_dashboard::config::{Config, Port};
use model_dashboard::connect::{ConnectError, Connected, connect_in_background, connect_to_serve};
use model_dashboard::dashboard::{Dashboard, Readiness, Samples};
use model_dashboard_web::server::{
    ConnectionLimits, Listener, Shutdown, raise_open_file_limit, serve, shutdown_signal,
};
use model_dashboard_web::{WebSettings, api_service, metrics_service, service};

use crate::administrator;
use crate::arguments::{Arguments, Only};
use crate::ending::Ending;
use crate::failure::Failure;
use crate::welcome::{Administrator, Welcome, local_url};

/// Serves until a signal asks to end. Answers how long the threads may be waited for then.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Duration, Failure> {
    // From the first poll on, a signal ends the run in order, and not in the middle of a start.
    let mut signal = Box::pin(shutdown_signal());
    let early = futures::poll!(&mut signal);
    let signal = async move {
        match early {
            std::task::Poll::Ready(signal) => signal,
            std::task::Poll::Pending => signal.await,
        }
    };

    // Ports first: whoever starts a second server is told before it touches the data.
    let ports: &[Port] = match arguments.only {
        None => &[Port::Dashboard, Port::Api, Port::Metrics],
        Some(Only::Dashboard) => &[Port::Dashboard, Port::Metrics],
        Some(Only::Api) => &[Port::Api, Port::Metrics],
    };
    if let Some(clash) = config.clash_of_ports(ports) {
        return Err(Failure::usage(clash));
    }
    let (server, api) = (&config.server, &config.api);
    let dashboard_port = match arguments.only {
        Some(Only::Api) => None,
        _ => Some(listen(config, "server.port", server.host, server.port).await?),
    };
    let api_port = match arguments.only {
        Some(Only::Dashboard) => None,
        _ => Some(listen(config, "api.port", api.host, api.port).await?),
    };
    let metrics_port = match config.api.metrics_addr {
        Some(address) => {
            Some(listen(config, "api.metrics_addr", address.ip(), address.port()).await?)
        }
        None => None,
    };
    // Only a demonstration waits for the models, to put some there if there are none.
    let connected = match arguments.demo {
        true => connect_to_serve(config).await,
        false => connect_in_background(config).await,
    };
    let connected = connected.map_err(unusable)?;
    let dashboard = connected.dashboard.clone();
    tell_of_upgrade(&connected);
    let begun = begin(config, &connected, arguments.demo).await;
    let (administrator, samples) = match begun {
        Ok(begun) => begun,
        Err(failure) => {
            // In order, or what runs in the background tells of its own end after the reason.
            dashboard.shutdown().await;
            return Err(failure);
        }
    };
    let welcome = Welcome {
        dashboard: dashboard_port
            .as_ref()
            .map(|port| match &server.public_url {
                Some(url) => format!("{}{}", url.origin(), server.base_path),
                None => local_url(port.local_addr(), server.base_path.as_str()),
            }),
        api: api_port
            .as_ref()
            .map(|port| local_url(port.local_addr(), "")),
        metrics: metrics_port
            .as_ref()
            .map(|port| local_url(port.local_addr(), "/metrics")),
        administrator,
        samples,
    };
    // Nobody may be reading; the server runs all the same.
    let _ = io::stdout().write_all(welcome.to_string().as_bytes());

    let models = tokio::spawn(tell_models(dashboard.clone()));

    let mut settings = WebSettings::from(config);
    settings.demo = arguments.demo;
    let shutdown = Shutdown::new();
    let listeners = [&dashboard_port, &api_port, &metrics_port];
    let mut limits = connection_limits(config, listeners.into_iter().flatten().count());
    let ending = Ending::new(&dashboard, &shutdown, &config.limits);
    limits.drain_deadline = ending.for_requests();
    let pages = async {
        let listener = dashboard_port?;
        let service = service(dashboard.clone(), &settings);
        Some(serve(listener, |peer| service.for_peer(peer), &limits, &shutdown).await)
    };
    let api = async {
        let listener = api_port?;
        let service = api_service(&dashboard, &settings);
        Some(serve(listener, |peer| service.for_peer(peer), &limits, &shutdown).await)
    };
    let metrics = async {
        let listener = metrics_port?;
        let service = metrics_service(&dashboard, &settings);
        Some(serve(listener, |peer| service.for_peer(peer), &limits, &shutdown).await)
    };
    let serving = async {
        let (pages, api, metrics) = tokio::join!(pages, api, metrics);
        [pages, api, metrics].into_iter().flatten().collect()
    };
    let ended = tokio::select! {
        left = ending.after(signal, serving) => Ok(left),
        unfit = dashboard.unfit_store() => {
            Err(Failure::usage(format!("{}: {unfit}", config.cite("model_db.url"))))
        }
    };
    models.abort();
    if ended.is_err() {
        ending.last_writes(Instant::now()).await;
    }
    let left = ended?;
    tracing::info!("ended");
    Ok(left)
}

async fn listen(
    config: &Config,
    setting: &str,
    host: IpAddr,
    port: u16,
) -> Result<Listener, Failure> {
    let bound = Listener::bind(SocketAddr::new(host, port)).await;
    bound.map_err(|error| Failure::unavailable(config.cite(setting), &error))
}

/// The limits of each port, within the files that the process may open.
fn connection_limits(config: &Config, listeners: usize) -> ConnectionLimits {
    let wanted = ConnectionLimits::from(&config.limits);
    let Some(open_files) = raise_open_file_limit() else {
        return wanted;
    };
    let limits = wanted.clone().within_open_files(open_files, listeners);
    if limits.max_connections < wanted.max_connections {
        tracing::warn!(
            open_files,
            max_connections = limits.max_connections,
            "the system allows too few open files for limits.max_connections at each port: raise its \
             limit (ulimit -n, LimitNOFILE)"
        );
    }
    limits
}

fn unusable(error: ConnectError) -> Failure {
    match error {
        ConnectError::Unsupported { .. } | ConnectError::Directory { .. } => Failure::usage(error),
        other => Failure::unavailable_itself(&other),
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

/// Says how many models there are once they are loaded: none where there should be some shows that
/// another folder was meant.
async fn tell_models(dashboard: Dashboard) {
    let mut told = false;
    while dashboard.ready() == Readiness::Loading {
        if let Some(failing) = dashboard.catalog_state().failing.filter(|_| !told) {
            let reason = failing.message;
            let _ = writeln!(io::stdout(), "  Models     not reachable yet: {reason}");
            told = true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    if let Ok(picture) = dashboard.picture(&dashboard.host_caller("server")).await {
        let models = picture.counts().all;
        tracing::info!(models, "the models are loaded");
        // Nobody may be reading.
        let _ = writeln!(io::stdout(), "  Models     {models}{}", next(models));
    }
}

/// What to do about a registry without models.
fn next(models: usize) -> &'static str {
    match models {
        0 => {
            "\n\n  There are no models yet. Import some on the dashboard's page Import, or look around\n  \
             with samples: start with --demo, or run `model-dashboard init --sample`."
        }
        _ => "",
    }
}

/// What is there before anybody is served: an administrator and, in a demonstration, models.
async fn begin(
    config: &Config,
    connected: &Connected,
    demo: bool,
) -> Result<(Administrator, usize), Failure> {
    let administrator = administrator::ensure(config, connected).await?;
    connected.dashboard.note_start().await;
    let samples = match demo {
        true => add_samples(&connected.dashboard).await?,
        false => 0,
    };
    Ok((administrator, samples))
}

async fn add_samples(dashboard: &Dashboard) -> Result<usize, Failure> {
    let caller = dashboard.host_caller("demo@localhost");
    let added = dashboard
        .install_samples(&caller, Samples::Demonstration)
        .await;
    added.map_err(|error| Failure::unavailable("--demo", &error))
}
