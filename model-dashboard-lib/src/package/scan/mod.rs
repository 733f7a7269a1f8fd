//! What would run when a file is loaded, whatever the file is called.
//!
//! Pickles come bare, in torch's archives of three ages, in numpy's arrays, and in archives within
//! archives. A file is looked at by its content: its extension is what an attacker chooses. Where one
//! can be taken for several things, as each of them: which one it is depends on the loader.

mod archive;
mod format;
mod numpy;
mod tar;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read as _};
use std::sync::Arc;

use self::format::Format;
use super::pickle::{self, Found, Name, Verdict};
use super::source::{Source, Stream};

/// How deep archives in archives are read.
const DEPTH: usize = 4;

/// How many files within one file are read, archives within archives counted.
const FILES: usize = 20_000;

/// What a file would do when it is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// `None` where nothing in it is loaded as code.
    pub verdict: Option<Verdict>,
    /// The names that are not expected.
    pub names: BTreeSet<Name>,
    /// What else keeps the verdict from being [`Verdict::Expected`], for people to read.
    pub reasons: BTreeSet<String>,
}

impl Scan {
    fn because(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self {
            verdict: Some(verdict),
            names: BTreeSet::new(),
            reasons: [reason.into()].into(),
        }
    }

    fn of(found: &Found) -> Self {
        let mut reasons = BTreeSet::new();
        if let Some(problem) = &found.problem {
            reasons.insert(format!("the pickle {problem}"));
        } else if found.pickles == 0 {
            reasons.insert("there is nothing in it".to_owned());
        }
        if found.unresolved > 0 {
            reasons.insert("it imports, calls or changes what cannot be told".to_owned());
        }
        if found.foreign_ids > 0 {
            reasons.insert("it asks the program for objects that are no tensors".to_owned());
        }
        reasons.extend(found.unusual.iter().chain(&found.harmful).cloned());
        Self {
            verdict: Some(found.verdict()),
            names: found.unexpected().cloned().collect(),
            reasons,
        }
    }

    /// The worst of both.
    fn join(&mut self, other: Self) {
        self.verdict = self.verdict.max(other.verdict);
        self.names.extend(other.names);
        self.reasons.extend(other.reasons);
    }
}

/// Reads a file and everything in it, as far as it could be loaded. What its name says it is, it has
/// to be.
///
/// Cost: one pass over pickles and compressed data; the bytes of tensors are skipped where they are
/// not compressed. Memory stays below 256 MiB.
#[must_use]
pub fn scan(file_name: &str, source: &Arc<dyn Source>) -> Scan {
    Scanner { files: 0 }.file(file_name, source, 0)
}

struct Scanner {
    files: usize,
}

impl Scanner {
    fn file(&mut self, name: &str, source: &Arc<dyn Source>, depth: usize) -> Scan {
        self.files += 1;
        if self.files > FILES {
            return Scan::because(Verdict::Unscannable, "there are too many files in it");
        }
        let stream = || BufReader::with_capacity(1 << 16, Stream::new(Arc::clone(source)));
        let formats = match Format::all_of(name, &**source) {
            Ok(formats) => formats,
            Err(error) => {
                return Scan::because(Verdict::Unscannable, format!("it cannot be read: {error}"));
            }
        };
        let mut all = Scan::default();
        for format in formats {
            all.join(match format {
                Format::Packed(what) => Scan::because(
                    Verdict::Unscannable,
                    format!("it is packed by {what}, which is not read"),
                ),
                Format::Zip => self.archive(source, depth),
                Format::Tar => self.tar(source, depth),
                Format::Numpy => numpy::scan(stream()),
                Format::LegacyTorch => legacy(stream()),
                Format::Pickle => Scan::of(&pickle::walk(stream(), &pickle::Limits::default())),
                Format::PerhapsPickle => perhaps_a_pickle(stream()),
            });
        }
        all
    }

    /// The bytes of a tensor are numbers, unless somebody else than torch loads them.
    fn tensor(&mut self, source: &Arc<dyn Source>, depth: usize) -> Scan {
        let is_more = |format: &Format| matches!(format, Format::Zip | Format::Numpy);
        match Format::all_of("", &**source) {
            Ok(formats) if !formats.iter().any(is_more) => {
                let stream = Stream::new(Arc::clone(source));
                perhaps_a_pickle(BufReader::with_capacity(1 << 16, stream))
            }
            _ => self.file("", source, depth),
        }
    }

    fn tar(&mut self, source: &Arc<dyn Source>, depth: usize) -> Scan {
        if depth >= DEPTH {
            return Scan::because(Verdict::Unscannable, "archives in it are nested too deeply");
        }
        let mut all = Scan::default();
        for part in tar::Files::new(source) {
            match part {
                Ok(part) => {
                    let part: Arc<dyn Source> = Arc::new(part);
                    all.join(self.file("", &part, depth + 1));
                }
                Err(reason) => all.join(Scan::because(Verdict::Unscannable, reason)),
            }
        }
        all
    }
}

/// Torch's file of five pickles in a row (a number, a version, the machine, the object, the keys of
/// the tensors), and after them the bytes of the tensors (`torch/serialization.py`).
fn legacy(mut stream: impl BufRead) -> Scan {
    let found = pickle::walk_some(&mut stream, 5, &pickle::Limits::default());
    let mut scan = Scan::of(&found);
    if found.pickles < 5 {
        scan.join(Scan::because(
            Verdict::Unscannable,
            "it has fewer than torch's five pickles",
        ));
    } else if !ends_after_tensors(&mut stream, &found) {
        scan.join(Scan::because(
            Verdict::Unscannable,
            "what follows its pickles is not the bytes of its tensors alone",
        ));
    }
    scan
}

/// Whether nothing but the tensors' bytes is left: sorted by key, each after its length.
fn ends_after_tensors(stream: &mut impl BufRead, found: &Found) -> bool {
    for storage in found.storages.values() {
        let mut length = [0; 8];
        if stream.read_exact(&mut length).is_err() {
            return false;
        }
        let Some(bytes) = storage.bytes() else {
            return false;
        };
        if u64::from_le_bytes(length) != storage.length {
            return false;
        }
        match io::copy(&mut stream.take(bytes), &mut io::sink()) {
            Ok(copied) if copied == bytes => {}
            _ => return false,
        }
    }
    stream.fill_buf().is_ok_and(<[u8]>::is_empty)
}

/// A file that looks like no pickle is one if it calls something by a name.
fn perhaps_a_pickle(stream: impl BufRead) -> Scan {
    let found = pickle::walk(stream, &pickle::Limits::default());
    let is_word = |text: &str| {
        let in_words = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
        text.len() > 1 && text.chars().all(in_words)
    };
    let is_name = |name: &Name| is_word(&name.module) && is_word(&name.name);
    // What comes before a name that is none is called all the same.
    let calls = found.calls > 0 && (found.names.is_empty() || found.names.iter().any(is_name));
    let imports = !found.names.is_empty() || found.unresolved > 0;
    if imports && (found.pickles > 0 || calls) {
        return Scan::of(&found);
    }
    Scan::default()
}
