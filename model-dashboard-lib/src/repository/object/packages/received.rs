//! The bytes of an object as a store sends them, which may take hours.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStore};

use super::super::faults::fault;
use super::super::remote::jittered;
use crate::repository::packages::{Piece, Pieces};

/// How often the bytes may break off in a row without another one having come.
const ATTEMPTS: u32 = 5;

/// The first pause before they are asked for again.
const PAUSE: Duration = Duration::from_millis(50);

/// A range of an object. Where the bytes break off they are asked for again from there, as long as
/// it is the same object.
pub(super) struct Received {
    objects: Arc<dyn ObjectStore>,
    path: Path,
    /// What the store knows the object by.
    tag: Option<String>,
    at: u64,
    end: u64,
    stream: Option<BoxStream<'static, Result<Bytes, Error>>>,
    /// How often in a row nothing came.
    failures: u32,
}

impl Received {
    pub(super) fn new(
        objects: Arc<dyn ObjectStore>,
        path: Path,
        found: ObjectMeta,
        range: Range<u64>,
    ) -> Self {
        Self {
            objects,
            path,
            tag: found.e_tag,
            at: range.start.min(found.size),
            end: range.end.min(found.size),
            stream: None,
            failures: 0,
        }
    }

    async fn open(&mut self) -> Result<(), Error> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(self.at..self.end)),
            ..GetOptions::default()
        };
        let found = self.objects.get_opts(&self.path, options).await?;
        // Told by the answer itself: not every server takes its own tags in conditions.
        if found.meta.e_tag != self.tag {
            return Err(Error::Precondition {
                path: self.path.to_string(),
                source: "it was replaced while it was read".into(),
            });
        }
        self.stream = Some(found.into_stream());
        Ok(())
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        if self.stream.is_none() {
            self.open().await?;
        }
        match &mut self.stream {
            Some(stream) => stream.next().await.transpose(),
            None => Ok(None),
        }
    }
}

/// Whether asking again is of no use.
fn is_for_good(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound { .. }
            | Error::Precondition { .. }
            | Error::PermissionDenied { .. }
            | Error::Unauthenticated { .. }
    )
}

#[async_trait]
impl Pieces for Received {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        while self.at < self.end {
            let ended = match self.piece().await {
                Ok(Some(bytes)) if bytes.is_empty() => continue,
                Ok(Some(bytes)) => {
                    (self.at, self.failures) = (self.at + bytes.len() as u64, 0);
                    return Ok(Some(Piece::new(bytes)));
                }
                Ok(None) => io::ErrorKind::UnexpectedEof.into(),
                Err(error) if is_for_good(&error) => return Err(io::Error::other(fault(error))),
                Err(error) => io::Error::other(fault(error)),
            };
            self.stream = None;
            self.failures += 1;
            if self.failures >= ATTEMPTS {
                return Err(ended);
            }
            tokio::time::sleep(jittered(PAUSE * 3_u32.pow(self.failures))).await;
        }
        Ok(None)
    }
}
