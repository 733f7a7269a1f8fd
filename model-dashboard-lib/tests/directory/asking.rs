//! The directory as the registry asks it.

use std::ffi::OsString;

use model_dashboard::auth::ldap::LdapAuthenticator;
use model_dashboard::auth::{
    AuthenticationError, Authenticator as _, Identity, IdentityId, Password, Refusal, Username,
};
use model_dashboard::config::{Config, LdapConfig, Sources};

use crate::domain;
use crate::people::{BASE, READER, READER_PASSWORD, REQUIRED_GROUP};
use crate::samba::Samba;
use crate::slapd::Slapd;

/// Settings by their variables; later ones replace earlier ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(Vec<(String, String)>);

impl Settings {
    /// The account `reader` looks people up, who must be in the required group.
    pub(crate) fn by_service(slapd: &Slapd) -> Self {
        Self::of(slapd)
            .set("LDAP_BIND_DN", READER)
            .set("LDAP_BIND_PASSWORD", READER_PASSWORD)
    }

    /// As the earlier system was set.
    pub(crate) fn by_template(slapd: &Slapd) -> Self {
        Self::of(slapd)
            .set(
                "LDAP_USER_DN_TEMPLATE",
                "uid={username},ou=people,dc=example,dc=org",
            )
            .set("LDAP_SEARCH_FILTER", "(uid={username})")
    }

    /// Active Directory, with the account `reader`.
    pub(crate) fn of_domain(samba: &Samba) -> Self {
        Self::default()
            .set("LDAP_SERVER", samba.tls_url())
            .set("LDAP_CA_FILE", samba.authority_file().display().to_string())
            .set("LDAP_BASE_DN", domain::BASE)
            .set("LDAP_REQUIRED_GROUP", domain::REQUIRED_GROUP)
            .set("LDAP_BIND_DN", domain::principal(domain::READER))
            .set("LDAP_BIND_PASSWORD", domain::password_of(domain::READER))
    }

    /// Active Directory, where people sign in by a name made of theirs.
    pub(crate) fn of_domain_by(samba: &Samba, template: &str) -> Self {
        Self::of_domain(samba)
            .set("LDAP_BIND_DN", "")
            .set("LDAP_BIND_PASSWORD", "")
            .set("LDAP_USER_DN_TEMPLATE", template)
    }

    fn of(slapd: &Slapd) -> Self {
        Self::default()
            .set("LDAP_SERVER", slapd.tls_url())
            .set("LDAP_CA_FILE", slapd.authority_file().display().to_string())
            .set("LDAP_BASE_DN", BASE)
            .set("LDAP_REQUIRED_GROUP", REQUIRED_GROUP)
    }

    pub(crate) fn set(mut self, variable: &str, value: impl Into<String>) -> Self {
        self.0.retain(|(name, _)| name != variable);
        self.0.push((variable.to_owned(), value.into()));
        self
    }

    /// The variables as the environment of a process has them.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        let all = self.0.iter();
        all.map(|(name, value)| (name.into(), value.into()))
    }

    pub(crate) fn config(&self) -> LdapConfig {
        let sources = Sources::new().variables(self.variables());
        let config = Config::from_sources(sources, |path| std::fs::read_to_string(path));
        config.unwrap().ldap.expect("a directory")
    }

    pub(crate) fn directory(&self) -> LdapAuthenticator {
        LdapAuthenticator::new(&self.config()).unwrap()
    }
}

pub(crate) async fn sign_in(
    directory: &LdapAuthenticator,
    username: &str,
    password: &str,
) -> Result<Identity, AuthenticationError> {
    let username = Username::parse(username).unwrap();
    let password = Password::parse(password).unwrap();
    directory.authenticate(&username, &password).await
}

/// Why somebody was not let in.
pub(crate) fn refusal(answer: Result<Identity, AuthenticationError>) -> Refusal {
    match answer {
        Err(
            AuthenticationError::Refused(refusal) | AuthenticationError::Barred { refusal, .. },
        ) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Whom the directory does not let in though the password is right, and why; nobody where that is
/// not proven.
pub(crate) fn barred(
    answer: Result<Identity, AuthenticationError>,
) -> (Option<IdentityId>, Refusal) {
    match answer {
        Err(AuthenticationError::Barred { id, refusal }) => (Some(id), refusal),
        other => (None, refusal(other)),
    }
}

/// The refusal of a right password for a required group that is not shown.
pub(crate) fn not_shown(group: String) -> Refusal {
    Refusal::GroupNotShown { group }
}

/// Why the directory could not be asked.
pub(crate) fn unavailable(answer: Result<Identity, AuthenticationError>) -> String {
    match answer {
        Err(
            AuthenticationError::Unavailable { reason, .. }
            | AuthenticationError::Unusable { reason, .. },
        ) => reason,
        other => panic!("not unavailable: {other:?}"),
    }
}
