//! One pass over JSON text with a stack of its own, so that no depth can overflow the thread's.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::error::{JsonError, JsonErrorKind};
use super::token::shortened;
use super::view::{Member, key_of, last_wins};
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
) -> Result<(&str, Vec<Member<'_>>), JsonError> {
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
) -> Result<Vec<Member<'_>>, Fault> {
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

pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    /// The byte to be read next.
    pub(super) at: usize,
    duplicates: DuplicateKeys,
    max_depth: usize,
    levels: Vec<Level<'a>>,
    members: Vec<Member<'a>>,
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
            Some(b'"') => self.read_string().map(|()| false),
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
        self.read_string()?;
        let key_text = &self.text[start..self.at];
        let key = key_of(key_text);
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
            self.members.push(Member {
                key,
                key_text,
                value: "",
                offset: self.at,
            });
        }
        Ok(())
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    pub(super) fn fault(&self, kind: JsonErrorKind, message: &str) -> Fault {
        Fault {
            offset: self.at,
            kind,
            message: message.to_owned(),
        }
    }

    pub(super) fn syntax(&self, message: &str) -> Fault {
        self.fault(JsonErrorKind::Syntax, message)
    }

    pub(super) fn truncated(&self) -> Fault {
        Fault {
            offset: self.text.trim_end().len(),
            kind: JsonErrorKind::Truncated,
            message: "the text ends too early: it looks cut off".to_owned(),
        }
    }
}
