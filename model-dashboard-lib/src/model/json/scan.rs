//! One pass over JSON text with a stack of its own, so that no depth can overflow the thread's.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::error::{JsonError, JsonErrorKind};
use super::text::decode_string;
use super::view::{MemberView, last_wins};
use super::{DuplicateKeys, MAX_DEFINITION_BYTES, MAX_NESTING};

/// What is wrong at which byte.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) kind: JsonErrorKind,
    pub(super) message: String,
}

/// What a text of this size is told.
pub(in crate::model) fn too_large_message(bytes: u64) -> String {
    let limit = MAX_DEFINITION_BYTES >> 20;
    format!("{bytes} bytes are more than the limit of {limit} MiB")
}

/// Checks size and encoding, and drops a byte order mark.
pub(super) fn check_text(bytes: &[u8]) -> Result<&str, JsonError> {
    let fault = |offset, kind, message: String| Fault {
        offset,
        kind,
        message,
    };
    if bytes.len() > MAX_DEFINITION_BYTES {
        let message = too_large_message(bytes.len() as u64);
        return Err(JsonError::at(
            "",
            fault(0, JsonErrorKind::TooLarge, message),
        ));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        let message = "the text is UTF-16; save it as UTF-8".to_owned();
        return Err(JsonError::at("", fault(0, JsonErrorKind::NotUtf8, message)));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        let message = "the text is not UTF-8 here".to_owned();
        JsonError::at(valid, fault(valid.len(), JsonErrorKind::NotUtf8, message))
    })
}

/// Checks bytes that must be a definition, and finds the members of it.
pub(super) fn definition(
    bytes: &[u8],
    duplicates: DuplicateKeys,
) -> Result<(&str, Vec<MemberView<'_>>), JsonError> {
    let text = check_text(bytes)?;
    match object(text, duplicates, MAX_NESTING) {
        Ok(members) => Ok((text, members)),
        Err(fault) => Err(JsonError::at(text, fault)),
    }
}

/// Checks a text that must be one object, and finds the members of it.
pub(super) fn object(
    text: &str,
    duplicates: DuplicateKeys,
    max_depth: usize,
) -> Result<Vec<MemberView<'_>>, Fault> {
    let mut scanner = Scanner::new(text, duplicates, max_depth);
    scanner.skip_space();
    match scanner.peek() {
        None | Some(b'{') => {}
        Some(_) => {
            // A text that is not JSON at all is better told so.
            let start = scanner.at;
            scanner.run()?;
            return Err(Fault {
                offset: start,
                kind: JsonErrorKind::NotAnObject,
                message: "expected an object, { … }".to_owned(),
            });
        }
    }
    scanner.run()?;
    let mut members = scanner.members;
    if duplicates == DuplicateKeys::LastWins {
        last_wins(&mut members);
    }
    Ok(members)
}

/// Checks a text that must be one value of any kind, and finds it between white space.
pub(super) fn value(
    text: &str,
    duplicates: DuplicateKeys,
    max_depth: usize,
) -> Result<Range<usize>, Fault> {
    Scanner::new(text, duplicates, max_depth).run()
}

enum Level<'a> {
    Array,
    Object { seen: Option<HashSet<Cow<'a, str>>> },
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    duplicates: DuplicateKeys,
    max_depth: usize,
    levels: Vec<Level<'a>>,
    members: Vec<MemberView<'a>>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, duplicates: DuplicateKeys, max_depth: usize) -> Self {
        Self {
            text,
            at: 0,
            duplicates,
            max_depth,
            levels: Vec::new(),
            members: Vec::new(),
        }
    }

    /// Reads one value and nothing after it.
    fn run(&mut self) -> Result<Range<usize>, Fault> {
        self.skip_space();
        if self.peek().is_none() {
            return Err(self.fault(JsonErrorKind::Empty, "the text is empty"));
        }
        let start = self.at;
        let mut open = self.begin_value()?;
        loop {
            if !open {
                open = match self.levels.last() {
                    None => break,
                    Some(_) => self.continue_level()?,
                };
            } else {
                open = self.begin_value()?;
            }
        }
        let end = self.at;
        self.skip_space();
        match self.peek() {
            None => Ok(start..end),
            Some(_) => Err(self.syntax("nothing may follow the end of the JSON text")),
        }
    }

    /// Reads a scalar whole, or the beginning of a list or object. Says whether a value must
    /// follow (the list or object has a first one), or else this value is complete.
    fn begin_value(&mut self) -> Result<bool, Fault> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => {
                self.enter(Level::Object {
                    seen: (self.duplicates == DuplicateKeys::Refuse).then(HashSet::new),
                })?;
                if self.peek() == Some(b'}') {
                    self.leave();
                    return Ok(false);
                }
                self.read_key()?;
                Ok(true)
            }
            Some(b'[') => {
                self.enter(Level::Array)?;
                if self.peek() == Some(b']') {
                    self.leave();
                    return Ok(false);
                }
                Ok(true)
            }
            Some(b'"') => self.read_string().map(|_| false),
            Some(b'-' | b'0'..=b'9') => self.read_number().map(|()| false),
            Some(_) => self.read_word().map(|()| false),
            None => Err(self.truncated()),
        }
    }

    /// After a complete value inside a list or object: its end, or the step to the next value.
    fn continue_level(&mut self) -> Result<bool, Fault> {
        let end = self.at;
        if let ([Level::Object { .. }], Some(member)) = (&*self.levels, self.members.last_mut()) {
            member.value = &self.text[member.offset..end];
        }
        let in_object = matches!(self.levels.last(), Some(Level::Object { .. }));
        self.skip_space();
        match (self.peek(), in_object) {
            (Some(b','), _) => {
                self.at += 1;
                self.skip_space();
                match self.peek() {
                    Some(b'}' | b']') => Err(self.syntax("a comma must not stand before the end")),
                    None => Err(self.truncated()),
                    Some(_) if in_object => self.read_key().map(|()| true),
                    Some(_) => Ok(true),
                }
            }
            (Some(b'}'), true) | (Some(b']'), false) => {
                self.leave();
                Ok(false)
            }
            (None, _) => Err(self.truncated()),
            (Some(_), true) => Err(self.syntax("expected ',' or '}' after the value")),
            (Some(_), false) => Err(self.syntax("expected ',' or ']' after the value")),
        }
    }

    fn enter(&mut self, level: Level<'a>) -> Result<(), Fault> {
        if self.levels.len() == self.max_depth {
            let message = format!("nested deeper than {MAX_NESTING} levels");
            return Err(self.fault(JsonErrorKind::TooDeep, &message));
        }
        self.levels.push(level);
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn leave(&mut self) {
        self.levels.pop();
        self.at += 1;
    }

    /// Reads a key, the colon, and the space up to the value.
    fn read_key(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => {}
            None => return Err(self.truncated()),
            Some(b'\'') => return Err(self.syntax("keys stand in double quotes")),
            Some(_) => return Err(self.syntax("expected a key in double quotes")),
        }
        let start = self.at;
        let escaped = self.read_string()?;
        let key_text = start..self.at;
        let inner = &self.text[start + 1..self.at - 1];
        let decoded = if escaped {
            decode_string(&self.text[key_text.clone()])
        } else {
            None
        };
        let key = decoded.map_or(Cow::Borrowed(inner), Cow::Owned);
        let outermost = self.levels.len() == 1;
        if let Some(Level::Object { seen: Some(seen) }) = self.levels.last_mut()
            && !seen.insert(key.clone())
        {
            return Err(Fault {
                offset: start,
                kind: JsonErrorKind::DuplicateKey,
                message: format!("the key \"{}\" appears twice", shortened(&key)),
            });
        }
        self.skip_space();
        match self.peek() {
            Some(b':') => self.at += 1,
            None => return Err(self.truncated()),
            Some(_) => return Err(self.syntax("expected ':' after the key")),
        }
        self.skip_space();
        if outermost {
            let key_text = &self.text[key_text];
            self.members.push(MemberView {
                key,
                key_text,
                value: "",
                offset: self.at,
            });
        }
        Ok(())
    }

    /// Reads a string, and says whether it holds escapes.
    fn read_string(&mut self) -> Result<bool, Fault> {
        let mut escaped = false;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.read_escape()?;
                }
                Some(b'\n' | b'\r') => {
                    return Err(self.syntax("a string must end on its line; a line break is \\n"));
                }
                Some(0..0x20) => {
                    return Err(self.syntax("a string must not hold control characters"));
                }
                Some(_) => self.at += 1,
                None => return Err(self.truncated()),
            }
        }
    }

    fn read_escape(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                let lone = |offset| Fault {
                    offset,
                    kind: JsonErrorKind::Syntax,
                    message: "half of a surrogate pair is no character".to_owned(),
                };
                match self.read_hex()? {
                    0xDC00..0xE000 => Err(lone(start)),
                    0xD800..0xDC00 => {
                        let rest = &self.text.as_bytes()[self.at..];
                        if !rest.starts_with(b"\\u") {
                            return Err(if rest.len() < 2 {
                                self.truncated()
                            } else {
                                lone(start)
                            });
                        }
                        self.at += 1;
                        match self.read_hex()? {
                            0xDC00..0xE000 => Ok(()),
                            _ => Err(lone(start)),
                        }
                    }
                    _ => Ok(()),
                }
            }
            None => Err(self.truncated()),
            Some(_) => Err(self.syntax("JSON does not know this escape")),
        }
    }

    /// Reads `u` and four hexadecimal digits.
    fn read_hex(&mut self) -> Result<u32, Fault> {
        let mut value = 0;
        self.at += 1;
        for _ in 0..4 {
            let digit = self.peek().ok_or_else(|| self.truncated())?;
            let digit = char::from(digit)
                .to_digit(16)
                .ok_or_else(|| self.syntax("\\u needs four hexadecimal digits"))?;
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }

    /// Reads a number by the grammar of RFC 8259, section 6.
    fn read_number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let word = self.word();
        let rest = word.strip_prefix('-').unwrap_or(word);
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (rest, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let unsigned = |part: &str| digits(part.strip_prefix(['+', '-']).unwrap_or(part));
        let valid = digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_none_or(digits)
            && exponent.is_none_or(unsigned);
        if valid {
            self.at = start + word.len();
            return Ok(());
        }
        if rest.eq_ignore_ascii_case("infinity") || rest.eq_ignore_ascii_case("inf") {
            return Err(self.not_a_number(word));
        }
        if start + word.len() == self.text.len() {
            return Err(self.truncated());
        }
        Err(self.syntax(&format!("{} is not a number in JSON", shortened(word))))
    }

    /// Reads `true`, `false` or `null`, or says what stands there instead.
    fn read_word(&mut self) -> Result<(), Fault> {
        let word = self.word();
        match word {
            "true" | "false" | "null" => {
                self.at += word.len();
                Ok(())
            }
            "NaN" | "nan" | "Infinity" | "inf" => Err(self.not_a_number(word)),
            "True" | "False" => {
                let lower = word.to_ascii_lowercase();
                Err(self.syntax(&format!("{word} is written {lower} in JSON")))
            }
            "None" => Err(self.syntax("None is written null in JSON")),
            "" => Err(match self.peek() {
                Some(b'\'') => self.syntax("strings stand in double quotes"),
                Some(b'/') => self.syntax("JSON has no comments"),
                Some(b',' | b'}' | b']') => self.syntax("a value is missing"),
                _ => {
                    let found = self.text[self.at..].chars().next().unwrap_or_default();
                    self.syntax(&format!("expected a value, found {found:?}"))
                }
            }),
            _ => {
                let at_end = self.text[self.at + word.len()..].trim().is_empty();
                if at_end
                    && ["true", "false", "null"]
                        .iter()
                        .any(|full| full.starts_with(word))
                {
                    self.at += word.len();
                    return Err(self.truncated());
                }
                Err(self.syntax(&format!("{} is no JSON value", shortened(word))))
            }
        }
    }

    /// The run of characters that numbers and literals are made of.
    fn word(&self) -> &'a str {
        let rest = &self.text[self.at..];
        let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_');
        &rest[..rest.bytes().position(|b| !part(b)).unwrap_or(rest.len())]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fault(&self, kind: JsonErrorKind, message: &str) -> Fault {
        Fault {
            offset: self.at,
            kind,
            message: message.to_owned(),
        }
    }

    fn syntax(&self, message: &str) -> Fault {
        self.fault(JsonErrorKind::Syntax, message)
    }

    fn truncated(&self) -> Fault {
        Fault {
            offset: self.text.trim_end().len(),
            kind: JsonErrorKind::Truncated,
            message: "the text ends too early: it looks cut off".to_owned(),
        }
    }

    fn not_a_number(&self, word: &str) -> Fault {
        let message = format!("{word} is not a value in JSON; use null or a number");
        self.fault(JsonErrorKind::NotANumber, &message)
    }
}

/// A word for a message, cut to a length that a person reads.
fn shortened(word: &str) -> String {
    match word.char_indices().nth(30) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}
