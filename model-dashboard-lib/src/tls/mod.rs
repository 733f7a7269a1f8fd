//! Whom to trust on the other end of a TLS connection, and what to tell people about certificates
//! that are not accepted.

mod bundle;
mod certificates;

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls_platform_verifier::Verifier;

pub(crate) use certificates::{Naming, told};

/// Why a configuration does not say whom to trust.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct TrustError {
    /// What is wrong, with the file if it is about one, and, after a semicolon, what to do.
    pub(crate) message: String,
    #[source]
    pub(crate) source: Box<dyn std::error::Error + Send + Sync>,
}

/// Connections that trust what the system trusts and, where `file` is given, what is in it (PEM).
/// Reads files: blocks for some milliseconds.
pub(crate) fn client(file: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let unusable = |error: rustls::Error| TrustError {
        message: "the certificates of this machine cannot be used; install ca-certificates"
            .to_owned(),
        source: error.into(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match file {
        Some(file) => Arc::new(bundle::verifier(file, Arc::clone(&provider))?),
        None => Arc::new(Verifier::new(Arc::clone(&provider)).map_err(unusable)?),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}
