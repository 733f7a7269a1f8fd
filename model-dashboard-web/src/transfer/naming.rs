//! What the file of a body is called.

use http::HeaderMap;
use http::header::CONTENT_DISPOSITION;
use model_dashboard::package::extension_of;
use percent_encoding::percent_decode_str;

/// The name that `Content-Disposition` gives (RFC 6266), the extended one first; `None` without the
/// header, an error if it gives none.
pub(super) fn file_name(headers: &HeaderMap) -> Result<Option<String>, &'static str> {
    let expected = "Content-Disposition must be like: attachment; filename=\"model.zip\"";
    let Some(value) = headers.get(CONTENT_DISPOSITION) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| expected)?;
    let (mut plain, mut extended) = (None, None);
    let mut rest = text.split_once(';').map_or("", |(_, rest)| rest).trim();
    while !rest.is_empty() {
        let (name, behind) = rest.split_once('=').ok_or(expected)?;
        let (value, behind) = parameter(behind.trim_start()).ok_or(expected)?;
        match name.trim().to_ascii_lowercase().as_str() {
            "filename" => plain = Some(value),
            "filename*" => {
                // Between the two is a language, or nothing (RFC 8187).
                let (charset, behind) = value.split_once('\'').ok_or(expected)?;
                let (_, encoded) = behind.split_once('\'').ok_or(expected)?;
                let is_utf8 = charset.eq_ignore_ascii_case("utf-8");
                let decoded = percent_decode_str(encoded).decode_utf8().ok();
                extended = decoded.filter(|_| is_utf8).map(|name| name.into_owned());
            }
            _ => {}
        }
        rest = behind.trim_start().trim_start_matches(';').trim_start();
    }
    extended.or(plain).map(Some).ok_or(expected)
}

/// The value of a parameter, in quotation marks or not, and what is behind it.
fn parameter(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return Some((text[..end].trim().to_owned(), &text[end..]));
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((value, &quoted[at + 1..])),
            c => value.push(c),
        }
    }
    None
}

/// The name of a model with the extension of what begins so: loaders go by it.
pub(super) fn named_after(model: &str, beginning: &[u8]) -> String {
    match extension_of(beginning) {
        Some(extension) => format!("{model}.{extension}"),
        None => model.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn named(value: &str) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_DISPOSITION, value.parse().unwrap());
        file_name(&headers)
    }

    #[test]
    fn a_file_is_called_what_the_header_says() {
        assert_eq!(file_name(&HeaderMap::new()), Ok(None));
        for (value, name) in [
            ("attachment; filename=model.zip", "model.zip"),
            (
                "attachment; filename=\"a \\\"b\\\"; c.zip\"; x=y",
                "a \"b\"; c.zip",
            ),
            ("Inline;FileName = m.zip ; a=b", "m.zip"),
            (
                "attachment; filename=L.zip; filename*=UTF-8''L%C3%A4sion.zip",
                "Läsion.zip",
            ),
            ("attachment; filename*=utf-8''a%2Fb", "a/b"),
            (
                "attachment; filename*=UTF-8'de'L%C3%A4sion.zip",
                "Läsion.zip",
            ),
        ] {
            assert_eq!(named(value), Ok(Some(name.to_owned())), "{value}");
        }
        for value in [
            "attachment",
            "",
            "attachment; filename",
            "attachment; filename=\"a",
        ] {
            assert!(named(value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_file_without_a_name_is_called_as_its_bytes_say() {
        assert_eq!(named_after("Liver", b"PK\x03\x04"), "Liver.zip");
        assert_eq!(named_after("Liver", b"words"), "Liver");
    }
}
