//! Definitions in files and folders.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use model_dashboard::dashboard::{Error, ImportFile};
use model_dashboard::model::{
    JsonObject, MAX_DEFINITION_BYTES, ModelDefinition, ModelKey, ModelName, NetworkType,
};
use serde_json::value::RawValue;

use crate::failure::{Failure, Kind};
use crate::output::note;

/// The largest file that is read. One of 100,000 definitions has about 300 MB.
const MAX_FILE_BYTES: u64 = 2 << 30;

/// How deep folders are looked through.
const MAX_DEPTH: usize = 8;

/// What an argument that names a file holds; `-` is standard input. At most some bytes more than
/// a definition may have, so that the library says what is too large.
pub(crate) fn read_argument(name: &str) -> Result<Vec<u8>, Failure> {
    let limit = MAX_DEFINITION_BYTES as u64 + 1;
    match name {
        "-" => read(io::stdin().lock(), "standard input", limit),
        path => read_file(Path::new(path), limit),
    }
}

/// A definition that somebody gives.
pub(crate) fn parse(bytes: &[u8]) -> Result<ModelDefinition, Failure> {
    ModelDefinition::parse_checked(bytes).map_err(|errors| Error::Invalid(errors).into())
}

fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let file =
        File::open(path).map_err(|error| Failure::io(format!("{name} cannot be read"), &error))?;
    read(file, &name, limit)
}

/// At most `limit` bytes.
fn read(source: impl Read, name: &str, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    source
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::io(format!("{name} cannot be read"), &error))?;
    Ok(bytes)
}

/// One definition of what was given.
#[derive(Debug)]
pub(crate) struct Definition {
    place: Place,
    bytes: Vec<u8>,
}

/// Where a definition was found.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) file: String,
    /// Its number in the file, from 1, if the file holds a list.
    pub(crate) number: Option<usize>,
}

impl Definition {
    fn new(file: &str, number: Option<usize>, bytes: Vec<u8>) -> Self {
        let file = file.to_owned();
        Self {
            place: Place { file, number },
            bytes,
        }
    }

    /// For the library, under the name `index`, and where it was found.
    pub(crate) fn into_import(self, index: usize) -> (Place, ImportFile) {
        let file = ImportFile {
            name: index.to_string(),
            bytes: self.bytes,
        };
        (self.place, file)
    }
}

/// What files and folders hold.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) definitions: Vec<Definition>,
    /// Files of folders that are no definitions.
    pub(crate) passed_over: Vec<PathBuf>,
    /// Files with a list that is empty.
    empty: Vec<String>,
}

impl Found {
    /// Tells people what was given and is not among the definitions.
    pub(crate) fn tell_rest(&self) {
        for path in &self.passed_over {
            note(format_args!("passed over {}", path.display()));
        }
        for file in &self.empty {
            note(format_args!("{file} holds no definition"));
        }
    }
}

/// Reads files (`-` is standard input) and folders. Of a folder these are definitions: every
/// `*.json`, and what lies two levels deep as `TYPE/NAME`, as in a bucket, where the place says
/// which model it is. What starts with a dot is skipped.
pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Found, Failure> {
    let mut found = Found::default();
    for path in paths {
        if path.as_os_str() == "-" {
            let bytes = read(io::stdin().lock(), "standard input", MAX_FILE_BYTES)?;
            split("standard input", bytes, &mut found);
        } else if path.is_dir() {
            walk(path, &mut Vec::new(), &mut found)?;
        } else {
            let bytes = read_file(path, MAX_FILE_BYTES)?;
            split(&path.display().to_string(), bytes, &mut found);
        }
    }
    match found.definitions.is_empty() {
        false => Ok(found),
        true => {
            found.tell_rest();
            let message = "there are no definitions in what was given";
            Err(Failure::new(Kind::NotFound, message)
                .hint("of a folder, *.json and TYPE/NAME are definitions"))
        }
    }
}

/// `inside` are the folders that lead from the given one to `folder`.
fn walk(folder: &Path, inside: &mut Vec<String>, found: &mut Found) -> Result<(), Failure> {
    let failed = |error| Failure::io(format!("{} cannot be read", folder.display()), &error);
    let entries: io::Result<Vec<_>> = fs::read_dir(folder).map_err(failed)?.collect();
    let mut entries = entries.map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        // Kubernetes mounts files as links; links to folders could lead in a circle.
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            if inside.len() < MAX_DEPTH {
                inside.push(name);
                walk(&path, inside, found)?;
                inside.pop();
            } else {
                found.passed_over.push(path);
            }
        } else if !path.is_file() {
            found.passed_over.push(path);
        } else if name.ends_with(".json") {
            let bytes = read_file(&path, MAX_FILE_BYTES)?;
            split(&path.display().to_string(), bytes, found);
        } else if let [network_type] = inside.as_slice() {
            let bytes = read_file(&path, MAX_DEFINITION_BYTES as u64 + 1)?;
            let bytes = placed(network_type, &name, bytes);
            let file = path.display().to_string();
            found.definitions.push(Definition::new(&file, None, bytes));
        } else {
            found.passed_over.push(path);
        }
    }
    Ok(())
}

/// A definition that lies where its key says: the key outranks what it says of itself.
fn placed(network_type: &str, name: &str, bytes: Vec<u8>) -> Vec<u8> {
    let key = match (
        NetworkType::existing(network_type),
        ModelName::existing(name),
    ) {
        (Ok(network_type), Ok(name)) => ModelKey::new(network_type, name),
        _ => return bytes,
    };
    match ModelDefinition::parse_checked(&bytes) {
        Ok(mut definition) if says_otherwise(definition.as_object(), &key) => {
            definition.set_key(&key);
            definition.to_bytes()
        }
        // What cannot be read is told when it is taken in.
        _ => bytes,
    }
}

fn says_otherwise(object: &JsonObject, key: &ModelKey) -> bool {
    let says = |field: &str| object.get_as::<String>(field).ok().flatten();
    says("name").as_deref() != Some(key.name.as_str())
        || says("network_type").as_deref() != Some(key.network_type.as_str())
}

/// Takes a list apart, so that any number of definitions may come in one file. What is no JSON
/// stays whole; the library says what is wrong with it.
fn split(file: &str, bytes: Vec<u8>, found: &mut Found) {
    let is_list = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let list = match is_list {
        true => serde_json::from_slice::<Vec<&RawValue>>(&bytes).ok(),
        false => None,
    };
    match list {
        None => found.definitions.push(Definition::new(file, None, bytes)),
        Some(texts) if texts.is_empty() => found.empty.push(file.to_owned()),
        Some(texts) => {
            let each = texts.iter().zip(1..);
            found.definitions.extend(each.map(|(text, number)| {
                Definition::new(file, Some(number), text.get().as_bytes().to_vec())
            }));
        }
    }
}
