//! The stack of an unpickler, with its marks.

use super::Problem;
use super::arena::Slot;

pub(super) struct Stack {
    values: Vec<Slot>,
    marks: Vec<usize>,
    /// How many values there may be, and how many marks.
    depth: usize,
}

impl Stack {
    pub(super) fn new(depth: usize) -> Self {
        Self {
            values: Vec::new(),
            marks: Vec::new(),
            depth,
        }
    }

    pub(super) fn push(&mut self, value: Slot) -> Result<(), Problem> {
        if self.values.len() >= self.depth {
            return Err(Problem::TooLarge);
        }
        self.values.push(value);
        Ok(())
    }

    pub(super) fn mark(&mut self) -> Result<(), Problem> {
        if self.marks.len() >= self.depth {
            return Err(Problem::TooLarge);
        }
        self.marks.push(self.values.len());
        Ok(())
    }

    /// Nothing below the last mark can be reached.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    /// Where the topmost values begin, as many as are given.
    pub(super) fn reach(&self, count: usize) -> Result<usize, Problem> {
        match self.values.len().checked_sub(count) {
            Some(start) if start >= self.floor() => Ok(start),
            _ => Err(Problem::Malformed),
        }
    }

    /// Takes the last mark away. Everything from this place on was above it.
    pub(super) fn unmark(&mut self) -> Result<usize, Problem> {
        self.marks.pop().ok_or(Problem::Malformed)
    }

    pub(super) fn top(&self) -> Result<Slot, Problem> {
        let at = self.reach(1)?;
        self.values.get(at).copied().ok_or(Problem::Malformed)
    }

    pub(super) fn pop(&mut self) -> Result<Slot, Problem> {
        self.reach(1)?;
        self.values.pop().ok_or(Problem::Malformed)
    }

    /// POP takes a mark where one is on top.
    pub(super) fn pop_or_unmark(&mut self) -> Result<(), Problem> {
        match self.pop() {
            Ok(_) => Ok(()),
            Err(_) => self.unmark().map(drop),
        }
    }

    /// Everything from a place on.
    pub(super) fn from(&self, start: usize) -> &[Slot] {
        self.values.get(start..).unwrap_or_default()
    }

    /// The value below a place.
    pub(super) fn below(&self, start: usize) -> Result<Slot, Problem> {
        match start.checked_sub(1) {
            Some(at) if at >= self.floor() => self.values.get(at).copied(),
            _ => None,
        }
        .ok_or(Problem::Malformed)
    }

    /// Drops everything from a place on.
    pub(super) fn truncate(&mut self, start: usize) {
        self.values.truncate(start);
    }

    /// Takes everything from a place on.
    pub(super) fn take(&mut self, start: usize) -> Vec<Slot> {
        let taken = self.from(start).to_vec();
        self.values.truncate(start);
        taken
    }
}
