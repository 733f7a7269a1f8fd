//! People whom their source turns away though their password is right: what they have ends at once,
//! and not only when a round comes to them.

use super::Directory;
use super::rounds::FEW;
use crate::auth::IdentityId;
use crate::dashboard::Inner;
use crate::model::Timestamp;

impl Directory {
    /// Whether it is believed of one more that the source lets them in no more. Not of many in a
    /// row, while it lets nobody in: then it may be its settings, which a round finds out.
    fn is_believed_of_one_more(&self) -> bool {
        self.known.change(|doing| {
            let believed = doing.doubt.is_none() && doing.turned_away + 1 < FEW;
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
        let source = id.source.as_str();
        match self.users.user(id).await {
            Ok(Some(user)) if user.is_active && !user.is_provisional => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(source, %error, "what somebody had who left is not ended yet");
                return;
            }
        }
        if directory.is_believed_of_one_more()
            && let Err(error) = self.has_left(id, asked_at).await
        {
            tracing::warn!(source, %error, "what somebody had who left is not ended yet");
        }
        // It sees whether others are gone, too.
        directory.wanted.notify_one();
    }
}
