//! Strings, numbers and literals: the tokens that a value may be.

use super::error::JsonErrorKind;
use super::scan::{Fault, Scanner};

/// The bytes that cannot simply be part of a string: quote, backslash and control characters.
const ENDS_RUN: [bool; 256] = {
    let mut table = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = true;
        control += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

impl<'a> Scanner<'a> {
    /// Reads a string.
    pub(super) fn read_string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            self.at += rest
                .iter()
                .position(|&b| ENDS_RUN[usize::from(b)])
                .unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.read_escape()?,
                Some(b'\n' | b'\r') => {
                    return Err(self.syntax("a string must end on its line; a line break is \\n"));
                }
                Some(_) => {
                    return Err(self.syntax("a string must not hold control characters"));
                }
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
    pub(super) fn read_number(&mut self) -> Result<(), Fault> {
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
    pub(super) fn read_word(&mut self) -> Result<(), Fault> {
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
                Err(self.syntax(&format!("“{}” is no JSON value", shortened(word))))
            }
        }
    }

    /// The run of characters that numbers and literals are made of.
    fn word(&self) -> &'a str {
        let rest = &self.text[self.at..];
        let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_');
        &rest[..rest.bytes().position(|b| !part(b)).unwrap_or(rest.len())]
    }

    fn not_a_number(&self, word: &str) -> Fault {
        let message = format!("{word} is not a value in JSON; use null or a number");
        self.fault(JsonErrorKind::NotANumber, &message)
    }
}

/// A word for a message, cut to a length that a person reads.
pub(super) fn shortened(word: &str) -> String {
    match word.char_indices().nth(30) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}
