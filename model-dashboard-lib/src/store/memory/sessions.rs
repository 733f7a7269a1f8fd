//! Sessions in memory.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::auth::{IdentityId, NewSession, Session, SessionHash, SessionStore};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::accounts::MAX_SESSIONS;

impl State {
    /// Newest first.
    fn sessions_of(&self, identity: &IdentityId) -> Vec<Session> {
        let sessions = self.sessions.values();
        let mut own: Vec<_> = sessions
            .filter(|s| s.identity == *identity)
            .cloned()
            .collect();
        own.sort_by_key(|s| std::cmp::Reverse((s.created_at, s.id)));
        own
    }

    pub(super) fn end_sessions_but(&mut self, keep: impl Fn(&Session) -> bool) -> u64 {
        let before = self.sessions.len();
        self.sessions.retain(|_, session| keep(session));
        (before - self.sessions.len()) as u64
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn create_session(&self, new: NewSession) -> Result<Session, StoreError> {
        let mut state = self.state();
        if state.sessions.contains_key(&new.hash) {
            return Err(StoreError::Duplicate {
                what: "this session".into(),
            });
        }
        let NewSession {
            hash,
            identity,
            created_at,
            expires_at,
            made_from,
        } = new;
        let session = Session {
            id: state.next_id(),
            identity,
            created_at,
            last_used_at: created_at,
            expires_at,
            made_from,
        };
        state.sessions.insert(hash, session.clone());
        let ended: Vec<i64> = state
            .sessions_of(&session.identity)
            .iter()
            .skip(MAX_SESSIONS)
            .map(|s| s.id)
            .collect();
        state.sessions.retain(|_, s| !ended.contains(&s.id));
        Ok(session)
    }

    async fn session(&self, hash: &SessionHash) -> Result<Option<Session>, StoreError> {
        Ok(self.state().sessions.get(hash).cloned())
    }

    async fn touch_sessions(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError> {
        let mut state = self.state();
        for (id, at) in used {
            if let Some(session) = state.sessions.values_mut().find(|s| s.id == *id) {
                session.last_used_at = session.last_used_at.max(*at);
            }
        }
        Ok(())
    }

    async fn list_sessions(&self, identity: &IdentityId) -> Result<Vec<Session>, StoreError> {
        Ok(self.state().sessions_of(identity))
    }

    async fn end_session(&self, identity: &IdentityId, id: i64) -> Result<bool, StoreError> {
        let others = |s: &Session| s.id != id || s.identity != *identity;
        Ok(self.state().end_sessions_but(others) > 0)
    }

    async fn end_sessions(
        &self,
        identity: &IdentityId,
        except: Option<i64>,
    ) -> Result<u64, StoreError> {
        let others = |s: &Session| s.identity != *identity || Some(s.id) == except;
        Ok(self.state().end_sessions_but(others))
    }

    async fn purge_sessions(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<u64, StoreError> {
        let alive = |s: &Session| s.expires_at > now && s.last_used_at >= idle_since;
        Ok(self.state().end_sessions_but(alive))
    }
}
