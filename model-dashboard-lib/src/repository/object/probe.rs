//! Trying out a store before it is trusted.

use std::sync::Arc;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::ObjectRepository;
use super::conditional::{Condition, Fault};
use super::keys::StoreKey;
use crate::repository::RepositoryError;
use crate::repository::revise::new_write_id;

/// How many try to create one object at once.
const CREATORS: usize = 8;

impl ObjectRepository {
    /// Proves that of several creators one wins, and that an update on the ground of an older
    /// state is refused. Leaves nothing behind.
    pub(super) async fn try_out(&self) -> Result<(), RepositoryError> {
        let key = StoreKey::probe(&new_write_id());
        let outcome = self.try_conditions(&key).await;
        let removed = self.store.remove(&key).await;
        outcome?;
        Ok(removed?)
    }

    async fn try_conditions(&self, key: &StoreKey) -> Result<(), RepositoryError> {
        let write = async |text: String, condition: Condition| -> Result<bool, Fault> {
            let text: Arc<[u8]> = text.into_bytes().into();
            let written = self.store.put(key, text, &condition, None).await?;
            Ok(written.is_some())
        };
        let creators = stream::iter(0..CREATORS)
            .map(|n| write(format!("creator {n}"), Condition::Absent))
            .buffer_unordered(CREATORS);
        let created: Vec<bool> = creators.try_collect().await?;
        match created.iter().filter(|created| **created).count() {
            1 => {}
            0 => return Err(unfit("it does not let an object be created on condition")),
            _ => return Err(unfit("it lets several writers create the same object")),
        }
        let Some(first) = self.store.get(key).await? else {
            return Err(unfit("it does not show an object that was just written"));
        };
        let first = Condition::Unchanged(first.tag);
        if !write("update".to_owned(), first.clone()).await? {
            return Err(unfit(
                "it refuses an update that gives the right version (some versions of Ceph do \
                 unless STORAGE_UNQUOTED_IF_MATCH is set)",
            ));
        }
        if write("stale update".to_owned(), first).await? {
            return Err(unfit(
                "it lets an update overwrite a change it has not seen",
            ));
        }
        Ok(())
    }
}

fn unfit(fault: &str) -> RepositoryError {
    RepositoryError::Unsafe {
        message: format!(
            "the model store cannot be shared by several writers: {fault}. Use a store that \
             honours conditional writes; if one process alone ever writes, set \
             STORAGE_SINGLE_WRITER"
        ),
    }
}
