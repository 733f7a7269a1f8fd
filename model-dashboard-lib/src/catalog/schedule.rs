//! When the repository is listed anew.

use std::time::{Duration, Instant};

/// A listing that follows a changed marker may take this part of all time.
const BUSY_SHARE: u32 = 20;
/// A listing that nothing asked for may take this part of all time.
const IDLE_SHARE: u32 = 200;
/// The shortest and the longest time between listings that nothing asked for.
const IDLE_GAP: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(15 * 60));
/// The longest time that a changed marker waits.
const BUSY_GAP: Duration = Duration::from_secs(60);

/// When the last listing was, and how much it cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Schedule {
    ended: Option<Instant>,
    cost: Duration,
}

impl Schedule {
    /// Notes a listing.
    pub(super) fn listed(&mut self, began: Instant, ended: Instant) {
        self.cost = ended.saturating_duration_since(began);
        self.ended = Some(ended);
    }

    /// Whether it is time to list again; `changed` says that there is a reason to.
    pub(super) fn is_due(&self, now: Instant, changed: bool) -> bool {
        let Some(ended) = self.ended else { return true };
        let gap = if changed {
            (self.cost * BUSY_SHARE).min(BUSY_GAP)
        } else {
            (self.cost * IDLE_SHARE).clamp(IDLE_GAP.0, IDLE_GAP.1)
        };
        now.saturating_duration_since(ended) >= gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(cost_ms: u64, changed: bool) -> Duration {
        let start = Instant::now();
        let mut schedule = Schedule::default();
        assert!(schedule.is_due(start, changed));
        let ended = start + Duration::from_millis(cost_ms);
        schedule.listed(start, ended);
        let wait = |seconds: &u64| schedule.is_due(ended + Duration::from_secs(*seconds), changed);
        Duration::from_secs((0..=2_000).find(wait).unwrap_or(u64::MAX))
    }

    #[test]
    fn the_interval_grows_with_the_cost_within_bounds() {
        assert_eq!(gap(1, false), Duration::from_secs(10));
        assert_eq!(gap(400, false), Duration::from_secs(80));
        assert_eq!(gap(60_000, false), Duration::from_secs(900));
    }

    #[test]
    fn a_changed_marker_waits_a_shorter_time_that_is_bounded_too() {
        assert_eq!(gap(1, true), Duration::from_secs(1));
        assert_eq!(gap(400, true), Duration::from_secs(8));
        assert_eq!(gap(60_000, true), Duration::from_secs(60));
    }
}
