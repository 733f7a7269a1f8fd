//! The use cases of a registry that runs elsewhere, over its REST API.
//!
//! A [`Client`] speaks with one server as whoever its token belongs to. Requests that change nothing are
//! sent again where a connection breaks off or a server is busy, for a bounded time; others only where
//! they cannot have arrived. Packages go on where they broke off, in both directions. What a server
//! refuses is a [`Problem`] of the [kind](ClientError::kind) that it is in the
//! [`dashboard`](crate::dashboard), too: one suite (`conformance::use_cases`) holds both ways to the same.
//!
//! ```no_run
//! use model_dashboard::client::{Client, ClientOptions, ServerAddress};
//! use model_dashboard::tokens::PlainToken;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let server = ServerAddress::parse("https://models.example.org")?;
//! let token = PlainToken::parse("mdb_…").ok_or("no token")?;
//! let client = Client::new(server, Some(token), ClientOptions::default())?;
//! for model in client.models("").await? {
//!     println!("{} {}", model.key, model.version);
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod bucket;
mod collections;
mod drafts;
mod error;
mod fetching;
mod histories;
mod models;
mod package_changes;
mod packages;
mod sending;
#[cfg(test)]
mod tests;
mod uploads;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::redirect::Policy;

pub use address::{AddressError, ServerAddress};
pub use collections::RemoteImport;
pub use drafts::{
    RemoteChanges, RemoteCheck, RemoteDraft, RemoteDrafts, RemoteFieldChange, RemoteLabelChange,
    RemoteProposal,
};
pub use error::{ClientError, Problem, ProblemField};
pub use histories::{RemoteDifference, RemoteGap, RemoteHistory, RemoteRevision, RemoteStep};
pub use models::{BrokenModel, Change, ListedModel, RemoteModel, Whoever};
pub use package_changes::{
    RemoteContents, RemoteFileChange, RemoteFileState, RemoteNamedPackage, RemotePackageDifference,
};
pub use packages::RemotePackage;
pub use uploads::RemoteUpload;

use crate::tls;
use crate::tokens::PlainToken;

/// How a server is spoken with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientOptions {
    /// A file (PEM) with certificates of authorities to trust besides the system's, or the server's own.
    pub ca_file: Option<PathBuf>,
    /// How long a connection may take to be made (10 s).
    pub connect: Duration,
    /// How long nothing may come, or go, while something should (60 s).
    pub silence: Duration,
    /// How often something is sent in all (5). What makes progress in between begins to count anew.
    pub attempts: u32,
    /// What is waited after the first attempt (500 ms); it doubles. A server that says how long counts
    /// more, up to a minute.
    pub pause: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            ca_file: None,
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            attempts: 5,
            pause: Duration::from_millis(500),
        }
    }
}

/// Speaks with one server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// For what takes long to send: nothing limits how long an answer takes to come.
    patient: reqwest::Client,
    server: ServerAddress,
    token: Option<PlainToken>,
    options: ClientOptions,
}

impl Client {
    /// A client of this server, which is not asked anything yet. Without a token only what is open to
    /// everybody is answered.
    ///
    /// # Errors
    /// [`ClientError::Trust`].
    pub fn new(
        server: ServerAddress,
        token: Option<PlainToken>,
        options: ClientOptions,
    ) -> Result<Self, ClientError> {
        let trust = tls::client(options.ca_file.as_deref());
        let trust = trust.map_err(|error| ClientError::Trust {
            message: error.message,
            source: error.source,
        })?;
        let builder = || {
            let builder = reqwest::Client::builder()
                .tls_backend_preconfigured(trust.clone())
                .https_only(!server.is_plain())
                .redirect(Policy::none())
                .user_agent(concat!("model-dashboard/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(options.connect);
            match server.is_plain() {
                // A proxy would be sent the token in clear.
                true => builder.no_proxy(),
                false => builder,
            }
        };
        let build = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| ClientError::Trust {
                message: "connections cannot be made".to_owned(),
                source: error.into(),
            })
        };
        Ok(Self {
            http: build(builder().read_timeout(options.silence))?,
            patient: build(builder())?,
            server,
            token,
            options,
        })
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.server)
            .field("has_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}
