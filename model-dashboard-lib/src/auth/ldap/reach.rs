//! The way to a server: its address, a connection, encryption.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::dial::{self, Lookups};
use super::failure::Failure;
use super::starttls::{StartTlsError, start_tls};
use crate::config::{LdapConfig, LdapServer};
use crate::tls::{self, Naming, TrustError};

const NAMING: Naming = Naming {
    bundle: "LDAP_CA_FILE",
    host: "LDAP_SERVER",
};

/// How servers are reached.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    pub(super) servers: Vec<LdapServer>,
    allow_plaintext: Option<bool>,
    connect_timeout: Duration,
    /// Whether a file of certificates is named.
    has_authority: bool,
    lookups: Lookups,
    /// Made when it is needed first, unless a file is named: a machine without any certificate will
    /// do for plain LDAP.
    trust: Arc<OnceCell<Arc<ClientConfig>>>,
}

/// A connection to a server over which a password may go.
pub(super) struct Reached {
    pub(super) stream: Box<dyn Stream>,
    pub(super) encryption: Encryption,
}

/// A stream of bytes both ways.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How a connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// From the first byte.
    Tls,
    /// From the answer to StartTLS on.
    StartTls,
    /// Not at all, and why not.
    None(String),
}

impl Ways {
    /// The ways as configured. Reads the file of certificates, if one is named.
    ///
    /// # Errors
    /// If that is of no use.
    pub(super) fn new(config: &LdapConfig) -> Result<Self, TrustError> {
        let trust = match &config.ca_file {
            Some(file) => OnceCell::new_with(Some(Arc::new(tls::client(Some(file))?))),
            None => OnceCell::new(),
        };
        Ok(Self {
            servers: config.server.clone(),
            allow_plaintext: config.allow_plaintext,
            connect_timeout: config.connect_timeout,
            has_authority: config.ca_file.is_some(),
            lookups: Lookups::default(),
            trust: Arc::new(trust),
        })
    }

    /// The addresses of a server.
    pub(super) async fn resolve(&self, server: &LdapServer) -> Result<Vec<SocketAddr>, Failure> {
        let (host, port) = (bare_host(server), server.port);
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![(address, port).into()]);
        }
        let unreachable = |why: String| Failure::Unreachable {
            server: server.to_string(),
            why,
        };
        let name = host.to_owned();
        let ask = move || (name.as_str(), port).to_socket_addrs().map(Vec::from_iter);
        let found = self.lookups.ask(self.connect_timeout, ask).await;
        let found = found.ok_or_else(|| {
            unreachable(format!(
                "no answer about the name {host}; check the name servers of this machine"
            ))
        })?;
        let found = found.map_err(|error| {
            let text = error.to_string();
            let why = text.rsplit(": ").next().unwrap_or_default();
            unreachable(format!(
                "the name {host} is not known here ({why}); check LDAP_SERVER and the name servers \
                 of this machine"
            ))
        })?;
        match found.is_empty() {
            true => Err(unreachable(format!("the name {host} has no address"))),
            false => Ok(found),
        }
    }

    /// A connection to one of the addresses.
    pub(super) async fn connect(
        &self,
        server: &LdapServer,
        addresses: &[SocketAddr],
    ) -> Result<TcpStream, Failure> {
        let why = match dial::connect(addresses, self.connect_timeout).await {
            Some(Ok(stream)) => {
                // Questions and answers are small, and each waits for the other.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Some(Err(error)) => in_words(&error),
            None => format!("no answer within {} s", self.connect_timeout.as_secs()),
        };
        let server = server.to_string();
        Err(Failure::Unreachable { server, why })
    }

    /// The connection, encrypted unless it leads to this very machine or the configuration allows
    /// that it is not.
    pub(super) async fn encrypt(
        &self,
        server: &LdapServer,
        mut tcp: TcpStream,
        until: Instant,
    ) -> Result<Reached, Failure> {
        if server.tls {
            let stream = self.handshake(server, tcp, until).await?;
            return Ok(Reached {
                stream: Box::new(stream),
                encryption: Encryption::Tls,
            });
        }
        let peer = tcp
            .peer_addr()
            .map_err(|error| broken(server, &error, ""))?;
        let started = timeout_at(until, start_tls(&mut tcp)).await;
        let started = started.map_err(|_| self.silent(server, other_port(server)))?;
        let refused = match started {
            Ok(()) => match self.handshake(server, tcp, until).await {
                Ok(stream) => {
                    return Ok(Reached {
                        stream: Box::new(stream),
                        encryption: Encryption::StartTls,
                    });
                }
                Err(failure) => failure,
            },
            Err(StartTlsError::Refused { code, text }) => Failure::NotEncrypted {
                server: server.to_string(),
                why: format!(
                    "it refuses StartTLS (code {code}, {text:?}); give it a certificate, or use \
                     ldaps://, or accept with LDAP_ALLOW_PLAINTEXT=true that passwords can be read \
                     on the way"
                ),
            },
            Err(StartTlsError::Io(error)) => broken(server, &error, other_port(server)),
            Err(StartTlsError::Closed) => Failure::Broken {
                server: server.to_string(),
                why: format!(
                    "it closed the connection when asked for StartTLS{}",
                    other_port(server)
                ),
            },
            Err(injected @ StartTlsError::Injected) => Failure::Protocol {
                server: server.to_string(),
                why: injected.to_string(),
            },
            Err(other) => Failure::Protocol {
                server: server.to_string(),
                why: format!("{other}{}", other_port(server)),
            },
        };
        let is_final = match refused {
            // Whoever names an authority wants it to count, on this machine, too.
            Failure::NotEncrypted { .. } | Failure::Trust(_) => {
                self.has_authority && self.allow_plaintext != Some(true)
            }
            _ => true,
        };
        if is_final {
            return Err(refused);
        }
        let why = match (peer.ip().is_loopback(), self.allow_plaintext) {
            (_, Some(true)) => "LDAP_ALLOW_PLAINTEXT",
            (true, None) => "it is this machine",
            (_, Some(false)) | (false, None) => return Err(refused),
        };
        // What was said so far belongs to an attempt at TLS.
        let stream = self.connect(server, &[peer]).await?;
        Ok(Reached {
            stream: Box::new(stream),
            encryption: Encryption::None(why.to_owned()),
        })
    }

    async fn handshake(
        &self,
        server: &LdapServer,
        tcp: TcpStream,
        until: Instant,
    ) -> Result<impl Stream + use<>, Failure> {
        let trust = self.trust.get_or_try_init(system_trust).await?;
        let name = ServerName::try_from(bare_host(server).to_owned());
        let name = name.map_err(|_| Failure::NotEncrypted {
            server: server.to_string(),
            why: "no certificate can be for this name; reach it by its name or address in the \
                  certificate"
                .to_owned(),
        })?;
        let connector = TlsConnector::from(Arc::clone(trust));
        // Whoever took StartTLS is at the right port.
        let advice = if server.tls { other_port(server) } else { "" };
        let shaken = timeout_at(until, connector.connect(name, tcp)).await;
        let shaken = shaken.map_err(|_| self.silent(server, advice))?;
        shaken.map_err(|error| match tls::told(&error, NAMING) {
            Some(why) => Failure::NotEncrypted {
                server: server.to_string(),
                why: match server.tls {
                    true => why,
                    false => format!(
                        "{why}; with ldaps:// it is the same; or accept with \
                         LDAP_ALLOW_PLAINTEXT=true that passwords can be read on the way"
                    ),
                },
            },
            None if is_tls_fault(&error) => Failure::NotEncrypted {
                server: server.to_string(),
                why: format!("no TLS can be agreed on ({error}){}", other_port(server)),
            },
            None => broken(server, &error, advice),
        })
    }

    /// Until when a server may take that is asked from now on.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.connect_timeout
    }

    /// What comes of work that has the time for reaching one server.
    pub(super) async fn limited<T>(
        &self,
        server: &LdapServer,
        until: Instant,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        let done = timeout_at(until, work).await;
        done.map_err(|_| self.silent(server, ""))
    }

    fn silent(&self, server: &LdapServer, advice: &str) -> Failure {
        Failure::Unreachable {
            server: server.to_string(),
            why: format!(
                "no answer within {} s{advice}",
                self.connect_timeout.as_secs()
            ),
        }
    }
}

/// What the system trusts, read on a thread of its own.
async fn system_trust() -> Result<Arc<ClientConfig>, Failure> {
    match tokio::task::spawn_blocking(|| tls::client(None)).await {
        Ok(Ok(config)) => Ok(Arc::new(config)),
        Ok(Err(error)) => Err(Failure::Trust(error.message)),
        Err(error) => Err(Failure::Trust(error.to_string())),
    }
}

/// The host without the brackets that an address of IPv6 has in a URL.
fn bare_host(server: &LdapServer) -> &str {
    let inner = server.host.strip_prefix('[');
    let inner = inner.and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(&server.host)
}

/// What to do where a server does not take what its scheme begins with.
fn other_port(server: &LdapServer) -> &'static str {
    match server.tls {
        true => {
            "; check that its port is one for ldaps://, mostly 636; for one that begins without TLS, \
             mostly 389, write ldap://"
        }
        false => {
            "; check that its port is one for ldap://, mostly 389; for one that begins with TLS, \
             mostly 636, write ldaps://"
        }
    }
}

fn broken(server: &LdapServer, error: &io::Error, advice: &str) -> Failure {
    Failure::Broken {
        server: server.to_string(),
        why: format!("{}{advice}", in_words(error)),
    }
}

fn is_tls_fault(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(|inner| inner.is::<rustls::Error>())
}

fn in_words(error: &io::Error) -> String {
    use io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            "nothing listens there; check host and port, and whether it runs".to_owned()
        }
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "no way leads there; check host, port and network".to_owned()
        }
        ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => {
            "the connection broke".to_owned()
        }
        _ => error.to_string(),
    }
}
