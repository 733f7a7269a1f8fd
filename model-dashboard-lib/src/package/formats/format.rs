//! Which format a file has.

use std::fmt;
use std::sync::Arc;

use super::cursor::Cursor;
use super::{FormatError, gguf, safetensors};
use crate::package::source::Source;

/// A format of models in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Tensors with a header in JSON.
    Safetensors,
    /// What llama.cpp runs.
    Gguf,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "GGUF",
        })
    }
}

/// How a file is to be read.
pub(super) enum Known {
    Safetensors,
    Gguf,
}

impl Known {
    fn format(&self) -> Format {
        match self {
            Self::Safetensors => Format::Safetensors,
            Self::Gguf => Format::Gguf,
        }
    }
}

/// How much of a file is looked at first.
const HEAD: u64 = 8 << 10;

/// The beginning of what Git keeps in the place of a large file (git-lfs, `docs/spec.md`).
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// What a file's content says it is. An error tells that it is not what its name says.
pub(super) fn of(name: &str, source: &Arc<dyn Source>) -> Result<Option<Known>, FormatError> {
    let mut cursor = Cursor::new(&**source);
    let head = cursor.take(source.size().min(HEAD))?;
    if head.starts_with(POINTER) && source.size() < 1024 {
        return Err(FormatError::Pointer);
    }
    let name = name.to_ascii_lowercase();
    let claims = claims(&name);
    let content = by_content(&head, source)?;
    match (content, claims) {
        (Some(known), Some(claim)) if known.format() != claim => {
            Err(FormatError::NotAsNamed(claim))
        }
        (Some(known), _) => Ok(Some(known)),
        // Their readers tell what is wrong.
        (None, Some(Format::Safetensors)) => Ok(Some(Known::Safetensors)),
        (None, Some(Format::Gguf)) => Ok(Some(Known::Gguf)),
        (None, None) => Ok(None),
    }
}

/// What a file's name says it is. Files of torch are looked at elsewhere.
fn claims(name: &str) -> Option<Format> {
    Some(match name.rsplit_once('.')?.1 {
        "safetensors" => Format::Safetensors,
        "gguf" => Format::Gguf,
        _ => return None,
    })
}

fn by_content(head: &[u8], source: &Arc<dyn Source>) -> Result<Option<Known>, FormatError> {
    if head.starts_with(gguf::MAGIC) {
        return Ok(Some(Known::Gguf));
    }
    if safetensors::begins(head, source.size()) {
        return Ok(Some(Known::Safetensors));
    }
    Ok(None)
}
