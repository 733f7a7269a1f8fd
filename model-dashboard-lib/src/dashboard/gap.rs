//! What a history lacks.

use std::fmt;

/// Numbers in a row that a history lacks: those revisions were removed from it, or never got there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
}

impl Gap {
    /// What lies between two numbers, if anything does.
    pub(super) fn between(later: u64, earlier: u64) -> Option<Self> {
        let (first, last) = (earlier.checked_add(1)?, later.checked_sub(1)?);
        (first <= last).then_some(Self { first, last })
    }
}

/// A sentence without its end, such as “revision 3 is missing”.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = self;
        match first == last {
            true => write!(f, "revision {first} is missing"),
            false => write!(f, "revisions {first} to {last} are missing"),
        }
    }
}
