//! The body of a request as bytes for the store.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use model_dashboard::repository::packages::{Piece, Pieces};

use crate::server::{BodyError, BodyLimits, RequestBody};

/// How long a client may be silent: mobile networks are, for a while.
const PAUSE: Duration = Duration::from_secs(60);

/// A body that is read as fast as the store takes it, and no faster.
#[derive(Debug)]
pub(crate) struct Incoming {
    body: RequestBody,
    limits: BodyLimits,
    /// What was read ahead.
    first: Option<Bytes>,
}

impl Incoming {
    /// At most `max_bytes` of it.
    pub(crate) fn new(body: RequestBody, max_bytes: u64) -> Box<Incoming> {
        let mut limits = BodyLimits::new(max_bytes);
        limits.pause = PAUSE;
        let first = None;
        Box::new(Incoming {
            body,
            limits,
            first,
        })
    }

    /// The first bytes, which are still to come.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub(crate) async fn beginning(&mut self) -> Result<&[u8], BodyError> {
        if self.first.is_none() {
            self.first = self.body.next(&self.limits).await?;
        }
        Ok(self.first.as_deref().unwrap_or_default())
    }
}

#[async_trait]
impl Pieces for Incoming {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(Piece::new(first)));
        }
        let next = self.body.next(&self.limits).await;
        Ok(next.map_err(io::Error::other)?.map(Piece::new))
    }
}
