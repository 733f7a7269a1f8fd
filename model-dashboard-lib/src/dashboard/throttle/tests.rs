#![allow(clippy::unwrap_used)]
use super::count::{LONGEST_WAIT, MAX_REMEMBERED};
use super::tally::{FREE_PER_PAIR, PRESSURE};
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

/// Whether a wrong password of `person` is tried under this name.
fn is_tried(guesser: &Guesser, name: &str, person: &str, client: Client<'_>) -> bool {
    let (throttle, local) = (&guesser.throttle, &guesser.local);
    let attempt = throttle.attempt(local, name, client, guesser.now);
    attempt.is_ok_and(|attempt| attempt.may_try(person))
}

#[test]
fn all_names_of_one_person_have_the_guesses_of_one() {
    let mut guesser = Guesser::new();
    let mut made = 0;
    for n in 0..30 * 60 {
        let name = format!("name{n}");
        let from = Client::from("192.0.2.1");
        made += usize::from(is_tried(&guesser, &name, "ana", from));
        guesser.pass(1);
    }
    assert!((5..10).contains(&made), "{made}");
    guesser.pass(2);
    let elsewhere = Client::from("203.0.113.5");
    assert!(is_tried(&guesser, "name", "ana", elsewhere));
    assert!(is_tried(&guesser, "other", "bo", Client::from("192.0.2.1")));
}

#[test]
fn who_is_told_to_wait_under_one_name_is_tried_after_that() {
    let mut guesser = Guesser::new();
    for _ in 0..8 {
        let attempt = guesser.attempt("ana", "192.0.2.1").unwrap();
        // The source took its time to find her, once more than another time.
        assert!(attempt.may_try("id of ana"));
        assert!(attempt.may_try("id of ana"), "asked again");
        let wait = attempt.wait();
        drop(attempt);
        guesser.now += wait;
    }
}

#[test]
fn guesses_under_other_names_do_not_delay_the_browser_that_somebody_signed_in_with() {
    let guesser = Guesser::new();
    let client = |browser| Client {
        address: "192.0.2.1",
        browser,
    };
    let (throttle, local) = (&guesser.throttle, &guesser.local);
    let first = throttle.attempt(local, "ana", client(None), guesser.now);
    let first = first.unwrap();
    assert!(first.may_try("id of ana"));
    first.was_right(Some("ana's"));
    for n in 0..10 {
        let tried = is_tried(&guesser, &format!("a{n}"), "id of ana", client(None));
        assert_eq!(tried, n < FREE_PER_PAIR, "{n}");
    }
    for name in ["ana", "CORP\\ana", "ana@corp"] {
        let tried = is_tried(&guesser, name, "id of ana", client(Some("ana's")));
        assert!(tried, "{name}");
    }
    let fourth = is_tried(&guesser, "other", "id of ana", client(Some("ana's")));
    assert!(!fourth, "its own count");
}

#[test]
fn a_password_that_was_sent_counts_though_nobody_answered() {
    let guesser = Guesser::new();
    let unanswered = |is_right| {
        let attempt = guesser.attempt("ana", "192.0.2.1").unwrap();
        assert!(attempt.may_try("id of ana"));
        if is_right {
            attempt.password_is_right();
        }
        attempt.was_not_answered();
    };
    for _ in 0..10 {
        unanswered(true);
    }
    for _ in 0..FREE_PER_PAIR {
        unanswered(false);
    }
    assert!(guesser.attempt("ana", "192.0.2.1").is_err());
}

#[test]
fn attempts_that_nobody_answers_are_bounded_at_each_place_and_source() {
    let mut guesser = Guesser::new();
    let mut made = 0;
    for n in 0..600 {
        if let Ok(attempt) = guesser.attempt(&format!("name{n}"), "192.0.2.1") {
            attempt.was_not_answered();
            made += 1;
        }
        guesser.now += Duration::from_millis(100);
    }
    assert!((20..=20 + 30).contains(&made), "{made}");
    let (throttle, now) = (&guesser.throttle, guesser.now);
    let other = Source::parse("other").unwrap();
    assert!(throttle.attempt(&other, "ana", "192.0.2.1", now).is_ok());
    assert!(guesser.attempt("ana", "192.0.2.2").is_ok());
    // Nothing of it is left soon after.
    guesser.pass(60);
    for n in 0..FREE_PER_ADDRESS {
        let again = guesser.attempt(&format!("name{n}"), "192.0.2.1");
        again.unwrap().was_not_answered();
    }
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
        let name = format!("name{n}");
        let attempt = guesser.attempt(&name, &from).unwrap();
        assert!(attempt.may_try(&name));
        drop(attempt);
        guesser.now += Duration::from_millis(1);
    }
    let counters = guesser.throttle.0.lock().unwrap();
    for tally in [&counters.names, &counters.people] {
        assert!(tally.pairs.len() <= MAX_REMEMBERED);
        assert!(tally.accounts.len() <= MAX_REMEMBERED);
    }
    assert!(counters.addresses.len() <= MAX_REMEMBERED);
    assert!(counters.silent.len() <= MAX_REMEMBERED);
    assert!(counters.early.len() <= MAX_REMEMBERED);
}
