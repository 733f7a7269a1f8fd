//! Archives: torch's, in which a pickle asks for the bytes of its tensors, and all others.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::ops::Bound;
use std::sync::Arc;

use super::{DEPTH, Scan, Scanner};
use crate::package::archive::{Archive, ArchiveError, ArchiveLimits};
use crate::package::pickle::{self, Found, Limits, Verdict};
use crate::package::source::Source;

impl Scanner {
    pub(super) fn archive(&mut self, source: &Arc<dyn Source>, depth: usize) -> Scan {
        if depth >= DEPTH {
            return Scan::because(Verdict::Unscannable, "archives in it are nested too deeply");
        }
        let archive = match Archive::open(Arc::clone(source), &ArchiveLimits::default()) {
            Ok(archive) => archive,
            Err(error) => return refused(&error),
        };
        let mut all = Scan::default();
        let layout = Layout::of(&archive);
        let mut read = BTreeMap::new();
        for entry in archive.entries() {
            let path = entry.path.as_str();
            let Some(pickle) = layout.pickle(path) else {
                continue;
            };
            match archive.read(entry) {
                Ok(data) => {
                    let found = pickle.walk(BufReader::new(data));
                    all.join(Scan::of(&found));
                    all.join(layout.check(&pickle, &found, &mut read));
                }
                Err(error) => all.join(refused(&error)),
            }
            read.insert(path.to_owned(), Read::Pickle);
        }
        for entry in archive.entries() {
            let source = match archive.at(entry) {
                Ok(source) => source,
                Err(error) => {
                    all.join(refused(&error));
                    continue;
                }
            };
            match read.get(entry.path.as_str()) {
                Some(Read::Pickle) => {}
                Some(Read::Tensor) => all.join(self.tensor(&source, depth + 1)),
                None => all.join(self.file(entry.path.file_name(), &source, depth + 1)),
            }
        }
        all
    }
}

/// What an entry was taken for.
enum Read {
    Pickle,
    Tensor,
}

fn refused(error: &ArchiveError) -> Scan {
    Scan::because(Verdict::Unscannable, format!("an archive in it: {error}"))
}

/// The folder of a file that is called so, with its slash.
fn folder_of<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    let folder = path.strip_suffix(name)?;
    (folder.is_empty() || folder.ends_with('/')).then_some(folder)
}

/// Where things are in an archive.
struct Layout<'a> {
    sizes: BTreeMap<&'a str, u64>,
    /// The folders of TorchScript files: those with `constants.pkl` and `code/`.
    scripts: BTreeSet<&'a str>,
}

/// A pickle of torch's.
struct Pickle<'a> {
    is_script: bool,
    /// Its path without its ending, which is the folder of its tensors.
    stem: &'a str,
}

impl<'a> Layout<'a> {
    fn of(archive: &'a Archive) -> Self {
        let sizes: BTreeMap<&str, u64> = archive
            .entries()
            .iter()
            .map(|entry| (entry.path.as_str(), entry.size))
            .collect();
        let has_code = |folder: &&str| {
            let code = format!("{folder}code/");
            let mut from = sizes.range::<str, _>((Bound::Excluded(&*code), Bound::Unbounded));
            from.next().is_some_and(|(path, _)| path.starts_with(&code))
        };
        let with_constants = sizes
            .keys()
            .filter_map(|path| folder_of(path, "constants.pkl"));
        let scripts = with_constants.filter(has_code).collect();
        Self { sizes, scripts }
    }

    /// Which of torch's pickles a path is, if it is one: TorchScript has some more.
    fn pickle(&self, path: &'a str) -> Option<Pickle<'a>> {
        let is_script = |folder: &str| self.scripts.contains(folder);
        let is_script = match folder_of(path, "data.pkl") {
            Some(folder) => is_script(folder),
            None if folder_of(path, "constants.pkl").is_some_and(is_script) => true,
            None => {
                let code = path.strip_suffix(".debug_pkl")?.match_indices("code/");
                let mut folders = code.filter_map(|(at, _)| path.get(..at));
                folders.any(is_script).then_some(true)?
            }
        };
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        Some(Pickle { is_script, stem })
    }

    /// Whether the bytes of the tensors that a pickle asks for are there. What they are called is
    /// noted as read.
    fn check(&self, pickle: &Pickle<'_>, found: &Found, read: &mut BTreeMap<String, Read>) -> Scan {
        let mut scan = Scan::default();
        for (key, storage) in &found.storages {
            let path = format!("{}/{key}", pickle.stem);
            if self.sizes.get(&*path).copied() != storage.bytes() {
                scan.join(Scan::because(
                    Verdict::Unknown,
                    "the bytes of its tensors are missing or not as many as it says",
                ));
            }
            // Torch counts them. What is called otherwise may be loaded for something else.
            if key.bytes().all(|byte| byte.is_ascii_digit()) {
                read.entry(path).or_insert(Read::Tensor);
            }
        }
        scan
    }
}

impl Pickle<'_> {
    fn walk(&self, data: BufReader<impl std::io::Read>) -> Found {
        match self.is_script {
            true => pickle::walk_torchscript(data, &Limits::default()),
            false => pickle::walk(data, &Limits::default()),
        }
    }
}
