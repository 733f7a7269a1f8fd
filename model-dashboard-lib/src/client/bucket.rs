//! Packages that a server has its bucket give.

use http::StatusCode;
use http::header::{LOCATION, RANGE};
use reqwest::Response;
use url::Url;

use super::sending::{Failed, retry_after};
use super::{Client, ClientError};
use crate::tls::{self, Naming};

/// What is read of what a bucket says that refuses.
const MAX_REFUSAL: usize = 16 << 10;

impl Client {
    /// The address of the bucket that an answer sends to.
    pub(super) fn bucket(&self, response: &Response) -> Option<Url> {
        if response.status() != StatusCode::TEMPORARY_REDIRECT {
            return None;
        }
        let url = Url::parse(response.headers().get(LOCATION)?.to_str().ok()?).ok()?;
        let is_web = ["http", "https"].contains(&url.scheme()) && url.has_host();
        let is_bare = url.username().is_empty() && url.password().is_none();
        (is_web && is_bare).then_some(url)
    }

    /// The bytes from `from` on, as the bucket gives them. It gets neither the token nor another address:
    /// what it sends counts by its digest alone.
    pub(super) async fn bytes_of_bucket(&self, url: Url, from: u64) -> Result<Response, Failed> {
        let server = url.origin().ascii_serialization();
        let failed = |why: String| of_bucket(server.clone(), &why, None);
        if url.scheme() == "http" && !self.server.is_plain() {
            let why = "is plain http: the registry must name an address of https for it";
            return Err(Failed::For(failed(why.to_owned())));
        }
        let mut request = self.http.get(url);
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let mut response = request.send().await.map_err(|error| {
            let naming = Naming {
                bundle: "MODEL_DASHBOARD_CA_FILE",
                host: "the address of the bucket",
            };
            match tls::told(&error, naming) {
                Some(why) => Failed::For(failed(format!("cannot be trusted: {why}"))),
                None => Failed::Now {
                    error: of_bucket(server.clone(), "does not answer", Some(error)),
                    wait: None,
                },
            }
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let wait = retry_after(&response);
        let code = match code(&mut response).await {
            Some(code) => format!(" ({code})"),
            None => String::new(),
        };
        let error = failed(format!("answers {status}{code}"));
        let may_pass = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        Err(match may_pass {
            true => Failed::Now { error, wait },
            false => Failed::For(error),
        })
    }
}

/// What a bucket does instead of giving a package.
pub(super) fn of_bucket(server: String, why: &str, error: Option<reqwest::Error>) -> ClientError {
    ClientError::Bucket {
        server,
        why: why.to_owned(),
        // The address lets whoever reads it in.
        source: error.map(|error| error.without_url().into()),
    }
}

/// The word of S3 for why it refuses.
async fn code(response: &mut Response) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_REFUSAL {
            break;
        }
    }
    let text = String::from_utf8_lossy(&body);
    let (code, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
    let is_word = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word.then(|| code.to_owned())
}
