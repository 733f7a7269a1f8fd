//! Addresses of the bucket that anybody may use who holds them, for a while.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use object_store::aws::AmazonS3;
use object_store::client::{HttpClient, HttpRequestBody};
use object_store::path::Path;
use object_store::signer::{SignedUrlOptions, Signer as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::conditional::Fault;
use super::super::faults;
use super::super::keys::StoreKey;
use super::super::packages::addresses::Addresses;
use super::bucket::Bucket;
use crate::repository::packages::{AddressProof, PackageAddress, PackageId};

/// How long an address counts that is tried at once.
const PROOF_VALID: Duration = Duration::from_secs(60);

/// The longest refusal that is read.
const MAX_ANSWER: usize = 64 << 10;

/// Signs addresses of the bucket as clients of the registry reach it. Asks the server nothing.
#[derive(Debug)]
pub(super) struct Signed {
    signer: AmazonS3,
    bucket: Arc<Bucket>,
}

impl Signed {
    pub(super) fn new(signer: AmazonS3, bucket: Arc<Bucket>) -> Self {
        Self { signer, bucket }
    }
}

impl Signed {
    /// Asks for a package that is not there, at an address that is signed for it.
    pub(super) async fn prove(&self, http: &HttpClient) -> Result<AddressProof, Fault> {
        let key = StoreKey::package(PackageId::new());
        let address = self.address(&key, "proof", PROOF_VALID).await?;
        let unexpected = |error: http::Error| Fault::Unexpected(error.into());
        let request = Request::get(address.expose()).body(HttpRequestBody::empty());
        let answer = match http.execute(request.map_err(unexpected)?).await {
            Ok(answer) => answer,
            Err(error) => {
                // What is told first has the address, which lets in whoever reads it.
                let below = error.source().and_then(std::error::Error::source);
                // The last cause says what is wrong: those before it, that something is.
                let why = std::iter::successors(below, |&error| error.source()).last();
                let why = why.map_or_else(|| "it does not answer".to_owned(), ToString::to_string);
                return Ok(AddressProof::Unreachable(why));
            }
        };
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        let code = faults::code(&body).unwrap_or_default();
        Ok(match (head.status, code) {
            (StatusCode::NOT_FOUND, "NoSuchKey") => AddressProof::Accepted,
            (status, code) => {
                AddressProof::Refused(format!("{status} {code}").trim_end().to_owned())
            }
        })
    }
}

#[async_trait]
impl Addresses for Signed {
    async fn address(
        &self,
        key: &StoreKey,
        file_name: &str,
        valid: Duration,
    ) -> Result<PackageAddress, Fault> {
        // What is said of their lack is not told apart from other errors below.
        self.bucket.credentials().await?;
        let path = Path::parse(format!("{}{key}", self.bucket.prefix));
        let path = path.map_err(|error| Fault::Unexpected(error.into()))?;
        let options = SignedUrlOptions::new().with_query([
            // A browser saves it, whatever it holds.
            (
                "response-content-type",
                "application/octet-stream".to_owned(),
            ),
            ("response-content-disposition", disposition(file_name)),
        ]);
        let signed = self
            .signer
            .signed_url_opts(Method::GET, &path, valid, &options);
        Ok(PackageAddress::new(signed.await.map_err(faults::fault)?))
    }
}

/// A file to be saved, by its name (RFC 6266), which any text can be (RFC 8187).
fn disposition(file_name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match file_name.chars().all(plain) {
        true => format!("attachment; filename=\"{file_name}\""),
        false => {
            let whole = utf8_percent_encode(file_name, NON_ALPHANUMERIC);
            format!("attachment; filename*=UTF-8''{whole}")
        }
    }
}
