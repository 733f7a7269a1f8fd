//! Looking again at people, by the account that may.

use std::time::Duration;

use ldap3::{Scope, SearchEntry};
use tokio::time::timeout;

use super::connection::{Connection, Query};
use super::dn::Dn;
use super::entry::AccountState;
use super::failure::Failure;
use super::sign_in::{Member, Verdict};
use super::{Directory, Entrance};
use crate::auth::{AuthenticationError, IdentityId, Refusal, Source, SourcePart, Standing};

/// How long looking at all takes at most.
const FOR_ALL: Duration = Duration::from_secs(25);

/// How long looking at one takes at most, so that one who is slow keeps no others from their turn.
const FOR_ONE: Duration = Duration::from_secs(8);

/// How many people are looked at over one connection: each group of theirs is a message, and those
/// are counted.
const OVER_ONE_CONNECTION: usize = 8;

/// What to do where entries of Active Directory do not show whether they are disabled.
pub(super) const READ_STATE: &str = "let LDAP_BIND_DN read userAccountControl and accountExpires \
                                     (the right “Read account restrictions”)";

/// What a directory showed in answers to one question, each asked for once at most.
#[derive(Debug, Default)]
struct Shown {
    anybody: Option<bool>,
    required_group: Option<bool>,
}

impl Directory {
    /// Looks at people one after the other, in the time for all of them; those it does not get to
    /// are told so.
    pub(super) async fn recheck(
        &self,
        source: &Source,
        ids: &[IdentityId],
    ) -> Vec<Result<Standing, AuthenticationError>> {
        let mut answers = Vec::with_capacity(ids.len());
        let all = self.look_at_parts(source, ids, &mut answers);
        let failed = timeout(FOR_ALL, all).await.unwrap_or_default();
        let failed = failed.unwrap_or(Failure::TooSlow(FOR_ALL.as_secs()));
        answers.resize_with(ids.len(), || Err(failed.told()));
        answers
    }

    /// Looks at some people over each connection, whose answers are bounded in all. A directory that
    /// fails at one person may not do so at the next, who is looked at over another connection; at
    /// two in a row it has failed.
    async fn look_at_parts(
        &self,
        source: &Source,
        ids: &[IdentityId],
        answers: &mut Vec<Result<Standing, AuthenticationError>>,
    ) -> Option<Failure> {
        let _permit = self.connections.acquire().await;
        let mut shown = Shown::default();
        let mut first = 0;
        let mut failed_before = false;
        while let Some(rest) = ids.get(answers.len()..).filter(|rest| !rest.is_empty()) {
            let mut connection = match self.limited(self.connect_service(&mut first)).await {
                Ok(connection) => connection,
                Err(failure) => return Some(failure),
            };
            let begin = answers.len();
            let some = rest.get(..OVER_ONE_CONNECTION).unwrap_or(rest);
            let looks = self.look_at_all(&mut connection, source, some, &mut shown, answers);
            let failed = looks.await;
            connection.close().await;
            if let Some(failure) = failed {
                if failed_before && answers.len() == begin {
                    return Some(failure);
                }
                if self.leave_out(&mut first, &failure) {
                    // The same person at the next server.
                    continue;
                }
                answers.push(Err(failure.into()));
                failed_before = true;
            } else {
                failed_before = false;
            }
        }
        None
    }

    /// Looks at people until the directory fails at one; why it did.
    async fn look_at_all(
        &self,
        connection: &mut Connection,
        source: &Source,
        ids: &[IdentityId],
        shown: &mut Shown,
        answers: &mut Vec<Result<Standing, AuthenticationError>>,
    ) -> Option<Failure> {
        for id in ids {
            if id.source != *source {
                // Nobody of another source is known here, whoever has such an id.
                answers.push(Ok(Standing::Left(Refusal::UnknownUser)));
                continue;
            }
            let look = self.look_at(connection, id, shown);
            let within = self.timeout.min(FOR_ONE);
            let looked = timeout(within, look).await;
            match looked.unwrap_or(Err(Failure::TooSlow(within.as_secs()))) {
                Ok(found) => {
                    answers.push(match found {
                        Ok(member) => {
                            let identity = member.identity(source, None);
                            identity.map(Standing::There).map_err(Into::into)
                        }
                        Err(refusal) => Ok(Standing::Left(refusal)),
                    });
                }
                // This entry is strange; the next one need not be.
                Err(failure @ (Failure::Person(_) | Failure::Content { .. })) => {
                    answers.push(Err(failure.into()))
                }
                Err(failure) => return Some(failure),
            }
        }
        None
    }

    /// Leaves out a server that hangs or breaks once it is asked, as one that does not answer at
    /// all; says whether there is another one.
    fn leave_out(&self, first: &mut usize, failure: &Failure) -> bool {
        let hangs = failure.is_of_transport() || matches!(failure, Failure::TooSlow(_));
        let (Some(server), true) = (self.ways.servers.get(*first), hangs) else {
            return false;
        };
        if *first + 1 >= self.ways.servers.len() {
            return false;
        }
        let server = server.to_string();
        let why = "it takes the account that looks people up, and answers nothing".to_owned();
        let left_out: Result<(), _> = Err(Failure::Unreachable { server, why });
        self.silent.note(*first, &left_out);
        *first += 1;
        true
    }

    pub(super) async fn limited<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let done = timeout(self.timeout, work).await;
        done.unwrap_or_else(|_| Err(self.too_slow()))
    }

    /// Whether the account that looks people up sees people and the required group; up to which part
    /// that shows that people could sign in.
    pub(super) async fn probe(&self) -> Result<SourcePart, Failure> {
        let _permit = self.connections.acquire().await;
        let mut first = 0;
        loop {
            let mut connection = self.limited(self.connect(&mut first)).await?;
            let seen = match &self.entrance {
                Entrance::Service { .. } => {
                    let looked = timeout(self.timeout.min(FOR_ONE), self.see(&mut connection));
                    looked.await.unwrap_or_else(|_| Err(self.too_slow()))
                }
                // Nobody may look.
                Entrance::Template(_) => Ok(SourcePart::Encryption),
            };
            connection.close().await;
            match seen {
                Err(failure) if self.leave_out(&mut first, &failure) => {}
                seen => return seen,
            }
        }
    }

    async fn see(&self, connection: &mut Connection) -> Result<SourcePart, Failure> {
        if !self.finds_anybody(connection).await? {
            return Err(Failure::Content {
                part: SourcePart::People,
                why: format!(
                    "the directory shows nobody under {}; check LDAP_BASE_DN, LDAP_SEARCH_FILTER \
                     and what LDAP_BIND_DN may read",
                    self.base_text()
                ),
            });
        }
        self.check_group_base(connection).await?;
        if !self.required_group_is_there(connection).await? {
            return Err(self.no_required_group());
        }
        self.check_group_search(connection).await?;
        Ok(SourcePart::Groups)
    }

    /// A connection of the account that looks people up.
    async fn connect_service(&self, first: &mut usize) -> Result<Connection, Failure> {
        if let Entrance::Template(_) = self.entrance {
            let why = "no account looks people up; set LDAP_BIND_DN and LDAP_BIND_PASSWORD";
            return Err(Failure::Content {
                part: SourcePart::Account,
                why: why.to_owned(),
            });
        }
        self.connect(first).await
    }

    /// A connection, as [`open`](Self::open) opens it, to the first server from `first` on that
    /// answers. Those that do not are left out from then on: what it costs to wait for them would
    /// otherwise be spent at every connection.
    async fn connect(&self, first: &mut usize) -> Result<Connection, Failure> {
        let mut failed = None;
        while let Some(server) = self.ways.servers.get(*first) {
            let opened = self.open(server).await;
            self.silent.note(*first, &opened);
            match opened {
                Err(failure) if failure.is_of_transport() => {
                    *first += 1;
                    failed = Some(failure);
                }
                answer => return answer,
            }
        }
        Err(failed.unwrap_or_else(|| self.too_slow()))
    }

    /// Somebody as they are now, or why they may not sign in any more.
    async fn look_at(
        &self,
        connection: &mut Connection,
        id: &IdentityId,
        shown: &mut Shown,
    ) -> Verdict<Member> {
        let by_id = self.attributes.filter_of_id(&id.subject);
        let filter = format!("(&{by_id}{})", self.filter.anybody());
        let found = self.read_below_base(connection, &filter);
        let person = match found.await? {
            Ok(person) if *person.id == *id.subject => person,
            Err(Refusal::Other(why)) => return Err(Failure::Person(why)),
            Ok(_) | Err(Refusal::SeveralEntries) => {
                let why = format!("the directory has another entry, or several, with the id {id}");
                return Err(Failure::Person(why));
            }
            Err(_) => {
                return match self.shows_anybody(connection, shown).await? {
                    true => Ok(Err(Refusal::UnknownUser)),
                    false => Err(Failure::Content {
                        part: SourcePart::People,
                        why: "the directory shows nobody at all, so it is not believed that \
                              somebody left; check LDAP_BASE_DN and what LDAP_BIND_DN may read"
                            .to_owned(),
                    }),
                };
            }
        };
        if person.state == AccountState::Unknown {
            // Else whoever is disabled would be there for ever.
            let dn = person.dn.as_str();
            return Err(Failure::Person(format!(
                "whether {dn} is disabled is not shown; {READ_STATE}"
            )));
        }
        match self.admit(connection, person).await? {
            Ok(member) => Ok(Ok(member)),
            Err(Refusal::NotInGroup) => match self.shows_group(connection, shown).await? {
                true => Ok(Err(Refusal::NotInGroup)),
                false => Err(self.no_required_group()),
            },
            Err(Refusal::Other(why)) => Err(Failure::Person(why)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn shows_anybody(
        &self,
        connection: &mut Connection,
        shown: &mut Shown,
    ) -> Result<bool, Failure> {
        if let Some(known) = shown.anybody {
            return Ok(known);
        }
        let there = self.finds_anybody(connection).await?;
        shown.anybody = Some(there);
        Ok(there)
    }

    async fn shows_group(
        &self,
        connection: &mut Connection,
        shown: &mut Shown,
    ) -> Result<bool, Failure> {
        if let Some(known) = shown.required_group {
            return Ok(known);
        }
        let there = self.required_group_is_there(connection).await?;
        shown.required_group = Some(there);
        Ok(there)
    }

    /// Whether a search finds anybody but the account that searches: that one may be all that it
    /// still may read.
    pub(super) async fn finds_anybody(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let query = Query {
            base: self.base_text(),
            setting: "LDAP_BASE_DN",
            scope: Scope::Subtree,
            filter: &self.filter.anybody(),
            attributes: &["1.1"],
            limit: 2,
        };
        let found = connection.search(&query).await?;
        let others = match &self.entrance {
            Entrance::Template(_) => found.entries.len(),
            Entrance::Service { name, .. } => match Dn::parse(name) {
                Some(own) => {
                    let is_another =
                        |entry: &&SearchEntry| Dn::parse(&entry.dn).as_ref() != Some(&own);
                    found.entries.iter().filter(is_another).count()
                }
                // The name of an account of Active Directory, which is among those that are found.
                None => found.entries.len().saturating_sub(1),
            },
        };
        Ok(found.is_cut || others > 0)
    }
}
