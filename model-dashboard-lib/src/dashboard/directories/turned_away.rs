//! People whom their source turns away for good though their password is right.
//!
//! A wrong required group turns everybody away, one by one as they come: of one alone that cannot be
//! told from somebody who left the group. So a sign-in takes nothing; it brings the next round forward,
//! which sees the others, too. Where there are no rounds, what the directory says of the account
//! itself counts, for no setting has a part in that; tokens and sessions of who is out of the group
//! end as those of people who sign in no more.

use super::Directory;
use super::belief::Left;
use crate::auth::{IdentityId, Refusal};
use crate::dashboard::Inner;
use crate::model::Timestamp;
use crate::store::StoreError;

impl Directory {
    /// Notes that the source let somebody in, by the settings that it is asked with now.
    pub(in crate::dashboard) fn let_in(&self) {
        self.known.change(|doing| doing.has_let_in = true);
    }

    pub(super) fn has_let_in(&self) -> bool {
        self.known.change(|doing| doing.has_let_in)
    }
}

impl Inner {
    /// Somebody was refused so at a sign-in with the right password that began at `asked_at`.
    pub(in crate::dashboard) async fn turned_away(
        &self,
        id: &IdentityId,
        refusal: &Refusal,
        asked_at: Timestamp,
    ) {
        let Some(directory) = self.directories.of(&id.source) else {
            return;
        };
        if let Err(error) = self.see_to(directory, id, refusal, asked_at).await {
            let source = id.source.as_str();
            tracing::warn!(source, %error, "what somebody had who left is not ended yet");
        }
    }

    async fn see_to(
        &self,
        directory: &Directory,
        id: &IdentityId,
        refusal: &Refusal,
        asked_at: Timestamp,
    ) -> Result<(), StoreError> {
        let user = self.users.user(id).await?;
        if !user.is_some_and(|user| user.is_active && !user.is_provisional) {
            return Ok(());
        }
        let is_of_the_account = matches!(refusal, Refusal::Disabled | Refusal::AccountExpired);
        match directory.can_recheck() {
            // While it is doubted its rounds come soon anyway.
            true if directory.is_believed() => directory.wanted.notify_one(),
            false if is_of_the_account => {
                let left = Left {
                    id: id.clone(),
                    why: refusal.clone(),
                    asked_at,
                };
                self.has_left(&left).await?;
            }
            _ => {}
        }
        Ok(())
    }
}
