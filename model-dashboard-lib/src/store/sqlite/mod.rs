//! Everything in one SQLite file.

mod accounts;
mod audit;
mod connection;
mod doubts;
mod downloads;
mod error;
mod key;
mod migrations;
mod people;
mod readers;
mod sessions;
mod tokens;
mod users;
mod values;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction};
use tokio::task::spawn_blocking;

use self::error::Result;
use self::key::KeySource;
use self::readers::Readers;
use self::writer::Writer;
use super::{AuditKey, StoreError};

pub use self::migrations::{DatabaseState, Migration, PendingUpgrade, holds_bare_hashes};

/// Accounts, tokens, sessions, the audit log and counts of downloads in one SQLite file on a local disk.
///
/// Several processes of one machine may use the file at once; a network file system will not do,
/// because write-ahead logging needs shared memory. A change is acknowledged only when it is
/// durable: writes go through one connection with `synchronous=FULL`, one transaction each, on a
/// thread of their own (some 4,000 a second on an SSD); reads have up to four connections beside
/// it, those of the audit log two of their own. Waiting is bounded: a call begins within ten
/// seconds, or ends with [`StoreError::Unavailable`].
///
/// Clones share the connections, which close with the last clone or with [`SqliteStore::close`].
///
/// # The file
/// Made readable by its owner only. The tables `users` and `api_tokens` have the columns that
/// the earlier system gave them, and more. Times are UTC in ISO 8601 without a zone. Numbers of
/// accounts, tokens and sessions are never given twice.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: Arc<Path>,
    key: AuditKey,
    writer: Writer,
    readers: Readers,
    /// Apart, so that long reads of the log leave those of tokens alone.
    log_readers: Readers,
    watcher: Arc<Mutex<Option<Connection>>>,
    seen: Mutex<Option<Seen>>,
    migration: Option<Migration>,
}

/// How many reads run at once, of the audit log and of everything else.
const READERS: u32 = 4;
const LOG_READERS: u32 = 2;

/// What was last found out about commits.
#[derive(Clone, Copy)]
struct Seen {
    /// By the watcher: any commit changes it.
    any: u64,
    /// By the writer: commits of other connections change it.
    others: u64,
}

impl SqliteStore {
    /// Opens the file at `path`, which is made if it does not exist, and upgrades it if an older
    /// program, or the earlier system, made it. `key` chains the audit log.
    ///
    /// # Upgrades
    /// The file as it was is first copied beside it, to `<name>.before-migration-<number>`. Then
    /// everything is upgraded in one transaction; a failure or a crash leaves the file as it was.
    /// What is taken over from the earlier system, and how, is told by [`Migration`].
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if the file is of a newer program, of another kind, damaged,
    /// holds usernames that this program cannot keep apart, or an audit log that another key
    /// chains; [`StoreError::Unavailable`] if it cannot be read and written. The message says
    /// what to do.
    pub async fn open(path: impl Into<PathBuf>, key: AuditKey) -> Result<SqliteStore, StoreError> {
        SqliteStore::open_with(path.into(), KeySource::Given(key)).await
    }

    /// Like [`SqliteStore::open`], with the key in the file [`AuditKey::beside`] the database or,
    /// if there is none, in that at `elsewhere`. With neither, a key is made beside the database,
    /// but never for an audit log that has begun.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; [`StoreError::Unusable`] also if the key is missing.
    pub async fn open_with_key_file(
        path: impl Into<PathBuf>,
        elsewhere: impl Into<PathBuf>,
    ) -> Result<SqliteStore, StoreError> {
        let elsewhere = elsewhere.into();
        SqliteStore::open_with(path.into(), KeySource::Files { elsewhere }).await
    }

    async fn open_with(path: PathBuf, keys: KeySource) -> Result<SqliteStore, StoreError> {
        let opening = spawn_blocking(move || open(&path, keys).map_err(|error| error.about(&path)));
        let inner = opening.await.map_err(StoreError::internal)??;
        Ok(SqliteStore {
            inner: Arc::new(inner),
        })
    }

    /// What [`SqliteStore::open_with_key_file`] would do. Makes and upgrades nothing.
    ///
    /// # Errors
    /// Those with which it would refuse the file or the key.
    pub async fn look(
        path: impl Into<PathBuf>,
        elsewhere: impl Into<PathBuf>,
    ) -> Result<DatabaseState, StoreError> {
        let path = path.into();
        let elsewhere = elsewhere.into();
        let keys = KeySource::Files { elsewhere };
        let looking = spawn_blocking(move || {
            migrations::look(&path, &keys).map_err(|error| error.about(&path))
        });
        looking.await.map_err(StoreError::internal)?
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// What was upgraded when this store was opened, if something was.
    pub fn migration(&self) -> Option<&Migration> {
        self.inner.migration.as_ref()
    }

    /// The copies that upgrades left beside the file, oldest first; one that was cut short has
    /// `.part-` in its name. They hold what the upgrade removed, of the earlier system bare hashes
    /// of passwords ([`holds_bare_hashes`]): delete them once the upgrade has proved itself.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the folder cannot be read.
    pub async fn backups(&self) -> Result<Vec<PathBuf>, StoreError> {
        let path = Arc::clone(&self.inner.path);
        let listing =
            spawn_blocking(move || migrations::backups(&path).map_err(|error| error.about(&path)));
        listing.await.map_err(StoreError::internal)?
    }

    /// Finishes the writes that wait, then closes the file. Later calls, also through other
    /// clones, end with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.inner.writer.stop().await;
        self.inner.readers.stop().await;
        self.inner.log_readers.stop().await;
        self.inner
            .watcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        self.inner.writer.write(work).await
    }

    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.inner.readers.read(work).await
    }

    async fn read_log<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.inner.log_readers.read(work).await
    }

    /// Like `write`, for notes of use and events, which change nothing that is held in memory.
    async fn note<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        self.inner.writer.note(work).await
    }

    /// A number that any commit to the file changes, but for this store's notes: those come every
    /// few seconds.
    async fn changes(&self) -> Result<u64, StoreError> {
        let own = self.inner.writer.committed();
        let others = self.commits_of_others().await?;
        // SQLite's number has 32 bits.
        Ok(others << 32 ^ own)
    }

    async fn commits_of_others(&self) -> Result<u64, StoreError> {
        let any = self.any_commit().await?;
        let seen = *self.seen();
        if let Some(seen) = seen.filter(|seen| seen.any == any) {
            return Ok(seen.others);
        }
        // The writer tells its own commits apart, but may be waiting for a lock; without any
        // commit there is nothing to ask it. One that comes after this changes `any` again.
        let others = self.inner.writer.data_version().await?;
        *self.seen() = Some(Seen { any, others });
        Ok(others)
    }

    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.inner
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn any_commit(&self) -> Result<u64, StoreError> {
        let watcher = Arc::clone(&self.inner.watcher);
        let looking = spawn_blocking(move || -> Result<u64> {
            let watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
            match watcher.as_ref() {
                Some(watcher) => writer::data_version(watcher),
                None => {
                    let message = "it is closed".into();
                    let closed = StoreError::Unavailable {
                        message,
                        source: None,
                    };
                    Err(closed.into())
                }
            }
        });
        let version = looking.await.map_err(StoreError::internal)?;
        version.map_err(|error| error.about(&self.inner.path))
    }
}

/// Blocks.
fn open(path: &Path, keys: KeySource) -> Result<Inner> {
    connection::create_if_missing(path)?;
    // SQLite follows links to find the log, and so must what lies beside the file.
    let path: Arc<Path> = path.canonicalize()?.into();
    let mut writing = connection::open(&path)?;
    let migration = migrations::run(&mut writing, &path, &keys)?;
    let key = keys.key(&writing, &path)?;
    let watcher = Arc::new(Mutex::new(Some(connection::open_reader(&path)?)));
    let readers = Readers::open(Arc::clone(&path), READERS)?;
    let log_readers = Readers::open(Arc::clone(&path), LOG_READERS)?;
    let writer = Writer::start(writing, Arc::clone(&path))?;
    Ok(Inner {
        path,
        key,
        writer,
        readers,
        log_readers,
        watcher,
        seen: Mutex::default(),
        migration,
    })
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}
