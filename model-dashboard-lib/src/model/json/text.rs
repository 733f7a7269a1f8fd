//! Rewriting the white space of JSON text that is known to be valid, and single strings.

use memchr::memchr2;

/// The widest list that is shown on one line, in bytes.
const ONE_LINE: usize = 72;

/// Reads a JSON string with its quotes; `None` for any other value.
pub(in crate::model) fn decode_string(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw).ok()
    } else {
        Some(inner.to_owned())
    }
}

/// Writes a JSON string with its quotes.
pub(in crate::model) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Writes a list of strings.
pub(in crate::model) fn quote_all(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

/// The length of the string that `text` starts with, quotes included.
fn string_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(run) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += run;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// The length of the value that `text` starts with.
pub(super) fn value_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&b) = bytes.get(at) {
        match b {
            b'"' => at += string_len(&text[at..]),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                at += 1;
            }
            // Scalars end here; inside lists and objects these separate.
            b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return at,
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

/// Hands out the text without white space between tokens, in pieces as long as possible.
pub(in crate::model) fn minify(text: &str, out: &mut impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        if bytes[at] == b'"' {
            at += string_len(&text[at..]);
        } else if is_space(bytes[at]) {
            if start < at {
                out(&text[start..at]);
            }
            at += 1;
            start = at;
        } else {
            at += 1;
        }
    }
    if start < bytes.len() {
        out(&text[start..]);
    }
}

/// How many times longer a text may become by being laid out.
const GROWTH: usize = 8;

/// Lays the text out with two spaces for each level. Empty lists and objects, and lists of scalars
/// that fit, stay on one line. So does the whole of a text that would grow beyond measure, as one
/// that is nested hundreds of levels deep does.
pub(super) fn pretty(text: &str) -> String {
    let mut compact = String::with_capacity(text.len());
    minify(text, &mut |piece| compact.push_str(piece));
    let mut out = String::with_capacity(compact.len() * 2);
    let mut depth = 0;
    let mut rest = compact.as_str();
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    // Short texts may grow as they like.
    let most = compact.len().max(1024) * GROWTH;
    while let Some(&first) = rest.as_bytes().first() {
        if out.len() > most {
            return compact;
        }
        let mut taken = 1;
        match first {
            b'"' => {
                taken = string_len(rest);
                out.push_str(&rest[..taken]);
            }
            b'{' | b'[' if matches!(rest.as_bytes().get(1), Some(b'}' | b']')) => {
                taken = 2;
                out.push_str(&rest[..taken]);
            }
            b'[' if let Some(len) = short_list(rest) => {
                taken = len;
                push_list(&mut out, &rest[..len]);
            }
            b'{' | b'[' => {
                depth += 1;
                out.push(char::from(first));
                new_line(&mut out, depth);
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(char::from(first));
            }
            b',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            b':' => out.push_str(": "),
            // A number or literal; everything else that JSON has is ASCII punctuation or quoted.
            _ => {
                taken = rest.find([',', '}', ']']).unwrap_or(rest.len());
                out.push_str(&rest[..taken]);
            }
        }
        rest = &rest[taken..];
    }
    out
}

/// The length of the list that `text` starts with, if it holds scalars only and fits on a line.
fn short_list(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < ONE_LINE {
        match bytes.get(at)? {
            b']' => return Some(at + 1),
            b'[' | b'{' => return None,
            b'"' => at += string_len(&text[at..]),
            _ => at += 1,
        }
    }
    None
}

/// Writes a list of scalars with a space after each comma.
fn push_list(out: &mut String, list: &str) {
    let mut rest = list;
    while let Some(&first) = rest.as_bytes().first() {
        let taken = if first == b'"' {
            string_len(rest)
        } else {
            rest.find(['"', ',']).unwrap_or(rest.len()).max(1)
        };
        out.push_str(&rest[..taken]);
        if first == b',' {
            out.push(' ');
        }
        rest = &rest[taken..];
    }
}
