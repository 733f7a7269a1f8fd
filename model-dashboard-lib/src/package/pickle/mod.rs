//! What a pickle would import and call, told without running it.
//!
//! Loading a pickle runs whatever it says, and the frameworks load theirs without protection. Lists
//! of what is forbidden are got around again and again, so this is a list of what is expected: a
//! pickle is [`Verdict::Expected`] only if it was read to its end and every name in it is one that
//! genuine files hold. Opcodes are walked with stack and memo as CPython's unpickler does
//! (`Lib/pickle.py`), because names come from there.

mod input;
mod machine;
mod names;
mod opcode;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::BufRead;

use self::input::Input;
use self::machine::{End, Machine};
use self::names::Standing;

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
    /// Bytes of text that may become names, of one pickle.
    pub text: usize,
    /// Different names that are kept; more are counted as unresolved.
    pub names: usize,
}

impl Default for Limits {
    /// 1 GiB, 20 million opcodes, one million values, 32 MiB of text and 1,000 names: many times
    /// what genuine files of the frameworks have. Memory stays below 200 MB.
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            opcodes: 20_000_000,
            depth: 1_000_000,
            text: 32 << 20,
            names: 1_000,
        }
    }
}

/// A name that a pickle imports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Read to its end, and every name is one that genuine files hold.
    Expected,
    /// Read to its end, with names that nothing is known of.
    Unknown,
    /// Not read to its end, with nothing dangerous before.
    Unscannable,
    /// It imports what runs code or commands, or hides what it imports.
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
    /// The bytes of tensors that they ask for: torch's key for them, and the type of storage.
    pub storages: BTreeMap<Box<str>, Box<str>>,
    /// How often they call something, or set an object's state.
    pub calls: u64,
    /// How many pickles were read to their end, one after the other.
    pub pickles: u64,
    /// How many opcodes were walked.
    pub opcodes: u64,
    /// Why reading ended, if it was before the end of the file.
    pub problem: Option<Problem>,
    limit: usize,
}

impl Found {
    fn name(&mut self, module: &str, name: &str) {
        let (module, name) = names::canonical(module, name);
        let name = Name {
            module: module.into(),
            name: name.into(),
        };
        if self.names.len() < self.limit || self.names.contains(&name) {
            self.names.insert(name);
        } else {
            self.unresolved += 1;
        }
    }

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
        if self.unresolved > 0 || worst == Some(Standing::Dangerous) {
            Verdict::Dangerous
        } else if self.problem.is_some() || self.pickles == 0 {
            Verdict::Unscannable
        } else if self.foreign_ids > 0 || worst == Some(Standing::Unknown) {
            Verdict::Unknown
        } else {
            Verdict::Expected
        }
    }
}

/// Walks the first pickles of a stream, as many as are given or as there are, and leaves the stream
/// after them. Otherwise as [`walk`].
pub fn walk_some(pickles: &mut dyn BufRead, count: u64, limits: &Limits) -> Found {
    let mut found = Found {
        limit: limits.names,
        ..Found::default()
    };
    let mut input = Input::new(pickles, limits.bytes);
    while found.pickles < count {
        match Machine::new(&mut input, &mut found, limits).run() {
            Ok(End::Stopped) => found.pickles += 1,
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
