//! Settings of one section that must go together.

use std::net::SocketAddr;

use super::Config;
use super::reader::Reader;
use super::size::Size;
use super::table::{AuthConfig, LimitsConfig, ServerConfig};
use crate::repository::packages::MAX_PACKAGE_BYTES;

/// What is listened for at a port of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// The dashboard.
    Dashboard,
    /// The API.
    Api,
    /// The metrics, where they have an address.
    Metrics,
}

impl Config {
    /// Why two of `ports` cannot both be listened for, if their addresses are one: a line that
    /// names both settings.
    #[must_use]
    pub fn clash_of_ports(&self, ports: &[Port]) -> Option<String> {
        let places = ports.iter().filter_map(|port| self.place(*port));
        let places: Vec<_> = places
            .filter(|(_, _, address)| address.port() != 0)
            .collect();
        let mut pairs = places
            .iter()
            .enumerate()
            .flat_map(|(n, one)| places[n + 1..].iter().map(move |other| (one, other)));
        let (one, other) = pairs.find(|(one, other)| {
            let (one, other) = (one.2, other.2);
            let any = one.ip().is_unspecified() || other.ip().is_unspecified();
            one.port() == other.port() && (any || one.ip() == other.ip())
        })?;
        Some(format!(
            "{} and {} are both {}: give {} and {} a port each",
            self.cite(one.1),
            self.cite(other.1),
            one.2.port(),
            one.0,
            other.0
        ))
    }

    /// What is listened for, the setting that says where, and where.
    fn place(&self, port: Port) -> Option<(&'static str, &'static str, SocketAddr)> {
        let (server, api) = (&self.server, &self.api);
        match port {
            Port::Dashboard => {
                let address = SocketAddr::new(server.host, server.port);
                Some(("dashboard", "server.port", address))
            }
            Port::Api => Some(("API", "api.port", SocketAddr::new(api.host, api.port))),
            Port::Metrics => Some(("metrics", "api.metrics_addr", api.metrics_addr?)),
        }
    }
}

impl ServerConfig {
    /// Whether the session cookie is marked `Secure`: people come by TLS, or must be assumed to,
    /// because other machines reach the server and nothing allows plain http.
    #[must_use]
    pub fn secure_cookies(&self) -> bool {
        match &self.public_url {
            Some(url) => url.is_https(),
            None => !self.host.is_loopback() && !self.allow_http,
        }
    }

    /// Takes the largest upload from where it was set before, unless it is set anew.
    pub(super) fn with_one_upload_size(mut self, reader: &mut Reader<'_>) -> Self {
        let Some(megabytes) = self.max_upload_mb else {
            return self;
        };
        let (anew, before) = ("server.max_upload_size", "server.max_upload_mb");
        if reader.is_set(anew) {
            reader.warn(format!("{before} is without effect: {anew} is set, too"));
            return self;
        }
        let most = Size::from(MAX_PACKAGE_BYTES);
        self.max_upload_size = Size::megabytes(megabytes.into()).min(most);
        reader.taken_from(anew, before, self.max_upload_size.to_string());
        self
    }

    pub(super) fn check(&self, reader: &mut Reader<'_>) {
        let base = self.base_path.as_str();
        match &self.public_url {
            Some(url) if url.path() != base && !url.path().is_empty() => reader.conflict(
                "server.public_url",
                format!(
                    "its path {} is not the base path {}; set DASHBOARD_BASE_PATH to the same path",
                    url.path(),
                    if base.is_empty() { "/" } else { base },
                ),
            ),
            Some(url) if !url.is_https() && !url.is_loopback() && !self.allow_http => {
                reader.conflict(
                    "server.public_url",
                    "with http, passwords can be read on the way; use https, or accept it with \
                     DASHBOARD_ALLOW_HTTP=true",
                );
            }
            None if !self.host.is_loopback() && !self.allow_http => reader.warn(
                "server.public_url is not set although other machines reach the dashboard: people \
                 can sign in by https only (set PUBLIC_URL, or DASHBOARD_ALLOW_HTTP=true to accept \
                 plain http)",
            ),
            _ => {}
        }
        if self.allow_http {
            reader.warn("server.allow_http is set: passwords and sessions can be read on the way");
        }
    }
}

impl AuthConfig {
    pub(super) fn check(&self, reader: &mut Reader<'_>) {
        if self.session_idle_limit > self.session_absolute_limit {
            reader.conflict(
                "auth.session_idle_limit",
                "longer than auth.session_absolute_limit, so that it would never count",
            );
        }
    }
}

impl LimitsConfig {
    pub(super) fn check(&self, reader: &mut Reader<'_>) {
        if let Some(all) = self.trusted_proxies.iter().find(|it| it.is_everything()) {
            reader.warn(format!(
                "limits.trusted_proxies holds {all}: every client is believed about where it comes \
                 from, and guesses of passwords cannot be told apart; list the proxies only"
            ));
        }
    }
}
