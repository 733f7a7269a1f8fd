//! What a look at people changes here, and the events that tell of it.

use std::collections::HashSet;

use super::belief::Left;
use crate::audit::{Action, NewEvent, counted};
use crate::auth::{Identity, IdentityId, Leaving, Refusal, User, Username};
use crate::dashboard::Inner;
use crate::model::Timestamp;
use crate::store::StoreError;

impl Inner {
    /// Notes that a source vouched for people of whom `before` was known. Answers those whose
    /// accounts are still there, and what changed of each, empty for nothing.
    pub(super) async fn still_there(
        &self,
        before: &[&User],
        identities: &[Identity],
        asked_at: Timestamp,
    ) -> Result<Vec<(User, String)>, StoreError> {
        let role = self.policy.default_role;
        let noted = self.users.remember_all(identities, role, asked_at).await;
        // Some may be noted even if that failed; and what is in memory holds the time of the look.
        let ids: HashSet<&IdentityId> = identities.iter().map(|one| &one.id).collect();
        self.access.forget_accounts(&ids);
        let mut seen = Vec::with_capacity(identities.len());
        let noted = before.iter().zip(noted?);
        // Who is gone was deleted meanwhile.
        for (before, user) in noted.filter_map(|(before, user)| Some((before, user?))) {
            let changes = match user.checked_at > Some(asked_at) {
                // Something newer is known, and was told when it came.
                true => String::new(),
                false => self.note_changes(before, &user).await,
            };
            seen.push((user, changes));
        }
        Ok(seen)
    }

    /// Gives somebody who signs in for the first time what the earlier system knew by the mail
    /// address that they typed. It wrote down what people typed, where the directory may call them
    /// by another name. Whatever else finds somebody in a directory need not be theirs alone.
    pub(in crate::dashboard) async fn adopt_by_mail(
        &self,
        identity: &Identity,
        typed: &Username,
    ) -> Result<(), StoreError> {
        let mail = identity.email.as_deref();
        let mail = mail.and_then(|mail| Username::parse(mail).ok());
        let is_theirs = typed.as_str().contains('@') && mail.as_ref() == Some(typed);
        if !is_theirs || *typed == identity.username {
            return Ok(());
        }
        let id = &identity.id;
        if self.users.adopt(id, typed).await? {
            let provisional = IdentityId::new(id.source.clone(), typed.folded());
            self.access.forget_account(&provisional);
            let event = NewEvent::of_server(Action::UserUpdate, format!("user:{id}"));
            let detail = format!(
                "{}: what the earlier system knew as {typed} is theirs, whose mail address that is",
                identity.username
            );
            self.trail.record(event.with_detail(detail)).await;
        }
        Ok(())
    }

    /// Writes to the audit log what a source changed of an account; answers that.
    pub(in crate::dashboard) async fn note_changes(&self, before: &User, now: &User) -> String {
        let changes = changes(before, now);
        if !changes.is_empty() {
            let event = NewEvent::of_server(Action::UserUpdate, format!("user:{}", now.id));
            let detail = format!("{}: {changes}, says {}", now.username, now.id.source);
            self.trail.record(event.with_detail(detail)).await;
        }
        changes
    }

    /// Takes everything from somebody whose source said so; `None` if it vouched for them since, or
    /// the account was deleted. What was known before is no event.
    pub(super) async fn has_left(&self, left: &Left) -> Result<Option<Leaving>, StoreError> {
        let (id, why) = (&left.id, why(&left.why));
        let leaving = self.users.note_left(id, left.asked_at, &why).await;
        self.access.forget_account(id);
        let leaving = match leaving {
            Ok(Some(leaving)) => leaving,
            Ok(None) | Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if !leaving.is_new && leaving.sessions + leaving.tokens == 0 {
            return Ok(Some(leaving));
        }
        let event = NewEvent::of_server(Action::UserUpdate, format!("user:{id}"));
        let detail = format!(
            "{}: deactivated, {} does not let them sign in any more: {why}; {}: should they come \
             back, they need new ones",
            leaving.user.username,
            id.source,
            lost(leaving.sessions, leaving.tokens)
        );
        self.trail.record(event.with_detail(detail)).await;
        Ok(Some(leaving))
    }
}

/// Why somebody may not sign in any more, in a few words.
pub(super) fn why(refusal: &Refusal) -> String {
    match refusal {
        Refusal::UnknownUser => "not there any more".to_owned(),
        other => other.to_string(),
    }
}

/// What somebody lost who left.
pub(super) fn lost(sessions: u64, tokens: u64) -> String {
    let (sessions, tokens) = (counted(sessions, "session"), counted(tokens, "token"));
    format!("{sessions} ended, {tokens} revoked")
}

/// What a source changed, of that which matters for what somebody may do.
fn changes(before: &User, now: &User) -> String {
    let mut parts = Vec::new();
    if before.left_at.is_some() && now.is_active {
        parts.push("may sign in again; what they had before needs to be made anew".to_owned());
    }
    if before.role != now.role {
        parts.push(format!(
            "role {} → {} ({})",
            before.role, now.role, now.role_reason
        ));
    }
    if before.username != now.username {
        parts.push(format!("was called {}", before.username));
    }
    parts.join(", ")
}
