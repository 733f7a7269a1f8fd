//! Numbers as pickles write them.

use super::opcode::Number;

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Read<'a> {
    Bool(bool),
    Int(i64),
    /// In digits, for what has more than 64 bits; the first of them is not 0.
    Digits {
        negative: bool,
        digits: &'a str,
    },
    Float(f64),
    /// A number that Python reads and that is not read here, as one with `0x`.
    Other,
}

/// The number in a line; `None` if it cannot be one: of protocol 0, for which reading it wrongly is
/// an error.
pub(super) fn in_line(line: &[u8], kind: Number) -> Option<Read<'_>> {
    let line = line.trim_ascii();
    match (kind, line) {
        (Number::Int, b"00") => return Some(Read::Bool(false)),
        (Number::Int, b"01") => return Some(Read::Bool(true)),
        _ => {}
    }
    let words: [&[u8]; 6] = [b"inf", b"-inf", b"nan", b"+inf", b"infinity", b"-infinity"];
    let character = |byte: &u8| byte.is_ascii_digit() || b"+-._eEL".contains(byte);
    let is_number = line.iter().all(character) && line.iter().any(u8::is_ascii_digit);
    if !is_number && !words.contains(&line) {
        return None;
    }
    let text = std::str::from_utf8(line).ok()?;
    if kind == Number::Float {
        return Some(text.parse().map_or(Read::Other, Read::Float));
    }
    let text = text.strip_suffix('L').unwrap_or(text);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    Some(match text.parse() {
        Ok(number) => Read::Int(number),
        Err(_) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Read::Digits {
            negative: text.starts_with('-'),
            digits: digits.trim_start_matches('0'),
        },
        Err(_) => Read::Other,
    })
}

/// A number as Python's `int` reads it: blanks around it, a sign, underscores between digits.
pub(super) fn place(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    digits.replace('_', "").parse().ok()
}

/// A number in two's complement, the lowest byte first; `None` above 128 bits.
pub(super) fn in_bytes(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.last().is_some_and(|byte| *byte > 0x7f);
    let mut all = [if negative { 0xff } else { 0 }; 16];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i128::from_le_bytes(all))
}
