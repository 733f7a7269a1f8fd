//! Stored hashes of passwords.

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
    assert!(
        store
            .set_password_hash(&made.id, hash("new"), None)
            .await
            .unwrap()
    );
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
    assert!(
        store
            .set_password_hash(&made.id, hash("changed"), None)
            .await
            .unwrap()
    );
    assert!(
        !store
            .set_password_hash(&made.id, hash("upgraded"), Some(&read))
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
            .set_password_hash(&made.id, hash("upgraded"), Some(&stored))
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
        async move {
            store
                .set_password_hash(id, upgraded, Some(read))
                .await
                .unwrap()
        }
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
