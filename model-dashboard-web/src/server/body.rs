//! Reading the body of a request, with an end.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt};
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use tokio::time::{Instant, timeout_at};
use warp::{Filter, Rejection};

use super::connection::BoxError;

/// What a body may be and how slowly it may come.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct BodyLimits {
    /// The most bytes, counted as they arrive, however the body is framed.
    pub max_bytes: u64,
    /// The longest time without a single byte (default 15 s).
    pub pause: Duration,
    /// The least rate in bytes per second (default 1,024), on the whole, once `head_start` is over.
    pub least_rate: u32,
    /// The time a body has before its rate counts (default 10 s).
    pub head_start: Duration,
}

impl BodyLimits {
    /// At most `max_bytes`, with the default times.
    #[must_use]
    pub const fn new(max_bytes: u64) -> Self {
        Self {
            max_bytes,
            pause: Duration::from_secs(15),
            least_rate: 1024,
            head_start: Duration::from_secs(10),
        }
    }

    /// When the next byte must be there.
    fn deadline(&self, begin: Instant, received: u64) -> Instant {
        let earned = Duration::from_millis(
            received.saturating_mul(1000) / u64::from(self.least_rate.max(1)),
        );
        let by_rate = begin.checked_add(self.head_start.saturating_add(earned));
        let by_pause = Instant::now() + self.pause;
        by_rate.map_or(by_pause, |by_rate| by_rate.min(by_pause))
    }
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// More bytes than allowed, by `Content-Length` or by count.
    #[error("the body is larger than {max_bytes} bytes")]
    TooLarge {
        /// The most bytes that would have been read.
        max_bytes: u64,
    },
    /// A form with more fields than any of ours has.
    #[error("the form has more than {most} fields")]
    TooManyFields {
        /// The most fields that would have been taken.
        most: usize,
    },
    /// It came too slowly, or stopped.
    #[error("the body came too slowly; send it again over a faster connection")]
    TooSlow,
    /// It ended early, or its chunks are malformed.
    #[error("the body is incomplete or malformed")]
    Broken(#[source] BoxError),
}

impl BodyError {
    /// The status that says so: 413, 408 or 400.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } | Self::TooManyFields { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send + Sync>>;

/// The body of a request that has not been read yet. Dropping it refuses the rest.
pub struct RequestBody {
    chunks: Chunks,
    declared: Option<u64>,
    received: u64,
    begin: Option<Instant>,
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody")
            .field("declared", &self.declared)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

impl RequestBody {
    /// Over a stream of chunks; `declared` is the value of `Content-Length`.
    pub fn new<S, C, E>(chunks: S, declared: Option<u64>) -> Self
    where
        S: Stream<Item = Result<C, E>> + Send + Sync + 'static,
        C: Buf,
        E: Into<BoxError> + 'static,
    {
        let chunks = chunks
            .map_ok(|mut chunk| chunk.copy_to_bytes(chunk.remaining()))
            .map_err(Into::into);
        Self {
            chunks: Box::pin(chunks),
            declared,
            received: 0,
            begin: None,
        }
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`BodyError`]; nothing can be read afterwards. A `Content-Length` above the limit is refused
    /// without a byte being read, so that a client that waits for `100 Continue` sends none.
    pub async fn next(&mut self, limits: &BodyLimits) -> Result<Option<Bytes>, BodyError> {
        let too_large = BodyError::TooLarge {
            max_bytes: limits.max_bytes,
        };
        if self
            .declared
            .is_some_and(|declared| declared > limits.max_bytes)
        {
            return Err(too_large);
        }
        let begin = *self.begin.get_or_insert_with(Instant::now);
        let deadline = limits.deadline(begin, self.received);
        let chunk = timeout_at(deadline, self.chunks.next()).await;
        let Some(chunk) = chunk.map_err(|_| BodyError::TooSlow)? else {
            return Ok(None);
        };
        let chunk = chunk.map_err(BodyError::Broken)?;
        self.received = self.received.saturating_add(chunk.len() as u64);
        if self.received > limits.max_bytes {
            return Err(too_large);
        }
        Ok(Some(chunk))
    }

    /// The whole body. A body that came in one piece is not copied.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn read(mut self, limits: &BodyLimits) -> Result<Bytes, BodyError> {
        let Some(first) = self.next(limits).await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.next(limits).await? else {
            return Ok(first);
        };
        let mut whole = BytesMut::with_capacity(first.len() + second.len());
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&second);
        while let Some(chunk) = self.next(limits).await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }
}

/// Extracts the [`RequestBody`] in a warp route, for the handler to read within limits of its own.
pub fn request_body() -> impl Filter<Extract = (RequestBody,), Error = Rejection> + Copy {
    // hyper has refused lengths that are no number or contradict each other.
    warp::header::optional::<u64>(CONTENT_LENGTH.as_str())
        .and(warp::body::stream())
        .map(|declared, chunks| RequestBody::new(chunks, declared))
}
