//! How often the packages of models are fetched: the [`DownloadCounts`] trait.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::{ModelId, Timestamp};
use crate::store::StoreError;

/// For how many days downloads are told apart by day and by what they are for, today among them.
pub const DOWNLOAD_DAYS: u64 = 30;

/// How many combinations of revision and purpose are told apart on one day of a model. What is fetched for
/// others counts as fetched for nothing that is named.
pub const MAX_DOWNLOAD_PURPOSES: usize = 100;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a package was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadCount {
    /// The revision of the model; 0 where none is known.
    pub revision: u64,
    /// When its day began, in UTC; `None` for all days before those that are told apart.
    pub day: Option<Timestamp>,
    /// What it was fetched for, as whoever fetched it said; empty where nobody did.
    pub purpose: String,
    /// How often.
    pub count: u64,
}

/// Counts downloads. Bounded for each model: what is older than [`DOWNLOAD_DAYS`] is one count for each
/// revision, and what is not has at most [`MAX_DOWNLOAD_PURPOSES`] on each day, besides one for each revision.
#[async_trait]
pub trait DownloadCounts: fmt::Debug + Send + Sync {
    /// Counts a download at this time, which is now. Calls at once all count.
    async fn count_download(
        &self,
        model: &ModelId,
        revision: u64,
        purpose: &str,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// All that was counted of a model as of a time, in order of day, revision and purpose.
    async fn downloads(
        &self,
        model: &ModelId,
        at: Timestamp,
    ) -> Result<Vec<DownloadCount>, StoreError>;
}

/// The beginning of a day in UTC.
pub(crate) fn day_of(at: Timestamp) -> Timestamp {
    let day = DAY.as_micros() as i64;
    Timestamp::from_unix_micros(at.unix_micros().div_euclid(day) * day)
}

/// The first day that is told apart at a time.
pub(crate) fn first_day(at: Timestamp) -> Timestamp {
    day_of(at).minus(DAY * (DOWNLOAD_DAYS as u32 - 1))
}

/// The days that are told apart, the first one first.
pub(crate) fn days(at: Timestamp) -> impl Iterator<Item = Timestamp> {
    let first = first_day(at);
    (0..DOWNLOAD_DAYS as u32).map(move |n| first.plus(DAY * n))
}
