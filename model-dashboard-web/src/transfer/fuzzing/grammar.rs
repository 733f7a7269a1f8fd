//! Headers by the letter of the standards, for small inputs: `None` for whatever they do not write.

use super::RequestedRange;

const BLANKS: [char; 2] = [' ', '\t'];

const DIGITS_OF_BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A token (RFC 9110 §5.6.2), and what is behind it.
pub(super) fn token(text: &str) -> Option<(&str, &str)> {
    let is_in = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let end = text.find(|c| !is_in(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A string in quotation marks (RFC 9110 §5.6.4), and what is behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match rest.next()? {
            '"' => return Some((value, rest.as_str())),
            '\\' => value.push(rest.next()?),
            c => value.push(c),
        }
    }
}

/// A count of bytes.
pub(super) fn number(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.chars().try_fold(0_u64, |number, c| {
        let digit = u64::from(c.to_digit(10)?);
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Base64 with its padding (RFC 4648 §4), whose last bits are 0.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_usize, 0);
    for digit in digits.chars() {
        bits = bits << 6 | DIGITS_OF_BASE64.find(digit)?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.extend(u8::try_from(bits >> held));
            bits &= (1 << held) - 1;
        }
    }
    (padding < 3 && held == 2 * padding && bits == 0).then_some(bytes)
}

/// What `Upload-Metadata` says of an upload.
pub(super) fn pairs(text: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let mut pairs: Vec<(String, Vec<u8>)> = Vec::new();
    if text.trim_matches(BLANKS).is_empty() {
        return Some(pairs);
    }
    for pair in text.split(',') {
        let pair = pair.trim_matches(BLANKS);
        let (key, value) = pair.split_at(pair.find(' ').unwrap_or(pair.len()));
        let is_new = pairs.iter().all(|(known, _)| known != key);
        let value = base64(value.strip_prefix(' ').unwrap_or_default())?;
        (is_new && !key.is_empty()).then(|| pairs.push((key.to_owned(), value)))?;
    }
    Some(pairs)
}

/// The name that `Content-Disposition` gives (RFC 6266 §4), if it gives one.
pub(super) fn file_name(text: &str) -> Option<Option<String>> {
    let (_, mut rest) = token(text)?;
    let (mut seen, mut plain, mut extended) = (Vec::new(), None, None);
    loop {
        rest = rest.trim_start_matches(BLANKS);
        if rest.is_empty() {
            return Some(extended.or(plain));
        }
        let (name, behind) = token(rest.strip_prefix(';')?.trim_start_matches(BLANKS))?;
        let name = name.to_ascii_lowercase();
        let behind = behind.strip_prefix('=')?;
        let value;
        (value, rest) = match token(behind) {
            Some((value, behind)) => (value.to_owned(), behind),
            None if name.ends_with('*') => return None,
            None => quoted(behind)?,
        };
        match name.as_str() {
            "filename" => plain = Some(value),
            "filename*" => extended = Some(extended_value(&value)?),
            _ => {}
        }
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
    }
}

/// A value in UTF-8 with its language, if it says one (RFC 8187 §3.2).
fn extended_value(text: &str) -> Option<String> {
    let [charset, _, value] = text.split('\'').collect::<Vec<_>>().try_into().ok()?;
    if !charset.eq_ignore_ascii_case("UTF-8") {
        return None;
    }
    let (mut bytes, mut rest) = (Vec::new(), value.bytes());
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(match byte {
            b'%' => u8::try_from(digit()? * 16 + digit()?).ok()?,
            b'*' => return None,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The one range of bytes that is asked for (RFC 9110 §14.1.2) of so many; `None` also for one that
/// ends before it begins, both beyond any file.
pub(super) fn range(text: &str, size: u64) -> Option<RequestedRange> {
    let (unit, range) = token(text)?;
    let range = range.strip_prefix('=')?;
    let (first, last) = range.split_once('-')?;
    let place = |digits: &str| {
        let is_number = digits.len() < 39 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u128>().ok())
    };
    let whole = u128::from(size);
    let (start, end) = match (place(first)?, place(last)?) {
        _ if !unit.eq_ignore_ascii_case("bytes") => return Some(RequestedRange::Whole),
        (None, None) => return Some(RequestedRange::Whole),
        (None, Some(count)) => (whole - count.min(whole), whole),
        (Some(first), None) => (first, whole),
        (Some(first), Some(last)) if first > last => {
            return (last < u128::from(u64::MAX)).then_some(RequestedRange::Whole);
        }
        (Some(first), Some(last)) => (first, whole.min(last + 1)),
    };
    Some(match (u64::try_from(start), u64::try_from(end)) {
        (Ok(start), Ok(end)) if start < end => RequestedRange::Part(start..end),
        _ => RequestedRange::Unsatisfiable,
    })
}
