//! A sign-in of somebody who binds with a name made of theirs, and reads their own entry.
//!
//! The bind proves whose password it is, and nothing that is found by a name may stand for it: the entry
//! must be that of the account that the directory says has bound.

use ldap3::{Scope, ldap_escape};

use super::Directory;
use super::connection::{Connection, Query};
use super::entry::Person;
use super::failure::Failure;
use super::sign_in::{Attempt, Verdict};
use super::template::{BindName, BindTemplate};
use super::typed::Typed;
use crate::auth::{Refusal, Username};

impl Directory {
    /// The person binds with a name made of theirs, and reads the entry that belongs to it.
    pub(super) async fn enter_by_template(
        &self,
        connection: &mut Connection,
        template: &BindTemplate,
        attempt: Attempt<'_>,
    ) -> Verdict<Person> {
        let username = attempt.username;
        let Some(name) = template.fill(username.as_str()) else {
            // Whose name another form or domain is, nothing proves before the password is sent.
            let why = "LDAP_USER_DN_TEMPLATE makes no name of what was typed: it has another form or \
                       domain";
            return Ok(Err(Refusal::Other(why.to_owned())));
        };
        if !attempt.guesses.may_try(&name.in_one_form()) {
            self.try_nobody(connection).await?;
            return Ok(Err(Refusal::TooEarly));
        }
        let verdict = connection.bind_person(name.as_str(), attempt.password);
        if let Err(refusal) = verdict.await? {
            return Ok(Err(refusal));
        }
        attempt.guesses.password_is_right();
        match self.own_entry(connection, &name, username).await {
            Err(failure) => failure.after_right_password().map(Err),
            answer => answer,
        }
    }

    /// The entry of whoever has just bound with this name.
    async fn own_entry(
        &self,
        connection: &mut Connection,
        name: &BindName,
        username: &Username,
    ) -> Verdict<Person> {
        if let BindName::Dn(dn) = name {
            // The entry that the password belongs to, if the filter lets it pass, and no other.
            let filter = match self.is_by_name {
                true => "(objectClass=*)".to_owned(),
                false => self.filter.fill(username.as_str()),
            };
            let own = self.read_entry(connection, dn, &filter);
            let missed = "the search filter does not find the entry that the password is of";
            return Ok(match own.await? {
                Ok(person) if person.dn == *dn => Ok(person),
                Ok(_) | Err(Refusal::UnknownUser) => Err(Refusal::Other(missed.to_owned())),
                Err(refusal) => Err(refusal),
            });
        }
        let person = match self.find(connection, username).await? {
            Ok(person) => person,
            Err(Refusal::UnknownUser) => {
                let missed = "the password is right, but the search filter finds nobody";
                return Ok(Err(Refusal::Other(missed.to_owned())));
            }
            Err(refusal) => return Ok(Err(refusal)),
        };
        match self.belongs(connection, name, &person).await? {
            true => Ok(Ok(person)),
            false => Ok(Err(Refusal::Other(
                "the search filter finds somebody else than the password is of".to_owned(),
            ))),
        }
    }

    /// Whether the name that was bound with is that of the entry. A user principal name need not be
    /// made of the account's name: it may be set to that of somebody else's account. And each domain
    /// of a forest, or of another one that is trusted, may have an account of the name.
    async fn belongs(
        &self,
        connection: &mut Connection,
        name: &BindName,
        person: &Person,
    ) -> Result<bool, Failure> {
        let is = |own: &Option<String>, other: &str| {
            own.as_deref()
                .is_some_and(|own| super::dn::same_name(own, other))
        };
        let own = connection.who_am_i().await?;
        let account = match (&own, name) {
            (Some(own), _) => Typed::of_account(own),
            // A directory that does not say.
            (None, BindName::Dn(_)) => return Ok(false),
            (None, BindName::Principal(principal)) if is(&person.principal, principal) => {
                return Ok(true);
            }
            (None, BindName::Principal(principal)) => {
                let is_set = self.is_principal_of_any(connection, principal).await?;
                Typed::parse(principal).filter(|_| !is_set)
            }
            (None, BindName::DownLevel(name)) => Typed::of_account(name),
        };
        let Some(account) = account.filter(|own| is(&person.sam_account, own.account)) else {
            return Ok(false);
        };
        let domain = self.domain(connection, &account).await?;
        Ok(domain.is_some_and(|domain| person.dn.is_in_domain(&domain)))
    }

    /// Whether a user principal name is set for somebody.
    async fn is_principal_of_any(
        &self,
        connection: &mut Connection,
        principal: &str,
    ) -> Result<bool, Failure> {
        let filter = format!("(userPrincipalName={})", ldap_escape(principal));
        let query = Query {
            base: self.base_text(),
            setting: "LDAP_BASE_DN",
            scope: Scope::Subtree,
            filter: &filter,
            attributes: &["1.1"],
            limit: 1,
        };
        let set = connection.search(&query).await?;
        Ok(!set.entries.is_empty() || set.is_cut)
    }
}
