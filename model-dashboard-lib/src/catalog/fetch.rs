//! Reading many objects.

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

/// How many objects may fail to be read before the whole gives up.
const MAX_UNREADABLE: usize = 64;

/// What came of reading objects.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) gathered: Gathered,
    /// Keys that are no more.
    pub(super) gone: Vec<ModelKey>,
    /// Whether every object could be read.
    pub(super) complete: bool,
}

type Read = (ListedModel, Result<StoredModel, RepositoryError>);
type Parsed = Result<Fresh, (ListedModel, RepositoryError)>;

impl Catalog {
    /// Reads objects, adds them to what is gathered, and parses them elsewhere meanwhile. What
    /// cannot be read is listed as broken, unless the repository as a whole fails.
    pub(super) async fn fetch(
        &self,
        changed: Vec<ListedModel>,
        gathered: Gathered,
    ) -> Result<Fetched, RepositoryError> {
        let mut fetched = Fetched {
            gathered,
            gone: Vec::new(),
            complete: true,
        };
        let mut unreadable = Vec::new();
        let mut parsed = stream::iter(batches(changed))
            .map(|batch| self.read(batch))
            .buffered(READERS)
            .map(|batch| blocking(move || batch.into_iter().map(parse).collect::<Vec<_>>()))
            .buffered(PARSERS);
        while let Some(batch) = parsed.next().await {
            for result in batch? {
                match result {
                    Ok(fresh) => fetched.gathered.push(fresh),
                    Err((listed, RepositoryError::NotFound { .. })) => {
                        fetched.gone.push(listed.key)
                    }
                    Err((_, error)) if unreadable.len() == MAX_UNREADABLE => return Err(error),
                    Err(failed) => unreadable.push(failed),
                }
            }
        }
        if !unreadable.is_empty() {
            // Is it these objects or everything?
            self.inner.repository.marker().await?;
            fetched.complete = false;
        }
        for (listed, error) in unreadable {
            fetched.gathered.push(unreadable_entry(listed, &error));
        }
        Ok(fetched)
    }

    /// Reads a batch, and once more what fails the first time.
    async fn read(&self, batch: Vec<ListedModel>) -> Vec<Read> {
        let repository = &self.inner.repository;
        let keys: Vec<ModelKey> = batch.iter().map(|listed| listed.key.clone()).collect();
        let mut results = repository.get_many(&keys).await;
        let failed = results.iter_mut().zip(&keys);
        let failed = failed
            .filter(|(result, _)| matches!(result, Err(RepositoryError::Unavailable { .. })))
            .take(MAX_UNREADABLE);
        for (result, key) in failed {
            *result = repository.get(key).await;
        }
        batch.into_iter().zip(results).collect()
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

fn parse((listed, read): Read) -> Parsed {
    match read {
        Ok(stored) => Ok(Fresh::read(&stored)),
        Err(RepositoryError::TooLarge { size, .. }) => Ok(Fresh::broken(
            listed.stamp,
            BrokenDefinition::too_large(listed.key, size),
        )),
        Err(error) => Err((listed, error)),
    }
}

fn unreadable_entry(listed: ListedModel, error: &RepositoryError) -> Fresh {
    let key = listed.key.to_string();
    let broken = BrokenDefinition {
        key: listed.key,
        version: None,
        reason: format!("cannot be read: {error}").into(),
        position: None,
        size: listed.size,
    };
    let error: &dyn std::error::Error = error;
    tracing::warn!(model.key = key, error, "a definition cannot be read");
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
