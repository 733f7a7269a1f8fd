//! What is counted of accounts, and where they are known.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::count::{Count, Recent, SHRINKS_EVERY, Wait, wait_after};
use super::place::{Address, Place};
use crate::auth::Source;

pub(super) const FREE_PER_PAIR: u32 = 3;
const FREE_UNDER_PRESSURE: u32 = 1;

/// How many wrong passwords from anywhere put an account under pressure.
pub(super) const PRESSURE: u32 = 20;

/// How long somebody is known where they signed in.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A source, and a folded username, which need not exist, or whom the source found.
pub(super) type Account = (Source, Arc<str>);

pub(super) type Pair = (Account, Address);

/// What is counted of accounts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) pairs: Recent<Pair, Count>,
    pub(super) accounts: Recent<Account, Count>,
    /// Who signed in where. Apart from the counts, or whoever makes up names could push them out.
    known: Recent<Pair, Instant>,
}

/// An attempt as it is counted of an account, to take back.
#[derive(Debug)]
pub(super) struct Counted {
    /// Of which account, and where: the address, or a browser that is known.
    pub(super) pair: Pair,
    wait: Wait,
}

impl Tally {
    fn has_known(&self, pair: &Pair, now: Instant) -> bool {
        let at = self.known.get(pair);
        at.is_some_and(|at| now.saturating_duration_since(at) < KNOWN_FOR)
    }

    /// Where an account is counted, and whether it is known there.
    pub(super) fn pair(&self, account: Account, place: &Place, now: Instant) -> (Pair, bool) {
        if let Some(browser) = &place.browser {
            let pair = (account.clone(), browser.clone());
            if self.has_known(&pair, now) {
                return (pair, true);
            }
        }
        let pair = (account, place.address.clone());
        let is_known = self.has_known(&pair, now);
        (pair, is_known)
    }

    /// From when on the next attempt may be made.
    pub(super) fn wait_until(&self, pair: &Pair, now: Instant) -> Instant {
        self.pairs.get(pair).map_or(now, |count| count.wait_until)
    }

    /// Counts an attempt that is made now.
    pub(super) fn count(&mut self, pair: Pair, is_known: bool, now: Instant) -> Counted {
        let mut here = self.pairs.count(&pair, SHRINKS_EVERY, now);
        let mut whole = self.accounts.count(&pair.0, SHRINKS_EVERY, now);
        let free = match whole.wrong >= PRESSURE && !is_known {
            true => FREE_UNDER_PRESSURE,
            false => FREE_PER_PAIR,
        };
        here.one_more();
        whole.one_more();
        let until = now + wait_after(here.wrong, free);
        let wait = Wait::set(&mut here, until);
        self.pairs.set(&pair, here, now);
        self.accounts.set(&pair.0, whole, now);
        Counted { pair, wait }
    }

    /// The attempt was right: what is counted there starts anew, and from now on the account is known
    /// at `places`.
    pub(super) fn was_right(
        &mut self,
        counted: &Counted,
        places: impl Iterator<Item = Address>,
        now: Instant,
    ) {
        self.pairs.set(&counted.pair, Count::none(now), now);
        for place in places {
            self.known.set(&(counted.pair.0.clone(), place), now, now);
        }
        self.uncount(counted);
    }

    /// The attempt does not count.
    pub(super) fn take_back(&mut self, counted: &Counted) {
        if let Some(here) = self.pairs.get_mut(&counted.pair) {
            here.one_less();
            counted.wait.undo(here);
        }
        self.uncount(counted);
    }

    fn uncount(&mut self, counted: &Counted) {
        if let Some(whole) = self.accounts.get_mut(&counted.pair.0) {
            whole.one_less();
        }
    }
}
