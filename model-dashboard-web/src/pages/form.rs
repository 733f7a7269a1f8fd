//! What a form sent.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use model_dashboard::model::MAX_DEFINITION_BYTES;

use crate::server::{BodyError, BodyLimits, RequestBody};

/// For forms that hold a definition, which grows to at most three times its size on the way
/// (percent-encoding). Only people who are signed in may send so much.
pub(super) const OF_DEFINITION: BodyLimits = BodyLimits::new(4 * MAX_DEFINITION_BYTES as u64);

/// For forms that anybody may send: a name and a password.
pub(super) const SMALL: BodyLimits = BodyLimits::new(16 << 10);

/// The most fields of a form: 10,000 labels, a number and a name each, and the rest.
const MOST_FIELDS: usize = 20_100;

/// The fields of a form, in order; a name can come several times.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body of `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// A body beyond the limits, or one that was not read to its end.
    pub(super) async fn read(body: RequestBody, limits: &BodyLimits) -> Result<Form, BodyError> {
        let bytes: Bytes = body.read(limits).await?;
        // Before anything is made of them: an empty field costs a byte on the way, and fifty here.
        if bytes.iter().filter(|byte| **byte == b'&').count() >= MOST_FIELDS {
            return Err(BodyError::TooManyFields { most: MOST_FIELDS });
        }
        Ok(Form::parse(&bytes))
    }

    /// Reads the text of such a body, or of a query.
    pub(super) fn parse(text: &[u8]) -> Form {
        Form(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first value of this name; empty if there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// The first value of this name, with the line ends of a text area as one character.
    pub(super) fn lines(&self, name: &str) -> String {
        self.text(name).replace("\r\n", "\n")
    }

    /// The first value of this name, if it was sent.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The same with one value of this name instead of those that were sent.
    pub(super) fn with(mut self, name: &str, value: String) -> Form {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_owned(), value));
        self
    }

    /// Everything that was sent.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Whether a request that changes something comes from a page of this site: browsers name its
/// origin. Where people reach the site by a `public` URL, only its origin is ours. Without one, it
/// is what a trusted proxy says, or the host that was asked. A client that names no origin is no
/// browser with a form.
pub(super) fn is_same_origin(
    headers: &HeaderMap,
    public: Option<&str>,
    proxy: Option<&str>,
) -> bool {
    if let Some(site) = headers
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok())
        && !matches!(site, "same-origin" | "none")
    {
        return false;
    }
    let Some(from) = headers.get(ORIGIN) else {
        return true;
    };
    let Ok(from) = from.to_str() else {
        return false;
    };
    if let Some(public) = public {
        return from == public;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let asked = || host.is_some_and(|host| from.split_once("://").is_some_and(|(_, a)| a == host));
    proxy == Some(from) || asked()
}

/// A local address to go to after signing in: a path on this site, below `base`.
pub(super) fn local_path<'a>(base: &str, next: &'a str) -> Option<&'a str> {
    let plain = |c: char| c.is_ascii_graphic() && c != '\\';
    // `//host` and `/\host` are other sites to a browser.
    let local = next.starts_with('/') && !next.starts_with("//") && next.chars().all(plain);
    let below = next
        .strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    (local && below && next.len() <= 2048).then_some(next)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_local_paths_are_gone_to() {
        for good in ["/", "/models/a/b?x=%2F", "/a%20b"] {
            assert_eq!(local_path("", good), Some(good));
        }
        let bad = [
            "",
            "//e",
            "/\\e",
            "https://e",
            "/a\r\nb",
            "/a b",
            "javascript:x",
            "/\te",
        ];
        for bad in bad {
            assert_eq!(local_path("", bad), None, "{bad:?}");
        }
        assert_eq!(local_path("/base", "/other"), None);
        assert_eq!(local_path("/base", "/base/x"), Some("/base/x"));
    }

    #[test]
    fn a_form_of_another_site_is_told() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs
                .iter()
                .map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()));
            pairs.collect::<HeaderMap>()
        };
        let host = ("host", "models.example.org");
        assert!(is_same_origin(&headers(&[host]), None, None));
        assert!(is_same_origin(
            &headers(&[host, ("origin", "https://models.example.org")]),
            None,
            None
        ));
        assert!(!is_same_origin(
            &headers(&[host, ("origin", "https://evil.example")]),
            None,
            None
        ));
        assert!(!is_same_origin(
            &headers(&[host, ("origin", "null")]),
            None,
            None
        ));
        assert!(!is_same_origin(
            &headers(&[host, ("sec-fetch-site", "cross-site")]),
            None,
            None
        ));
        let public = "https://public.example";
        let from = |origin| headers(&[host, ("origin", origin)]);
        assert!(is_same_origin(&from(public), Some(public), None));
        assert!(is_same_origin(&from(public), None, Some(public)));
        let inside = from("https://models.example.org");
        assert!(is_same_origin(&inside, None, Some(public)));
        assert!(
            !is_same_origin(&inside, Some(public), None),
            "with a public URL the host that was asked does not count"
        );
    }
}
