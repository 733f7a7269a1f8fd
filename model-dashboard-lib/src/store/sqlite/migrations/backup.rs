//! Copies of the file as it was before an upgrade.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::store::sqlite::connection::{beside, open_reader};
use crate::store::sqlite::error::{Error, Result};

const MARK: &str = ".before-migration-";

/// In the name of a copy that is not finished.
const PART: &str = ".part-";

/// Copies the file at `path` as it is committed, its log included, to a file beside it, for its
/// owner only, durably. `number` is that of the first step to be taken. An older copy is kept: a
/// further one gets `-2` and so on at its end. Until it is whole its name says so; what an upgrade
/// that was killed left of one is removed.
///
/// The caller holds the write lock, so what is copied is what will be upgraded, and nobody else
/// makes a copy.
pub(super) fn make(path: &Path, number: u32) -> Result<PathBuf> {
    for (part, _) in copies(path)?.iter().filter(|(_, unfinished)| *unfinished) {
        fs::remove_file(part)?;
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let unfinished = beside(path, &format!("{MARK}{number}{PART}"));
    let mut copy = tempfile::Builder::new()
        .prefix(unfinished.file_name().unwrap_or_default())
        .tempfile_in(folder)?;
    {
        let from = open_reader(path)?;
        let mut to = Connection::open(copy.path())?;
        // All pages in one step: the source is locked against change anyway.
        let step = Backup::new(&from, &mut to)?.step(-1)?;
        if step != StepResult::Done {
            return Err(Error::Io(io::Error::other(
                "the database is locked by another program",
            )));
        }
    }
    copy.as_file().sync_all()?;
    for attempt in 1u32.. {
        let suffix = if attempt == 1 {
            String::new()
        } else {
            format!("-{attempt}")
        };
        let target = beside(path, &format!("{MARK}{number}{suffix}"));
        match copy.persist_noclobber(&target) {
            Ok(_) => {
                File::open(folder)?.sync_all()?;
                return Ok(target);
            }
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => copy = taken.file,
            Err(failed) => return Err(failed.error.into()),
        }
    }
    Err(Error::Io(io::Error::other(
        "there are too many copies from earlier upgrades",
    )))
}

/// Whether a copy that an upgrade left is from before bare hashes of passwords were wrapped: the
/// earlier system's. Told by its name.
#[must_use]
pub fn holds_bare_hashes(copy: &Path) -> bool {
    let name = copy.file_name().unwrap_or_default().to_string_lossy();
    let Some((_, rest)) = name.rsplit_once(MARK) else {
        return false;
    };
    let step = rest.split(['-', '.']).next().unwrap_or_default();
    // The second step wraps them.
    step.parse().is_ok_and(|step: u32| step <= 2)
}

/// The copies beside the file at `path`, oldest first, with what is left of unfinished ones.
pub(in crate::store::sqlite) fn backups(path: &Path) -> Result<Vec<PathBuf>> {
    Ok(copies(path)?.into_iter().map(|(copy, _)| copy).collect())
}

/// The same, and which of them are unfinished.
fn copies(path: &Path) -> Result<Vec<(PathBuf, bool)>> {
    let mark = beside(path, MARK);
    let mark = mark.file_name().unwrap_or_default().as_encoded_bytes();
    let mut found = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let entry = entry?;
        let name = entry.file_name();
        // The database's own name may hold anything; what counts comes after it.
        let rest = name.as_encoded_bytes().strip_prefix(mark);
        let rest = rest.and_then(|rest| std::str::from_utf8(rest).ok());
        if let Some(unfinished) = rest.and_then(is_unfinished) {
            found.push((entry.metadata()?.modified()?, entry.path(), unfinished));
        }
    }
    found.sort();
    let copies = found.into_iter();
    Ok(copies.map(|(_, copy, part)| (copy, part)).collect())
}

/// Of what follows the mark in the name of a copy, `1`, `1-2` or `1.part-x7Gh2k`: whether it is
/// unfinished. None for the name of something else.
fn is_unfinished(rest: &str) -> Option<bool> {
    let number = |text: &str| text.parse::<u32>().is_ok();
    if let Some((step, _)) = rest.split_once(PART) {
        return number(step).then_some(true);
    }
    let (step, attempt) = rest.split_once('-').unwrap_or((rest, "1"));
    (number(step) && number(attempt)).then_some(false)
}
