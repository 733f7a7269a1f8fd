//! How far a package is trusted.

use std::fmt;

use super::report::Report;
use crate::package::pickle::Verdict;

/// How far a package is trusted, by what loading it would run. The least trusted is the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// Loading it runs code, or hides what it runs.
    Dangerous,
    /// A file of it cannot be read to its end.
    Unscannable,
    /// It runs names that nothing is known of, or code besides its weights; or nobody knows what loads it.
    Unknown,
    /// It runs nothing, or what genuine files of its framework do.
    Expected,
}

impl Trust {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dangerous => "dangerous",
            Self::Unscannable => "unscannable",
            Self::Unknown => "unknown",
            Self::Expected => "expected",
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Report {
    /// How far the package is trusted.
    #[must_use]
    pub fn trust(&self) -> Trust {
        let files = match self.verdict {
            // Nothing in it is known to be loaded: by what nobody knows, that is no promise.
            None if self.inspector.is_none() => Trust::Unknown,
            None | Some(Verdict::Expected) => Trust::Expected,
            Some(Verdict::Unknown) => Trust::Unknown,
            Some(Verdict::Unscannable) => Trust::Unscannable,
            Some(Verdict::Dangerous) => Trust::Dangerous,
        };
        match self.contains_code {
            true => files.min(Trust::Unknown),
            false => files,
        }
    }
}
