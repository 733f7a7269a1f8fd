//! The opcodes of pickles, protocols 0 to 5 (CPython, `Lib/pickletools.py`).

/// One opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    None,
    Bool(bool),
    /// Pushes a container with nothing in it.
    Empty(Container),
    /// Pushes the number in so many bytes.
    Int {
        bytes: usize,
        signed: bool,
    },
    /// Pushes the number in eight bytes, the highest first.
    Float,
    /// Pushes the number in as many bytes as the length says that stands before, in so many bytes.
    Long(usize),
    /// Pushes the number that stands in the line that follows.
    Line(Number),
    /// Pushes bytes after their length, which has so many bytes.
    Bytes(usize),
    /// Pushes text, which may become a name.
    Text(Text),
    /// Neither pushes nor names anything; so many bytes follow.
    Nothing(u64),
    Mark,
    Stop,
    Pop,
    PopMark,
    Dup,
    /// Makes one value of the topmost, as many as are given.
    Tuple(usize),
    /// Makes one value of everything above the mark.
    Collect(Container),
    /// Takes one element, or key and value, and puts them into the container below.
    Put(Container),
    /// The same with everything above the mark.
    PutAll(Container),
    /// Calls the callable below the topmost value with it.
    Reduce,
    NewObj,
    NewObjEx,
    Build,
    /// Module and name stand in the two lines that follow.
    Global,
    /// The same, called with everything above the mark.
    Inst,
    /// Calls the first value above the mark with the others.
    Obj,
    /// Module and name are the two topmost values.
    StackGlobal,
    /// A name by its number in a registry of the program that reads, in so many bytes.
    Extension(usize),
    /// A persistent id: in the line that follows, or the topmost value.
    PersistentLine,
    PersistentTop,
    Remember(Index),
    Recall(Index),
    Memoize,
    /// An object that is handed in from outside.
    OutOfBand,
}

/// What holds other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Tuple,
    List,
    Dict,
    Set,
}

/// How a number is written in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// `01` and `00` are true and false.
    Int,
    /// With an `L` at its end.
    Long,
    Float,
}

/// How text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// A line of bytes with quotes around it, with escapes.
    Quoted,
    /// A line of UTF-8, with escapes.
    Line,
    /// Bytes after their length, which has so many bytes.
    Bytes(usize),
    /// UTF-8 after its length, which has so many bytes.
    Utf8(usize),
}

/// How a place in the memo is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    /// A line with a number.
    Line,
    /// So many bytes, the lowest first.
    Fixed(usize),
}

impl Opcode {
    /// The opcode that the byte stands for.
    pub(super) fn of(byte: u8) -> Option<Self> {
        use Container::{Dict, List, Set};
        Some(match byte {
            b'(' => Self::Mark,
            b'.' => Self::Stop,
            b'0' => Self::Pop,
            b'1' => Self::PopMark,
            b'2' => Self::Dup,
            b'F' => Self::Line(Number::Float),
            b'I' => Self::Line(Number::Int),
            b'L' => Self::Line(Number::Long),
            // BININT, BININT1, BININT2 and BINFLOAT.
            b'J' => Self::Int {
                bytes: 4,
                signed: true,
            },
            b'K' => Self::Int {
                bytes: 1,
                signed: false,
            },
            b'M' => Self::Int {
                bytes: 2,
                signed: false,
            },
            b'G' => Self::Float,
            // LONG1 and LONG4.
            0x8a => Self::Long(1),
            0x8b => Self::Long(4),
            b'N' => Self::None,
            0x88 => Self::Bool(true),
            0x89 => Self::Bool(false),
            b'}' => Self::Empty(Dict),
            b']' => Self::Empty(List),
            0x8f => Self::Empty(Set),
            // BINBYTES, SHORT_BINBYTES, BINBYTES8 and BYTEARRAY8.
            b'B' => Self::Bytes(4),
            b'C' => Self::Bytes(1),
            0x8e | 0x96 => Self::Bytes(8),
            b'S' => Self::Text(Text::Quoted),
            b'V' => Self::Text(Text::Line),
            // BINSTRING and SHORT_BINSTRING.
            b'T' => Self::Text(Text::Bytes(4)),
            b'U' => Self::Text(Text::Bytes(1)),
            // BINUNICODE, SHORT_BINUNICODE and BINUNICODE8.
            b'X' => Self::Text(Text::Utf8(4)),
            0x8c => Self::Text(Text::Utf8(1)),
            0x8d => Self::Text(Text::Utf8(8)),
            b')' => Self::Tuple(0),
            0x85 => Self::Tuple(1),
            0x86 => Self::Tuple(2),
            0x87 => Self::Tuple(3),
            b't' => Self::Collect(Container::Tuple),
            // DICT, LIST and FROZENSET.
            b'd' => Self::Collect(Dict),
            b'l' => Self::Collect(List),
            0x91 => Self::Collect(Set),
            // APPEND and SETITEM.
            b'a' => Self::Put(List),
            b's' => Self::Put(Dict),
            // APPENDS, SETITEMS and ADDITEMS.
            b'e' => Self::PutAll(List),
            b'u' => Self::PutAll(Dict),
            0x90 => Self::PutAll(Set),
            b'R' => Self::Reduce,
            0x81 => Self::NewObj,
            0x92 => Self::NewObjEx,
            b'b' => Self::Build,
            b'c' => Self::Global,
            b'i' => Self::Inst,
            b'o' => Self::Obj,
            0x93 => Self::StackGlobal,
            0x82 => Self::Extension(1),
            0x83 => Self::Extension(2),
            0x84 => Self::Extension(4),
            b'P' => Self::PersistentLine,
            b'Q' => Self::PersistentTop,
            b'p' => Self::Remember(Index::Line),
            b'q' => Self::Remember(Index::Fixed(1)),
            b'r' => Self::Remember(Index::Fixed(4)),
            b'g' => Self::Recall(Index::Line),
            b'h' => Self::Recall(Index::Fixed(1)),
            b'j' => Self::Recall(Index::Fixed(4)),
            0x94 => Self::Memoize,
            0x97 => Self::OutOfBand,
            // PROTO; FRAME says how many bytes belong together; READONLY_BUFFER.
            0x80 => Self::Nothing(1),
            0x95 => Self::Nothing(8),
            0x98 => Self::Nothing(0),
            _ => return None,
        })
    }
}
