//! One revision of a history to the byte, for who compares, checks or keeps it elsewhere.

use std::sync::Arc;

use super::history::beside;
use super::revision::ModelRevision;
use super::{Caller, Dashboard, Error};
use crate::model::{ModelKey, Version};

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
        let (revision, archived) = self.told_and_stored(&id, key, number).await?;
        let stored = archived.revision.map_err(|error| Error::Broken {
            key: key.clone(),
            reason: error.to_string(),
            position: None,
        })?;
        let bytes = stored.bytes;
        let hash = move || StoredRevision {
            version: Version::of(&bytes),
            bytes,
            revision,
        };
        beside(hash).await
    }
}
