//! Names that an earlier version told apart.

use super::{AS_SCHEMA_6, fresh, make, open, other_program};
use crate::auth::{IdentityId, Source, UserStore as _, Username};
use crate::store::StoreError;
use crate::tokens::TokenStore as _;

/// As version 5 left them: in lower case.
const EARLIER: &str = "
    UPDATE users SET username_folded = 'strauß';
    INSERT INTO accounts (source, subject, username, username_folded, role, provisional)
        VALUES ('ldap', 'παυλος', 'παυλος', 'παυλος', 'viewer', TRUE);
    INSERT INTO api_tokens (username, token_hash, owner_source, owner_subject, scopes)
        VALUES ('παυλος', 'x', 'ldap', 'παυλος', 'models:read');
    PRAGMA user_version = 5";

#[tokio::test]
async fn names_are_folded_anew() {
    let (store, _folder) = fresh().await;
    let made = make(&store, "Strauß").await.unwrap();
    store.close().await;
    other_program(store.path())
        .execute_batch(&format!("{AS_SCHEMA_6} {EARLIER}"))
        .unwrap();

    let store = open(store.path()).await.unwrap();
    for name in ["Strauß", "STRAUSS"] {
        let name = Username::parse(name).unwrap();
        let found = store.user_by_name(&Source::local(), &name).await.unwrap();
        assert_eq!(found.as_ref(), Some(&made), "{name}");
    }
    let ldap = Source::parse(Source::LDAP).unwrap();
    let name = Username::parse("ΠΑΥΛΟΣ").unwrap();
    let owner = store.user_by_name(&ldap, &name).await.unwrap().unwrap();
    assert_eq!(owner.id, IdentityId::new(ldap, name.folded()));
    assert_eq!(store.list_tokens(Some(&owner.id)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn names_that_became_the_same_are_told_and_nothing_is_changed() {
    let (store, folder) = fresh().await;
    make(&store, "Strauß").await.unwrap();
    make(&store, "strauss2").await.unwrap();
    store.close().await;
    let earlier = "UPDATE users SET username_folded = 'strauß' WHERE id = 1;
        UPDATE users SET username = 'strauss', username_folded = 'strauss' WHERE id = 2;
        PRAGMA user_version = 5";
    other_program(store.path()).execute_batch(earlier).unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let before = files();
    match open(store.path()).await {
        Err(StoreError::Unusable { message }) => {
            assert!(message.contains("“Strauß” and “strauss”"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(files(), before, "not even a copy");
    let name = |id: i64| -> String {
        let sql = "SELECT username_folded FROM users WHERE id = ?";
        let db = other_program(store.path());
        db.query_row(sql, [id], |row| row.get(0)).unwrap()
    };
    assert_eq!([name(1), name(2)], ["strauß", "strauss"]);
}
