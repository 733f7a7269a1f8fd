//! The bytes of an object as a store sends them, which may take hours.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    /// Where bytes may gather.
    gathering: Option<Gathering>,
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
            gathering: None,
            end: range.end.min(found.size),
            stream: None,
            failures: 0,
        }
    }

    /// Lets bytes gather that come in small pieces.
    pub(super) fn gathering(self) -> Self {
        Self {
            gathering: Some(Gathering::default()),
            ..self
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

/// Lets bytes gather in the system that come in small pieces: to be woken for each of them, and to pass it on,
/// costs more than the bytes. It takes no longer than it was waited for them.
#[derive(Default)]
struct Gathering {
    /// How many came.
    bytes: u64,
    /// How long it was waited for small pieces since the last pause.
    waited: Duration,
}

impl Gathering {
    /// Larger pieces are passed on as they come.
    const SMALL: usize = 64 << 10;

    const PAUSE: Duration = Duration::from_millis(1);

    /// How many bytes come as soon as they can: whoever looks into a package asks for little.
    const AT_ONCE: u64 = 1 << 20;

    fn came(&mut self, bytes: usize, after: Duration) {
        self.bytes += bytes as u64;
        if bytes < Self::SMALL && self.bytes > Self::AT_ONCE {
            self.waited += after;
        }
    }

    async fn pause(&mut self) {
        if self.waited >= Self::PAUSE {
            self.waited = Duration::ZERO;
            tokio::time::sleep(Self::PAUSE).await;
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
            if let Some(gathering) = &mut self.gathering {
                gathering.pause().await;
            }
            let asked = Instant::now();
            let ended = match self.piece().await {
                Ok(Some(bytes)) if bytes.is_empty() => continue,
                Ok(Some(bytes)) => {
                    (self.at, self.failures) = (self.at + bytes.len() as u64, 0);
                    if let Some(gathering) = &mut self.gathering {
                        gathering.came(bytes.len(), asked.elapsed());
                    }
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

#[cfg(test)]
mod tests {
    use tokio::time::Instant as Clock;

    use super::*;

    /// How long it is paused while 2 MiB come in pieces of this size, each after so long.
    async fn paused(size: usize, after: Duration) -> (Duration, Duration) {
        let (mut gathering, begun) = (Gathering::default(), Clock::now());
        let pieces = (2 << 20) / size;
        for _ in 0..pieces {
            gathering.pause().await;
            gathering.came(size, after);
        }
        let all = after * u32::try_from(pieces).unwrap_or(u32::MAX);
        (begun.elapsed(), all)
    }

    #[tokio::test(start_paused = true)]
    async fn small_pieces_gather_for_no_longer_than_they_were_waited_for() {
        let (pauses, waits) = paused(4 << 10, Duration::from_micros(40)).await;
        // After the first half, which comes as it can.
        assert!(
            pauses > waits / 3 && pauses <= waits / 2,
            "{pauses:?} of {waits:?}"
        );
        for (size, after) in [(64 << 10, 400), (4 << 10, 0)] {
            let (pauses, _) = paused(size, Duration::from_micros(after)).await;
            assert_eq!(pauses, Duration::ZERO, "{size} bytes after {after} µs");
        }
    }
}
