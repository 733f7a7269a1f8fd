//! The suite of ways to sign in, on OpenLDAP and on Active Directory.

use async_trait::async_trait;
use model_dashboard::auth::Authenticator;
use model_dashboard::auth::ldap::LdapAuthenticator;
use model_dashboard::conformance::authenticator::AuthenticatorFixture;

use crate::asking::Settings;
use crate::domain;
use crate::people::{self, dn_of};
use crate::samba::Samba;
use crate::slapd::Slapd;

struct OpenLdap {
    slapd: Slapd,
    directory: LdapAuthenticator,
    password: String,
}

impl OpenLdap {
    async fn start(settings: fn(&Slapd) -> Settings) -> Option<Self> {
        let slapd = Slapd::start().await?;
        Some(Self {
            directory: settings(&slapd).directory(),
            slapd,
            password: people::password_of("anna"),
        })
    }
}

#[async_trait]
impl AuthenticatorFixture for OpenLdap {
    fn authenticator(&self) -> &dyn Authenticator {
        &self.directory
    }

    fn known(&self) -> (&str, &str) {
        ("anna", &self.password)
    }

    fn unknown(&self) -> &'static str {
        "nobody"
    }

    async fn rename(&self) -> Option<String> {
        self.slapd.rename(&dn_of("anna"), "uid=annette").await;
        Some("annette".to_owned())
    }

    async fn disable(&self) -> bool {
        self.slapd.disable(&dn_of("anna")).await;
        true
    }

    async fn take_away(&self) -> bool {
        self.slapd.delete(&dn_of("anna")).await;
        true
    }
}

struct Domain {
    samba: Samba,
    directory: LdapAuthenticator,
    password: String,
}

impl Domain {
    async fn start() -> Option<Self> {
        let samba = Samba::start().await?;
        Some(Self {
            directory: Settings::of_domain(&samba).directory(),
            samba,
            password: domain::password_of("anna"),
        })
    }
}

#[async_trait]
impl AuthenticatorFixture for Domain {
    fn authenticator(&self) -> &dyn Authenticator {
        &self.directory
    }

    fn known(&self) -> (&str, &str) {
        ("anna", &self.password)
    }

    fn unknown(&self) -> &'static str {
        "nobody"
    }

    async fn disable(&self) -> bool {
        self.samba.disable(&domain::dn_of("Anna Arndt")).await;
        true
    }

    async fn take_away(&self) -> bool {
        self.samba.delete(&domain::dn_of("Anna Arndt")).await;
        true
    }
}

mod open_ldap_by_service {
    use super::*;

    model_dashboard::authenticator_conformance!({
        let Some(fixture) = OpenLdap::start(Settings::by_service).await else {
            return;
        };
        fixture
    });
}

mod open_ldap_by_template {
    use super::*;

    model_dashboard::authenticator_conformance!({
        let Some(fixture) = OpenLdap::start(Settings::by_template).await else {
            return;
        };
        fixture
    });
}

mod active_directory {
    use super::*;

    model_dashboard::authenticator_conformance!({
        let Some(fixture) = Domain::start().await else {
            return;
        };
        fixture
    });
}
