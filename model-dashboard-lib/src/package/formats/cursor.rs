//! Bytes of a source, one after the other, with a window of them in memory.

use std::io::{self, Read};

use super::FormatError;
use crate::package::source::Source;

/// How much is asked for at once.
const WINDOW: usize = 1 << 16;

/// A place in a source, up to an end. What is skipped is not read, unless it is in the window.
pub(super) struct Cursor<'a> {
    source: &'a dyn Source,
    position: u64,
    end: u64,
    window: Vec<u8>,
    window_start: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a dyn Source) -> Self {
        Self {
            source,
            position: 0,
            end: source.size(),
            window: Vec::new(),
            window_start: 0,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn left(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    /// Ends so many bytes from here, which are there.
    pub(super) fn end_after(&mut self, count: u64) {
        self.end = self.end.min(self.position.saturating_add(count));
    }

    /// Goes to a place before the end.
    pub(super) fn seek(&mut self, position: u64) -> Result<(), FormatError> {
        if position > self.end {
            return Err(FormatError::Truncated);
        }
        self.position = position;
        Ok(())
    }

    pub(super) fn skip(&mut self, count: u64) -> Result<(), FormatError> {
        match self.position.checked_add(count) {
            Some(position) => self.seek(position),
            None => Err(FormatError::Truncated),
        }
    }

    /// Some of the next bytes; empty at the end.
    fn fill(&mut self) -> io::Result<&[u8]> {
        if self.position >= self.end {
            return Ok(&[]);
        }
        let kept = |window: &[u8], start: u64, position: u64| {
            let at = usize::try_from(position.checked_sub(start)?).ok()?;
            (at < window.len()).then_some(at)
        };
        let mut at = kept(&self.window, self.window_start, self.position);
        if at.is_none() {
            let wanted = usize::try_from(self.left()).unwrap_or(WINDOW).min(WINDOW);
            self.window = vec![0; wanted];
            let count = loop {
                match self.source.read_at(self.position, &mut self.window) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            // What failed leaves an empty window.
            self.window.truncate(*count.as_ref().unwrap_or(&0));
            self.window_start = self.position;
            at = (count? > 0).then_some(0);
        }
        let rest = at.and_then(|at| self.window.get(at..)).unwrap_or_default();
        let left = usize::try_from(self.left()).unwrap_or(usize::MAX);
        Ok(rest.get(..left).unwrap_or(rest))
    }

    /// The next bytes into a buffer, all of it.
    pub(super) fn exactly(&mut self, buffer: &mut [u8]) -> Result<(), FormatError> {
        self.read_exact(buffer).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                FormatError::Truncated
            } else {
                FormatError::Source(error)
            }
        })
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let mut bytes = [0; N];
        self.exactly(&mut bytes)?;
        Ok(bytes)
    }

    /// The next bytes; the caller bounds how many. Room is made for those alone that are there.
    pub(super) fn take(&mut self, count: u64) -> Result<Vec<u8>, FormatError> {
        if count > self.left() {
            return Err(FormatError::Truncated);
        }
        let count = usize::try_from(count).map_err(|_| FormatError::Truncated)?;
        let mut bytes = vec![0; count];
        self.exactly(&mut bytes)?;
        Ok(bytes)
    }
}

impl Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut there = self.fill()?;
        let count = there.read(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}
