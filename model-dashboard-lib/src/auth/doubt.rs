//! That a source is not believed.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::Timestamp;

/// A source said of so many people at once that they left that it is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeavingDoubt {
    /// Since when.
    pub since: Timestamp,
    /// The subjects of those of whom it said so and has not vouched for since.
    pub left: BTreeSet<Arc<str>>,
    /// Of how many people it was asked then.
    pub asked: usize,
}
