//! Walks the opcodes of a pickle as an unpickler does, calling nothing.

use std::collections::HashMap;
use std::io::BufRead;

use super::arena::{Arena, Slot};
use super::input::Input;
use super::opcode::{Container, Opcode};
use super::rules::{self, Odd};
use super::stack::Stack;
use super::{Found, Limits, Problem, Storage};

/// How many storages of tensors are kept.
const STORAGES: usize = 200_000;

/// How a walk of one pickle ended.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    /// By STOP, with this value.
    Stopped(Slot),
    /// There was nothing left.
    Nothing,
}

pub(super) struct Machine<'a, R> {
    pub(super) input: &'a mut Input<R>,
    pub(super) found: &'a mut Found,
    pub(super) limits: &'a Limits,
    stack: Stack,
    memo: HashMap<u64, Slot>,
    pub(super) arena: Arena,
}

impl<'a, R: BufRead> Machine<'a, R> {
    /// One that walks the next pickle. Whether the elements of lists, dictionaries and sets are kept
    /// makes no difference to what is found.
    pub(super) fn new(
        input: &'a mut Input<R>,
        found: &'a mut Found,
        limits: &'a Limits,
        keeps_elements: bool,
    ) -> Self {
        Self {
            input,
            found,
            limits,
            stack: Stack::new(limits.depth),
            memo: HashMap::new(),
            arena: Arena::new(keeps_elements, limits.values, limits.text),
        }
    }

    /// Walks one pickle. What was found before a problem stays found.
    pub(super) fn run(&mut self) -> Result<End, Problem> {
        let mut first = true;
        loop {
            let Some(byte) = self.input.byte()? else {
                let end = if first {
                    Ok(End::Nothing)
                } else {
                    Err(Problem::Truncated)
                };
                return end;
            };
            first = false;
            let opcode = Opcode::of(byte).ok_or(Problem::UnknownOpcode(byte))?;
            self.found.opcodes += 1;
            if self.found.opcodes > self.limits.opcodes {
                return Err(Problem::TooLarge);
            }
            if opcode == Opcode::Stop {
                return self.stack.pop().map(End::Stopped);
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: Opcode) -> Result<(), Problem> {
        match opcode {
            Opcode::None => self.stack.push(Slot::None),
            Opcode::Bool(value) => self.stack.push(Slot::Bool(value)),
            Opcode::Int { bytes, signed } => {
                let number = self.input.number(bytes)?;
                // Signed ones have four bytes, and no others more than that.
                let number = match signed {
                    true => i64::from((number as u32).cast_signed()),
                    false => number.cast_signed(),
                };
                self.stack.push(Slot::Int(number))
            }
            Opcode::Float => {
                let bits = self.input.number(8)?.swap_bytes();
                self.stack.push(Slot::Float(f64::from_bits(bits)))
            }
            Opcode::Long(bytes) => {
                let number = self.read_long(bytes)?;
                self.stack.push(number)
            }
            Opcode::Line(kind) => {
                let number = self.read_number(kind)?;
                self.stack.push(number)
            }
            Opcode::Bytes(bytes) => {
                let bytes = self.read_bytes(bytes)?;
                self.stack.push(bytes)
            }
            Opcode::Text(text) => {
                let text = self.read_text(text)?;
                self.stack.push(text)
            }
            Opcode::Nothing(bytes) => self.input.skip(bytes),
            Opcode::Mark => self.stack.mark(),
            Opcode::Stop => Ok(()),
            Opcode::Pop => self.stack.pop_or_unmark(),
            Opcode::PopMark => {
                let start = self.stack.unmark()?;
                self.stack.truncate(start);
                Ok(())
            }
            Opcode::Dup => {
                let top = self.stack.top()?;
                self.stack.push(top)
            }
            Opcode::Empty(kind) => self.push_container(kind, Vec::new()),
            Opcode::Tuple(count) => {
                let start = self.stack.reach(count)?;
                let elements = self.stack.take(start);
                self.push_container(Container::Tuple, elements)
            }
            Opcode::Collect(kind) => {
                let start = self.stack.unmark()?;
                let elements = self.stack.take(start);
                if kind == Container::Dict && !elements.len().is_multiple_of(2) {
                    return Err(Problem::Malformed);
                }
                if kind == Container::Dict {
                    self.note(rules::keys(&self.arena, &elements));
                }
                self.push_container(kind, elements)
            }
            Opcode::Put(kind) => {
                let start = self
                    .stack
                    .reach(if kind == Container::Dict { 2 } else { 1 })?;
                self.put(kind, start)
            }
            Opcode::PutAll(kind) => {
                let start = self.stack.unmark()?;
                if kind == Container::Dict && !self.stack.from(start).len().is_multiple_of(2) {
                    return Err(Problem::Malformed);
                }
                self.put(kind, start)
            }
            Opcode::Reduce | Opcode::NewObj => {
                let (arguments, callable) = (self.stack.pop()?, self.stack.pop()?);
                self.call(callable, arguments)
            }
            Opcode::NewObjEx => {
                let (_, arguments, callable) =
                    (self.stack.pop()?, self.stack.pop()?, self.stack.pop()?);
                self.note(rules::keywords(&self.arena, callable));
                self.call(callable, arguments)
            }
            Opcode::Build => {
                self.found.calls += 1;
                let (state, of) = (self.stack.pop()?, self.stack.top()?);
                // The state of a class or function is everybody's.
                match of {
                    Slot::Imported(_) => self.found.unresolved += 1,
                    _ => self.note(rules::state(&self.arena, of, state)),
                }
                self.arena.build(of, state)
            }
            Opcode::Global => {
                let imported = self.read_global()?;
                self.stack.push(imported)
            }
            Opcode::Inst => {
                let callable = self.read_global()?;
                let start = self.stack.unmark()?;
                let arguments = self.stack.take(start);
                self.call_with(callable, arguments)
            }
            Opcode::Obj => {
                let start = self.stack.unmark()?;
                let callable = *self.stack.from(start).first().ok_or(Problem::Malformed)?;
                let arguments = self.stack.take(start + 1);
                self.stack.truncate(start);
                self.call_with(callable, arguments)
            }
            Opcode::StackGlobal => {
                let (name, module) = match (self.stack.pop(), self.stack.pop()) {
                    (Ok(name), Ok(module)) => (name, module),
                    _ => (Slot::Unknown, Slot::Unknown),
                };
                let text = |slot| self.arena.text(slot).map(ToOwned::to_owned);
                let imported = match (text(module), text(name)) {
                    (Some(module), Some(name)) => self.import(&module, &name)?,
                    _ => self.cannot_be_told(),
                };
                self.stack.push(imported)
            }
            Opcode::Extension(bytes) => {
                self.input.number(bytes)?;
                let imported = self.cannot_be_told();
                self.stack.push(imported)
            }
            Opcode::PersistentLine => {
                self.input.line()?;
                self.found.foreign_ids += 1;
                self.stack.push(Slot::Unknown)
            }
            Opcode::PersistentTop => {
                let id = self.stack.pop()?;
                self.note_persistent(id)?;
                let given = self.arena.persistent(id)?;
                self.stack.push(given)
            }
            Opcode::Remember(index) => {
                let place = self.read_index(index)?;
                self.remember(place)
            }
            Opcode::Memoize => self.remember(self.memo.len() as u64),
            Opcode::Recall(index) => {
                let place = self.read_index(index)?;
                match self.memo.get(&place).copied() {
                    Some(value) => self.stack.push(value),
                    None => {
                        self.found.unresolved += 1;
                        Err(Problem::Malformed)
                    }
                }
            }
            Opcode::OutOfBand => {
                self.found.foreign_ids += 1;
                self.stack.push(Slot::Unknown)
            }
        }
    }

    fn push_container(&mut self, kind: Container, elements: Vec<Slot>) -> Result<(), Problem> {
        let made = self.arena.container(kind, elements)?;
        self.stack.push(made)
    }

    /// Puts everything from a place of the stack on into the value below.
    fn put(&mut self, kind: Container, start: usize) -> Result<(), Problem> {
        let into = self.stack.below(start)?;
        if kind == Container::Dict {
            self.note(rules::keys(&self.arena, self.stack.from(start)));
        }
        self.arena.put(into, kind, self.stack.from(start))?;
        self.stack.truncate(start);
        match into {
            // What is imported is everybody's.
            Slot::Imported(_) => self.found.unresolved += 1,
            _ => self.note(rules::put(&self.arena, into, kind)),
        }
        Ok(())
    }

    fn note(&mut self, checked: Result<(), Odd>) {
        match checked {
            Ok(()) => false,
            Err(Odd::Unusual(reason)) => self.found.unusual.insert(reason),
            Err(Odd::Harmful(reason)) => self.found.harmful.insert(reason.to_owned()),
        };
    }

    fn call_with(&mut self, callable: Slot, arguments: Vec<Slot>) -> Result<(), Problem> {
        let arguments = self.arena.container(Container::Tuple, arguments)?;
        self.call(callable, arguments)
    }

    fn call(&mut self, callable: Slot, arguments: Slot) -> Result<(), Problem> {
        self.found.calls += 1;
        // What is called and was not imported by name can be anything.
        if !matches!(callable, Slot::Imported(_)) {
            self.found.unresolved += 1;
        }
        self.note(rules::call(&self.arena, callable, arguments));
        let returned = self.arena.call(callable, arguments)?;
        self.stack.push(returned)
    }

    /// Only the bytes of tensors are expected to be asked for.
    fn note_persistent(&mut self, id: Slot) -> Result<(), Problem> {
        let Some((key, storage)) = Storage::of(&self.arena, id) else {
            self.found.foreign_ids += 1;
            return Ok(());
        };
        match self.found.storages.get(key) {
            Some(there) if *there == storage => {}
            Some(_) => {
                let reason = "it asks for the same bytes as two kinds of tensors";
                self.found.unusual.insert(reason.to_owned());
            }
            None if self.found.storages.len() >= STORAGES => return Err(Problem::TooLarge),
            None => drop(self.found.storages.insert(key.into(), storage)),
        }
        Ok(())
    }

    fn remember(&mut self, place: u64) -> Result<(), Problem> {
        let value = self.stack.top()?;
        if self.memo.len() >= self.limits.depth {
            return Err(Problem::TooLarge);
        }
        self.memo.insert(place, value);
        Ok(())
    }
}
