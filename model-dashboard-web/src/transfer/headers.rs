//! The headers of tus 1.0 (<https://tus.io/protocols/resumable-upload>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model_dashboard::model::Timestamp;

pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
pub(super) const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(super) const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub(super) const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// The version of the protocol.
pub(super) const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");

/// What is there of its extensions.
pub(super) const EXTENSIONS: HeaderValue =
    HeaderValue::from_static("creation,creation-with-upload,expiration,termination");

/// The type of a body of bytes for an upload.
pub(super) const OFFSET_STREAM: &str = "application/offset+octet-stream";

/// A header cannot be understood: which, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadHeader {
    name: HeaderName,
    expected: &'static str,
}

impl std::fmt::Display for BadHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let BadHeader { name, expected } = self;
        write!(f, "the header {name} must be {expected}")
    }
}

/// The one value of a header; `None` without it.
fn one<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    expected: &'static str,
) -> Result<Option<&'a str>, BadHeader> {
    let bad = || BadHeader {
        name: name.clone(),
        expected,
    };
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| bad()),
        (Some(_), Some(_)) => Err(bad()),
    }
}

/// A count of bytes: decimal digits alone. `None` without the header.
pub(super) fn count(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, BadHeader> {
    let expected = "a number of bytes, once, in decimal digits";
    let Some(text) = one(headers, name, expected)? else {
        return Ok(None);
    };
    // The parser of numbers would take a sign.
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let count = text.parse().ok().filter(|_| digits);
    count.map(Some).ok_or_else(|| BadHeader {
        name: name.clone(),
        expected,
    })
}

/// Whether the client speaks this version.
pub(super) fn speaks_version(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(TUS_RESUMABLE).iter();
    values.next() == Some(&VERSION) && values.next().is_none()
}

/// The method that counts, whatever the real one is; `None` if the real one does.
pub(super) fn method_override(headers: &HeaderMap) -> Result<Option<Method>, BadHeader> {
    let expected = "a method, once";
    let Some(text) = one(headers, &METHOD_OVERRIDE, expected)? else {
        return Ok(None);
    };
    let method = Method::from_bytes(text.as_bytes());
    method.map(Some).map_err(|_| BadHeader {
        name: METHOD_OVERRIDE,
        expected,
    })
}

/// What a client says of an upload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    /// The header as it was sent.
    pub(super) text: String,
    pub(super) pairs: Vec<(String, Vec<u8>)>,
}

impl Metadata {
    /// Reads the header: pairs with commas between them, each a key and, behind one blank, its
    /// value in Base64.
    pub(super) fn read(headers: &HeaderMap) -> Result<Metadata, BadHeader> {
        let expected = "pairs of a key and, behind a blank, its value in Base64, with commas \
                        between them and no key twice";
        let bad = || BadHeader {
            name: UPLOAD_METADATA,
            expected,
        };
        let text = one(headers, &UPLOAD_METADATA, expected)?.unwrap_or_default();
        let mut pairs: Vec<(String, Vec<u8>)> = Vec::new();
        for pair in text.split(',').filter(|_| !text.trim().is_empty()) {
            let pair = pair.trim();
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            if key.is_empty() || pairs.iter().any(|(known, _)| known == key) {
                return Err(bad());
            }
            let value = STANDARD.decode(value).map_err(|_| bad())?;
            pairs.push((key.to_owned(), value));
        }
        Ok(Metadata {
            text: text.to_owned(),
            pairs,
        })
    }

    /// The name of the file, where the client says it: clients call it one or the other.
    pub(super) fn file_name(&self) -> Option<String> {
        let of = |name: &str| self.pairs.iter().find(|(key, _)| key == name);
        let (_, value) = of("filename").or_else(|| of("name"))?;
        Some(String::from_utf8_lossy(value).into_owned())
    }
}

/// A time as HTTP writes it (RFC 9110 §5.6.7).
pub(super) fn date(at: Timestamp) -> Option<HeaderValue> {
    let at = jiff::Timestamp::from_second(at.unix_seconds()).ok()?;
    let text = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn headers(name: &HeaderName, values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    fn counted(values: &[&[u8]]) -> Result<Option<u64>, BadHeader> {
        count(&headers(&UPLOAD_OFFSET, values), &UPLOAD_OFFSET)
    }

    fn metadata(text: &str) -> Result<Metadata, BadHeader> {
        Metadata::read(&headers(&UPLOAD_METADATA, &[text.as_bytes()]))
    }

    #[test]
    fn a_count_is_digits_alone() {
        assert_eq!(counted(&[]), Ok(None));
        assert_eq!(counted(&[b"0"]), Ok(Some(0)));
        let most = u64::MAX.to_string();
        assert_eq!(counted(&[most.as_bytes()]), Ok(Some(u64::MAX)));
        let wrong: [&[u8]; 8] = [
            b"",
            b"-1",
            b"+1",
            b"1.0",
            b"0x1",
            b"1 2",
            b"\xb2",
            b"18446744073709551616",
        ];
        for value in wrong {
            assert!(counted(&[value]).is_err(), "{value:?}");
        }
        assert!(counted(&[b"1", b"1"]).is_err());
    }

    #[test]
    fn metadata_is_read_as_the_protocol_says() {
        let read = metadata("filename d29ybGQ=,is_confidential").unwrap();
        assert_eq!(read.file_name().as_deref(), Some("world"));
        assert_eq!(read.pairs[1], ("is_confidential".to_owned(), vec![]));
        assert_eq!(metadata("").unwrap(), Metadata::default());
        let named = metadata("filetype eA==, name bQ==").unwrap();
        assert_eq!(named.file_name().as_deref(), Some("m"));
        for wrong in [",", "a b c", "a !!!!", "a YQ,", "a YQ", "a YQ==,a YQ=="] {
            assert!(metadata(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_method_that_counts_is_the_one_that_is_named() {
        let name = &METHOD_OVERRIDE;
        let named = |values: &[&[u8]]| method_override(&headers(name, values));
        assert_eq!(named(&[]), Ok(None));
        assert_eq!(named(&[b"PATCH"]), Ok(Some(Method::PATCH)));
        assert!(named(&[b""]).is_err());
        assert!(named(&[b"PATCH", b"DELETE"]).is_err());
    }

    #[test]
    fn times_are_written_as_http_does() {
        let at = Timestamp::parse("1994-11-06T08:49:37Z").unwrap();
        assert_eq!(date(at).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    proptest! {
        #[test]
        fn any_pairs_come_back(pairs in prop::collection::btree_map(
            "[!-+\\--~]{1,20}", prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let text: Vec<String> = pairs
                .iter()
                .map(|(key, value)| format!("{key} {}", STANDARD.encode(value)))
                .collect();
            let read = metadata(&text.join(",")).unwrap();
            let expected: Vec<_> = pairs.into_iter().collect();
            prop_assert_eq!(read.pairs, expected);
        }

        #[test]
        fn no_bytes_are_too_much(value in prop::collection::vec(any::<u8>(), 0..200)) {
            let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
            for name in [UPLOAD_METADATA, UPLOAD_OFFSET, METHOD_OVERRIDE, TUS_RESUMABLE] {
                let mut headers = HeaderMap::new();
                headers.append(&name, value.clone());
                let _ = Metadata::read(&headers);
                if let Ok(Some(number)) = count(&headers, &name) {
                    let digits = value.to_str().unwrap().trim_start_matches('0').to_owned();
                    let read = number.to_string();
                    prop_assert_eq!(read.trim_start_matches('0'), digits);
                }
                let _ = method_override(&headers);
                prop_assert_eq!(speaks_version(&headers), name == TUS_RESUMABLE && value == VERSION);
            }
        }
    }
}
