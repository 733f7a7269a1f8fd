//! Refusals that take as long, whatever they are for.
//!
//! A wrong password is refused at once, and an unknown name is; for somebody whose password is right
//! the groups are searched first. Whoever measures that would learn which passwords are right of people
//! who are not let in, and which names there are. So no refusal comes sooner than the slowest check of
//! late.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// No refusal waits longer: directories that take more for a check than this are told apart.
const MOST: Duration = Duration::from_secs(1);

/// After so long without a check that is as slow, refusals take half the time.
const HALF: Duration = Duration::from_secs(60 * 60);

/// How long refusals take.
#[derive(Debug, Default)]
pub(super) struct Evenly(Mutex<Option<Slowest>>);

#[derive(Clone, Copy, Debug)]
struct Slowest {
    took: Duration,
    at: Instant,
}

impl Evenly {
    /// Notes that a check took so long; how long a refusal is to take.
    fn note(&self, took: Duration, now: Instant) -> Duration {
        let mut slowest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = slowest.map_or(Duration::ZERO, |before| {
            let halves = (now - before.at).as_secs_f64() / HALF.as_secs_f64();
            before.took.mul_f64(0.5_f64.powf(halves))
        });
        let took = before.max(took.min(MOST));
        *slowest = Some(Slowest { took, at: now });
        took
    }

    /// Notes a check that began then and was answered; waits if that is a refusal.
    pub(super) async fn end(&self, begun: Instant, is_refused: bool) {
        let now = Instant::now();
        let least = self.note(now - begun, now);
        if is_refused {
            sleep_until(begun + least).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    async fn refused(evenly: &Evenly, took: Duration) -> Duration {
        let begun = Instant::now();
        advance(took).await;
        evenly.end(begun, true).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_takes_as_long_as_the_slowest_check_of_late() {
        let (evenly, ms) = (Evenly::default(), Duration::from_millis);
        assert!(refused(&evenly, ms(5)).await < ms(10));
        let begun = Instant::now();
        advance(ms(300)).await;
        evenly.end(begun, false).await;
        assert!(begun.elapsed() < ms(302), "who is let in does not wait");
        for took in [0, 5, 100, 299] {
            let waited = refused(&evenly, ms(took)).await;
            assert!(waited >= ms(299) && waited < ms(303), "{took}: {waited:?}");
        }
        advance(2 * HALF).await;
        let later = refused(&evenly, ms(5)).await;
        assert!(later >= ms(70) && later < ms(80), "{later:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn no_refusal_waits_for_long() {
        let evenly = Evenly::default();
        evenly
            .end(Instant::now() - Duration::from_secs(9), false)
            .await;
        let waited = refused(&evenly, Duration::ZERO).await;
        assert!(waited >= MOST && waited < 2 * MOST, "{waited:?}");
    }
}
