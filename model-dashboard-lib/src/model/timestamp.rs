//! Instants, and the dates that definitions hold as text.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::civil;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// An instant in UTC with microseconds, written as RFC 3339 with `Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(jiff::Timestamp);

/// The text is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time is written like 2026-01-15T09:30:00Z")]
pub struct TimestampError;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// The time of the system's clock, cut to microseconds.
    #[must_use]
    pub fn now() -> Self {
        Self::from_unix_micros(jiff::Timestamp::now().as_microsecond())
    }

    /// Parses RFC 3339 (`2026-01-15T10:30:00+01:00`) and the shapes that SQLite and Python leave
    /// behind, which are read as UTC: `2026-01-15 09:30:00`, `2026-02-03T02:00:01.000321`,
    /// `2026-01-15`. Parts of a microsecond are cut off. A zone by name is refused.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        if text.contains('[') {
            return Err(TimestampError);
        }
        let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
            let local = text.parse::<civil::DateTime>().ok()?;
            Offset::UTC.to_timestamp(local).ok()
        });
        instant
            .map(|t| Self::from_unix_micros(t.as_microsecond()))
            .ok_or(TimestampError)
    }

    /// The instant so many microseconds after the Unix epoch, held within the years -9999 to 9999.
    #[must_use]
    pub fn from_unix_micros(micros: i64) -> Self {
        let edge = if micros < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        Self(jiff::Timestamp::from_microsecond(micros).unwrap_or(edge))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub fn unix_micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// Whole seconds since the Unix epoch, rounded towards it.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// This instant later by `duration`, or the latest one there is.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self::from_unix_micros(self.unix_micros().saturating_add(micros(duration)))
    }

    /// This instant earlier by `duration`, or the earliest one there is.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self::from_unix_micros(self.unix_micros().saturating_sub(micros(duration)))
    }

    /// How long after `earlier` this is; zero when it is not later.
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Duration {
        let micros = self.unix_micros().saturating_sub(earlier.unix_micros());
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

/// Times that are out of the range of years -9999 to 9999 become its end.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let bound = || match time < SystemTime::UNIX_EPOCH {
            true => jiff::Timestamp::MIN,
            false => jiff::Timestamp::MAX,
        };
        Self(jiff::Timestamp::try_from(time).unwrap_or_else(|_| bound()))
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

/// A date as a definition holds it: answered as stored, sorted by what it means.
///
/// Dates that cannot be read sort before all others; dates of the same instant by their text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct StoredDate {
    instant: Option<Timestamp>,
    text: Box<str>,
}

impl StoredDate {
    /// Reads `M/D/YY` (years 69 to 99 are of the 20th century, as POSIX has it), `M/D/YYYY` and
    /// ISO 8601. Any other text is kept without a meaning.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let trimmed = text.trim();
        let instant = parse_slashed(trimmed).or_else(|| Timestamp::parse(trimmed).ok());
        Self {
            instant,
            text: text.into(),
        }
    }

    /// The text as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the text means; a date without a time is midnight UTC.
    #[must_use]
    pub fn instant(&self) -> Option<Timestamp> {
        self.instant
    }
}

fn parse_slashed(text: &str) -> Option<Timestamp> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || ![month, day, year].into_iter().all(digits) {
        return None;
    }
    let year = match (year.len(), year.parse::<i16>().ok()?) {
        (2, short @ 69..) => 1900 + short,
        (2, short) => 2000 + short,
        (4, full) => full,
        _ => return None,
    };
    let date = civil::Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()?;
    let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(Timestamp(midnight))
}

impl Ord for StoredDate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.instant
            .cmp(&other.instant)
            .then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for StoredDate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for StoredDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<String> for StoredDate {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<StoredDate> for String {
    fn from(date: StoredDate) -> Self {
        date.text.into()
    }
}
