//! What uploads ask of a store: large objects, written from start to end.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::super::conditional::Fault;
use super::super::keys::StoreKey;
use crate::repository::packages::{PackageId, Piece, Pieces};

/// What must be known of an upload, besides how many bytes are there, to go on with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Kept {
    /// Where the store puts the object together from parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) parts: Option<Parts>,
}

/// The parts of an object that is not whole yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Parts {
    /// What the store calls the lot.
    pub(in super::super) lot: String,
    /// The bytes of each part.
    pub(in super::super) size: u64,
    /// What the store calls the parts that are there.
    pub(in super::super) there: Vec<String>,
    /// The object that holds the bytes behind them, which are no whole part yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) tail: Option<Tail>,
}

/// The bytes behind the last whole part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Tail {
    /// What makes its key one of its own.
    pub(in super::super) word: String,
    /// How many bytes it has.
    pub(in super::super) size: u64,
}

/// A store of large objects, each written once.
#[async_trait]
pub(in super::super) trait LargeObjects: fmt::Debug + Send + Sync {
    /// Begins one of `size` bytes.
    async fn begin(&self, id: PackageId, size: u64) -> Result<Kept, Fault>;

    /// Goes on behind the first `received` bytes; what was written after them is overwritten.
    /// `None` while another process writes.
    async fn resume(
        &self,
        id: PackageId,
        received: u64,
        kept: &Kept,
    ) -> Result<Option<Box<dyn LargeWrite>>, Fault>;

    /// Removes what `before` needed and `now` does not.
    async fn tidy(&self, id: PackageId, before: &Kept, now: &Kept) -> Result<(), Fault>;

    /// Makes a package of `size` bytes of it. Once more does nothing.
    async fn complete(&self, id: PackageId, size: u64, kept: &Kept) -> Result<(), Fault>;

    /// Removes what was written. Once more does nothing.
    async fn give_up(&self, id: PackageId, kept: &Kept) -> Result<(), Fault>;

    /// How many bytes an object has, if it is there.
    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, Fault>;

    /// The bytes of an object within a range, as far as it has them; `None` if it is not there.
    async fn read(
        &self,
        key: &StoreKey,
        range: Range<u64>,
    ) -> Result<Option<Box<dyn Pieces>>, Fault>;
}

/// A large object that is being written.
#[async_trait]
pub(in super::super) trait LargeWrite: Send {
    /// Takes the next bytes, which may not be safe yet.
    async fn write(&mut self, pieces: Vec<Piece>) -> Result<(), Fault>;

    /// Makes everything that was taken safe.
    async fn settle(&mut self) -> Result<Kept, Fault>;
}
