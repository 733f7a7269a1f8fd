//! What an account takes along when it goes.

use super::*;

async fn sessions_of(store: &impl SessionStore, user: &User) -> usize {
    store.list_sessions(&user.id).await.unwrap().len()
}

pub(super) async fn open_session(store: &impl SessionStore, user: &User, number: u8) {
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
