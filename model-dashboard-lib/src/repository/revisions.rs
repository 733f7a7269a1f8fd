//! Archived revisions of a model.

use std::sync::Arc;

use crate::model::{ModelId, Timestamp};
use crate::repository::RepositoryError;

/// One revision of a model's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The model, through all its names.
    pub id: ModelId,
    /// Its number, from 1.
    pub number: u64,
    /// The definition as it was stored.
    pub bytes: Arc<[u8]>,
    /// When it came into the history, by the store's clock. For a change made outside that is when
    /// it was noticed.
    pub archived_at: Option<Timestamp>,
}

/// A number in a model's history, and what is found there.
#[derive(Debug)]
pub struct Archived {
    /// The number.
    pub number: u64,
    /// The revision, or why it cannot be read.
    pub revision: Result<Revision, RepositoryError>,
}

/// Of the numbers of a history (ascending) the last `limit` below `before`, the last one first.
pub(super) fn newest(numbers: &[u64], before: Option<u64>, limit: usize) -> Vec<u64> {
    let earlier = |number: &&u64| before.is_none_or(|before| **number < before);
    let numbers = numbers.iter().rev().filter(earlier);
    numbers.take(limit).copied().collect()
}
