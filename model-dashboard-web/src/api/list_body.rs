//! The bodies of lists: made once for all who ask, and sent piece by piece where they are large.

use std::future::Future;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY,
};
use model_dashboard::catalog::Picture;
use model_dashboard::dashboard::Error;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use warp::Reply as _;
use warp::reply::Response;

use super::answer::Failure;
use super::conditional::none_match;
use crate::encoding::{Coding, MIN_COMPRESSED};

/// What is sent at a time of a body that is not kept.
const CHUNK: usize = 64 << 10;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The list of all models, ready to be sent, once in each coding.
///
/// A body is made by one task while all who want it wait; what is too large to be kept goes out
/// uncompressed, read from the picture as the client reads, so that slow clients cost no thread.
#[derive(Debug)]
pub(super) struct ListBodies {
    slots: [Arc<Slot>; 3],
    most: usize,
}

#[derive(Debug, Default)]
struct Slot {
    kept: ArcSwapOption<Kept>,
    /// Held by the task that makes the next one.
    making: Arc<Mutex<()>>,
}

#[derive(Debug)]
struct Kept {
    version: u128,
    /// Its picture is as new as the present one of this moment, or newer.
    as_of: Instant,
    etag: String,
    /// None if it is too large to be kept.
    body: Option<Bytes>,
}

impl Default for ListBodies {
    fn default() -> ListBodies {
        ListBodies::keeping(32 << 20)
    }
}

impl ListBodies {
    /// With bodies of at most so many bytes kept.
    fn keeping(most: usize) -> ListBodies {
        let slots = Default::default();
        ListBodies { slots, most }
    }

    /// The list of all models in the coding that the client takes, or 304; `present` gives the
    /// models of this moment.
    ///
    /// # Errors
    /// Those of `present`, and if the program is out of order.
    pub(super) async fn answer<F>(
        &self,
        present: impl Fn() -> F,
        request: &HeaderMap,
    ) -> Result<Response, Failure>
    where
        F: Future<Output = Result<Arc<Picture>, Failure>>,
    {
        let coding = Coding::negotiate(request);
        let picture = present().await?;
        let unchanged = etag(&picture.version().to_be_bytes(), coding);
        if none_match(request, &unchanged) {
            return Ok(not_modified(&unchanged));
        }
        let kept = self.kept(picture.version(), present, coding).await?;
        if let Some(body) = &kept.body {
            if none_match(request, &kept.etag) {
                return Ok(not_modified(&kept.etag));
            }
            let response = Response::new(body.clone().into());
            return Ok(found(response, &kept.etag, JSON, coding));
        }
        let coding = Coding::Identity;
        let etag = etag(&picture.version().to_be_bytes(), coding);
        if none_match(request, &etag) {
            return Ok(not_modified(&etag));
        }
        let chunks = Chunks::new(picture).map(Ok::<_, io::Error>);
        let body = warp::reply::stream(futures::stream::iter(chunks)).into_response();
        Ok(found(body, &etag, JSON, coding))
    }

    /// The body of this version or a later one, made now if there is none.
    async fn kept<F>(
        &self,
        version: u128,
        present: impl Fn() -> F,
        coding: Coding,
    ) -> Result<Arc<Kept>, Failure>
    where
        F: Future<Output = Result<Arc<Picture>, Failure>>,
    {
        let slot = &self.slots[coding as usize];
        if let Some(kept) = slot.kept.load_full().filter(|kept| kept.version == version) {
            return Ok(kept);
        }
        let known_at = Instant::now();
        let making = slot.making.clone().lock_owned().await;
        let fits = |kept: &Arc<Kept>| kept.version == version || kept.as_of >= known_at;
        if let Some(kept) = slot.kept.load_full().filter(fits) {
            return Ok(kept);
        }
        // The newest, so that it is good for all who wait by now, whatever they have seen.
        let as_of = Instant::now();
        let picture = present().await?;
        let version = picture.version();
        let (slot, most) = (slot.clone(), self.most);
        // It is finished for the others even if this client goes away.
        let made = tokio::task::spawn_blocking(move || {
            let out = coding.encode(Chunks::new(picture), AtMost(Vec::new(), most));
            let body = match out {
                Ok(AtMost(body, _)) => Some(body.into()),
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => None,
                Err(error) => return Err(error),
            };
            let etag = etag(&version.to_be_bytes(), coding);
            let kept = Arc::new(Kept {
                version,
                as_of,
                etag,
                body,
            });
            slot.kept.store(Some(kept.clone()));
            drop(making);
            Ok(kept)
        });
        internal(made.await.map_err(io::Error::other).flatten())
    }
}

/// Takes so many bytes and no more.
struct AtMost(Vec<u8>, usize);

impl Write for AtMost {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > self.1 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From this many models on a body that is made of them is made on a thread that may block.
const LARGE: usize = 500;

/// What `make` makes of the models, with an ETag from its content, in the coding that the client
/// takes, or 304.
///
/// # Errors
/// Only if the program is out of order.
pub(super) async fn tagged(
    picture: Arc<Picture>,
    make: impl FnOnce(&Picture) -> Bytes + Send + 'static,
    content_type: HeaderValue,
    request: &HeaderMap,
) -> Result<Response, Failure> {
    let is_large = picture.len() >= LARGE;
    let digested = move || {
        let body = make(&picture);
        let digest = Sha256::digest(&body);
        (body, digest)
    };
    let (body, digest) = if is_large {
        let done = tokio::task::spawn_blocking(digested).await;
        internal(done.map_err(io::Error::other))?
    } else {
        digested()
    };
    let coding = match body.len() {
        ..MIN_COMPRESSED => Coding::Identity,
        _ => Coding::negotiate(request),
    };
    let etag = etag(&digest[..16], coding);
    if none_match(request, &etag) {
        return Ok(not_modified(&etag));
    }
    let body = internal(coding.encoded(body).await)?;
    Ok(found(
        Response::new(body.into()),
        &etag,
        content_type,
        coding,
    ))
}

fn internal<T>(done: io::Result<T>) -> Result<T, Failure> {
    done.map_err(|error| Error::Internal(Box::new(error)).into())
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
struct Chunks {
    picture: Arc<Picture>,
    /// How many entries were written.
    place: usize,
    chunk: Vec<u8>,
    is_first: bool,
    is_done: bool,
}

impl Chunks {
    fn new(picture: Arc<Picture>) -> Chunks {
        let counts = picture.counts();
        let total = counts.enabled + counts.disabled;
        Chunks {
            picture,
            place: 0,
            chunk: format!("{{\"total\":{total},\"models\":[").into_bytes(),
            is_first: true,
            is_done: false,
        }
    }
}

impl Iterator for Chunks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.is_done {
            return None;
        }
        let mut entries = self.picture.entries_from(self.place);
        while self.chunk.len() < CHUNK {
            let Some(entry) = entries.next() else {
                self.chunk.extend_from_slice(b"]}");
                self.is_done = true;
                break;
            };
            self.place += 1;
            let Some(entry) = entry.list_json() else {
                continue;
            };
            if !std::mem::take(&mut self.is_first) {
                self.chunk.push(b',');
            }
            self.chunk.extend_from_slice(entry.as_bytes());
        }
        Some(std::mem::take(&mut self.chunk).into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::cell::Cell;

    use futures::future::{join, join_all, ready};
    use http::header::ACCEPT_ENCODING;
    use http_body_util::BodyExt as _;
    use model_dashboard::dashboard::Dashboard;
    use model_dashboard::repository::MemoryRepository;
    use model_dashboard::store::MemoryStore;

    use super::*;

    /// Of models whose list has about 800,000 bytes.
    async fn picture() -> Arc<Picture> {
        picture_of(40).await
    }

    /// Of so many models of about 20,000 bytes.
    async fn picture_of(models: usize) -> Arc<Picture> {
        let repository = Arc::new(MemoryRepository::new());
        let text = format!(r#"{{"alias":"{}"}}"#, "x".repeat(20_000));
        for n in 0..models {
            let key = format!("T/{n}").parse().unwrap();
            repository.write_outside(&key, text.as_bytes());
        }
        let builder = Dashboard::builder().repository(repository);
        let builder = builder.accounts(Arc::new(MemoryStore::new()));
        let dashboard = builder.build().await.unwrap();
        let host = dashboard.host_caller("test@localhost");
        dashboard.picture(&host).await.unwrap()
    }

    fn taking(coding: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding));
        headers
    }

    async fn body(response: Response) -> Bytes {
        response.into_body().collect().await.unwrap().to_bytes()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_at_once_get_one_body_that_was_made_once() {
        let (bodies, picture, headers) = (ListBodies::default(), picture().await, taking("gzip"));
        let present = || ready(Ok(picture.clone()));
        let asked = (0..20).map(|_| bodies.answer(present, &headers));
        let bodies = join_all(asked)
            .await
            .into_iter()
            .map(|it| body(it.unwrap()));
        let bodies = join_all(bodies).await;
        // Not only the same text, but the same place in memory.
        assert!(bodies.iter().all(|it| it.as_ptr() == bodies[0].as_ptr()));
    }

    #[tokio::test]
    async fn all_who_wait_get_one_body_however_often_the_models_change_meanwhile() {
        let bodies = ListBodies::default();
        let headers = taking("identity");
        let versions = [picture_of(1).await, picture_of(2).await];
        assert_ne!(versions[0].version(), versions[1].version());
        // Everybody who asks sees another version than the one before.
        let asked = Cell::new(0);
        let present = || ready(Ok(versions[asked.replace(asked.get() + 1) % 2].clone()));
        let slot = &bodies.slots[Coding::Identity as usize];
        let making = slot.making.lock().await;
        let waiting = join_all((0..20).map(|_| bodies.answer(present, &headers)));
        let (answers, ()) = join(waiting, async { drop(making) }).await;
        assert_eq!(
            asked.get(),
            21,
            "each when it comes, and the one that makes it"
        );
        let answers = answers.into_iter().map(|it| body(it.unwrap()));
        let answers = join_all(answers).await;
        assert!(answers.iter().all(|it| it.as_ptr() == answers[0].as_ptr()));
    }

    #[test]
    fn slow_readers_of_a_large_list_hold_no_thread() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let picture = picture().await;
            let (large, small) = (ListBodies::keeping(100), ListBodies::default());
            let mut slow = Vec::new();
            for coding in ["identity", "gzip", "br"] {
                let response = large
                    .answer(|| ready(Ok(picture.clone())), &taking(coding))
                    .await
                    .unwrap();
                assert_eq!(response.headers().get(CONTENT_ENCODING), None);
                slow.push(response);
            }
            let whole = small
                .answer(|| ready(Ok(picture.clone())), &taking("identity"))
                .await
                .unwrap();
            let whole = body(whole).await;
            for response in slow {
                assert_eq!(body(response).await, whole);
            }
        });
    }
}
