//! Walks the opcodes of a pickle as an unpickler does, calling nothing.

use std::collections::HashMap;
use std::io::BufRead;

use super::arena::{Arena, Id, Slot};
use super::input::Input;
use super::number;
use super::opcode::{Container, Index, Number, Opcode, Text};
use super::rules::{self, Odd};
use super::{Found, Limits, Problem, Storage, names};

/// The longest text that can be a name, in bytes.
const LONGEST_NAME: usize = 512;

/// The longest bytes that are kept where only names matter.
const SHORT: usize = 8;

/// The longest text and the longest bytes that are kept where values matter.
const LONGEST_TEXT: usize = 1 << 16;

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
    input: &'a mut Input<R>,
    found: &'a mut Found,
    limits: &'a Limits,
    stack: Vec<Slot>,
    marks: Vec<usize>,
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
            stack: Vec::new(),
            marks: Vec::new(),
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
                return self.pop().map(End::Stopped);
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: Opcode) -> Result<(), Problem> {
        match opcode {
            Opcode::None => self.push(Slot::None),
            Opcode::Bool(value) => self.push(Slot::Bool(value)),
            Opcode::Int { bytes, signed } => {
                let number = self.input.number(bytes)?;
                // Signed ones have four bytes, and no others more than that.
                let number = match signed {
                    true => i64::from((number as u32).cast_signed()),
                    false => number.cast_signed(),
                };
                self.push(Slot::Int(number))
            }
            Opcode::Float => {
                let bits = self.input.number(8)?.swap_bytes();
                self.push(Slot::Float(f64::from_bits(bits)))
            }
            Opcode::Long(bytes) => {
                let number = self.read_long(bytes)?;
                self.push(number)
            }
            Opcode::Line(kind) => {
                let number = self.read_number(kind)?;
                self.push(number)
            }
            Opcode::Bytes(bytes) => {
                let bytes = self.read_bytes(bytes)?;
                self.push(bytes)
            }
            Opcode::Text(text) => {
                let text = self.read_text(text)?;
                self.push(text)
            }
            Opcode::Nothing(bytes) => self.input.skip(bytes),
            Opcode::Mark => self.mark(),
            Opcode::Stop => Ok(()),
            Opcode::Pop => self.pop_or_unmark(),
            Opcode::PopMark => {
                let start = self.unmark()?;
                self.stack.truncate(start);
                Ok(())
            }
            Opcode::Dup => {
                let top = self.top()?;
                self.push(top)
            }
            Opcode::Empty(kind) => self.push_container(kind, Vec::new()),
            Opcode::Tuple(count) => {
                let start = self.reach(count)?;
                let elements = self.take_from(start);
                self.push_container(Container::Tuple, elements)
            }
            Opcode::Collect(kind) => {
                let start = self.unmark()?;
                let elements = self.take_from(start);
                if kind == Container::Dict && !elements.len().is_multiple_of(2) {
                    return Err(Problem::Malformed);
                }
                self.push_container(kind, elements)
            }
            Opcode::Put(kind) => {
                let start = self.reach(if kind == Container::Dict { 2 } else { 1 })?;
                self.put(kind, start)
            }
            Opcode::PutAll(kind) => {
                let start = self.unmark()?;
                if kind == Container::Dict && !(self.stack.len() - start).is_multiple_of(2) {
                    return Err(Problem::Malformed);
                }
                self.put(kind, start)
            }
            Opcode::Reduce | Opcode::NewObj => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.call(callable, arguments)
            }
            Opcode::NewObjEx => {
                let (_, arguments, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(callable, arguments)
            }
            Opcode::Build => {
                self.found.calls += 1;
                let (state, of) = (self.pop()?, self.top()?);
                // The state of a class or function is everybody's.
                match of {
                    Slot::Imported(_) => self.found.unresolved += 1,
                    _ => self.note(rules::state(&self.arena, of, state)),
                }
                self.arena.build(of, state)
            }
            Opcode::Global => {
                let imported = self.read_global()?;
                self.push(imported)
            }
            Opcode::Inst => {
                let callable = self.read_global()?;
                let start = self.unmark()?;
                self.call_above(callable, start)
            }
            Opcode::Obj => {
                let start = self.unmark()?;
                let callable = *self.stack.get(start).ok_or(Problem::Malformed)?;
                self.call_above(callable, start + 1)?;
                self.stack.swap_remove(start);
                Ok(())
            }
            Opcode::StackGlobal => {
                let (name, module) = match (self.pop(), self.pop()) {
                    (Ok(name), Ok(module)) => (name, module),
                    _ => (Slot::Unknown, Slot::Unknown),
                };
                let text = |slot| self.arena.text(slot).map(ToOwned::to_owned);
                let imported = match (text(module), text(name)) {
                    (Some(module), Some(name)) => self.import(&module, &name)?,
                    _ => self.cannot_be_told(),
                };
                self.push(imported)
            }
            Opcode::Extension(bytes) => {
                self.input.number(bytes)?;
                let imported = self.cannot_be_told();
                self.push(imported)
            }
            Opcode::PersistentLine => {
                self.input.line()?;
                self.found.foreign_ids += 1;
                self.push(Slot::Unknown)
            }
            Opcode::PersistentTop => {
                let id = self.pop()?;
                self.note_persistent(id)?;
                let given = self.arena.persistent(id)?;
                self.push(given)
            }
            Opcode::Remember(index) => {
                let place = self.read_index(index)?;
                self.remember(place)
            }
            Opcode::Memoize => self.remember(self.memo.len() as u64),
            Opcode::Recall(index) => {
                let place = self.read_index(index)?;
                match self.memo.get(&place).copied() {
                    Some(value) => self.push(value),
                    None => {
                        self.found.unresolved += 1;
                        Err(Problem::Malformed)
                    }
                }
            }
            Opcode::OutOfBand => {
                self.found.foreign_ids += 1;
                self.push(Slot::Unknown)
            }
        }
    }

    fn push(&mut self, value: Slot) -> Result<(), Problem> {
        if self.stack.len() >= self.limits.depth {
            return Err(Problem::TooLarge);
        }
        self.stack.push(value);
        Ok(())
    }

    fn push_container(&mut self, kind: Container, elements: Vec<Slot>) -> Result<(), Problem> {
        let made = self.arena.container(kind, elements)?;
        self.push(made)
    }

    /// Nothing below the last mark can be reached.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Slot, Problem> {
        self.reach(1)?;
        self.stack.pop().ok_or(Problem::Malformed)
    }

    /// Where the topmost values begin, as many as are given.
    fn reach(&self, count: usize) -> Result<usize, Problem> {
        match self.stack.len().checked_sub(count) {
            Some(start) if start >= self.floor() => Ok(start),
            _ => Err(Problem::Malformed),
        }
    }

    fn take_from(&mut self, start: usize) -> Vec<Slot> {
        let taken = self.stack.get(start..).unwrap_or_default().to_vec();
        self.stack.truncate(start);
        taken
    }

    fn top(&self) -> Result<Slot, Problem> {
        let at = self.reach(1)?;
        self.stack.get(at).copied().ok_or(Problem::Malformed)
    }

    fn mark(&mut self) -> Result<(), Problem> {
        if self.marks.len() >= self.limits.depth {
            return Err(Problem::TooLarge);
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// Takes the last mark away. Everything from this place on was above it.
    fn unmark(&mut self) -> Result<usize, Problem> {
        self.marks.pop().ok_or(Problem::Malformed)
    }

    /// POP takes a mark where one is on top.
    fn pop_or_unmark(&mut self) -> Result<(), Problem> {
        if self.stack.len() > self.floor() {
            self.stack.pop();
            return Ok(());
        }
        self.unmark().map(drop)
    }

    /// Puts everything from a place of the stack on into the value below.
    fn put(&mut self, kind: Container, start: usize) -> Result<(), Problem> {
        let elements = self.stack.get(start..).ok_or(Problem::Malformed)?;
        let into = match start.checked_sub(1) {
            Some(below) if below >= self.floor() => self.stack.get(below).copied(),
            _ => None,
        };
        let into = into.ok_or(Problem::Malformed)?;
        self.arena.put(into, kind, elements)?;
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

    /// Calls with everything from a place of the stack on.
    fn call_above(&mut self, callable: Slot, start: usize) -> Result<(), Problem> {
        let arguments = self.take_from(start);
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
        self.push(returned)
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
        let value = self.top()?;
        if self.memo.len() >= self.limits.depth {
            return Err(Problem::TooLarge);
        }
        self.memo.insert(place, value);
        Ok(())
    }

    fn read_index(&mut self, index: Index) -> Result<u64, Problem> {
        match index {
            Index::Fixed(bytes) => self.input.number(bytes),
            Index::Line => number::place(&self.input.line()?).ok_or(Problem::Malformed),
        }
    }

    fn read_long(&mut self, bytes: usize) -> Result<Slot, Problem> {
        let Some(bytes) = self.input.counted(bytes, size_of::<i128>())? else {
            return Ok(Slot::Unknown);
        };
        let number = number::in_bytes(&bytes).ok_or(Problem::Malformed)?;
        match i64::try_from(number) {
            Ok(number) => Ok(Slot::Int(number)),
            Err(_) => self.long_number(&number.to_string()),
        }
    }

    fn read_number(&mut self, kind: Number) -> Result<Slot, Problem> {
        let line = self.input.line()?;
        match number::in_line(&line, kind).ok_or(Problem::Malformed)? {
            number::Read::Bool(value) => Ok(Slot::Bool(value)),
            number::Read::Int(number) => Ok(Slot::Int(number)),
            number::Read::Float(number) => Ok(Slot::Float(number)),
            number::Read::Digits(digits) => self.long_number(digits),
            number::Read::Other => Ok(Slot::Unknown),
        }
    }

    fn long_number(&mut self, digits: &str) -> Result<Slot, Problem> {
        if !self.arena.keeps_elements || digits.len() > LONGEST_NAME {
            return Ok(Slot::Unknown);
        }
        self.arena.keep(digits.as_bytes()).map(Slot::LongInt)
    }

    fn read_bytes(&mut self, bytes: usize) -> Result<Slot, Problem> {
        let longest = match self.arena.keeps_elements {
            true => LONGEST_TEXT,
            false => SHORT,
        };
        match self.input.counted(bytes, longest)? {
            Some(bytes) => self.arena.keep(&bytes).map(Slot::Bytes),
            None => Ok(Slot::TooLong),
        }
    }

    /// Text that an unpickler would read otherwise than it stands there (escapes) is no name here:
    /// what is made of it cannot be resolved.
    fn read_text(&mut self, text: Text) -> Result<Slot, Problem> {
        let longest = match self.arena.keeps_elements {
            true => LONGEST_TEXT,
            false => LONGEST_NAME,
        };
        let bytes = match text {
            Text::Bytes(bytes) | Text::Utf8(bytes) => self.input.counted(bytes, longest)?,
            Text::Line => Some(self.input.line()?),
            Text::Quoted => {
                let line = self.input.line()?;
                match line.trim_ascii() {
                    [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => Some(inner.to_vec()),
                    _ => return Err(Problem::Malformed),
                }
            }
        };
        let Some(bytes) = bytes.filter(|bytes| bytes.len() <= longest) else {
            return Ok(Slot::TooLong);
        };
        if matches!(text, Text::Quoted | Text::Line) && bytes.contains(&b'\\') {
            return match has_whole_escapes(&bytes) {
                true => Ok(Slot::Unknown),
                false => Err(Problem::Malformed),
            };
        }
        match std::str::from_utf8(&bytes) {
            Ok(_) => self.arena.keep(&bytes).map(Slot::Text),
            Err(_) if matches!(text, Text::Utf8(_)) => Err(Problem::Malformed),
            Err(_) => Ok(Slot::Unknown),
        }
    }

    /// Counts a name that cannot be told, and stands for it.
    fn cannot_be_told(&mut self) -> Slot {
        self.found.unresolved += 1;
        Slot::Imported(Id::NONE)
    }

    fn read_global(&mut self) -> Result<Slot, Problem> {
        let (module, name) = (self.input.line()?, self.input.line()?);
        match (std::str::from_utf8(&module), std::str::from_utf8(&name)) {
            (Ok(module), Ok(name)) => self.import(module, name),
            _ => Ok(self.cannot_be_told()),
        }
    }

    fn import(&mut self, module: &str, name: &str) -> Result<Slot, Problem> {
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

/// Whether every backslash has what belongs to it.
fn has_whole_escapes(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let hex = |count: usize| {
            let digits = rest.get(at + 2..at + 2 + count);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        let whole = match rest.get(at + 1) {
            None => false,
            Some(b'x') => hex(2),
            Some(b'u') => hex(4),
            Some(b'U') => hex(8),
            Some(_) => true,
        };
        if !whole {
            return false;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    true
}
