//! The delay between wrong passwords, which grows for each account and address.
//!
//! Three things are counted, each only as far as wrong passwords go:
//! - per account and address: three wrong ones are free, then the wait before the next one grows
//!   fourfold from 2 seconds to 15 minutes, so that one address tries fewer than ten passwords of
//!   an account in half an hour, below what locks an account of a directory;
//! - per account: once twenty were wrong, whatever their address, an address that has not signed
//!   in there before has one free attempt instead of three. It always has one, so that somebody
//!   with the right password gets in from anywhere, however hard others guess;
//! - per address: twenty wrong ones for whatever accounts are free, then one in two seconds.
//!
//! Counts shrink with time, those of an address by one a minute, the others by one in 15 minutes.
//!
//! Who signed in from an address before is known there: others who guess at the same address, as
//! behind the proxy of a hospital, do not delay them, and when guesses come from everywhere they
//! find a place kept for them. The same holds for a browser that they signed in with before,
//! wherever it is: its wrong passwords are counted apart from those of the address.
//!
//! An attempt counts as wrong until it turns out to be right, so that many at once gain nothing.
//! Nobody sleeps: whoever is too early is told when to come back.

mod count;
mod place;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::count::{Count, Recent};
use self::place::Address;
use crate::auth::Source;

pub(super) use self::place::Client;

const FREE_PER_PAIR: u32 = 3;
const FREE_UNDER_PRESSURE: u32 = 1;
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
const GROWTH: u32 = 4;

/// How many wrong passwords from anywhere put an account under pressure.
const PRESSURE: u32 = 20;

const FREE_PER_ADDRESS: u32 = 20;
const ADDRESS_INTERVAL: Duration = Duration::from_secs(2);

/// How often a count becomes one less. No sooner than the longest wait ends, or waiting would pay.
const SHRINKS_EVERY: Duration = LONGEST_WAIT;
const ADDRESS_SHRINKS_EVERY: Duration = Duration::from_secs(60);

/// How long somebody is known where they signed in.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often it is told of attempts from an address that were not checked.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// The delays of one process.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<Counters>);

#[derive(Debug, Default)]
struct Counters {
    pairs: Recent<Pair, Count>,
    accounts: Recent<Account, Count>,
    addresses: Recent<Address, Count>,
    /// Who signed in where. Apart from the counts, or whoever makes up names could push them out.
    known: Recent<Pair, Instant>,
    early: Recent<Address, Untold>,
    unanswered: Recent<Address, Untold>,
}

/// A source and a folded username; it need not exist.
type Account = (Source, Arc<str>);

type Pair = (Account, Address);

/// Attempts from an address that were not checked.
#[derive(Clone, Copy, Debug)]
struct Untold {
    /// When it was told last.
    told: Instant,
    /// How many came since then.
    since: u32,
}

/// That an attempt comes too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooEarly {
    /// How long to wait.
    pub(super) retry_after: Duration,
    /// How many attempts from the address to tell of, this one included. `None` if it was told a
    /// short while ago: guesses by the thousand must not fill the audit log.
    pub(super) tell: Option<u32>,
}

impl Counters {
    fn too_early(&mut self, address: &Address, until: Instant, now: Instant) -> TooEarly {
        TooEarly {
            retry_after: until - now,
            tell: to_tell(&mut self.early, address, now),
        }
    }

    fn knows(&self, pair: &Pair, now: Instant) -> bool {
        let at = self.known.get(pair);
        at.is_some_and(|at| now.saturating_duration_since(at) < KNOWN_FOR)
    }

    /// The browser, if the account is known there.
    fn known_browser(&self, account: &Account, client: Client<'_>, now: Instant) -> Option<Pair> {
        let browser = Address::browser(client.browser?);
        let pair = (account.clone(), browser);
        self.knows(&pair, now).then_some(pair)
    }
}

/// An attempt that may be made. Dropped, it was wrong.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    throttle: &'a Throttle,
    /// Where it is counted: the address, or a browser that is known.
    pair: Pair,
    address: Address,
    started: Instant,
    pair_wait: Wait,
    place_wait: Wait,
}

/// What an attempt changed of a wait, to take back.
#[derive(Clone, Copy, Debug)]
struct Wait {
    before: Instant,
    set: Instant,
}

impl Wait {
    /// Sets until when `count` waits from now on.
    fn set(count: &mut Count, until: Instant) -> Wait {
        let before = std::mem::replace(&mut count.wait_until, until);
        Wait { before, set: until }
    }

    /// Takes the change back, unless another attempt has set a wait of its own since.
    fn undo(self, count: &mut Count) {
        if count.wait_until == self.set {
            count.wait_until = self.before;
        }
    }
}

impl Throttle {
    fn counters(&self) -> MutexGuard<'_, Counters> {
        // Nothing is left half done under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this account signed in from there before.
    pub(super) fn knows<'a>(
        &self,
        source: &Source,
        folded: &str,
        client: impl Into<Client<'a>>,
        now: Instant,
    ) -> bool {
        let (account, client) = ((source.clone(), folded.into()), client.into());
        let counters = self.counters();
        counters.known_browser(&account, client, now).is_some()
            || counters.knows(&(account, Address::parse(client.address)), now)
    }

    /// Asks to try a password now.
    ///
    /// # Errors
    /// [`TooEarly`], with how long to wait.
    pub(super) fn attempt<'a>(
        &self,
        source: &Source,
        folded: &str,
        client: impl Into<Client<'a>>,
        now: Instant,
    ) -> Result<Attempt<'_>, TooEarly> {
        let client = client.into();
        let account: Account = (source.clone(), folded.into());
        let address = Address::parse(client.address);
        let mut counters = self.counters();
        let browser = counters.known_browser(&account, client, now);
        let is_known =
            browser.is_some() || counters.knows(&(account.clone(), address.clone()), now);
        let pair_key = browser.unwrap_or_else(|| (account.clone(), address.clone()));
        let mut pair = counters.pairs.count(&pair_key, SHRINKS_EVERY, now);
        let mut whole = counters.accounts.count(&account, SHRINKS_EVERY, now);
        let every = ADDRESS_SHRINKS_EVERY;
        let mut place = counters.addresses.count(&address, every, now);

        let mut until = pair.wait_until;
        if !is_known {
            until = until.max(place.wait_until);
        }
        if until > now {
            return Err(counters.too_early(&address, until, now));
        }

        let free = match whole.wrong >= PRESSURE && !is_known {
            true => FREE_UNDER_PRESSURE,
            false => FREE_PER_PAIR,
        };
        for count in [&mut pair, &mut whole, &mut place] {
            count.one_more();
        }
        let until = now + wait_after(pair.wrong, free);
        let pair_wait = Wait::set(&mut pair, until);
        let until = match place.wrong >= FREE_PER_ADDRESS {
            true => now + ADDRESS_INTERVAL,
            false => place.wait_until,
        };
        let place_wait = Wait::set(&mut place, until);
        counters.pairs.set(&pair_key, pair, now);
        counters.accounts.set(&account, whole, now);
        counters.addresses.set(&address, place, now);
        Ok(Attempt {
            throttle: self,
            pair: pair_key,
            address,
            started: now,
            pair_wait,
            place_wait,
        })
    }
}

/// How many attempts from the address to tell of, this one included; `None` if that was done a short
/// while ago.
fn to_tell(untold: &mut Recent<Address, Untold>, address: &Address, now: Instant) -> Option<u32> {
    let before = untold.get(address);
    let count = before.map_or(1, |before| before.since.saturating_add(1));
    let is_time = before.is_none_or(|before| now >= before.told + TELL_EVERY);
    let after = match before {
        Some(Untold { told, .. }) if !is_time => Untold { told, since: count },
        _ => Untold {
            told: now,
            since: 0,
        },
    };
    untold.set(address, after, now);
    is_time.then_some(count)
}

/// The wait after so many wrong passwords.
fn wait_after(wrong: u32, free: u32) -> Duration {
    match wrong.checked_sub(free) {
        None => Duration::ZERO,
        Some(beyond) => GROWTH
            .checked_pow(beyond)
            .and_then(|factor| FIRST_WAIT.checked_mul(factor))
            .map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)),
    }
}

impl Attempt<'_> {
    /// The password was right: the pair starts anew, and the attempt does not count elsewhere. From
    /// now on the account is known at the address and in the browser.
    pub(super) fn was_right(self, browser: Option<&str>) {
        let (account, now) = (&self.pair.0, self.started);
        let mut counters = self.throttle.counters();
        counters.pairs.set(&self.pair, Count::none(now), now);
        let browser = browser.map(Address::browser);
        for place in [Some(self.address.clone()), browser].into_iter().flatten() {
            counters.known.set(&(account.clone(), place), now, now);
        }
        self.uncount(&mut counters);
    }

    /// The password could not be checked: the attempt does not count.
    pub(super) fn was_not_made(self) {
        self.take_back(&mut self.throttle.counters());
    }

    /// The same, because whoever was to check it did not answer. How many such attempts from the
    /// address to tell of, this one included; `None` if that was done a short while ago.
    pub(super) fn was_not_answered(self) -> Option<u32> {
        let mut counters = self.throttle.counters();
        self.take_back(&mut counters);
        to_tell(&mut counters.unanswered, &self.address, self.started)
    }

    fn take_back(&self, counters: &mut Counters) {
        if let Some(pair) = counters.pairs.get_mut(&self.pair) {
            pair.wrong = pair.wrong.saturating_sub(1);
            self.pair_wait.undo(pair);
        }
        self.uncount(counters);
    }

    /// How long the next attempt of this pair has to wait.
    pub(super) fn wait(&self) -> Duration {
        let pair = self.throttle.counters().pairs.get(&self.pair);
        pair.map_or(Duration::ZERO, |pair| {
            pair.wait_until.saturating_duration_since(self.started)
        })
    }

    fn uncount(&self, counters: &mut Counters) {
        if let Some(whole) = counters.accounts.get_mut(&self.pair.0) {
            whole.wrong = whole.wrong.saturating_sub(1);
        }
        if let Some(place) = counters.addresses.get_mut(&self.address) {
            place.wrong = place.wrong.saturating_sub(1);
            self.place_wait.undo(place);
        }
    }
}
