//! Definitions that are too large to be read: they are replaced and deleted by what is known of
//! them without that.

use std::sync::Arc;

use super::{Dashboard, Error, RawModel};
use crate::model::ModelKey;

impl Dashboard {
    /// What stands for the text of a definition that is too large to be read, as the catalogue
    /// shows it: nothing, and its version.
    ///
    /// # Errors
    /// `error`, if the catalogue shows something else.
    pub(super) fn unread(&self, key: &ModelKey, error: Error) -> Result<RawModel, Error> {
        let entry = self.inner.catalog.current().get(key);
        let broken = entry.and_then(|entry| entry.broken().cloned());
        let version = broken.as_ref().and_then(|broken| broken.version);
        match (broken, version) {
            (Some(broken), Some(version)) => Ok(RawModel {
                key: key.clone(),
                bytes: Arc::default(),
                version,
                broken: Some(broken),
            }),
            _ => Err(error),
        }
    }
}
