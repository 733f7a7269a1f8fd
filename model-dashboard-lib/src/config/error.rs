//! What was wrong with a configuration, and where.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// Nothing sets it.
    Default,
    /// A line of a configuration file, counted from 1.
    File {
        /// The file's name, as it was given.
        file: Arc<str>,
        /// The line.
        line: usize,
    },
    /// A variable, by name: the setting's own, or its `_FILE` twin.
    Variable(String),
    /// A command line flag, by name.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One thing that is wrong with a configuration. Its text is one line and never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The setting (`api.port`), or the file or variable when there is no such setting.
    pub setting: String,
    /// Where the value came from.
    pub origin: Origin,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl Problem {
    pub(super) fn new(setting: &str, origin: &Origin, message: impl Into<String>) -> Self {
        Self {
            setting: setting.to_owned(),
            origin: origin.clone(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            setting,
            origin,
            message,
        } = self;
        match origin {
            // A file that cannot be read and an unknown variable are their own origin.
            Origin::Default => write!(f, "{setting}: {message}"),
            Origin::Variable(name) | Origin::Flag(name) if name == setting => {
                write!(f, "{setting}: {message}")
            }
            Origin::File { file, .. } if **file == **setting => write!(f, "{origin}: {message}"),
            _ => write!(f, "{setting} ({origin}): {message}"),
        }
    }
}

/// Everything that is wrong with a configuration: never empty, one line of text for each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// The problems, in the order of files, variables, flags and the settings table.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(Problem::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
