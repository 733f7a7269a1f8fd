//! Why a text is not the JSON it should be, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::scan::Fault;

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters (Unicode scalar values), counted from 1.
    pub column: usize,
}

impl Position {
    /// The first character of a text.
    pub const START: Self = Self { line: 1, column: 1 };

    fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|&b| b == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The places of several offsets, which need not be sorted, in one pass over the text.
    pub(super) fn of_all(text: &str, offsets: &[usize]) -> Vec<Self> {
        let mut order: Vec<usize> = (0..offsets.len()).collect();
        order.sort_by_key(|&n| offsets[n]);
        let mut found = vec![Self::START; offsets.len()];
        let (mut done, mut here) = (0, Self::START);
        for n in order {
            let step = Self::of(&text[done..], offsets[n] - done);
            here = match step.line {
                1 => Self {
                    line: here.line,
                    column: here.column + step.column - 1,
                },
                _ => Self {
                    line: here.line + step.line - 1,
                    column: step.column,
                },
            };
            found[n] = here;
            done = offsets[n];
        }
        found
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What is wrong with a text, as a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// There is nothing but white space.
    Empty,
    /// More bytes than [`MAX_DEFINITION_BYTES`](super::MAX_DEFINITION_BYTES).
    TooLarge,
    /// Nested deeper than [`MAX_NESTING`](super::MAX_NESTING).
    TooDeep,
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The text is valid so far, but ends too early.
    Truncated,
    /// The value is not an object.
    NotAnObject,
    /// A key appears twice in one object.
    DuplicateKey,
    /// `NaN` or `Infinity`, which JSON does not have.
    NotANumber,
    /// Any other breach of the grammar.
    Syntax,
    /// Valid JSON of another type than was asked for.
    WrongType,
}

/// Why a text is not the JSON it should be. The message stands on its own; [`fmt::Display`] puts
/// the position before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {message}")]
pub struct JsonError {
    kind: JsonErrorKind,
    position: Position,
    message: String,
}

impl JsonError {
    pub(super) fn at(text: &str, fault: Fault) -> Self {
        let position = Position::of(text, fault.offset);
        Self {
            kind: fault.kind,
            position,
            message: fault.message,
        }
    }

    pub(super) fn typed(error: &serde_json::Error) -> Self {
        let position = Position {
            line: error.line().max(1),
            column: error.column().max(1),
        };
        let mut message = error.to_string();
        if let Some(end) = message.rfind(" at line ") {
            message.truncate(end);
        }
        Self {
            kind: JsonErrorKind::WrongType,
            position,
            message,
        }
    }

    /// What is wrong, as a kind.
    #[must_use]
    pub fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    /// Where it is wrong.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.position.line
    }

    /// The column in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.position.column
    }

    /// What is wrong, in plain words, without the position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}
