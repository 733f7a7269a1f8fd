//! What the pages and the API need of the configuration.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::server::Metrics;
use model_dashboard::config::{Config, IpNetwork, PublicUrl, ServerConfig, Setting, Theme};

/// The settings of both ports. The default fits a program that answers on loopback.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WebSettings {
    /// The path below which pages and API are: empty, or `/` and segments.
    pub base_path: String,
    /// Where people reach the dashboard.
    pub public_url: Option<PublicUrl>,
    /// Where the page of the API's own port finds the dashboard, if that is known.
    pub home: Option<String>,
    /// The session cookie's name, without `__Host-` before it.
    pub session_cookie: String,
    /// Whether people come by TLS: cookies are `Secure` then, and named `__Host-…`.
    pub secure_cookies: bool,
    /// The institution's or site's name.
    pub site_name: Option<String>,
    /// The theme of people who have not chosen.
    pub theme: Theme,
    /// Whom to ask for an account.
    pub contact: Option<String>,
    /// Proxies that are believed about clients.
    pub trusted_proxies: Vec<IpNetwork>,
    /// Whether this is a demonstration, which a banner says.
    pub demo: bool,
    /// Whether metrics have an address of their own, and are not answered at the API's.
    pub metrics_elsewhere: bool,
    /// Where requests of all ports are counted.
    pub metrics: Metrics,
    /// Every setting, for administrators.
    pub settings: Arc<[Setting]>,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self::from(&Config::default())
    }
}

impl From<&Config> for WebSettings {
    fn from(config: &Config) -> Self {
        let server = &config.server;
        Self {
            base_path: server.base_path.as_str().to_owned(),
            public_url: server.public_url.clone(),
            home: home(server),
            session_cookie: config.auth.session_cookie_key.as_str().to_owned(),
            secure_cookies: server.secure_cookies(),
            site_name: server.site_name.clone(),
            theme: server.theme,
            contact: config.auth.contact.clone(),
            trusted_proxies: config.limits.trusted_proxies.clone(),
            demo: false,
            metrics_elsewhere: config.api.metrics_addr.is_some(),
            metrics: Metrics::new(),
            settings: config.settings().into(),
        }
    }
}

/// The dashboard's address: the public one, or on this machine alone the one it listens on.
fn home(server: &ServerConfig) -> Option<String> {
    let base = &server.base_path;
    match &server.public_url {
        Some(url) => Some(format!("{}{base}", url.origin())),
        None if server.host.is_loopback() && server.port != 0 => {
            let address = SocketAddr::new(server.host, server.port);
            Some(format!("http://{address}{base}"))
        }
        None => None,
    }
}
