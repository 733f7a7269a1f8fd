//! Local accounts pass the suite of authenticators.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use async_trait::async_trait;

use super::{LocalAuthenticator, PasswordHasher};
use crate::auth::{
    Authenticator, IdentityId, NewUser, NewUserKind, Password, PasswordHash, Role, UserChange,
    UserStore as _, Username,
};
use crate::conformance::authenticator::AuthenticatorFixture;
use crate::store::MemoryStore;

const PASSWORD: &str = "correct horse battery";

struct Fixture {
    store: Arc<MemoryStore>,
    authenticator: LocalAuthenticator,
    known: IdentityId,
}

async fn fixture() -> Fixture {
    let store = Arc::new(MemoryStore::new());
    let password = PasswordHash::of(&Password::parse(PASSWORD).unwrap()).unwrap();
    let new = NewUser {
        username: Username::parse("Rosa").unwrap(),
        display_name: "Rosa López".to_owned(),
        email: None,
        role: Role::Editor,
        kind: NewUserKind::Person { password },
    };
    let known = store.create_user(new).await.unwrap().id;
    Fixture {
        authenticator: LocalAuthenticator::new(store.clone(), PasswordHasher::new()),
        store,
        known,
    }
}

#[async_trait]
impl AuthenticatorFixture for Fixture {
    fn authenticator(&self) -> &dyn Authenticator {
        &self.authenticator
    }

    fn known(&self) -> (&str, &str) {
        ("Rosa", PASSWORD)
    }

    fn unknown(&self) -> &str {
        "nobody"
    }

    async fn disable(&self) -> bool {
        let off = UserChange {
            is_active: Some(false),
            ..UserChange::default()
        };
        self.store.update_user(&self.known, off).await.is_ok()
    }
}

crate::authenticator_conformance!(fixture().await);
