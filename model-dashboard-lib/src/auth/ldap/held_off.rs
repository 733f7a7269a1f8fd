//! The pause after the directory refused the account that looks people up. Tried at every sign-in, a
//! wrong password of it would lock the account.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::failure::Failure;
use crate::auth::Refusal;
use crate::model::Timestamp;

/// The first pause. Each is twice as long as the one before, so that there are four tries in the
/// first half an hour and one in each after that: Active Directory locks accounts after five or ten
/// wrong passwords within that time, where it does.
const FIRST: Duration = Duration::from_secs(2 * 60);

const LONGEST: Duration = Duration::from_secs(30 * 60);

/// What is known of the account that looks people up, in this process.
#[derive(Debug, Default)]
pub(super) struct HeldOff {
    known: Mutex<Known>,
    /// Held while it is tried and not known to be right: many sign-ins at once are one try.
    trying: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Nothing,
    Right,
    Refused(Refused),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    refusal: Refusal,
    pause: Duration,
    /// No try before this.
    until: Instant,
    /// The same for people.
    told_until: Timestamp,
}

/// Leave to try the account once.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    held_off: &'a HeldOff,
    /// `None` where it was known to be right.
    turn: Option<tokio::sync::MutexGuard<'a, ()>>,
    /// Whether somebody asks for it, who is told what comes of it.
    is_asked_for: bool,
}

impl HeldOff {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may be tried now.
    ///
    /// # Errors
    /// [`Failure::HeldOff`].
    pub(super) fn check(&self, now: Instant) -> Result<(), Failure> {
        match &*self.known() {
            Known::Refused(refused) if now < refused.until => Err(Failure::HeldOff {
                refusal: refused.refusal.clone(),
                until: refused.told_until,
            }),
            _ => Ok(()),
        }
    }

    /// Waits for leave to try the account.
    ///
    /// # Errors
    /// [`Failure::HeldOff`].
    pub(super) async fn may_try(&self) -> Result<Leave<'_>, Failure> {
        self.check(Instant::now())?;
        if *self.known() == Known::Right {
            return Ok(self.leave(None));
        }
        let turn = self.trying.lock().await;
        // What came of the try before.
        self.check(Instant::now())?;
        let is_right = *self.known() == Known::Right;
        Ok(self.leave((!is_right).then_some(turn)))
    }

    /// Leave to try it though a pause is not over: somebody asks for it.
    pub(super) async fn may_try_at_once(&self) -> Leave<'_> {
        let turn = Some(self.trying.lock().await);
        Leave {
            is_asked_for: true,
            ..self.leave(turn)
        }
    }

    fn leave<'a>(&'a self, turn: Option<tokio::sync::MutexGuard<'a, ()>>) -> Leave<'a> {
        Leave {
            held_off: self,
            turn,
            is_asked_for: false,
        }
    }
}

impl Leave<'_> {
    /// Notes what came of it.
    pub(super) fn note(self, outcome: &Result<(), Failure>, now: Instant) {
        let mut known = self.held_off.known();
        match outcome {
            Ok(()) => {
                if let Known::Refused(_) = std::mem::replace(&mut *known, Known::Right) {
                    tracing::info!("the directory takes the account that looks people up again");
                }
            }
            Err(Failure::ServiceAccount { refusal }) if may_lock(refusal) => {
                let pause = match (&*known, &self.turn) {
                    // Of several that began while it was right the first one counts.
                    (Known::Refused(_), None) => return,
                    (Known::Refused(before), Some(_)) => (before.pause * 2).min(LONGEST),
                    _ => FIRST,
                };
                let told_until = in_full_seconds(Timestamp::now().plus(pause));
                if !self.is_asked_for {
                    tracing::error!(
                        %refusal,
                        "the directory refuses the account that looks people up: so that it is not \
                         locked, this program tries it again at {told_until} at the earliest, or \
                         when its connection is tested; check LDAP_BIND_DN and LDAP_BIND_PASSWORD"
                    );
                }
                *known = Known::Refused(Refused {
                    refusal: refusal.clone(),
                    pause,
                    until: now + pause,
                    told_until,
                });
            }
            // Nothing was said of the account.
            Err(_) => {}
        }
    }
}

/// The next full second, for people.
fn in_full_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_unix_micros((at.unix_seconds() + 1) * 1_000_000)
}

/// Whether trying again may lock the account, or keep it locked.
pub(super) fn may_lock(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::WrongPassword | Refusal::UnknownUser | Refusal::Locked
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(refusal: Refusal) -> Result<(), Failure> {
        Err(Failure::ServiceAccount { refusal })
    }

    #[tokio::test]
    async fn pauses_grow_and_end_with_the_right_password() {
        let held_off = HeldOff::default();
        let mut now = Instant::now();
        let wrong = refused(Refusal::WrongPassword);
        for minutes in [2, 4, 8, 16, 30, 30] {
            held_off.check(now).unwrap();
            held_off.may_try_at_once().await.note(&wrong, now);
            let pause = Duration::from_secs(minutes * 60);
            now += pause - Duration::from_secs(1);
            let failure = held_off.check(now).unwrap_err();
            assert!(matches!(failure, Failure::HeldOff { .. }), "{failure}");
            now += Duration::from_secs(1);
        }
        held_off.may_try_at_once().await.note(&wrong, now);
        assert!(held_off.may_try().await.is_err());
        held_off.may_try_at_once().await.note(&Ok(()), now);
        held_off.may_try().await.unwrap().note(&wrong, now);
        held_off.check(now).unwrap_err();
        held_off.check(now + FIRST).unwrap();
    }

    #[tokio::test]
    async fn many_at_once_are_one_try_until_it_is_known_to_be_right() {
        let held_off = HeldOff::default();
        let first = held_off.may_try().await.unwrap();
        let mut second = Box::pin(held_off.may_try());
        assert!(futures::poll!(&mut second).is_pending());
        first.note(&refused(Refusal::WrongPassword), Instant::now());
        assert!(second.await.is_err());

        held_off
            .may_try_at_once()
            .await
            .note(&Ok(()), Instant::now());
        let all = [held_off.may_try().await, held_off.may_try().await];
        let now = Instant::now();
        for leave in all {
            leave.unwrap().note(&refused(Refusal::WrongPassword), now);
        }
        held_off.check(now + FIRST).unwrap();
    }

    #[tokio::test]
    async fn what_locks_no_account_holds_nothing_off() {
        let held_off = HeldOff::default();
        let now = Instant::now();
        let silent = Err(Failure::TooSlow(10));
        for other in [refused(Refusal::Disabled), silent] {
            held_off.may_try().await.unwrap().note(&other, now);
            held_off.check(now).unwrap();
        }
    }
}
