//! A person's entry, found by the name they typed.

use ldap3::{Scope, ldap_escape};

use super::connection::{Connection, Query};
use super::dn::Dn;
use super::entry::Person;
use super::failure::Failure;
use super::sign_in::Verdict;
use super::typed::Typed;
use super::{BY_NAME, Directory};
use crate::auth::{Refusal, Username};
use crate::model::Timestamp;

impl Directory {
    /// The person of this name. Where nothing else is configured it may be a name with its domain,
    /// as people of Active Directory type it.
    pub(super) async fn find(
        &self,
        connection: &mut Connection,
        username: &Username,
    ) -> Verdict<Person> {
        let typed = Typed::parse(username.as_str()).filter(|_| self.is_by_name);
        if let Some(typed) = typed {
            return self.find_with_domain(connection, username, typed).await;
        }
        let filter = self.filter.fill(username.as_str());
        let found = self.read_below_base(connection, &filter).await?;
        Ok(found.and_then(
            |person| match self.is_by_name && !person.is_named(username) {
                true => Err(Refusal::UnknownUser),
                false => Ok(person),
            },
        ))
    }

    /// The same for a name with its domain. One search finds who is called so as a whole (a user
    /// principal name, or a `uid` that is a mail address), or whose account is so called in that
    /// domain; it takes as long for somebody who is there as for nobody.
    async fn find_with_domain(
        &self,
        connection: &mut Connection,
        username: &Username,
        typed: Typed<'_>,
    ) -> Verdict<Person> {
        let domain = self.domain(connection, &typed).await?;
        let whole = ldap_escape(username.as_str());
        let account = match &domain {
            Some(_) => format!("(sAMAccountName={})", ldap_escape(typed.account)),
            None => String::new(),
        };
        let filter = format!(
            "(|{}(&(objectCategory=person)(|(userPrincipalName={whole}){account})))",
            BY_NAME.replace("{username}", &whole)
        );
        let found = self.read_below_base(connection, &filter).await?;
        Ok(found.and_then(|person| {
            let is_of_domain = || {
                let account = Username::parse(typed.account);
                let domain = domain.as_ref();
                account.is_ok_and(|account| person.is_account(&account))
                    && domain.is_some_and(|domain| person.dn.is_in_domain(domain))
            };
            match person.is_named(username) || person.is_principal(username) || is_of_domain() {
                true => Ok(person),
                false => Err(Refusal::UnknownUser),
            }
        }))
    }

    /// Where the entries of the domain are that a name is of; `None` where the directory knows no
    /// such domain. ([MS-ADTS] 6.1.1.2.1.1: a crossRef for each domain of the forest.)
    pub(super) async fn domain(
        &self,
        connection: &mut Connection,
        typed: &Typed<'_>,
    ) -> Result<Option<Dn>, Failure> {
        let root = Query {
            base: "",
            setting: "LDAP_SERVER",
            scope: Scope::Base,
            filter: "(objectClass=*)",
            attributes: &["configurationNamingContext"],
            limit: 1,
        };
        let Some(configuration) = one_value(connection, &root).await? else {
            return Ok(None);
        };
        let base = format!("CN=Partitions,{configuration}");
        let filter = format!(
            "(&(objectClass=crossRef)(nETBIOSName=*)({}={}))",
            typed.domain_attribute,
            ldap_escape(typed.domain)
        );
        let partition = Query {
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: &["nCName"],
            ..root
        };
        let found = one_value(connection, &partition).await?;
        Ok(found.and_then(|name| Dn::parse(&name)))
    }

    /// The one person whom a filter finds.
    pub(super) async fn read_below_base(
        &self,
        connection: &mut Connection,
        filter: &str,
    ) -> Verdict<Person> {
        let attributes = self.attributes.wanted();
        let query = Query {
            base: self.base_text(),
            setting: "LDAP_BASE_DN",
            scope: Scope::Subtree,
            filter,
            attributes: &attributes,
            limit: 1,
        };
        self.read_one(connection, &query).await
    }

    /// The entry of this name, if a filter finds it.
    pub(super) async fn read_entry(
        &self,
        connection: &mut Connection,
        dn: &Dn,
        filter: &str,
    ) -> Verdict<Person> {
        let attributes = self.attributes.wanted();
        let query = Query {
            base: dn.as_str(),
            setting: "LDAP_USER_DN_TEMPLATE",
            scope: Scope::Base,
            filter,
            attributes: &attributes,
            limit: 1,
        };
        self.read_one(connection, &query).await
    }

    async fn read_one(&self, connection: &mut Connection, query: &Query<'_>) -> Verdict<Person> {
        let found = connection.search(query).await?;
        let mut entries = found.entries.into_iter();
        match (entries.next(), found.is_cut) {
            (None, false) => Ok(Err(Refusal::UnknownUser)),
            (Some(entry), false) => {
                let person = Person::read(entry, &self.attributes, Timestamp::now());
                Ok(person.map_err(|error| Refusal::Other(error.to_string())))
            }
            (_, true) => Ok(Err(Refusal::SeveralEntries)),
        }
    }

    pub(super) fn base_text(&self) -> &str {
        self.base.as_deref().unwrap_or_default()
    }
}

/// The value of the only attribute that is asked for, of the only entry that is found. A directory
/// that does not say has none.
async fn one_value(
    connection: &mut Connection,
    query: &Query<'_>,
) -> Result<Option<String>, Failure> {
    let found = match connection.search(query).await {
        Ok(found) => found,
        Err(Failure::Answer { .. } | Failure::Base { .. }) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    if found.is_cut {
        return Ok(None);
    }
    let is_asked = |name: &str| {
        let mut asked = query.attributes.iter();
        asked.any(|asked| asked.eq_ignore_ascii_case(name))
    };
    let attributes = found.entries.into_iter().flat_map(|entry| entry.attrs);
    let mut values = attributes.filter(|(name, _)| is_asked(name));
    Ok(values
        .next()
        .and_then(|(_, values)| values.into_iter().next()))
}
