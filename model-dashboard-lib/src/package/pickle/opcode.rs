//! The opcodes of pickles, protocols 0 to 5 (CPython, `Lib/pickletools.py`).

/// One opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    /// Pushes what holds no name; what follows it in the stream is skipped.
    Push(Argument),
    /// Pushes the number that stands in the line that follows.
    Number,
    /// Pushes text, which may become a name.
    Text(Text),
    /// Neither pushes nor names anything.
    Nothing(Argument),
    Mark,
    Stop,
    Pop,
    PopMark,
    Dup,
    /// Makes one value of the topmost, as many as are given.
    Tuple(usize),
    /// Makes one value of everything above the mark.
    Collect {
        tuple: bool,
    },
    /// Takes so many values and pushes none: they go into the one below.
    Into(usize),
    /// The same for everything above the mark.
    AllInto,
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
    Put(Index),
    Get(Index),
    Memoize,
    /// An object that is handed in from outside.
    OutOfBand,
}

/// What follows an opcode and is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// So many bytes.
    Fixed(u64),
    /// A length in so many bytes, and as many bytes as it says.
    Counted(usize),
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
        use Argument::{Counted, Fixed};
        Some(match byte {
            b'(' => Self::Mark,
            b'.' => Self::Stop,
            b'0' => Self::Pop,
            b'1' => Self::PopMark,
            b'2' => Self::Dup,
            // FLOAT, INT and LONG.
            b'F' | b'I' | b'L' => Self::Number,
            // BININT, BININT1, BININT2 and BINFLOAT.
            b'J' => Self::Push(Fixed(4)),
            b'K' => Self::Push(Fixed(1)),
            b'M' => Self::Push(Fixed(2)),
            b'G' => Self::Push(Fixed(8)),
            // LONG1 and LONG4.
            0x8a => Self::Push(Counted(1)),
            0x8b => Self::Push(Counted(4)),
            // NONE, NEWTRUE, NEWFALSE, EMPTY_DICT, EMPTY_LIST and EMPTY_SET.
            b'N' | 0x88 | 0x89 | b'}' | b']' | 0x8f => Self::Push(Fixed(0)),
            // BINBYTES, SHORT_BINBYTES, BINBYTES8 and BYTEARRAY8.
            b'B' => Self::Push(Counted(4)),
            b'C' => Self::Push(Counted(1)),
            0x8e | 0x96 => Self::Push(Counted(8)),
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
            b't' => Self::Collect { tuple: true },
            // DICT, LIST and FROZENSET.
            b'd' | b'l' | 0x91 => Self::Collect { tuple: false },
            // APPEND and SETITEM.
            b'a' => Self::Into(1),
            b's' => Self::Into(2),
            // APPENDS, SETITEMS and ADDITEMS.
            b'e' | b'u' | 0x90 => Self::AllInto,
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
            b'p' => Self::Put(Index::Line),
            b'q' => Self::Put(Index::Fixed(1)),
            b'r' => Self::Put(Index::Fixed(4)),
            b'g' => Self::Get(Index::Line),
            b'h' => Self::Get(Index::Fixed(1)),
            b'j' => Self::Get(Index::Fixed(4)),
            0x94 => Self::Memoize,
            0x97 => Self::OutOfBand,
            // PROTO; FRAME says how many bytes belong together; READONLY_BUFFER.
            0x80 => Self::Nothing(Fixed(1)),
            0x95 => Self::Nothing(Fixed(8)),
            0x98 => Self::Nothing(Fixed(0)),
            _ => return None,
        })
    }
}
