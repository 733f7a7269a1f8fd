//! Taking in the bytes of an upload.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::buffers::{BATCH, Buffers};
use super::claimed::Claimed;
use super::lane::{Lane, Taken};
use super::large::{Kept, LargeWrite};
use super::record::Record;
use super::turns::{Stop, Turn};
use super::{ObjectPackages, failed};
use crate::repository::packages::{PackageId, PackageStoreError, Piece, Pieces, Upload};

/// How many bytes may come while those before are made safe.
const AHEAD: usize = 8 << 20;

/// For how long bytes may stay away before they are taken to have broken off: a connection may be
/// gone without a word.
const SILENT: Duration = Duration::from_secs(60);

/// After how long, or how many bytes, what came is made safe.
const SETTLED_EVERY: Duration = Duration::from_secs(10);
const SETTLED_AFTER: u64 = 256 << 20;

/// Why no more bytes are taken.
enum End {
    /// They ended.
    Whole,
    /// There are more than were announced.
    TooLong,
    /// They broke off.
    Broken(io::Error),
    /// No more are wanted of this connection.
    Stopped(Stop),
}

/// The bytes as they come.
struct Incoming<'a> {
    bytes: Box<dyn Pieces>,
    /// How many may still come.
    left: u64,
    turn: &'a Turn,
    /// Those that came, until there are enough of them.
    buffers: Buffers,
    /// How long it was waited for the next ones.
    silent: Duration,
}

impl Incoming<'_> {
    /// The next bytes, about `size` of them, or what came until then.
    async fn batch(&mut self, size: usize, until: Instant) -> (Vec<Piece>, Option<End>) {
        while self.buffers.full() < size {
            let asked = Instant::now();
            let until = until.min(asked + SILENT.saturating_sub(self.silent));
            let next = tokio::select! {
                biased;
                why = self.turn.wanted() => {
                    return (self.buffers.take_all(), Some(End::Stopped(why)));
                }
                next = timeout_at(until, self.bytes.next()) => next,
            };
            match next {
                Err(_) => {
                    self.silent += asked.elapsed();
                    let broken = (self.silent >= SILENT)
                        .then(|| End::Broken(io::ErrorKind::TimedOut.into()));
                    return (self.buffers.take_all(), broken);
                }
                Ok(Err(error)) => return (self.buffers.take_all(), Some(End::Broken(error))),
                Ok(Ok(None)) => return (self.buffers.take_all(), Some(End::Whole)),
                Ok(Ok(Some(piece))) => {
                    let fits = usize::try_from(self.left).unwrap_or(usize::MAX);
                    let taken = &piece[..piece.len().min(fits)];
                    self.left -= taken.len() as u64;
                    if !taken.is_empty() {
                        self.silent = Duration::ZERO;
                        self.buffers.push(taken);
                    }
                    if piece.len() > fits {
                        return (self.buffers.take_all(), Some(End::TooLong));
                    }
                }
            }
        }
        (self.buffers.take_full(), None)
    }
}

/// An upload while its bytes come.
struct Session<'a> {
    packages: &'a ObjectPackages,
    id: PackageId,
    claimed: &'a Claimed<'a>,
    /// What is needed to go on behind the bytes that are safe.
    kept: Kept,
    lane: Lane,
    write: Box<dyn LargeWrite>,
    /// How many bytes were handed over, and how many of them are safe.
    given: u64,
    safe: u64,
    settled: Instant,
}

impl ObjectPackages {
    pub(super) async fn take_in(
        &self,
        id: PackageId,
        offset: u64,
        bytes: Box<dyn Pieces>,
    ) -> Result<Upload, PackageStoreError> {
        let busy = || PackageStoreError::Busy { id };
        let right_offset = |received| match received == offset {
            true => Ok(()),
            false => Err(PackageStoreError::WrongOffset { received }),
        };
        let record = self.held(id).await?.record;
        // Whoever is at it has got at least that far: what lies before does not stop them.
        if offset < record.received || record.is_whole() {
            right_offset(record.received)?;
            return nothing_follows(id, &record, bytes).await;
        }
        let turn = self.turns.take(id).await.ok_or_else(busy)?;
        let record = self.held(id).await?.record;
        right_offset(record.received)?;
        if record.is_whole() {
            drop(turn);
            return nothing_follows(id, &record, bytes).await;
        }
        let claimed = self.claim(id, false).await?;
        let taking_in = async {
            let record = claimed.record().await;
            let received = record.received;
            right_offset(received)?;
            let failed = |fault| failed(id, fault);
            let resumed = self.large.resume(id, received, &record.kept).await;
            let write = resumed.map_err(failed)?;
            let before = Taken {
                count: received,
                hasher: record.hasher()?,
            };
            let (spare, threads) = (write.spare(), Arc::clone(&self.hashing));
            // Others are kept away until the last piece is written, even if nobody waits for it; whoever
            // waits for the turn then finds that nobody claims the upload.
            let held = Box::new((claimed.claim().await, turn.held()));
            let lane = Lane::start(before, write.appends(), threads, spare.clone(), held);
            let mut session = Session {
                packages: self,
                id,
                claimed: &claimed,
                lane: lane.map_err(failed)?,
                write,
                kept: record.kept.clone(),
                given: received,
                safe: received,
                settled: Instant::now(),
            };
            let incoming = Incoming {
                left: record.size() - received,
                bytes,
                turn: &turn,
                buffers: Buffers::new(spare),
                silent: Duration::ZERO,
            };
            let taken = session.take_all(incoming).await;
            session.lane.close().await;
            taken
        };
        claimed.during(taking_in).await
    }
}

/// The answer to bytes for an upload whose bytes are all there: there must be none.
async fn nothing_follows(
    id: PackageId,
    record: &Record,
    mut bytes: Box<dyn Pieces>,
) -> Result<Upload, PackageStoreError> {
    let received = record.received;
    let until = Instant::now() + SILENT;
    loop {
        let next = match timeout_at(until, bytes.next()).await {
            Ok(next) => next,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        return match next {
            Ok(Some(piece)) if piece.is_empty() => continue,
            Ok(None) => Ok(record.upload(id)),
            Ok(Some(_)) => Err(PackageStoreError::TooLong {
                size: record.size(),
            }),
            Err(source) => Err(PackageStoreError::Interrupted { received, source }),
        };
    }
}

impl Session<'_> {
    async fn take_all(&mut self, mut incoming: Incoming<'_>) -> Result<Upload, PackageStoreError> {
        let taken = self.take_until_the_end(&mut incoming).await;
        if taken.is_err() {
            // What was taken in before may be whole, as in a file on a disk that is full now.
            let _ = self.lane.all_taken().await;
            let is_more = self.lane.taken().count > self.safe;
            if is_more && let Err(error) = self.settle(false).await {
                tracing::debug!(id = %self.id, %error, "what came last is not kept");
            }
        }
        let end = taken?;
        let upload = self.settle(false).await?;
        let (received, size) = (upload.received, upload.size);
        match end {
            End::Whole => Ok(upload),
            End::TooLong => Err(PackageStoreError::TooLong { size }),
            End::Broken(source) => Err(PackageStoreError::Interrupted { received, source }),
            End::Stopped(Stop::TakenOver) => Err(PackageStoreError::TakenOver { received }),
            End::Stopped(Stop::Ending) => Err(PackageStoreError::Ending { received }),
        }
    }

    /// Returns once everything that came is taken in.
    async fn take_until_the_end(
        &mut self,
        incoming: &mut Incoming<'_>,
    ) -> Result<End, PackageStoreError> {
        let mut next = incoming.batch(BATCH, self.until()).await;
        loop {
            let (batch, end) = next;
            self.hand_over(batch).await?;
            if let Some(end) = end {
                self.all_taken().await?;
                return Ok(end);
            }
            let is_due = self.given - self.safe >= SETTLED_AFTER || Instant::now() >= self.until();
            next = match is_due {
                // While these are made safe, the next ones come.
                true => {
                    self.all_taken().await?;
                    let ahead = incoming.batch(AHEAD, Instant::now() + SETTLED_EVERY);
                    let (settled, ahead) = tokio::join!(self.settle(true), ahead);
                    settled?;
                    ahead
                }
                false => incoming.batch(BATCH, self.until()).await,
            };
        }
    }

    fn until(&self) -> Instant {
        self.settled + SETTLED_EVERY
    }

    async fn hand_over(&mut self, batch: Vec<Piece>) -> Result<(), PackageStoreError> {
        for piece in batch {
            self.given += piece.len() as u64;
            let taken = self.lane.take(piece.clone()).await;
            taken.map_err(|fault| failed(self.id, fault))?;
            let sent = self.write.send(piece).await;
            sent.map_err(|fault| failed(self.id, fault))?;
        }
        Ok(())
    }

    async fn all_taken(&mut self) -> Result<(), PackageStoreError> {
        let taken = self.lane.all_taken().await;
        taken.map_err(|fault| failed(self.id, fault))
    }

    /// Makes what was taken in safe, and the record say so.
    async fn settle(&mut self, held: bool) -> Result<Upload, PackageStoreError> {
        let taken = self.lane.taken();
        let settled = self.write.settle().await;
        let now = settled.map_err(|fault| failed(self.id, fault))?;
        let before = std::mem::replace(&mut self.kept, now);
        let now = &self.kept;
        let written = self.claimed.write(held, |record| {
            record.advance(taken.count, &taken.hasher, now.clone());
        });
        let upload = written.await?;
        (self.safe, self.settled) = (taken.count, Instant::now());
        self.packages.tidy(self.id, &before, &self.kept).await;
        Ok(upload)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use async_trait::async_trait;

    use super::super::turns::Turns;
    use super::*;

    /// One byte, then nothing, and after some time one more.
    struct Slow(Vec<Duration>);

    #[async_trait]
    impl Pieces for Slow {
        async fn next(&mut self) -> io::Result<Option<Piece>> {
            match self.0.first().copied() {
                Some(pause) => {
                    tokio::time::sleep(pause).await;
                    self.0.remove(0);
                    Ok(Some(vec![1].into()))
                }
                None => std::future::pending().await,
            }
        }
    }

    /// How many bytes come within batches of ten seconds, and after how long it is given up.
    async fn taken(pauses: Vec<Duration>) -> (usize, Duration) {
        let turn = Arc::new(Turns::default())
            .take(PackageId::new())
            .await
            .unwrap();
        let mut incoming = Incoming {
            bytes: Box::new(Slow(pauses)),
            left: 100,
            turn: &turn,
            buffers: Buffers::default(),
            silent: Duration::ZERO,
        };
        let (start, mut bytes) = (Instant::now(), 0);
        loop {
            let (batch, end) = incoming.batch(BATCH, Instant::now() + SETTLED_EVERY).await;
            bytes += batch.iter().map(|piece| piece.len()).sum::<usize>();
            if let Some(End::Broken(error)) = end {
                assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                return (bytes, start.elapsed());
            }
            assert!(end.is_none(), "it has no other end");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_for_a_minute_is_broken_off() {
        let (bytes, after) = taken(Vec::new()).await;
        assert_eq!((bytes, after.as_secs()), (0, SILENT.as_secs()));
        let second = Duration::from_secs(1);
        let (bytes, after) = taken(vec![second; 90]).await;
        assert_eq!((bytes, after.as_secs()), (90, 90 + SILENT.as_secs()));
    }
}
