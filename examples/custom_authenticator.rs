//! Plugs in a way to sign in of one's own: badges with a PIN.
//!
//! `cargo run -p model-dashboard-examples --example custom_authenticator`

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use model_dashboard::auth::local::PasswordHasher;
use model_dashboard::auth::{
    AuthenticationError, Authenticator, GrantedRole, Identity, IdentityId, Password, PasswordCheck,
    PasswordHash, Refusal, Role, Source, Username,
};
use model_dashboard::dashboard::{Dashboard, RequestInfo, SignIn};
use model_dashboard::model::Via;
use model_dashboard::repository::MemoryRepository;
use model_dashboard::store::MemoryStore;

/// Knows people by their badge's number.
#[derive(Debug)]
struct Badges {
    source: Source,
    holders: HashMap<String, Badge>,
    hasher: PasswordHasher,
}

#[derive(Debug)]
struct Badge {
    pin: PasswordHash,
    name: &'static str,
    team: &'static str,
}

#[async_trait]
impl Authenticator for Badges {
    fn source(&self) -> &Source {
        &self.source
    }

    fn label(&self) -> &str {
        "Badge"
    }

    async fn authenticate(
        &self,
        username: &Username,
        password: &Password,
    ) -> Result<Identity, AuthenticationError> {
        let badge = self.holders.get(username.folded());
        // A number that nobody has costs the same work as a wrong PIN.
        let pin = badge.map_or_else(PasswordHash::unusable, |badge| badge.pin.clone());
        let check = self.hasher.check(password.clone(), pin).await;
        let check = check.map_err(|error| AuthenticationError::Unavailable {
            reason: "the PIN could not be checked".to_owned(),
            source: Some(Box::new(error)),
        })?;
        let badge = badge.ok_or(Refusal::UnknownUser)?;
        if check == PasswordCheck::Wrong {
            return Err(Refusal::WrongPassword.into());
        }
        let role = match badge.team {
            "radiology" => Role::Publisher,
            _ => Role::Viewer,
        };
        Ok(Identity {
            // What stays the same when a name changes: here the number of the badge.
            id: IdentityId::new(self.source.clone(), username.folded()),
            username: username.clone(),
            display_name: badge.name.to_owned(),
            email: None,
            groups: vec![badge.team.to_owned()],
            role: Some(GrantedRole {
                role,
                reason: format!("team {}", badge.team),
            }),
        })
    }
}

/// A badge and who holds it.
async fn badges() -> Result<Badges, Box<dyn Error>> {
    let hasher = PasswordHasher::new();
    let pin = hasher.hash(Password::parse("4711 0815")?).await?;
    let badge = Badge {
        pin,
        name: "Rosa Lopez",
        team: "radiology",
    };
    Ok(Badges {
        source: Source::parse("badge")?,
        holders: HashMap::from([("b-1027".to_owned(), badge)]),
        hasher,
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dashboard = Dashboard::builder()
        .repository(Arc::new(MemoryRepository::new()))
        .accounts(Arc::new(MemoryStore::new()))
        .authenticator(Arc::new(badges().await?))
        .build()
        .await?;

    let sign_in = |pin: &str| SignIn {
        source: Source::parse("badge").ok(),
        username: "B-1027".to_owned(),
        password: pin.to_owned(),
        user_agent: "example".to_owned(),
        browser: None,
    };
    let request = || RequestInfo::new(Via::Dashboard, "127.0.0.1", "example");
    let person = dashboard
        .sign_in(sign_in("4711 0815"), request())
        .await?
        .user;
    println!(
        "{} is {} ({})",
        person.display_name, person.role, person.role_reason
    );
    if let Err(refused) = dashboard.sign_in(sign_in("0000"), request()).await {
        println!("with another PIN: {refused}");
    }
    dashboard.shutdown().await;
    Ok(())
}

/// What every way to sign in must do. Run with `cargo test -p model-dashboard-examples`.
#[cfg(test)]
mod tests {
    use model_dashboard::conformance::authenticator::AuthenticatorFixture;

    use super::*;

    struct Fixture(Badges);

    impl AuthenticatorFixture for Fixture {
        fn authenticator(&self) -> &dyn Authenticator {
            &self.0
        }

        fn known(&self) -> (&str, &str) {
            ("B-1027", "4711 0815")
        }

        fn unknown(&self) -> &str {
            "B-9999"
        }
    }

    async fn fixture() -> Fixture {
        Fixture(badges().await.unwrap_or_else(|error| panic!("{error}")))
    }

    model_dashboard::authenticator_conformance!(fixture().await);
}
