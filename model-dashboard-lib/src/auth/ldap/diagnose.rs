//! A walk through the steps of a sign-in, for administrators.

use ldap3::Scope;

use super::connection::Connection;
use super::entry::Person;
use super::failure::Failure;
use super::reach::Encryption;
use super::sign_in::barred;
use super::{Directory, Entrance};
use crate::auth::{Diagnosis, DiagnosisStep, Refusal, Source, Username, Verdict};
use crate::config::LdapServer;

/// How many groups a step names.
const NAMED: usize = 10;

const NO_ACCOUNT: &str = "set LDAP_BIND_DN and LDAP_BIND_PASSWORD to an account that may search: \
                          then whoever leaves loses tokens within minutes, and people can be looked \
                          up here";

/// The steps so far.
#[derive(Default)]
struct Steps(Diagnosis);

impl Steps {
    fn note(&mut self, name: &str, verdict: Verdict, saw: impl Into<String>, advice: Option<&str>) {
        self.0.steps.push(DiagnosisStep {
            name: name.to_owned(),
            verdict,
            saw: saw.into(),
            advice: advice.map(str::to_owned),
        });
    }

    fn well(&mut self, name: &str, saw: impl Into<String>) {
        self.note(name, Verdict::Well, saw, None);
    }

    /// What a failure says before its semicolon was seen; what follows is to be done.
    fn failed(&mut self, name: &str, verdict: Verdict, failure: &Failure) {
        let text = failure.to_string();
        let (saw, advice) = match text.split_once("; ") {
            Some((saw, advice)) => (saw, Some(advice)),
            None => (text.as_str(), None),
        };
        self.note(name, verdict, saw, advice);
    }
}

impl Directory {
    /// The steps up to the one that fails, within some times the deadline of a sign-in.
    pub(super) async fn diagnose(&self, source: &Source, username: Option<&Username>) -> Diagnosis {
        let mut steps = Steps::default();
        let walk = self.walk(source, username, &mut steps);
        if tokio::time::timeout(self.timeout * 3, walk).await.is_err() {
            let last = steps.0.steps.last().map(|step| step.name.clone());
            let after = last.map_or(String::new(), |name| format!(" after “{name}”"));
            let saw = format!("no answer{after} within {} s", (self.timeout * 3).as_secs());
            steps.note("time", Verdict::Failed, saw, None);
        }
        steps.0
    }

    async fn walk(&self, source: &Source, username: Option<&Username>, steps: &mut Steps) {
        let mut connection = None;
        let mut unreached = Vec::new();
        for server in &self.ways.servers {
            match self.reach(server, steps).await {
                Ok(opened) if connection.is_none() => connection = Some(opened),
                Ok(spare) => spare.close().await,
                Err(at) => unreached.push(at),
            }
        }
        // While one can be reached, people can sign in.
        if connection.is_some() {
            for at in unreached {
                if let Some(step) = steps.0.steps.get_mut(at) {
                    step.verdict = Verdict::Warning;
                }
            }
        }
        if let Some(mut connection) = connection {
            self.look(&mut connection, source, username, steps).await;
            connection.close().await;
        }
    }

    /// A connection to one server; or the place of the step that failed.
    async fn reach(&self, server: &LdapServer, steps: &mut Steps) -> Result<Connection, usize> {
        let reached = async {
            let addresses = self.ways.resolve(server).await?;
            let shown: Vec<_> = addresses.iter().map(|it| it.ip().to_string()).collect();
            steps.well(&format!("name of {server}"), shown.join(", "));
            let tcp = self.ways.connect(server, &addresses).await?;
            let peer = tcp.peer_addr().map(|peer| peer.to_string());
            let peer = peer.unwrap_or_default();
            steps.well(
                &format!("connection to {server}"),
                format!("{peer} answers"),
            );
            let reached = self.ways.encrypt(server, tcp).await?;
            Connection::over(reached, server).await
        };
        match reached.await {
            Ok(connection) => {
                let name = format!("encryption of {server}");
                match &connection.encryption {
                    Encryption::Tls => steps.well(&name, "TLS, its certificate is trusted"),
                    Encryption::StartTls => {
                        steps.well(&name, "StartTLS, its certificate is trusted")
                    }
                    Encryption::None(why) => steps.note(
                        &name,
                        Verdict::Warning,
                        format!("none ({why})"),
                        Some("passwords can be read on the way; use ldaps:// or StartTLS"),
                    ),
                }
                Ok(connection)
            }
            Err(failure) => {
                let step = match &failure {
                    Failure::NotEncrypted { .. } | Failure::Trust(_) => "encryption of",
                    _ => "connection to",
                };
                steps.failed(&format!("{step} {server}"), Verdict::Failed, &failure);
                Err(steps.0.steps.len() - 1)
            }
        }
    }

    async fn look(
        &self,
        connection: &mut Connection,
        source: &Source,
        username: Option<&Username>,
        steps: &mut Steps,
    ) {
        if let Entrance::Template(_) = self.entrance {
            let saw = "none: people sign in by LDAP_USER_DN_TEMPLATE, and their tokens end \
                       LDAP_TOKEN_DAYS after their last sign-in";
            steps.note(
                "account that looks people up",
                Verdict::Warning,
                saw,
                Some(NO_ACCOUNT),
            );
            if let Some(username) = username {
                let saw = "people cannot be looked up without their password, or such an account";
                let name = format!("person “{username}”");
                steps.note(&name, Verdict::Warning, saw, None);
            }
            return;
        }
        if let Err(failure) = self.bind_service(connection).await {
            return steps.failed("account that looks people up", Verdict::Failed, &failure);
        }
        steps.well("account that looks people up", "it may sign in");

        let (base, anybody) = (self.base_text(), self.filter.anybody());
        match self
            .is_there(connection, base, Scope::Subtree, &anybody)
            .await
        {
            Ok(true) => steps.well("people", format!("{anybody} finds people under {base}")),
            Ok(false) => steps.note(
                "people",
                Verdict::Failed,
                format!("{anybody} finds nobody under {base}"),
                Some("check LDAP_BASE_DN, LDAP_SEARCH_FILTER and what LDAP_BIND_DN may read"),
            ),
            Err(failure) => return steps.failed("people", Verdict::Failed, &failure),
        }
        if let Some(required) = &self.groups.required {
            let name = required.as_str();
            match self.required_group_is_there(connection).await {
                Ok(true) => steps.well("required group", format!("{name} is there")),
                Ok(false) => steps.note(
                    "required group",
                    Verdict::Failed,
                    format!("{name} is not there, or LDAP_BIND_DN may not read it"),
                    Some("check LDAP_REQUIRED_GROUP"),
                ),
                Err(failure) => return steps.failed("required group", Verdict::Failed, &failure),
            }
        }
        if let Some(username) = username {
            self.look_for(connection, source, username, steps).await;
        }
    }

    /// What a sign-in would find of somebody.
    async fn look_for(
        &self,
        connection: &mut Connection,
        source: &Source,
        username: &Username,
        steps: &mut Steps,
    ) {
        let name = format!("person “{username}”");
        let person = match self.find(connection, username).await {
            Ok(Ok(person)) => person,
            Ok(Err(refusal)) => {
                let filter = self.filter.fill(username.as_str());
                let saw = format!("{refusal}: {filter} under {}", self.base_text());
                let advice = match refusal {
                    Refusal::SeveralEntries => "make LDAP_SEARCH_FILTER find one of them alone",
                    _ => "check the name, LDAP_SEARCH_FILTER and LDAP_BASE_DN",
                };
                return steps.note(&name, Verdict::Failed, saw, Some(advice));
            }
            Err(failure) => return steps.failed(&name, Verdict::Failed, &failure),
        };
        steps.well(&name, format!("{}, id {}", person.dn.as_str(), person.id));
        if let Some(refusal) = barred(&person) {
            let advice = Some("mend it in the directory");
            return steps.note("account", Verdict::Failed, refusal.to_string(), advice);
        }
        self.look_at_groups(connection, source, username, person, steps)
            .await;
    }

    async fn look_at_groups(
        &self,
        connection: &mut Connection,
        source: &Source,
        username: &Username,
        person: Person,
        steps: &mut Steps,
    ) {
        let direct = person.groups.len();
        let (admitted, groups) = match self.groups.must_look_further(&person) {
            false => (
                self.admit(connection, person.clone(), false).await,
                person.groups,
            ),
            true => match self.groups.look_further(connection, &person).await {
                Ok((groups, _)) => (self.admit(connection, person, false).await, groups),
                Err(failure) => return steps.failed("groups", Verdict::Failed, &failure),
            },
        };
        let named: Vec<_> = groups.iter().take(NAMED).map(String::as_str).collect();
        let more = match groups.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let saw = match groups.len() {
            0 => "none".to_owned(),
            all => format!(
                "{all}, {direct} of them in the entry: {}{more}",
                named.join("; ")
            ),
        };
        steps.well("groups", saw);
        let member = match admitted {
            Ok(Ok(member)) => member,
            Ok(Err(Refusal::Other(why))) => {
                return steps.note("admission", Verdict::Failed, why, None);
            }
            Ok(Err(_)) => {
                let required = self.groups.required.as_ref();
                let required = required.map_or("", |group| group.as_str());
                let saw = format!("not in the required group {required}");
                let advice = "add them to it in the directory, or change LDAP_REQUIRED_GROUP";
                return steps.note("admission", Verdict::Failed, saw, Some(advice));
            }
            Err(failure) => return steps.failed("admission", Verdict::Failed, &failure),
        };
        match (&member.role, self.groups.gives_roles()) {
            (Some(given), _) => steps.well("role", format!("{}: {}", given.role, given.reason)),
            (None, true) => steps.well(
                "role",
                "no group gives one: the one that an administrator gave, else viewer",
            ),
            (None, false) => steps.well(
                "role",
                "groups give none: the one that an administrator gave, else publisher",
            ),
        }
        match member.identity(source, Some(username)) {
            Ok(identity) => steps.0.identity = Some(identity),
            Err(failure) => steps.failed("name", Verdict::Failed, &failure),
        }
    }
}
