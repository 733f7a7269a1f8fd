//! People of a directory: LDAP and Active Directory.
//!
//! A sign-in is one connection: the account that looks people up finds the person (`entry`), the
//! person's own name and password are tried with a bind, and the groups (`groups`) say whether
//! they may come in and as what. Without such an account, people bind with a name made of a
//! template (`template`) and read their own entry.
//!
//! Nothing that a server sends reaches `ldap3` unread: the connection and its encryption are ours
//! (`reach`), and what comes over it passes a guard (`guard`, `relay`).

mod ber;
mod connection;
mod diagnose;
mod dial;
#[cfg(test)]
mod dice;
mod dn;
mod entry;
mod evenly;
mod failure;
mod find;
mod frames;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod groups;
mod guard;
mod held_off;
mod in_force;
mod named_group;
mod own_entry;
mod reach;
mod recheck;
mod refusal;
mod relay;
mod required;
mod response;
#[cfg(test)]
mod samples;
mod sign_in;
mod silent;
mod starttls;
mod template;
mod typed;

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use self::diagnose::Asked;
use self::entry::Attributes;
use self::evenly::Evenly;
use self::failure::Failure;
use self::groups::GroupRules;
use self::held_off::HeldOff;
use self::reach::Ways;
use self::required::Seen;
use self::sign_in::No;
use self::silent::Silent;
use self::template::{BindTemplate, FilterTemplate};
use super::{
    AuthenticationError, Authenticator, Diagnosis, Guesses, Identity, IdentityId, Password,
    SilentServer, Source, SourceFact, SourcePart, Standing, Username,
};
use crate::config::LdapConfig;

/// How a person is found where nothing else is configured. In Active Directory groups and machines
/// have account names, too.
const BY_NAME: &str = "(|(uid={username})(&(objectCategory=person)(sAMAccountName={username})))";

/// How many connections there are at a time; more wait, within their time.
const MAX_CONNECTIONS: usize = 256;

/// An [`Authenticator`] that asks a directory.
///
/// Each sign-in has a connection of its own, which is closed at its end, and one deadline
/// (`LDAP_TIMEOUT`) for everything. The servers are tried in order; the next one only where one
/// cannot be reached, and never once a password was sent. A password goes over encrypted
/// connections, to this very machine, or where `LDAP_ALLOW_PLAINTEXT` says so.
///
/// People are known by the stable id of their entry (`entryUUID`, `objectGUID`), so a name that
/// passes to somebody else brings nothing of the first one's.
#[derive(Debug)]
pub struct LdapAuthenticator {
    source: Source,
    label: String,
    facts: Vec<SourceFact>,
    directory: Directory,
}

/// A setting that a directory cannot be asked with.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {reason}")]
#[non_exhaustive]
pub struct LdapSettingError {
    /// The setting.
    pub setting: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

#[derive(Debug)]
struct Directory {
    ways: Ways,
    silent: Silent,
    base: Option<String>,
    filter: FilterTemplate,
    /// Whether the filter is the usual one, which finds people by their names.
    is_by_name: bool,
    attributes: Attributes,
    entrance: Entrance,
    groups: GroupRules,
    required_seen: Seen,
    timeout: Duration,
    connections: Semaphore,
    held_off: HeldOff,
    evenly: Evenly,
}

/// How a person's entry is come by.
#[derive(Debug)]
enum Entrance {
    /// An account looks it up.
    Service { name: String, password: Password },
    /// The person binds with a name made of theirs.
    Template(BindTemplate),
}

impl LdapAuthenticator {
    /// A directory as configured, under the source [`Source::LDAP`]. Nothing is asked of it yet; the
    /// file of certificates is read.
    ///
    /// # Errors
    /// [`LdapSettingError`] with the setting that is of no use.
    pub fn new(config: &LdapConfig) -> Result<Self, LdapSettingError> {
        let error = |setting, reason: &dyn std::fmt::Display| LdapSettingError {
            setting,
            reason: reason.to_string(),
        };
        let filter = config.search_filter.as_deref().unwrap_or(BY_NAME);
        let filter = FilterTemplate::parse(filter);
        let filter = filter.map_err(|reason| error("ldap.search_filter", &reason))?;
        let is_dn =
            |text: &Option<String>| text.as_deref().is_none_or(|t| dn::Dn::parse(t).is_some());
        let no_dn = "not a distinguished name, such as dc=example,dc=org";
        if !is_dn(&config.base_dn) {
            return Err(error("ldap.base_dn", &no_dn));
        }
        if !is_dn(&config.group_base_dn) {
            return Err(error("ldap.group_base_dn", &no_dn));
        }
        let entrance = match (&config.bind_dn, &config.bind_password) {
            (Some(name), Some(secret)) => Entrance::Service {
                name: name.clone(),
                password: Password::parse(secret.expose())
                    .map_err(|reason| error("ldap.bind_password", &reason))?,
            },
            _ => {
                let template = config.user_dn_template.as_deref().unwrap_or_default();
                let template = BindTemplate::parse(template);
                Entrance::Template(
                    template.map_err(|reason| error("ldap.user_dn_template", &reason))?,
                )
            }
        };
        let source = Source::parse(Source::LDAP);
        Ok(Self {
            source: source.map_err(|reason| error("ldap.server", &reason))?,
            label: config.label.clone(),
            facts: in_force::facts(config),
            directory: Directory {
                silent: Silent::new(&config.server),
                ways: Ways::new(config).map_err(|fault| error("ldap.ca_file", &fault))?,
                base: config.base_dn.clone(),
                attributes: Attributes::new(config, &filter),
                filter,
                is_by_name: config.search_filter.is_none(),
                entrance,
                groups: GroupRules::new(config),
                required_seen: Seen::default(),
                timeout: config.timeout,
                connections: Semaphore::new(MAX_CONNECTIONS),
                held_off: HeldOff::default(),
                evenly: Evenly::default(),
            },
        })
    }
}

#[async_trait]
impl Authenticator for LdapAuthenticator {
    fn source(&self) -> &Source {
        &self.source
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn facts(&self) -> Vec<SourceFact> {
        self.facts.clone()
    }

    fn silent_servers(&self) -> Vec<SilentServer> {
        self.directory.silent.servers()
    }

    async fn authenticate(
        &self,
        username: &Username,
        password: &Password,
    ) -> Result<Identity, AuthenticationError> {
        self.authenticate_counted(username, password, &Uncounted)
            .await
    }

    async fn authenticate_counted(
        &self,
        username: &Username,
        password: &Password,
        guesses: &dyn Guesses,
    ) -> Result<Identity, AuthenticationError> {
        let (directory, begun) = (&self.directory, Instant::now());
        let work = directory.sign_in(username, password, guesses);
        let entered = directory.limited(work).await?;
        directory.evenly.end(begun, entered.is_err()).await;
        match entered {
            Ok(member) => Ok(member.identity(&self.source, Some(username))?),
            Err(No { refusal, proven_of }) => Err(match proven_of {
                Some(id) => AuthenticationError::Barred {
                    id: IdentityId::new(self.source.clone(), id),
                    refusal,
                },
                None => refusal.into(),
            }),
        }
    }

    fn can_recheck(&self) -> bool {
        matches!(self.directory.entrance, Entrance::Service { .. })
    }

    async fn recheck(&self, ids: &[IdentityId]) -> Vec<Result<Standing, AuthenticationError>> {
        self.directory.recheck(&self.source, ids).await
    }

    async fn diagnose(&self, username: Option<&Username>) -> Diagnosis {
        let asked = Asked {
            source: &self.source,
            username,
            with_attributes: true,
        };
        self.directory.diagnose(asked).await
    }

    async fn look_over(&self) -> Diagnosis {
        let asked = Asked {
            source: &self.source,
            username: None,
            with_attributes: false,
        };
        self.directory.diagnose(asked).await
    }

    async fn probe(&self) -> Result<SourcePart, AuthenticationError> {
        Ok(self.directory.probe().await?)
    }
}

/// Any number of passwords may be tried.
struct Uncounted;

impl Guesses for Uncounted {
    fn may_try(&self, _: &str) -> bool {
        true
    }

    fn password_is_right(&self) {}
}

impl Directory {
    fn too_slow(&self) -> Failure {
        Failure::TooSlow(self.timeout.as_secs())
    }
}
