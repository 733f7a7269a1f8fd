//! What is tried with headers by chance: by the fuzzer, and in tests with what it found. What is read
//! is held against another reading, which takes only what the standards write.
#![allow(clippy::expect_used, clippy::panic)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_DISPOSITION, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::download::disposition;
use super::headers::{
    METHOD_OVERRIDE, Metadata, TUS_RESUMABLE, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, count,
    method_override, speaks_version,
};
use super::naming::file_name;
use super::range::{RequestedRange, requested_range};

mod grammar;
#[cfg(test)]
mod tests;

/// The entity tag of the bytes that ranges are of.
const ETAG: &str = "\"tag\"";

/// The headers of a request: after a byte that says how large a file is, one a line, named by its first
/// byte (`0` to `7`).
pub fn tus_headers(data: &[u8]) {
    let Some((&bits, lines)) = data.split_first() else {
        return;
    };
    let size = u64::MAX.checked_shr(u32::from(bits) % 65).unwrap_or(0);
    let names = [
        UPLOAD_LENGTH,
        UPLOAD_OFFSET,
        UPLOAD_METADATA,
        METHOD_OVERRIDE,
        TUS_RESUMABLE,
        CONTENT_DISPOSITION,
        RANGE,
        IF_RANGE,
    ];
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some((&name, value)) = line.split_first() else {
            continue;
        };
        let name = &names[usize::from(name) % names.len()];
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    for name in [UPLOAD_LENGTH, UPLOAD_OFFSET] {
        counted(&headers, &name);
    }
    described(&headers);
    overridden(&headers);
    named(&headers);
    ranged(&headers, size);
}

/// The values of a header that are text, if all are.
fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Vec<&'a str>> {
    let values = headers.get_all(name).iter();
    values.map(|value| value.to_str().ok()).collect()
}

fn one(name: HeaderName, value: &str) -> HeaderMap {
    let value = HeaderValue::from_str(value).expect("what is written is a header");
    HeaderMap::from_iter([(name, value)])
}

fn counted(headers: &HeaderMap, name: &HeaderName) {
    let expected = match texts(headers, name).as_deref() {
        Some([]) => Some(None),
        Some([text]) => grammar::number(text).map(Some),
        _ => None,
    };
    assert_eq!(count(headers, name).ok(), expected);
}

/// What is read is what the protocol says, and comes back when it is written.
fn described(headers: &HeaderMap) {
    let sent = texts(headers, &UPLOAD_METADATA);
    let expected = match sent.as_deref() {
        Some([]) => Some(Vec::new()),
        Some([text]) => grammar::pairs(text),
        _ => None,
    };
    let read = Metadata::read(headers).ok();
    assert_eq!(read.as_ref().map(|read| &read.pairs), expected.as_ref());
    let Some(read) = read else { return };
    // HEAD tells it as it came.
    let told = HeaderValue::from_str(&read.text).expect("it was a header");
    assert!(headers.get(UPLOAD_METADATA).is_none_or(|sent| told == sent));
    let pairs = read.pairs.iter();
    let pairs: Vec<String> = pairs
        .map(|(key, value)| format!("{key} {}", STANDARD.encode(value)))
        .collect();
    let again = Metadata::read(&one(UPLOAD_METADATA, &pairs.join(",")));
    assert_eq!(again.expect("what is written").pairs, read.pairs);
    if let Some(name) = read.file_name() {
        told_again(&name);
    }
}

fn overridden(headers: &HeaderMap) {
    let expected = match texts(headers, &METHOD_OVERRIDE).as_deref() {
        Some([]) => Some(None),
        Some([text]) => (grammar::token(text) == Some((text, ""))).then_some(Some(*text)),
        _ => None,
    };
    let read = method_override(headers).ok();
    let read = read
        .as_ref()
        .map(|read| read.as_ref().map(|method| method.as_str()));
    assert_eq!(read, expected);
    let is_ours = texts(headers, &TUS_RESUMABLE).is_some_and(|texts| texts == ["1.0.0"]);
    assert_eq!(speaks_version(headers), is_ours);
}

/// What the standard writes is read as it says, and any name that is read is told so that it is read
/// again.
fn named(headers: &HeaderMap) {
    let read = file_name(headers);
    let Some(value) = headers.get(CONTENT_DISPOSITION) else {
        assert_eq!(read, Ok(None));
        return;
    };
    let text = std::str::from_utf8(value.as_bytes());
    if let Some(expected) = text.ok().and_then(grammar::file_name) {
        assert_eq!(read.clone().ok().flatten(), expected);
    }
    if let Ok(name) = read {
        told_again(&name.expect("a name or an error"));
    }
}

fn told_again(name: &str) {
    let text = disposition(name);
    let expected = Some(name.to_owned());
    assert_eq!(grammar::file_name(&text), Some(expected.clone()));
    assert_eq!(file_name(&one(CONTENT_DISPOSITION, &text)), Ok(expected));
}

/// A part has bytes, lies within the file, and is what the standard says.
fn ranged(headers: &HeaderMap, size: u64) {
    let read = requested_range(headers, size, ETAG);
    if let RequestedRange::Part(range) = &read {
        assert!(range.start < range.end && range.end <= size);
    }
    let is_other = headers
        .get(IF_RANGE)
        .is_some_and(|tag| tag.as_bytes().trim_ascii() != ETAG.as_bytes());
    match texts(headers, &RANGE).as_deref() {
        Some([text]) if !is_other => {
            if let Some(expected) = grammar::range(text, size) {
                assert_eq!(read, expected);
            }
        }
        _ => assert_eq!(read, RequestedRange::Whole),
    }
}
