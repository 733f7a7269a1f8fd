//! Deflated data, readable at any place.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use super::{Archive, ArchiveError, Entry};
use crate::package::source::Source;

/// How much is kept of the beginning, and of what was unpacked last.
const KEPT: usize = 1 << 20;

/// How often it is unpacked from its beginning. What is read in order needs some passes; more make a
/// small file of an archive cost as much as the machine has.
const PASSES: u32 = 16;

/// An entry of an archive that is unpacked as far as it is asked for, again from its beginning where
/// that is too far back: what reads the end first and the beginning then costs one pass.
pub(super) struct Unpacked {
    archive: Archive,
    entry: Entry,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    data: Option<Box<dyn Read + Send>>,
    passes: u32,
    /// Where `data` is.
    at: u64,
    beginning: Vec<u8>,
    /// What came before `at`.
    last: Vec<u8>,
}

impl Unpacked {
    pub(super) fn new(archive: Archive, entry: Entry) -> Self {
        Self {
            archive,
            entry,
            state: Mutex::default(),
        }
    }
}

impl fmt::Debug for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacked")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

impl State {
    /// What is kept from `offset` on.
    fn kept(&self, offset: u64) -> Option<&[u8]> {
        let from = |bytes: &'_ [u8], start: u64| -> Option<usize> {
            let at = usize::try_from(offset.checked_sub(start)?).ok()?;
            (at < bytes.len()).then_some(at)
        };
        if let Some(at) = from(&self.beginning, 0) {
            return self.beginning.get(at..);
        }
        let start = self.at - self.last.len() as u64;
        from(&self.last, start).and_then(|at| self.last.get(at..))
    }

    /// Unpacks a piece more; whether there was one.
    fn advance(&mut self, data: &mut dyn Read) -> io::Result<bool> {
        if self.last.len() > 2 * KEPT {
            self.last.drain(..KEPT);
        }
        let mut piece = [0; 1 << 14];
        let count = data.read(&mut piece)?;
        let piece = piece.get(..count).unwrap_or_default();
        if self.at == self.beginning.len() as u64 && self.beginning.len() < KEPT {
            self.beginning.extend_from_slice(piece);
        }
        self.last.extend_from_slice(piece);
        self.at += count as u64;
        Ok(count > 0)
    }
}

impl Source for Unpacked {
    fn size(&self) -> u64 {
        self.entry.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset >= self.entry.size {
            return Ok(0);
        }
        // A read that failed leaves nothing that is not true.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(mut kept) = state.kept(offset) {
                return kept.read(buffer);
            }
            let mut data = match state.data.take() {
                Some(data) if offset >= state.at => data,
                _ => {
                    state.passes += 1;
                    if state.passes > PASSES {
                        let reason = "it is not in the order in which it is read";
                        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
                    }
                    state.at = 0;
                    state.last.clear();
                    match self.archive.read(&self.entry) {
                        Ok(data) => Box::new(data),
                        Err(ArchiveError::Source(error)) => return Err(error),
                        Err(error) => {
                            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                        }
                    }
                }
            };
            if !state.advance(&mut *data)? {
                // It is shorter than it says, which the checks of its reader tell.
                return Ok(0);
            }
            state.data = Some(data);
        }
    }
}
