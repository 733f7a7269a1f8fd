//! Reading many objects.

use std::collections::HashSet;
use std::error::Error;

use futures::StreamExt;
use futures::stream;

use super::Catalog;
use super::entry::{Fresh, unseen};
use super::gathered::Gathered;
use crate::model::{BrokenDefinition, ModelKey};
use crate::repository::{ListedModel, RepositoryError, StoredModel};

/// How many objects are asked for in one go, and how many bytes they may have together.
const BATCH: (usize, u64) = (512, 16 << 20);

/// How many batches are read, and how many are parsed on threads that may block.
const READERS: usize = 2;
const PARSERS: usize = 2;

/// How many objects may fail to be read before it is asked whether the store gives any at all.
const MAX_UNREADABLE: usize = 64;

/// What came of reading objects.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) gathered: Gathered,
    /// Keys that are no more.
    pub(super) gone: Vec<ModelKey>,
    /// Keys that could not be read.
    pub(super) unread: HashSet<ModelKey>,
}

type Read = (ListedModel, Result<StoredModel, RepositoryError>);
type Parsed = Result<Fresh, (ListedModel, RepositoryError)>;

impl Catalog {
    /// Reads objects, adds them to what is gathered, and parses them elsewhere meanwhile. What
    /// cannot be read is listed as it is known, or as broken if it never was read, unless the
    /// repository as a whole fails. Those in `unread` were not readable before either.
    pub(super) async fn fetch(
        &self,
        changed: Vec<ListedModel>,
        gathered: Gathered,
        unread: &HashSet<ModelKey>,
    ) -> Result<Fetched, RepositoryError> {
        let mut fetched = Fetched {
            gathered,
            gone: Vec::new(),
            unread: HashSet::new(),
        };
        let before = fetched.gathered.len();
        let mut unreadable = Vec::new();
        let mut parsed = stream::iter(batches(changed))
            .map(|batch| self.read(batch))
            .buffered(READERS)
            .map(|batch| {
                let catalog = self.clone();
                let parse = move |read| catalog.parse(read);
                blocking(move || batch.into_iter().map(parse).collect::<Vec<_>>())
            })
            .buffered(PARSERS);
        while let Some(batch) = parsed.next().await {
            for result in batch? {
                match result {
                    Ok(fresh) => fetched.gathered.push(fresh),
                    Err((listed, RepositoryError::NotFound { .. })) => {
                        fetched.gone.push(listed.key)
                    }
                    Err(failed) => unreadable.push(failed),
                }
            }
            if unreadable.len() > MAX_UNREADABLE
                && !self
                    .gives_objects(fetched.gathered.len() > before, &unreadable)
                    .await?
                && let Some((_, error)) = unreadable.pop()
            {
                return Err(error);
            }
        }
        if !unreadable.is_empty() {
            // Is it these objects or everything?
            self.ask_marker().await?;
        }
        let picture = self.current();
        for (listed, error) in unreadable {
            let key = listed.key.clone();
            if !unread.contains(&key) {
                let (key, error): (_, &dyn Error) = (key.to_string(), &error);
                tracing::warn!(model.key = key, error, "a definition cannot be read");
            }
            // What is known has another stamp than what is listed: every listing tries again.
            if !picture.known(&key).is_some_and(|known| known.was_read()) {
                fetched.gathered.push(unreadable_entry(listed, &error));
            }
            fetched.unread.insert(key);
        }
        Ok(fetched)
    }

    /// Whether the store gives objects, though not these: it answers, and one `was_read` just now
    /// or one that is known can be read.
    async fn gives_objects(
        &self,
        was_read: bool,
        unreadable: &[(ListedModel, RepositoryError)],
    ) -> Result<bool, RepositoryError> {
        self.ask_marker().await?;
        if was_read {
            return Ok(true);
        }
        let unreadable: HashSet<&ModelKey> = unreadable.iter().map(|(l, _)| &l.key).collect();
        let picture = self.current();
        let mut known = picture.entries().filter(|entry| entry.was_read());
        let Some(known) = known.find(|entry| !unreadable.contains(entry.key())) else {
            return Ok(false);
        };
        let read = self.ask_one(known.key()).await;
        Ok(!matches!(read, Err(RepositoryError::Unavailable { .. })))
    }

    async fn read(&self, batch: Vec<ListedModel>) -> Vec<Read> {
        let keys: Vec<ModelKey> = batch.iter().map(|listed| listed.key.clone()).collect();
        let results = self.ask_many(&keys).await;
        batch.into_iter().zip(results).collect()
    }

    fn parse(&self, (listed, read): Read) -> Parsed {
        match read {
            Ok(stored) => {
                let fresh = Fresh::read(&stored);
                self.keep(stored, &fresh);
                Ok(fresh)
            }
            Err(RepositoryError::TooLarge { size, .. }) => {
                let broken = BrokenDefinition {
                    version: Some(listed.stamp.version_unread()),
                    ..BrokenDefinition::too_large(listed.key, size)
                };
                Ok(Fresh::broken(listed.stamp, broken))
            }
            Err(error) => Err((listed, error)),
        }
    }
}

/// Cuts a list into parts that are read at once.
fn batches(listed: Vec<ListedModel>) -> Vec<Vec<ListedModel>> {
    let (most, most_bytes) = BATCH;
    let mut batches: Vec<Vec<ListedModel>> = Vec::new();
    let mut bytes = 0;
    for object in listed {
        bytes += object.size;
        match batches.last_mut() {
            Some(batch) if batch.len() < most && bytes <= most_bytes => batch.push(object),
            _ => {
                bytes = object.size;
                batches.push(vec![object]);
            }
        }
    }
    batches
}

fn unreadable_entry(listed: ListedModel, error: &RepositoryError) -> Fresh {
    let broken = BrokenDefinition {
        key: listed.key,
        version: None,
        reason: format!("cannot be read: {error}").into(),
        position: None,
        size: listed.size,
    };
    // Every listing looks at it anew.
    Fresh::broken(unseen(), broken)
}

/// Runs what takes long on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RepositoryError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| RepositoryError::Internal(error.into()))
}
