//! What is counted, which shrinks with time, and where it is remembered, which is bounded.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// How many pairs, accounts and addresses are remembered at most, each.
pub(super) const MAX_REMEMBERED: usize = 10_000;

const FIRST_WAIT: Duration = Duration::from_secs(2);
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
const GROWTH: u32 = 4;

/// How often a count becomes one less. No sooner than the longest wait ends, or waiting would pay.
pub(super) const SHRINKS_EVERY: Duration = LONGEST_WAIT;

/// The highest count, so that what was counted is forgotten in some hours.
const MOST: u32 = 40;

/// What is counted of a pair, an account or an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// Attempts that were wrong or are being checked.
    pub(super) wrong: u32,
    /// From when on the next shrinking is reckoned.
    since: Instant,
    /// No attempt before this.
    pub(super) wait_until: Instant,
}

impl Count {
    pub(super) fn none(now: Instant) -> Count {
        Count {
            wrong: 0,
            since: now,
            wait_until: now,
        }
    }

    /// What is left of it now.
    pub(super) fn shrunk(mut self, every: Duration, now: Instant) -> Count {
        let periods = now.saturating_duration_since(self.since).as_secs() / every.as_secs();
        let less = u32::try_from(periods).unwrap_or(u32::MAX).min(self.wrong);
        self.wrong -= less;
        self.since = match self.wrong {
            0 => now,
            _ => self.since + every * less,
        };
        self
    }

    pub(super) fn one_more(&mut self) {
        self.wrong = (self.wrong + 1).min(MOST);
    }

    pub(super) fn one_less(&mut self) {
        self.wrong = self.wrong.saturating_sub(1);
    }
}

/// The wait after so many wrong passwords.
pub(super) fn wait_after(wrong: u32, free: u32) -> Duration {
    match wrong.checked_sub(free) {
        None => Duration::ZERO,
        Some(beyond) => GROWTH
            .checked_pow(beyond)
            .and_then(|factor| FIRST_WAIT.checked_mul(factor))
            .map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)),
    }
}

/// What an attempt changed of a wait, to take back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    before: Instant,
    set: Instant,
}

impl Wait {
    /// Sets until when `count` waits from now on.
    pub(super) fn set(count: &mut Count, until: Instant) -> Wait {
        let before = std::mem::replace(&mut count.wait_until, until);
        Wait { before, set: until }
    }

    /// Takes the change back, unless another attempt has set a wait of its own since.
    pub(super) fn undo(self, count: &mut Count) {
        if count.wait_until == self.set {
            count.wait_until = self.before;
        }
    }
}

/// What is remembered by key, bounded: what was not touched for longest makes room.
#[derive(Debug)]
pub(super) struct Recent<K, V>(HashMap<K, (Instant, V)>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Recent(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone, V: Copy> Recent<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.0.get(key).map(|(_, value)| *value)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key).map(|(_, value)| value)
    }

    pub(super) fn set(&mut self, key: &K, value: V, now: Instant) {
        if self.0.len() >= MAX_REMEMBERED && !self.0.contains_key(key) {
            self.make_room();
        }
        self.0.insert(key.clone(), (now, value));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Drops the older half, so that the cost per attempt stays constant.
    fn make_room(&mut self) {
        let mut times: Vec<Instant> = self.0.values().map(|(touched, _)| *touched).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.0.retain(|_, (touched, _)| *touched > median);
    }
}

impl<K: Eq + Hash + Clone> Recent<K, Count> {
    pub(super) fn count(&self, key: &K, every: Duration, now: Instant) -> Count {
        let known = self.get(key);
        known.map_or(Count::none(now), |count| count.shrunk(every, now))
    }
}
