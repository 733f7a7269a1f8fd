//! Taking in the bytes of an upload.

use std::io;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};

use super::super::conditional::Fault;
use super::ObjectPackages;
use super::large::LargeWrite;
use super::record::{Held, Overtaken};
use super::turns::Turn;
use crate::repository::RepositoryError;
use crate::repository::packages::{PackageId, PackageStoreError, Piece, Pieces, Upload};

/// How many bytes are hashed and written at a time.
const BATCH: usize = 1 << 20;

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
}

/// The bytes as they come.
struct Incoming<'a> {
    bytes: Box<dyn Pieces>,
    /// How many may still come.
    left: u64,
    turn: &'a Turn,
}

impl Incoming<'_> {
    /// The next bytes, up to about [`BATCH`] of them, or what came until then.
    async fn batch(&mut self, until: Instant) -> (Vec<Piece>, Option<End>) {
        let (mut batch, mut size) = (Vec::new(), 0);
        while size < BATCH {
            let next = tokio::select! {
                biased;
                () = self.turn.wanted() => {
                    let error = io::Error::other("another connection goes on with the upload");
                    return (batch, Some(End::Broken(error)));
                }
                next = timeout_at(until, self.bytes.next()) => next,
            };
            match next {
                Err(_) => break,
                Ok(Err(error)) => return (batch, Some(End::Broken(error))),
                Ok(Ok(None)) => return (batch, Some(End::Whole)),
                Ok(Ok(Some(mut piece))) => {
                    let fits = usize::try_from(self.left).unwrap_or(usize::MAX);
                    let too_long = piece.len() > fits;
                    let piece = piece.take(fits);
                    size += piece.len();
                    self.left -= piece.len() as u64;
                    if !piece.is_empty() {
                        batch.push(piece);
                    }
                    if too_long {
                        return (batch, Some(End::TooLong));
                    }
                }
            }
        }
        (batch, None)
    }
}

/// An upload while its bytes come.
struct Session<'a> {
    packages: &'a ObjectPackages,
    id: PackageId,
    held: Held,
    hasher: Sha256,
    /// How many bytes were taken.
    taken: u64,
    write: Box<dyn LargeWrite>,
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
        let turn = self.turns.take(id).await.ok_or_else(busy)?;
        let right_offset = |received| match received == offset {
            true => Ok(()),
            false => Err(PackageStoreError::WrongOffset { received }),
        };
        let held = self.held(id).await?;
        right_offset(held.record.received)?;
        if held.record.digest.is_some() {
            return nothing_follows(&held, bytes).await;
        }
        let mut held = self.claim(id).await?;
        let received = held.record.received;
        let resumed = match right_offset(received) {
            Ok(()) => self.large.resume(id, received, &held.record.kept).await,
            Err(wrong) => {
                self.release(&mut held).await?;
                return Err(wrong);
            }
        };
        let write = match resumed {
            Ok(write) => write,
            Err(fault) => {
                self.release(&mut held).await?;
                return Err(RepositoryError::from(fault).into());
            }
        };
        let mut session = Session {
            packages: self,
            id,
            hasher: held.record.hasher()?,
            taken: received,
            held,
            write,
            settled: Instant::now(),
        };
        let incoming = Incoming {
            left: session.held.record.size() - received,
            bytes,
            turn: &turn,
        };
        session.run(incoming).await
    }
}

/// The answer to bytes for an upload that is a package already: there must be none.
async fn nothing_follows(
    held: &Held,
    mut bytes: Box<dyn Pieces>,
) -> Result<Upload, PackageStoreError> {
    let received = held.record.received;
    match bytes.next().await {
        Ok(None) => Ok(held.record.upload(held.id())),
        Ok(Some(_)) => Err(PackageStoreError::TooLong {
            size: held.record.size(),
        }),
        Err(source) => Err(PackageStoreError::Interrupted { received, source }),
    }
}

impl Session<'_> {
    async fn run(&mut self, incoming: Incoming<'_>) -> Result<Upload, PackageStoreError> {
        let taken = self.take_all(incoming).await;
        if let Err(PackageStoreError::Repository(_)) = taken {
            // What the record says is still true: others may go on from there at once.
            self.packages.release(&mut self.held).await?;
        }
        taken
    }

    async fn take_all(&mut self, mut incoming: Incoming<'_>) -> Result<Upload, PackageStoreError> {
        let mut next = incoming.batch(self.until()).await;
        let end = loop {
            let (batch, end) = next;
            if let Some(end) = end {
                self.take(batch).await?;
                break end;
            }
            // While these are hashed and written the next ones come.
            let until = self.until();
            let (taken, following) = tokio::join!(self.take(batch), incoming.batch(until));
            taken?;
            next = following;
            let behind = self.taken - self.held.record.received;
            if behind >= SETTLED_AFTER || Instant::now() >= self.until() {
                self.settle(true).await?;
            }
        };
        self.settle(false).await?;
        let received = self.held.record.received;
        match end {
            End::Whole => Ok(self.held.record.upload(self.id)),
            End::TooLong => Err(PackageStoreError::TooLong {
                size: self.held.record.size(),
            }),
            End::Broken(source) => Err(PackageStoreError::Interrupted { received, source }),
        }
    }

    fn until(&self) -> Instant {
        self.settled + SETTLED_EVERY
    }

    async fn take(&mut self, batch: Vec<Piece>) -> Result<(), RepositoryError> {
        if batch.is_empty() {
            return Ok(());
        }
        let count: usize = batch.iter().map(|piece| piece.len()).sum();
        let (mut hasher, pieces) = (self.hasher.clone(), batch.clone());
        let hashing = tokio::task::spawn_blocking(move || {
            pieces.iter().for_each(|piece| hasher.update(piece));
            hasher
        });
        let (hasher, written) = tokio::join!(hashing, self.write.write(batch));
        written?;
        self.hasher = hasher.map_err(|error| Fault::Unexpected(error.into()))?;
        self.taken += count as u64;
        Ok(())
    }

    /// Makes what was taken safe, and the record say so.
    async fn settle(&mut self, held: bool) -> Result<(), PackageStoreError> {
        let before = self.held.record.kept.clone();
        let kept = self.write.settle().await.map_err(RepositoryError::from)?;
        self.held.record.advance(self.taken, &self.hasher, kept);
        let records = &*self.packages.records;
        if let Err(Overtaken) = self.held.write(records, held).await? {
            return Err(PackageStoreError::Busy { id: self.id });
        }
        self.settled = Instant::now();
        let now = &self.held.record.kept;
        let tidied = self.packages.large.tidy(self.id, &before, now).await;
        Ok(tidied.map_err(RepositoryError::from)?)
    }
}
