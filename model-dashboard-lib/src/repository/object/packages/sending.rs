//! Sending the parts of a large object, several at a time.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::multipart::PartId;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use tokio::task::JoinSet;
use tokio::time::timeout;
use ulid::Ulid;

use super::super::conditional::Fault;
use super::super::faults::fault;
use super::super::keys::StoreKey;
use super::buffers::{BATCH, Spare};
use super::large::{Kept, LargeWrite, Parts, Tail};
use super::parts::{PartedObjects, broken, part_fault, path};
use crate::repository::packages::{PackageId, Piece};

/// How many parts are sent at a time.
const AT_ONCE: usize = 3;

/// How long sending one may take: a slower store cannot be told from one that is away.
const PART_TIME: Duration = Duration::from_secs(120);

/// An object whose parts are being sent.
pub(super) struct PartedWrite {
    objects: PartedObjects,
    id: PackageId,
    path: Path,
    parts: Parts,
    /// How many parts there were before those in `sent`.
    begun: usize,
    /// The bytes behind the last part that is sent.
    filling: Vec<Piece>,
    filled: u64,
    sending: JoinSet<(usize, Result<PartId, Fault>)>,
    /// What the store calls the parts sent since, where it has said so.
    sent: Vec<Option<String>>,
    /// As many buffers as there are in the parts that are sent at a time and the one that fills.
    spare: Spare,
}

impl PartedWrite {
    /// Goes on behind `parts`, and the `tail` that lies behind them.
    pub(super) fn behind(
        objects: &PartedObjects,
        id: PackageId,
        parts: Parts,
        tail: Bytes,
    ) -> Result<Self, Fault> {
        let buffers = usize::try_from(parts.size).unwrap_or(usize::MAX) / BATCH;
        let mut write = Self {
            spare: Spare::of(buffers.saturating_mul(AT_ONCE + 1)),
            objects: objects.clone(),
            id,
            path: path(&StoreKey::package(id))?,
            begun: parts.there.len(),
            parts,
            filling: Vec::new(),
            filled: 0,
            sending: JoinSet::new(),
            sent: Vec::new(),
        };
        write.push(Piece::new(tail));
        Ok(write)
    }

    fn push(&mut self, piece: Piece) {
        self.filled += piece.len() as u64;
        if !piece.is_empty() {
            self.filling.push(piece);
        }
    }

    /// Takes a whole part from what fills the next one.
    fn whole_part(&mut self) -> Option<Vec<Piece>> {
        if self.filled < self.parts.size {
            return None;
        }
        let mut room = self.parts.size;
        let mut whole = Vec::new();
        let mut rest = Vec::new();
        for mut piece in self.filling.drain(..) {
            let taken = piece.take(usize::try_from(room).unwrap_or(usize::MAX));
            room -= taken.len() as u64;
            if !taken.is_empty() {
                whole.push(taken);
            }
            if !piece.is_empty() {
                rest.push(piece);
            }
        }
        self.filling = rest;
        self.filled -= self.parts.size;
        Some(whole)
    }

    /// Waits for the answer to one part.
    async fn sent_one(&mut self) -> Result<(), Fault> {
        if let Some(joined) = self.sending.join_next().await {
            let (place, sent) = joined.map_err(|error| Fault::Unexpected(error.into()))?;
            let sent = sent?;
            if let Some(known) = self.sent.get_mut(place) {
                *known = Some(sent.content_id);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl LargeWrite for PartedWrite {
    fn spare(&self) -> Spare {
        self.spare.clone()
    }

    async fn send(&mut self, piece: Piece) -> Result<(), Fault> {
        self.push(piece);
        while let Some(whole) = self.whole_part() {
            while self.sending.len() >= AT_ONCE {
                self.sent_one().await?;
            }
            let place = self.sent.len();
            self.sent.push(None);
            let number = self.begun + place;
            let (store, path) = (self.objects.parts.clone(), self.path.clone());
            let (lot, spare) = (self.parts.lot.clone(), self.spare.clone());
            self.sending.spawn(async move {
                let payload = payload(&whole);
                let sent = store.put_part(&path, &lot, number, payload);
                let sent = timeout(PART_TIME, sent).await.map_err(|_| slow());
                whole.into_iter().for_each(|piece| spare.put(piece));
                (place, sent.and_then(|sent| sent.map_err(part_fault)))
            });
        }
        Ok(())
    }

    async fn settle(&mut self) -> Result<Kept, Fault> {
        while !self.sending.is_empty() {
            self.sent_one().await?;
        }
        let sent = std::mem::take(&mut self.sent);
        let sent: Option<Vec<String>> = sent.into_iter().collect();
        self.parts
            .there
            .extend(sent.ok_or_else(|| broken(self.id))?);
        self.begun = self.parts.there.len();
        self.parts.tail = None;
        if self.filled > 0 {
            let tail = Tail {
                word: Ulid::generate().to_string(),
                size: self.filled,
            };
            let path = path(&StoreKey::upload_tail(self.id, &tail.word))?;
            let put = self.objects.objects.put(&path, payload(&self.filling));
            put.await.map_err(fault)?;
            self.parts.tail = Some(tail);
        }
        Ok(Kept {
            parts: Some(self.parts.clone()),
        })
    }
}

fn payload(pieces: &[Piece]) -> PutPayload {
    pieces.iter().map(|piece| piece.bytes().clone()).collect()
}

fn slow() -> Fault {
    Fault::Unavailable {
        message: format!(
            "it does not take a part of an upload within {} s",
            PART_TIME.as_secs()
        ),
        source: None,
    }
}
