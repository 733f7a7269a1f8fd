//! How often the package of a model is fetched.

use std::collections::BTreeMap;

use super::of_model::ModelPackage;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::downloads::{self, DownloadCount};
use crate::model::{ModelKey, Timestamp};

/// How often the packages of a model were fetched whole. What is fetched in parts counts once, with its
/// beginning; single files do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloads {
    /// On each of the last [`DOWNLOAD_DAYS`](crate::downloads::DOWNLOAD_DAYS) days: when it began in UTC, and
    /// how often. Today is the last one.
    pub days: Vec<(Timestamp, u64)>,
    /// On these days.
    pub recent: u64,
    /// Ever.
    pub total: u64,
    /// What they were fetched for on these days, where whoever fetched them said so; the most frequent
    /// first.
    pub purposes: Vec<(String, u64)>,
    /// Ever, of each revision; the last one first, 0 where none is known.
    pub revisions: Vec<(u64, u64)>,
}

impl Downloads {
    fn of(counts: &[DownloadCount], now: Timestamp) -> Self {
        let mut days: BTreeMap<Timestamp, u64> = downloads::days(now).map(|day| (day, 0)).collect();
        let (mut purposes, mut revisions) = (BTreeMap::<&str, u64>::new(), BTreeMap::new());
        for counted in counts {
            *revisions.entry(counted.revision).or_default() += counted.count;
            let Some(day) = counted.day.and_then(|day| days.get_mut(&day)) else {
                continue;
            };
            *day += counted.count;
            if !counted.purpose.is_empty() {
                *purposes.entry(&counted.purpose).or_default() += counted.count;
            }
        }
        let mut purposes: Vec<(String, u64)> = purposes
            .into_iter()
            .map(|(purpose, count)| (purpose.to_owned(), count))
            .collect();
        purposes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Self {
            recent: days.values().sum(),
            total: revisions.values().sum(),
            days: days.into_iter().collect(),
            purposes,
            revisions: revisions.into_iter().rev().collect(),
        }
    }
}

impl Dashboard {
    /// How often the packages of a model were fetched. Needs `models:read`.
    ///
    /// # Errors
    /// As [`Dashboard::model`]; [`Error::Store`].
    pub async fn downloads(&self, caller: &Caller, key: &ModelKey) -> Result<Downloads, Error> {
        let model = self.model(caller, key).await?;
        let now = Timestamp::now();
        let counts = match (&self.inner.downloads, model.definition.registry()) {
            (Some(store), Some(known)) => store.downloads(&known.id, now).await?,
            _ => Vec::new(),
        };
        Ok(Downloads::of(&counts, now))
    }

    /// Counts a download that began. It goes on whether or not it could be counted.
    pub(super) async fn count_download(&self, package: &ModelPackage) {
        let (Some(store), Some((model, revision))) = (&self.inner.downloads, &package.of) else {
            return;
        };
        let now = Timestamp::now();
        let counted = store.count_download(model, *revision, &package.purpose, now);
        if let Err(error) = counted.await {
            tracing::warn!(model.id = %model, %error, "a download could not be counted");
        }
    }
}
