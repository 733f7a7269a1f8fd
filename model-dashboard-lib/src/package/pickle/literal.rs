//! Numbers, texts and names, as they stand in a pickle.

use std::io::BufRead;

use super::arena::{Id, Slot};
use super::machine::Machine;
use super::opcode::{Index, Number, Text};
use super::{Problem, names, number, text};

/// The longest text that can be a name, in bytes.
const LONGEST_NAME: usize = 512;

/// The longest bytes that are kept where only names matter.
const SHORT: usize = 8;

/// The longest text and the longest bytes that are kept where values matter.
const LONGEST_TEXT: usize = 1 << 16;

impl<R: BufRead> Machine<'_, R> {
    pub(super) fn read_index(&mut self, index: Index) -> Result<u64, Problem> {
        match index {
            Index::Fixed(bytes) => self.input.number(bytes),
            Index::Line => number::place(&self.input.line()?).ok_or(Problem::Malformed),
        }
    }

    pub(super) fn read_long(&mut self, bytes: usize) -> Result<Slot, Problem> {
        let Some(bytes) = self.input.counted(bytes, size_of::<i128>())? else {
            return Ok(Slot::Unknown);
        };
        let number = number::in_bytes(&bytes).ok_or(Problem::Malformed)?;
        match i64::try_from(number) {
            Ok(number) => Ok(Slot::Int(number)),
            Err(_) => self.long_number(&number.to_string()),
        }
    }

    pub(super) fn read_number(&mut self, kind: Number) -> Result<Slot, Problem> {
        let line = self.input.line()?;
        match number::in_line(&line, kind).ok_or(Problem::Malformed)? {
            number::Read::Bool(value) => Ok(Slot::Bool(value)),
            number::Read::Int(number) => Ok(Slot::Int(number)),
            number::Read::Float(number) => Ok(Slot::Float(number)),
            number::Read::Digits { negative, digits } => {
                let sign = if negative { "-" } else { "" };
                self.long_number(&format!("{sign}{digits}"))
            }
            number::Read::Other => Ok(Slot::Unknown),
        }
    }

    fn long_number(&mut self, digits: &str) -> Result<Slot, Problem> {
        if !self.arena.keeps_elements || digits.len() > LONGEST_NAME {
            return Ok(Slot::Unknown);
        }
        self.arena.keep(digits.as_bytes()).map(Slot::LongInt)
    }

    pub(super) fn read_bytes(&mut self, bytes: usize) -> Result<Slot, Problem> {
        let longest = match self.arena.keeps_elements {
            true => LONGEST_TEXT,
            false => SHORT,
        };
        match self.input.counted(bytes, longest)? {
            Some(bytes) => self.arena.keep(&bytes).map(Slot::Bytes),
            None => Ok(Slot::TooLong),
        }
    }

    /// Text that only some readers can read, because it is not ASCII where they have to be told what
    /// else it is, or holds halves of characters, is no name here.
    pub(super) fn read_text(&mut self, kind: Text) -> Result<Slot, Problem> {
        let longest = match self.arena.keeps_elements {
            true => LONGEST_TEXT,
            false => LONGEST_NAME,
        };
        let text = match kind {
            Text::Line => {
                let line = self.input.line()?;
                match text::unescape_unicode(&line)? {
                    Some(text) => text.into_bytes(),
                    None => return Ok(Slot::Unknown),
                }
            }
            Text::Quoted => {
                let line = self.input.line()?;
                // Python 2 drops blanks around the quotes.
                match line.trim_ascii() {
                    [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => {
                        text::unescape_string(inner)?
                    }
                    _ => return Err(Problem::Malformed),
                }
            }
            Text::Bytes(bytes) | Text::Utf8(bytes) => match self.input.counted(bytes, longest)? {
                Some(text) => text,
                None => return Ok(Slot::TooLong),
            },
        };
        if matches!(kind, Text::Utf8(_)) && !text::is_python_utf8(&text) {
            return Err(Problem::Malformed);
        }
        let is_bytes = matches!(kind, Text::Quoted | Text::Bytes(_));
        if (is_bytes && !text.is_ascii()) || std::str::from_utf8(&text).is_err() {
            return Ok(Slot::Unknown);
        }
        match text.len() <= longest {
            true => self.arena.keep(&text).map(Slot::Text),
            false => Ok(Slot::TooLong),
        }
    }

    /// Counts a name that cannot be told, and stands for it.
    pub(super) fn cannot_be_told(&mut self) -> Slot {
        self.found.unresolved += 1;
        Slot::Imported(Id::NONE)
    }

    pub(super) fn read_global(&mut self) -> Result<Slot, Problem> {
        let (module, name) = (self.input.line()?, self.input.line()?);
        match (std::str::from_utf8(&module), std::str::from_utf8(&name)) {
            (Ok(module), Ok(name)) => self.import(module, name),
            _ => Ok(self.cannot_be_told()),
        }
    }

    pub(super) fn import(&mut self, module: &str, name: &str) -> Result<Slot, Problem> {
        if module.len().max(name.len()) > LONGEST_NAME {
            return Ok(self.cannot_be_told());
        }
        let name = names::canonical(module, name);
        if self.found.names.len() >= self.limits.names && !self.found.names.contains(&name) {
            return Ok(self.cannot_be_told());
        }
        if !self.found.names.contains(&name) {
            self.found.names.insert(name.clone());
        }
        self.arena.import(name)
    }
}
