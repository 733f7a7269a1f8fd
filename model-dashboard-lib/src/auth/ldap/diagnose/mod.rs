//! A walk through the steps of a sign-in, for administrators.

mod content;
mod person;
mod steps;

use std::time::Instant;

use super::connection::Connection;
use super::failure::Failure;
use super::reach::Encryption;
use super::{Directory, Entrance};
use crate::auth::{Diagnosis, Source, Username, Verdict};
use crate::config::LdapServer;
use steps::Steps;

const ACCOUNT: &str = "account that looks people up";

const NO_ACCOUNT: &str = "set LDAP_BIND_DN and LDAP_BIND_PASSWORD to an account that may search: \
                          then whoever leaves loses tokens within minutes, and people can be looked \
                          up here";

/// What a sign-in has come to, server after server.
enum Turn {
    /// It asks the next one.
    Next,
    /// It is done at this one; the others are for when it is gone.
    Taken(Connection),
    /// It ended without an answer, and asks no other one.
    Over,
}

/// What a walk is to show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) source: &'a Source,
    /// Whom to look for.
    pub(super) username: Option<&'a Username>,
    /// Whether attributes are searched: without an index that is work for the directory.
    pub(super) with_attributes: bool,
}

impl Directory {
    /// The steps up to the one that fails, within some times the deadline of a sign-in.
    pub(super) async fn diagnose(&self, asked: Asked<'_>) -> Diagnosis {
        let mut steps = Steps::default();
        let walk = self.walk(asked, &mut steps);
        if tokio::time::timeout(self.timeout * 3, walk).await.is_err() {
            let after = steps.last().map(|step| format!(" after “{}”", step.name));
            let after = after.unwrap_or_default();
            let saw = format!("no answer{after} within {} s", (self.timeout * 3).as_secs());
            steps.note("time", Verdict::Failed, saw, None);
        }
        steps.done()
    }

    async fn walk(&self, asked: Asked<'_>, steps: &mut Steps) {
        match self.choose(steps).await {
            Turn::Taken(mut connection) => {
                self.look(&mut connection, asked, steps).await;
                connection.close().await;
            }
            Turn::Next | Turn::Over => {}
        }
    }

    /// Tries every server, and says which one a sign-in would use.
    async fn choose(&self, steps: &mut Steps) -> Turn {
        let servers = &self.ways.servers;
        let begun = Instant::now();
        let mut turn = Turn::Next;
        for server in servers {
            let before = steps.count();
            let opened = self.open_by_steps(server, &turn, steps).await;
            turn = match (turn, opened) {
                (Turn::Next, Ok(connection)) => {
                    // A sign-in passes over the servers before.
                    steps.forgive(0);
                    if begun.elapsed() >= self.timeout {
                        self.came_too_late(steps);
                    }
                    Turn::Taken(connection)
                }
                (Turn::Next, Err(failure)) if failure.is_of_transport() => Turn::Next,
                (Turn::Next, Err(_)) => {
                    if servers.len() > 1 {
                        steps.add("a sign-in ends here, and asks no other server");
                    }
                    Turn::Over
                }
                (turn, Ok(spare)) => {
                    spare.close().await;
                    turn
                }
                (Turn::Taken(connection), Err(_)) => {
                    steps.forgive(before);
                    Turn::Taken(connection)
                }
                (Turn::Over, Err(_)) => Turn::Over,
            };
        }
        turn
    }

    fn came_too_late(&self, steps: &mut Steps) {
        let saw = format!(
            "a sign-in ends after {} s, before it comes to this server: those before it take too long",
            self.timeout.as_secs()
        );
        let advice = "name servers first in LDAP_SERVER that answer, or raise LDAP_TIMEOUT";
        steps.note("time", Verdict::Failed, saw, Some(advice));
    }

    /// A connection to one server, as a sign-in opens it: with the account that looks people up
    /// where it is this server's turn (a wrong password at each of them might lock it), though it is
    /// held off, and in the time for one server.
    async fn open_by_steps(
        &self,
        server: &LdapServer,
        turn: &Turn,
        steps: &mut Steps,
    ) -> Result<Connection, Failure> {
        let (until, before) = (self.ways.deadline(), steps.count());
        let opening = async {
            let mut connection = self.reach(server, until, steps).await?;
            let bound = match turn {
                Turn::Next => self.bind_service_at_once(&mut connection).await,
                Turn::Taken(_) | Turn::Over => Ok(()),
            };
            match bound {
                Ok(()) => Ok(connection),
                Err(failure) => {
                    connection.close().await;
                    Err(failure)
                }
            }
        };
        let opened = self.ways.limited(server, until, opening).await;
        let opened = opened.and_then(|opened| opened);
        if let Err(failure) = &opened {
            // The one after those that went well.
            let name = match steps.count() - before {
                0 | 1 => format!("connection to {server}"),
                2 => format!("encryption of {server}"),
                _ => ACCOUNT.to_owned(),
            };
            steps.failed(&name, Verdict::Failed, failure);
        }
        opened
    }

    async fn reach(
        &self,
        server: &LdapServer,
        until: tokio::time::Instant,
        steps: &mut Steps,
    ) -> Result<Connection, Failure> {
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
        let reached = self.ways.encrypt(server, tcp, until).await?;
        let connection = Connection::over(reached, server).await?;
        let name = format!("encryption of {server}");
        match &connection.encryption {
            Encryption::Tls => steps.well(&name, "TLS, its certificate is trusted"),
            Encryption::StartTls => steps.well(&name, "StartTLS, its certificate is trusted"),
            Encryption::None(why) => steps.note(
                &name,
                Verdict::Warning,
                format!("none ({why})"),
                Some("passwords can be read on the way; use ldaps:// or StartTLS"),
            ),
        }
        Ok(connection)
    }

    /// What can be seen without anybody's password.
    async fn look(&self, connection: &mut Connection, asked: Asked<'_>, steps: &mut Steps) {
        let username = asked.username;
        if let Entrance::Template(template) = &self.entrance {
            let saw = format!(
                "none: people sign in by LDAP_USER_DN_TEMPLATE ({}), and their tokens end \
                 LDAP_TOKEN_DAYS after their last sign-in. Nobody but them may look, so neither \
                 LDAP_BASE_DN nor the groups are checked here",
                template.forms()
            );
            steps.note(ACCOUNT, Verdict::Warning, saw, Some(NO_ACCOUNT));
            if let Some(username) = username {
                if template.fill(username.as_str()).is_none() {
                    let saw = "LDAP_USER_DN_TEMPLATE makes no name of it: it is refused";
                    let name = format!("person “{username}”");
                    return steps.note(&name, Verdict::Failed, saw, Some(NO_ACCOUNT));
                }
                let saw = "people cannot be looked up without their password, or such an account";
                let name = format!("person “{username}”");
                steps.note(&name, Verdict::Warning, saw, None);
            }
            return;
        }
        steps.well(ACCOUNT, "it may sign in");
        if self.look_at_content(connection, asked, steps).await
            && let Some(username) = username
        {
            self.look_for(connection, asked.source, username, steps)
                .await;
        }
    }
}
