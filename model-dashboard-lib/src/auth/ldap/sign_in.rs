//! A sign-in.

use std::time::Instant;

use tokio::time::timeout_at;
use ulid::Ulid;

use super::connection::Connection;
use super::entry::{AccountState, Person};
use super::failure::Failure;
use super::{Directory, Entrance};
use crate::auth::{
    GrantedRole, Guesses, Identity, IdentityId, Password, Refusal, Source, Username,
};
use crate::config::LdapServer;

/// The answer of a directory about a person, or why it has none.
pub(super) type Verdict<T> = Result<Result<T, Refusal>, Failure>;

/// Why somebody may not come in.
#[derive(Debug)]
pub(super) struct No {
    pub(super) refusal: Refusal,
    /// The id of the person, where the password is right and a look at them would say the same.
    pub(super) proven_of: Option<String>,
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            proven_of: None,
        }
    }
}

/// What somebody typed, and how often a password may be tried.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    /// Until when the password is sent, or the next server is asked; none for the last one.
    pub(super) until: Option<Instant>,
    pub(super) username: &'a Username,
    pub(super) password: &'a Password,
    pub(super) guesses: &'a dyn Guesses,
}

/// The answer to a sign-in, or why there is none.
type Entry<T> = Result<Result<T, No>, Failure>;

/// A person who may come in, with all groups that count.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) person: Person,
    pub(super) groups: Vec<String>,
    pub(super) role: Option<GrantedRole>,
}

impl Member {
    /// The person as the registry knows them: by the username in the entry, else by another name that
    /// it holds, else by the one they typed.
    pub(super) fn identity(
        self,
        source: &Source,
        typed: Option<&Username>,
    ) -> Result<Identity, Failure> {
        let own = self.person.username.as_deref();
        let own = own.and_then(|name| Username::parse(name).ok());
        let name = own.or(self.person.other_name).or_else(|| typed.cloned());
        let username = name.ok_or_else(|| {
            let dn = self.person.dn.as_str();
            Failure::Person(format!("{dn} has no username; set LDAP_USERNAME_ATTRIBUTE"))
        })?;
        Ok(Identity {
            id: IdentityId::new(source.clone(), self.person.id),
            display_name: self
                .person
                .display_name
                .unwrap_or_else(|| username.to_string()),
            username,
            email: self.person.email,
            groups: self.groups,
            role: self.role,
        })
    }
}

impl Directory {
    /// Checks a password at the first server that can be reached.
    pub(super) async fn sign_in(
        &self,
        username: &Username,
        password: &Password,
        guesses: &dyn Guesses,
    ) -> Entry<Member> {
        let _permit = self.connections.acquire().await;
        let (begun, all) = (Instant::now(), self.ways.servers.len());
        let mut failed = None;
        for (number, server) in self.ways.servers.iter().enumerate() {
            let mut sent = false;
            // Of the time for all of them.
            let share = self.timeout * u32::try_from(number + 1).unwrap_or(u32::MAX)
                / u32::try_from(all).unwrap_or(u32::MAX);
            let attempt = Attempt {
                until: (number + 1 < all).then(|| begun + share),
                username,
                password,
                guesses,
            };
            let answer = self.sign_in_at(server, attempt, &mut sent).await;
            self.silent.note(number, &answer);
            match answer {
                Err(failure) if failure.is_of_transport() && !sent => failed = Some(failure),
                answer => return answer,
            }
        }
        Err(failed.unwrap_or_else(|| self.too_slow()))
    }

    async fn sign_in_at(
        &self,
        server: &LdapServer,
        attempt: Attempt<'_>,
        sent: &mut bool,
    ) -> Entry<Member> {
        let mut connection = self.open(server).await?;
        let verdict = self.enter(&mut connection, server, attempt, sent).await;
        connection.close().await;
        verdict
    }

    async fn enter(
        &self,
        connection: &mut Connection,
        server: &LdapServer,
        attempt: Attempt<'_>,
        sent: &mut bool,
    ) -> Entry<Member> {
        let found = match &self.entrance {
            Entrance::Service { .. } => {
                let looked = self.look_up(connection, attempt.username);
                let found = match attempt.until {
                    Some(until) => {
                        let late = |_| Failure::Unreachable {
                            server: server.to_string(),
                            why: "it lets nobody be looked up in the time that there is".to_owned(),
                        };
                        timeout_at(until.into(), looked).await.map_err(late)??
                    }
                    None => looked.await?,
                };
                self.enter_by_service(connection, found, attempt, sent)
                    .await?
            }
            Entrance::Template(template) => {
                *sent = true;
                self.enter_by_template(connection, template, attempt)
                    .await?
                    .map_err(No::from)
            }
        };
        match found {
            Ok(person) => self.judge(connection, person).await,
            Err(no) => Ok(Err(no)),
        }
    }

    /// Judges somebody whose password is right.
    async fn judge(&self, connection: &mut Connection, person: Person) -> Entry<Member> {
        let id = person.id.clone();
        // The connection is the person's.
        let looks_further = barred(&person).is_none() && self.groups.must_look_further(&person);
        let admitted = async {
            if looks_further {
                self.bind_service(connection).await?;
            }
            self.admit(connection, person).await
        };
        let refusal = match admitted.await {
            Ok(Ok(member)) => return Ok(Ok(member)),
            Ok(Err(refusal)) => refusal,
            Err(failure) => failure.after_right_password()?,
        };
        let (refusal, is_proven) = match refusal {
            Refusal::Disabled | Refusal::AccountExpired => (refusal, true),
            Refusal::NotInGroup if looks_further => self.out_of_group(connection).await,
            Refusal::NotInGroup => match self.bind_service(connection).await {
                Ok(()) => self.out_of_group(connection).await,
                Err(_) => (refusal, false),
            },
            _ => (refusal, false),
        };
        Ok(Err(No {
            refusal,
            proven_of: is_proven.then_some(id),
        }))
    }

    /// The account that looks people up finds somebody, and what decides about them can be seen.
    async fn look_up(&self, connection: &mut Connection, username: &Username) -> Verdict<Person> {
        let found = self.find(connection, username).await?;
        self.check_groups(connection, found.as_ref().ok()).await?;
        Ok(found)
    }

    /// Whoever was found binds.
    async fn enter_by_service(
        &self,
        connection: &mut Connection,
        found: Result<Person, Refusal>,
        attempt: Attempt<'_>,
        sent: &mut bool,
    ) -> Entry<Person> {
        let person = match found {
            Ok(person) if attempt.guesses.may_try(&person.id) => person,
            found => {
                self.try_nobody(connection).await?;
                return Ok(Err(found.err().unwrap_or(Refusal::TooEarly).into()));
            }
        };
        *sent = true;
        let verdict = connection.bind_person(person.dn.as_str(), attempt.password);
        Ok(match (verdict.await?, barred(&person)) {
            (Ok(()), _) => {
                attempt.guesses.password_is_right();
                Ok(person)
            }
            // Some directories call every refusal a wrong password.
            (Err(Refusal::WrongPassword), Some(refusal)) => Err(refusal.into()),
            // Active Directory says so of a right password alone.
            (Err(refusal), Some(barred)) if person.is_active_directory && refusal == barred => {
                Err(No {
                    refusal,
                    proven_of: Some(person.id),
                })
            }
            (Err(refusal), _) => Err(refusal.into()),
        })
    }

    /// Takes as long as trying the password of somebody who is there.
    pub(super) async fn try_nobody(&self, connection: &mut Connection) -> Result<(), Failure> {
        let nobody = format!("cn={},{}", Ulid::generate(), self.base_text());
        if let Ok(password) = Password::parse(Ulid::generate().to_string()) {
            let _ = connection.bind_person(&nobody, &password).await?;
        }
        Ok(())
    }

    /// A connection to a server, of the account that looks people up if there is one. A server that
    /// hangs leaves time for the next one.
    pub(super) async fn open(&self, server: &LdapServer) -> Result<Connection, Failure> {
        self.held_off.check(Instant::now())?;
        let until = self.ways.deadline();
        let opening = async {
            let mut connection = Connection::open(&self.ways, server, until).await?;
            match self.bind_service(&mut connection).await {
                Ok(()) => Ok(connection),
                Err(failure) => {
                    connection.close().await;
                    Err(failure)
                }
            }
        };
        self.ways.limited(server, until, opening).await?
    }

    pub(super) async fn bind_service(&self, connection: &mut Connection) -> Result<(), Failure> {
        let Entrance::Service { name, password } = &self.entrance else {
            return Ok(());
        };
        let leave = self.held_off.may_try().await?;
        let bound = connection.bind_service(name, password).await;
        leave.note(&bound, Instant::now());
        bound
    }

    /// The same, also while it is held off.
    pub(super) async fn bind_service_at_once(
        &self,
        connection: &mut Connection,
    ) -> Result<(), Failure> {
        let Entrance::Service { name, password } = &self.entrance else {
            return Ok(());
        };
        let leave = self.held_off.may_try_at_once().await;
        let bound = connection.bind_service(name, password).await;
        leave.note(&bound, Instant::now());
        bound
    }

    /// Judges somebody by their entry and groups, over a connection of whoever may look for those.
    pub(super) async fn admit(
        &self,
        connection: &mut Connection,
        person: Person,
    ) -> Verdict<Member> {
        if let Some(refusal) = barred(&person) {
            return Ok(Err(refusal));
        }
        let (groups, is_cut) = match self.groups.must_look_further(&person) {
            true => {
                let looked = self.groups.look_further(connection, &person).await;
                looked.map_err(Failure::of_groups)?
            }
            false => (person.groups.clone(), false),
        };
        if is_cut && !self.groups.is_settled(&groups) {
            // Nobody is put out of a group that may only be missing in the answer.
            return Ok(Err(Refusal::Other(
                "in more groups than the directory tells at once; raise its size limit, or use \
                 groups that people are in directly"
                    .to_owned(),
            )));
        }
        if !self.groups.lets_in(&groups) {
            return Ok(Err(Refusal::NotInGroup));
        }
        Ok(Ok(Member {
            role: self.groups.role(&groups),
            person,
            groups,
        }))
    }
}

/// Why an account may not be used, if its entry says so.
pub(super) fn barred(person: &Person) -> Option<Refusal> {
    match person.state {
        // The directory says at the bind whether it is.
        AccountState::Usable | AccountState::Unknown => None,
        AccountState::Disabled => Some(Refusal::Disabled),
        AccountState::Expired => Some(Refusal::AccountExpired),
    }
}
