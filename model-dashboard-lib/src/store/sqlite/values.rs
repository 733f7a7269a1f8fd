//! How values are written in the tables.

use std::str::FromStr;

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

use crate::model::Timestamp;

/// A time as it is written: UTC, ISO 8601, always with microseconds, no zone
/// (`2026-02-03T02:00:01.000321`). The earlier system and SQLite's own functions read this shape,
/// and such texts sort as the times do.
pub(super) struct Time(pub(super) Timestamp);

impl ToSql for Time {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(time_text(self.0).into())
    }
}

pub(super) fn time_text(time: Timestamp) -> String {
    // Within range: a `Timestamp` holds no other.
    let instant = jiff::Timestamp::from_microsecond(time.unix_micros()).unwrap_or_default();
    instant.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

/// Reads every shape that [`Timestamp::parse`] reads.
impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Time> {
        let parsed = Timestamp::parse(value.as_str()?);
        parsed
            .map(Time)
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// A time that other programs may have written: unreadable ones are `None`.
pub(super) struct LenientTime(pub(super) Option<Timestamp>);

impl FromSql for LenientTime {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<LenientTime> {
        Ok(LenientTime(
            Time::column_result(value).ok().map(|time| time.0),
        ))
    }
}

/// When something ends: null is never, and an end that cannot be read is long past.
pub(super) struct End(pub(super) Option<Timestamp>);

impl FromSql for End {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<End> {
        if value == ValueRef::Null {
            return Ok(End(None));
        }
        let LenientTime(time) = LenientTime::column_result(value)?;
        Ok(End(Some(time.unwrap_or(Timestamp::UNIX_EPOCH))))
    }
}

/// A value that is stored as the text it parses from.
pub(super) struct Parsed<T>(pub(super) T);

impl<T> FromSql for Parsed<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Parsed<T>> {
        let parsed = value.as_str()?.parse();
        parsed
            .map(Parsed)
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read<T: FromSql>(text: &str) -> T {
        T::column_result(ValueRef::Text(text.as_bytes()))
            .ok()
            .unwrap()
    }

    #[test]
    fn times_are_written_in_one_shape_that_sorts() {
        let texts = [
            "2026-01-15 09:30:00",
            "2026-02-03T02:00:01.000321",
            "2026-02-03T02:00:02",
        ]
        .map(|text| time_text(Timestamp::parse(text).unwrap()));
        assert_eq!(texts[0], "2026-01-15T09:30:00.000000");
        assert_eq!(texts[1], "2026-02-03T02:00:01.000321");
        assert!(texts.is_sorted());
        for text in texts {
            assert_eq!(time_text(read::<Time>(&text).0), text);
        }
    }

    #[test]
    fn an_end_that_cannot_be_read_is_past() {
        assert_eq!(read::<End>("soon").0, Some(Timestamp::UNIX_EPOCH));
        assert_eq!(
            End::column_result(ValueRef::Integer(5)).ok().unwrap().0,
            Some(Timestamp::UNIX_EPOCH)
        );
        assert_eq!(End::column_result(ValueRef::Null).ok().unwrap().0, None);
        assert_eq!(read::<LenientTime>("soon").0, None);
    }
}
