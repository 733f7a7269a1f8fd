//! How often rounds come, so that who leaves is out in time however long a round takes.
//!
//! Somebody leaves right after a look at them. Until they are out
//! - a round may pass them over, for that look was just before it began;
//! - it goes on, and after a pause the next one begins and takes from them at its end, after a second
//!   look at everybody if it passed over others;
//! - where there are only one or two people another round has to say the same.

use std::time::Duration;

/// The times of rounds by the time in which who leaves is to be out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace(pub(super) Duration);

impl Pace {
    /// How old a look is at most that a round takes for its own: of another process, or a sign-in.
    pub(super) fn just_now(self) -> Duration {
        self.0 / 20
    }

    /// After what time a round comes that should not wait for long.
    pub(super) fn soon(self) -> Duration {
        self.least().max(Duration::from_secs(1))
    }

    /// Longer than [`Pace::just_now`], so that no round passes over those of the one before.
    fn least(self) -> Duration {
        self.0 / 15
    }

    /// How long to wait after a round that took so long.
    pub(super) fn pause(self, lasted: Duration) -> Duration {
        // A tenth is left for a round that takes longer than the one before.
        let limit = self.0 * 9 / 10;
        limit.saturating_sub(self.beside(lasted)).max(self.least())
    }

    /// What goes by beside the pause until somebody is out.
    fn beside(self, lasted: Duration) -> Duration {
        self.just_now() + 3 * lasted + self.least()
    }

    /// Whether who leaves is out in time where rounds take so long.
    pub(super) fn is_kept(self, lasted: Duration) -> bool {
        self.beside(lasted) + self.pause(lasted) <= self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(15 * 60);

    /// A directory and the rounds in it, by a clock of their own.
    struct Rounds {
        pace: Pace,
        lasts: Duration,
        /// Where in a round it comes to somebody, in tenths.
        place: u32,
        /// Whether a second round has to say that they left.
        are_few: bool,
    }

    impl Rounds {
        /// When somebody is out who was last looked at at `seen`, and leaves right then.
        fn out(&self, seen: Duration) -> Duration {
            let mut begin = Duration::ZERO;
            loop {
                let looks_at = begin + self.lasts * self.place / 10;
                let end = begin + self.lasts;
                let is_passed_over = begin < seen + self.pace.just_now();
                if looks_at > seen && !is_passed_over {
                    return match self.are_few {
                        true => end + self.pace.soon() + self.lasts,
                        // Of whom others were passed over.
                        false => end + self.lasts,
                    };
                }
                begin = end + self.pace.pause(self.lasts);
            }
        }
    }

    #[test]
    fn who_leaves_right_after_a_look_is_out_in_time_however_long_rounds_take() {
        let pace = Pace(INTERVAL);
        for seconds in (0..=240).step_by(5) {
            let lasts = Duration::from_secs(seconds);
            assert!(pace.is_kept(lasts), "{lasts:?}");
            for place in [0, 5, 10] {
                // By the round itself, and by a sign-in at any time.
                let by_round = lasts * place / 10;
                let by_sign_in = (0..2 * INTERVAL.as_secs()).step_by(3);
                let looks = by_sign_in.map(Duration::from_secs).chain([by_round]);
                for (seen, are_few) in looks.flat_map(|seen| [(seen, true), (seen, false)]) {
                    let rounds = Rounds {
                        pace,
                        lasts,
                        place,
                        are_few,
                    };
                    let after = rounds.out(seen) - seen;
                    assert!(after <= INTERVAL, "{lasts:?} {place} {seen:?}: {after:?}");
                }
            }
        }
    }

    #[test]
    fn rounds_that_take_too_long_are_known_and_leave_the_directory_some_peace() {
        let pace = Pace(INTERVAL);
        for minutes in [5, 10, 20] {
            let lasts = Duration::from_secs(minutes * 60);
            assert!(!pace.is_kept(lasts));
            assert_eq!(pace.pause(lasts), INTERVAL / 15);
        }
        assert!(pace.pause(Duration::ZERO) > INTERVAL * 3 / 4);
    }
}
