//! Walks the opcodes of a pickle as an unpickler does, calling nothing.

use std::collections::HashMap;
use std::io::BufRead;
use std::rc::Rc;

use super::input::{Input, LONGEST_NAME};
use super::opcode::{Argument, Index, Opcode, Text};
use super::{Found, Limits, Problem};

/// A value on the stack, as far as it matters what it is.
#[derive(Debug, Clone)]
enum Value {
    Text(Rc<str>),
    /// With its first three elements, where they are text or names, and how many it has.
    Tuple(Rc<[Option<Rc<str>>; 3]>, usize),
    /// What was imported by this name.
    Imported(Rc<str>),
    Other,
}

impl Value {
    fn text(&self) -> Option<&Rc<str>> {
        match self {
            Self::Text(text) | Self::Imported(text) => Some(text),
            _ => None,
        }
    }
}

/// How a walk of one pickle ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By STOP.
    Stopped,
    /// There was nothing left.
    Nothing,
}

pub(super) struct Machine<'a, R> {
    input: &'a mut Input<R>,
    found: &'a mut Found,
    limits: &'a Limits,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u64, Value>,
    /// How many bytes of text were kept.
    text: usize,
}

impl<'a, R: BufRead> Machine<'a, R> {
    pub(super) fn new(input: &'a mut Input<R>, found: &'a mut Found, limits: &'a Limits) -> Self {
        Self {
            input,
            found,
            limits,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            text: 0,
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
                self.pop()?;
                return Ok(End::Stopped);
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: Opcode) -> Result<(), Problem> {
        match opcode {
            Opcode::Push(argument) => {
                self.pass_over(argument)?;
                self.push(Value::Other)
            }
            Opcode::Number => {
                if !is_number(&self.input.line()?) {
                    return Err(Problem::Malformed);
                }
                self.push(Value::Other)
            }
            Opcode::Text(text) => {
                let value = self.read_text(text)?;
                self.push(value)
            }
            Opcode::Nothing(argument) => self.pass_over(argument),
            Opcode::Mark => self.mark(),
            Opcode::Stop => Ok(()),
            Opcode::Pop => self.pop_or_unmark(),
            Opcode::PopMark => self.unmark().map(drop),
            Opcode::Dup => {
                let top = self.top()?.clone();
                self.push(top)
            }
            Opcode::Tuple(count) => {
                let elements = self.pop_many(count)?;
                self.push(tuple(&elements))
            }
            Opcode::Collect { tuple: true } => {
                let elements = self.unmark()?;
                self.push(tuple(&elements))
            }
            Opcode::Collect { tuple: false } => {
                self.unmark()?;
                self.push(Value::Other)
            }
            Opcode::Into(count) => {
                self.pop_many(count)?;
                self.top().map(drop)
            }
            Opcode::AllInto => {
                self.unmark()?;
                self.top().map(drop)
            }
            Opcode::Reduce | Opcode::NewObj => self.call(2),
            Opcode::NewObjEx => self.call(3),
            Opcode::Build => {
                self.found.calls += 1;
                self.pop()?;
                // The state of a class or function is everybody's.
                if matches!(self.top()?, Value::Imported(_)) {
                    self.found.unresolved += 1;
                }
                Ok(())
            }
            Opcode::Global => {
                let imported = self.read_global()?;
                self.push(imported)
            }
            Opcode::Inst => {
                self.read_global()?;
                self.found.calls += 1;
                self.unmark()?;
                self.push(Value::Other)
            }
            Opcode::Obj => {
                let parts = self.unmark()?;
                self.called(parts.first().ok_or(Problem::Malformed)?);
                self.push(Value::Other)
            }
            Opcode::StackGlobal => {
                let name = match self.pop_many(2).as_deref() {
                    Ok([Value::Text(module), Value::Text(name)]) => {
                        self.found.name(module, name);
                        Rc::clone(name)
                    }
                    _ => self.cannot_be_told(),
                };
                self.push(Value::Imported(name))
            }
            Opcode::Extension(bytes) => {
                self.input.number(bytes)?;
                let name = self.cannot_be_told();
                self.push(Value::Imported(name))
            }
            Opcode::PersistentLine => {
                self.input.line()?;
                self.found.foreign_ids += 1;
                self.push(Value::Other)
            }
            Opcode::PersistentTop => {
                let id = self.pop()?;
                // What torch writes for the bytes of a tensor (`torch/serialization.py`): with its
                // type, key, place and length, in older files with a view.
                match id {
                    Value::Tuple(parts, 5 | 6) => match &*parts {
                        [Some(kind), Some(of), Some(key)] if &**kind == "storage" => {
                            self.found.storages.insert((**key).into(), (**of).into());
                        }
                        _ => self.found.foreign_ids += 1,
                    },
                    _ => self.found.foreign_ids += 1,
                }
                self.push(Value::Other)
            }
            Opcode::Put(index) => {
                let place = self.read_index(index)?;
                self.remember(place)
            }
            Opcode::Memoize => self.remember(self.memo.len() as u64),
            Opcode::Get(index) => {
                let place = self.read_index(index)?;
                match self.memo.get(&place).cloned() {
                    Some(value) => self.push(value),
                    None => {
                        self.found.unresolved += 1;
                        Err(Problem::Malformed)
                    }
                }
            }
            Opcode::OutOfBand => {
                self.found.foreign_ids += 1;
                self.push(Value::Other)
            }
        }
    }

    fn push(&mut self, value: Value) -> Result<(), Problem> {
        if self.stack.len() >= self.limits.depth {
            return Err(Problem::TooLarge);
        }
        self.stack.push(value);
        Ok(())
    }

    /// Nothing below the last mark can be reached.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Value, Problem> {
        if self.stack.len() <= self.floor() {
            return Err(Problem::Malformed);
        }
        self.stack.pop().ok_or(Problem::Malformed)
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value>, Problem> {
        let start = self.stack.len().checked_sub(count);
        match start {
            Some(start) if start >= self.floor() => Ok(self.stack.split_off(start)),
            _ => Err(Problem::Malformed),
        }
    }

    fn top(&self) -> Result<&Value, Problem> {
        if self.stack.len() <= self.floor() {
            return Err(Problem::Malformed);
        }
        self.stack.last().ok_or(Problem::Malformed)
    }

    fn mark(&mut self) -> Result<(), Problem> {
        if self.marks.len() >= self.limits.depth {
            return Err(Problem::TooLarge);
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// Everything above the last mark, which goes.
    fn unmark(&mut self) -> Result<Vec<Value>, Problem> {
        let start = self.marks.pop().ok_or(Problem::Malformed)?;
        Ok(self.stack.split_off(start))
    }

    /// POP takes a mark where one is on top.
    fn pop_or_unmark(&mut self) -> Result<(), Problem> {
        if self.stack.len() > self.floor() {
            self.stack.pop();
            return Ok(());
        }
        self.unmark().map(drop)
    }

    /// Takes a callable and what it is called with.
    fn call(&mut self, values: usize) -> Result<(), Problem> {
        let values = self.pop_many(values)?;
        self.called(values.first().ok_or(Problem::Malformed)?);
        self.push(Value::Other)
    }

    /// What is called and was not imported by name can be anything.
    fn called(&mut self, callable: &Value) {
        self.found.calls += 1;
        if !matches!(callable, Value::Imported(_)) {
            self.found.unresolved += 1;
        }
    }

    fn remember(&mut self, place: u64) -> Result<(), Problem> {
        let value = self.top()?.clone();
        if self.memo.len() >= self.limits.depth {
            return Err(Problem::TooLarge);
        }
        self.memo.insert(place, value);
        Ok(())
    }

    fn pass_over(&mut self, argument: Argument) -> Result<(), Problem> {
        match argument {
            Argument::Fixed(bytes) => self.input.skip(bytes),
            Argument::Counted(bytes) => {
                let length = self.input.number(bytes)?;
                self.input.skip(length)
            }
        }
    }

    fn read_index(&mut self, index: Index) -> Result<u64, Problem> {
        match index {
            Index::Fixed(bytes) => self.input.number(bytes),
            Index::Line => {
                let line = self.input.line()?;
                decimal(&line).ok_or(Problem::Malformed)
            }
        }
    }

    /// Text that an unpickler would read otherwise than it stands there (escapes) is no name here:
    /// what is made of it cannot be resolved.
    fn read_text(&mut self, text: Text) -> Result<Value, Problem> {
        let bytes = match text {
            Text::Bytes(bytes) | Text::Utf8(bytes) => self.input.counted(bytes)?,
            Text::Line => Some(self.input.line()?),
            Text::Quoted => {
                let line = self.input.line()?;
                match line.trim_ascii() {
                    [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => Some(inner.to_vec()),
                    _ => return Err(Problem::Malformed),
                }
            }
        };
        let Some(bytes) = bytes.filter(|bytes| bytes.len() <= LONGEST_NAME) else {
            return Ok(Value::Other);
        };
        if matches!(text, Text::Quoted | Text::Line) && bytes.contains(&b'\\') {
            return match has_whole_escapes(&bytes) {
                true => Ok(Value::Other),
                false => Err(Problem::Malformed),
            };
        }
        let plain = match String::from_utf8(bytes) {
            Ok(plain) => Some(plain),
            Err(_) if matches!(text, Text::Utf8(_)) => return Err(Problem::Malformed),
            Err(_) => None,
        };
        let Some(plain) = plain else {
            return Ok(Value::Other);
        };
        self.text += plain.len();
        if self.text > self.limits.text {
            return Err(Problem::TooLarge);
        }
        Ok(Value::Text(plain.into()))
    }

    /// Counts a name that cannot be told, and stands for it.
    fn cannot_be_told(&mut self) -> Rc<str> {
        self.found.unresolved += 1;
        Rc::from("")
    }

    fn read_global(&mut self) -> Result<Value, Problem> {
        let (module, name) = (self.input.line()?, self.input.line()?);
        let name = match (String::from_utf8(module), String::from_utf8(name)) {
            (Ok(module), Ok(name)) if module.len().max(name.len()) <= LONGEST_NAME => {
                self.found.name(&module, &name);
                name.into()
            }
            _ => self.cannot_be_told(),
        };
        Ok(Value::Imported(name))
    }
}

fn tuple(elements: &[Value]) -> Value {
    let text = |at: usize| elements.get(at).and_then(Value::text).cloned();
    Value::Tuple(Rc::new([text(0), text(1), text(2)]), elements.len())
}

/// Whether a line can be a number: of protocol 0, for which reading it wrongly is an error.
fn is_number(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let words: [&[u8]; 6] = [b"inf", b"-inf", b"nan", b"+inf", b"infinity", b"-infinity"];
    let character = |byte: &u8| byte.is_ascii_digit() || b"+-._eEL".contains(byte);
    words.contains(&text) || (text.iter().all(character) && text.iter().any(u8::is_ascii_digit))
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

/// A number as Python's `int` reads it: blanks around it, a sign, underscores between digits.
fn decimal(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    digits.replace('_', "").parse().ok()
}
