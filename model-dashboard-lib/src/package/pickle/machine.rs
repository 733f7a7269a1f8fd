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
    /// With its first element, if that is text.
    Tuple(Option<Rc<str>>),
    Other,
}

impl Value {
    fn text(&self) -> Option<&Rc<str>> {
        match self {
            Self::Text(text) => Some(text),
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
                self.top().map(drop)
            }
            Opcode::Global => {
                self.read_global()?;
                self.push(Value::Other)
            }
            Opcode::Inst => {
                self.read_global()?;
                self.found.calls += 1;
                self.unmark()?;
                self.push(Value::Other)
            }
            Opcode::Obj => {
                self.found.calls += 1;
                if self.unmark()?.is_empty() {
                    return Err(Problem::Malformed);
                }
                self.push(Value::Other)
            }
            Opcode::StackGlobal => {
                let parts = self.pop_many(2)?;
                match parts.as_slice() {
                    [Value::Text(module), Value::Text(name)] => self.found.name(module, name),
                    _ => self.found.unresolved += 1,
                }
                self.push(Value::Other)
            }
            Opcode::Extension(bytes) => {
                self.input.number(bytes)?;
                self.found.unresolved += 1;
                self.push(Value::Other)
            }
            Opcode::PersistentLine => {
                self.input.line()?;
                self.found.foreign_ids += 1;
                self.push(Value::Other)
            }
            Opcode::PersistentTop => {
                let id = self.pop()?;
                match id {
                    // What torch writes for the bytes of a tensor.
                    Value::Tuple(Some(kind)) if &*kind == "storage" => {}
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
                let value = self.memo.get(&place).cloned().ok_or(Problem::Malformed)?;
                self.push(value)
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
        self.found.calls += 1;
        self.pop_many(values)?;
        self.push(Value::Other)
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
            Argument::Line => self.input.line().map(drop),
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
                let digits = std::str::from_utf8(&line).map_err(|_| Problem::Malformed)?;
                digits.trim().parse().map_err(|_| Problem::Malformed)
            }
        }
    }

    /// Text that an unpickler would read otherwise than it stands there (escapes) is no name here:
    /// what is made of it cannot be resolved.
    fn read_text(&mut self, text: Text) -> Result<Value, Problem> {
        let bytes = match text {
            Text::Counted(bytes) => self.input.counted(bytes)?,
            Text::Line => Some(self.input.line()?),
            Text::Quoted => {
                let line = self.input.line()?;
                let line = line.trim_ascii();
                let inner = match line {
                    [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
                    _ => return Err(Problem::Malformed),
                };
                Some(inner.to_vec())
            }
        };
        let escapes = !matches!(text, Text::Counted(_));
        let plain = bytes
            .filter(|bytes| bytes.len() <= LONGEST_NAME)
            .filter(|bytes| !(escapes && bytes.contains(&b'\\')))
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(plain) = plain else {
            return Ok(Value::Other);
        };
        self.text += plain.len();
        if self.text > self.limits.text {
            return Err(Problem::TooLarge);
        }
        Ok(Value::Text(plain.into()))
    }

    fn read_global(&mut self) -> Result<(), Problem> {
        let (module, name) = (self.input.line()?, self.input.line()?);
        match (String::from_utf8(module), String::from_utf8(name)) {
            (Ok(module), Ok(name)) if module.len().max(name.len()) <= LONGEST_NAME => {
                self.found.name(&module, &name);
            }
            _ => self.found.unresolved += 1,
        }
        Ok(())
    }
}

fn tuple(elements: &[Value]) -> Value {
    Value::Tuple(elements.first().and_then(Value::text).cloned())
}
