#![allow(clippy::unwrap_used, clippy::panic)]

use super::MemoryStore;
use crate::audit::{Action, AuditLog as _, ChainState, NewEvent};
use crate::auth::{
    Identity, IdentityId, Permissions, Role, Source, UserFilter, UserStore as _, Username,
};
use crate::model::Timestamp;
use crate::tokens::{ApiToken, TokenHash, TokenStore as _};

fn fresh() -> (MemoryStore, ()) {
    (MemoryStore::new(), ())
}

mod users {
    crate::user_store_conformance!(super::fresh());
}

mod tokens {
    crate::token_store_conformance!(super::fresh());
}

mod sessions {
    crate::session_store_conformance!(super::fresh());
}

mod downloads {
    crate::download_counts_conformance!(super::fresh());
}

mod audit {
    crate::audit_log_conformance!(super::fresh());
}

#[tokio::test]
async fn lists_have_at_most_10000_rows() {
    let store = MemoryStore::new();
    let ldap = Source::parse(Source::LDAP).unwrap();
    for n in 0..10_002u32 {
        let subject = n.to_string();
        let identity = Identity {
            id: IdentityId::new(ldap.clone(), &*subject),
            username: Username::parse(&subject).unwrap(),
            display_name: String::new(),
            email: None,
            groups: vec![],
            role: None,
        };
        store
            .remember(&identity, Role::Viewer, true, Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&n.to_be_bytes());
        let token = ApiToken {
            id: n.into(),
            owner: identity.id,
            username: subject,
            description: String::new(),
            scopes: Permissions::NONE,
            expires_at: Some(Timestamp::from_unix_micros((20_000 - n).into())),
            created_at: None,
            last_used_at: None,
        };
        store.state().tokens.insert(TokenHash(hash), token);
    }
    assert_eq!(
        store
            .list_users(&UserFilter::default())
            .await
            .unwrap()
            .len(),
        10_000
    );
    let tokens = store.list_tokens(None).await.unwrap();
    assert_eq!(
        (tokens.len(), tokens[0].id),
        (10_000, 10_001),
        "those that end first"
    );
}

/// One that changes the field.
type Edit = fn(&mut NewEvent);

#[tokio::test]
async fn a_change_of_any_field_breaks_the_chain_there() {
    let event = NewEvent {
        at: Timestamp::UNIX_EPOCH,
        actor: "local:1".into(),
        actor_name: "ann".into(),
        via: "api".into(),
        from: "192.0.2.1".into(),
        request_id: "r".into(),
        action: Action::TokenCreate,
        target: "token:1".into(),
        revision: None,
        reason: "because".into(),
        detail: "more".into(),
    };
    let edits: [(&str, Edit); 12] = [
        ("at", |e| e.at = Timestamp::from_unix_micros(1)),
        ("actor", |e| e.actor.push('x')),
        ("actor_name", |e| e.actor_name.push('x')),
        ("via", |e| e.via.push('x')),
        ("from", |e| e.from.push('x')),
        ("request_id", |e| e.request_id.push('x')),
        ("action", |e| e.action = Action::TokenRevoke),
        ("target", |e| e.target.push('x')),
        ("revision", |e| e.revision = Some(0)),
        ("reason", |e| e.reason.push('x')),
        ("detail", |e| e.detail.clear()),
        ("a letter moved to the next field", |e| {
            e.reason.push('m');
            e.detail.remove(0);
        }),
    ];
    for (field, edit) in edits {
        let store = MemoryStore::new();
        store
            .append(&[event.clone(), event.clone(), event.clone()])
            .await
            .unwrap();
        edit(&mut store.state().events[1].event);
        let state = store.verify().await.unwrap();
        assert!(
            matches!(state, ChainState::Broken { at: 2, .. }),
            "{field}: {state:?}"
        );
    }
}
