//! Making up for what a crashed writer or another program left undone.

use super::ObjectRepository;
use super::history::Outcome;
use super::moves::Settled;
use crate::repository::{RepositoryError, StoredModel};

impl ObjectRepository {
    /// Settles an interrupted move and archives the state if the history lacks it; whether there
    /// was something to do. A state that is no longer the present one is left alone.
    pub(super) async fn make_up_for(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        let current = self.current(&stored.key).await?;
        let current = current.filter(|c| c.state.stored().version == stored.version);
        let Some(current) = current else {
            return Ok(false);
        };
        let settled = self.settle(&current).await?;
        if settled != Settled::Before {
            self.renew_marker().await;
        }
        if settled == Settled::Undone || !current.state.belongs_in_history() {
            return Ok(settled != Settled::Before);
        }
        let (_, archived) = self.archive_present(&current.state).await?;
        Ok(settled == Settled::Now || matches!(archived, Outcome::Now(_)))
    }
}
