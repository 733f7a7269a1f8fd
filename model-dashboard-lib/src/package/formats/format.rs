//! Which format a file has.

use std::fmt;
use std::sync::Arc;

use super::cursor::Cursor;
use super::protobuf::Walker;
use super::{FormatError, gguf, hdf5, keras, onnx, safetensors, saved_model, torchscript};
use crate::package::archive::{Archive, ArchiveLimits};
use crate::package::source::Source;

/// A format of models in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Tensors with a header in JSON.
    Safetensors,
    /// What llama.cpp runs.
    Gguf,
    /// Open Neural Network Exchange.
    Onnx,
    /// TensorFlow's `saved_model.pb`, beside which are variables and assets.
    SavedModel,
    /// Keras 3's zip.
    Keras,
    /// The Hierarchical Data Format, which older versions of Keras use.
    Hdf5,
    /// PyTorch's compiled models.
    TorchScript,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "GGUF",
            Self::Onnx => "ONNX",
            Self::SavedModel => "SavedModel",
            Self::Keras => "Keras",
            Self::Hdf5 => "HDF5",
            Self::TorchScript => "TorchScript",
        })
    }
}

/// How a file is to be read.
pub(super) enum Known {
    Safetensors,
    Gguf,
    Onnx,
    SavedModel,
    KerasMetadata,
    Keras(Archive),
    Hdf5,
    /// With the folder in which everything is.
    TorchScript(Archive, String),
}

impl Known {
    fn format(&self) -> Format {
        match self {
            Self::Safetensors => Format::Safetensors,
            Self::Gguf => Format::Gguf,
            Self::Onnx => Format::Onnx,
            Self::SavedModel => Format::SavedModel,
            Self::KerasMetadata | Self::Keras(_) => Format::Keras,
            Self::Hdf5 => Format::Hdf5,
            Self::TorchScript(..) => Format::TorchScript,
        }
    }
}

/// How much of a file is looked at first; signatures of HDF5 may be at 512, 1024, 2048 and 4096.
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
    let content = by_content(&head, source, claims)?;
    match (content, claims) {
        (Some(known), Some(claim)) if !is_as_claimed(known.format(), claim) => {
            Err(FormatError::NotAsNamed(claim))
        }
        (Some(known), _) => Ok(Some(known)),
        // Their readers tell what is wrong.
        (None, Some(Format::Safetensors)) => Ok(Some(Known::Safetensors)),
        (None, Some(Format::Gguf)) => Ok(Some(Known::Gguf)),
        (None, Some(Format::Onnx)) => Ok(Some(Known::Onnx)),
        (None, Some(Format::SavedModel)) => Ok(Some(Known::SavedModel)),
        (None, Some(claim)) => Err(FormatError::NotAsNamed(claim)),
        (None, None) => other(&name, &head, &**source),
    }
}

/// What a file's name says it is. Files of torch are looked at elsewhere.
fn claims(name: &str) -> Option<Format> {
    if name == "saved_model.pb" {
        return Some(Format::SavedModel);
    }
    Some(match name.rsplit_once('.')?.1 {
        "safetensors" => Format::Safetensors,
        "gguf" => Format::Gguf,
        "onnx" => Format::Onnx,
        "keras" => Format::Keras,
        "h5" | "hdf5" => Format::Hdf5,
        _ => return None,
    })
}

/// Keras' older versions wrote HDF5 under any name.
fn is_as_claimed(format: Format, claim: Format) -> bool {
    format == claim || (format == Format::Hdf5 && claim == Format::Keras)
}

fn by_content(
    head: &[u8],
    source: &Arc<dyn Source>,
    claim: Option<Format>,
) -> Result<Option<Known>, FormatError> {
    if head.starts_with(gguf::MAGIC) {
        return Ok(Some(Known::Gguf));
    }
    let signature = match claim {
        Some(Format::Hdf5) => hdf5::signature_anywhere(&**source)?,
        _ => hdf5::signature(head),
    };
    match signature {
        Some(0) => return Ok(Some(Known::Hdf5)),
        Some(at) => {
            return Err(FormatError::malformed(format!(
                "{at} bytes stand before its signature of HDF5, which may be anything"
            )));
        }
        None => {}
    }
    if head.starts_with(b"PK\x03\x04") {
        return of_archive(source, claim);
    }
    if safetensors::begins(head, source.size()) {
        return Ok(Some(Known::Safetensors));
    }
    // A field of a message has a number and one of four kinds; most files are walked no further.
    let may_be_message = |first: &u8| first >> 3 > 0 && matches!(first & 7, 0 | 1 | 2 | 5);
    if head.first().is_some_and(may_be_message) {
        if saved_model::is_one(&**source)? {
            return Ok(Some(Known::SavedModel));
        }
        if onnx::is_one(&**source)? {
            return Ok(Some(Known::Onnx));
        }
    }
    Ok(None)
}

fn of_archive(
    source: &Arc<dyn Source>,
    claim: Option<Format>,
) -> Result<Option<Known>, FormatError> {
    let archive = match Archive::open(Arc::clone(source), &ArchiveLimits::default()) {
        Ok(archive) => archive,
        // Whoever looks into archives tells it otherwise.
        Err(_) if claim != Some(Format::Keras) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if keras::is_one(&archive) {
        return Ok(Some(Known::Keras(archive)));
    }
    if let Some(folder) = torchscript::folder(&archive) {
        let folder = folder.to_owned();
        return Ok(Some(Known::TorchScript(archive, folder)));
    }
    Ok(None)
}

/// Files that are beside others, and those that are not what their names say.
fn other(name: &str, head: &[u8], source: &dyn Source) -> Result<Option<Known>, FormatError> {
    match name {
        "keras_metadata.pb" => return Ok(Some(Known::KerasMetadata)),
        // TensorFlow loads these, too.
        "saved_model.pbtxt" | "saved_model.cpb" => {
            return Err(FormatError::Unsupported(
                "it is a SavedModel written in a way".to_owned(),
            ));
        }
        _ => {}
    }
    match name.rsplit_once('.').map(|it| it.1) {
        Some("pb") => {
            let mut walker = Walker::new(source);
            walker.message(walker.whole(), |_, _, _| Ok(()))?;
        }
        Some("json") => {
            let first = head.trim_ascii_start().first();
            let begins = |byte: &u8| b"{[\"-tfnNI".contains(byte) || byte.is_ascii_digit();
            let marked = head.starts_with(b"\xef\xbb\xbf");
            if !marked && !first.is_some_and(begins) {
                return Err(FormatError::malformed("it is named as JSON, but is none"));
            }
        }
        _ => {}
    }
    Ok(None)
}
