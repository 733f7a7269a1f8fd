//! Models that are a pickle: checkpoints of torch, and scikit-learn's.

use std::io::{BufReader, Read as _};
use std::sync::Arc;

use super::PackageInspector;
use super::contents::models;
use super::description::{Description, network_type, proposed_name};
use super::pickled;
use crate::package::archive::{Archive, ArchiveLimits};
use crate::package::pickle::{self, Found, Limits, Value};
use crate::package::source::{Source, Stream};
use crate::package::{Package, PackageError, PackageFile};

/// How many keys are told.
const KEYS: usize = 50;

/// The longest key that is told.
const LONGEST_KEY: usize = 60;

/// What torch's files begin with that are no archives: its number, as a pickle of protocol 2.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// How much of a pickle is looked at.
const LOOKED_AT: u64 = 64 << 20;

/// Checkpoints of torch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Torch;

/// Models of scikit-learn, by pickle or joblib.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ScikitLearn;

impl PackageInspector for Torch {
    fn name(&self) -> &str {
        "torch"
    }

    fn recognises(&self, package: &Package) -> Result<bool, PackageError> {
        let files = models(package);
        for file in &files {
            if !is_torch(&package.source(file)?)? {
                return Ok(false);
            }
        }
        Ok(!files.is_empty())
    }

    fn describe(&self, package: &Package) -> Result<Description, PackageError> {
        let mut description = Description::new("PyTorch");
        description.network_type = network_type("torch");
        if let Some(file) = models(package).first() {
            name(file, &mut description);
            if let Some(values) = pickled::read_torch(package, file)? {
                tell(values.root(), &mut description);
            }
        }
        Ok(description)
    }
}

impl PackageInspector for ScikitLearn {
    fn name(&self) -> &str {
        "scikit-learn"
    }

    fn recognises(&self, package: &Package) -> Result<bool, PackageError> {
        let [file] = *models(package) else {
            return Ok(false);
        };
        Ok(classes(&package.source(file)?).is_some())
    }

    fn describe(&self, package: &Package) -> Result<Description, PackageError> {
        let mut description = Description::new("scikit-learn");
        description.network_type = network_type("scikit-learn");
        if let Some(file) = models(package).first() {
            name(file, &mut description);
            description.fact("classes", classes(&package.source(file)?));
            if let Some(values) = pickled::read(package, file)? {
                tell(values.root(), &mut description);
            }
        }
        Ok(description)
    }
}

fn name(file: &PackageFile, description: &mut Description) {
    let name = file.path.file_name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    description.name = proposed_name(stem);
}

/// What an object is, and its keys if it is a dictionary.
fn tell(root: Value<'_>, description: &mut Description) {
    let class = match root.callable() {
        Some(name) => Some(name.to_string()),
        None => root.is_mapping().then(|| "builtins.dict".to_owned()),
    };
    description.fact("type", class);
    if root.is_mapping() {
        // Those that programs write: others may be names of patients.
        let is_word = |key: &&str| {
            let in_words =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c);
            key.len() <= LONGEST_KEY && key.chars().all(in_words)
        };
        let keys: Vec<&str> = root
            .pairs()
            .filter_map(|(key, _)| key.as_str())
            .filter(is_word)
            .take(KEYS)
            .collect();
        description.fact("keys", Some(keys.join(", ")));
    }
}

fn is_torch(source: &Arc<dyn Source>) -> Result<bool, PackageError> {
    let mut head = Vec::new();
    let stream = Stream::new(Arc::clone(source));
    // What cannot be read is told where all files are.
    let read = stream.take(LEGACY.len() as u64).read_to_end(&mut head);
    if read.is_ok() && head == LEGACY {
        return Ok(true);
    }
    if !Archive::is_at_the_end_of(&**source)? {
        return Ok(false);
    }
    let Ok(archive) = Archive::open(Arc::clone(source), &ArchiveLimits::default()) else {
        return Ok(false);
    };
    let holds = |name: &str| {
        let is = |path: &str| {
            path.strip_suffix(name)
                .is_some_and(|it| it.matches('/').count() == 1)
        };
        archive
            .entries()
            .iter()
            .any(|entry| is(entry.path.as_str()))
    };
    Ok(holds("data.pkl") && holds("version") && !holds("constants.pkl"))
}

/// The classes of scikit-learn that a pickle names, also one that joblib packed with zlib.
fn classes(source: &Arc<dyn Source>) -> Option<String> {
    let stream = || BufReader::with_capacity(1 << 16, Stream::new(Arc::clone(source)));
    let mut head = [0; 2];
    stream().read_exact(&mut head).ok()?;
    let walk = |found: Found| {
        let of_it = |name: &&pickle::Name| name.module.split('.').next() == Some("sklearn");
        let names: Vec<String> = found
            .names
            .iter()
            .filter(of_it)
            .map(ToString::to_string)
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let limits = Limits {
        bytes: LOOKED_AT,
        ..Limits::default()
    };
    match head {
        [0x80, 0..=5] => walk(pickle::walk(stream(), &limits)),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda] => {
            let unpacked = flate2::read::ZlibDecoder::new(stream());
            walk(pickle::walk(BufReader::new(unpacked), &limits))
        }
        _ => None,
    }
}
