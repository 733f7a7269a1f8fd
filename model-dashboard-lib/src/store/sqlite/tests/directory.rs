//! People of a directory whom the earlier system knew by name only.

use tempfile::TempDir;

use super::open;
use super::take_over::changed;
use crate::auth::{Identity, IdentityId, Role, Source, User, UserChange, UserStore as _, Username};
use crate::model::Timestamp;
use crate::store::sqlite::SqliteStore;
use crate::tokens::TokenStore as _;

/// Somebody whom the directory `source` knows.
fn known(source: &str, subject: &str, username: &str) -> Identity {
    Identity {
        id: IdentityId::new(Source::parse(source).unwrap(), subject),
        username: Username::parse(username).unwrap(),
        display_name: String::new(),
        email: None,
        groups: vec![],
        role: None,
    }
}

async fn sign_in(store: &SqliteStore, identity: &Identity) -> User {
    let user = store
        .remember(identity, Role::Viewer, true, Timestamp::now())
        .await;
    user.unwrap()
}

/// The numbers of the tokens of `owner`.
async fn owned(store: &SqliteStore, owner: &IdentityId) -> Vec<i64> {
    let tokens = store.list_tokens(Some(owner)).await.unwrap();
    tokens.iter().map(|token| token.id).collect()
}

/// A store taken over with tokens (number, name) whose names are of no local person.
async fn taken_over(tokens: &[(i64, &str)]) -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut change = "PRAGMA foreign_keys = OFF;".to_owned();
    for (id, name) in tokens {
        change.push_str(&format!(
            "INSERT INTO api_tokens (id, username, token_hash) VALUES ({id}, '{name}', {id});"
        ));
    }
    let store = open(&changed(folder.path(), &change)).await.unwrap();
    (store, folder)
}

#[tokio::test]
async fn their_tokens_wait_for_their_stable_id() {
    let tokens = [(10, "JDoe"), (11, "jdoe"), (12, "other"), (13, "MKeller")];
    let (store, _folder) = taken_over(&tokens).await;
    assert_eq!(
        store.migration().unwrap().directory_people,
        ["JDoe", "other"]
    );
    let provisional = known(Source::LDAP, "jdoe", "jdoe").id;
    assert_eq!(owned(&store, &provisional).await, [10, 11]);
    // A local person of the name is the owner, however it is written.
    let mkeller = IdentityId::new(Source::local(), "2");
    assert_eq!(owned(&store, &mkeller).await, [2, 4, 13]);
    let user = store.user(&provisional).await.unwrap().unwrap();
    assert_eq!((user.role, user.is_active), (Role::Publisher, true));
    assert_eq!(user.username.as_str(), "JDoe");

    let first = known(Source::LDAP, "6f1c-uuid", "jdoe");
    let user = sign_in(&store, &first).await;
    assert_eq!((&user.id, user.role), (&first.id, Role::Viewer));
    assert_eq!(owned(&store, &first.id).await, [10, 11]);
    assert_eq!(owned(&store, &provisional).await, [0; 0]);
    assert_eq!(store.user(&provisional).await.unwrap(), None);
    // Only once: the name may pass to somebody else.
    let next = known(Source::LDAP, "77aa-uuid", "jdoe");
    sign_in(&store, &next).await;
    assert_eq!(owned(&store, &first.id).await, [10, 11]);
    assert_eq!(owned(&store, &next.id).await, [0; 0]);
}

#[tokio::test]
async fn a_username_that_is_the_stable_id_is_not_taken_for_a_provisional_one() {
    let (store, _folder) = taken_over(&[(10, "jdoe")]).await;
    for (name, tokens) in [("jdoe", &[10][..]), ("other", &[])] {
        let settled = known(Source::LDAP, name, name);
        sign_in(&store, &settled).await;
        let namesake = known(Source::LDAP, "uuid", name);
        sign_in(&store, &namesake).await;
        assert!(store.user(&settled.id).await.unwrap().is_some());
        assert_eq!(owned(&store, &settled.id).await, tokens);
        assert_eq!(owned(&store, &namesake.id).await, [0; 0]);
        store.delete_user(&namesake.id).await.unwrap();
    }
}

#[tokio::test]
async fn who_was_known_by_two_names_gets_the_tokens_of_both_at_the_first_sign_in_alone() {
    let tokens = [
        (10, "jdoe@example.org"),
        (11, "jdoe"),
        (12, "other"),
        (13, "off@example.org"),
    ];
    let (store, _folder) = taken_over(&tokens).await;
    let name = |text: &str| Username::parse(text).unwrap();
    let first = known(Source::LDAP, "6f1c-uuid", "jdoe");
    let mail = name("JDoe@example.org");
    assert!(store.adopt(&first.id, &mail).await.unwrap());
    // Nothing of the account is known yet, but who it is.
    let user = store.user(&first.id).await.unwrap().unwrap();
    assert!(user.is_provisional);
    let user = sign_in(&store, &first).await;
    assert!(!user.is_provisional);
    assert_eq!(owned(&store, &first.id).await, [10, 11]);
    for old in ["jdoe", "jdoe@example.org"] {
        let old = known(Source::LDAP, old, old).id;
        assert_eq!(store.user(&old).await.unwrap(), None);
    }
    for later in ["other", "jdoe", "nobody"] {
        assert!(!store.adopt(&first.id, &name(later)).await.unwrap());
    }
    assert_eq!(owned(&store, &first.id).await, [10, 11]);

    // What an administrator deactivated stays so.
    let off = known(Source::LDAP, "off@example.org", "off@example.org").id;
    let deactivate = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    store.update_user(&off, deactivate).await.unwrap();
    let next = known(Source::LDAP, "77aa-uuid", "other");
    assert!(store.adopt(&next.id, &name("other")).await.unwrap());
    assert!(
        !store
            .adopt(&next.id, &name("off@example.org"))
            .await
            .unwrap()
    );
    assert!(sign_in(&store, &next).await.is_active);
    assert_eq!(owned(&store, &next.id).await, [12]);
    let stranger = known(Source::LDAP, "88bb-uuid", "stranger");
    assert!(
        store
            .adopt(&stranger.id, &name("off@example.org"))
            .await
            .unwrap()
    );
    assert!(!sign_in(&store, &stranger).await.is_active);
}

#[tokio::test]
async fn tokens_of_an_account_that_was_deactivated_pass_to_nobody_whom_its_name_passed_to() {
    let (store, _folder) = taken_over(&[(10, "jdoe"), (11, "other")]).await;
    let active = |is_active| UserChange {
        is_active: Some(is_active),
        ..UserChange::default()
    };
    let old = known(Source::LDAP, "jdoe", "jdoe").id;
    store.update_user(&old, active(false)).await.unwrap();
    let new = known(Source::LDAP, "6f1c-uuid", "jdoe");
    assert!(!sign_in(&store, &new).await.is_active);
    store.update_user(&new.id, active(true)).await.unwrap();
    assert!(sign_in(&store, &new).await.is_active);
    assert_eq!(owned(&store, &new.id).await, [0; 0]);
    let all = store.list_tokens(None).await.unwrap();
    let left: Vec<_> = all.iter().map(|token| token.id).collect();
    assert!(!left.contains(&10) && left.contains(&11), "{left:?}");
}

#[tokio::test]
async fn another_directory_does_not_inherit_their_tokens() {
    let (store, _folder) = taken_over(&[(10, "jdoe")]).await;
    let stranger = known("partner", "jdoe", "jdoe");
    sign_in(&store, &stranger).await;
    assert_eq!(owned(&store, &stranger.id).await, [0; 0]);
}
