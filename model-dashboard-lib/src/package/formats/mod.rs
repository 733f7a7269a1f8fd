//! What single files of models say of themselves: safetensors, GGUF, ONNX, TensorFlow's SavedModel,
//! Keras, HDF5 and TorchScript.
//!
//! A file is known by its content. What its name says it is, it has to be: who loads it goes by the
//! name. Headers and graphs are read by ranges and within bounds; the numbers of tensors are passed
//! over. Pickles are told by [`scan`](super::scan), not here.

mod cursor;
mod error;
mod finding;
mod format;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
mod gguf;
mod hdf5;
mod json;
mod keras;
mod onnx;
mod protobuf;
mod safetensors;
mod saved_model;
#[cfg(test)]
mod tests;
mod torchscript;

use std::io::{self, Read as _};
use std::sync::Arc;

pub use self::error::FormatError;
use self::finding::Findings;
pub use self::finding::{Finding, FindingKind};
pub use self::format::Format;
use self::format::Known;
pub use self::gguf::Gguf;
pub use self::hdf5::Hdf5;
pub use self::keras::Keras;
pub use self::onnx::{Dimension, Onnx, Tensor};
pub use self::safetensors::Safetensors;
pub use self::saved_model::{MetaGraph, SavedModel, Signature, TensorSpec};
pub use self::torchscript::TorchScript;
use super::archive::{Archive, ArchiveError, Entry};
use super::source::Source;

/// What a file says of itself, and what there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelFile {
    /// What it says.
    pub metadata: Metadata,
    /// What people should know before they load it, at most a hundred things.
    pub findings: Vec<Finding>,
}

impl ModelFile {
    /// What it is.
    #[must_use]
    pub fn format(&self) -> Format {
        match self.metadata {
            Metadata::Safetensors(_) => Format::Safetensors,
            Metadata::Gguf(_) => Format::Gguf,
            Metadata::Onnx(_) => Format::Onnx,
            Metadata::SavedModel(_) => Format::SavedModel,
            Metadata::Keras(_) => Format::Keras,
            Metadata::Hdf5(_) => Format::Hdf5,
            Metadata::TorchScript(_) => Format::TorchScript,
        }
    }

    /// Whether loading or using it runs code that is in it or that it names.
    #[must_use]
    pub fn is_code(&self) -> bool {
        self.findings.iter().any(Finding::is_code)
    }
}

/// What a file says of itself, in the words of its format.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Metadata {
    /// Of a safetensors file.
    Safetensors(Safetensors),
    /// Of a GGUF file.
    Gguf(Gguf),
    /// Of an ONNX file.
    Onnx(Onnx),
    /// Of the file `saved_model.pb`.
    SavedModel(SavedModel),
    /// Of a Keras file, or of `keras_metadata.pb`, of which nothing but code is told.
    Keras(Keras),
    /// Of an HDF5 file.
    Hdf5(Hdf5),
    /// Of a TorchScript file.
    TorchScript(TorchScript),
}

/// Reads a file of one of these formats; `None`, if it is of none and does not claim to be.
///
/// Cost: 64 KiB for a file of no known format, with the headers of its entries if it is an archive;
/// otherwise the header, or all fields of graphs but the weights. Memory stays below 256 MiB.
///
/// ```
/// use std::sync::Arc;
/// use model_dashboard::package::formats::{self, Metadata};
/// use model_dashboard::package::source::{InMemory, Source};
///
/// let bytes = b"\x02\0\0\0\0\0\0\0{}".to_vec();
/// let source: Arc<dyn Source> = Arc::new(InMemory::from(bytes));
/// let file = formats::read("empty.bin", &source).unwrap()?;
/// assert!(matches!(file.metadata, Metadata::Safetensors(it) if it.tensors == 0));
/// # Ok::<(), formats::FormatError>(())
/// ```
#[must_use]
pub fn read(file_name: &str, source: &Arc<dyn Source>) -> Option<Result<ModelFile, FormatError>> {
    let known = match format::of(file_name, source) {
        Ok(Some(known)) => known,
        Ok(None) => return None,
        Err(error) => return Some(Err(error)),
    };
    let mut findings = Findings::default();
    let metadata = metadata(known, &**source, &mut findings);
    Some(metadata.map(|metadata| ModelFile {
        metadata,
        findings: findings.finish(),
    }))
}

fn metadata(
    known: Known,
    source: &dyn Source,
    findings: &mut Findings,
) -> Result<Metadata, FormatError> {
    Ok(match known {
        Known::Safetensors => Metadata::Safetensors(safetensors::read(source)?),
        Known::Gguf => Metadata::Gguf(gguf::read(source, findings)?),
        Known::Onnx => Metadata::Onnx(onnx::read(source, findings)?),
        Known::SavedModel => Metadata::SavedModel(saved_model::read(source, findings)?),
        Known::KerasMetadata => Metadata::Keras(keras::saved_metadata(source, findings)?),
        Known::Keras(archive) => Metadata::Keras(keras::read(&archive, findings)?),
        Known::Hdf5 => Metadata::Hdf5(hdf5::read(source, findings)?),
        Known::TorchScript(archive, folder) => {
            Metadata::TorchScript(torchscript::read(&archive, &folder, findings)?)
        }
    })
}

/// All bytes of an entry, whose size the caller has bounded.
fn entry_bytes(archive: &Archive, entry: &Entry) -> Result<Vec<u8>, FormatError> {
    let mut bytes = Vec::new();
    match archive.read(entry)?.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        // What is wrong with the archive is told as that.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let error = error.downcast::<ArchiveError>();
            Err(error.map_or_else(FormatError::Source, FormatError::Archive))
        }
        Err(error) => Err(FormatError::Source(error)),
    }
}
