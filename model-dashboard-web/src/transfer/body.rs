//! The body of a request as bytes for the store.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use model_dashboard::repository::packages::{Piece, Pieces};

use crate::server::{BodyError, BodyLimits, RequestBody};

/// How long a client may be silent: mobile networks are, for a while.
const PAUSE: Duration = Duration::from_secs(60);

/// A body that is read as fast as the store takes it, and no faster.
#[derive(Debug)]
pub(super) struct Incoming {
    body: RequestBody,
    limits: BodyLimits,
}

impl Incoming {
    /// At most `max_bytes` of it.
    pub(super) fn new(body: RequestBody, max_bytes: u64) -> Box<Incoming> {
        let mut limits = BodyLimits::new(max_bytes);
        limits.pause = PAUSE;
        Box::new(Incoming { body, limits })
    }
}

#[async_trait]
impl Pieces for Incoming {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        let next = self.body.next(&self.limits).await;
        Ok(next.map_err(io::Error::other)?.map(Piece::new))
    }
}

/// What was wrong with the body, if that is why an upload broke off.
pub(super) fn wrong_body(error: io::Error) -> Option<BodyError> {
    let inner = error.into_inner()?;
    inner.downcast::<BodyError>().ok().map(|error| *error)
}
