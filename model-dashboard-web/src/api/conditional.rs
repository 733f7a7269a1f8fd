//! Entity tags and preconditions (RFC 9110 §8.8.3 and §13).

use http::header::{HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use model_dashboard::dashboard::Error;
use model_dashboard::model::Version;
use model_dashboard::repository::Precondition;

use super::answer::Failure;

/// The strong entity tag of a definition.
pub(super) fn etag(version: &Version) -> String {
    format!("\"{version}\"")
}

/// [`etag`] as the value of a header.
pub(super) fn etag_header(version: &Version) -> HeaderValue {
    let mut tag = [b'"'; 34];
    tag[1..33].copy_from_slice(&version.digits());
    // Digits and quotation marks are a header value.
    HeaderValue::from_bytes(&tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The opaque tags of a list such as `"a", W/"b"`; `None` when a part of it is no entity tag.
fn tags(list: &str) -> Option<Vec<(bool, &str)>> {
    let mut rest = list.trim();
    let mut tags = Vec::new();
    while !rest.is_empty() {
        let weak = rest.starts_with("W/");
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let end = quoted.find('"')?;
        tags.push((weak, &quoted[..end]));
        rest = quoted[end + 1..].trim_start();
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(tags)
}

/// Whether `If-None-Match` names this tag (`etag` with its quotes): the answer is 304 then.
pub(crate) fn none_match(headers: &HeaderMap, etag: impl AsRef<[u8]>) -> bool {
    let etag = etag.as_ref();
    let opaque = match etag {
        [b'"', opaque @ .., b'"'] => opaque,
        other => other,
    };
    headers.get_all(IF_NONE_MATCH).iter().any(|value| {
        let text = value.to_str().unwrap_or_default();
        // Weak comparison (RFC 9110 §13.1.2).
        text.trim() == "*"
            || tags(text).is_some_and(|tags| tags.iter().any(|(_, tag)| tag.as_bytes() == opaque))
    })
}

/// What `If-Match` asks of a change of an existing model.
///
/// # Errors
/// [`Error::PreconditionRequired`] without the header, a bad request for one that holds no tag. A
/// tag that is none of ours, weak or one of several cannot match, which is a lost race and never an
/// overwrite.
pub(super) fn if_match(headers: &HeaderMap) -> Result<IfMatch, Failure> {
    let mut values = headers.get_all(IF_MATCH).iter();
    let Some(value) = values.next() else {
        return Err(Error::PreconditionRequired.into());
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" && values.next().is_none() {
        return Ok(IfMatch::Is(Precondition::Exists));
    }
    match tags(text).as_deref() {
        None | Some([]) => Err(Failure::bad_request(
            "If-Match must be an ETag with its quotation marks, as it was answered, or *",
        )),
        Some([(false, tag)]) if values.next().is_none() => Ok(Version::parse(tag)
            .map_or(IfMatch::Never, |version| {
                IfMatch::Is(Precondition::Version(version))
            })),
        _ => Ok(IfMatch::Never),
    }
}

/// A precondition as `If-Match` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// One that can hold.
    Is(Precondition),
    /// One that no state of ours fulfils.
    Never,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_list_of_tags_matches_weakly() {
        assert!(none_match(
            &headers("if-none-match", r#"W/"a", "b""#),
            "\"a\""
        ));
        assert!(none_match(&headers("if-none-match", "*"), "\"a\""));
        assert!(!none_match(&headers("if-none-match", r#""c""#), "\"a\""));
        assert!(!none_match(&headers("if-none-match", "a"), "\"a\""));
    }

    #[test]
    fn if_match_is_needed_and_never_widened() {
        let status = |refused: Result<IfMatch, Failure>| refused.unwrap_err().0.status;
        assert_eq!(status(if_match(&HeaderMap::new())), 428);
        let version = Version::of(b"x");
        let tag = etag(&version);
        assert_eq!(etag_header(&version), tag);
        let is = |precondition| IfMatch::Is(precondition);
        let read = |text: &str| if_match(&headers("if-match", text)).unwrap();
        assert_eq!(read(&tag), is(Precondition::Version(version)));
        assert_eq!(read("*"), is(Precondition::Exists));
        assert_eq!(read(&format!("W/{tag}")), IfMatch::Never);
        assert_eq!(read("\"older\""), IfMatch::Never);
        for malformed in ["", "nonsense", "\"", &tag.replace('"', "")] {
            let refused = if_match(&headers("if-match", malformed));
            assert_eq!(status(refused), 400, "{malformed}");
        }
    }
}
