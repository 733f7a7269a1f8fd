//! One revision of a history to the byte, for who compares, checks or keeps it elsewhere.

use std::sync::Arc;

use super::revision::ModelRevision;
use super::{Caller, Dashboard, Error};
use crate::model::{ModelKey, Version};
use crate::repository::Archived;

/// A revision with its text.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoredRevision {
    /// What it says.
    pub revision: ModelRevision,
    /// The stored bytes.
    pub bytes: Arc<[u8]>,
    /// Their version.
    pub version: Version,
}

impl std::fmt::Debug for StoredRevision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredRevision")
            .field("number", &self.revision.number)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Dashboard {
    /// One revision of a model as it is stored, to the byte. Needs what [`Dashboard::history`] does.
    ///
    /// # Errors
    /// As [`Dashboard::history`]; [`Error::Broken`] for one that is too large to be read.
    pub async fn stored_revision(
        &self,
        caller: &Caller,
        key: &ModelKey,
        number: u64,
    ) -> Result<StoredRevision, Error> {
        let id = self.historic(caller, key).await?.id;
        let (archived, later) = self.archived_beside(&id, key, number).await?;
        let revision = archived.revision.map_err(|error| Error::Broken {
            key: key.clone(),
            reason: error.to_string(),
            position: None,
        })?;
        let read = move || StoredRevision {
            version: Version::of(&revision.bytes),
            bytes: revision.bytes.clone(),
            revision: ModelRevision::read_beside(
                Archived {
                    number,
                    revision: Ok(revision),
                },
                later.as_ref(),
            ),
        };
        let stored = tokio::task::spawn_blocking(read).await;
        stored.map_err(|error| Error::Internal(Box::new(error)))
    }
}
