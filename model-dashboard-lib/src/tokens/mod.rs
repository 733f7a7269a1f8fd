//! API tokens: the secret that people see once, and the [`TokenStore`] trait.

mod plain;

use std::fmt;

use async_trait::async_trait;

use crate::auth::{IdentityId, Permissions};
use crate::model::Timestamp;
use crate::store::StoreError;

pub use plain::{PlainToken, TokenHash};

/// A token as it is stored and listed; the secret itself is nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its number.
    pub id: i64,
    /// Whose rights it carries.
    pub owner: IdentityId,
    /// The owner's name when it was made, for lists.
    pub username: String,
    /// What it is for.
    pub description: String,
    /// What it may do, never more than its owner may at the time of use.
    pub scopes: Permissions,
    /// When it ends; tokens of the earlier system may have no end.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last used, some seconds late (written in batches).
    pub last_used_at: Option<Timestamp>,
}

/// A token to be stored.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// SHA-256 of the secret.
    pub hash: TokenHash,
    /// Whose rights it carries.
    pub owner: IdentityId,
    /// The owner's name.
    pub username: String,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub scopes: Permissions,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Now.
    pub created_at: Timestamp,
}

/// Stores API tokens by the SHA-256 of their secret.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// Stores a token.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] when the owner has 1,000 tokens.
    async fn create_token(&self, new: NewToken) -> Result<ApiToken, StoreError>;

    /// The token with this hash, expired ones included; the caller judges.
    async fn token(&self, hash: &TokenHash) -> Result<Option<ApiToken>, StoreError>;

    /// Tokens of `owner`, or of everyone; those that end first come first. At most 10,000.
    async fn list_tokens(&self, owner: Option<&IdentityId>) -> Result<Vec<ApiToken>, StoreError>;

    /// How many tokens end within these times, both included, however many there are.
    async fn count_ending(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError>;

    /// The token with this number.
    async fn token_by_id(&self, id: i64) -> Result<Option<ApiToken>, StoreError>;

    /// Removes a token; answers whether there was one.
    async fn revoke_token(&self, id: i64) -> Result<bool, StoreError>;

    /// Notes uses, in one transaction.
    async fn record_token_use(&self, used: &[(i64, Timestamp)]) -> Result<(), StoreError>;

    /// A number that differs after any account, session or token may have changed in a way that
    /// the caller does not know of, as by another process. What is held in memory is valid while it
    /// stays the same. Notes of use need not change it.
    async fn generation(&self) -> Result<u64, StoreError>;
}
