//! How the server is reached: times, retries, credentials, certificates.

use std::path::Path;
use std::time::Duration;

use http::HeaderValue;
use object_store::aws::{
    AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsCredentialProvider, S3ConditionalPut,
    S3CopyIfNotExists,
};
use object_store::client::{ClientConfigKey, HttpClient, HttpConnector, ReqwestConnector};
use object_store::{BackoffConfig, ClientOptions, Error, RetryConfig};

use super::super::conditional::Fault;
use super::super::faults;
use crate::config::{S3Config, S3Credentials};
use crate::tls::{self, TrustError};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// A whole request with its answer; `None`: as long as bytes keep coming.
    request: Option<Duration>,
    /// Between two pieces of an answer.
    read: Duration,
}

/// For definitions, revisions and listings, of at most some MB.
pub(super) const SMALL: Times = Times {
    request: Some(Duration::from_secs(10)),
    read: Duration::from_secs(4),
};

/// For what may have many GB, and be copied by the server without a word meanwhile.
pub(super) const LARGE: Times = Times {
    request: None,
    read: Duration::from_secs(15 * 60),
};

/// A server in the same network answers much faster.
const CONNECT: Duration = Duration::from_secs(3);

/// As many as are read at a time, and some writers beside.
const IDLE_CONNECTIONS: usize = 128;

/// Shorter than the times after which servers end idle connections themselves.
const IDLE: Duration = Duration::from_secs(30);

/// Shorter than what a reader of a page waits for; whoever follows the bucket tries again anyhow.
pub(super) fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(2),
            base: 3.0,
        },
        max_retries: 4,
        retry_timeout: Duration::from_secs(10),
    }
}

/// What connections are made with.
#[derive(Clone, Debug)]
pub(super) struct Client {
    options: ClientOptions,
    connector: Connector,
}

impl Client {
    pub(super) fn new(config: &S3Config, times: Times) -> Result<Self, Fault> {
        // Without effect where the program has chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = is_plain(config);
        let mut options = ClientOptions::new()
            .with_allow_http(plain)
            .with_connect_timeout(CONNECT)
            .with_read_timeout(times.read)
            .with_pool_idle_timeout(IDLE)
            .with_pool_max_idle_per_host(IDLE_CONNECTIONS);
        if plain && config.ca_bundle.is_none() && asks_nobody_else(&config.credentials) {
            // A machine without any certificate of an authority will do.
            options = options.with_no_system_certificates(true);
        }
        options = match times.request {
            Some(time) => options.with_timeout(time),
            None => options.with_timeout_disabled(),
        };
        let trust = config.ca_bundle.as_deref();
        let trust = trust.map(|file| tls::client(Some(file)));
        let trust = trust.transpose().map_err(untrusted)?;
        let connector = Connector { times, trust };
        Ok(Self { options, connector })
    }

    pub(super) fn connect(&self) -> Result<HttpClient, Fault> {
        let client = self.connector.connect(&self.options);
        client.map_err(faults::fault)
    }
}

/// Whether the server is reached without encryption.
pub(super) fn is_plain(config: &S3Config) -> bool {
    let endpoint = config.endpoint.as_ref();
    endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"))
}

fn untrusted(error: TrustError) -> Fault {
    Fault::Unavailable {
        message: format!("AWS_CA_BUNDLE: {}", error.message),
        source: Some(error.source),
    }
}

/// Makes HTTP clients, with the trust that a bundle of certificates gives.
#[derive(Clone, Debug)]
struct Connector {
    times: Times,
    trust: Option<rustls::ClientConfig>,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let Some(trust) = &self.trust else {
            return ReqwestConnector::default().connect(options);
        };
        // Where a machine lends credentials it is asked by http.
        let allow_http = options.get_config_value(&ClientConfigKey::AllowHttp);
        let mut client = reqwest::Client::builder()
            .tls_backend_preconfigured(trust.clone())
            .https_only(allow_http.as_deref() != Some("true"))
            .user_agent(concat!("model-dashboard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(self.times.read)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS);
        if let Some(time) = self.times.request {
            client = client.timeout(time);
        }
        let client = client.build().map_err(|error| Error::Generic {
            store: "S3",
            source: error.into(),
        })?;
        Ok(HttpClient::new(client))
    }
}

/// Whether the credentials come from the configuration alone.
fn asks_nobody_else(credentials: &S3Credentials) -> bool {
    matches!(credentials, S3Credentials::Keys { .. })
}

/// The objects of the bucket.
///
/// What is sent is hashed for the signature unless it is `unsigned`: by https nobody can change it on
/// its way.
pub(super) fn store(config: &S3Config, client: &Client, unsigned: bool) -> Result<AmazonS3, Fault> {
    use AmazonS3ConfigKey as Key;

    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&config.bucket)
        .with_region(&config.region)
        .with_client_options(client.options.clone())
        .with_http_connector(client.connector.clone())
        .with_retry(retries())
        .with_unsigned_payload(unsigned)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_copy_if_not_exists(S3CopyIfNotExists::Multipart)
        // Deleting many at once needs a digest of a kind that not every server takes.
        .with_disable_bulk_delete(true);
    if let Some(endpoint) = &config.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    builder = match &config.credentials {
        S3Credentials::Keys {
            access_key,
            secret_key,
            session_token,
        } => {
            let builder = builder
                .with_access_key_id(access_key)
                .with_secret_access_key(secret_key.expose());
            match session_token {
                Some(token) => builder.with_token(token.expose()),
                None => builder,
            }
        }
        S3Credentials::WebIdentity {
            token_file,
            role_arn,
            session_name,
            endpoint,
        } => {
            let builder = builder
                .with_config(Key::WebIdentityTokenFile, token_file.display().to_string())
                .with_config(Key::RoleArn, role_arn)
                .with_config(Key::RoleSessionName, session_name);
            match endpoint {
                Some(endpoint) => builder.with_config(Key::StsEndpoint, endpoint),
                None => builder,
            }
        }
        S3Credentials::Container { path } => {
            builder.with_config(Key::ContainerCredentialsRelativeUri, path)
        }
        S3Credentials::Pod { url, token_file } => {
            check_token(token_file)?;
            let token_file = token_file.display().to_string();
            builder
                .with_config(Key::ContainerCredentialsFullUri, url)
                .with_config(Key::ContainerAuthorizationTokenFile, token_file)
        }
        S3Credentials::Instance { endpoint } => match endpoint {
            Some(endpoint) => builder.with_metadata_endpoint(endpoint),
            None => builder,
        },
    };
    builder.build().map_err(faults::fault)
}

/// Signs addresses for clients of the registry, which may know the server by another one.
pub(super) fn signer(
    config: &S3Config,
    client: &Client,
    credentials: &AwsCredentialProvider,
) -> Result<AmazonS3, Fault> {
    let builder = AmazonS3Builder::new()
        .with_bucket_name(&config.bucket)
        .with_region(&config.region)
        .with_client_options(client.options.clone())
        .with_http_connector(client.connector.clone())
        .with_credentials(credentials.clone());
    let endpoint = config.public_endpoint.as_ref().or(config.endpoint.as_ref());
    let builder = match endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint),
        None => builder,
    };
    builder.build().map_err(faults::fault)
}

/// Refuses a pod's token that no header can hold: what sends it would panic.
fn check_token(file: &Path) -> Result<(), Fault> {
    let fault = |what: &str, source: Box<dyn std::error::Error + Send + Sync>| Fault::Unavailable {
        message: format!(
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {} {what}",
            file.display()
        ),
        source: Some(source),
    };
    let token = std::fs::read(file).map_err(|error| fault("cannot be read", error.into()))?;
    let what = "holds a line break or another character that no header can hold; write the token \
                alone";
    let held = HeaderValue::from_bytes(&token);
    held.map(drop).map_err(|error| fault(what, error.into()))
}
