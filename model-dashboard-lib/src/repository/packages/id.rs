//! Names of packages in the store.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::model::Timestamp;

/// What a package is called in the store, from the first byte of its upload on: 80 random bits and
/// the time at which it began. Who knows it may not therefore use it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageId(Ulid);

/// The text names no package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a package is called by a ULID: 26 letters and digits")]
pub struct PackageIdError;

impl PackageId {
    /// A new one, from the clock and random bits.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "every call gives another value")]
    pub fn new() -> Self {
        Self(Ulid::generate())
    }

    /// When it was made, by the clock of whoever made it.
    pub(crate) fn made_at(self) -> Timestamp {
        made_at(self.0)
    }

    /// Parses the 26 characters, capital letters and digits alone: one package has one name.
    pub fn parse(text: &str) -> Result<Self, PackageIdError> {
        let id = Ulid::from_string(text).map(Self);
        id.ok()
            .filter(|id| id.to_string() == text)
            .ok_or(PackageIdError)
    }
}

/// When a ULID was made.
pub(crate) fn made_at(word: Ulid) -> Timestamp {
    let millis = i64::try_from(word.timestamp_ms()).unwrap_or(i64::MAX);
    Timestamp::from_unix_micros(millis.saturating_mul(1_000))
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackageId({})", self.0)
    }
}

impl FromStr for PackageId {
    type Err = PackageIdError;

    fn from_str(text: &str) -> Result<Self, PackageIdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for PackageId {
    type Error = PackageIdError;

    fn try_from(text: String) -> Result<Self, PackageIdError> {
        Self::parse(&text)
    }
}

impl From<PackageId> for String {
    fn from(id: PackageId) -> Self {
        id.to_string()
    }
}
