//! Opening connections: every one has the same settings.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::{Error, Result};

/// How long a connection waits for the lock of another program.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements that are used all the time are kept prepared.
const CACHED_STATEMENTS: usize = 64;

/// Opens the file at `path`, which must exist, for reading and writing.
pub(super) fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // SQLite falls back to reading if it may not write, and fails only at the first write.
    if connection.is_readonly("main")? {
        return Err(Error::read_only());
    }
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // FULL: a commit is on the disk before it is acknowledged.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten, so that no hash stays in a free page.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// Opens a connection that only reads. (Read-only at the file level would not do: a reader of a
/// write-ahead log writes to its index.)
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let connection = open(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Turns on write-ahead logging, so that readers and the writer do not wait for each other.
pub(super) fn use_write_ahead_log(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "journal_size_limit", 8 << 20)?;
    Ok(())
}

/// Makes an empty file at `path`, and its folder, for its owner only, if there is none.
pub(super) fn create_if_missing(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        opened => opened.map(drop),
    }
}

/// Takes the file and its companions away from everyone but their owner. SQLite gives files that
/// it makes later the mode of the database.
#[cfg(unix)]
pub(super) fn keep_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for file in ["", "-wal", "-shm"].map(|suffix| beside(path, suffix)) {
        let Ok(metadata) = fs::metadata(&file) else {
            continue;
        };
        if metadata.permissions().mode() & 0o077 == 0 {
            continue;
        }
        if let Err(error) = fs::set_permissions(&file, fs::Permissions::from_mode(0o600)) {
            tracing::warn!(file = %file.display(), %error, "others may read the user database");
        }
    }
}

#[cfg(not(unix))]
pub(super) fn keep_private(_path: &Path) {}

/// The path that is `path` with `suffix` at its end.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
