//! HDF5, and the configuration of a model that Keras keeps in it.
//! (The HDF Group, "HDF5 File Format Specification", version 3; Keras,
//! `keras/src/legacy/saving/legacy_h5_format.py`.)

mod attributes;

use self::attributes::Attributes;
use super::cursor::Cursor;
use super::keras::{Config, Keras};
use super::{Finding, FindingKind, Findings, FormatError, json};
use crate::package::source::Source;

pub(super) const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// What an HDF5 file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hdf5 {
    /// The version of its first block, which tells how old the library may be.
    pub superblock_version: u8,
    /// The model, if Keras wrote one.
    pub keras: Option<Keras>,
}

/// The signature is at the beginning, or at 512, 1024, 2048 and so on, after bytes of somebody else.
/// Looks at the beginning of a file.
pub(super) fn signature(head: &[u8]) -> Option<u64> {
    let is_there = |at: &u64| {
        let from = usize::try_from(*at).unwrap_or(usize::MAX);
        head.get(from..).is_some_and(|it| it.starts_with(SIGNATURE))
    };
    places()
        .take_while(|at| *at < head.len() as u64)
        .find(is_there)
}

/// Looks at all places in a file.
pub(super) fn signature_anywhere(source: &dyn Source) -> Result<Option<u64>, FormatError> {
    let mut cursor = Cursor::new(source);
    for at in places() {
        cursor.seek(at.min(source.size()))?;
        if cursor.left() < SIGNATURE.len() as u64 {
            break;
        }
        if cursor.array::<8>()? == SIGNATURE {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn places() -> impl Iterator<Item = u64> {
    let doubled = std::iter::successors(Some(512_u64), |at| at.checked_mul(2));
    std::iter::once(0).chain(doubled)
}

/// Reads the first block and the attributes of the root.
pub(super) fn read(source: &dyn Source, findings: &mut Findings) -> Result<Hdf5, FormatError> {
    let mut attributes = Attributes::open(source)?;
    let mut found = Hdf5 {
        superblock_version: attributes.version,
        keras: None,
    };
    let unread = |name: &str| Finding {
        kind: FindingKind::Unread,
        place: name.to_owned(),
        what: "what Keras keeps in its attributes could not be read".to_owned(),
    };
    if !attributes.are_all_read {
        findings.add(unread(""));
    }
    let version = attributes.text("keras_version")?;
    for name in ["model_config", "training_config"] {
        let Some(text) = attributes.text(name)? else {
            continue;
        };
        let Some(text) = text else {
            findings.add(unread(name));
            continue;
        };
        let value = json::parse(name, text)?;
        Config::new(name, findings).walk(&value);
        if name == "model_config" {
            let keras = found.keras.insert(Keras::default());
            keras.describe(&value);
            let version = version.clone().flatten();
            keras.keras_version = version.map(|it| String::from_utf8_lossy(&it).into());
        }
    }
    Ok(found)
}
