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
    make_token_until(store, user, number, None).await;
}

async fn make_token_until(
    store: &impl TokenStore,
    user: &User,
    number: u8,
    expires_at: Option<Timestamp>,
) {
    let token = NewToken {
        hash: TokenHash([number; 32]),
        owner: user.id.clone(),
        username: user.username.to_string(),
        description: String::new(),
        scopes: Permissions::all(),
        expires_at,
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

async fn seen(store: &impl UserStore, subject: &str, micros: i64) -> User {
    let identity = found(Source::LDAP, subject, subject);
    let seen = store.remember(&identity, Role::Viewer, true, at(micros));
    seen.await.unwrap()
}

/// As their source says, without an administrator. What they lost they have to make again.
pub async fn who_left_loses_everything_and_may_come_back<S>(store: &S)
where
    S: UserStore + TokenStore + SessionStore,
{
    let rosa = seen(store, "rosa", 0).await;
    let stays = seen(store, "stays", 0).await;
    for (number, user) in [(1, &rosa), (2, &stays)] {
        open_session(store, user, number).await;
        make_token(store, user, number).await;
    }
    make_token(store, &rosa, 3).await;
    let leaving = store.note_left(&rosa.id, at(1), WHY).await.unwrap();
    let leaving = leaving.expect("nobody vouched for her since");
    assert_eq!((leaving.sessions, leaving.tokens), (1, 2));
    assert!(leaving.is_new);
    let gone = leaving.user;
    assert_eq!((gone.is_active, gone.left_at), (false, Some(at(1))));
    assert_eq!(gone.left_reason.as_deref(), Some(WHY));
    assert!(gone.permissions().is_empty());
    assert_eq!(store.user(&rosa.id).await.unwrap().as_ref(), Some(&gone));
    let all = UserFilter::default();
    assert_eq!(store.list_users(&all).await.unwrap()[0], gone);
    assert_eq!(store.session(&SessionHash([1; 32])).await.unwrap(), None);
    assert_eq!(store.list_tokens(None).await.unwrap().len(), 1);
    assert_eq!(sessions_of(store, &stays).await, 1);

    // Once more changes nothing.
    let other = "for another reason";
    let again = store.note_left(&rosa.id, at(2), other).await.unwrap();
    let again = again.expect("nobody vouched for her since");
    assert_eq!((again.is_new, again.sessions, again.tokens), (false, 0, 0));
    assert_eq!(again.user, gone);

    let back = seen(store, "rosa", 3).await;
    assert_eq!((back.is_active, back.left_at), (true, None));
    assert_eq!(back.left_reason, None);
    assert_eq!(store.user(&rosa.id).await.unwrap(), Some(back));
    assert_eq!(store.list_tokens(Some(&rosa.id)).await.unwrap(), []);
}

/// Whatever their source says, and in which order.
pub async fn an_administrators_no_outlasts_leaving_and_coming_back(store: &impl UserStore) {
    let active = |is_active| UserChange {
        is_active: Some(is_active),
        ..UserChange::default()
    };
    let before = seen(store, "before", 0).await;
    store.update_user(&before.id, active(false)).await.unwrap();
    let left = store.note_left(&before.id, at(1), WHY).await.unwrap();
    let left = left.expect("nobody vouched for them since").user;
    assert_eq!((left.is_active, left.left_at), (false, None));
    let after = seen(store, "after", 0).await;
    store.note_left(&after.id, at(1), WHY).await.unwrap();
    let off = store.update_user(&after.id, active(false)).await.unwrap();
    assert_eq!((off.is_active, off.left_at), (false, None));
    assert_eq!(off.left_reason, None);
    for subject in ["before", "after"] {
        assert!(!seen(store, subject, 2).await.is_active);
    }
    // And their yes counts until the next look.
    let on = store.update_user(&before.id, active(true)).await.unwrap();
    assert_eq!((on.is_active, on.left_at), (true, None));
    let left = store.note_left(&before.id, at(3), WHY).await.unwrap();
    assert_eq!(left.expect("they left").user.left_at, Some(at(3)));
}

/// An answer that comes late says nothing about a sign-in meanwhile.
pub async fn whom_the_source_vouched_for_since_has_not_left<S>(store: &S)
where
    S: UserStore + SessionStore,
{
    let rosa = seen(store, "rosa", 5).await;
    open_session(store, &rosa, 1).await;
    assert_eq!(store.note_left(&rosa.id, at(4), WHY).await.unwrap(), None);
    assert_eq!(store.user(&rosa.id).await.unwrap().as_ref(), Some(&rosa));
    assert_eq!(sessions_of(store, &rosa).await, 1);
    assert!(
        store
            .note_left(&rosa.id, at(5), WHY)
            .await
            .unwrap()
            .is_some()
    );
}

/// No other source has a say about them.
pub async fn accounts_made_here_do_not_leave(store: &impl UserStore) {
    for new in [person("rosa", Role::Viewer), service("robot", Role::Viewer)] {
        let made = store.create_user(new).await.unwrap();
        let left = store.note_left(&made.id, at(9), WHY).await;
        assert!(matches!(left, Err(StoreError::NotFound { .. })), "{left:?}");
        assert_eq!(store.user(&made.id).await.unwrap(), Some(made));
    }
    let nobody = found(Source::LDAP, "nobody", "nobody");
    assert!(store.note_left(&nobody.id, at(9), WHY).await.is_err());
}

/// By a session or token that has not ended, unless they were looked at just now.
pub async fn those_who_can_get_in_are_to_be_looked_at<S>(store: &S)
where
    S: UserStore + TokenStore + SessionStore,
{
    let session = seen(store, "session", 0).await;
    open_session(store, &session, 1).await;
    let endless = seen(store, "endless", 0).await;
    make_token_until(store, &endless, 1, None).await;
    let ends_later = seen(store, "later", 0).await;
    make_token_until(store, &ends_later, 2, Some(at(11))).await;
    let ended = seen(store, "ended", 0).await;
    make_token_until(store, &ended, 3, Some(at(10))).await;
    let just_now = seen(store, "now", 7).await;
    make_token_until(store, &just_now, 4, None).await;
    let off = seen(store, "off", 0).await;
    make_token_until(store, &off, 5, None).await;
    let deactivate = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    store.update_user(&off.id, deactivate).await.unwrap();
    seen(store, "without", 0).await;
    let other = found("ldap2", "other", "other");
    let other = store.remember(&other, Role::Viewer, true, at(0)).await;
    open_session(store, &other.unwrap(), 2).await;
    let local = store.create_user(person("local", Role::Viewer)).await;
    open_session(store, &local.unwrap(), 3).await;

    let ldap = Source::parse(Source::LDAP).unwrap();
    let told = async |looked_before, now| {
        let people = store
            .people_with_access(&ldap, at(looked_before), at(now), None)
            .await
            .unwrap();
        let subjects = people.iter().map(|user| user.id.subject.to_string());
        subjects.collect::<Vec<_>>()
    };
    assert_eq!(told(6, 10).await, ["endless", "later", "session"]);
    assert_eq!(told(7, 10).await, ["endless", "later", "now", "session"]);
    assert_eq!(told(6, 9).await, ["ended", "endless", "later", "session"]);
    // The session ended, too.
    assert_eq!(told(6, 1_000_000).await, ["endless"]);
}

/// So that any number of them can be gone through.
pub async fn those_who_can_get_in_are_told_by_subject<S>(store: &S)
where
    S: UserStore + TokenStore,
{
    let ldap = Source::parse(Source::LDAP).unwrap();
    let mut identities = Vec::new();
    for number in 0..1_003 {
        identities.push(found(
            Source::LDAP,
            &format!("{number:04}"),
            &format!("p{number}"),
        ));
    }
    let mut people = Vec::new();
    for identity in &identities {
        let entered = store.remember(identity, Role::Viewer, true, at(0)).await;
        people.push(entered.unwrap());
    }
    for (number, user) in people.iter().enumerate() {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_le_bytes());
        let token = NewToken {
            hash: TokenHash(hash),
            owner: user.id.clone(),
            username: user.username.to_string(),
            description: String::new(),
            scopes: Permissions::all(),
            expires_at: None,
            created_at: at(0),
        };
        store.create_token(token).await.unwrap();
    }
    let mut subjects: Vec<String> = Vec::new();
    for expected in [1_000, 3, 0] {
        let after = subjects.last().map(String::as_str);
        let page = store
            .people_with_access(&ldap, at(0), at(0), after)
            .await
            .unwrap();
        assert_eq!(page.len(), expected);
        subjects.extend(page.iter().map(|user| user.id.subject.to_string()));
    }
    assert!(subjects.is_sorted());
}
