//! How a bucket of MinIO or another S3 server is reached.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

use url::{Host, Url};

use super::reader::Reader;
use super::table::{S3Settings, StorageSettings};
use super::value::{Secret, Value};

/// A bucket, and how its server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct S3Config {
    /// The bucket's name.
    pub bucket: String,
    /// What every key starts with: empty, or segments with `/` between them.
    pub prefix: String,
    /// The server (`http://minio:9000`); `None` is Amazon's.
    pub endpoint: Option<String>,
    /// The server as clients of the registry reach it, where that is another address.
    pub public_endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Who asks.
    pub credentials: S3Credentials,
    /// A file (PEM) of authorities to trust besides the system's; a server's own certificate is
    /// trusted, too, even one that calls itself an authority.
    pub ca_bundle: Option<PathBuf>,
    /// Whether `If-Match` gives versions without quotation marks.
    pub unquoted_if_match: bool,
}

/// Who asks for the objects of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum S3Credentials {
    /// Who has these keys.
    Keys {
        /// The access key (MinIO: username).
        access_key: String,
        /// The secret key (MinIO: password).
        secret_key: Secret,
        /// The token that belongs to keys that are lent for a time.
        session_token: Option<Secret>,
    },
    /// Who the token service takes for what a file says (IRSA in Kubernetes).
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
    WebIdentity {
        /// The file with the token, read anew each time.
        token_file: PathBuf,
        /// The role to be taken.
        role_arn: String,
        /// The session's name in logs.
        session_name: String,
        /// The token service; `None` is Amazon's in the region.
        endpoint: Option<String>,
    },
    /// Who the agent of the container service (ECS) says.
    Container {
        /// The path at the agent.
        path: String,
    },
    /// Who the agent of the pod (EKS) says.
    Pod {
        /// Where the agent is.
        url: String,
        /// The file with the token that it asks for.
        token_file: PathBuf,
    },
    /// Who the machine's metadata service (IMDSv2) says.
    Instance {
        /// Where it is; `None`: where Amazon's machines have it.
        endpoint: Option<String>,
    },
}

impl S3Config {
    /// A bucket on a server, with keys for it. For programs that embed the registry.
    #[must_use]
    pub fn with_keys(
        endpoint: impl Into<String>,
        bucket: impl Into<String>,
        access_key: impl Into<String>,
        secret_key: Secret,
    ) -> Self {
        Self {
            bucket: bucket.into(),
            prefix: String::new(),
            endpoint: Some(endpoint.into()),
            public_endpoint: None,
            region: "us-east-1".to_owned(),
            credentials: S3Credentials::Keys {
                access_key: access_key.into(),
                secret_key,
                session_token: None,
            },
            ca_bundle: None,
            unquoted_if_match: false,
        }
    }

    pub(super) fn resolve(
        raw: StorageSettings,
        s3: S3Settings,
        bucket: BucketName,
        prefix: String,
        endpoint: Option<String>,
        reader: &mut Reader,
    ) -> Self {
        if let Some(endpoint) = &endpoint {
            reader.derived("s3.endpoint_url", endpoint.clone());
        }
        let public_endpoint = raw.public_endpoint(endpoint.as_deref(), reader);
        let credentials = S3Credentials::resolve(raw, &s3, reader);
        Self {
            bucket: bucket.0,
            prefix,
            endpoint,
            public_endpoint,
            region: s3.region.unwrap_or(s3.default_region),
            credentials,
            ca_bundle: s3.ca_bundle,
            unquoted_if_match: s3.unquoted_if_match,
        }
    }
}

impl S3Credentials {
    /// The first that is there, in the order of Amazon's tools, after what MinIO's name.
    fn resolve(raw: StorageSettings, s3: &S3Settings, reader: &mut Reader) -> Self {
        let minio = pair(
            ("model_db.username", raw.username),
            ("model_db.password", raw.password),
            reader,
        );
        if let Some((access_key, secret_key)) = minio {
            return Self::Keys {
                access_key,
                secret_key,
                session_token: None,
            };
        }
        let keys = pair(
            ("s3.access_key_id", s3.access_key_id.clone()),
            ("s3.secret_access_key", s3.secret_access_key.clone()),
            reader,
        );
        if let Some((access_key, secret_key)) = keys {
            return Self::Keys {
                access_key,
                secret_key,
                session_token: s3.session_token.clone(),
            };
        }
        let identity = pair(
            (
                "s3.web_identity_token_file",
                s3.web_identity_token_file.clone(),
            ),
            ("s3.role_arn", s3.role_arn.clone()),
            reader,
        );
        if let Some((token_file, role_arn)) = identity {
            if s3
                .sts_endpoint_url
                .as_ref()
                .is_some_and(|url| !url.0.starts_with("https:"))
            {
                let message = "tokens are sent there: an https URL is needed";
                reader.conflict("s3.sts_endpoint_url", message);
            }
            return Self::WebIdentity {
                token_file,
                role_arn,
                session_name: s3.role_session_name.clone(),
                endpoint: s3.sts_endpoint_url.clone().map(|url| url.0),
            };
        }
        if let Some(path) = s3.container_credentials_path.clone() {
            return Self::Container { path };
        }
        let pod = pair(
            (
                "s3.container_credentials_url",
                s3.container_credentials_url.clone(),
            ),
            ("s3.container_token_file", s3.container_token_file.clone()),
            reader,
        );
        if let Some((ServerUrl(url), token_file)) = pod {
            return Self::Pod { url, token_file };
        }
        Self::Instance {
            endpoint: s3.metadata_url.clone().map(|url| url.0),
        }
    }
}

/// Two settings that are of use together only.
fn pair<A, B>(
    (first_name, first): (&str, Option<A>),
    (second_name, second): (&str, Option<B>),
    reader: &mut Reader,
) -> Option<(A, B)> {
    let lonely = match (first, second) {
        (Some(first), Some(second)) => return Some((first, second)),
        (None, None) => return None,
        (Some(_), None) => (first_name, second_name),
        (None, Some(_)) => (second_name, first_name),
    };
    reader.conflict(lonely.0, format!("{} is not set beside it", lonely.1));
    None
}

impl S3Settings {
    /// The server that Amazon's tools would ask, if it is not Amazon's.
    pub(super) fn endpoint(&self) -> Option<String> {
        let url = self.endpoint_url.as_ref();
        let url = url.or(self.default_endpoint_url.as_ref());
        url.map(|url| url.0.clone())
    }
}

impl StorageSettings {
    /// The URL of the server. Without a host it is the one that Argo Workflows installs.
    pub(super) fn endpoint(&self, reader: &mut Reader) -> String {
        let host = match &self.host {
            Some(HostName(host)) => host.clone(),
            None => {
                let host = format!("argo-artifacts.{}.svc.cluster.local", self.namespace.0);
                reader.derived("model_db.host", host.clone());
                host
            }
        };
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{host}:{}", self.port)
    }

    /// The URL of the server for clients of the registry, if it is another one.
    fn public_endpoint(&self, endpoint: Option<&str>, reader: &mut Reader) -> Option<String> {
        let public = self.public_url.as_ref().map(|ServerUrl(url)| url);
        if public.is_some_and(|url| Url::parse(url).is_ok_and(|url| url.path() != "/")) {
            let message = "holds a path, for which the signature of an address would not count";
            reader.conflict("model_db.public_url", message);
        }
        let reached = public.map(String::as_str).or(endpoint);
        if self.redirect_downloads && reached.is_some_and(is_readable_on_the_way) {
            reader.warn(
                "model_db.redirect_downloads sends on to plain http: packages, and the addresses \
                 that give them, can be read on the way, and clients that came by https do not \
                 follow (STORAGE_PUBLIC_URL names another address)",
            );
        }
        public.cloned()
    }
}

/// Whether this is plain http, and not to this very machine.
fn is_readable_on_the_way(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !is_here
}

/// The URL of a server, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerUrl(String);

impl Value for ServerUrl {
    const ALLOWED: &'static str = "the URL of a server, such as https://s3.example.com";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "not a URL")?;
        if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
            return Err("neither an http nor an https URL");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a username or password, which belong into settings of their own");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("holds a query or fragment");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// The name of a server without scheme or port, or an IP address; as it stands in a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostName(String);

impl Value for HostName {
    const ALLOWED: &'static str = "the name or address of a server, without scheme and port";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let in_brackets = format!("[{text}]");
        let host = if text.parse::<Ipv6Addr>().is_ok() {
            &in_brackets
        } else {
            text
        };
        match Host::parse(host) {
            Ok(host) => Ok(Self(host.to_string())),
            Err(_) => Err("not the name of a server"),
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// The name of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BucketName(String);

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BucketName {
    pub(super) fn argo_models() -> Self {
        Self("argo-models".to_owned())
    }
}

impl Value for BucketName {
    const ALLOWED: &'static str = "3 to 63 of a-z A-Z 0-9 . _ -";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(3..=63).contains(&text.len()) || !text.bytes().all(fine) {
            return Err("not the name of a bucket");
        }
        Ok(Self(text.to_owned()))
    }

    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// A Kubernetes namespace (a label of RFC 1123).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Namespace(String);

impl Namespace {
    pub(super) fn inference() -> Self {
        Self("inference".to_owned())
    }
}

impl Value for Namespace {
    const ALLOWED: &'static str = "1 to 63 of a-z 0-9 -";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.len() > 63 || !text.bytes().all(fine) {
            return Err("not a Kubernetes namespace");
        }
        Ok(Self(text.to_owned()))
    }

    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}
