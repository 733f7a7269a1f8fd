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

/// How long it takes until a listing that failed is tried again: the first time, and at most. Each
/// failure doubles it.
const RETRY_GAP: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// When the last listing was, and how much it cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Schedule {
    ended: Option<Instant>,
    cost: Duration,
    /// How many listings have failed since, and when the last of them did.
    failed: Option<(u32, Instant)>,
}

impl Schedule {
    /// Notes a listing.
    pub(super) fn listed(&mut self, began: Instant, ended: Instant) {
        self.cost = ended.saturating_duration_since(began);
        self.ended = Some(ended);
        self.failed = None;
    }

    /// Notes that a listing failed.
    pub(super) fn failed(&mut self, at: Instant) {
        let times = self.failed.map_or(0, |(times, _)| times);
        self.failed = Some((times.saturating_add(1), at));
    }

    /// Whether a listing may be tried, after those that failed.
    pub(super) fn may_try(&self, now: Instant) -> bool {
        let Some((times, at)) = self.failed else {
            return true;
        };
        let (first, most) = RETRY_GAP;
        let doubled = 2_u32.saturating_pow(times.saturating_sub(1));
        let gap = first.saturating_mul(doubled).min(most);
        now.saturating_duration_since(at) >= gap
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
    fn each_failure_doubles_the_wait_up_to_a_bound() {
        let at = Instant::now();
        let mut schedule = Schedule::default();
        assert!(schedule.may_try(at));
        let mut waits = Vec::new();
        for _ in 0..40 {
            schedule.failed(at);
            let wait = |seconds: &u64| schedule.may_try(at + Duration::from_secs(*seconds));
            waits.push((0..=100).find(wait));
        }
        assert_eq!(waits[..6], [2, 4, 8, 16, 32, 60].map(Some));
        assert_eq!(waits[39], Some(60));
        schedule.listed(at, at);
        assert!(schedule.may_try(at));
    }

    #[test]
    fn a_changed_marker_waits_a_shorter_time_that_is_bounded_too() {
        assert_eq!(gap(1, true), Duration::from_secs(1));
        assert_eq!(gap(400, true), Duration::from_secs(8));
        assert_eq!(gap(60_000, true), Duration::from_secs(60));
    }
}
