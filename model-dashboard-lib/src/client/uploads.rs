//! Packages on their way there, by tus 1.0.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream;
use http::header::{CONTENT_TYPE, HeaderMap, IF_MATCH, IF_NONE_MATCH, LOCATION};
use reqwest::{Body, RequestBuilder};
use serde::Deserialize;
use tokio::time::timeout;

use super::models::{MESSAGE, RemoteModel, of};
use super::sending::{Answer, Failed, Repeat};
use super::{Client, ClientError};
use crate::dashboard::{Confirmed, Giving};
use crate::model::{ContentDigest, ModelKey};
use crate::package::inspect::Report;
use crate::package::source::Source;

const TUS_RESUMABLE: &str = "tus-resumable";
const UPLOAD_LENGTH: &str = "upload-length";
const UPLOAD_METADATA: &str = "upload-metadata";
const UPLOAD_OFFSET: &str = "upload-offset";
const VERSION: &str = "1.0.0";
const OFFSET_STREAM: &str = "application/offset+octet-stream";

/// So much is sent by one request: proxies count time and bytes of one.
const PART: u64 = 64 << 20;
/// So much is read at once.
const PIECE: usize = 256 << 10;

/// An upload, as far as it is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct RemoteUpload {
    /// Its name.
    pub id: String,
    /// What the file is called.
    pub file_name: String,
    /// How many bytes it is to have.
    pub size: u64,
    /// How many are there.
    pub received: u64,
    /// The SHA-256 of all bytes, in hexadecimal digits, once they are there.
    #[serde(default)]
    pub sha256: Option<String>,
    /// How far the look at the package is: `running` or `done`.
    #[serde(default)]
    pub inspection: Option<String>,
    /// What was found in it.
    #[serde(default)]
    report: Option<serde_json::Value>,
    /// Why nothing could be found.
    #[serde(default)]
    pub refused: Option<String>,
}

impl RemoteUpload {
    /// What was found in the package; `None` also for a report of another version.
    #[must_use]
    pub fn report(&self) -> Option<Report> {
        serde_json::from_value(self.report.clone()?).ok()
    }
}

#[derive(Deserialize)]
struct List {
    uploads: Vec<RemoteUpload>,
}

impl Client {
    /// An upload of these bytes: one that the account has already, or a new one.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn begin_upload(
        &self,
        file_name: &str,
        size: u64,
        digest: &ContentDigest,
    ) -> Result<RemoteUpload, ClientError> {
        let pair = |key: &str, value: &str| format!("{key} {}", STANDARD.encode(value));
        let sha256 = pair("sha256", &digest.to_hex());
        let List { uploads } = self.get(&["uploads"], &[]).await?;
        let alike = uploads
            .into_iter()
            .filter(|it| it.size == size && it.file_name == file_name);
        for upload in alike {
            // It may be gone by now.
            let Ok(answer) = self.head(&upload.id).await else {
                continue;
            };
            let noted = answer.headers.get(UPLOAD_METADATA);
            let noted = noted.and_then(|it| it.to_str().ok()).unwrap_or_default();
            if noted.split(',').any(|it| it.trim() == sha256) {
                return Ok(upload);
            }
        }
        let metadata = format!("{},{sha256}", pair("filename", file_name));
        let url = self.server.api(&["uploads"], &[]);
        let answer = self.send(Repeat::NotArrived, |http| {
            http.post(url.clone())
                .header(TUS_RESUMABLE, VERSION)
                .header(UPLOAD_LENGTH, size)
                .header(UPLOAD_METADATA, &metadata)
        });
        let answer = answer.await?;
        let address = answer.headers.get(LOCATION).and_then(|it| it.to_str().ok());
        let id = address.and_then(|it| it.rsplit('/').next());
        let id = id.filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| self.not_understood("an upload without an address"))?;
        self.upload(id).await
    }

    /// An upload of the account, with what was found in it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn upload(&self, id: &str) -> Result<RemoteUpload, ClientError> {
        self.get(&["uploads", id], &[]).await
    }

    /// Sends what is missing of an upload. `progress` is told how many bytes are there.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::Source`] if the bytes cannot be read.
    pub async fn send_upload(
        &self,
        id: &str,
        source: &Arc<dyn Source>,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), ClientError> {
        let size = source.size();
        let mut attempt = 1;
        let mut offset = self.offset(id).await?;
        loop {
            progress(offset);
            if offset >= size {
                return Ok(());
            }
            let failed = match self.send_part(id, source, offset, progress).await {
                Ok(next) if next > offset => {
                    (offset, attempt) = (next, 1);
                    continue;
                }
                Ok(_) => Failed::For(self.not_understood("no bytes of an upload are kept")),
                Err(failed) => failed,
            };
            self.wait_or_fail(failed, &mut attempt).await?;
            let now = self.offset(id).await?;
            if now > offset {
                attempt = 1;
            }
            offset = now;
        }
    }

    /// Waits until the package was looked at.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::Another`] if the server has other bytes than `digest` says.
    pub async fn inspected(
        &self,
        id: &str,
        digest: &ContentDigest,
    ) -> Result<RemoteUpload, ClientError> {
        let mut pause = self.options.pause / 4;
        loop {
            let upload = self.upload(id).await?;
            let found = upload.sha256.as_ref();
            let found = found.and_then(|it| format!("sha256:{it}").parse().ok());
            if let Some(found) = found.filter(|found| found != digest) {
                let expected = *digest;
                return Err(ClientError::Another { expected, found });
            }
            if upload.inspection.as_deref() == Some("done") {
                return Ok(upload);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(self.options.pause * 4);
        }
    }

    /// Gives the package of an upload to a model that is as `etag` says; to a new, disabled one without.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn publish(
        &self,
        id: &str,
        key: &ModelKey,
        etag: Option<&str>,
        giving: &Giving,
        message: &str,
    ) -> Result<RemoteModel, ClientError> {
        let takes = match parts(giving).as_deref() {
            None => String::new(),
            Some([]) => "none".to_owned(),
            Some(parts) => parts.join(","),
        };
        let confirmed = confirmed(giving).join(",");
        let [models, network_type, name] = of(key);
        let path = [models, network_type, name, "package"];
        let query = [("upload", id), ("take", &takes), ("confirm", &confirmed)];
        let url = self.server.api(&path, &query);
        let answer = self.send(Repeat::NotArrived, |http| {
            let request = http.put(url.clone()).header(MESSAGE, message.as_bytes());
            match etag {
                Some(etag) => request.header(IF_MATCH, etag),
                None => request.header(IF_NONE_MATCH, "*"),
            }
        });
        self.read_model(key, &answer.await?)
    }

    async fn head(&self, id: &str) -> Result<Answer, ClientError> {
        let url = self.server.api(&["uploads", id], &[]);
        let request =
            |http: &reqwest::Client| http.head(url.clone()).header(TUS_RESUMABLE, VERSION);
        self.send(Repeat::Safe, request).await
    }

    async fn offset(&self, id: &str) -> Result<u64, ClientError> {
        let answer = self.head(id).await?;
        offset(&answer.headers).ok_or_else(|| self.not_understood("an upload without an offset"))
    }

    async fn send_part(
        &self,
        id: &str,
        source: &Arc<dyn Source>,
        from: u64,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<u64, Failed> {
        let url = self.server.api(&["uploads", id], &[]);
        let part = (source.size() - from).min(PART);
        let outgoing = Outgoing {
            source: Arc::clone(source),
            sent: Arc::new(AtomicU64::new(from)),
            end: from + part,
            broken: Arc::default(),
        };
        let request = self
            .patient
            .patch(url)
            .header(TUS_RESUMABLE, VERSION)
            .header(UPLOAD_OFFSET, from)
            .header(CONTENT_TYPE, OFFSET_STREAM)
            .header(http::header::CONTENT_LENGTH, part);
        let sent = self.watched(request, &outgoing, progress).await;
        // The connection broke off for that.
        let broken = outgoing.broken.lock().ok().and_then(|mut it| it.take());
        if let Some(error) = broken {
            return Err(Failed::For(ClientError::Source(error)));
        }
        let sent = sent.map_err(|failed| match failed {
            // What an earlier connection sent is still being taken in, or was taken in meanwhile.
            Failed::For(error @ ClientError::Refused(_)) if is_overtaken(&error) => {
                Failed::Now { error, wait: None }
            }
            failed => failed,
        })?;
        let next = offset(sent.headers());
        next.ok_or_else(|| Failed::For(self.not_understood("no offset after a part")))
    }

    /// Sends a part as long as some of it goes out within the time that nothing may.
    async fn watched(
        &self,
        request: RequestBuilder,
        outgoing: &Outgoing,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<reqwest::Response, Failed> {
        let mut sending = Box::pin(self.once(request.body(outgoing.body()), Repeat::Safe));
        let (mut before, mut silent) = (u64::MAX, 0);
        // It is looked at more often than that, for whoever watches.
        let looks = 60;
        loop {
            let look = self.options.silence / looks;
            if let Ok(answer) = timeout(look, &mut sending).await {
                return answer;
            }
            let sent = outgoing.sent.load(Ordering::Relaxed);
            progress(sent);
            silent = if sent == before { silent + 1 } else { 0 };
            before = sent;
            if silent > looks {
                let error = ClientError::Unreachable {
                    server: self.server.to_string(),
                    source: "no byte of the upload was taken for too long".into(),
                };
                return Err(Failed::Now { error, wait: None });
            }
        }
    }
}

/// What is taken over, on the wire.
pub(super) fn parts(giving: &Giving) -> Option<Vec<&'static str>> {
    let parts = giving.takes.as_ref()?;
    Some(parts.iter().map(|part| part.as_str()).collect())
}

/// What is confirmed, on the wire.
pub(super) fn confirmed(giving: &Giving) -> Vec<&'static str> {
    let as_typed = giving.as_typed.then_some("as_typed");
    as_typed
        .into_iter()
        .chain(of_jobs(giving.confirmed))
        .collect()
}

/// What is confirmed of what may break jobs, on the wire.
pub(super) fn of_jobs(confirmed: Confirmed) -> Vec<&'static str> {
    let all = [
        (confirmed.breaking, "breaking"),
        (confirmed.incomplete, "incomplete"),
    ];
    let meant = all.into_iter().filter(|(is_meant, _)| *is_meant);
    meant.map(|(_, name)| name).collect()
}

/// Whether another connection is at the upload, or it is further than was known.
fn is_overtaken(error: &ClientError) -> bool {
    let status = |problem: &super::Problem| matches!(problem.status, 400 | 408 | 409 | 423);
    matches!(error, ClientError::Refused(problem) if status(problem))
}

fn offset(headers: &HeaderMap) -> Option<u64> {
    headers.get(UPLOAD_OFFSET)?.to_str().ok()?.parse().ok()
}

/// A part of a source on its way out.
#[derive(Clone)]
struct Outgoing {
    source: Arc<dyn Source>,
    /// Where the next byte is that was not read yet.
    sent: Arc<AtomicU64>,
    end: u64,
    /// Why it cannot be read.
    broken: Arc<std::sync::Mutex<Option<std::io::Error>>>,
}

impl Outgoing {
    fn body(&self) -> Body {
        let pieces = stream::try_unfold(self.clone(), |this| async move {
            let piece = tokio::task::spawn_blocking(move || {
                let piece = this.next();
                (this, piece)
            });
            let (this, piece) = piece.await?;
            match piece {
                Ok(piece) if piece.is_empty() => Ok(None),
                Ok(piece) => Ok(Some((piece, this))),
                Err(error) => {
                    let told = std::io::Error::from(error.kind());
                    if let Ok(mut broken) = this.broken.lock() {
                        *broken = Some(error);
                    }
                    Err(told)
                }
            }
        });
        Body::wrap_stream(pieces)
    }

    /// The next bytes, at most as many as are read at once.
    fn next(&self) -> std::io::Result<Bytes> {
        let at = self.sent.load(Ordering::Relaxed);
        let left = usize::try_from(self.end - at).unwrap_or(usize::MAX);
        let mut piece = vec![0; left.min(PIECE)];
        let mut filled = 0;
        while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.source.read_at(at + filled as u64, rest) {
                Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.sent.fetch_add(filled as u64, Ordering::Relaxed);
        Ok(piece.into())
    }
}
