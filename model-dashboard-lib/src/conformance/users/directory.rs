//! People of directories.

use super::*;

/// Everything that the directory tells is taken over each time.
pub async fn a_person_of_a_directory_is_entered_and_refreshed(store: &impl UserStore) {
    let mut rosa = found(Source::LDAP, "uuid-1", "rlopez");
    let entered = store
        .remember(&rosa, Role::Publisher, true, at(0))
        .await
        .unwrap();
    assert_eq!(entered.id, rosa.id);
    assert_eq!((entered.role, entered.is_active), (Role::Publisher, true));
    assert_eq!(
        (entered.last_sign_in, entered.checked_at),
        (Some(at(0)), Some(at(0)))
    );
    assert_eq!(entered.groups, rosa.groups);
    assert_eq!(store.user(&rosa.id).await.unwrap(), Some(entered));

    rosa.username = name("rmartinez");
    rosa.display_name = "Rosa Martínez".into();
    rosa.email = Some("rosa@example.org".into());
    rosa.groups = vec!["cn=a".into(), "cn=\"b\"".into()];
    let checked = store
        .remember(&rosa, Role::Publisher, false, at(5))
        .await
        .unwrap();
    assert_eq!(checked.username.as_str(), "rmartinez");
    assert_eq!(checked.display_name, "Rosa Martínez");
    assert_eq!(checked.email.as_deref(), Some("rosa@example.org"));
    assert_eq!(checked.groups, rosa.groups);
    assert_eq!(
        (checked.last_sign_in, checked.checked_at),
        (Some(at(0)), Some(at(5)))
    );
    assert_eq!(store.user(&rosa.id).await.unwrap().as_ref(), Some(&checked));
    assert_eq!(
        store.list_users(&UserFilter::default()).await.unwrap(),
        vec![checked]
    );
}

/// With its reason, over what an administrator set.
pub async fn the_source_decides_on_a_role_if_it_gives_one(store: &impl UserStore) {
    let mut rosa = found(Source::LDAP, "uuid-1", "rosa");
    store
        .remember(&rosa, Role::Viewer, true, at(0))
        .await
        .unwrap();
    let promote = UserChange {
        role: Some(Role::Admin),
        ..UserChange::default()
    };
    store.update_user(&rosa.id, promote).await.unwrap();
    rosa.role = Some(GrantedRole {
        role: Role::Editor,
        reason: "cn=editors".into(),
    });
    let user = store
        .remember(&rosa, Role::Viewer, true, at(1))
        .await
        .unwrap();
    assert_eq!(
        (user.role, user.role_reason.as_str(), user.role_origin),
        (Role::Editor, "cn=editors", RoleOrigin::Source)
    );
    assert_eq!(store.user(&rosa.id).await.unwrap(), Some(user));
    // Once the source gives it no more, it is gone.
    rosa.role = None;
    let user = store
        .remember(&rosa, Role::Viewer, true, at(2))
        .await
        .unwrap();
    assert_eq!(user.role, Role::Viewer);
}

/// While the source gives none.
pub async fn a_role_that_an_administrator_set_stays(store: &impl UserStore) {
    let rosa = found(Source::LDAP, "uuid-1", "rosa");
    store
        .remember(&rosa, Role::Viewer, true, at(0))
        .await
        .unwrap();
    let promote = UserChange {
        role: Some(Role::Publisher),
        ..UserChange::default()
    };
    let promoted = store.update_user(&rosa.id, promote).await.unwrap();
    let rename = UserChange {
        display_name: Some("R.".into()),
        ..UserChange::default()
    };
    store.update_user(&rosa.id, rename).await.unwrap();
    let user = store
        .remember(&rosa, Role::Viewer, true, at(1))
        .await
        .unwrap();
    assert_eq!(
        (user.role, user.role_reason, user.role_origin),
        (
            Role::Publisher,
            promoted.role_reason,
            RoleOrigin::Administrator
        )
    );
}

/// So that a directory without mapped groups loses its default rights once a group is mapped.
pub async fn a_role_that_nobody_set_follows_the_default(store: &impl UserStore) {
    let rosa = found(Source::LDAP, "uuid-1", "rosa");
    let user = store
        .remember(&rosa, Role::Publisher, true, at(0))
        .await
        .unwrap();
    assert_eq!(user.role, Role::Publisher);
    let user = store
        .remember(&rosa, Role::Viewer, false, at(1))
        .await
        .unwrap();
    assert_eq!(user.role, Role::Viewer);
}

/// An administrator's no outlasts the directory's yes.
pub async fn remembering_does_not_activate(store: &impl UserStore) {
    let rosa = found(Source::LDAP, "uuid-1", "rosa");
    store
        .remember(&rosa, Role::Viewer, true, at(0))
        .await
        .unwrap();
    let deactivate = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    store.update_user(&rosa.id, deactivate).await.unwrap();
    let user = store
        .remember(&rosa, Role::Viewer, true, at(1))
        .await
        .unwrap();
    assert!(!user.is_active);
    assert!(
        !store
            .user(&rosa.id)
            .await
            .unwrap()
            .expect("her account")
            .is_active
    );
}

/// Its name, role and mail address are kept here, not where somebody signs in.
pub async fn remembering_an_account_made_here_notes_the_time_only(store: &impl UserStore) {
    let made = store
        .create_user(person("mkeller", Role::Editor))
        .await
        .unwrap();
    let mut identity = found(Source::LOCAL, &made.id.subject, "other");
    identity.role = Some(GrantedRole {
        role: Role::Admin,
        reason: "none".into(),
    });
    let seen = store
        .remember(&identity, Role::Admin, true, at(3))
        .await
        .unwrap();
    let expected = User {
        last_sign_in: Some(at(3)),
        checked_at: Some(at(3)),
        ..made
    };
    assert_eq!(seen, expected);
    assert_eq!(store.user(&expected.id).await.unwrap(), Some(expected));
}

/// In their order, each as if alone.
pub async fn many_are_remembered_at_once(store: &impl UserStore) {
    let mut people: Vec<Identity> = ["a", "b", "c"]
        .map(|one| found(Source::LDAP, one, one))
        .into();
    for one in &people {
        let signed_in = &*one.id.subject == "b";
        store
            .remember(one, Role::Viewer, signed_in, at(0))
            .await
            .unwrap();
    }
    people[1].display_name = "B.".into();
    people.reverse();
    let users = store
        .remember_all(&people, Role::Editor, at(1))
        .await
        .unwrap();
    let users: Vec<User> = users.into_iter().flatten().collect();
    let told: Vec<_> = users
        .iter()
        .map(|user| (&*user.id.subject, user.last_sign_in, user.checked_at))
        .collect();
    let expected = [
        ("c", None, Some(at(1))),
        ("b", Some(at(0)), Some(at(1))),
        ("a", None, Some(at(1))),
    ];
    assert_eq!(told, expected);
    assert_eq!(users[1].display_name, "B.");
    for user in users {
        assert_eq!(user.role_origin, RoleOrigin::Default);
        assert_eq!(store.user(&user.id).await.unwrap(), Some(user));
    }
    assert_eq!(
        store.remember_all(&[], Role::Editor, at(2)).await.unwrap(),
        []
    );
}

/// The others are noted.
pub async fn who_was_deleted_is_not_made_again_by_a_look(store: &impl UserStore) {
    let people = ["a", "b", "c"].map(|one| found(Source::LDAP, one, one));
    for one in &people {
        store
            .remember(one, Role::Viewer, true, at(0))
            .await
            .unwrap();
    }
    store.delete_user(&people[1].id).await.unwrap();
    let noted = store.remember_all(&people, Role::Viewer, at(1)).await;
    let noted: Vec<_> = noted
        .unwrap()
        .into_iter()
        .map(|user| user.and_then(|user| user.checked_at))
        .collect();
    assert_eq!(noted, [Some(at(1)), None, Some(at(1))]);
    assert_eq!(store.user(&people[1].id).await.unwrap(), None);
    // Who signs in is known again.
    store
        .remember(&people[1], Role::Viewer, true, at(2))
        .await
        .unwrap();
}

/// Whichever of a sign-in and a look it is.
pub async fn an_older_answer_changes_nothing(store: &impl UserStore) {
    let mut new = found(Source::LDAP, "uuid-1", "new");
    new.role = Some(GrantedRole {
        role: Role::Viewer,
        reason: "cn=viewers".into(),
    });
    let mut old = found(Source::LDAP, "uuid-1", "old");
    old.role = Some(GrantedRole {
        role: Role::Admin,
        reason: "cn=admins".into(),
    });
    let newest = store
        .remember(&new, Role::Viewer, false, at(5))
        .await
        .unwrap();
    for signed_in in [true, false] {
        store
            .remember(&old, Role::Viewer, signed_in, at(4))
            .await
            .unwrap();
        let looked = store
            .remember_all(std::slice::from_ref(&old), Role::Viewer, at(3))
            .await
            .unwrap();
        let expected = User {
            last_sign_in: Some(at(4)),
            ..newest.clone()
        };
        assert_eq!(looked, [Some(expected.clone())]);
        assert_eq!(store.user(&new.id).await.unwrap(), Some(expected));
    }
    // A sign-in here, too: no time goes back.
    let made = store
        .create_user(person("mia", Role::Editor))
        .await
        .unwrap();
    let identity = found(Source::LOCAL, &made.id.subject, "mia");
    for micros in [5, 4] {
        let seen = store
            .remember(&identity, Role::Viewer, true, at(micros))
            .await
            .unwrap();
        assert_eq!(
            (seen.last_sign_in, seen.checked_at),
            (Some(at(5)), Some(at(5)))
        );
    }
}

/// Whose source said meanwhile that they left stays out until the next sign-in.
pub async fn an_older_yes_brings_nobody_back(store: &impl UserStore) {
    let rosa = found(Source::LDAP, "uuid-1", "rosa");
    store
        .remember(&rosa, Role::Viewer, true, at(0))
        .await
        .unwrap();
    let left = store.note_left(&rosa.id, at(5), WHY).await.unwrap();
    let left = left.expect("they left").user;
    for signed_in in [true, false] {
        for micros in [4, 5] {
            let seen = store.remember(&rosa, Role::Viewer, signed_in, at(micros));
            assert_eq!(seen.await.unwrap(), left);
        }
    }
    assert_eq!(store.user(&rosa.id).await.unwrap(), Some(left));
    let back = store
        .remember(&rosa, Role::Viewer, true, at(6))
        .await
        .unwrap();
    assert_eq!((back.is_active, back.left_at), (true, None));
}

/// As of a clock that was wrong.
pub async fn a_time_that_has_not_come_outdoes_nothing<S>(store: &S)
where
    S: UserStore + SessionStore,
{
    let ahead = Timestamp::now().plus(std::time::Duration::from_secs(24 * 60 * 60));
    let rosa = found(Source::LDAP, "uuid-1", "rosa");
    let seen = store.remember(&rosa, Role::Viewer, true, ahead).await;
    open_session(store, &seen.unwrap(), 1).await;
    let (ldap, now) = (rosa.id.source.clone(), at(5));
    let asked = store.people_with_access(&ldap, now, now, None).await;
    assert_eq!(asked.unwrap().len(), 1, "they are looked at");
    let seen = store
        .remember(&rosa, Role::Editor, true, now)
        .await
        .unwrap();
    assert_eq!((seen.role, seen.checked_at), (Role::Editor, Some(now)));
    assert_eq!(seen.last_sign_in, Some(now));

    store
        .remember(&rosa, Role::Viewer, true, ahead)
        .await
        .unwrap();
    let left = store.note_left(&rosa.id, now, WHY).await.unwrap();
    assert!(left.is_some());
    let left = store.note_left(&rosa.id, ahead, WHY).await.unwrap();
    assert!(left.is_some());
    let back = store.remember(&rosa, Role::Viewer, true, at(6)).await;
    assert!(back.unwrap().is_active);
}

/// Be it a sign-in or a look.
pub async fn who_left_at_a_time_that_has_not_come_is_back_by_any_answer(store: &impl UserStore) {
    let ahead = Timestamp::now().plus(std::time::Duration::from_secs(24 * 60 * 60));
    let rosa = found(Source::LDAP, "uuid-1", "rosa");
    for (looked, micros) in [(false, 5), (true, 7)] {
        seen_at(store, &rosa, micros).await;
        let left = store.note_left(&rosa.id, ahead, WHY).await.unwrap();
        let left = left.expect("nobody vouched for her since").user;
        assert_eq!((left.is_active, left.left_at), (false, Some(ahead)));
        let back = match looked {
            false => seen_at(store, &rosa, micros + 1).await,
            true => {
                let people = std::slice::from_ref(&rosa);
                let looked = store
                    .remember_all(people, Role::Viewer, at(micros + 1))
                    .await;
                looked.unwrap().remove(0).expect("her account")
            }
        };
        let expected = (true, None, Some(at(micros + 1)));
        assert_eq!((back.is_active, back.left_at, back.checked_at), expected);
        assert_eq!(store.user(&rosa.id).await.unwrap(), Some(back));
    }
}

async fn seen_at(store: &impl UserStore, identity: &Identity, micros: i64) -> User {
    let seen = store.remember(identity, Role::Viewer, true, at(micros));
    seen.await.unwrap()
}

/// The stable id tells them apart; the name finds who was seen last.
pub async fn a_directory_may_give_a_name_to_somebody_else(store: &impl UserStore) {
    let old = found(Source::LDAP, "uuid-2", "rosa");
    let new = found(Source::LDAP, "uuid-1", "rosa");
    store
        .remember(&old, Role::Viewer, true, at(0))
        .await
        .unwrap();
    store
        .remember(&new, Role::Viewer, true, at(1))
        .await
        .unwrap();
    assert_eq!(
        store
            .list_users(&UserFilter::default())
            .await
            .unwrap()
            .len(),
        2
    );
    let source = Source::parse(Source::LDAP).unwrap();
    let by_name = store.user_by_name(&source, &name("Rosa")).await.unwrap();
    assert_eq!(by_name.expect("somebody").id, new.id);
}

/// The same name or subject in another source is another account.
pub async fn sources_do_not_mix(store: &impl UserStore) {
    let local = store
        .create_user(person("rosa", Role::Admin))
        .await
        .unwrap();
    let subject = local.id.subject.to_string();
    let one = found(Source::LDAP, &subject, "rosa");
    let other = found("ldap2", &subject, "rosa");
    for identity in [&one, &other] {
        let user = store
            .remember(identity, Role::Viewer, true, at(0))
            .await
            .unwrap();
        assert_eq!((user.role, &user.id), (Role::Viewer, &identity.id));
    }
    assert_eq!(
        store
            .list_users(&UserFilter::default())
            .await
            .unwrap()
            .len(),
        3
    );
    assert_eq!(store.user(&local.id).await.unwrap(), Some(local.clone()));
    let (user, _) = store
        .password_hash(&name("rosa"))
        .await
        .unwrap()
        .expect("a hash");
    assert_eq!(user, local);
    let sources = store.sources().await.unwrap();
    let sources: Vec<_> = sources.iter().map(Source::as_str).collect();
    assert_eq!(sources, ["ldap", "ldap2", "local"]);
    let refused = store.set_password(&one.id, hash("x"), None, None).await;
    assert!(
        matches!(refused, Err(StoreError::NotFound { .. })),
        "{refused:?}"
    );
    store.delete_user(&one.id).await.unwrap();
    assert!(store.user(&other.id).await.unwrap().is_some());
}
