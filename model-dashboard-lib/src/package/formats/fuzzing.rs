//! What is tried with bytes by chance: by the fuzzer, and in tests with what it found.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::io;
use std::sync::Arc;

use super::{Metadata, ModelFile, read};
use crate::package::source::{InMemory, Source};

/// Bytes that come one at a time.
#[derive(Debug)]
struct Trickle(InMemory);

impl Source for Trickle {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match buffer.get_mut(..1) {
            Some(first) => self.0.read_at(offset, first),
            None => Ok(0),
        }
    }
}

/// What is read, or the text of what is wrong. Pieces make no difference.
fn told(name: &str, bytes: &[u8]) -> Option<Result<ModelFile, String>> {
    let whole = InMemory::from(bytes.to_vec());
    let read = |source: Arc<dyn Source>| {
        read(name, &source).map(|file| file.map_err(|error| error.to_string()))
    };
    let told = read(Arc::new(whole.clone()));
    assert_eq!(read(Arc::new(Trickle(whole))), told);
    told
}

/// A graph in Protocol Buffers, named as the first byte says. A field that nobody knows changes
/// nothing.
pub fn model_protobuf(data: &[u8]) {
    let Some((&name, bytes)) = data.split_first() else {
        return;
    };
    let names = [
        "model.onnx",
        "saved_model.pb",
        "keras_metadata.pb",
        "model.bin",
    ];
    let name = names[usize::from(name) % names.len()];
    let Some(Ok(file)) = told(name, bytes) else {
        return;
    };
    if matches!(file.metadata, Metadata::Onnx(_) | Metadata::SavedModel(_)) {
        let more = [bytes, b"\xb8\x3e\x01"].concat();
        assert_eq!(told(name, &more), Some(Ok(file)));
    }
}

/// A header of safetensors, GGUF or HDF5, named as the first byte says. What is taken for sound fills
/// the file.
pub fn model_header(data: &[u8]) {
    let Some((&name, bytes)) = data.split_first() else {
        return;
    };
    let names = ["model.safetensors", "model.gguf", "model.h5", "model.bin"];
    let name = names[usize::from(name) % names.len()];
    let Some(Ok(file)) = told(name, bytes) else {
        return;
    };
    if let Metadata::Safetensors(found) = file.metadata {
        let (length, rest) = bytes.split_first_chunk().unwrap();
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap();
        let (header, data) = rest.split_at(length);
        let header: serde_json::Value = serde_json::from_slice(header).unwrap();
        let mut header = header.as_object().unwrap().clone();
        header.remove("__metadata__");
        assert_eq!(found.tensors, header.len() as u64);
        let sizes = header.values().map(|tensor| {
            let offset = |at: usize| tensor["data_offsets"][at].as_u64().unwrap();
            offset(1) - offset(0)
        });
        assert_eq!(sizes.sum::<u64>(), data.len() as u64);
    }
}
