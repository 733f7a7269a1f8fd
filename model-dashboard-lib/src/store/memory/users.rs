//! Accounts in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::auth::{
    AccountCounts, Identity, IdentityId, Leaving, LeavingDoubt, NewUser, NewUserKind, PasswordHash,
    Role, Session, Source, User, UserChange, UserFilter, UserStore, Username,
};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::accounts::{
    Decided, MAX_LISTED, MAX_WITH_ACCESS, changed, is_active_administrator, left, name_taken,
    new_account, no_account, note_seen, remembered,
};

#[derive(Clone)]
pub(super) struct Account {
    user: User,
    password: Option<PasswordHash>,
}

impl State {
    fn account(&mut self, id: &IdentityId) -> Result<&mut Account, StoreError> {
        self.accounts.get_mut(id).ok_or_else(|| no_account(id))
    }

    fn named(&self, source: &Source, username: &Username) -> Option<&Account> {
        let named = |a: &&Account| a.user.id.source == *source && a.user.username == *username;
        self.accounts
            .values()
            .filter(named)
            .max_by_key(|a| a.user.checked_at)
    }

    fn create(&mut self, new: NewUser) -> Result<User, StoreError> {
        let id = self.next_id();
        let user = new_account(&new, id, Timestamp::now());
        if self.named(&user.id.source, &user.username).is_some() {
            return Err(name_taken(&new));
        }
        let password = match new.kind {
            NewUserKind::Person { password } => Some(password),
            NewUserKind::Service { .. } => None,
        };
        let account = Account {
            user: user.clone(),
            password,
        };
        self.accounts.insert(user.id.clone(), account);
        Ok(user)
    }

    fn remember(
        &mut self,
        identity: &Identity,
        default_role: Role,
        signed_in: bool,
        at: Timestamp,
    ) -> Result<User, StoreError> {
        if identity.id.source.is_own() {
            let user = &mut self.account(&identity.id)?.user;
            note_seen(user, signed_in, at);
            return Ok(user.clone());
        }
        let known = self.accounts.get(&identity.id).map(|a| a.user.clone());
        let decided = Decided::at_sign_in(identity, known.as_ref(), default_role);
        let mut user = remembered(identity, known, decided, at);
        note_seen(&mut user, signed_in, at);
        let account = Account {
            user: user.clone(),
            password: None,
        };
        self.accounts.insert(user.id.clone(), account);
        Ok(user)
    }

    fn replace_hash(
        &mut self,
        id: &IdentityId,
        hash: PasswordHash,
        expected: Option<&PasswordHash>,
    ) -> Result<bool, StoreError> {
        let account = self.account(id)?;
        let stored = account.password.as_mut().ok_or_else(|| no_account(id))?;
        if expected.is_some_and(|expected| expected != stored) {
            return Ok(false);
        }
        *stored = hash;
        account.user.updated_at = Some(Timestamp::now());
        Ok(true)
    }

    /// Refuses that `user` stops being an active administrator if no other one is left.
    fn keep_an_administrator(&self, user: &User) -> Result<(), StoreError> {
        let left = |a: &Account| a.user.id != user.id && is_active_administrator(&a.user);
        if is_active_administrator(user) && !self.accounts.values().any(left) {
            return Err(StoreError::LastAdministrator);
        }
        Ok(())
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn create_user(&self, new: NewUser) -> Result<User, StoreError> {
        self.state().create(new)
    }

    async fn create_first_user(&self, new: NewUser) -> Result<Option<User>, StoreError> {
        let mut state = self.state();
        if !state.accounts.is_empty() {
            return Ok(None);
        }
        state
            .create(NewUser {
                role: Role::Admin,
                ..new
            })
            .map(Some)
    }

    async fn user(&self, id: &IdentityId) -> Result<Option<User>, StoreError> {
        Ok(self.state().accounts.get(id).map(|a| a.user.clone()))
    }

    async fn user_by_name(
        &self,
        source: &Source,
        username: &Username,
    ) -> Result<Option<User>, StoreError> {
        Ok(self.state().named(source, username).map(|a| a.user.clone()))
    }

    async fn count_users(&self) -> Result<AccountCounts, StoreError> {
        let state = self.state();
        let users = || state.accounts.values().map(|account| &account.user);
        let leads = |user: &&User| user.is_active && user.role == Role::Admin && !user.is_service();
        Ok(AccountCounts {
            all: users().count() as u64,
            administrators: users().filter(leads).count() as u64,
        })
    }

    async fn list_users(&self, filter: &UserFilter) -> Result<Vec<User>, StoreError> {
        let state = self.state();
        let users = state.accounts.values().map(|a| &a.user);
        let wanted = |u: &&User| filter.source.as_ref().is_none_or(|s| u.id.source == *s);
        let mut users: Vec<User> = users.filter(wanted).cloned().collect();
        users.sort_by(|a, b| {
            let key = |u: &User| (u.id.source.clone(), u.username.folded().to_owned());
            key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
        });
        users.truncate(MAX_LISTED);
        Ok(users)
    }

    async fn sources(&self) -> Result<Vec<Source>, StoreError> {
        let state = self.state();
        let sources = state.accounts.keys().map(|id| id.source.clone());
        let sources: BTreeSet<Source> = sources.collect();
        Ok(sources.into_iter().collect())
    }

    async fn update_user(&self, id: &IdentityId, change: UserChange) -> Result<User, StoreError> {
        let mut state = self.state();
        let before = state.account(id)?.user.clone();
        let user = changed(before.clone(), change, Timestamp::now());
        if !is_active_administrator(&user) {
            state.keep_an_administrator(&before)?;
        }
        if !user.is_active {
            state.sessions.retain(|_, s| s.identity != *id);
        }
        state.account(id)?.user = user.clone();
        Ok(user)
    }

    async fn delete_user(&self, id: &IdentityId) -> Result<(), StoreError> {
        let mut state = self.state();
        let user = state.account(id)?.user.clone();
        state.keep_an_administrator(&user)?;
        state.accounts.remove(id);
        state.tokens.retain(|_, t| t.owner != *id);
        state.sessions.retain(|_, s| s.identity != *id);
        Ok(())
    }

    async fn password_hash(
        &self,
        username: &Username,
    ) -> Result<Option<(User, PasswordHash)>, StoreError> {
        let state = self.state();
        let account = state.named(&Source::local(), username);
        Ok(account.and_then(|a| Some((a.user.clone(), a.password.clone()?))))
    }

    async fn set_password(
        &self,
        id: &IdentityId,
        hash: PasswordHash,
        expected: Option<&PasswordHash>,
        except: Option<i64>,
    ) -> Result<Option<u64>, StoreError> {
        let mut state = self.state();
        if !state.replace_hash(id, hash, expected)? {
            return Ok(None);
        }
        let others = |s: &Session| s.identity != *id || Some(s.id) == except;
        Ok(Some(state.end_sessions_but(others)))
    }

    async fn renew_password_hash(
        &self,
        id: &IdentityId,
        hash: PasswordHash,
        expected: &PasswordHash,
    ) -> Result<bool, StoreError> {
        self.state().replace_hash(id, hash, Some(expected))
    }

    async fn remember(
        &self,
        identity: &Identity,
        default_role: Role,
        signed_in: bool,
        at: Timestamp,
    ) -> Result<User, StoreError> {
        let mut state = self.state();
        state.remember(identity, default_role, signed_in, at)
    }

    async fn adopt(&self, _: &IdentityId, _: &Username) -> Result<bool, StoreError> {
        // No earlier system leaves anything here.
        Ok(false)
    }

    async fn remember_all(
        &self,
        identities: &[Identity],
        default_role: Role,
        at: Timestamp,
    ) -> Result<Vec<Option<User>>, StoreError> {
        let mut state = self.state();
        let noted = identities.iter().map(|identity| {
            let is_there = state.accounts.contains_key(&identity.id);
            let noted = is_there.then(|| state.remember(identity, default_role, false, at));
            noted.transpose()
        });
        noted.collect()
    }

    async fn note_left(
        &self,
        id: &IdentityId,
        asked_at: Timestamp,
        why: &str,
    ) -> Result<Option<Leaving>, StoreError> {
        let mut state = self.state();
        let before = state.account(id)?.user.clone();
        let is_new = before.is_active;
        let Some(user) = left(before, asked_at, why)? else {
            return Ok(None);
        };
        state.account(id)?.user = user.clone();
        let sessions = state.end_sessions_but(|session| session.identity != *id);
        let before = state.tokens.len();
        state.tokens.retain(|_, token| token.owner != *id);
        Ok(Some(Leaving {
            user,
            is_new,
            sessions,
            tokens: (before - state.tokens.len()) as u64,
        }))
    }

    async fn people_with_access(
        &self,
        source: &Source,
        looked_before: Timestamp,
        now: Timestamp,
        after: Option<&str>,
    ) -> Result<Vec<User>, StoreError> {
        let state = self.state();
        let ends_later = |end: Option<Timestamp>| end.is_none_or(|end| end > now);
        let tokens = state.tokens.values().filter(|t| ends_later(t.expires_at));
        let sessions = state.sessions.values().filter(|s| s.expires_at > now);
        let holders: BTreeSet<&IdentityId> = tokens
            .map(|token| &token.owner)
            .chain(sessions.map(|session| &session.identity))
            .collect();
        let wanted = |user: &&User| {
            user.id.source == *source
                && user.is_active
                && user
                    .checked_at
                    .is_none_or(|at| at <= looked_before || at > now)
                && after.is_none_or(|after| &*user.id.subject > after)
        };
        let accounts = holders.into_iter().filter_map(|id| state.accounts.get(id));
        let people = accounts.map(|account| &account.user).filter(wanted);
        Ok(people.take(MAX_WITH_ACCESS).cloned().collect())
    }

    async fn doubt(&self, source: &Source) -> Result<Option<LeavingDoubt>, StoreError> {
        Ok(self.state().doubts.get(source).cloned())
    }

    async fn set_doubt(
        &self,
        source: &Source,
        before: Option<&LeavingDoubt>,
        now: Option<&LeavingDoubt>,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        if state.doubts.get(source) != before {
            return Ok(false);
        }
        match now {
            Some(now) => drop(state.doubts.insert(source.clone(), now.clone())),
            None => drop(state.doubts.remove(source)),
        }
        Ok(true)
    }
}
