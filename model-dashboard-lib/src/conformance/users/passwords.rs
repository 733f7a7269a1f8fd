//! Stored hashes of passwords.

use super::leaving::open_session;
use super::*;

/// Without a condition.
pub async fn a_new_hash_replaces_the_old_one(store: &impl UserStore) {
    let made = store
        .create_user(person("mkeller", Role::Viewer))
        .await
        .unwrap();
    let other = store
        .create_user(person("other", Role::Viewer))
        .await
        .unwrap();
    let (user, stored) = store
        .password_hash(&name("MKeller"))
        .await
        .unwrap()
        .expect("a hash");
    assert_eq!((user, stored), (made.clone(), hash("mkeller")));
    let set = store.set_password(&made.id, hash("new"), None, None);
    assert_eq!(set.await.unwrap(), Some(0));
    let (_, stored) = store
        .password_hash(&made.username)
        .await
        .unwrap()
        .expect("a hash");
    assert_eq!(stored, hash("new"));
    let (_, stored) = store
        .password_hash(&other.username)
        .await
        .unwrap()
        .expect("a hash");
    assert_eq!(stored, hash("other"));
}

/// With the hash that was read as condition, a password set meanwhile stays.
pub async fn an_upgraded_hash_never_overwrites_a_new_password(store: &impl UserStore) {
    let made = store
        .create_user(person("mkeller", Role::Viewer))
        .await
        .unwrap();
    let (_, read) = store
        .password_hash(&made.username)
        .await
        .unwrap()
        .expect("a hash");
    let set = store.set_password(&made.id, hash("changed"), Some(&read), None);
    assert_eq!(set.await.unwrap(), Some(0));
    assert!(
        !store
            .renew_password_hash(&made.id, hash("upgraded"), &read)
            .await
            .unwrap()
    );
    let (_, stored) = store
        .password_hash(&made.username)
        .await
        .unwrap()
        .expect("a hash");
    assert_eq!(stored, hash("changed"));
    assert!(
        store
            .renew_password_hash(&made.id, hash("upgraded"), &stored)
            .await
            .unwrap()
    );
}

/// The comparison and the replacement are one step.
pub async fn of_many_upgrades_of_one_hash_one_is_stored(store: &impl UserStore) {
    let made = store
        .create_user(person("mkeller", Role::Viewer))
        .await
        .unwrap();
    let (_, read) = store
        .password_hash(&made.username)
        .await
        .unwrap()
        .expect("a hash");
    let upgrades = (0..16).map(|n| {
        let upgraded = hash(&format!("upgraded{n}"));
        let (id, read) = (&made.id, &read);
        async move { store.renew_password_hash(id, upgraded, read).await.unwrap() }
    });
    assert_eq!(
        join_all(upgrades)
            .await
            .into_iter()
            .filter(|stored| *stored)
            .count(),
        1
    );
}

/// In one step with it, or not at all, and nobody else's; another hash of the same password ends
/// none.
pub async fn a_new_password_ends_the_sessions_of_the_old_one<S>(store: &S)
where
    S: UserStore + SessionStore,
{
    let made = store.create_user(person("mkeller", Role::Viewer)).await;
    let other = store.create_user(person("other", Role::Viewer)).await;
    let (made, other) = (made.unwrap(), other.unwrap());
    for number in 1..=3 {
        open_session(store, &made, number).await;
    }
    open_session(store, &other, 4).await;
    let left = async |user: &User| -> Vec<i64> {
        let sessions = store.list_sessions(&user.id).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect()
    };
    let kept = left(&made).await[1];

    let expected = hash("mkeller");
    let renewed = store.renew_password_hash(&made.id, hash("renewed"), &expected);
    assert!(renewed.await.unwrap());
    let lost = store.set_password(&made.id, hash("new"), Some(&expected), None);
    assert_eq!(lost.await.unwrap(), None);
    assert_eq!(left(&made).await.len(), 3, "no password was changed");

    let expected = hash("renewed");
    let set = store.set_password(&made.id, hash("new"), Some(&expected), Some(kept));
    assert_eq!(set.await.unwrap(), Some(2));
    assert_eq!(left(&made).await, [kept]);
    let set = store.set_password(&made.id, hash("newer"), None, None);
    assert_eq!(set.await.unwrap(), Some(1));
    assert!(left(&made).await.is_empty());
    assert_eq!(left(&other).await.len(), 1);
}
