//! The delay between wrong passwords, which grows for each account and address.
//!
//! These are counted, each only as far as wrong passwords go:
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
//! An account is the name that was typed, and also whom the source found by it: a directory may take
//! several names for one person, and none of them brings more guesses. Whoever is early by that
//! alone is told that the password is wrong, and not when to come back, or it would show who is
//! called so.
//!
//! Who signed in from an address before is known there: others who guess at the same address, as
//! behind the proxy of a hospital, do not delay them, and when guesses come from everywhere they
//! find a place kept for them. The same holds for a browser that they signed in with before,
//! wherever it is: its wrong passwords are counted apart from those of the address.
//!
//! An attempt counts as wrong until it turns out to be right, so that many at once gain nothing.
//! Nobody sleeps: whoever is too early is told when to come back.
//!
//! A source that does not answer may have tried the password all the same: once that was sent, it
//! counts as wrong. Attempts before that are no guesses, but twenty of them at an address or a
//! browser that is known, and then one in two seconds, are as many as are made.

mod count;
mod place;
mod tally;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::count::{Count, Recent, Wait};
use self::place::{Address, Place};
use self::tally::{Counted, Tally};
use crate::auth::{Guesses, Source};

pub(super) use self::place::Client;

const FREE_PER_ADDRESS: u32 = 20;
const ADDRESS_INTERVAL: Duration = Duration::from_secs(2);
const ADDRESS_SHRINKS_EVERY: Duration = Duration::from_secs(60);

/// How often it is told of attempts from an address that were not checked.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// The delays of one process.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<Counters>);

#[derive(Debug, Default)]
struct Counters {
    /// By the names that are typed.
    names: Tally,
    /// By the people whom sources find.
    people: Tally,
    addresses: Recent<Address, Count>,
    /// Attempts that a source has not answered, by where they are counted.
    silent: Recent<(Source, Address), Count>,
    early: Recent<Address, Untold>,
    void: Recent<Address, Untold>,
}

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

/// An attempt that may be made. Dropped, it was wrong.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    throttle: &'a Throttle,
    source: Source,
    place: Place,
    started: Instant,
    name: Counted,
    /// Whom the source found, whether or not their password may be tried.
    found: Mutex<Option<Arc<str>>>,
    /// Set once it found somebody whose password may be tried.
    person: Mutex<Option<Tried>>,
    place_wait: Wait,
    silent_wait: Wait,
    /// Whether the source did not answer.
    is_silent: bool,
}

/// A password that was tried of somebody.
#[derive(Debug)]
struct Tried {
    counted: Counted,
    is_right: bool,
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
        let (account, place) = ((source.clone(), folded.into()), client.into().into());
        self.counters().names.pair(account, &place, now).1
    }

    /// An attempt without a name or password that anybody could have. How many such attempts from
    /// the address to tell of, this one included; `None` if that was done a short while ago.
    pub(super) fn is_void<'a>(&self, client: impl Into<Client<'a>>, now: Instant) -> Option<u32> {
        let address = Place::from(client.into()).address;
        to_tell(&mut self.counters().void, &address, now)
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
        let (account, place) = ((source.clone(), folded.into()), Place::from(client.into()));
        let mut counters = self.counters();
        let counters = &mut *counters;
        let (pair, is_known) = counters.names.pair(account, &place, now);
        let silent_key = (source.clone(), pair.1.clone());
        let every = ADDRESS_SHRINKS_EVERY;
        let mut here = counters.addresses.count(&place.address, every, now);
        let mut silent = counters.silent.count(&silent_key, ADDRESS_INTERVAL, now);

        let mut until = counters.names.wait_until(&pair, now).max(silent.wait_until);
        if !is_known {
            until = until.max(here.wait_until);
        }
        if until > now {
            return Err(TooEarly {
                retry_after: until - now,
                tell: to_tell(&mut counters.early, &place.address, now),
            });
        }

        let name = counters.names.count(pair, is_known, now);
        let place_wait = one_of_many(&mut here, now);
        let silent_wait = one_of_many(&mut silent, now);
        counters.addresses.set(&place.address, here, now);
        counters.silent.set(&silent_key, silent, now);
        Ok(Attempt {
            throttle: self,
            source: source.clone(),
            place,
            started: now,
            name,
            found: Mutex::default(),
            person: Mutex::default(),
            place_wait,
            silent_wait,
            is_silent: false,
        })
    }
}

/// Counts one more attempt at a place; the next ones wait once they are many.
fn one_of_many(count: &mut Count, now: Instant) -> Wait {
    count.one_more();
    let until = match count.wrong >= FREE_PER_ADDRESS {
        true => now + ADDRESS_INTERVAL,
        false => count.wait_until,
    };
    Wait::set(count, until)
}

fn take_back(count: Option<&mut Count>, wait: Wait) {
    if let Some(count) = count {
        count.one_less();
        wait.undo(count);
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

impl Attempt<'_> {
    /// The password was right: the account starts anew there, and the attempt does not count
    /// elsewhere. From now on the account is known at the address and in the browser.
    pub(super) fn was_right(self, browser: Option<&str>) {
        let mut counters = self.throttle.counters();
        let browser = browser.map(Address::browser);
        let places = || std::iter::once(self.place.address.clone()).chain(browser.clone());
        counters.names.was_right(&self.name, places(), self.started);
        if let Some(tried) = &*self.person() {
            let counted = &tried.counted;
            counters.people.was_right(counted, places(), self.started);
        }
        self.uncount(&mut counters);
    }

    /// The password could not be checked: the attempt does not count.
    pub(super) fn was_not_made(self) {
        self.take_back(&mut self.throttle.counters());
    }

    /// The same, because whoever was to check it did not answer. It counts if the password was sent.
    pub(super) fn was_not_answered(mut self) {
        self.is_silent = true;
        let mut counters = self.throttle.counters();
        let may_be_wrong = self.person().as_ref().is_some_and(|tried| !tried.is_right);
        if !may_be_wrong {
            self.take_back(&mut counters);
        }
    }

    /// How long the next attempt under this name has to wait.
    pub(super) fn wait(&self) -> Duration {
        let counters = self.throttle.counters();
        let until = counters.names.wait_until(&self.name.pair, self.started);
        until.saturating_duration_since(self.started)
    }

    /// Whom the source found by the name that was typed: what it knows them by.
    pub(super) fn found(&self) -> Option<Arc<str>> {
        let found = self.found.lock();
        found.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn person(&self) -> MutexGuard<'_, Option<Tried>> {
        self.person.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_back(&self, counters: &mut Counters) {
        counters.names.take_back(&self.name);
        if let Some(tried) = &*self.person() {
            counters.people.take_back(&tried.counted);
        }
        self.uncount(counters);
    }

    fn uncount(&self, counters: &mut Counters) {
        let here = counters.addresses.get_mut(&self.place.address);
        take_back(here, self.place_wait);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_silent {
            let key = (self.source.clone(), self.name.pair.1.clone());
            let mut counters = self.throttle.counters();
            take_back(counters.silent.get_mut(&key), self.silent_wait);
        }
    }
}

impl Guesses for Attempt<'_> {
    fn may_try(&self, person: &str) -> bool {
        let found = self.found.lock();
        *found.unwrap_or_else(PoisonError::into_inner) = Some(person.into());
        let mut counters = self.throttle.counters();
        let mut tried = self.person();
        if tried.is_some() {
            return true;
        }
        let account = (self.source.clone(), person.into());
        let people = &mut counters.people;
        // At the time of the attempt, so that it waits no longer by this count than by the other.
        let now = self.started;
        let (pair, is_known) = people.pair(account, &self.place, now);
        if people.wait_until(&pair, now) > now {
            return false;
        }
        let counted = people.count(pair, is_known, now);
        *tried = Some(Tried {
            counted,
            is_right: false,
        });
        true
    }

    fn password_is_right(&self) {
        if let Some(tried) = &mut *self.person() {
            tried.is_right = true;
        }
    }
}
