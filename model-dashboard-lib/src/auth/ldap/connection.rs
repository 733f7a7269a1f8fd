//! One connection to a directory, and what is asked over it.

use ldap3::controls::RawControl;
use ldap3::exop::WhoAmI;
use ldap3::result::ExopResult;
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, SearchEntry,
    SearchOptions, StdStream,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::failure::Failure;
use super::reach::{Encryption, Reached, Ways};
use super::refusal::{self, PASSWORD_POLICY, code};
use super::relay::{Ended, PARTING, Relay};
use crate::auth::{Password, Refusal, SourcePart};
use crate::config::LdapServer;

/// A connection. Dropped, it is closed, and nothing of it is left.
#[derive(Debug)]
pub(super) struct Connection {
    ldap: Ldap,
    driver: JoinHandle<()>,
    relay: Relay,
    server: String,
    pub(super) encryption: Encryption,
}

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<'a> {
    pub(super) base: &'a str,
    /// The setting that says where.
    pub(super) setting: &'static str,
    pub(super) scope: Scope,
    pub(super) filter: &'a str,
    pub(super) attributes: &'a [&'a str],
    pub(super) limit: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) entries: Vec<SearchEntry>,
    /// Whether there are more than was asked for or the directory gives.
    pub(super) is_cut: bool,
}

impl Connection {
    /// A connection to a server, over which nothing was asked yet.
    pub(super) async fn open(
        ways: &Ways,
        server: &LdapServer,
        until: Instant,
    ) -> Result<Self, Failure> {
        let addresses = ways.resolve(server).await?;
        let tcp = ways.connect(server, &addresses).await?;
        let reached = ways.encrypt(server, tcp, until).await?;
        Self::over(reached, server).await
    }

    pub(super) async fn over(reached: Reached, server: &LdapServer) -> Result<Self, Failure> {
        let server = server.to_string();
        let own = |error: &dyn std::fmt::Display| Failure::ThisMachine(error.to_string());
        let (relay, socket) = Relay::start(reached.stream).map_err(|error| own(&error))?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(socket));
        let opened = LdapConnAsync::with_settings(settings, "ldapi://guarded/").await;
        let (connection, ldap) = opened.map_err(|error| own(&error))?;
        let driver = tokio::spawn(async move {
            // How it ended is told to whoever waits for an answer.
            let _ = connection.drive().await;
        });
        Ok(Self {
            ldap,
            driver,
            relay,
            server,
            encryption: reached.encryption,
        })
    }

    /// Signs in as a person: yes, or why not.
    pub(super) async fn bind_person(
        &mut self,
        name: &str,
        password: &Password,
    ) -> Result<Result<(), Refusal>, Failure> {
        let answer = self.bind(name, password.expose()).await?;
        match refusal::of_bind(&answer) {
            Some(verdict) => Ok(verdict),
            None => Err(unwilling(
                SourcePart::Passwords,
                "check the password",
                &answer,
            )),
        }
    }

    /// Signs in as the account that looks people up.
    pub(super) async fn bind_service(
        &mut self,
        name: &str,
        password: &Password,
    ) -> Result<(), Failure> {
        let answer = self.bind(name, password.expose()).await?;
        match refusal::of_bind(&answer) {
            Some(Ok(())) => Ok(()),
            Some(Err(refusal)) => Err(Failure::ServiceAccount { refusal }),
            None => Err(unwilling(
                SourcePart::Account,
                "sign in the account that looks people up",
                &answer,
            )),
        }
    }

    async fn bind(&mut self, name: &str, password: &str) -> Result<LdapResult, Failure> {
        let policy = RawControl {
            ctype: PASSWORD_POLICY.to_owned(),
            crit: false,
            val: None,
        };
        let answer = self.ldap.with_controls(policy).simple_bind(name, password);
        let answer = answer.await;
        answer.map_err(|error| self.failure(&error))
    }

    /// The account that this connection is of, with its domain, as Active Directory writes it
    /// (`CORP\rosa`, RFC 4532); `None` of a server that does not say.
    pub(super) async fn who_am_i(&mut self) -> Result<Option<String>, Failure> {
        let answer = self.ldap.extended(WhoAmI).await;
        let ExopResult(exop, answer) = answer.map_err(|error| self.failure(&error))?;
        let value = exop.val.filter(|_| answer.rc == code::SUCCESS);
        let text = value.and_then(|value| String::from_utf8(value).ok());
        Ok(text.and_then(|text| {
            let name = text.strip_prefix("u:")?;
            name.contains('\\').then(|| name.to_owned())
        }))
    }

    /// Searches; at most `limit` entries. References to other servers are not followed.
    pub(super) async fn search(&mut self, query: &Query<'_>) -> Result<Entries, Failure> {
        // One more than is wanted shows that there are more.
        let limit = i32::try_from(query.limit.saturating_add(1)).unwrap_or(i32::MAX);
        let options = SearchOptions::new().sizelimit(limit);
        let search = self.ldap.with_search_options(options);
        let found = search.search(query.base, query.scope, query.filter, query.attributes);
        let found = found.await.map_err(|error| self.failure(&error))?;
        let (entries, answer) = (found.0, found.1);
        let is_cut = match answer.rc {
            code::SUCCESS => false,
            code::SIZE_LIMIT_EXCEEDED => true,
            code::NO_SUCH_OBJECT if query.scope == Scope::Base => return Ok(Entries::default()),
            _ => return Err(unsearched(query, &answer)),
        };
        let is_cut = is_cut || entries.len() > query.limit;
        let entries = entries.into_iter().filter(|entry| !entry.is_ref());
        let entries = entries.take(query.limit).map(SearchEntry::construct);
        Ok(Entries {
            entries: entries.collect(),
            is_cut,
        })
    }

    /// Says goodbye, and waits until that is sent.
    pub(super) async fn close(mut self) {
        let goodbye = async {
            if self.ldap.unbind().await.is_ok() {
                self.relay.finished().await;
            }
        };
        // A server that hears nothing is left without.
        let _ = timeout(PARTING, goodbye).await;
    }

    /// Why there was no answer.
    fn failure(&self, error: &LdapError) -> Failure {
        let server = self.server.clone();
        match self.relay.ended() {
            Some(Ended::Refused(refused)) => Failure::Protocol {
                server,
                why: refused.to_string(),
            },
            Some(ended) => Failure::Broken {
                server,
                why: ended.to_string(),
            },
            None => Failure::Broken {
                server,
                why: error.to_string(),
            },
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn unwilling(part: SourcePart, doing: &'static str, answer: &LdapResult) -> Failure {
    let advice = match answer.rc {
        code::STRONGER_AUTH_REQUIRED | code::CONFIDENTIALITY_REQUIRED => {
            "; it wants an encrypted connection: use ldaps://, or give it a certificate for StartTLS"
        }
        code::REFERRAL => "; it refers to another server: name that one in LDAP_SERVER",
        code::INSUFFICIENT_ACCESS => {
            "; whoever searches may not: set LDAP_BIND_DN to an account that may"
        }
        _ => "",
    };
    Failure::Answer {
        part,
        doing,
        code: answer.rc,
        said: refusal::said(&answer.text),
        advice,
    }
}

fn unsearched(query: &Query<'_>, answer: &LdapResult) -> Failure {
    let why = match answer.rc {
        code::NO_SUCH_OBJECT => "there is nothing of that name, or nothing that it shows",
        code::INVALID_DN_SYNTAX => "that is no name of an entry",
        // Active Directory says so of every name that is not below its own.
        code::REFERRAL => "that is not in it, as it refers to another server",
        _ => return unwilling(SourcePart::People, "search", answer),
    };
    Failure::Base {
        base: query.base.to_owned(),
        setting: query.setting,
        why,
        code: answer.rc,
    }
}
