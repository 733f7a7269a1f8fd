//! Requests about the bucket as a whole, signed and tried again like those for its objects.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use object_store::aws::{AwsAuthorizer, AwsCredential, AwsCredentialProvider};
use object_store::client::{HttpClient, HttpError, HttpErrorKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::conditional::Fault;
use super::super::faults;
use super::super::keys::StoreKey;
use super::super::remote::jittered;
use super::options::Client;
use crate::config::{S3Config, S3Credentials};

/// The longest answer: a page of a listing, of a thousand keys of 1,024 bytes, each byte escaped.
const MAX_ANSWER: usize = 16 << 20;

/// The first pause before a request is sent again; two more follow that are longer.
const PAUSE: Duration = Duration::from_millis(50);

/// What stands for something else in the path of a URL; the rest is signed as it stands.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A bucket, and who asks it.
#[derive(Debug)]
pub(super) struct Bucket {
    http: HttpClient,
    credentials: AwsCredentialProvider,
    url: String,
    region: String,
    /// Whether the server is Amazon's.
    amazon: bool,
    /// What was done for credentials, and what to do where that failed.
    asked: &'static str,
    /// What every key starts with; with a slash at its end if there is anything.
    pub(super) prefix: String,
}

impl Bucket {
    pub(super) fn new(
        config: &S3Config,
        client: &Client,
        credentials: AwsCredentialProvider,
    ) -> Result<Self, Fault> {
        let S3Config { bucket, region, .. } = config;
        let server = match &config.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://s3.{region}.amazonaws.com"),
        };
        let mut prefix = config.prefix.clone();
        if !prefix.is_empty() {
            prefix.push('/');
        }
        Ok(Self {
            http: client.connect()?,
            credentials,
            url: format!("{server}/{bucket}"),
            region: region.clone(),
            amazon: config.endpoint.is_none(),
            asked: match &config.credentials {
                S3Credentials::WebIdentity { .. } => {
                    "the token service gives none for the web identity; check \
                     AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN"
                }
                S3Credentials::Container { .. } | S3Credentials::Pod { .. } => {
                    "the agent of the container gives none; check the AWS_CONTAINER variables"
                }
                S3Credentials::Keys { .. } | S3Credentials::Instance { .. } => {
                    "none are set and the machine lends none; set MINIO_USERNAME and \
                     MINIO_PASSWORD, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                }
            },
            prefix,
        })
    }

    /// Makes the bucket if it is not there; whether it was missing.
    pub(super) async fn make(&self) -> Result<bool, Fault> {
        let look = async || {
            let query = "list-type=2&max-keys=1".to_owned();
            self.answer(Method::GET, query, Vec::new()).await
        };
        match look().await {
            Ok(_) => return Ok(false),
            Err(Failed::Refused(refusal)) if refusal.is_no_bucket() => {}
            Err(failed) => return Err(self.fault(failed)),
        }
        let body = match self.amazon && self.region != "us-east-1" {
            true => format!(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
                self.region
            ),
            false => String::new(),
        };
        let made = self.answer(Method::PUT, String::new(), body.into_bytes());
        match made.await {
            Ok(_) => Ok(true),
            // Another one may have been quicker.
            Err(failed) => match look().await {
                Ok(_) => Ok(false),
                Err(_) => Err(self.fault(failed)),
            },
        }
    }

    /// Sends a request to the bucket until there is an answer, and gives its body.
    pub(super) async fn send(
        &self,
        method: Method,
        query: String,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, Fault> {
        let answer = self.answer(method, query, body).await;
        answer.map_err(|failed| self.fault(failed))
    }

    /// Sends a request about a lot of parts; `None` if there is no such lot.
    pub(super) async fn of_lot(
        &self,
        method: Method,
        key: &StoreKey,
        query: String,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let path = format!("{}{key}", self.prefix);
        match self.answer_at(&path, method, query, Vec::new()).await {
            Ok(answer) => Ok(Some(answer)),
            Err(Failed::Refused(refusal)) if refusal.is_no_lot() => Ok(None),
            Err(failed) => Err(self.fault(failed)),
        }
    }

    fn fault(&self, failed: Failed) -> Fault {
        match failed {
            Failed::Fault(fault) => fault,
            Failed::Http(error) => faults::unreachable(error, &self.url),
            Failed::Refused(refusal) => refusal.into(),
        }
    }

    async fn answer(
        &self,
        method: Method,
        query: String,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, Failed> {
        self.answer_at("", method, query, body).await
    }

    /// The answer to a request about what lies at a path of the bucket.
    async fn answer_at(
        &self,
        path: &str,
        method: Method,
        query: String,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, Failed> {
        let mut url = self.url.clone();
        if !path.is_empty() {
            url.extend(["/", &utf8_percent_encode(path, RESERVED).to_string()]);
        }
        if !query.is_empty() {
            url.extend(["?", &query]);
        }
        let mut pauses = [1, 3, 9].into_iter().map(|times| PAUSE * times);
        loop {
            let failed = match self.send_once(&method, &url, &body).await {
                Ok(body) => return Ok(body),
                Err(failed) => failed,
            };
            match pauses.next().filter(|_| failed.may_pass()) {
                Some(pause) => tokio::time::sleep(jittered(pause)).await,
                None => return Err(failed),
            }
        }
    }

    /// Who asks. Those that are lent for a time are kept until shortly before it ends.
    pub(super) async fn credentials(&self) -> Result<Arc<AwsCredential>, Fault> {
        let credential = self.credentials.get_credential().await;
        credential.map_err(|error| faults::no_credentials(self.asked, error))
    }

    async fn send_once(&self, method: &Method, url: &str, body: &[u8]) -> Result<Vec<u8>, Failed> {
        let credential = self.credentials().await.map_err(Failed::Fault)?;
        let url: Uri = url.parse().map_err(unexpected)?;
        let mut request = Request::builder().method(method).uri(url);
        if !body.is_empty() {
            request = request.header(http::header::CONTENT_TYPE, "application/xml");
        }
        let mut request = request.body(body.to_vec().into()).map_err(unexpected)?;
        AwsAuthorizer::new(&credential, "s3", &self.region)
            .try_authorize(&mut request, None)
            .map_err(unexpected)?;
        let (head, body) = self.http.execute(request).await?.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|error| match error.downcast::<HttpError>() {
            Ok(error) => Failed::Http(*error),
            Err(error) => Failed::Fault(Fault::Unexpected(error)),
        })?;
        let body = body.to_bytes().to_vec();
        match head.status {
            status if status.is_success() => Ok(body),
            status => {
                let body = String::from_utf8_lossy(&body).into_owned();
                Err(Failed::Refused(Refusal { status, body }))
            }
        }
    }
}

/// Why there is no answer of use.
#[derive(Debug)]
enum Failed {
    /// There is none.
    Http(HttpError),
    /// The server refuses.
    Refused(Refusal),
    /// The request could not be made.
    Fault(Fault),
}

/// An answer that says why not.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    body: String,
}

impl Failed {
    fn may_pass(&self) -> bool {
        match self {
            Self::Http(error) => error.kind() != HttpErrorKind::Decode,
            Self::Refused(refusal) => {
                refusal.status.is_server_error() || refusal.status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Fault(_) => false,
        }
    }
}

impl Refusal {
    fn is_no_lot(&self) -> bool {
        faults::code(&self.body).is_some_and(faults::is_no_lot)
    }

    fn is_no_bucket(&self) -> bool {
        faults::code(&self.body).is_some_and(faults::is_no_bucket)
    }
}

impl From<HttpError> for Failed {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, body } = refusal;
        if faults::code(&body).is_some() {
            return faults::refused(&body);
        }
        faults::no_s3(status.as_u16(), &body)
    }
}

fn unexpected(error: impl Into<Box<dyn Error + Send + Sync>>) -> Failed {
    Failed::Fault(Fault::Unexpected(error.into()))
}
