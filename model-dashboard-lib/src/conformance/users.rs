//! What every [`UserStore`] must do.
//!
//! ```ignore
//! // One test per case; each gets a fresh, empty store, and keeps what comes with it.
//! model_dashboard::user_store_conformance!(async { (MyStore::fresh().await, ()) }.await);
//! ```

use futures::future::join_all;

use crate::auth::{
    GrantedRole, Identity, IdentityId, NewSession, NewUser, NewUserKind, PasswordHash, Permissions,
    Role, SessionHash, SessionStore, Source, User, UserChange, UserFilter, UserStore, Username,
};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::tokens::{NewToken, TokenHash, TokenStore};

/// Makes one `#[tokio::test]` of every case of the suite. The argument is an expression, which may
/// await, that gives a fresh, empty store and whatever has to live as long as it does (a temporary
/// folder, or `()`). The store is a [`SessionStore`] and a [`TokenStore`] over the same accounts,
/// too.
#[macro_export]
macro_rules! user_store_conformance {
    ($fresh:expr) => {
        $crate::user_store_conformance! { @cases $fresh;
            an_account_reads_back_as_it_was_made
            a_service_account_has_a_team_and_no_password
            a_name_is_taken_whatever_its_letters_look_like
            a_name_may_be_in_use_once_in_each_source
            of_many_at_once_one_gets_a_name
            of_many_at_once_one_is_the_first
            the_first_account_is_an_administrator
            whoever_is_unknown_is_not_found
            a_change_touches_what_it_names_only
            the_last_administrator_stays
            only_active_local_people_count_as_administrators
            of_administrators_who_all_leave_at_once_one_stays
            a_new_hash_replaces_the_old_one
            an_upgraded_hash_never_overwrites_a_new_password
            of_many_upgrades_of_one_hash_one_is_stored
            a_deleted_account_takes_its_tokens_and_sessions_along
            a_deactivated_account_loses_its_sessions
            a_number_is_not_given_twice
            accounts_are_listed_by_source_and_name
            a_person_of_a_directory_is_entered_and_refreshed
            the_source_decides_on_a_role_if_it_gives_one
            a_role_that_an_administrator_set_stays
            a_role_that_nobody_set_follows_the_default
            remembering_does_not_activate
            remembering_an_account_made_here_notes_the_time_only
            a_directory_may_give_a_name_to_somebody_else
            sources_do_not_mix
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let (store, _keep) = $fresh;
            $crate::conformance::users::$case(&store).await;
        }
    )*};
}

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_stored(format!("$test${text}"))
}

fn person(username: &str, role: Role) -> NewUser {
    NewUser {
        username: name(username),
        display_name: format!("{username} Example"),
        email: Some(format!("{username}@example.org")),
        role,
        kind: NewUserKind::Person {
            password: hash(username),
        },
    }
}

fn service(username: &str, role: Role) -> NewUser {
    NewUser {
        kind: NewUserKind::Service {
            team: "imaging".into(),
        },
        ..person(username, role)
    }
}

fn found(source: &str, subject: &str, username: &str) -> Identity {
    Identity {
        id: IdentityId::new(Source::parse(source).unwrap(), subject),
        username: name(username),
        display_name: format!("{username} Example"),
        email: None,
        groups: vec!["cn=staff,dc=example".into()],
        role: None,
    }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_800_000_000_000_000 + micros)
}

async fn sessions_of(store: &impl SessionStore, user: &User) -> usize {
    store.list_sessions(&user.id).await.unwrap().len()
}

async fn open_session(store: &impl SessionStore, user: &User, number: u8) {
    let session = NewSession {
        hash: SessionHash([number; 32]),
        identity: user.id.clone(),
        created_at: at(0),
        expires_at: at(1_000_000),
        made_from: "192.0.2.1".into(),
    };
    store.create_session(session).await.unwrap();
}

async fn make_token(store: &impl TokenStore, user: &User, number: u8) {
    let token = NewToken {
        hash: TokenHash([number; 32]),
        owner: user.id.clone(),
        username: user.username.to_string(),
        description: String::new(),
        scopes: Permissions::all(),
        expires_at: None,
        created_at: at(0),
    };
    store.create_token(token).await.unwrap();
}

fn is_last_administrator<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::LastAdministrator))
}

/// By id, by name and in the list, with everything that was given.
pub async fn an_account_reads_back_as_it_was_made(store: &impl UserStore) {
    let before = Timestamp::now();
    let made = store
        .create_user(person("Ünal", Role::Editor))
        .await
        .unwrap();
    assert_eq!(made.id.source, Source::local());
    assert_eq!(made.username.as_str(), "Ünal");
    assert_eq!(made.display_name, "Ünal Example");
    assert_eq!(made.email.as_deref(), Some("Ünal@example.org"));
    assert_eq!(made.role, Role::Editor);
    assert!(made.is_active);
    assert_eq!(
        (made.team.as_deref(), made.last_sign_in, made.checked_at),
        (None, None, None)
    );
    assert!(made.groups.is_empty());
    let created_at = made.created_at.expect("a time");
    assert!(
        created_at >= before && created_at <= Timestamp::now(),
        "{created_at}"
    );

    assert_eq!(store.user(&made.id).await.unwrap().as_ref(), Some(&made));
    let by_name = store
        .user_by_name(&Source::local(), &name("ÜNAL"))
        .await
        .unwrap();
    assert_eq!(by_name.as_ref(), Some(&made));
    assert_eq!(
        store.list_users(&UserFilter::default()).await.unwrap(),
        vec![made]
    );
}

/// A service account cannot sign in.
pub async fn a_service_account_has_a_team_and_no_password(store: &impl UserStore) {
    let made = store
        .create_user(service("nightly", Role::Viewer))
        .await
        .unwrap();
    assert_eq!(made.id.source, Source::service());
    assert_eq!(made.team.as_deref(), Some("imaging"));
    assert!(made.is_service());
    assert_eq!(store.user(&made.id).await.unwrap(), Some(made.clone()));
    assert!(
        store
            .password_hash(&name("nightly"))
            .await
            .unwrap()
            .is_none()
    );
    let refused = store.set_password_hash(&made.id, hash("x"), None).await;
    assert!(
        matches!(refused, Err(StoreError::NotFound { .. })),
        "{refused:?}"
    );
}

/// Usernames are the same if their folded forms are, and a refusal changes nothing.
pub async fn a_name_is_taken_whatever_its_letters_look_like(store: &impl UserStore) {
    let made = store
        .create_user(person("Ünal", Role::Viewer))
        .await
        .unwrap();
    for same in ["Ünal", "ünal", "U\u{308}NAL", "Ｕ\u{308}nal"] {
        let refused = store.create_user(person(same, Role::Admin)).await;
        assert!(
            matches!(refused, Err(StoreError::Duplicate { .. })),
            "{same}: {refused:?}"
        );
    }
    store
        .create_user(service("robot", Role::Viewer))
        .await
        .unwrap();
    let refused = store.create_user(service("ROBOT", Role::Viewer)).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate { .. })),
        "{refused:?}"
    );
    assert_eq!(
        store
            .list_users(&UserFilter::default())
            .await
            .unwrap()
            .len(),
        2
    );
    let (_, stored) = store
        .password_hash(&name("ünal"))
        .await
        .unwrap()
        .expect("a hash");
    assert_eq!(stored, hash("Ünal"));
    assert_eq!(store.user(&made.id).await.unwrap(), Some(made));
}

/// A person and a service account of one name are two accounts.
pub async fn a_name_may_be_in_use_once_in_each_source(store: &impl UserStore) {
    let one = store
        .create_user(person("pipeline", Role::Viewer))
        .await
        .unwrap();
    let other = store
        .create_user(service("pipeline", Role::Editor))
        .await
        .unwrap();
    assert_ne!(one.id, other.id);
    for user in [one, other] {
        let by_name = store
            .user_by_name(&user.id.source, &user.username)
            .await
            .unwrap();
        assert_eq!(by_name, Some(user));
    }
}

/// The check for the name and the insertion are one step.
pub async fn of_many_at_once_one_gets_a_name(store: &impl UserStore) {
    let tries = (0..16).map(|_| store.create_user(person("mkeller", Role::Viewer)));
    let made = join_all(tries)
        .await
        .into_iter()
        .filter(Result::is_ok)
        .count();
    assert_eq!(made, 1);
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

/// Reads give `None`, changes `NotFound`.
pub async fn whoever_is_unknown_is_not_found(store: &impl UserStore) {
    store
        .create_user(person("somebody", Role::Viewer))
        .await
        .unwrap();
    let ids = [
        ("local", "77"),
        ("local", "x"),
        ("local", ""),
        ("service", "1"),
        ("ldap", "1"),
    ];
    for (source, subject) in ids {
        let id = IdentityId::new(Source::parse(source).unwrap(), subject);
        assert_eq!(store.user(&id).await.unwrap(), None, "{id}");
        let changed = store.update_user(&id, UserChange::default()).await;
        assert!(
            matches!(changed, Err(StoreError::NotFound { .. })),
            "{id}: {changed:?}"
        );
        let deleted = store.delete_user(&id).await;
        assert!(
            matches!(deleted, Err(StoreError::NotFound { .. })),
            "{id}: {deleted:?}"
        );
        let set = store.set_password_hash(&id, hash("x"), None).await;
        assert!(
            matches!(set, Err(StoreError::NotFound { .. })),
            "{id}: {set:?}"
        );
    }
    let gone = found(Source::LOCAL, "77", "gone");
    let remembered = store.remember(&gone, Role::Viewer, true, at(0)).await;
    assert!(
        matches!(remembered, Err(StoreError::NotFound { .. })),
        "{remembered:?}"
    );
    assert_eq!(
        store
            .user_by_name(&Source::local(), &name("nobody"))
            .await
            .unwrap(),
        None
    );
    assert!(
        store
            .password_hash(&name("nobody"))
            .await
            .unwrap()
            .is_none()
    );
}

/// Field by field, and what is answered is what is stored.
pub async fn a_change_touches_what_it_names_only(store: &impl UserStore) {
    let made = store
        .create_user(person("mkeller", Role::Viewer))
        .await
        .unwrap();
    let robot = store
        .create_user(service("robot", Role::Viewer))
        .await
        .unwrap();
    let none = UserChange::default;
    let changes = [
        UserChange {
            display_name: Some("M. Keller".into()),
            ..none()
        },
        UserChange {
            email: Some(None),
            ..none()
        },
        UserChange {
            email: Some(Some("new@example.org".into())),
            ..none()
        },
        UserChange {
            role: Some(Role::Auditor),
            ..none()
        },
        UserChange {
            is_active: Some(false),
            ..none()
        },
        UserChange {
            is_active: Some(true),
            ..none()
        },
    ];
    let mut expected = made;
    for change in changes {
        let changed = store
            .update_user(&expected.id, change.clone())
            .await
            .unwrap();
        assert_eq!(
            store.user(&changed.id).await.unwrap().as_ref(),
            Some(&changed)
        );
        assert!(changed.updated_at >= expected.updated_at);
        expected.updated_at = changed.updated_at;
        expected.display_name = change.display_name.unwrap_or(expected.display_name);
        expected.email = change.email.unwrap_or(expected.email);
        expected.role = change.role.unwrap_or(expected.role);
        expected.role_reason = changed.role_reason.clone();
        expected.is_active = change.is_active.unwrap_or(expected.is_active);
        assert_eq!(changed, expected);
    }
    assert_eq!(
        store.user(&robot.id).await.unwrap(),
        Some(robot.clone()),
        "others stay"
    );
    let team = UserChange {
        team: Some("radiology".into()),
        ..none()
    };
    let changed = store.update_user(&robot.id, team).await.unwrap();
    assert_eq!(changed.team.as_deref(), Some("radiology"));
    assert_eq!(store.user(&robot.id).await.unwrap(), Some(changed));
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

/// And nobody else's.
pub async fn a_deleted_account_takes_its_tokens_and_sessions_along<S>(store: &S)
where
    S: UserStore + TokenStore + SessionStore,
{
    let gone = store
        .create_user(person("gone", Role::Viewer))
        .await
        .unwrap();
    let stays = store
        .create_user(person("stays", Role::Viewer))
        .await
        .unwrap();
    // Service accounts count for themselves: the same number may be in use twice.
    let robot = store
        .create_user(service("robot", Role::Viewer))
        .await
        .unwrap();
    let rosa = found(Source::LDAP, "uuid-1", "rosa");
    let rosa = store
        .remember(&rosa, Role::Viewer, true, at(0))
        .await
        .unwrap();
    for (number, user) in [(1, &gone), (2, &stays), (3, &robot), (4, &rosa)] {
        open_session(store, user, number).await;
        make_token(store, user, number).await;
    }
    let expect = async |user: &User, kept: bool| {
        assert_eq!(
            store.user(&user.id).await.unwrap().is_some(),
            kept,
            "{}",
            user.id
        );
        assert_eq!(
            sessions_of(store, user).await,
            usize::from(kept),
            "{}",
            user.id
        );
        let tokens = store.list_tokens(Some(&user.id)).await.unwrap().len();
        assert_eq!(tokens, usize::from(kept), "{}", user.id);
    };
    store.delete_user(&gone.id).await.unwrap();
    for (user, kept) in [
        (&gone, false),
        (&stays, true),
        (&robot, true),
        (&rosa, true),
    ] {
        expect(user, kept).await;
    }
    assert_eq!(store.session(&SessionHash([1; 32])).await.unwrap(), None);
    assert_eq!(store.token(&TokenHash([1; 32])).await.unwrap(), None);
    assert!(store.password_hash(&gone.username).await.unwrap().is_none());
    store.delete_user(&robot.id).await.unwrap();
    store.delete_user(&rosa.id).await.unwrap();
    for (user, kept) in [(&stays, true), (&robot, false), (&rosa, false)] {
        expect(user, kept).await;
    }
    // The name is free again.
    store
        .create_user(person("gone", Role::Viewer))
        .await
        .unwrap();
}

/// At once, so that none lives again with the account; its tokens stay.
pub async fn a_deactivated_account_loses_its_sessions<S>(store: &S)
where
    S: UserStore + TokenStore + SessionStore,
{
    let user = store
        .create_user(person("mkeller", Role::Viewer))
        .await
        .unwrap();
    let other = store
        .create_user(person("other", Role::Viewer))
        .await
        .unwrap();
    open_session(store, &user, 1).await;
    open_session(store, &other, 2).await;
    make_token(store, &user, 1).await;
    let active = |is_active| UserChange {
        is_active: Some(is_active),
        ..UserChange::default()
    };
    let changed = store.update_user(&user.id, active(false)).await.unwrap();
    assert!(changed.permissions().is_empty());
    assert_eq!(
        (
            sessions_of(store, &user).await,
            sessions_of(store, &other).await
        ),
        (0, 1)
    );
    store.update_user(&user.id, active(true)).await.unwrap();
    assert_eq!(sessions_of(store, &user).await, 0);
    assert_eq!(store.list_tokens(Some(&user.id)).await.unwrap().len(), 1);
}

/// Or a new account would find what was left for an old one.
pub async fn a_number_is_not_given_twice(store: &impl UserStore) {
    for make in [person, service] {
        let one = store.create_user(make("one", Role::Viewer)).await.unwrap();
        store.delete_user(&one.id).await.unwrap();
        let two = store.create_user(make("one", Role::Viewer)).await.unwrap();
        assert_ne!(one.id, two.id);
    }
}

/// By folded username within each source.
pub async fn accounts_are_listed_by_source_and_name(store: &impl UserStore) {
    for username in ["zoe", "Bea", "anna", "Ünal"] {
        store
            .create_user(person(username, Role::Viewer))
            .await
            .unwrap();
    }
    store
        .create_user(service("backup", Role::Viewer))
        .await
        .unwrap();
    let rosa = found(Source::LDAP, "uuid-1", "rosa");
    store
        .remember(&rosa, Role::Viewer, true, at(0))
        .await
        .unwrap();
    let names = async |source: Option<Source>| {
        let users = store.list_users(&UserFilter { source }).await.unwrap();
        users
            .iter()
            .map(|u| format!("{}:{}", u.id.source, u.username))
            .collect::<Vec<_>>()
    };
    let local = ["local:anna", "local:Bea", "local:zoe", "local:Ünal"];
    let all: Vec<_> = ["ldap:rosa"]
        .into_iter()
        .chain(local)
        .chain(["service:backup"])
        .collect();
    assert_eq!(names(None).await, all);
    assert_eq!(names(Some(Source::local())).await, local);
    assert_eq!(names(Some(Source::parse("ldap2").unwrap())).await, [""; 0]);
}

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
        (user.role, user.role_reason.as_str()),
        (Role::Editor, "cn=editors")
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
        (user.role, user.role_reason),
        (Role::Publisher, promoted.role_reason)
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
    let refused = store.set_password_hash(&one.id, hash("x"), None).await;
    assert!(
        matches!(refused, Err(StoreError::NotFound { .. })),
        "{refused:?}"
    );
    store.delete_user(&one.id).await.unwrap();
    assert!(store.user(&other.id).await.unwrap().is_some());
}
