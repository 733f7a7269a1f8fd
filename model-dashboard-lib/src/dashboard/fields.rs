//! Checks of what people type, and names like what they meant.

use std::ops::RangeInclusive;

use super::Error;

/// The longest reason for a change, in characters.
pub const MAX_MESSAGE_CHARS: usize = 500;

/// One line of text, trimmed, with this many characters.
pub(super) fn text_field(
    field: &str,
    text: &str,
    length: RangeInclusive<usize>,
) -> Result<String, Error> {
    let text = text.trim();
    let count = text.chars().count();
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(
            field,
            "must be one line without control characters",
        ));
    }
    if count < *length.start() {
        return Err(Error::invalid(field, "must not be empty"));
    }
    if count > *length.end() {
        let message = format!("has {count} characters; at most {}", length.end());
        return Err(Error::invalid(field, message));
    }
    Ok(text.to_owned())
}

/// The reason for a change, trimmed; line breaks are kept.
pub(super) fn message_field(text: &str) -> Result<String, Error> {
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Error::invalid(
            "message",
            "must not hold control characters",
        ));
    }
    let count = text.chars().count();
    if count > MAX_MESSAGE_CHARS {
        let message = format!("has {count} characters; at most {MAX_MESSAGE_CHARS}");
        return Err(Error::invalid("message", message));
    }
    Ok(text)
}

/// How much of a name is compared, in characters: no new name has more than twice as many, and
/// what was asked for may be as long as a request.
const COMPARED: usize = 64;

/// Up to three names that `given` may have been meant for.
pub(super) fn near_names<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let folded = |name: &str| -> String {
        let start = name.chars().take(COMPARED);
        start.flat_map(char::to_lowercase).collect()
    };
    let given = folded(given);
    let likeness = |name: &str| strsim::jaro_winkler(&given, &folded(name));
    let mut near: Vec<(f64, &str)> = names.map(|name| (likeness(name), name)).collect();
    near.retain(|(likeness, _)| *likeness > 0.8);
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    near.into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}
