//! What is held in memory of accounts, tokens and sessions, and for how long that may be believed.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

const SHARDS: usize = 16;

/// Keys of 32 bytes that are digests already: they need no hashing, and nobody can choose the
/// digest of a token or session that exists.
pub(crate) trait DigestKey: Copy + Eq + Hash {
    fn digest(&self) -> &[u8; 32];
}

impl DigestKey for crate::tokens::TokenHash {
    fn digest(&self) -> &[u8; 32] {
        &self.0
    }
}

impl DigestKey for crate::auth::SessionHash {
    fn digest(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Takes the first eight bytes of a digest as its hash.
#[derive(Default)]
pub(crate) struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    // The derived `Hash` of an array writes its length first.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

type Shard<K, V> = RwLock<HashMap<K, V, BuildHasherDefault<DigestHasher>>>;

/// A bounded map from digests to what the store said about them.
///
/// What was read from the store enters only if nothing was evicted since the reading began, so
/// that an eviction never loses to a slower look-up.
pub(crate) struct DigestCache<K, V> {
    shards: [Shard<K, V>; SHARDS],
    capacity: usize,
    epoch: AtomicU64,
}

/// The state of the cache when a look-up in the store began.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(u64);

impl<K: DigestKey, V: Clone> DigestCache<K, V> {
    /// A cache of about `capacity` entries; beyond that, any entry makes room for a new one.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| RwLock::default()),
            capacity: capacity.div_ceil(SHARDS),
            epoch: AtomicU64::new(0),
        }
    }

    fn shard(&self, key: &K) -> &Shard<K, V> {
        // The map takes the first bytes, so the shard is chosen by the last one.
        &self.shards[usize::from(key.digest()[31]) % SHARDS]
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let shard = self
            .shard(key)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        shard.get(key).cloned()
    }

    /// To be taken before the store is asked.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.epoch.load(Ordering::SeqCst))
    }

    /// Enters what the store said, unless something was evicted since `ticket` was taken.
    pub(crate) fn insert(&self, ticket: Ticket, key: K, value: V) {
        let mut shard = self
            .shard(&key)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        // Under the lock: an eviction that raises the epoch later will find the entry.
        if self.epoch.load(Ordering::SeqCst) != ticket.0 {
            return;
        }
        if shard.len() >= self.capacity
            && !shard.contains_key(&key)
            && let Some(any) = shard.keys().next().copied()
        {
            shard.remove(&any);
        }
        shard.insert(key, value);
    }

    /// Removes the entries that `stale` names. To be called after the store was changed.
    pub(crate) fn evict(&self, stale: impl Fn(&V) -> bool) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, value| !stale(value));
        }
    }

    pub(crate) fn clear(&self) {
        self.evict(|_| true);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let count = |s: &Shard<K, V>| s.read().unwrap_or_else(PoisonError::into_inner).len();
        self.shards.iter().map(count).sum()
    }
}

impl<K, V> std::fmt::Debug for DigestCache<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DigestCache").finish_non_exhaustive()
    }
}

/// Whether what is in memory may be believed: it was compared with the store not long ago.
#[derive(Debug)]
pub(crate) struct Freshness {
    started: Instant,
    max_age: Duration,
    /// Milliseconds after `started` until which memory may be believed.
    until: AtomicU64,
}

impl Freshness {
    pub(crate) fn new(max_age: Duration) -> Self {
        Self {
            started: Instant::now(),
            max_age,
            until: AtomicU64::new(0),
        }
    }

    /// Notes that memory agreed with the store at `at`, taken before the store was asked.
    pub(crate) fn confirm(&self, at: Instant) {
        let until = at.saturating_duration_since(self.started) + self.max_age;
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.until.store(until, Ordering::SeqCst);
    }

    pub(crate) fn is_fresh(&self, now: Instant) -> bool {
        let now = now.saturating_duration_since(self.started).as_millis();
        now < u128::from(self.until.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::TokenHash;

    fn key(n: u16) -> TokenHash {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        bytes[31] = n as u8;
        TokenHash(bytes)
    }

    #[test]
    fn what_was_read_before_an_eviction_does_not_enter_after_it() {
        let cache = DigestCache::new(100);
        let before = cache.ticket();
        cache.evict(|_| false);
        cache.insert(before, key(1), "revoked meanwhile");
        assert_eq!(cache.get(&key(1)), None);
        cache.insert(cache.ticket(), key(1), "read after it");
        assert_eq!(cache.get(&key(1)), Some("read after it"));
    }

    #[test]
    fn only_what_is_stale_is_evicted() {
        let cache = DigestCache::new(100);
        for n in 0..50 {
            cache.insert(cache.ticket(), key(n), n);
        }
        cache.evict(|n| n % 2 == 0);
        assert_eq!(cache.len(), 25);
        cache.clear();
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn the_number_of_entries_is_bounded() {
        let cache = DigestCache::new(160);
        for n in 0..2000 {
            cache.insert(cache.ticket(), key(n), n);
        }
        assert_eq!(cache.len(), 160);
        assert_eq!(cache.get(&key(1999)), Some(1999));
    }

    #[test]
    fn memory_is_believed_for_a_limited_time_only() {
        let freshness = Freshness::new(Duration::from_secs(5));
        let start = freshness.started;
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(!freshness.is_fresh(start), "never compared with the store");
        freshness.confirm(after(10));
        assert!(freshness.is_fresh(after(14)));
        assert!(!freshness.is_fresh(after(15)));
        freshness.confirm(after(15));
        assert!(freshness.is_fresh(after(19)));
    }
}
