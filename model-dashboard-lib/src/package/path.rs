//! Paths of files within a package.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest path, in bytes.
pub const MAX_PATH_BYTES: usize = 1024;

/// The most segments of a path.
pub const MAX_PATH_DEPTH: usize = 32;

/// Where a file lies in a package: segments between slashes that stay within it on every system.
/// No segment is empty, `.` or `..`; there are no backslashes, control characters, characters that
/// change the direction of text, and nothing that Windows takes for a drive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackagePath(Box<str>);

/// Why a path is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PathError(&'static str);

impl PackagePath {
    /// # Errors
    /// If `path` leaves the package, or cannot be a path on every system.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        if path.is_empty() {
            return Err(PathError("the path is empty"));
        }
        if path.len() > MAX_PATH_BYTES {
            return Err(PathError("the path is longer than 1,024 bytes"));
        }
        if path.contains('\\') {
            return Err(PathError("the path has a backslash"));
        }
        if path.chars().any(|c| c.is_control() || is_invisible(c)) {
            return Err(PathError("the path has characters that cannot be seen"));
        }
        if path.contains(':') {
            return Err(PathError(
                "the path has a colon, which names a drive or a stream on Windows",
            ));
        }
        let mut depth = 0;
        for segment in path.split('/') {
            depth += 1;
            match segment {
                "" => {
                    return Err(PathError(
                        "the path has an empty part or begins with a slash",
                    ));
                }
                "." | ".." => return Err(PathError("the path has a part . or ..")),
                _ => {}
            }
        }
        if depth > MAX_PATH_DEPTH {
            return Err(PathError("the path has more than 32 parts"));
        }
        Ok(Self(path.into()))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Its segments.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }
}

impl fmt::Display for PackagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PackagePath {
    type Error = PathError;

    fn try_from(path: String) -> Result<Self, PathError> {
        Self::parse(&path)
    }
}

impl From<PackagePath> for String {
    fn from(path: PackagePath) -> Self {
        path.0.into()
    }
}

/// Characters that are not seen or change the direction of what is.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
