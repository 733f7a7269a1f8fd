//! People whom their source turns away though their password is right: what they have ends at once,
//! and not only when a round comes to them.

use super::Directory;
use super::belief::FEW;
use crate::auth::IdentityId;
use crate::dashboard::Inner;
use crate::model::Timestamp;
use crate::store::StoreError;

impl Directory {
    /// Whether it is believed of one more that the source lets them in no more. Not of many in a
    /// row, while it lets nobody in: then it may be its settings, which a round finds out.
    fn is_believed_of_one_more(&self) -> bool {
        self.known.change(|doing| {
            let believed = doing.turned_away + 1 < FEW;
            doing.turned_away += usize::from(believed);
            believed
        })
    }

    /// How many lost everything at a sign-in since the source last let anybody in.
    pub(super) fn turned_away(&self) -> usize {
        self.known.change(|doing| doing.turned_away)
    }

    /// Notes that the source let somebody in, so that it does show people.
    pub(in crate::dashboard) fn let_in(&self) {
        self.known.change(|doing| doing.turned_away = 0);
    }
}

impl Inner {
    /// Takes everything from somebody whose source said so at a sign-in with the right password
    /// that began at `asked_at`.
    pub(in crate::dashboard) async fn turned_away(&self, id: &IdentityId, asked_at: Timestamp) {
        let Some(directory) = self.directories.of(&id.source) else {
            return;
        };
        match self.take_from(directory, id, asked_at).await {
            // A round sees whether others are gone, too.
            Ok(true) => directory.wanted.notify_one(),
            Ok(false) => {}
            Err(error) => {
                let source = id.source.as_str();
                tracing::warn!(source, %error, "what somebody had who left is not ended yet");
            }
        }
    }

    /// False if there is nothing to take.
    async fn take_from(
        &self,
        directory: &Directory,
        id: &IdentityId,
        asked_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let user = self.users.user(id).await?;
        if !user.is_some_and(|user| user.is_active && !user.is_provisional) {
            return Ok(false);
        }
        let is_doubted = self.users.doubt(&id.source).await?.is_some();
        if !is_doubted && directory.is_believed_of_one_more() {
            self.has_left(id, asked_at).await?;
        }
        Ok(true)
    }
}
