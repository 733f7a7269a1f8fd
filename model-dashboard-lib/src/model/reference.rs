//! References to a model, to one of its revisions, or to exact content.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ContentDigest, ModelKey, NameError};

/// A reference to a model: `type/name` (the current revision), `type/name@12` (revision 12) or
/// `type/name@sha256:…` (the revision with this content digest).
///
/// A name of the existing system may hold an `@` itself. Such a reference is told apart by its
/// last `@`: `type/a@12@` is the current revision of the model `a@12`.
///
/// ```
/// use model_dashboard::model::{ModelRef, Selector};
///
/// let reference: ModelRef = "nnUNet_v2/Dataset220_KiTS2023@12".parse()?;
/// assert_eq!(reference.key.name, "Dataset220_KiTS2023");
/// assert!(matches!(reference.selector, Selector::Revision(number) if number.get() == 12));
/// # Ok::<(), model_dashboard::model::RefError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelRef {
    /// Which model.
    pub key: ModelKey,
    /// Which state of it.
    pub selector: Selector,
}

/// Which state of a model is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Selector {
    /// The current revision.
    Current,
    /// The revision with this number; the first is 1.
    Revision(NonZeroU64),
    /// The revision with this content digest.
    Digest(ContentDigest),
}

/// Why a text is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefError {
    /// The part before `@` is no `type/name`.
    #[error("a model is written as type/name, type/name@12 or type/name@sha256:…")]
    Key(#[source] NameError),
    /// What follows `@` is neither a revision number nor a digest.
    #[error(
        "'{0}' after the @ is neither a revision number nor sha256: and 64 hexadecimal digits \
         (if the name itself holds an @, end the reference with another @)"
    )]
    Selector(String),
}

impl ModelRef {
    /// The current revision of a model.
    #[must_use]
    pub const fn current(key: ModelKey) -> Self {
        Self {
            key,
            selector: Selector::Current,
        }
    }
}

impl From<ModelKey> for ModelRef {
    fn from(key: ModelKey) -> Self {
        Self::current(key)
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)?;
        match self.selector {
            Selector::Current if self.key.name.as_str().contains('@') => f.write_str("@"),
            Selector::Current => Ok(()),
            Selector::Revision(number) => write!(f, "@{number}"),
            Selector::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

impl FromStr for ModelRef {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        let name_start = text.find('/').map_or(text.len(), |slash| slash + 1);
        let (key, selector) = match text[name_start..].rfind('@') {
            None => (text, Selector::Current),
            Some(at) => {
                let at = name_start + at;
                (&text[..at], parse_selector(&text[at + 1..])?)
            }
        };
        Ok(Self {
            key: key.parse().map_err(RefError::Key)?,
            selector,
        })
    }
}

fn parse_selector(text: &str) -> Result<Selector, RefError> {
    let refused = || RefError::Selector(text.to_owned());
    if text.is_empty() {
        Ok(Selector::Current)
    } else if text.starts_with("sha256:") {
        text.parse().map(Selector::Digest).map_err(|_| refused())
    } else if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().map(Selector::Revision).map_err(|_| refused())
    } else {
        Err(refused())
    }
}

impl TryFrom<String> for ModelRef {
    type Error = RefError;

    fn try_from(text: String) -> Result<Self, RefError> {
        text.parse()
    }
}

impl From<ModelRef> for String {
    fn from(reference: ModelRef) -> Self {
        reference.to_string()
    }
}
