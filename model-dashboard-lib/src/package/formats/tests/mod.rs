#![allow(clippy::unwrap_used, clippy::panic)]

mod any_bytes;
mod bounds;
mod configurations;
mod corpus;
mod genuine;
mod hostile;
mod rules;

use std::path::Path;

use super::*;
use crate::package::source::InMemory;

fn source(bytes: Vec<u8>) -> Arc<dyn Source> {
    Arc::new(InMemory::from(bytes))
}

fn read_bytes(name: &str, bytes: &[u8]) -> Option<Result<ModelFile, FormatError>> {
    read(name, &source(bytes.to_vec()))
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages")
}

/// A file under `tests/packages`.
fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

/// What the file at a path says, without anything to complain of in its structure.
fn file(name: &str) -> ModelFile {
    let file_name = name.rsplit('/').next().unwrap();
    match read_bytes(file_name, &bytes(name)) {
        Some(Ok(file)) => file,
        Some(Err(error)) => panic!("{name}: {error}"),
        None => panic!("{name} is of no format"),
    }
}
