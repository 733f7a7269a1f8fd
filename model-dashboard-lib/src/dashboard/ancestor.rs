//! The state that somebody saw before others changed the model: found in its history by its version.

use super::history::beside;
use super::{Caller, Dashboard, Error, Model};
use crate::model::{DuplicateKeys, ModelDefinition, ModelKey, Version};
use crate::repository::Archived;

/// How many revisions are looked at, from the last one on.
const LOOKED_AT: usize = 20;

impl Dashboard {
    /// The state of a model that had this version, from its history. `near` is the number of that
    /// revision, as far as is known: it is looked at first, and by itself. `None` where neither it
    /// nor any of the last 20 revisions has that version and can be read. Needs what
    /// [`Dashboard::history`] does.
    ///
    /// # Errors
    /// As [`Dashboard::history`].
    pub async fn earlier_state(
        &self,
        caller: &Caller,
        key: &ModelKey,
        version: Version,
        near: Option<u64>,
    ) -> Result<Option<Model>, Error> {
        let id = self.historic(caller, key).await?.id;
        if let Some(number) = near {
            let found = match self.archived(&id, key, number).await {
                Err(Error::NotFound { .. }) => Vec::new(),
                found => vec![found?],
            };
            let found = state_of(found, key, version).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let place = self.inner.history_pages.acquire().await;
        let _place = place.map_err(|error| Error::Internal(Box::new(error)))?;
        let last = self.inner.catalog.ask_history(&id, None, LOOKED_AT).await?;
        state_of(last, key, version).await
    }
}

/// The revision that has this version. Hashing up to 20 MiB takes a while.
async fn state_of(
    found: Vec<Archived>,
    key: &ModelKey,
    version: Version,
) -> Result<Option<Model>, Error> {
    let key = key.clone();
    let look = move || {
        let mut found = found.into_iter().filter_map(|it| it.revision.ok());
        let revision = found.find(|revision| Version::of(&revision.bytes) == version)?;
        let definition = ModelDefinition::parse(&revision.bytes, DuplicateKeys::LastWins).ok()?;
        Some(Model {
            key,
            definition,
            version,
            bytes: revision.bytes,
        })
    };
    beside(look).await
}
