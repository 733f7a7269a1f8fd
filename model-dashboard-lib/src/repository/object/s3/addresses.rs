//! Addresses of the bucket that anybody may use who holds them, for a while.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::signer::{SignedUrlOptions, Signer as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::conditional::Fault;
use super::super::faults;
use super::super::keys::StoreKey;
use super::super::packages::addresses::Addresses;
use super::bucket::Bucket;
use crate::repository::packages::PackageAddress;

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
