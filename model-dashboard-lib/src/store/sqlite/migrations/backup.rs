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
    for part in backups(path)?.iter().filter(|path| is_part(path)) {
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

fn is_part(copy: &Path) -> bool {
    let name = copy.file_name().unwrap_or_default().to_string_lossy();
    name.contains(PART)
}

/// The copies beside the file at `path`, oldest first, with what is left of unfinished ones.
pub(in crate::store::sqlite) fn backups(path: &Path) -> Result<Vec<PathBuf>> {
    let mark = beside(path, MARK);
    let Some(mark) = mark.file_name() else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let entry = entry?;
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(mark.as_encoded_bytes())
        {
            found.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
