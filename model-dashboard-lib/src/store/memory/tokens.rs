//! Tokens in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::auth::IdentityId;
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::accounts::{MAX_LISTED, MAX_TOKENS, too_many_tokens};
use crate::tokens::{ApiToken, NewToken, TokenHash, TokenStore};

#[async_trait]
impl TokenStore for MemoryStore {
    async fn create_token(&self, new: NewToken) -> Result<ApiToken, StoreError> {
        let mut state = self.state();
        if state.tokens.contains_key(&new.hash) {
            return Err(StoreError::Duplicate {
                what: "this token".into(),
            });
        }
        if state
            .tokens
            .values()
            .filter(|t| t.owner == new.owner)
            .count()
            >= MAX_TOKENS
        {
            return Err(too_many_tokens());
        }
        let NewToken {
            hash,
            owner,
            username,
            description,
            scopes,
            expires_at,
            created_at,
        } = new;
        let token = ApiToken {
            id: state.next_id(),
            owner,
            username,
            description,
            scopes,
            expires_at,
            created_at: Some(created_at),
            last_used_at: None,
        };
        state.tokens.insert(hash, token.clone());
        Ok(token)
    }

    async fn token(&self, hash: &TokenHash) -> Result<Option<ApiToken>, StoreError> {
        Ok(self.state().tokens.get(hash).cloned())
    }

    async fn list_tokens(&self, owner: Option<&IdentityId>) -> Result<Vec<ApiToken>, StoreError> {
        let state = self.state();
        let wanted = |t: &&ApiToken| owner.is_none_or(|owner| t.owner == *owner);
        let mut tokens: Vec<ApiToken> = state.tokens.values().filter(wanted).cloned().collect();
        // `None` sorts before every time, but means the latest of all.
        tokens.sort_by_key(|t| (t.expires_at.is_none(), t.expires_at, t.id));
        tokens.truncate(MAX_LISTED);
        Ok(tokens)
    }

    async fn count_ending(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        let state = self.state();
        let ends = state.tokens.values().filter_map(|token| token.expires_at);
        Ok(ends.filter(|end| (from..=until).contains(end)).count() as u64)
    }

    async fn token_by_id(&self, id: i64) -> Result<Option<ApiToken>, StoreError> {
        Ok(self.state().tokens.values().find(|t| t.id == id).cloned())
    }

    async fn revoke_token(&self, id: i64) -> Result<bool, StoreError> {
        let mut state = self.state();
        let before = state.tokens.len();
        state.tokens.retain(|_, t| t.id != id);
        Ok(state.tokens.len() < before)
    }

    async fn record_token_use(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError> {
        let mut state = self.state();
        for (id, at) in used {
            if let Some(token) = state.tokens.values_mut().find(|t| t.id == *id) {
                token.last_used_at = token.last_used_at.max(Some(*at));
            }
        }
        Ok(())
    }

    /// Nothing reaches the memory of a program past it.
    async fn generation(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}
