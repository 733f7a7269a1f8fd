//! A group that the configuration names.

use ldap3::{Scope, ldap_escape};

use super::connection::{Connection, Query};
use super::dn::{Dn, same_name};
use super::failure::Failure;

/// A group as a setting names it.
#[derive(Clone, Debug)]
pub(super) struct NamedGroup {
    name: Name,
    setting: &'static str,
}

#[derive(Clone, Debug)]
enum Name {
    Dn(Dn),
    /// What people call it: the first value of its distinguished name.
    Called(String),
}

/// What a directory shows of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Missing,
    There,
    /// Several entries are called so.
    Ambiguous,
}

impl NamedGroup {
    /// The group that a setting (`LDAP_ADMIN_GROUPS`) names.
    pub(super) fn new(text: &str, setting: &'static str) -> Self {
        let name = match Dn::parse(text) {
            Some(dn) => Name::Dn(dn),
            None => Name::Called(unescaped(text.trim())),
        };
        Self { name, setting }
    }

    /// The setting that names it.
    pub(super) fn setting(&self) -> &'static str {
        self.setting
    }

    pub(super) fn as_str(&self) -> &str {
        match &self.name {
            Name::Dn(dn) => dn.as_str(),
            Name::Called(name) => name,
        }
    }

    /// Its whole name, if the setting gives that.
    pub(super) fn dn(&self) -> Option<&Dn> {
        match &self.name {
            Name::Dn(dn) => Some(dn),
            Name::Called(_) => None,
        }
    }

    /// Whether a group of a person, as the directory names it, is this one.
    pub(super) fn is(&self, group: &str) -> bool {
        match (&self.name, Dn::parse(group)) {
            (Name::Dn(own), Some(dn)) => *own == dn,
            (Name::Dn(_), None) => false,
            (Name::Called(name), Some(dn)) => dn.is_called(name),
            (Name::Called(name), None) => same_name(name, group),
        }
    }

    /// Whether the directory shows it; a short name is searched under `base`, which a setting gives.
    pub(super) async fn look(
        &self,
        connection: &mut Connection,
        (base, base_setting): (&str, &'static str),
    ) -> Result<Presence, Failure> {
        let filter;
        let query = match &self.name {
            Name::Dn(dn) => Query {
                base: dn.as_str(),
                setting: self.setting,
                scope: Scope::Base,
                filter: "(objectClass=*)",
                attributes: &["1.1"],
                limit: 1,
            },
            Name::Called(name) => {
                let name = ldap_escape(name.as_str());
                filter = format!("(|(cn={name})(ou={name}))");
                Query {
                    base,
                    setting: base_setting,
                    scope: Scope::Subtree,
                    filter: &filter,
                    attributes: &["1.1"],
                    limit: 1,
                }
            }
        };
        let found = connection.search(&query).await?;
        Ok(match (found.entries.is_empty(), found.is_cut) {
            (_, true) => Presence::Ambiguous,
            (false, false) => Presence::There,
            (true, false) => Presence::Missing,
        })
    }
}

/// A short name without the backslashes that keep its commas and semicolons from ending it.
fn unescaped(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.next_if(|next| c == '\\' && [',', ';', '\\'].contains(next));
        name.push(next.unwrap_or(c));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_known_by_its_whole_name_without_case() {
        let group = NamedGroup::new("cn=Admins,ou=groups,dc=x", "LDAP_REQUIRED_GROUP");
        assert!(group.is("CN=admins, OU=Groups,DC=X"));
        for other in [
            "cn=Admins-Old,ou=groups,dc=x",
            "cn=Admins,ou=old,dc=x",
            "Admins",
            "",
        ] {
            assert!(!group.is(other), "{other}");
        }
    }

    #[test]
    fn a_short_name_is_the_first_value_and_nothing_less() {
        let group = NamedGroup::new("model users", "LDAP_REQUIRED_GROUP");
        assert!(group.is("cn=Model Users,ou=groups,dc=x") && group.is("MODEL USERS"));
        assert!(!group.is("cn=model users old,dc=x") && !group.is("cn=x,ou=model users,dc=x"));
        let group = NamedGroup::new(r"Heart\, Lung\;Vessels \x", "LDAP_REQUIRED_GROUP");
        assert!(group.is(r"cn=Heart\, Lung\;Vessels \\x,dc=x"));
    }
}
