//! Somebody can always administer.

use super::*;

fn is_last_administrator<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::LastAdministrator))
}

/// As above for the first account.
pub async fn of_many_at_once_one_is_the_first(store: &impl UserStore) {
    let people: Vec<_> = (0..16)
        .map(|n| person(&format!("admin{n}"), Role::Admin))
        .collect();
    let tries = people.into_iter().map(|new| store.create_first_user(new));
    let made = join_all(tries)
        .await
        .into_iter()
        .filter_map(Result::unwrap)
        .count();
    assert_eq!(made, 1);
    assert_eq!(
        store
            .list_users(&UserFilter::default())
            .await
            .unwrap()
            .len(),
        1
    );
}

/// Whatever role was asked for; and any account at all stands in the way of a first one.
pub async fn the_first_account_is_an_administrator(store: &impl UserStore) {
    let first = store
        .create_first_user(person("first", Role::Viewer))
        .await
        .unwrap();
    assert_eq!(first.expect("the first").role, Role::Admin);
    let second = store
        .create_first_user(person("second", Role::Admin))
        .await
        .unwrap();
    assert_eq!(second, None);
}

/// It can be neither demoted nor deactivated nor deleted, until there is another.
pub async fn the_last_administrator_stays(store: &impl UserStore) {
    let admin = store
        .create_user(person("admin", Role::Admin))
        .await
        .unwrap();
    let demote = UserChange {
        role: Some(Role::Auditor),
        ..UserChange::default()
    };
    let deactivate = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    assert!(is_last_administrator(
        store.update_user(&admin.id, demote.clone()).await
    ));
    assert!(is_last_administrator(
        store.update_user(&admin.id, deactivate.clone()).await
    ));
    assert!(is_last_administrator(store.delete_user(&admin.id).await));
    assert_eq!(
        store.user(&admin.id).await.unwrap(),
        Some(admin.clone()),
        "nothing changed"
    );
    let rename = UserChange {
        display_name: Some("Root".into()),
        ..UserChange::default()
    };
    store.update_user(&admin.id, rename).await.unwrap();

    let second = store
        .create_user(person("second", Role::Admin))
        .await
        .unwrap();
    store.update_user(&admin.id, demote).await.unwrap();
    assert!(is_last_administrator(store.delete_user(&second.id).await));
    let promote = UserChange {
        role: Some(Role::Admin),
        ..UserChange::default()
    };
    store.update_user(&admin.id, promote).await.unwrap();
    store.delete_user(&second.id).await.unwrap();
    assert!(is_last_administrator(
        store.update_user(&admin.id, deactivate).await
    ));
}

/// Nobody else can sign in when the directory is down.
pub async fn only_active_local_people_count_as_administrators(store: &impl UserStore) {
    let admin = store
        .create_user(person("admin", Role::Admin))
        .await
        .unwrap();
    let away = store
        .create_user(person("away", Role::Admin))
        .await
        .unwrap();
    let deactivate = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    store.update_user(&away.id, deactivate).await.unwrap();
    store
        .create_user(service("robot", Role::Admin))
        .await
        .unwrap();
    let mut rosa = found(Source::LDAP, "uuid-1", "rosa");
    rosa.role = Some(GrantedRole {
        role: Role::Admin,
        reason: "cn=admins".into(),
    });
    let rosa = store
        .remember(&rosa, Role::Viewer, true, at(0))
        .await
        .unwrap();
    let counts = store.count_users().await.unwrap();
    let people_who_lead = [&admin, &rosa];
    assert_eq!(
        (counts.all, counts.administrators),
        (4, people_who_lead.len() as u64)
    );
    assert!(is_last_administrator(store.delete_user(&admin.id).await));
    // Of the others any can go.
    for id in [&away.id, &rosa.id] {
        store.delete_user(id).await.unwrap();
    }
}

/// The check and the change are one step, also across demoting, deactivating and deleting.
pub async fn of_administrators_who_all_leave_at_once_one_stays(store: &impl UserStore) {
    let mut admins = Vec::new();
    for n in 0..12 {
        admins.push(
            store
                .create_user(person(&format!("admin{n}"), Role::Admin))
                .await
                .unwrap(),
        );
    }
    let leaving = admins.iter().enumerate().map(|(n, admin)| async move {
        let change = match n % 3 {
            0 => return store.delete_user(&admin.id).await,
            1 => UserChange {
                role: Some(Role::Viewer),
                ..UserChange::default()
            },
            _ => UserChange {
                is_active: Some(false),
                ..UserChange::default()
            },
        };
        store.update_user(&admin.id, change).await.map(drop)
    });
    let results = join_all(leaving).await;
    let kept = results
        .into_iter()
        .filter(|r| matches!(r, Err(StoreError::LastAdministrator)));
    assert_eq!(kept.count(), 1);
    let users = store.list_users(&UserFilter::default()).await.unwrap();
    assert_eq!(
        users
            .iter()
            .filter(|u| u.role == Role::Admin && u.is_active)
            .count(),
        1
    );
}
