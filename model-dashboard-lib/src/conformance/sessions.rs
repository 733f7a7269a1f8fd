//! What every [`SessionStore`] must do.
//!
//! ```ignore
//! // One test per case; each gets a fresh, empty store, and keeps what comes with it.
//! model_dashboard::session_store_conformance!(async { (MyStore::fresh().await, ()) }.await);
//! ```

use futures::future::join_all;

use crate::auth::{IdentityId, NewSession, Session, SessionHash, SessionStore, Source};
use crate::model::Timestamp;
use crate::store::StoreError;

/// Makes one `#[tokio::test]` of every case of the suite. The argument is an expression, which may
/// await, that gives a fresh, empty store and whatever has to live as long as it does (a temporary
/// folder, or `()`).
#[macro_export]
macro_rules! session_store_conformance {
    ($fresh:expr) => {
        $crate::session_store_conformance! { @cases $fresh;
            a_session_reads_back_as_it_was_made
            an_unknown_session_is_none
            a_secret_is_stored_once
            sessions_are_listed_newest_first
            an_account_keeps_its_newest_50
            of_many_at_once_50_stay
            one_session_is_ended
            a_session_is_ended_by_its_owner_only
            all_sessions_but_one_are_ended
            uses_are_noted_together
            what_ended_or_idled_is_purged
            a_number_is_not_given_twice
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let (store, _keep) = $fresh;
            $crate::conformance::sessions::$case(&store).await;
        }
    )*};
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_800_000_000_000_321 + seconds * 1_000_000)
}

fn identity(subject: &str) -> IdentityId {
    IdentityId::new(Source::local(), subject)
}

fn hash(number: u8) -> SessionHash {
    let mut hash = [0xcd; 32];
    hash[0] = number;
    SessionHash(hash)
}

fn session(number: u8, subject: &str, created_at: Timestamp) -> NewSession {
    NewSession {
        hash: hash(number),
        identity: identity(subject),
        created_at,
        expires_at: at(86_400),
        made_from: "2001:db8::1, Firefox".into(),
    }
}

fn ids(sessions: &[Session]) -> Vec<i64> {
    sessions.iter().map(|session| session.id).collect()
}

/// By hash and in the list.
pub async fn a_session_reads_back_as_it_was_made(store: &impl SessionStore) {
    let new = NewSession {
        identity: IdentityId::new(Source::parse("ldap").unwrap(), "uuid'ß"),
        made_from: "192.0.2.7\n\"Mozilla/5.0 (🩻)\"".into(),
        ..session(1, "", at(0))
    };
    let made = store.create_session(new.clone()).await.unwrap();
    let expected = Session {
        id: made.id,
        identity: new.identity.clone(),
        created_at: new.created_at,
        last_used_at: new.created_at,
        expires_at: new.expires_at,
        made_from: new.made_from,
    };
    assert_eq!(made, expected);
    assert_eq!(
        store.session(&new.hash).await.unwrap().as_ref(),
        Some(&expected)
    );
    assert_eq!(
        store.list_sessions(&new.identity).await.unwrap(),
        vec![expected]
    );
}

/// Not an error.
pub async fn an_unknown_session_is_none(store: &impl SessionStore) {
    store.create_session(session(1, "1", at(0))).await.unwrap();
    assert_eq!(store.session(&hash(2)).await.unwrap(), None);
    assert_eq!(store.list_sessions(&identity("2")).await.unwrap(), vec![]);
    assert!(!store.end_session(&identity("1"), i64::MAX).await.unwrap());
    assert_eq!(store.end_sessions(&identity("2"), None).await.unwrap(), 0);
}

/// A second session with the same hash would make it unclear whose it is.
pub async fn a_secret_is_stored_once(store: &impl SessionStore) {
    let made = store.create_session(session(1, "1", at(0))).await.unwrap();
    let refused = store.create_session(session(1, "2", at(1))).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate { .. })),
        "{refused:?}"
    );
    assert_eq!(store.session(&hash(1)).await.unwrap(), Some(made));
}

/// Of those made at once the later number first.
pub async fn sessions_are_listed_newest_first(store: &impl SessionStore) {
    let mut made = Vec::new();
    for (number, second) in [5, 9, 1, 9].into_iter().enumerate() {
        let new = session(number as u8, "1", at(second));
        made.push(store.create_session(new).await.unwrap().id);
    }
    let listed = store.list_sessions(&identity("1")).await.unwrap();
    assert_eq!(ids(&listed), [3, 1, 0, 2].map(|n| made[n]));
}

/// The oldest ends, nobody else's.
pub async fn an_account_keeps_its_newest_50(store: &impl SessionStore) {
    store
        .create_session(session(200, "2", at(-9)))
        .await
        .unwrap();
    for number in 0..53 {
        store
            .create_session(session(number, "1", at(i64::from(number))))
            .await
            .unwrap();
    }
    assert_eq!(store.list_sessions(&identity("1")).await.unwrap().len(), 50);
    for number in 0..53 {
        let kept = store.session(&hash(number)).await.unwrap().is_some();
        assert_eq!(kept, number >= 3, "{number}");
    }
    assert!(store.session(&hash(200)).await.unwrap().is_some());
}

/// The insertion and the cut are one step.
pub async fn of_many_at_once_50_stay(store: &impl SessionStore) {
    let tries = (0..80).map(|number| store.create_session(session(number, "1", at(0))));
    for made in join_all(tries).await {
        made.unwrap();
    }
    assert_eq!(store.list_sessions(&identity("1")).await.unwrap().len(), 50);
}

/// Only that one, and it is not found any more.
pub async fn one_session_is_ended(store: &impl SessionStore) {
    let one = store.create_session(session(1, "1", at(0))).await.unwrap();
    let two = store.create_session(session(2, "1", at(0))).await.unwrap();
    assert!(store.end_session(&one.identity, one.id).await.unwrap());
    assert!(!store.end_session(&one.identity, one.id).await.unwrap());
    assert_eq!(store.session(&hash(1)).await.unwrap(), None);
    assert_eq!(store.session(&hash(2)).await.unwrap(), Some(two));
}

/// The number alone does not do.
pub async fn a_session_is_ended_by_its_owner_only(store: &impl SessionStore) {
    let made = store.create_session(session(1, "1", at(0))).await.unwrap();
    assert!(!store.end_session(&identity("2"), made.id).await.unwrap());
    let other_source = IdentityId::new(Source::service(), "1");
    assert!(!store.end_session(&other_source, made.id).await.unwrap());
    assert_eq!(store.end_sessions(&other_source, None).await.unwrap(), 0);
    assert_eq!(store.session(&hash(1)).await.unwrap(), Some(made));
}

/// Of one account.
pub async fn all_sessions_but_one_are_ended(store: &impl SessionStore) {
    let mut made = Vec::new();
    for number in 0..4 {
        made.push(
            store
                .create_session(session(number, "1", at(0)))
                .await
                .unwrap(),
        );
    }
    let other = store.create_session(session(9, "2", at(0))).await.unwrap();
    assert_eq!(
        store
            .end_sessions(&identity("1"), Some(made[2].id))
            .await
            .unwrap(),
        3
    );
    assert_eq!(
        store.list_sessions(&identity("1")).await.unwrap(),
        vec![made[2].clone()]
    );
    // Somebody else's session is no exception.
    assert_eq!(
        store
            .end_sessions(&identity("1"), Some(other.id))
            .await
            .unwrap(),
        1
    );
    assert_eq!(store.session(&hash(9)).await.unwrap(), Some(other));
}

/// Never back in time; sessions that ended meanwhile are passed over.
pub async fn uses_are_noted_together(store: &impl SessionStore) {
    let one = store.create_session(session(1, "1", at(0))).await.unwrap();
    let two = store.create_session(session(2, "1", at(0))).await.unwrap();
    store.touch_sessions(&[]).await.unwrap();
    store
        .touch_sessions(&[(one.id, at(60)), (i64::MAX, at(61)), (two.id, at(62))])
        .await
        .unwrap();
    store.touch_sessions(&[(one.id, at(30))]).await.unwrap();
    let used = async |number| {
        store
            .session(&hash(number))
            .await
            .unwrap()
            .map(|s| s.last_used_at)
    };
    assert_eq!((used(1).await, used(2).await), (Some(at(60)), Some(at(62))));
}

/// What ends now has ended; what was used at the limit has not idled.
pub async fn what_ended_or_idled_is_purged(store: &impl SessionStore) {
    let ends = |number, end| NewSession {
        expires_at: end,
        ..session(number, "1", at(0))
    };
    let mut made = Vec::new();
    for new in [
        ends(1, at(99)),
        ends(2, at(100)),
        ends(3, at(101)),
        ends(4, at(500)),
    ] {
        made.push(store.create_session(new).await.unwrap());
    }
    store
        .touch_sessions(&[(made[0].id, at(90)), (made[1].id, at(90))])
        .await
        .unwrap();
    store
        .touch_sessions(&[(made[2].id, at(50)), (made[3].id, at(49))])
        .await
        .unwrap();
    assert_eq!(store.purge_sessions(at(100), at(50)).await.unwrap(), 3);
    let left = store.list_sessions(&identity("1")).await.unwrap();
    assert_eq!(ids(&left), [made[2].id]);
}

/// Or a batch of uses could name a newer session.
pub async fn a_number_is_not_given_twice(store: &impl SessionStore) {
    let one = store.create_session(session(1, "1", at(0))).await.unwrap();
    store.end_session(&one.identity, one.id).await.unwrap();
    let two = store.create_session(session(2, "1", at(0))).await.unwrap();
    assert!(two.id > one.id);
}
