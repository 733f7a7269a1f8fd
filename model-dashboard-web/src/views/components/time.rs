//! Moments: how long ago for people, the exact time for machines and on hover.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use maud::{Markup, html};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `3 minutes ago`, `in 5 days`, from 30 days on the date. The script keeps it true while the
/// page stays open.
#[must_use]
pub fn relative(now: SystemTime, at: SystemTime) -> Markup {
    let exact = format(at, "%Y-%m-%d %H:%M:%S UTC");
    html! {
        time datetime=(format(at, "%Y-%m-%dT%H:%M:%SZ")) title=(exact) data-relative { (relative_text(now, at)) }
    }
}

/// A length of time in its largest unit that fits: `15 minutes`, `1 day`, `36 hours`.
#[must_use]
pub fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let units = [
        (DAY, "day", "days"),
        (HOUR, "hour", "hours"),
        (MINUTE, "minute", "minutes"),
        (1, "second", "seconds"),
    ];
    let fits = |(unit, ..): &&(u64, _, _)| seconds >= *unit && seconds.is_multiple_of(*unit);
    let (unit, one, many) = units.iter().find(fits).unwrap_or(&units[3]);
    let count = usize::try_from(seconds / unit).unwrap_or(usize::MAX);
    super::plural(count, one, many)
}

/// Day, hour and minute in UTC.
#[must_use]
pub fn exact(at: SystemTime) -> Markup {
    html! {
        time datetime=(format(at, "%Y-%m-%dT%H:%M:%SZ")) { (format(at, "%Y-%m-%d %H:%M UTC")) }
    }
}

/// A date as a definition holds it: a timestamp is shown as [`exact`] does, anything else as it is.
#[must_use]
pub fn stored(text: &str) -> Markup {
    match text.parse::<Timestamp>() {
        Ok(at) => exact(SystemTime::from(at)),
        Err(_) => html! { (text) },
    }
}

/// Day, hour, minute and second, where the page says that times are in UTC.
#[must_use]
pub fn to_the_second(at: SystemTime) -> Markup {
    html! {
        time datetime=(format(at, "%Y-%m-%dT%H:%M:%SZ")) { (format(at, "%Y-%m-%d %H:%M:%S")) }
    }
}

/// Hour and minute in UTC, below a heading that names the day.
#[must_use]
pub fn clock(at: SystemTime) -> Markup {
    html! {
        time.clock datetime=(format(at, "%Y-%m-%dT%H:%M:%SZ")) title=(format(at, "%Y-%m-%d %H:%M:%S UTC")) {
            (format(at, "%H:%M"))
        }
    }
}

/// `Today`, `Yesterday`, or `Thursday, 3 March 2026`, in UTC.
#[must_use]
pub fn day_heading(now: SystemTime, at: SystemTime) -> String {
    match day(now) - day(at) {
        0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        _ => format(at, "%A, %-d %B %Y"),
    }
}

/// The number of the day since 1970, in UTC: what belongs under one heading.
#[must_use]
pub fn day(at: SystemTime) -> i64 {
    timestamp(at).as_second().div_euclid(86_400)
}

/// The text of [`relative`].
#[must_use]
pub fn relative_text(now: SystemTime, at: SystemTime) -> String {
    let (apart, future) = match now.duration_since(at) {
        Ok(past) => (past, false),
        Err(ahead) => (ahead.duration(), true),
    };
    let seconds = apart.as_secs();
    let (count, unit) = match seconds {
        0..45 => return if future { "in a moment" } else { "just now" }.to_owned(),
        45..2700 => (rounded(apart, MINUTE), "minute"),
        2700..79_200 => (rounded(apart, HOUR), "hour"),
        79_200..2_592_000 => (rounded(apart, DAY), "day"),
        _ => return format(at, "%-d %b %Y"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if future {
        format!("in {count} {unit}{plural}")
    } else {
        format!("{count} {unit}{plural} ago")
    }
}

fn rounded(apart: Duration, unit: u64) -> u64 {
    ((apart.as_secs() + unit / 2) / unit).max(1)
}

fn timestamp(at: SystemTime) -> Timestamp {
    // Outside of the years -9999 to 9999 there is nothing sensible to show.
    Timestamp::try_from(at).unwrap_or(Timestamp::try_from(UNIX_EPOCH).unwrap_or_default())
}

fn format(at: SystemTime, pattern: &str) -> String {
    timestamp(at).strftime(pattern).to_string()
}
