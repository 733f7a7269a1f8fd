//! Text as protocol 0 writes it, with escapes, and as later ones do.

use super::Problem;

/// The bytes that a line of STRING stands for (CPython, `_PyBytes_DecodeEscape`).
pub(super) fn unescape_string(line: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(line.len());
    let mut rest = line;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let [escape, after @ ..] = rest else {
            return Err(Problem::Malformed);
        };
        rest = after;
        let byte = match escape {
            b'\\' | b'\'' | b'"' => *escape,
            b'a' => 0x07,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'0'..=b'7' => {
                let mut value = u32::from(escape - b'0');
                for _ in 0..2 {
                    let [digit @ b'0'..=b'7', after @ ..] = rest else {
                        break;
                    };
                    value = value * 8 + u32::from(digit - b'0');
                    rest = after;
                }
                // Of three digits, the lowest eight bits count.
                value as u8
            }
            b'x' => {
                let value = hexadecimal(rest, 2)?;
                rest = rest.get(2..).unwrap_or_default();
                value as u8
            }
            // What is no escape stays as it is.
            _ => {
                bytes.push(b'\\');
                *escape
            }
        };
        bytes.push(byte);
    }
    Ok(bytes)
}

/// The text that a line of UNICODE stands for: Latin-1, with two kinds of escapes (CPython,
/// `_PyUnicode_DecodeRawUnicodeEscapeStateful`). `None` if it holds half a character, which is no
/// text here.
pub(super) fn unescape_unicode(line: &[u8]) -> Result<Option<String>, Problem> {
    let mut text = Some(String::with_capacity(line.len()));
    let mut push = |c: Option<char>| match (c, &mut text) {
        (Some(c), Some(text)) => text.push(c),
        _ => text = None,
    };
    let mut rest = line;
    while let [first, after @ ..] = rest {
        rest = after;
        let (b'\\', [escape, after @ ..]) = (first, rest) else {
            push(Some(char::from(*first)));
            continue;
        };
        rest = after;
        let count = match escape {
            b'u' => 4,
            b'U' => 8,
            _ => {
                push(Some('\\'));
                push(Some(char::from(*escape)));
                continue;
            }
        };
        let value = hexadecimal(rest, count)?;
        if value > u32::from(char::MAX) {
            return Err(Problem::Malformed);
        }
        rest = rest.get(count..).unwrap_or_default();
        push(char::from_u32(value));
    }
    Ok(text)
}

/// The number in so many hexadecimal digits.
fn hexadecimal(text: &[u8], digits: usize) -> Result<u32, Problem> {
    let digits = text.get(..digits).ok_or(Problem::Malformed)?;
    digits.iter().try_fold(0_u32, |value, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or(Problem::Malformed)?;
        Ok(value << 4 | digit)
    })
}

/// Whether bytes are UTF-8, halves of characters (surrogates) allowed, as Python's `surrogatepass`
/// reads it.
pub(super) fn is_python_utf8(mut bytes: &[u8]) -> bool {
    while let Err(error) = std::str::from_utf8(bytes) {
        bytes = match bytes.get(error.valid_up_to()..) {
            Some([0xed, 0xa0..=0xbf, 0x80..=0xbf, rest @ ..]) => rest,
            _ => return false,
        };
    }
    true
}
