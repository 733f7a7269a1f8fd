//! What every [`UserStore`] must do.
//!
//! ```ignore
//! // One test per case; each gets a fresh, empty store, and keeps what comes with it.
//! model_dashboard::user_store_conformance!(async { (MyStore::fresh().await, ()) }.await);
//! ```

mod administrators;
mod directory;
mod doubts;
mod leaving;
mod passwords;

use futures::future::join_all;

use crate::auth::{
    GrantedRole, Identity, IdentityId, NewSession, NewUser, NewUserKind, PasswordHash, Permissions,
    Role, RoleOrigin, SessionHash, SessionStore, Source, User, UserChange, UserFilter, UserStore,
    Username,
};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::tokens::{NewToken, TokenHash, TokenStore};

pub use self::administrators::*;
pub use self::directory::*;
pub use self::doubts::*;
pub use self::leaving::*;
pub use self::passwords::*;

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
            an_account_has_one_id
            a_change_touches_what_it_names_only
            the_last_administrator_stays
            only_active_local_people_count_as_administrators
            of_administrators_who_all_leave_at_once_one_stays
            a_new_hash_replaces_the_old_one
            an_upgraded_hash_never_overwrites_a_new_password
            of_many_upgrades_of_one_hash_one_is_stored
            a_new_password_ends_the_sessions_of_the_old_one
            a_deleted_account_takes_its_tokens_and_sessions_along
            a_deactivated_account_loses_its_sessions
            a_number_is_not_given_twice
            who_left_loses_everything_and_may_come_back
            an_administrators_no_outlasts_leaving_and_coming_back
            whom_the_source_vouched_for_since_has_not_left
            accounts_made_here_do_not_leave
            those_who_can_get_in_are_to_be_looked_at
            those_who_can_get_in_are_told_by_subject
            accounts_are_listed_by_source_and_name
            a_person_of_a_directory_is_entered_and_refreshed
            the_source_decides_on_a_role_if_it_gives_one
            a_role_that_an_administrator_set_stays
            a_role_that_nobody_set_follows_the_default
            remembering_does_not_activate
            remembering_an_account_made_here_notes_the_time_only
            many_are_remembered_at_once
            who_was_deleted_is_not_made_again_by_a_look
            an_older_answer_changes_nothing
            an_older_yes_brings_nobody_back
            a_time_that_has_not_come_outdoes_nothing
            who_left_at_a_time_that_has_not_come_is_back_by_any_answer
            a_directory_may_give_a_name_to_somebody_else
            sources_do_not_mix
            a_doubt_lasts_until_it_is_ended
            a_doubt_is_changed_only_by_who_knows_it
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

/// Why somebody left.
const WHY: &str = "not in the required group";

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
    Timestamp::from_unix_micros(1_700_000_000_000_000 + micros)
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
    let refused = store.set_password(&made.id, hash("x"), None, None).await;
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
    for (one, same) in [
        ("Strauß", "STRAUSS"),
        ("ΠΑΥΛΟΣ", "παυλος"),
        ("İlhan", "i\u{307}lhan"),
    ] {
        let made = store.create_user(person(one, Role::Viewer)).await.unwrap();
        let refused = store.create_user(person(same, Role::Admin)).await;
        assert!(
            matches!(refused, Err(StoreError::Duplicate { .. })),
            "{same}: {refused:?}"
        );
        let found = store.user_by_name(&Source::local(), &name(same)).await;
        assert_eq!(found.unwrap().as_ref(), Some(&made), "{same}");
        store.delete_user(&made.id).await.unwrap();
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
        let set = store.set_password(&id, hash("x"), None, None).await;
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

/// Another text for the same number is nobody: sessions and tokens go by the text.
pub async fn an_account_has_one_id(store: &impl UserStore) {
    let person = store.create_user(person("ana", Role::Viewer)).await;
    let robot = store.create_user(service("robot", Role::Viewer)).await;
    for user in [person.unwrap(), robot.unwrap()] {
        let subject = &user.id.subject;
        for alias in [
            format!("0{subject}"),
            format!("+{subject}"),
            format!(" {subject}"),
            format!("{subject}.0"),
        ] {
            let id = IdentityId::new(user.id.source.clone(), alias);
            assert_eq!(store.user(&id).await.unwrap(), None, "{id}");
            let off = UserChange {
                is_active: Some(false),
                ..UserChange::default()
            };
            let changes = [
                store.update_user(&id, off).await.map(drop),
                store
                    .set_password(&id, hash("x"), None, None)
                    .await
                    .map(drop),
                store.delete_user(&id).await,
            ];
            for refused in changes {
                assert!(
                    matches!(refused, Err(StoreError::NotFound { .. })),
                    "{id}: {refused:?}"
                );
            }
        }
        assert_eq!(store.user(&user.id).await.unwrap(), Some(user));
    }
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
