//! Messages of Protocol Buffers, walked field by field without generated code: what is large is
//! passed over. (`protobuf.dev/programming-guides/encoding`.)

use super::FormatError;
use super::cursor::Cursor;
use crate::package::source::Source;

/// How deep messages are nested, as Protocol Buffers themselves have it.
const DEPTH: u32 = 100;

/// The most fields of a file that are walked.
const MOST_FIELDS: u64 = 20_000_000;

/// How many bytes of text are read.
const MOST_TEXT: u64 = 64 << 20;

/// The longest name that is kept; what is longer is cut.
const LONGEST_NAME: u64 = 1 << 10;

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    Number(u64),
    /// Four or eight bytes.
    Fixed,
    /// A text, bytes, or a message, which the walker stands before.
    Bytes(Extent),
}

/// Bytes of a file, which are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Extent {
    pub(super) fn len(self) -> u64 {
        self.end - self.start
    }
}

/// Goes through messages.
pub(super) struct Walker<'a> {
    cursor: Cursor<'a>,
    depth: u32,
    fields: u64,
    text: u64,
}

impl<'a> Walker<'a> {
    pub(super) fn new(source: &'a dyn Source) -> Self {
        Self {
            cursor: Cursor::new(source),
            depth: 0,
            fields: 0,
            text: 0,
        }
    }

    /// The whole file.
    pub(super) fn whole(&self) -> Extent {
        Extent {
            start: 0,
            end: self.cursor.end(),
        }
    }

    /// Gives each field of a message, in their order, with its number. A field that is there once
    /// too often, or of another type than is asked for, is the caller's to ignore: readers take the
    /// last, or put messages together.
    pub(super) fn message(
        &mut self,
        message: Extent,
        mut field: impl FnMut(&mut Self, u32, Value) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        if self.depth == DEPTH {
            return Err(FormatError::malformed("its messages are nested too deeply"));
        }
        self.depth += 1;
        let mut at = message.start;
        while at < message.end {
            self.fields += 1;
            if self.fields > MOST_FIELDS {
                return Err(FormatError::TooLarge("it has more fields"));
            }
            self.cursor.seek(at)?;
            let (number, value) = self.field(message.end)?;
            at = match value {
                Value::Bytes(extent) => extent.end,
                _ => self.cursor.position(),
            };
            field(self, number, value)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn field(&mut self, end: u64) -> Result<(u32, Value), FormatError> {
        let tag = self.varint(end)?;
        let number = u32::try_from(tag >> 3).unwrap_or(0);
        if number == 0 || number > 0x1fff_ffff {
            return Err(FormatError::malformed("a field has no number"));
        }
        let value = match tag & 7 {
            0 => Value::Number(self.varint(end)?),
            wire @ (1 | 5) => {
                let size = if wire == 1 { 8 } else { 4 };
                if end - self.cursor.position() < size {
                    return Err(FormatError::Truncated);
                }
                self.cursor.skip(size)?;
                Value::Fixed
            }
            2 => {
                let length = self.varint(end)?;
                let start = self.cursor.position();
                match start.checked_add(length) {
                    Some(stop) if stop <= end => Value::Bytes(Extent { start, end: stop }),
                    _ => return Err(FormatError::Truncated),
                }
            }
            3 | 4 => {
                return Err(FormatError::malformed(
                    "it has groups, which no writer makes",
                ));
            }
            _ => return Err(FormatError::malformed("a field is of no kind")),
        };
        Ok((number, value))
    }

    /// A number in seven bits a byte, before `end`.
    fn varint(&mut self, end: u64) -> Result<u64, FormatError> {
        let mut number = 0_u64;
        for place in 0..10 {
            if self.cursor.position() >= end {
                return Err(FormatError::Truncated);
            }
            let byte = self.cursor.array::<1>()?[0];
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(FormatError::malformed("a number is longer than ten bytes"))
    }

    /// The numbers of a repeated field: one, or several in a row.
    pub(super) fn numbers(
        &mut self,
        value: Value,
        mut number: impl FnMut(u64),
    ) -> Result<(), FormatError> {
        match value {
            Value::Number(only) => number(only),
            Value::Fixed => {}
            Value::Bytes(extent) => {
                self.cursor.seek(extent.start)?;
                while self.cursor.position() < extent.end {
                    self.fields += 1;
                    if self.fields > MOST_FIELDS {
                        return Err(FormatError::TooLarge("it has more fields"));
                    }
                    number(self.varint(extent.end)?);
                }
            }
        }
        Ok(())
    }

    /// A text that is a name; what is too long for one is cut.
    pub(super) fn name(&mut self, extent: Extent) -> Result<Box<str>, FormatError> {
        let end = extent.start + extent.len().min(LONGEST_NAME);
        let bytes = self.bytes(Extent { end, ..extent })?;
        Ok(String::from_utf8_lossy(&bytes).into())
    }

    /// Bytes that the caller bounds.
    pub(super) fn bytes(&mut self, extent: Extent) -> Result<Vec<u8>, FormatError> {
        self.text += extent.len();
        if self.text > MOST_TEXT {
            return Err(FormatError::TooLarge("its names and texts are longer"));
        }
        self.cursor.seek(extent.start)?;
        self.cursor.take(extent.len())
    }

    /// A message of a key (field 1) and a value (field 2), as maps are written.
    pub(super) fn pair(
        &mut self,
        extent: Extent,
    ) -> Result<(Box<str>, Option<Extent>), FormatError> {
        let (mut key, mut value) = (Box::default(), None);
        self.message(extent, |walker, number, field| {
            match (number, field) {
                (1, Value::Bytes(text)) => key = walker.name(text)?,
                (2, Value::Bytes(bytes)) => value = Some(bytes),
                _ => {}
            }
            Ok(())
        })?;
        Ok((key, value))
    }
}
