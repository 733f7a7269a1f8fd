//! Numbers for a monitor.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::{Dashboard, TOKEN_EXPIRES_SOON};
use crate::catalog::Counts;
use crate::model::Timestamp;
use crate::store::StoreError;

/// How long a count of tokens is good: whoever asks more often gets the same one.
const COUNTED_EVERY: Duration = Duration::from_secs(30);

/// What a monitor wants to know: numbers, and nothing about anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measures {
    /// Models by state and network type; all zero before they were loaded once.
    pub models: Counts,
    /// API tokens that end within [`TOKEN_EXPIRES_SOON`], counted at most half a minute ago; `None`
    /// if the user database does not answer.
    pub tokens_expiring: Option<usize>,
    /// Events of the audit log that could not be written yet.
    pub audit_events_waiting: usize,
}

impl Dashboard {
    /// The present numbers, fit for anyone who may ask. From memory, but for the tokens.
    pub async fn measures(&self) -> Measures {
        let inner = &self.inner;
        let expiring = inner.expiring.count(async || {
            let now = Timestamp::now();
            let soon = now.plus(TOKEN_EXPIRES_SOON);
            let count = inner.tokens.count_ending(now, soon).await?;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        });
        Measures {
            models: inner.catalog.current().counts(),
            tokens_expiring: expiring.await,
            audit_events_waiting: inner.trail.waiting(),
        }
    }
}

/// The last count of tokens that end soon.
#[derive(Debug, Default)]
pub(super) struct Expiring(Mutex<Option<(Instant, usize)>>);

impl Expiring {
    /// The last count, or a new one if that is old. One counts at a time.
    async fn count(&self, count: impl AsyncFnOnce() -> Result<usize, StoreError>) -> Option<usize> {
        let mut last = self.0.lock().await;
        if let Some((at, count)) = *last
            && at.elapsed() < COUNTED_EVERY
        {
            return Some(count);
        }
        *last = match count().await {
            Ok(count) => Some((Instant::now(), count)),
            Err(error) => {
                tracing::warn!(%error, "tokens that end soon were not counted");
                None
            }
        };
        last.map(|(_, count)| count)
    }
}
