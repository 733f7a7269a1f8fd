//! The digest of a whole (RFC 9530).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use model_dashboard::model::ContentDigest;

/// The digest of what is represented, whatever part of it is sent.
pub(super) const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// The digest of what is sent.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// As a header tells it.
pub(super) fn repr_digest(digest: &ContentDigest) -> String {
    let digest = hex::decode(digest.to_hex()).unwrap_or_default();
    format!("sha-256=:{}:", STANDARD.encode(digest))
}

/// The SHA-256 that a request says of what it stands for, and of its body; where it says none, `None`.
/// Digests of other kinds do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SaidDigests {
    /// `Repr-Digest`: of the whole, also if it was sent before.
    pub(crate) whole: Option<ContentDigest>,
    /// `Content-Digest`: of the body of this request.
    pub(crate) body: Option<ContentDigest>,
}

impl SaidDigests {
    /// # Errors
    /// What is wrong, for one that is none.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, &'static str> {
        Ok(Self {
            whole: said(headers, &REPR_DIGEST)?,
            body: said(headers, &CONTENT_DIGEST)?,
        })
    }
}

fn said(headers: &HeaderMap, name: &HeaderName) -> Result<Option<ContentDigest>, &'static str> {
    let expected = "Repr-Digest and Content-Digest must be like: sha-256=:BASE64:";
    let mut said = None;
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| expected)?;
        for member in text.split(',') {
            let (kind, value) = member.split_once('=').ok_or(expected)?;
            if !kind.trim().eq_ignore_ascii_case("sha-256") {
                continue;
            }
            let encoded = value.trim().strip_prefix(':');
            let encoded = encoded.and_then(|it| it.strip_suffix(':'));
            let bytes = encoded.and_then(|it| STANDARD.decode(it).ok());
            let digest = bytes.map(|it| format!("sha256:{}", hex::encode(it)));
            // Of several the last one counts (RFC 8941 §3.2).
            said = Some(digest.and_then(|it| it.parse().ok()).ok_or(expected)?);
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn digest(byte: u8) -> ContentDigest {
        let text = format!("sha256:{}", hex::encode([byte; 32]));
        text.parse().unwrap()
    }

    #[test]
    fn a_digest_is_read_as_it_is_told() {
        let (one, other) = (repr_digest(&digest(1)), repr_digest(&digest(2)));
        for (value, expected) in [
            (one.clone(), Some(Some(digest(1)))),
            (format!("sha-512=:AAAA:, {one}"), Some(Some(digest(1)))),
            (one.replace("sha", "SHA"), Some(Some(digest(1)))),
            ("sha-512=:AAAA:".to_owned(), Some(None)),
            ("sha-256=:AAAA:".to_owned(), None),
            ("sha-256=AAAA".to_owned(), None),
            ("sha-256".to_owned(), None),
            (String::new(), None),
        ] {
            for name in [REPR_DIGEST, CONTENT_DIGEST] {
                let headers = HeaderMap::from_iter([(name.clone(), value.parse().unwrap())]);
                assert_eq!(said(&headers, &name).ok(), expected, "{value}");
            }
        }
        let both = [(REPR_DIGEST, one), (CONTENT_DIGEST, other)];
        let both = both.map(|(name, value)| (name, value.parse().unwrap()));
        let read = SaidDigests::read(&HeaderMap::from_iter(both)).unwrap();
        assert_eq!((read.whole, read.body), (Some(digest(1)), Some(digest(2))));
        let none = SaidDigests::read(&HeaderMap::new());
        assert_eq!(none, Ok(SaidDigests::default()));
    }
}
