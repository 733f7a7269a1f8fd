use std::time::Duration;

use crate::model::{StoredDate, Timestamp};

#[test]
fn times_are_read_in_every_shape_that_databases_hold() {
    for (text, printed) in [
        ("2026-01-15 09:30:00", "2026-01-15T09:30:00Z"),
        ("2026-02-03T02:00:01.000321", "2026-02-03T02:00:01.000321Z"),
        ("2026-01-15T10:30:00+01:00", "2026-01-15T09:30:00Z"),
        ("2026-01-15T09:30:00Z", "2026-01-15T09:30:00Z"),
        (
            "2026-01-15T09:30:00.123456789Z",
            "2026-01-15T09:30:00.123456Z",
        ),
        ("2026-01-15", "2026-01-15T00:00:00Z"),
    ] {
        assert_eq!(
            Timestamp::parse(text).unwrap().to_string(),
            printed,
            "{text}"
        );
    }
    for bad in [
        "",
        "yesterday",
        "2026-13-01",
        "2026-01-15T25:00:00Z",
        "10/1/25",
    ] {
        assert!(Timestamp::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_time_with_a_named_zone_is_refused_rather_than_misread() {
    assert!(Timestamp::parse("2026-07-01T10:00:00[Europe/Berlin]").is_err());
}

#[test]
fn times_can_be_moved_and_never_leave_their_range() {
    let start = Timestamp::parse("2026-01-15T09:30:00Z").unwrap();
    let hour = Duration::from_secs(3600);
    assert_eq!(start.plus(hour).to_string(), "2026-01-15T10:30:00Z");
    assert_eq!(start.plus(hour).minus(hour), start);
    assert_eq!(start.plus(hour).duration_since(start), hour);
    assert_eq!(start.duration_since(start.plus(hour)), Duration::ZERO);
    let latest = start.plus(Duration::MAX);
    assert_eq!(latest, latest.plus(hour));
    assert!(start.minus(Duration::MAX) < Timestamp::UNIX_EPOCH);
    assert_eq!(Timestamp::from_unix_micros(start.unix_micros()), start);
}

#[test]
fn now_has_no_more_than_microseconds() {
    let now = Timestamp::now();
    assert_eq!(Timestamp::parse(&now.to_string()), Ok(now));
}

#[test]
fn stored_dates_sort_by_what_they_mean_and_answer_what_was_stored() {
    let stored = [
        "2/3/26",
        "",
        "2026-02-03T02:00:01Z",
        "12/5/25",
        "2019-05-02",
        "soon",
        "8/20/25",
    ];
    let mut dates: Vec<StoredDate> = stored.into_iter().map(StoredDate::new).collect();
    dates.sort();
    let sorted: Vec<&str> = dates.iter().map(StoredDate::as_str).collect();
    assert_eq!(
        sorted,
        [
            "",
            "soon",
            "2019-05-02",
            "8/20/25",
            "12/5/25",
            "2/3/26",
            "2026-02-03T02:00:01Z"
        ]
    );
}

#[test]
fn slashed_dates_put_the_month_first() {
    let instant = |text| StoredDate::new(text).instant().map(|t| t.to_string());
    assert_eq!(instant("2/3/26").as_deref(), Some("2026-02-03T00:00:00Z"));
    assert_eq!(
        instant("12/31/2025").as_deref(),
        Some("2025-12-31T00:00:00Z")
    );
    assert_eq!(instant("1/1/70").as_deref(), Some("1970-01-01T00:00:00Z"));
    for unreadable in [
        "13/1/25", "1/32/25", "1/1/1/25", "1/1/5", "+1/1/25", "//", "2/30/26",
    ] {
        assert_eq!(instant(unreadable), None, "{unreadable}");
    }
}
