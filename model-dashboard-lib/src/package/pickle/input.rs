//! The bytes of a pickle, read once, forward, and within bounds.

use std::io::{BufRead, ErrorKind};

use super::Problem;

/// The longest line that a pickle may hold; numbers of some thousand digits are genuine.
const LONGEST_LINE: usize = 1 << 16;

pub(super) struct Input<R> {
    reader: R,
    read: u64,
    limit: u64,
}

impl<R: BufRead> Input<R> {
    pub(super) fn new(reader: R, limit: u64) -> Self {
        Self {
            reader,
            read: 0,
            limit,
        }
    }

    /// What is there of the next bytes; empty at the end.
    fn buffer(&mut self) -> Result<&[u8], Problem> {
        loop {
            match self.reader.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Problem::Unreadable(error.to_string())),
            }
        }
        // What is buffered is given again without reading.
        let buffer = self
            .reader
            .fill_buf()
            .map_err(|error| Problem::Unreadable(error.to_string()))?;
        let room = usize::try_from(self.limit.saturating_sub(self.read)).unwrap_or(usize::MAX);
        match buffer.get(..room) {
            Some([]) if !buffer.is_empty() => Err(Problem::TooLarge),
            Some(allowed) => Ok(allowed),
            None => Ok(buffer),
        }
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
        self.read += count as u64;
    }

    /// The next byte; `None` at the end.
    pub(super) fn byte(&mut self) -> Result<Option<u8>, Problem> {
        let byte = self.buffer()?.first().copied();
        self.consume(usize::from(byte.is_some()));
        Ok(byte)
    }

    /// Passes over so many bytes.
    pub(super) fn skip(&mut self, mut count: u64) -> Result<(), Problem> {
        while count > 0 {
            let there = self.buffer()?.len() as u64;
            if there == 0 {
                return Err(Problem::Truncated);
            }
            let now = there.min(count);
            // Not more than a buffer holds.
            self.consume(usize::try_from(now).unwrap_or(usize::MAX));
            count -= now;
        }
        Ok(())
    }

    /// The next bytes. Nothing is reserved for those that are not there.
    pub(super) fn take(&mut self, count: usize) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let there = self.buffer()?;
            let now = there.get(..count - bytes.len()).unwrap_or(there);
            if now.is_empty() {
                return Err(Problem::Truncated);
            }
            bytes.extend_from_slice(now);
            let taken = now.len();
            self.consume(taken);
        }
        Ok(bytes)
    }

    /// A number in so many bytes (at most 8), the lowest first.
    pub(super) fn number(&mut self, bytes: usize) -> Result<u64, Problem> {
        let mut number = 0;
        for place in 0..bytes {
            let byte = self.byte()?.ok_or(Problem::Truncated)?;
            number |= u64::from(byte) << (8 * place);
        }
        Ok(number)
    }

    /// A line, without its end.
    pub(super) fn line(&mut self) -> Result<Vec<u8>, Problem> {
        let mut line = Vec::new();
        loop {
            let there = self.buffer()?;
            let end = memchr::memchr(b'\n', there);
            let now = there.get(..end.unwrap_or(there.len())).unwrap_or_default();
            if there.is_empty() {
                return Err(Problem::Truncated);
            }
            if line.len() + now.len() > LONGEST_LINE {
                return Err(Problem::TooLarge);
            }
            line.extend_from_slice(now);
            let taken = now.len() + usize::from(end.is_some());
            self.consume(taken);
            if end.is_some() {
                return Ok(line);
            }
        }
    }

    /// Bytes after their length, which has so many bytes; `None` if there are more than `longest`.
    pub(super) fn counted(
        &mut self,
        bytes: usize,
        longest: usize,
    ) -> Result<Option<Vec<u8>>, Problem> {
        let length = self.number(bytes)?;
        match usize::try_from(length) {
            Ok(length) if length <= longest => self.take(length).map(Some),
            _ => self.skip(length).map(|()| None),
        }
    }
}
