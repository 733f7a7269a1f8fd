//! The bodies of lists: kept ready while they are small, streamed when they are large.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use futures::Stream;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY,
};
use model_dashboard::catalog::Picture;
use model_dashboard::dashboard::Error;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use warp::Reply as _;
use warp::reply::Response;

use super::answer::Failure;
use super::conditional::none_match;
use crate::encoding::{Coding, MIN_COMPRESSED};

/// A body up to this size is kept, once in each coding.
const MAX_KEPT: usize = 8 << 20;
/// What is sent at a time of a larger one.
const CHUNK: usize = 64 << 10;
/// How many chunks wait for a slow client.
const CHUNKS_WAITING: usize = 4;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The list of all models, ready to be sent.
#[derive(Debug, Default)]
pub(super) struct ListBodies {
    kept: [ArcSwapOption<Kept>; 3],
}

#[derive(Debug)]
struct Kept {
    version: u128,
    etag: String,
    body: Bytes,
}

impl ListBodies {
    /// The list of all models in `picture`, in the coding that the client takes, or 304.
    ///
    /// # Errors
    /// Only if the program is out of order.
    pub(super) async fn answer(
        &self,
        picture: Arc<Picture>,
        request: &HeaderMap,
    ) -> Result<Response, Failure> {
        let coding = Coding::negotiate(request);
        let version = picture.version();
        let slot = &self.kept[coding as usize];
        if let Some(kept) = slot.load().as_ref().filter(|kept| kept.version == version) {
            if none_match(request, &kept.etag) {
                return Ok(not_modified(&kept.etag));
            }
            return Ok(found(
                Response::new(kept.body.clone().into()),
                &kept.etag,
                JSON,
                coding,
            ));
        }
        let etag = etag(&version.to_be_bytes(), coding);
        if none_match(request, &etag) {
            return Ok(not_modified(&etag));
        }
        let size: usize = picture.entries_json().map(|entry| entry.len() + 1).sum();
        if size > MAX_KEPT {
            let body = warp::reply::stream(stream(picture, coding)).into_response();
            return Ok(found(body, &etag, JSON, coding));
        }
        let write = move || coding.encode(Chunks::new(&picture), Vec::new());
        let written = tokio::task::spawn_blocking(write).await;
        let body = made(written.map_err(io::Error::other).flatten().map(Bytes::from))?;
        let kept = Kept {
            version,
            etag: etag.clone(),
            body: body.clone(),
        };
        slot.store(Some(Arc::new(kept)));
        Ok(found(Response::new(body.into()), &etag, JSON, coding))
    }
}

/// A body that was just made, with an ETag from its content, in the coding that the client takes,
/// or 304.
///
/// # Errors
/// Only if the program is out of order.
pub(super) async fn tagged(
    body: Bytes,
    content_type: HeaderValue,
    request: &HeaderMap,
) -> Result<Response, Failure> {
    let coding = match body.len() {
        ..MIN_COMPRESSED => Coding::Identity,
        _ => Coding::negotiate(request),
    };
    let etag = etag(&Sha256::digest(&body)[..16], coding);
    if none_match(request, &etag) {
        return Ok(not_modified(&etag));
    }
    let body = made(coding.encoded(body).await)?;
    Ok(found(
        Response::new(body.into()),
        &etag,
        content_type,
        coding,
    ))
}

fn made(body: io::Result<Bytes>) -> Result<Bytes, Failure> {
    body.map_err(|error| Error::Internal(Box::new(error)).into())
}

/// The entity tag of this content in this coding, with its quotes.
fn etag(content: &[u8], coding: Coding) -> String {
    format!("\"{}{}\"", hex::encode(content), coding.tag_suffix())
}

fn not_modified(etag: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    validators(&mut response, etag);
    response
}

fn found(
    mut response: Response,
    etag: &str,
    content_type: HeaderValue,
    coding: Coding,
) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    if let Some(name) = coding.name() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    validators(&mut response, etag);
    response
}

fn validators(response: &mut Response, etag: &str) {
    let headers = response.headers_mut();
    // Hexadecimal digits, a suffix and quotes are printable ASCII.
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
}

/// The text of the list in pieces of about [`CHUNK`] bytes.
struct Chunks<I> {
    entries: I,
    chunk: Vec<u8>,
    is_first: bool,
    is_done: bool,
}

impl Chunks<()> {
    fn new(picture: &Picture) -> Chunks<impl Iterator<Item = &[u8]>> {
        let counts = picture.counts();
        let total = counts.enabled + counts.disabled;
        Chunks {
            entries: picture.entries_json(),
            chunk: format!("{{\"total\":{total},\"models\":[").into_bytes(),
            is_first: true,
            is_done: false,
        }
    }
}

impl<'a, I: Iterator<Item = &'a [u8]>> Iterator for Chunks<I> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.is_done {
            return None;
        }
        while self.chunk.len() < CHUNK {
            let Some(entry) = self.entries.next() else {
                self.chunk.extend_from_slice(b"]}");
                self.is_done = true;
                break;
            };
            if !std::mem::take(&mut self.is_first) {
                self.chunk.push(b',');
            }
            self.chunk.extend_from_slice(entry);
        }
        Some(std::mem::take(&mut self.chunk).into())
    }
}

/// The list, written on a thread that may block, no faster than the client reads.
fn stream(
    picture: Arc<Picture>,
    coding: Coding,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    let (sender, mut receiver) = mpsc::channel(CHUNKS_WAITING);
    tokio::task::spawn_blocking(move || {
        // It ends early when the client goes away; nobody is left to hear of it.
        let out = BufWriter::with_capacity(CHUNK, Sender(sender));
        let _ = coding
            .encode(Chunks::new(&picture), out)
            .and_then(|mut out| out.flush());
    });
    futures::stream::poll_fn(move |cx| receiver.poll_recv(cx).map(|chunk| chunk.map(Ok)))
}

/// Sends each write as a piece of a body.
struct Sender(mpsc::Sender<Bytes>);

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
