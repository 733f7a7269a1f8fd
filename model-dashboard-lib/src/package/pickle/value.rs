//! The values of a pickle, to be looked at.

use std::borrow::Cow;
use std::fmt;

use super::Name;
use super::arena::{Arena, Slot, call};
use super::numpy;

/// The values of a pickle.
///
/// Values may be shared and may hold themselves: what goes down into them by itself has to end by
/// itself.
pub struct Values {
    arena: Arena,
    root: Slot,
}

impl Values {
    pub(super) fn new(arena: Arena, root: Slot) -> Self {
        Self { arena, root }
    }

    /// What loading it would return.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        Value {
            arena: &self.arena,
            slot: self.root,
        }
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Values").field(&self.root()).finish()
    }
}

/// What a value is. What is in it, [`Value`] says.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// `None`.
    None,
    /// True or false.
    Bool(bool),
    /// A number of at most 64 bits.
    Int(i64),
    /// A number of more than 64 bits, in decimal digits: after `-` where it is less than 0, the first
    /// of them is not 0.
    LongInt(&'a str),
    /// A number that need not be whole.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text or bytes of more than 64 KiB, which are not kept.
    TooLong,
    /// Elements that do not change, see [`Value::items`].
    Tuple,
    /// Elements, see [`Value::items`].
    List,
    /// Different elements, see [`Value::items`].
    Set,
    /// Keys with values, see [`Value::pairs`].
    Dict,
    /// What is imported by a name.
    Imported(&'a Name),
    /// What a call would return, see [`Value::callable`], [`Value::arguments`], [`Value::state`].
    Call,
    /// What the loading program would give for an id, see [`Value::persistent_id`].
    Persistent,
    /// What cannot be told.
    Unknown,
}

/// A value of a pickle.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    arena: &'a Arena,
    slot: Slot,
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl<'a> Value<'a> {
    fn of(self, slot: Slot) -> Self {
        Self { slot, ..self }
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind<'a> {
        match self.slot {
            Slot::None => Kind::None,
            Slot::Bool(value) => Kind::Bool(value),
            Slot::Int(number) => Kind::Int(number),
            Slot::LongInt(digits) => Kind::LongInt(self.arena.text_at(digits)),
            Slot::Float(number) => Kind::Float(number),
            Slot::Text(text) => Kind::Text(self.arena.text_at(text)),
            Slot::Bytes(bytes) => Kind::Bytes(self.arena.bytes(bytes)),
            Slot::TooLong => Kind::TooLong,
            Slot::Tuple(_) => Kind::Tuple,
            Slot::List(_) => Kind::List,
            Slot::Set(_) => Kind::Set,
            Slot::Dict(_) => Kind::Dict,
            Slot::Imported(_) => self
                .arena
                .name(self.slot)
                .map_or(Kind::Unknown, Kind::Imported),
            Slot::Call(_) => Kind::Call,
            Slot::Persistent(_) => Kind::Persistent,
            Slot::Unknown => Kind::Unknown,
        }
    }

    /// Whether it is `None`.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.slot == Slot::None
    }

    /// True or false, also of numpy.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.slot {
            Slot::Bool(value) => Some(value),
            _ => match numpy::scalar(self.arena, self.slot)? {
                numpy::Number::Bool(value) => Some(value),
                _ => None,
            },
        }
    }

    /// A whole number, also of numpy.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self.slot {
            Slot::Int(number) => Some(number),
            _ => numpy::scalar(self.arena, self.slot)?.as_i64(),
        }
    }

    /// A number, whole or not, also of numpy.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        match self.slot {
            Slot::Float(number) => Some(number),
            Slot::Int(number) => numpy::Number::Int(number).as_f64(),
            _ => numpy::scalar(self.arena, self.slot)?.as_f64(),
        }
    }

    /// Text.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        self.arena.text(self.slot)
    }

    /// Bytes, also as older protocols write them: by `_codecs.encode`.
    #[must_use]
    pub fn as_bytes(self) -> Option<Cow<'a, [u8]>> {
        numpy::bytes(self.arena, self.slot)
    }

    /// The numbers in a list, a tuple, or an array of numpy of one dimension, if all are numbers.
    #[must_use]
    pub fn numbers(self) -> Option<Vec<f64>> {
        if let Some(numbers) = numpy::array(self.arena, self.slot) {
            return numbers.into_iter().map(numpy::Number::as_f64).collect();
        }
        self.is_sequence().then_some(())?;
        self.items().map(Self::as_f64).collect()
    }

    /// The whole numbers in a list, a tuple, or an array of numpy of one dimension, if all are such.
    #[must_use]
    pub fn integers(self) -> Option<Vec<i64>> {
        if let Some(numbers) = numpy::array(self.arena, self.slot) {
            return numbers.into_iter().map(numpy::Number::as_i64).collect();
        }
        self.is_sequence().then_some(())?;
        self.items().map(Self::as_i64).collect()
    }

    /// Whether it is a list or a tuple.
    #[must_use]
    pub fn is_sequence(self) -> bool {
        matches!(self.slot, Slot::List(_) | Slot::Tuple(_))
    }

    /// The elements of a list, a tuple or a set, also of a subclass or of a set that is made by a
    /// call; none of what is none of these.
    pub fn items(self) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        let slot = match self.slot {
            Slot::Call(id) => match self.arena.part(id, call::LIST) {
                Slot::Unknown => self.first_argument(),
                list => list,
            },
            slot => slot,
        };
        let elements = match slot {
            Slot::List(id) | Slot::Tuple(id) | Slot::Set(id) => self.arena.elements(id),
            _ => &[],
        };
        elements.iter().map(move |slot| self.of(*slot))
    }

    /// The keys and values of a dictionary in their order, also of a subclass as `OrderedDict`; none
    /// of what is no dictionary. A key that was set twice comes twice, and the last one counts.
    pub fn pairs(self) -> impl DoubleEndedIterator<Item = (Self, Self)> + ExactSizeIterator {
        let slot = match self.slot {
            Slot::Call(id) => match self.arena.part(id, call::DICT) {
                Slot::Unknown => self.first_argument(),
                dict => dict,
            },
            slot => slot,
        };
        let elements = match slot {
            Slot::Dict(id) => self.arena.elements(id),
            _ => &[],
        };
        let (pairs, _) = elements.as_chunks();
        pairs
            .iter()
            .map(move |[key, value]| (self.of(*key), self.of(*value)))
    }

    /// Whether it is a dictionary, or one of the standard library's that are made by a call.
    #[must_use]
    pub fn is_mapping(self) -> bool {
        let is_made = |name: &Name| {
            let of_collections = ["Counter", "OrderedDict", "defaultdict"];
            &*name.module == "collections" && of_collections.contains(&&*name.name)
        };
        matches!(self.slot, Slot::Dict(_)) || self.callable().is_some_and(is_made)
    }

    fn first_argument(self) -> Slot {
        let arguments = self.arguments().map(|arguments| arguments.slot);
        let elements = arguments.and_then(|slot| self.arena.tuple(slot));
        elements
            .and_then(<[Slot]>::first)
            .copied()
            .unwrap_or(Slot::Unknown)
    }

    /// What a dictionary holds under a text.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        let mut pairs = self.pairs().rev();
        pairs.find_map(|(found, value)| (found.as_str() == Some(key)).then_some(value))
    }

    /// The element of a list or tuple at a place, counted from the end if negative; what a
    /// dictionary holds under a number.
    #[must_use]
    pub fn at(self, place: i64) -> Option<Self> {
        if self.is_sequence() {
            let mut items = self.items();
            let from_end = usize::try_from(place.unsigned_abs()).ok()?;
            return match place {
                0.. => items.nth(from_end),
                _ => items.nth_back(from_end - 1),
            };
        }
        let mut pairs = self.pairs().rev();
        pairs.find_map(|(key, value)| (key.as_i64() == Some(place)).then_some(value))
    }

    /// What follows one key after the other, each of a dictionary in the one before.
    #[must_use]
    pub fn path(self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The name of what is called.
    #[must_use]
    pub fn callable(self) -> Option<&'a Name> {
        self.arena.called(self.slot).map(|(name, _)| name)
    }

    /// What is called with: a tuple, as a rule.
    #[must_use]
    pub fn arguments(self) -> Option<Self> {
        match self.slot {
            Slot::Call(id) => Some(self.of(self.arena.part(id, call::ARGUMENTS))),
            _ => None,
        }
    }

    /// The state that is given to what was called.
    #[must_use]
    pub fn state(self) -> Option<Self> {
        match self.slot {
            Slot::Call(id) => match self.arena.part(id, call::STATE) {
                Slot::Unknown => None,
                state => Some(self.of(state)),
            },
            _ => None,
        }
    }

    /// The id for which the loading program would give an object.
    #[must_use]
    pub fn persistent_id(self) -> Option<Self> {
        match self.slot {
            Slot::Persistent(id) => Some(self.of(self.arena.part(id, 0))),
            _ => None,
        }
    }
}
