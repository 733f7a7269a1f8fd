//! What uploads ask of a store: large objects, written from start to end.

use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::super::conditional::Fault;
use super::super::keys::StoreKey;
use super::buffers::Spare;
use crate::repository::packages::{PackageAddress, PackageId, Piece, Pieces};

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

/// Whether other processes are kept from an upload.
#[derive(Clone, Debug)]
pub(in super::super) enum Claim {
    /// Until the last clone of this is dropped, which a killed process does, too. `None` where there are
    /// none.
    Held(#[expect(dead_code, reason = "it holds a lock")] Option<Arc<File>>),
    /// Another one has claimed it.
    Taken,
    /// The store cannot keep them from it: the record has to.
    Open,
}

/// A store of large objects, each written once.
#[async_trait]
pub(in super::super) trait LargeObjects: fmt::Debug + Send + Sync {
    /// Whether it is a folder.
    fn is_local(&self) -> bool {
        false
    }

    /// Begins one of `size` bytes.
    async fn begin(&self, id: PackageId, size: u64) -> Result<Kept, Fault>;

    /// Keeps other processes from an upload, as far as the store can.
    async fn claim(&self, id: PackageId) -> Result<Claim, Fault>;

    /// Goes on behind the first `received` bytes; what was written after them is overwritten.
    async fn resume(
        &self,
        id: PackageId,
        received: u64,
        kept: &Kept,
    ) -> Result<Box<dyn LargeWrite>, Fault>;

    /// Removes what `before` needed and `now` does not.
    async fn tidy(&self, id: PackageId, before: &Kept, now: &Kept) -> Result<(), Fault>;

    /// Makes a package of `size` bytes of an upload that is claimed. Once more does nothing.
    async fn complete(&self, id: PackageId, size: u64, kept: &Kept) -> Result<(), Fault>;

    /// Removes what was written of an upload that is claimed and not finished, even if it lies where
    /// packages do. Once more does nothing.
    async fn give_up(&self, id: PackageId, kept: &Kept) -> Result<(), Fault>;

    /// The lots of parts that are there, as far as the store lists them.
    async fn lots(&self) -> Result<Vec<(PackageId, String)>, Fault> {
        Ok(Vec::new())
    }

    /// Removes a lot of parts. Once more does nothing.
    async fn drop_lot(&self, _: PackageId, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    /// Makes an object of some MB unless there is one; whether it did.
    async fn create(&self, key: &StoreKey, bytes: Arc<[u8]>) -> Result<bool, Fault>;

    /// How many bytes an object has, if it is there.
    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, Fault>;

    /// An address at which the store gives an object, as a file of this name; `None` where it cannot.
    async fn address(
        &self,
        _: &StoreKey,
        _file_name: &str,
        _valid: Duration,
    ) -> Result<Option<PackageAddress>, Fault> {
        Ok(None)
    }

    /// The bytes of an object within a range, as far as it has them; `None` if it is not there.
    async fn read(
        &self,
        key: &StoreKey,
        range: Range<u64>,
    ) -> Result<Option<Box<dyn Pieces>>, Fault>;
}

/// A large object that is being written: each piece is appended on a thread, and then sent.
#[async_trait]
pub(in super::super) trait LargeWrite: Send {
    /// What a piece needs on a thread that may be blocked.
    fn appends(&self) -> Box<dyn Append> {
        Box::new(Nothing)
    }

    /// Buffers for the pieces, which come back once their bytes are appended and sent.
    fn spare(&self) -> Spare {
        Spare::of(2)
    }

    /// What it needs besides. It may not be safe afterwards.
    async fn send(&mut self, _: Piece) -> Result<(), Fault> {
        Ok(())
    }

    /// Makes everything safe that was appended and sent.
    async fn settle(&mut self) -> Result<Kept, Fault>;
}

/// Writes on a thread that may be blocked.
pub(in super::super) trait Append: Send {
    /// Takes the next bytes, which may not be safe yet.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault>;
}

struct Nothing;

impl Append for Nothing {
    fn append(&mut self, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }
}
