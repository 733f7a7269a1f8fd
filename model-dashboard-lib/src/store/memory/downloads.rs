//! [`DownloadCounts`] in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStore;
use crate::downloads::{DownloadCount, DownloadCounts, MAX_DOWNLOAD_PURPOSES, day_of, first_day};
use crate::model::{ModelId, Timestamp};
use crate::store::StoreError;

/// By day, revision and purpose.
pub(super) type Counts = BTreeMap<(Option<Timestamp>, u64, String), u64>;

/// The same with one count for each revision for all days before those that are told apart.
fn folded(counts: &Counts, at: Timestamp) -> Counts {
    let mut folded = Counts::new();
    for ((day, revision, purpose), count) in counts {
        let key = match day {
            Some(day) if *day >= first_day(at) => (Some(*day), *revision, purpose.clone()),
            _ => (None, *revision, String::new()),
        };
        *folded.entry(key).or_default() += count;
    }
    folded
}

#[async_trait]
impl DownloadCounts for MemoryStore {
    async fn count_download(
        &self,
        model: &ModelId,
        revision: u64,
        purpose: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        let counts = state.downloads.entry(*model).or_default();
        *counts = folded(counts, at);
        let day = Some(day_of(at));
        let named = |((of, _, purpose), _): &(&(Option<Timestamp>, u64, String), &u64)| {
            *of == day && !purpose.is_empty()
        };
        let is_full = counts.iter().filter(named).count() >= MAX_DOWNLOAD_PURPOSES;
        let mut key = (day, revision, purpose.to_owned());
        if is_full && !counts.contains_key(&key) {
            key.2.clear();
        }
        *counts.entry(key).or_default() += 1;
        Ok(())
    }

    async fn downloads(
        &self,
        model: &ModelId,
        at: Timestamp,
    ) -> Result<Vec<DownloadCount>, StoreError> {
        let state = self.state();
        let counts = state.downloads.get(model).map(|counts| folded(counts, at));
        let told = |((day, revision, purpose), count)| DownloadCount {
            revision,
            day,
            purpose,
            count,
        };
        Ok(counts.into_iter().flatten().map(told).collect())
    }
}
