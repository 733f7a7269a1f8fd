//! Ranges of bytes (RFC 9110 §14).

use std::ops::Range;

use http::HeaderMap;
use http::header::{IF_RANGE, RANGE};

/// What part of the bytes is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestedRange {
    /// All of them.
    Whole,
    /// These.
    Part(Range<u64>),
    /// Some that are not there.
    Unsatisfiable,
}

/// What a request for `size` bytes with this entity tag asks for. Several ranges at once, and what
/// is no range of bytes, get the whole, as the standard allows.
pub(super) fn requested_range(headers: &HeaderMap, size: u64, etag: &str) -> RequestedRange {
    let mut values = headers.get_all(RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return RequestedRange::Whole;
    };
    // A date is none of ours, and a weak tag never matches (RFC 9110 §13.1.5).
    let is_same = |tag: &http::HeaderValue| tag.as_bytes().trim_ascii() == etag.as_bytes();
    if !headers.get(IF_RANGE).is_none_or(is_same) {
        return RequestedRange::Whole;
    }
    let text = value.to_str().unwrap_or_default();
    part(text, size).unwrap_or(RequestedRange::Whole)
}

fn part(text: &str, size: u64) -> Option<RequestedRange> {
    let (unit, range) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // More than any file has is the end.
        plain.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    let range = match (first, last) {
        ("", last) => size.saturating_sub(number(last)?)..size,
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    Some(match range.is_empty() {
        true => RequestedRange::Unsatisfiable,
        false => RequestedRange::Part(range),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn asked(range: &str, if_range: Option<&str>) -> RequestedRange {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, range.parse().unwrap());
        if let Some(tag) = if_range {
            headers.insert(IF_RANGE, tag.parse().unwrap());
        }
        requested_range(&headers, 1000, "\"tag\"")
    }

    #[test]
    fn one_range_is_answered() {
        for (text, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-499", 0..500),
            ("Bytes=500-", 500..1000),
            ("bytes=-200", 800..1000),
            ("bytes=-2000", 0..1000),
            ("bytes=990-99999999999999999999999", 990..1000),
        ] {
            assert_eq!(asked(text, None), RequestedRange::Part(range), "{text}");
        }
        for text in [
            "bytes=1000-",
            "bytes=1000-1001",
            "bytes=-0",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(asked(text, None), RequestedRange::Unsatisfiable, "{text}");
        }
        for text in [
            "bytes=0-1,5-6",
            "bytes=5-4",
            "bytes=-",
            "bytes",
            "lines=1-2",
            "bytes=+1-2",
        ] {
            assert_eq!(asked(text, None), RequestedRange::Whole, "{text}");
        }
    }

    #[test]
    fn a_range_of_other_bytes_gets_the_whole() {
        assert_eq!(
            asked("bytes=5-", Some("\"tag\"")),
            RequestedRange::Part(5..1000)
        );
        for tag in ["\"other\"", "W/\"tag\"", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(asked("bytes=5-", Some(tag)), RequestedRange::Whole, "{tag}");
        }
    }

    proptest! {
        #[test]
        fn what_is_answered_lies_within(text in "(bytes=)?[0-9,= -]{0,24}", size in any::<u64>()) {
            if let Some(RequestedRange::Part(range)) = part(&text, size) {
                prop_assert!(range.start < range.end && range.end <= size);
            }
        }
    }
}
