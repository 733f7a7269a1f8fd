//! Packages on their way here.

use http::StatusCode;
use http::header::{CONTENT_RANGE, ETAG, IF_RANGE, RANGE};

use super::bucket::of_bucket;
use super::models::of;
use super::packages::RemotePackage;
use super::sending::{Failed, Repeat};
use super::{Client, ClientError};
use crate::model::ContentDigest;
use crate::package::unpack::{Arrival, UnpackError};

/// So much is written at once.
const PIECE: usize = 1 << 20;

impl Client {
    /// Fetches what is missing of a package, from where it broke off on. `purpose` says in the audit log
    /// of the server what for. `progress` is told how many bytes are there. What came stays in the file
    /// of the arrival whatever happens.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::Another`] if the server has other bytes by now.
    pub async fn fetch(
        &self,
        package: &RemotePackage,
        purpose: &str,
        arrival: Arrival,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Arrival, ClientError> {
        // The thread that writes has it meanwhile.
        let mut arrival = Some(arrival);
        let mut attempt = 1;
        loop {
            let before = arrival.as_ref().map(Arrival::received);
            let fetched = self
                .fetch_once(package, purpose, &mut arrival, progress)
                .await;
            let after = arrival.as_ref().map(Arrival::received);
            match (fetched, arrival) {
                (Ok(()), Some(arrival)) if arrival.is_complete() => return Ok(arrival),
                (Err(Failed::For(error)), _) => return Err(error),
                (Err(failed), Some(back)) => {
                    if after > before {
                        attempt = 1;
                    }
                    self.wait_or_fail(failed, &mut attempt).await?;
                    arrival = Some(back);
                }
                (Ok(()), _) | (Err(Failed::Now { .. }), None) => {
                    return Err(self.not_understood("the package cannot be written"));
                }
            }
        }
    }

    async fn fetch_once(
        &self,
        package: &RemotePackage,
        purpose: &str,
        arrival: &mut Option<Arrival>,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), Failed> {
        let Some(there) = arrival.as_ref() else {
            return Ok(());
        };
        let from = there.received();
        // An empty one is asked for, too: it leaves its trace.
        if from > 0 && there.is_complete() {
            return Ok(());
        }
        let [models, network_type, name] = of(&package.key);
        let number = package.revision.map(|it| it.to_string());
        let query = [
            ("revision", number.as_deref().unwrap_or_default()),
            ("for", purpose),
        ];
        let url = self
            .server
            .api(&[models, network_type, name, "package"], &query);
        let etag = format!("\"{}\"", package.digest.to_hex());
        let mut request = self.http.get(url);
        if from > 0 {
            request = request
                .header(RANGE, format!("bytes={from}-"))
                .header(IF_RANGE, &etag);
        }
        let mut response = self.once_or_led_on(request, Repeat::Safe).await?;
        let tag = response
            .headers()
            .get(ETAG)
            .and_then(|tag| tag.to_str().ok());
        let found = tag.unwrap_or_default().trim_matches('"');
        let found: Option<ContentDigest> = format!("sha256:{found}").parse().ok();
        if let Some(found) = found.filter(|found| *found != package.digest) {
            return Err(Failed::For(ClientError::Another {
                expected: package.digest,
                found,
            }));
        }
        let mut giver = None;
        if response.status().is_redirection() {
            // Whatever else stands in between and sends elsewhere does not know the package.
            let bucket = found.and_then(|_| self.bucket(&response));
            let bucket = bucket.ok_or_else(|| Failed::For(self.led_astray(&response)))?;
            giver = Some(bucket.origin().ascii_serialization());
            response = self.bytes_of_bucket(bucket, from).await?;
        }
        let header = |name| response.headers().get(name)?.to_str().ok();
        let begins = |range: &str| range.starts_with(&format!("bytes {from}-"));
        // Whoever is in between may answer with the whole.
        let mut skip = match response.status() {
            StatusCode::PARTIAL_CONTENT if header(CONTENT_RANGE).is_some_and(begins) => 0,
            StatusCode::OK => from,
            _ => {
                const OTHER: &str = "not the range that was asked for";
                return Err(Failed::For(match giver {
                    Some(server) => of_bucket(server, &format!("answers {OTHER}"), None),
                    None => self.not_understood(OTHER),
                }));
            }
        };
        let mut piece = Vec::with_capacity(PIECE);
        loop {
            let chunk = response.chunk().await;
            let is_end = matches!(chunk, Ok(None) | Err(_));
            if let Ok(Some(chunk)) = &chunk {
                let skipped = skip.min(chunk.len() as u64);
                skip -= skipped;
                // No longer than the chunk.
                piece.extend_from_slice(chunk.get(skipped as usize..).unwrap_or_default());
            }
            if piece.len() >= PIECE || (is_end && !piece.is_empty()) {
                let bytes = std::mem::replace(&mut piece, Vec::with_capacity(PIECE));
                let received = write(arrival, bytes).await.map_err(Failed::For)?;
                progress(received);
            }
            match chunk {
                Ok(Some(_)) => {}
                Ok(None) if arrival.as_ref().is_some_and(Arrival::is_complete) => return Ok(()),
                ended => {
                    let error = match (giver, ended) {
                        (Some(server), Err(error)) => of_bucket(server, "breaks off", Some(error)),
                        (Some(server), _) => of_bucket(server, "ends early", None),
                        (None, Err(error)) => self.unreachable(error),
                        (None, _) => self.not_understood("the package ended early"),
                    };
                    return Err(Failed::Now { error, wait: None });
                }
            }
        }
    }
}

/// Writes on a thread that may block.
async fn write(arrival: &mut Option<Arrival>, bytes: Vec<u8>) -> Result<u64, ClientError> {
    let Some(mut own) = arrival.take() else {
        return Ok(0);
    };
    let written = tokio::task::spawn_blocking(move || {
        let written = own.write(&bytes);
        (own, written)
    });
    let (own, written): (Arrival, Result<(), UnpackError>) = written
        .await
        .map_err(|error| ClientError::Source(error.into()))?;
    let received = own.received();
    *arrival = Some(own);
    written?;
    Ok(received)
}
