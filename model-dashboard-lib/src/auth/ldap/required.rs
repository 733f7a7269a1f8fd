//! Whether the directory shows the required group at all, and the place where groups are searched:
//! nobody is out of a group that only cannot be seen.
//!
//! Where an account looks people up, a sign-in finds that out before it tries the password, and for
//! a name that nobody has, too. Else whoever guesses would learn by it that a password is right.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ldap3::Scope;

use super::Directory;
use super::connection::{Connection, Query};
use super::entry::Person;
use super::failure::Failure;
use super::named_group::Presence;
use crate::auth::{Refusal, SourcePart};
use crate::model::Timestamp;

/// How long a group that was seen counts as there: a short name is searched in all of the directory.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// When the required group was last seen; `None` if the last look did not find it.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Option<Instant>>);

impl Seen {
    fn at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, is_there: bool) {
        *self.at() = is_there.then(Instant::now);
    }

    fn is_good(&self) -> bool {
        self.at().is_some_and(|at| at.elapsed() < GOOD_FOR)
    }
}

impl Directory {
    /// Before a password is tried, of `person` if the name is somebody's.
    ///
    /// # Errors
    /// If the group is not shown, unless the entry itself tells that they are in it; if groups cannot
    /// be searched, unless the entry tells all that counts.
    pub(super) async fn check_groups(
        &self,
        connection: &mut Connection,
        person: Option<&Person>,
    ) -> Result<(), Failure> {
        if self.required_seen.is_good() {
            return Ok(());
        }
        let searched = self.check_group_base(connection).await;
        let tells_all = person.is_some_and(|person| !self.groups.must_look_further(person));
        let is_searched = searched.is_ok();
        if !tells_all {
            searched?;
        }
        let is_in = person.is_some_and(|person| self.groups.lets_in(&person.groups));
        match self.required_group_is_there(connection).await {
            Ok(true) => {
                self.required_seen.note(is_searched);
                Ok(())
            }
            _ if is_in => Ok(()),
            Ok(false) => Err(self.no_required_group()),
            Err(failure) => Err(failure),
        }
    }

    /// Why somebody may not come in whose password is right and whom nothing shows to be in the
    /// group: where it cannot be seen, by the account that looks people up or else by the person,
    /// nothing is proven. It may be gone since [`check_groups`](Self::check_groups); then this is one
    /// more refusal, as of a wrong password.
    pub(super) async fn out_of_group(&self, connection: &mut Connection) -> (Refusal, bool) {
        match self.required_group_is_there(connection).await {
            Ok(true) => (Refusal::NotInGroup, true),
            Ok(false) => {
                let group = self.required_name().to_owned();
                (Refusal::GroupNotShown { group }, false)
            }
            Err(_) => (Refusal::NotInGroup, false),
        }
    }

    /// Asks for anything where groups are searched, if that is not where people are.
    ///
    /// # Errors
    /// If there is no such place.
    pub(super) async fn check_group_base(
        &self,
        connection: &mut Connection,
    ) -> Result<(), Failure> {
        if !self.groups.are_elsewhere() {
            return Ok(());
        }
        let (base, setting) = self.groups.base();
        let query = Query {
            base,
            setting,
            // As groups are: what may be searched need not be readable itself.
            scope: Scope::Subtree,
            filter: "(objectClass=*)",
            attributes: &["1.1"],
            limit: 1,
        };
        let found = connection.search(&query).await;
        found.map(drop).map_err(Failure::of_groups)
    }

    /// Searches the groups of anybody who is found, as a sign-in does: what a directory refuses to all
    /// shows by one.
    ///
    /// # Errors
    /// If it does not let them be searched.
    pub(super) async fn check_group_search(
        &self,
        connection: &mut Connection,
    ) -> Result<(), Failure> {
        let person = self.anybody(connection).await?;
        let Some(person) = person.filter(|person| self.groups.must_look_further(person)) else {
            return Ok(());
        };
        let looked = self.groups.look_further(connection, &person).await;
        looked.map(drop).map_err(Failure::of_groups)
    }

    /// Anybody who is found, to see what the directory shows of people.
    pub(super) async fn anybody(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<Person>, Failure> {
        let (attributes, anybody) = (self.attributes.wanted(), self.filter.anybody());
        let query = Query {
            base: self.base_text(),
            setting: "LDAP_BASE_DN",
            scope: Scope::Subtree,
            filter: &anybody,
            attributes: &attributes,
            limit: 1,
        };
        let found = connection.search(&query).await?.entries.into_iter().next();
        let now = Timestamp::now();
        Ok(found.and_then(|entry| Person::read(entry, &self.attributes, now).ok()))
    }

    pub(super) async fn required_group_is_there(
        &self,
        connection: &mut Connection,
    ) -> Result<bool, Failure> {
        let Some(group) = &self.groups.required else {
            return Ok(true);
        };
        let presence = group.look(connection, self.groups.base()).await;
        let is_there = presence.map_err(Failure::of_groups)? != Presence::Missing;
        if !is_there {
            self.required_seen.note(false);
        }
        Ok(is_there)
    }

    /// The required group, as the setting names it.
    pub(super) fn required_name(&self) -> &str {
        let group = self.groups.required.as_ref();
        group.map_or("", |group| group.as_str())
    }

    pub(super) fn no_required_group(&self) -> Failure {
        let name = self.required_name();
        Failure::Content {
            part: SourcePart::Groups,
            why: format!(
                "the directory does not show the required group {name}, so it is not believed that \
                 somebody is not in it; check LDAP_REQUIRED_GROUP and what LDAP_BIND_DN may read"
            ),
        }
    }
}
