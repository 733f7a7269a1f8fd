//! Everything in memory: for tests, demonstrations and programs that keep accounts elsewhere.

mod audit;
mod downloads;
mod sessions;
mod tokens;
mod users;

#[cfg(all(test, feature = "conformance"))]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::AuditKey;
use crate::audit::Event;
use crate::auth::{IdentityId, LeavingDoubt, Session, SessionHash, Source};
use crate::model::ModelId;
use crate::tokens::{ApiToken, TokenHash};

/// Accounts, tokens, sessions, the audit log and counts of downloads in memory, gone with the last clone.
///
/// Keeps every promise of the traits but durability. Clones share their content.
#[derive(Clone)]
pub struct MemoryStore {
    key: AuditKey,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    accounts: BTreeMap<IdentityId, users::Account>,
    tokens: HashMap<TokenHash, ApiToken>,
    sessions: HashMap<SessionHash, Session>,
    doubts: BTreeMap<Source, LeavingDoubt>,
    downloads: HashMap<ModelId, downloads::Counts>,
    /// By number, which is one more than the index.
    events: Vec<Event>,
    /// The last number given to an account, a token or a session; none is given twice.
    last_id: i64,
}

impl MemoryStore {
    /// An empty store. Its audit chain has a fixed key: a log that never leaves the memory of
    /// its program has nobody to be kept from.
    pub fn new() -> MemoryStore {
        MemoryStore::with_audit_key(AuditKey::from_bytes([0; 32]))
    }

    /// An empty store whose audit log is chained with `key`.
    pub fn with_audit_key(key: AuditKey) -> MemoryStore {
        MemoryStore {
            key,
            state: Arc::default(),
        }
    }

    /// No holder of the lock leaves a change half done, so a panic elsewhere does not matter.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }
}

impl Default for MemoryStore {
    fn default() -> MemoryStore {
        MemoryStore::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
