//! JSON as frameworks write it, within bounds.

use std::io::{self, Read};

use serde_json::Value;

use super::FormatError;
use super::error::shown;

/// Why JSON was refused: its bytes could not be had, or it is none.
pub(super) fn refused(what: &str, error: serde_json::Error) -> FormatError {
    if error.is_io() {
        let error = io::Error::from(error);
        return match error.kind() {
            io::ErrorKind::InvalidData => FormatError::malformed(error.to_string()),
            io::ErrorKind::UnexpectedEof => FormatError::Truncated,
            _ => FormatError::Source(error),
        };
    }
    FormatError::malformed(format!("{what}: {}", shown(&error.to_string())))
}

/// A stream of JSON whose texts are not longer than is allowed: the parser keeps each in memory.
pub(super) struct ShortTexts<R> {
    inner: R,
    longest: usize,
    state: State,
    length: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Inside,
    Escaped,
}

impl State {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Outside, b'"') | (Self::Escaped, _) => Self::Inside,
            (Self::Inside, b'"') => Self::Outside,
            (Self::Inside, b'\\') => Self::Escaped,
            _ => self,
        }
    }
}

impl<R: Read> ShortTexts<R> {
    pub(super) fn new(inner: R, longest: usize) -> Self {
        Self {
            inner,
            longest,
            state: State::Outside,
            length: 0,
        }
    }
}

impl<R: Read> Read for ShortTexts<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        for byte in buffer.iter().take(count) {
            self.state = self.state.after(*byte);
            self.length = match self.state {
                State::Outside => 0,
                _ => self.length + 1,
            };
            if self.length > self.longest {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "it holds a text that is longer than is read",
                ));
            }
        }
        Ok(count)
    }
}

/// Parses JSON as Python's `json` does: of two equal keys the last counts, and `NaN` and `Infinity`
/// are numbers. Here they are 0.
pub(super) fn parse(what: &str, mut bytes: Vec<u8>) -> Result<Value, FormatError> {
    without_names_of_numbers(&mut bytes);
    serde_json::from_slice(&bytes).map_err(|error| refused(what, error))
}

/// Writes 0 over `NaN`, `Infinity` and `-Infinity` outside of texts.
fn without_names_of_numbers(bytes: &mut [u8]) {
    let mut state = State::Outside;
    let mut at = 0;
    while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty()) {
        let number = [&b"NaN"[..], b"-Infinity", b"Infinity"]
            .into_iter()
            .find(|name| state == State::Outside && rest.starts_with(name));
        if let Some(name) = number {
            rest[..name.len()].fill(b' ');
            rest[0] = b'0';
            at += name.len();
        } else {
            state = state.after(rest[0]);
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_of_numbers_are_none_and_texts_stay() {
        let json = br#"{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \" Infinity", "c": 1}"#;
        let value = parse("it", json.to_vec()).unwrap();
        assert_eq!(value.to_string(), r#"{"a":0,"b":[0,0],"c":1}"#);
        let error = parse("it", b"{NaNcy}".to_vec()).unwrap_err();
        assert!(matches!(error, FormatError::Malformed(_)), "{error}");
    }

    #[test]
    fn texts_are_measured_across_reads() {
        let read = |json: &str, longest| {
            let mut texts = ShortTexts::new(json.as_bytes(), longest);
            io::read_to_string(&mut texts).map_err(|error| error.kind())
        };
        assert!(read(r#"{"a\"b": "c"}"#, 5).is_ok());
        let error = read(r#"{"a\"b": "c"}"#, 4).unwrap_err();
        assert_eq!(error, io::ErrorKind::InvalidData);
    }
}
