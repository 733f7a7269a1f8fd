//! The values of one pickle, all in one place and known by number: so they can be shared and hold
//! each other, and going down into them takes no recursion here.

use std::collections::HashMap;

use super::names::{self, Standing};
use super::opcode::Container;
use super::{Name, Problem};

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Slot {
    /// What was not kept, or what an opcode makes that no file can hold.
    Unknown,
    None,
    Bool(bool),
    Int(i64),
    /// In decimal digits, for what has more than 64 bits.
    LongInt(Span),
    Float(f64),
    Text(Span),
    Bytes(Span),
    /// Text or bytes that are too long to be kept.
    TooLong,
    Imported(Id),
    Tuple(Id),
    List(Id),
    Dict(Id),
    Set(Id),
    /// What a call returned.
    Call(Id),
    /// What the loading program gives for an id.
    Persistent(Id),
}

/// A place among the nodes or names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(u32);

impl Id {
    /// That of a container whose elements are not kept, or of a name that cannot be told.
    pub(super) const NONE: Self = Self(u32::MAX);
}

/// A place among the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    length: u32,
}

/// What a node takes beside its elements: its vector, and what the allocator adds.
const NODE: usize = 64;
const ELEMENT: usize = size_of::<Slot>();

/// Which element of a call's node is what.
pub(super) mod call {
    pub(in crate::package::pickle) const CALLABLE: usize = 0;
    pub(in crate::package::pickle) const ARGUMENTS: usize = 1;
    /// What BUILD gave.
    pub(in crate::package::pickle) const STATE: usize = 2;
    /// A list of what was appended to it.
    pub(in crate::package::pickle) const LIST: usize = 3;
    /// A dictionary of what was set in it.
    pub(in crate::package::pickle) const DICT: usize = 4;
}

#[derive(Debug)]
pub(super) struct Arena {
    /// The elements of tuples, lists, sets; keys and values by turns of dictionaries; the parts of
    /// calls; persistent ids.
    nodes: Vec<Vec<Slot>>,
    /// Texts and bytes.
    bytes: Vec<u8>,
    /// Each with whether it is expected.
    names: Vec<(Name, bool)>,
    by_name: HashMap<Name, Id>,
    /// How many bytes more the nodes may take.
    room: usize,
    /// How many bytes more the texts may take.
    room_for_bytes: usize,
    /// Whether the elements of lists, dictionaries and sets are kept.
    pub(super) keeps_elements: bool,
}

impl Arena {
    pub(super) fn new(keeps_elements: bool, room: usize, room_for_bytes: usize) -> Self {
        Self {
            nodes: Vec::new(),
            bytes: Vec::new(),
            names: Vec::new(),
            by_name: HashMap::new(),
            room,
            room_for_bytes,
            keeps_elements,
        }
    }

    fn take(&mut self, bytes: usize) -> Result<(), Problem> {
        self.room = self.room.checked_sub(bytes).ok_or(Problem::TooLarge)?;
        Ok(())
    }

    /// A new node.
    fn node(&mut self, elements: Vec<Slot>) -> Result<Id, Problem> {
        self.take(NODE + elements.capacity() * ELEMENT)?;
        let id = u32::try_from(self.nodes.len()).map_err(|_| Problem::TooLarge)?;
        self.nodes.push(elements);
        Ok(Id(id))
    }

    /// A new container.
    pub(super) fn container(
        &mut self,
        kind: Container,
        elements: Vec<Slot>,
    ) -> Result<Slot, Problem> {
        let id = match kind {
            Container::Tuple => self.node(elements)?,
            _ if self.keeps_elements => self.node(elements)?,
            _ => Id::NONE,
        };
        Ok(match kind {
            Container::Tuple => Slot::Tuple(id),
            Container::List => Slot::List(id),
            Container::Dict => Slot::Dict(id),
            Container::Set => Slot::Set(id),
        })
    }

    /// What calling `callable` returns.
    pub(super) fn call(&mut self, callable: Slot, arguments: Slot) -> Result<Slot, Problem> {
        self.node(vec![callable, arguments]).map(Slot::Call)
    }

    /// What the loading program gives for `id`.
    pub(super) fn persistent(&mut self, id: Slot) -> Result<Slot, Problem> {
        self.node(vec![id]).map(Slot::Persistent)
    }

    /// Adds to what a node holds.
    fn extend(&mut self, id: Id, elements: &[Slot]) -> Result<(), Problem> {
        if self.nodes.get(id.0 as usize).is_none() {
            return Ok(());
        }
        // What grows has up to twice the room that it needs.
        self.take(2 * elements.len() * ELEMENT)?;
        if let Some(node) = self.nodes.get_mut(id.0 as usize) {
            node.extend_from_slice(elements);
        }
        Ok(())
    }

    /// Puts elements, or keys and values by turns, into a container or into what a call returned.
    /// Whatever else `into` is, it stays as it is.
    pub(super) fn put(
        &mut self,
        into: Slot,
        kind: Container,
        elements: &[Slot],
    ) -> Result<(), Problem> {
        match (into, kind) {
            (Slot::List(id), Container::List)
            | (Slot::Dict(id), Container::Dict)
            | (Slot::Set(id), Container::Set) => self.extend(id, elements),
            (Slot::Call(id), _) if self.keeps_elements => {
                let (part, kind) = match kind {
                    Container::Dict => (call::DICT, Container::Dict),
                    _ => (call::LIST, Container::List),
                };
                match self.part(id, part) {
                    Slot::List(id) | Slot::Dict(id) => self.extend(id, elements),
                    _ => {
                        let made = self.container(kind, elements.to_vec())?;
                        self.set_part(id, part, made)
                    }
                }
            }
            _ => Ok(()),
        }
    }

    /// Gives what a call returned its state.
    pub(super) fn build(&mut self, of: Slot, state: Slot) -> Result<(), Problem> {
        match of {
            Slot::Call(id) => self.set_part(id, call::STATE, state),
            _ => Ok(()),
        }
    }

    fn set_part(&mut self, id: Id, part: usize, value: Slot) -> Result<(), Problem> {
        let missing = (part + 1).saturating_sub(self.elements(id).len());
        self.extend(id, &[Slot::Unknown; call::DICT + 1][..missing])?;
        let node = self.nodes.get_mut(id.0 as usize);
        if let Some(place) = node.and_then(|node| node.get_mut(part)) {
            *place = value;
        }
        Ok(())
    }

    /// A part of a call, or [`Slot::Unknown`] if it has none.
    pub(super) fn part(&self, id: Id, part: usize) -> Slot {
        self.elements(id)
            .get(part)
            .copied()
            .unwrap_or(Slot::Unknown)
    }

    /// What a node holds.
    pub(super) fn elements(&self, id: Id) -> &[Slot] {
        self.nodes.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The elements of a tuple.
    pub(super) fn tuple(&self, slot: Slot) -> Option<&[Slot]> {
        match slot {
            Slot::Tuple(id) => Some(self.elements(id)),
            _ => None,
        }
    }

    /// Keeps bytes.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Result<Span, Problem> {
        let room = self.room_for_bytes.checked_sub(bytes.len());
        self.room_for_bytes = room.ok_or(Problem::TooLarge)?;
        let place = |number: usize| u32::try_from(number).map_err(|_| Problem::TooLarge);
        let span = Span {
            start: place(self.bytes.len())?,
            length: place(bytes.len())?,
        };
        self.bytes.extend_from_slice(bytes);
        Ok(span)
    }

    pub(super) fn bytes(&self, span: Span) -> &[u8] {
        let start = span.start as usize;
        let end = start + span.length as usize;
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The text at a place where text was kept.
    pub(super) fn text_at(&self, span: Span) -> &str {
        std::str::from_utf8(self.bytes(span)).unwrap_or_default()
    }

    /// The text that a value is.
    pub(super) fn text(&self, slot: Slot) -> Option<&str> {
        match slot {
            Slot::Text(span) => Some(self.text_at(span)),
            _ => None,
        }
    }

    /// What was imported by a name.
    pub(super) fn import(&mut self, name: Name) -> Result<Slot, Problem> {
        if let Some(id) = self.by_name.get(&name) {
            return Ok(Slot::Imported(*id));
        }
        let id = u32::try_from(self.names.len()).map_err(|_| Problem::TooLarge)?;
        let expected = names::standing(&name) == Standing::Expected;
        self.names.push((name.clone(), expected));
        self.by_name.insert(name, Id(id));
        Ok(Slot::Imported(Id(id)))
    }

    /// By which name something was imported.
    pub(super) fn name(&self, slot: Slot) -> Option<&Name> {
        match slot {
            Slot::Imported(id) => self.names.get(id.0 as usize).map(|(name, _)| name),
            _ => None,
        }
    }

    /// The same, if the name is one that genuine files hold.
    pub(super) fn expected_name(&self, slot: Slot) -> Option<&Name> {
        match slot {
            Slot::Imported(id) => match self.names.get(id.0 as usize) {
                Some((name, true)) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// The name of what was called, and with what.
    pub(super) fn called(&self, slot: Slot) -> Option<(&Name, Slot)> {
        match slot {
            Slot::Call(id) => {
                let name = self.name(self.part(id, call::CALLABLE))?;
                Some((name, self.part(id, call::ARGUMENTS)))
            }
            _ => None,
        }
    }
}
