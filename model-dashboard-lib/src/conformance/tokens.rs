//! What every [`TokenStore`] must do.
//!
//! ```ignore
//! // One test per case; each gets a fresh, empty store, and keeps what comes with it.
//! model_dashboard::token_store_conformance!(async { (MyStore::fresh().await, ()) }.await);
//! ```

use futures::future::join_all;

use crate::auth::{IdentityId, Permission, Permissions, Source};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::tokens::{ApiToken, NewToken, TokenHash, TokenStore};

/// Makes one `#[tokio::test]` of every case of the suite. The argument is an expression, which may
/// await, that gives a fresh, empty store and whatever has to live as long as it does (a temporary
/// folder, or `()`).
#[macro_export]
macro_rules! token_store_conformance {
    ($fresh:expr) => {
        $crate::token_store_conformance! { @cases $fresh;
            a_token_reads_back_as_it_was_made
            an_unknown_token_is_none
            a_secret_is_stored_once
            an_expired_token_is_still_given
            tokens_that_end_first_come_first
            those_that_end_within_some_time_are_counted
            an_owner_sees_their_own
            an_owner_has_at_most_1000
            a_revoked_token_is_gone
            uses_are_noted_together
            a_late_note_does_not_turn_time_back
            a_number_is_not_given_twice
            the_generation_stays_while_nothing_is_written
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let (store, _keep) = $fresh;
            $crate::conformance::tokens::$case(&store).await;
        }
    )*};
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_800_000_000_000_000 + micros)
}

fn owner(subject: &str) -> IdentityId {
    IdentityId::new(Source::local(), subject)
}

fn token(number: u64, subject: &str, expires_at: Option<Timestamp>) -> NewToken {
    let mut hash = [0xab; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    NewToken {
        hash: TokenHash(hash),
        owner: owner(subject),
        username: format!("user {subject}"),
        description: format!("token {number}"),
        scopes: Permissions::of(&[Permission::ModelsRead]),
        expires_at,
        created_at: at(0),
    }
}

fn ids(tokens: &[ApiToken]) -> Vec<i64> {
    tokens.iter().map(|token| token.id).collect()
}

/// By hash and by number, whatever its texts hold, to the microsecond.
pub async fn a_token_reads_back_as_it_was_made(store: &impl TokenStore) {
    let new = NewToken {
        owner: IdentityId::new(Source::parse("ldap").unwrap(), "uuid'; --\u{0}ß"),
        username: "O'Brien “Ünal”".into(),
        description: "line\nbreak, \"quotes\", 🩻".into(),
        scopes: Permissions::all(),
        expires_at: Some(at(1)),
        created_at: at(-999_999),
        ..token(1, "", None)
    };
    let made = store.create_token(new.clone()).await.unwrap();
    let expected = ApiToken {
        id: made.id,
        owner: new.owner,
        username: new.username,
        description: new.description,
        scopes: new.scopes,
        expires_at: new.expires_at,
        created_at: Some(new.created_at),
        last_used_at: None,
    };
    assert_eq!(made, expected);
    assert_eq!(
        store.token(&new.hash).await.unwrap().as_ref(),
        Some(&expected)
    );
    assert_eq!(store.token_by_id(made.id).await.unwrap(), Some(expected));
    let bare = NewToken {
        scopes: Permissions::NONE,
        ..token(2, "1", None)
    };
    let made = store.create_token(bare.clone()).await.unwrap();
    assert_eq!((made.scopes, made.expires_at), (Permissions::NONE, None));
    assert_eq!(store.token(&bare.hash).await.unwrap(), Some(made));
}

/// Not an error.
pub async fn an_unknown_token_is_none(store: &impl TokenStore) {
    store.create_token(token(1, "1", None)).await.unwrap();
    assert_eq!(store.token(&token(2, "1", None).hash).await.unwrap(), None);
    assert_eq!(store.token_by_id(i64::MAX).await.unwrap(), None);
    assert!(!store.revoke_token(i64::MAX).await.unwrap());
    assert_eq!(store.list_tokens(Some(&owner("2"))).await.unwrap(), vec![]);
}

/// A second token with the same hash would make it unclear whose it is.
pub async fn a_secret_is_stored_once(store: &impl TokenStore) {
    store.create_token(token(1, "1", None)).await.unwrap();
    let refused = store.create_token(token(1, "2", None)).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate { .. })),
        "{refused:?}"
    );
    assert_eq!(store.list_tokens(None).await.unwrap().len(), 1);
}

/// The caller judges.
pub async fn an_expired_token_is_still_given(store: &impl TokenStore) {
    let new = token(1, "1", Some(Timestamp::UNIX_EPOCH));
    store.create_token(new.clone()).await.unwrap();
    let given = store.token(&new.hash).await.unwrap().expect("the token");
    assert_eq!(given.expires_at, Some(Timestamp::UNIX_EPOCH));
}

/// Those without an end last; of those that end at once the older first.
pub async fn tokens_that_end_first_come_first(store: &impl TokenStore) {
    let mut made = Vec::new();
    let ends = [
        None,
        Some(at(7)),
        Some(at(1_000_000)),
        Some(at(-5)),
        None,
        Some(at(7)),
    ];
    for (number, end) in ends.into_iter().enumerate() {
        made.push(
            store
                .create_token(token(number as u64, "1", end))
                .await
                .unwrap()
                .id,
        );
    }
    let expected = [3, 1, 5, 2, 0, 4].map(|n| made[n]);
    assert_eq!(ids(&store.list_tokens(None).await.unwrap()), expected);
    assert_eq!(
        ids(&store.list_tokens(Some(&owner("1"))).await.unwrap()),
        expected
    );
}

/// Whoever's they are and however many; those without an end never.
pub async fn those_that_end_within_some_time_are_counted(store: &impl TokenStore) {
    let ends = [
        Some(at(-1)),
        Some(at(0)),
        Some(at(1)),
        Some(at(5)),
        Some(at(6)),
        None,
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let owner = number.to_string();
        let new = token(number as u64, &owner, end);
        store.create_token(new).await.unwrap();
    }
    for (from, until, count) in [(0, 5, 3), (1, 1, 1), (2, 4, 0), (-9, 9, 5)] {
        let counted = store.count_ending(at(from), at(until)).await.unwrap();
        assert_eq!(counted, count, "{from} to {until}");
    }
}

/// An owner is a source and a subject.
pub async fn an_owner_sees_their_own(store: &impl TokenStore) {
    let one = store.create_token(token(1, "1", None)).await.unwrap();
    let two = store.create_token(token(2, "2", None)).await.unwrap();
    let other = NewToken {
        owner: IdentityId::new(Source::service(), "1"),
        ..token(3, "", None)
    };
    let other = store.create_token(other).await.unwrap();
    for token in [&one, &two, &other] {
        let own = store.list_tokens(Some(&token.owner)).await.unwrap();
        assert_eq!(&own, std::slice::from_ref(token));
    }
    assert_eq!(store.list_tokens(None).await.unwrap().len(), 3);
}

/// Also when many are made at once; others are not held up.
pub async fn an_owner_has_at_most_1000(store: &impl TokenStore) {
    for number in 0..990 {
        store.create_token(token(number, "1", None)).await.unwrap();
    }
    let results = join_all((990..1_010).map(|n| store.create_token(token(n, "1", None)))).await;
    let refused = |r: &&Result<_, _>| matches!(r, Err(StoreError::TooMany { limit: 1_000, .. }));
    assert_eq!(results.iter().filter(refused).count(), 10);
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 10);
    store.create_token(token(2_000, "2", None)).await.unwrap();
    let own = store.list_tokens(Some(&owner("1"))).await.unwrap();
    assert!(store.revoke_token(own[0].id).await.unwrap());
    store.create_token(token(2_001, "1", None)).await.unwrap();
}

/// At once, and only it.
pub async fn a_revoked_token_is_gone(store: &impl TokenStore) {
    let one = store.create_token(token(1, "1", None)).await.unwrap();
    let two = store.create_token(token(2, "1", None)).await.unwrap();
    assert!(store.revoke_token(one.id).await.unwrap());
    assert!(
        !store.revoke_token(one.id).await.unwrap(),
        "there is none any more"
    );
    assert_eq!(store.token(&token(1, "1", None).hash).await.unwrap(), None);
    assert_eq!(store.token_by_id(one.id).await.unwrap(), None);
    assert_eq!(store.list_tokens(None).await.unwrap(), vec![two]);
}

/// Tokens that were revoked meanwhile are passed over.
pub async fn uses_are_noted_together(store: &impl TokenStore) {
    let one = store
        .create_token(token(1, "1", Some(at(1))))
        .await
        .unwrap();
    let two = store
        .create_token(token(2, "1", Some(at(2))))
        .await
        .unwrap();
    let gone = store
        .create_token(token(3, "1", Some(at(3))))
        .await
        .unwrap();
    store.revoke_token(gone.id).await.unwrap();
    store.record_token_use(&[]).await.unwrap();
    store
        .record_token_use(&[(one.id, at(10)), (gone.id, at(11)), (two.id, at(12))])
        .await
        .unwrap();
    let listed = store.list_tokens(None).await.unwrap();
    let used: Vec<_> = listed.iter().map(|t| t.last_used_at).collect();
    assert_eq!(used, [Some(at(10)), Some(at(12))]);
    assert_eq!(
        listed[0],
        ApiToken {
            last_used_at: Some(at(10)),
            ..one
        }
    );
}

/// Batches of several processes arrive in any order.
pub async fn a_late_note_does_not_turn_time_back(store: &impl TokenStore) {
    let made = store.create_token(token(1, "1", None)).await.unwrap();
    store
        .record_token_use(&[(made.id, at(10)), (made.id, at(9))])
        .await
        .unwrap();
    store.record_token_use(&[(made.id, at(8))]).await.unwrap();
    let stored = store
        .token_by_id(made.id)
        .await
        .unwrap()
        .expect("the token");
    assert_eq!(stored.last_used_at, Some(at(10)));
}

/// Or a batch of uses could name a newer token.
pub async fn a_number_is_not_given_twice(store: &impl TokenStore) {
    let one = store.create_token(token(1, "1", None)).await.unwrap();
    store.revoke_token(one.id).await.unwrap();
    let two = store.create_token(token(2, "1", None)).await.unwrap();
    assert!(two.id > one.id);
}

/// Reading is no change: what is held in memory stays valid.
pub async fn the_generation_stays_while_nothing_is_written(store: &impl TokenStore) {
    let new = token(1, "1", None);
    store.create_token(new.clone()).await.unwrap();
    let before = store.generation().await.unwrap();
    for _ in 0..3 {
        store.token(&new.hash).await.unwrap();
        store.list_tokens(None).await.unwrap();
        assert_eq!(store.generation().await.unwrap(), before);
    }
}
