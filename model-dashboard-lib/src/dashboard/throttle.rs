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

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::auth::Source;

/// How many pairs, accounts and addresses are remembered at most, each.
const MAX_REMEMBERED: usize = 10_000;

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

/// The highest count, so that what was counted is forgotten in some hours.
const MOST: u32 = 40;

/// How long somebody is known where they signed in.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often it is told that attempts from an address come too early.
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
    early: Recent<Address, Early>,
}

/// A source and a folded username; it need not exist.
type Account = (Source, Arc<str>);

type Pair = (Account, Address);

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client<'a> {
    /// Its address.
    pub(super) address: &'a str,
    /// What an earlier sign-in left in the browser to know it by, as it says.
    pub(super) browser: Option<&'a str>,
}

impl<'a> From<&'a str> for Client<'a> {
    fn from(address: &'a str) -> Client<'a> {
        let browser = None;
        Client { address, browser }
    }
}

/// Where attempts come from: an IPv4 address, an IPv6 network of 64 bits (which one customer has
/// to themselves), another text, or a browser that somebody signed in with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Address {
    Ip(IpAddr),
    Other(Arc<str>),
    Browser([u8; 32]),
}

impl Address {
    fn parse(text: &str) -> Address {
        match text.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            Ok(IpAddr::V6(ip)) => {
                let network = u128::from(ip) >> 64 << 64;
                Address::Ip(IpAddr::V6(Ipv6Addr::from(network)))
            }
            Ok(ip) => Address::Ip(ip),
            Err(_) => Address::Other(text.chars().take(128).collect::<String>().into()),
        }
    }

    fn browser(text: &str) -> Address {
        Address::Browser(Sha256::digest(text).into())
    }
}

/// What is counted of a pair, an account or an address.
#[derive(Clone, Copy, Debug)]
struct Count {
    /// Attempts that were wrong or are being checked.
    wrong: u32,
    /// From when on the next shrinking is reckoned.
    since: Instant,
    /// No attempt before this.
    wait_until: Instant,
}

impl Count {
    fn none(now: Instant) -> Count {
        Count {
            wrong: 0,
            since: now,
            wait_until: now,
        }
    }

    /// What is left of it now.
    fn shrunk(mut self, every: Duration, now: Instant) -> Count {
        let periods = now.saturating_duration_since(self.since).as_secs() / every.as_secs();
        let less = u32::try_from(periods).unwrap_or(u32::MAX).min(self.wrong);
        self.wrong -= less;
        self.since = match self.wrong {
            0 => now,
            _ => self.since + every * less,
        };
        self
    }

    fn one_more(&mut self) {
        self.wrong = (self.wrong + 1).min(MOST);
    }
}

/// What is remembered by key, bounded: what was not touched for longest makes room.
#[derive(Debug)]
struct Recent<K, V>(HashMap<K, (Instant, V)>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Recent(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone, V: Copy> Recent<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        self.0.get(key).map(|(_, value)| *value)
    }

    fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key).map(|(_, value)| value)
    }

    fn set(&mut self, key: &K, value: V, now: Instant) {
        if self.0.len() >= MAX_REMEMBERED && !self.0.contains_key(key) {
            self.make_room();
        }
        self.0.insert(key.clone(), (now, value));
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
    fn count(&self, key: &K, every: Duration, now: Instant) -> Count {
        let known = self.get(key);
        known.map_or(Count::none(now), |count| count.shrunk(every, now))
    }
}

/// Attempts from an address that came too early.
#[derive(Clone, Copy, Debug)]
struct Early {
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
        let before = self.early.get(address);
        let count = before.map_or(1, |early| early.since.saturating_add(1));
        let tell = before.is_none_or(|early| now >= early.told + TELL_EVERY);
        let early = match before {
            Some(Early { told, .. }) if !tell => Early { told, since: count },
            _ => Early {
                told: now,
                since: 0,
            },
        };
        self.early.set(address, early, now);
        TooEarly {
            retry_after: until - now,
            tell: tell.then_some(count),
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
        let mut counters = self.throttle.counters();
        if let Some(pair) = counters.pairs.get_mut(&self.pair) {
            pair.wrong = pair.wrong.saturating_sub(1);
            self.pair_wait.undo(pair);
        }
        self.uncount(&mut counters);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Guesser {
        throttle: Throttle,
        local: Source,
        now: Instant,
    }

    impl Guesser {
        fn new() -> Guesser {
            Guesser {
                throttle: Throttle::default(),
                local: Source::local(),
                now: Instant::now(),
            }
        }

        fn attempt(&self, name: &str, from: &str) -> Result<Attempt<'_>, Duration> {
            let attempt = self.throttle.attempt(&self.local, name, from, self.now);
            attempt.map_err(|early| early.retry_after)
        }

        fn wrong(&self, name: &str, from: &str) -> Result<(), Duration> {
            drop(self.attempt(name, from)?);
            Ok(())
        }

        fn right(&self, name: &str, from: &str) -> Result<(), Duration> {
            self.attempt(name, from)?.was_right(None);
            Ok(())
        }

        fn pass(&mut self, seconds: u64) {
            self.now += Duration::from_secs(seconds);
        }
    }

    #[test]
    fn the_wait_grows_and_stays_below_ten_attempts_in_half_an_hour() {
        let mut guesser = Guesser::new();
        let mut made = 0;
        for _ in 0..30 * 60 {
            made += usize::from(guesser.wrong("ana", "192.0.2.1").is_ok());
            guesser.pass(1);
        }
        assert!((5..10).contains(&made), "{made}");
        let wait = guesser.wrong("ana", "192.0.2.1").unwrap_err();
        assert!(wait <= LONGEST_WAIT);
    }

    #[test]
    fn ten_thousand_guesses_do_not_keep_the_owner_out_elsewhere() {
        let mut guesser = Guesser::new();
        guesser.right("ana", "192.0.2.7").unwrap();
        for n in 0..10_000u32 {
            let _ = guesser.wrong("ana", &format!("198.51.{}.{}", n / 250 % 100, n % 250));
            if n % 100 == 0 {
                guesser.pass(1);
            }
        }
        assert_eq!(guesser.right("ana", "203.0.113.5"), Ok(()), "a new place");
        assert_eq!(guesser.right("ana", "192.0.2.7"), Ok(()), "where she was");
    }

    #[test]
    fn under_pressure_a_new_address_has_one_attempt_at_once() {
        let guesser = Guesser::new();
        for n in 0..PRESSURE {
            guesser.wrong("ana", &format!("198.51.100.{n}")).unwrap();
        }
        assert_eq!(guesser.wrong("ana", "203.0.113.5"), Ok(()));
        assert!(guesser.wrong("ana", "203.0.113.5").is_err());
    }

    #[test]
    fn attempts_at_once_gain_nothing() {
        let guesser = Guesser::new();
        let attempt = || {
            let throttle = &guesser.throttle;
            throttle.attempt(&guesser.local, "ana", "192.0.2.1", guesser.now)
        };
        let open: Vec<_> = (0..100).map(|_| attempt()).filter_map(Result::ok).collect();
        assert_eq!(open.len(), FREE_PER_PAIR as usize);
    }

    #[test]
    fn a_right_password_starts_anew_and_what_was_not_checked_does_not_count() {
        let guesser = Guesser::new();
        for _ in 0..50 {
            guesser.wrong("ana", "192.0.2.1").unwrap();
            guesser.right("ana", "192.0.2.1").unwrap();
            let attempt = guesser
                .throttle
                .attempt(&guesser.local, "ana", "192.0.2.1", guesser.now);
            attempt.unwrap().was_not_made();
        }
    }

    #[test]
    fn one_address_tries_few_passwords_over_all_accounts() {
        let mut guesser = Guesser::new();
        let mut made = 0;
        for n in 0..1000 {
            made += u64::from(guesser.wrong(&format!("name{n}"), "192.0.2.1").is_ok());
            if n % 10 == 0 {
                guesser.pass(1);
            }
        }
        assert!(made <= u64::from(FREE_PER_ADDRESS) + 53, "{made}");
    }

    #[test]
    fn others_who_guess_at_the_same_address_do_not_delay_who_is_known_there() {
        let mut guesser = Guesser::new();
        guesser.right("bo", "192.0.2.1").unwrap();
        // Far more made-up names than are remembered.
        for n in 0..3 * MAX_REMEMBERED {
            let _ = guesser.wrong(&format!("name{n}"), "192.0.2.1");
            let _ = guesser.wrong(&format!("name{n}"), &format!("host{n}"));
            guesser.now += Duration::from_millis(1);
        }
        assert!(guesser.wrong("cy", "192.0.2.1").is_err(), "not known there");
        let (throttle, now) = (&guesser.throttle, guesser.now);
        assert!(throttle.knows(&guesser.local, "bo", "192.0.2.1", now));
        assert!(!throttle.knows(&guesser.local, "bo", "192.0.2.2", now));
        // A mistake of their own is free, too.
        assert_eq!(guesser.wrong("bo", "192.0.2.1"), Ok(()));
        assert_eq!(guesser.right("bo", "192.0.2.1"), Ok(()));
    }

    #[test]
    fn a_browser_that_somebody_signed_in_with_is_not_delayed_by_the_address() {
        let guesser = Guesser::new();
        let at = |name: &str, browser| {
            let (address, now) = ("192.0.2.1", guesser.now);
            let client = Client { address, browser };
            guesser.throttle.attempt(&guesser.local, name, client, now)
        };
        at("ana", None).unwrap().was_right(Some("ana's"));
        at("bo", None).unwrap().was_right(Some("bo's"));
        for _ in 0..FREE_PER_PAIR {
            drop(at("ana", Some("made up")).unwrap());
        }
        for other in [None, Some("made up"), Some("bo's")] {
            assert!(at("ana", other).is_err(), "{other:?}");
        }
        for _ in 0..FREE_PER_PAIR {
            drop(at("ana", Some("ana's")).unwrap());
        }
        assert!(at("ana", Some("ana's")).is_err(), "its own count");
    }

    #[test]
    fn what_was_wrong_is_forgotten_little_by_little() {
        let mut guesser = Guesser::new();
        for n in 0..10_000 {
            let _ = guesser.wrong(&format!("name{n}"), "192.0.2.1");
            let _ = guesser.wrong("ana", &format!("host{n}"));
            let _ = guesser.wrong("bo", "192.0.2.9");
            guesser.pass(1);
        }
        assert!(guesser.wrong("cy", "192.0.2.1").is_err());
        assert!(guesser.wrong("bo", "192.0.2.9").is_err());
        guesser.pass(30 * 60);
        for _ in 0..FREE_PER_PAIR {
            assert_eq!(guesser.wrong("cy", "192.0.2.1"), Ok(()), "the address");
        }
        assert_eq!(guesser.wrong("bo", "192.0.2.9"), Ok(()), "once again");
        assert!(guesser.wrong("bo", "192.0.2.9").is_err(), "only once");
        guesser.pass(12 * 60 * 60);
        for (name, from) in [("bo", "192.0.2.9"), ("ana", "203.0.113.5")] {
            for _ in 0..FREE_PER_PAIR {
                assert_eq!(guesser.wrong(name, from), Ok(()), "{name}");
            }
        }
    }

    #[test]
    fn signing_in_oneself_in_between_earns_no_guesses() {
        let mut guesser = Guesser::new();
        let mut made = 0;
        for n in 0..1000 {
            guesser.right("bo", "192.0.2.1").unwrap();
            made += u64::from(guesser.wrong(&format!("name{n}"), "192.0.2.1").is_ok());
            if n % 10 == 0 {
                guesser.pass(1);
            }
        }
        assert!(made <= u64::from(FREE_PER_ADDRESS) + 53, "{made}");
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let guesser = Guesser::new();
        for n in 0..FREE_PER_PAIR {
            guesser.wrong("ana", &format!("2001:db8::{n}")).unwrap();
        }
        assert!(guesser.wrong("ana", "2001:db8::ffff").is_err());
        assert!(guesser.wrong("ana", "2001:db8:0:1::1").is_ok());
        assert_eq!(
            Address::parse("::ffff:192.0.2.1"),
            Address::parse("192.0.2.1")
        );
    }

    #[test]
    fn what_comes_too_early_is_told_once_a_minute_for_each_address() {
        let mut guesser = Guesser::new();
        let mut told: Vec<u32> = Vec::new();
        for n in 0..150 * 10 {
            let (throttle, local) = (&guesser.throttle, &guesser.local);
            let name = format!("name{n}");
            if let Err(early) = throttle.attempt(local, &name, "192.0.2.1", guesser.now) {
                told.extend(early.tell);
            }
            guesser.now += Duration::from_millis(100);
        }
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(told[0], 1);
        // Ten attempts a second but for one in two seconds.
        assert!(told[1..].iter().all(|n| (500..600).contains(n)), "{told:?}");
    }

    #[test]
    fn memory_is_bounded() {
        let mut guesser = Guesser::new();
        for n in 0..3 * MAX_REMEMBERED {
            let from = format!("10.{}.{}.{}", n / 65536, n / 256 % 256, n % 256);
            guesser.wrong(&format!("name{n}"), &from).unwrap();
            guesser.now += Duration::from_millis(1);
        }
        let counters = guesser.throttle.0.lock().unwrap();
        assert!(counters.pairs.0.len() <= MAX_REMEMBERED);
        assert!(counters.accounts.0.len() <= MAX_REMEMBERED);
        assert!(counters.addresses.0.len() <= MAX_REMEMBERED);
        assert!(counters.early.0.len() <= MAX_REMEMBERED);
    }
}
