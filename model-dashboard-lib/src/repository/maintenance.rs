//! What a store holds beside the definitions, for whoever checks and tidies it.

use crate::model::{ModelId, ModelKey, Timestamp};

/// What the registry keeps in a store beside the definitions.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The models that have a history, in no particular order.
    pub histories: Vec<ModelId>,
    /// The keys for which it is noted which model they belong to.
    pub noted: Vec<ModelKey>,
    /// Objects to try the store with, which somebody who crashed did not remove.
    pub left_over: Vec<LeftOver>,
    /// What is none of these and belongs to nobody. At most 10,000 are named.
    pub others: Vec<String>,
}

/// An object to try the store with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOver {
    /// Its name.
    pub name: String,
    /// When it was made, as its name says it.
    pub since: Option<Timestamp>,
}

/// What became of a tombstone that was to be removed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purged {
    /// It is gone. The history of the model stays, and so does what says to whom the key belongs:
    /// a model that is created there later goes on with both.
    Done,
    /// It stays: what lies at the key is not this tombstone any more.
    Changed,
    /// It stays: an interrupted rename needs it.
    Needed,
    /// It stays: this store cannot remove an object on condition that nobody has replaced it, so
    /// that a model created at the same moment could be lost.
    Unsafe,
}
