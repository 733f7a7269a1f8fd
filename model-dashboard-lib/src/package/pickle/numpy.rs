//! Numbers and arrays of numpy, and bytes, as pickles make them by calls.
//!
//! Source: numpy, `_core/src/multiarray/{descriptor,methods,scalartypes}.c`.

use std::borrow::Cow;

use super::Name;
use super::arena::{Arena, Slot, call};

/// A number of numpy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Bool(bool),
    Int(i64),
    /// Above 2^63.
    Large(u64),
    Float(f64),
}

impl Number {
    pub(super) fn as_i64(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "as Python's float does")]
    pub(super) fn as_f64(self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(number as f64),
            Self::Large(number) => Some(number as f64),
            Self::Float(number) => Some(number),
            Self::Bool(_) => None,
        }
    }
}

/// What numpy calls a type in short, as `f8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) kind: u8,
    /// Bytes; of text (`U`), characters.
    pub(super) size: u64,
    big_endian: bool,
}

impl Code {
    /// Of numbers, texts, times, objects, and bytes that are nothing else.
    pub(super) fn parse(code: &str) -> Option<Self> {
        let bytes = code.as_bytes();
        let (order, rest) = match bytes {
            [order @ (b'<' | b'>' | b'|' | b'='), rest @ ..] => (*order, rest),
            _ => (b'=', bytes),
        };
        let (kind, digits) = rest.split_first()?;
        let is_size = digits.len() <= 10 && digits.iter().all(u8::is_ascii_digit);
        (b"biufcmMSUVO".contains(kind) && is_size).then_some(())?;
        Some(Self {
            kind: *kind,
            size: std::str::from_utf8(digits).ok()?.parse().ok()?,
            big_endian: order == b'>',
        })
    }
}

/// A type of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Type {
    kind: u8,
    size: usize,
    big_endian: bool,
}

impl Type {
    /// What a call of `numpy.dtype` says.
    fn of(arena: &Arena, slot: Slot) -> Option<Self> {
        let (name, arguments) = arena.called(slot)?;
        (&*name.module == "numpy" && &*name.name == "dtype").then_some(())?;
        let code = Code::parse(arena.text(*arena.tuple(arguments)?.first()?)?)?;
        let Slot::Call(id) = slot else { return None };
        // The order of bytes stands in the state; without one it is the machine's, and those that
        // train models have the lowest first.
        let state = arena.tuple(arena.part(id, call::STATE));
        let order = state.and_then(|state| arena.text(*state.get(1)?));
        let size = match (code.kind, code.size) {
            (b'f', 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1) => code.size,
            _ => return None,
        };
        Some(Self {
            kind: code.kind,
            size: usize::try_from(size).ok()?,
            big_endian: order.map_or(code.big_endian, |order| order == ">"),
        })
    }

    /// The number in as many bytes as it has.
    fn read(self, bytes: &[u8]) -> Option<Number> {
        let mut all = [0; 8];
        all.get_mut(..self.size)?.copy_from_slice(bytes);
        if self.big_endian {
            all.get_mut(..self.size)?.reverse();
        }
        let bits = u64::from_le_bytes(all);
        // Bits above those of the number.
        let spare = 64 - 8 * self.size;
        Some(match (self.kind, self.size) {
            (b'f', 4) => Number::Float(f32::from_bits(u32::try_from(bits).ok()?).into()),
            (b'f', _) => Number::Float(f64::from_bits(bits)),
            (b'i', _) => Number::Int((bits << spare).cast_signed() >> spare),
            (b'u', _) => i64::try_from(bits).map_or(Number::Large(bits), Number::Int),
            _ => Number::Bool(bits != 0),
        })
    }
}

/// Whether a name is this one of numpy's core, which has two names.
fn is_of_core(name: &Name, of: &str) -> bool {
    let module = &*name.module;
    (module == "numpy.core.multiarray" || module == "numpy._core.multiarray") && &*name.name == of
}

/// Bytes, or text that `_codecs.encode` makes bytes of, as protocols before 3 write them.
pub(super) fn bytes(arena: &Arena, slot: Slot) -> Option<Cow<'_, [u8]>> {
    if let Slot::Bytes(span) = slot {
        return Some(Cow::Borrowed(arena.bytes(span)));
    }
    let (name, arguments) = arena.called(slot)?;
    if &*name.module == "builtins" && &*name.name == "bytes" {
        let nothing = arena.tuple(arguments)?.is_empty();
        return nothing.then_some(Cow::Borrowed(&[]));
    }
    (&*name.module == "_codecs" && &*name.name == "encode").then_some(())?;
    let [text, codec] = arena.tuple(arguments)? else {
        return None;
    };
    is_latin_1(arena.text(*codec)?).then_some(())?;
    let text = arena.text(*text)?;
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    bytes.map(Cow::Owned)
}

/// Whether Python knows the codec by this name that makes a byte of each character.
pub(super) fn is_latin_1(codec: &str) -> bool {
    matches!(codec, "latin1" | "latin-1")
}

/// A single number: a scalar, or an array without dimensions.
pub(super) fn scalar(arena: &Arena, slot: Slot) -> Option<Number> {
    let (name, arguments) = arena.called(slot)?;
    if is_of_core(name, "scalar") {
        let [of, data] = arena.tuple(arguments)? else {
            return None;
        };
        let (of, data) = (Type::of(arena, *of)?, bytes(arena, *data)?);
        (data.len() == of.size).then_some(())?;
        return of.read(&data);
    }
    let (shape, numbers) = any_array(arena, slot)?;
    shape.is_empty().then_some(())?;
    numbers.first().copied()
}

/// The numbers of an array of one dimension.
pub(super) fn array(arena: &Arena, slot: Slot) -> Option<Vec<Number>> {
    let (shape, numbers) = any_array(arena, slot)?;
    (shape.len() == 1).then_some(numbers)
}

/// The shape of an array, and its numbers in the order of its bytes.
fn any_array(arena: &Arena, slot: Slot) -> Option<(&[Slot], Vec<Number>)> {
    let (name, _) = arena.called(slot)?;
    is_of_core(name, "_reconstruct").then_some(())?;
    let Slot::Call(id) = slot else { return None };
    let state = arena.tuple(arena.part(id, call::STATE))?;
    // The first of five is a version.
    let ([shape, of, _, data] | [_, shape, of, _, data]) = state else {
        return None;
    };
    let shape = arena.tuple(*shape)?;
    let (of, data) = (Type::of(arena, *of)?, bytes(arena, *data)?);
    let count = shape
        .iter()
        .try_fold(1_usize, |count, length| match length {
            Slot::Int(length) => count.checked_mul(usize::try_from(*length).ok()?),
            _ => None,
        });
    (count?.checked_mul(of.size)? == data.len()).then_some(())?;
    let numbers: Option<Vec<Number>> = data.chunks_exact(of.size).map(|it| of.read(it)).collect();
    Some((shape, numbers?))
}
