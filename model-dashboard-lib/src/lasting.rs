//! What the log tells of something that lasts: that it is so, now and then that it still is, and that
//! it is over. However often it is looked at, and however often it comes and goes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often at most it is told that it is so.
const EVERY: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, Default)]
pub(crate) struct Lasting(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    at: Option<Instant>,
    /// Whether its end is to be told.
    is_open: bool,
}

impl Lasting {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is so at `now`. Whether to tell it.
    pub(crate) fn is_so(&self, now: Instant) -> bool {
        let mut told = self.told();
        let is_due = |at: Instant| now.saturating_duration_since(at) >= EVERY;
        let is_time = told.at.is_none_or(is_due);
        if is_time {
            *told = Told {
                at: Some(now),
                is_open: true,
            };
        }
        is_time
    }

    /// It is not so. Whether to tell that it is over.
    pub(crate) fn is_over(&self) -> bool {
        std::mem::take(&mut self.told().is_open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told_at_once_then_seldom_and_its_end_once() {
        let (lasting, begun) = (Lasting::default(), Instant::now());
        assert!(!lasting.is_over());
        let mut told = 0;
        for minute in 0..60 {
            let now = begun + Duration::from_secs(60 * minute);
            told += usize::from(lasting.is_so(now));
        }
        assert_eq!(told, 6);
        assert!(lasting.is_over() && !lasting.is_over());
    }

    #[test]
    fn what_comes_and_goes_is_told_no_more_often() {
        let (lasting, begun) = (Lasting::default(), Instant::now());
        let mut told = (0, 0);
        for minute in 0..60 {
            let now = begun + Duration::from_secs(60 * minute);
            told.0 += usize::from(lasting.is_so(now));
            told.1 += usize::from(lasting.is_over());
        }
        assert_eq!(told, (6, 6));
    }
}
