//! What a pickle would import and call, and which values it holds, told without running it.
//!
//! Loading a pickle runs whatever it says, and the frameworks load theirs without protection. Lists
//! of what is forbidden are got around again and again, so this is a list of what is expected: a
//! pickle is [`Verdict::Expected`] only if it was read to its end and every name in it is one that
//! genuine files hold. Opcodes are walked with stack and memo as CPython's unpickler does
//! (`Lib/pickle.py`), because names come from there.

mod arena;
mod input;
mod json;
mod literal;
mod machine;
mod names;
mod number;
mod numpy;
mod opcode;
mod rules;
mod stack;
mod storage;
#[cfg(test)]
mod tests;
mod text;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::BufRead;

use serde::{Deserialize, Serialize};

use self::input::Input;
use self::machine::{End, Machine};
use self::names::Standing;
pub use self::storage::Storage;
pub use self::value::{Kind, Value, Values};

/// How much of a pickle is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes; more is [`Problem::TooLarge`].
    pub bytes: u64,
    /// Opcodes of all pickles in a row.
    pub opcodes: u64,
    /// Values on the stack, marks, and values in the memo, each.
    pub depth: usize,
    /// Bytes of texts that are kept, of one pickle.
    pub text: usize,
    /// Bytes that other values take, of one pickle.
    pub values: usize,
    /// Different names that are kept; more are counted as unresolved.
    pub names: usize,
}

impl Default for Limits {
    /// 1 GiB, 20 million opcodes, one million values at once, 32 MiB of text, 64 MiB of other
    /// values and 1,000 names: many times what genuine files of the frameworks have. Memory stays
    /// below 200 MB.
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            opcodes: 20_000_000,
            depth: 1_000_000,
            text: 32 << 20,
            values: 64 << 20,
            names: 1_000,
        }
    }
}

/// A name that a pickle imports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The module, as Python 3 calls it.
    pub module: Box<str>,
    /// The name within it; may be a path with dots.
    pub name: Box<str>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

/// Why a pickle could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It ends before its STOP.
    Truncated,
    /// There is no such opcode.
    UnknownOpcode(u8),
    /// It takes what is not there: from an empty stack, from the memo, before a mark.
    Malformed,
    /// It is beyond one of the [`Limits`].
    TooLarge,
    /// Its bytes could not be had.
    Unreadable(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("ends too early"),
            Self::UnknownOpcode(byte) => write!(f, "holds an unknown opcode, 0x{byte:02x}"),
            Self::Malformed => f.write_str("takes values that are not there"),
            Self::TooLarge => f.write_str("is too large to be read"),
            Self::Unreadable(reason) => write!(f, "cannot be read: {reason}"),
        }
    }
}

/// What is thought of a file that runs something when it is loaded. The worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Read to its end, and every name is one that genuine files hold.
    Expected,
    /// Read to its end, with names that nothing is known of.
    Unknown,
    /// Not read to its end, with nothing dangerous before.
    Unscannable,
    /// It imports what runs code or commands, or hides what it imports. Read from a word, also what
    /// a later program knows.
    #[serde(other)]
    Dangerous,
}

/// What the pickles of a file hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What they import.
    pub names: BTreeSet<Name>,
    /// How often they import or call what cannot be told: names put together while loading,
    /// extension numbers, names beyond the limit, what a call returned; and how often they change
    /// what they imported.
    pub unresolved: u64,
    /// How often they ask the loading program for an object by an id that is none of torch's
    /// storages.
    pub foreign_ids: u64,
    /// The bytes of tensors that they ask for, by torch's key for them.
    pub storages: BTreeMap<Box<str>, Storage>,
    /// What else genuine files do not do, with names that they hold; for people to read.
    pub unusual: BTreeSet<String>,
    /// What else harms whoever loads them; for people to read.
    pub harmful: BTreeSet<String>,
    /// How often they call something, or set an object's state.
    pub calls: u64,
    /// How many pickles were read to their end, one after the other.
    pub pickles: u64,
    /// How many opcodes were walked.
    pub opcodes: u64,
    /// Why reading ended, if it was before the end of the file.
    pub problem: Option<Problem>,
}

impl Found {
    /// The names that are not [`Expected`](Verdict::Expected).
    pub fn unexpected(&self) -> impl Iterator<Item = &Name> {
        self.names
            .iter()
            .filter(|name| names::standing(name) != Standing::Expected)
    }

    /// What is thought of it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let worst = self.names.iter().map(names::standing).max();
        let is_dangerous = self.unresolved > 0 || !self.harmful.is_empty();
        if is_dangerous || worst == Some(Standing::Dangerous) {
            Verdict::Dangerous
        } else if self.problem.is_some() || self.pickles == 0 {
            Verdict::Unscannable
        } else if self.foreign_ids > 0
            || !self.unusual.is_empty()
            || worst == Some(Standing::Unknown)
        {
            Verdict::Unknown
        } else {
            Verdict::Expected
        }
    }
}

/// Walks the first pickles of a stream, as many as are given or as there are, and leaves the stream
/// after them. Otherwise as [`walk`].
pub fn walk_some(pickles: &mut dyn BufRead, count: u64, limits: &Limits) -> Found {
    let mut found = Found::default();
    let mut input = Input::new(pickles, limits.bytes);
    while found.pickles < count {
        match Machine::new(&mut input, &mut found, limits, false).run() {
            Ok(End::Stopped(_)) => found.pickles += 1,
            Ok(End::Nothing) => break,
            Err(problem) => {
                found.problem = Some(problem);
                break;
            }
        }
    }
    found
}

/// Walks all pickles of a file, one after the other: what comes after a STOP is loaded by whoever
/// loads again, as torch does five times for a file of its older format.
///
/// Cost: one pass over at most [`Limits::bytes`]; long texts and bytes are skipped, not kept.
///
/// ```
/// use model_dashboard::package::pickle::{self, Limits, Verdict};
///
/// let found = pickle::walk(&b"cos\nsystem\n(S'true'\ntR."[..], &Limits::default());
/// assert_eq!(found.verdict(), Verdict::Dangerous);
/// assert_eq!(found.names.first().unwrap().to_string(), "os.system");
/// ```
#[must_use]
pub fn walk(mut pickles: impl BufRead, limits: &Limits) -> Found {
    walk_some(&mut pickles, u64::MAX, limits)
}

/// Walks all pickles of a file of a TorchScript archive, where names of its own code, and those by
/// which its reader makes lists, are expected: nothing is imported by them.
pub(in crate::package) fn walk_torchscript(pickles: impl BufRead, limits: &Limits) -> Found {
    // Each module of a network has a name of its own.
    let limits = Limits {
        names: limits.names.max(20_000),
        ..limits.clone()
    };
    let mut found = walk(pickles, &limits);
    found.names.retain(|name| !names::is_of_torchscript(name));
    found
}

/// Reads the values of the first pickle of a stream, and leaves the stream after it. What a call
/// would return stays a call. What is found of names is for [`walk`] to say.
///
/// Cost: one pass. Texts and bytes above 64 KiB, and numbers of more than 128 bits that are not
/// written in digits, are skipped: their [`Kind`] says so.
///
/// ```
/// use model_dashboard::package::pickle::{self, Limits};
///
/// let values = pickle::read(&b"(dS'epoch'\nI12\ns."[..], &Limits::default()).unwrap();
/// assert_eq!(values.root().get("epoch").unwrap().as_i64(), Some(12));
/// ```
///
/// # Errors
/// Why it could not be read to its end.
pub fn read(mut pickle: impl BufRead, limits: &Limits) -> Result<Values, Problem> {
    read_noting(&mut pickle, limits).1
}

/// The same, with what [`walk`] would find of that pickle, but for how many were read.
pub(super) fn read_noting(
    pickle: &mut dyn BufRead,
    limits: &Limits,
) -> (Found, Result<Values, Problem>) {
    let mut found = Found::default();
    let mut input = Input::new(pickle, limits.bytes);
    let mut machine = Machine::new(&mut input, &mut found, limits, true);
    let values = match machine.run() {
        Ok(End::Stopped(root)) => Ok(Values::new(machine.arena, root)),
        Ok(End::Nothing) => Err(Problem::Truncated),
        Err(problem) => Err(problem),
    };
    (found, values)
}
