//! Names of models and network types, and the key they form together.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name that a new model or network type may have, in characters.
pub const MAX_NAME_CHARS: usize = 128;

/// The longest name read from an existing bucket, in bytes: the limit of an S3 key.
pub const MAX_EXISTING_NAME_BYTES: usize = 1024;

/// Which rule a name breaks. The text stands on its own beside a form field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name is empty.
    #[error("must not be empty")]
    Empty,
    /// The name is longer than the limit.
    #[error("must be at most {limit} {unit} long; this has {found}")]
    TooLong {
        /// The longest length allowed.
        limit: usize,
        /// The length found.
        found: usize,
        /// What is counted: `characters` or `bytes`.
        unit: &'static str,
    },
    /// The first character is not a letter or a digit.
    #[error("must start with a letter or a digit")]
    BadStart,
    /// A character that is not allowed.
    #[error("may hold only the letters A to Z, a to z, digits, '.', '_' and '-'; found {}", show_char(*.0))]
    BadCharacter(char),
    /// Two dots in a row.
    #[error("must not hold two dots in a row")]
    DoubleDot,
    /// A word that the addresses of the API use themselves.
    #[error("must not be '{0}': that word is reserved")]
    Reserved(&'static str),
    /// A slash, which separates network type and name.
    #[error("must not hold a slash")]
    Slash,
    /// A control character.
    #[error("must not hold control characters")]
    Control,
    /// `.` or `..`.
    #[error("must not be '.' or '..'")]
    Dots,
    /// The part of the bucket that the registry keeps for itself.
    #[error("must not start with '.registry'")]
    RegistryArea,
    /// A key that is not `type/name`.
    #[error("must be written as type/name")]
    NotAKey,
}

fn show_char(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        c if c.is_control() => format!("the control character U+{:04X}", c as u32),
        c => format!("'{c}'"),
    }
}

/// The rule for new names: 1 to 128 of `A-Z a-z 0-9 . _ -`, starting with a letter or digit, no `..`.
fn check_new(text: &str, reserved: &[&'static str]) -> Result<(), NameError> {
    let first = text.chars().next().ok_or(NameError::Empty)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if let Some(c) = text.chars().find(|&c| !allowed(c)) {
        return Err(NameError::BadCharacter(c));
    }
    if !first.is_ascii_alphanumeric() {
        return Err(NameError::BadStart);
    }
    if text.len() > MAX_NAME_CHARS {
        return Err(NameError::TooLong {
            limit: MAX_NAME_CHARS,
            found: text.len(),
            unit: "characters",
        });
    }
    if text.contains("..") {
        return Err(NameError::DoubleDot);
    }
    match reserved.iter().find(|&&word| word == text) {
        Some(word) => Err(NameError::Reserved(word)),
        None => Ok(()),
    }
}

/// What one segment of a key in an existing bucket may be.
fn check_existing(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > MAX_EXISTING_NAME_BYTES {
        return Err(NameError::TooLong {
            limit: MAX_EXISTING_NAME_BYTES,
            found: text.len(),
            unit: "bytes",
        });
    }
    if text.contains('/') {
        return Err(NameError::Slash);
    }
    if text.chars().any(char::is_control) {
        return Err(NameError::Control);
    }
    if matches!(text, "." | "..") {
        return Err(NameError::Dots);
    }
    if text.starts_with(".registry") {
        return Err(NameError::RegistryArea);
    }
    Ok(())
}

macro_rules! key_segment {
    ($(#[$doc:meta])* $name:ident, reserved: $reserved:expr) => {
        $(#[$doc])*
        ///
        /// Cheap to clone. Deserialising accepts whatever [`Self::existing`] accepts.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses a name for something new: 1 to 128 of `A-Z a-z 0-9 . _ -`, starting with a
            /// letter or digit, without `..`, and not a reserved word.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                check_new(text, $reserved)?;
                Ok(Self(text.into()))
            }

            /// Parses a segment of a key that a bucket already holds: not empty, at most
            /// [`MAX_EXISTING_NAME_BYTES`] bytes, no `/`, no control characters, not `.` or
            /// `..`, not starting with `.registry`.
            pub fn existing(text: &str) -> Result<Self, NameError> {
                check_existing(text)?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether the name also meets the rule for new names.
            #[must_use]
            pub fn is_well_formed(&self) -> bool {
                check_new(&self.0, $reserved).is_ok()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                check_existing(&text)?;
                Ok(Self(text.into()))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }
    };
}

key_segment!(
    /// The name of a model within its network type.
    ModelName,
    reserved: &["dataframe", "type"]
);

key_segment!(
    /// The framework that a model belongs to, such as `nnUNet_v2`. The set is open: any text that
    /// meets the rule is a network type.
    NetworkType,
    reserved: &["type"]
);

impl NetworkType {
    /// The network types that the product knows by name.
    pub const KNOWN: &[&str] = &[
        "nnUNet",
        "nnUNet_v2",
        "totalsegmentator",
        "TotalSegmentatorV2",
        "MIST",
        "vista3d",
        "tensorflow",
    ];

    /// Whether this is one of [`Self::KNOWN`].
    #[must_use]
    pub fn is_known(&self) -> bool {
        Self::KNOWN.contains(&self.as_str())
    }
}

/// Where a definition lies: network type and name. Ordered by both, in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModelKey {
    /// The first segment.
    pub network_type: NetworkType,
    /// The second segment.
    pub name: ModelName,
}

impl ModelKey {
    /// Joins the two segments.
    #[must_use]
    pub fn new(network_type: NetworkType, name: ModelName) -> Self {
        Self { network_type, name }
    }

    /// Parses `type/name` by the rule for new models. Use [`FromStr`] for a key that may exist.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (network_type, name) = text.split_once('/').ok_or(NameError::NotAKey)?;
        Ok(Self::new(
            NetworkType::parse(network_type)?,
            ModelName::parse(name)?,
        ))
    }
}

impl fmt::Display for ModelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network_type, self.name)
    }
}

impl FromStr for ModelKey {
    type Err = NameError;

    /// Parses `type/name` as an existing bucket may hold it.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let (network_type, name) = text.split_once('/').ok_or(NameError::NotAKey)?;
        Ok(Self::new(
            NetworkType::existing(network_type)?,
            ModelName::existing(name)?,
        ))
    }
}
