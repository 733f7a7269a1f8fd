//! Which groups somebody is in, and what that gives.

use std::collections::HashSet;

use ldap3::{Scope, ldap_escape};

use super::connection::{Connection, Query};
use super::dn::Dn;
use super::entry::{MAX_GROUPS, Person, in_filter};
use super::failure::Failure;
use super::named_group::NamedGroup;
use crate::auth::{GrantedRole, Role};
use crate::config::{GroupNames, LdapConfig};

/// How deep groups lie in groups at most, where they are walked.
const MAX_DEPTH: usize = 16;

/// How many groups are asked about at a time.
const AT_A_TIME: usize = 50;

/// The rule of Active Directory that follows members of members (`LDAP_MATCHING_RULE_IN_CHAIN`,
/// [MS-ADTS] 3.1.1.3.4.4.3).
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// Which groups count, and where they are.
#[derive(Clone, Debug)]
pub(super) struct GroupRules {
    pub(super) required: Option<NamedGroup>,
    /// The role with the most rights first.
    roles: Vec<(Role, NamedGroup)>,
    nested: bool,
    base: Option<String>,
    /// What gives the base.
    base_setting: &'static str,
}

impl GroupRules {
    pub(super) fn new(config: &LdapConfig) -> Self {
        let named = |(role, _, groups): (Role, &str, &GroupNames)| {
            let group = |name| (role, NamedGroup::new(name, setting_of(role)));
            groups.iter().map(group).collect::<Vec<_>>()
        };
        let required = config.required_group.as_deref();
        Self {
            required: required.map(|name| NamedGroup::new(name, "LDAP_REQUIRED_GROUP")),
            roles: config.role_groups().into_iter().flat_map(named).collect(),
            nested: config.nested_groups,
            base: config.group_base_dn.clone().or(config.base_dn.clone()),
            base_setting: match config.group_base_dn {
                Some(_) => "LDAP_GROUP_BASE_DN",
                None => "LDAP_BASE_DN",
            },
        }
    }

    /// Whether these groups let somebody in.
    pub(super) fn lets_in(&self, groups: &[String]) -> bool {
        let required = self.required.as_ref();
        required.is_none_or(|required| groups.iter().any(|group| required.is(group)))
    }

    /// The role that these groups give, and why.
    pub(super) fn role(&self, groups: &[String]) -> Option<GrantedRole> {
        self.roles.iter().find_map(|(role, name)| {
            let group = groups.iter().find(|group| name.is(group))?;
            Some(GrantedRole {
                role: *role,
                reason: format!("group {group}"),
            })
        })
    }

    /// Where groups are searched, and the setting that says so.
    pub(super) fn base(&self) -> (&str, &'static str) {
        (self.base.as_deref().unwrap_or_default(), self.base_setting)
    }

    /// Whether groups are searched elsewhere than people are.
    pub(super) fn are_elsewhere(&self) -> bool {
        self.base_setting == "LDAP_GROUP_BASE_DN"
    }

    /// The groups that give each role.
    pub(super) fn by_role(&self) -> impl Iterator<Item = &[(Role, NamedGroup)]> {
        self.roles.chunk_by(|(one, _), (other, _)| one == other)
    }

    pub(super) fn gives_roles(&self) -> bool {
        !self.roles.is_empty()
    }

    /// Whether further groups could change nothing.
    pub(super) fn is_settled(&self, groups: &[String]) -> bool {
        let highest = self.roles.first().map(|(role, _)| *role);
        self.lets_in(groups) && self.role(groups).map(|given| given.role) == highest
    }

    /// Whether the groups in the entry do not yet say all that counts.
    pub(super) fn must_look_further(&self, person: &Person) -> bool {
        self.may_have_more(person) && !self.is_settled(&person.groups)
    }

    /// Whether there may be groups beside those in the entry, and a place to search them.
    pub(super) fn may_have_more(&self, person: &Person) -> bool {
        // Not every directory tells a person's groups in the entry.
        let further = self.nested || person.primary_group.is_some() || person.groups.is_empty();
        further && self.base.is_some()
    }

    /// The groups of a person with those that hold them, at most [`MAX_GROUPS`], and whether there
    /// are more.
    pub(super) async fn look_further(
        &self,
        connection: &mut Connection,
        person: &Person,
    ) -> Result<(Vec<String>, bool), Failure> {
        let mut found = Found::new(&person.groups);
        let Some(base) = &self.base else {
            return Ok((found.names, found.is_cut));
        };
        let mut search = Search {
            connection,
            base,
            base_setting: self.base_setting,
        };
        if person.is_active_directory {
            self.follow_chain(&mut search, person, &mut found).await?;
        } else {
            let depth = if self.nested { MAX_DEPTH } else { 0 };
            walk(&mut search, person, depth, &mut found).await?;
        }
        if found.is_cut && !self.is_settled(&found.names) {
            self.ask_by_name(&mut search, person, &mut found).await?;
        }
        Ok((found.names, found.is_cut))
    }

    /// Of somebody who is in more groups than are told at once: whether they are in those that
    /// count, directly or by a group that is known of them.
    async fn ask_by_name(
        &self,
        search: &mut Search<'_>,
        person: &Person,
        found: &mut Found,
    ) -> Result<(), Failure> {
        found.is_cut = false;
        let named = self.required.iter();
        for name in named.chain(self.roles.iter().map(|(_, name)| name)) {
            let Some(group) = name.dn() else {
                // It may be one of those that are not told.
                found.is_cut = true;
                continue;
            };
            let rule = match person.is_active_directory && self.nested {
                true => format!(":{IN_CHAIN}:"),
                false => String::new(),
            };
            let known = found.seen.iter().filter(|_| self.nested && rule.is_empty());
            let members: Vec<Dn> = known.cloned().chain([person.dn.clone()]).collect();
            for some in members.chunks(AT_A_TIME) {
                let filter = any(some.iter().map(|member| {
                    let dn = ldap_escape(member.as_str());
                    match rule.is_empty() {
                        true => format!("(member={dn})(uniqueMember={dn})"),
                        false => format!("(member{rule}={dn})"),
                    }
                }));
                if search.holds(name, group, &filter).await? {
                    // However many there are.
                    found.seen.insert(group.clone());
                    found.names.push(group.as_str().to_owned());
                    break;
                }
            }
        }
        Ok(())
    }

    /// In Active Directory: the primary group, and whatever holds it or the person.
    async fn follow_chain(
        &self,
        search: &mut Search<'_>,
        person: &Person,
        found: &mut Found,
    ) -> Result<(), Failure> {
        let mut members = vec![person.dn.clone()];
        if let Some(sid) = &person.primary_group {
            let filter = format!("(objectSid={})", in_filter(sid));
            for group in search.groups(filter, found).await? {
                found.add(&group);
                members.push(group);
            }
        }
        if self.nested {
            let held = members.iter().map(|member| {
                let member = ldap_escape(member.as_str());
                format!("(member:{IN_CHAIN}:={member})")
            });
            for group in search.groups(any(held), found).await? {
                found.add(&group);
            }
        }
        Ok(())
    }
}

/// Elsewhere: the groups that name the person as a member, the groups that name those, and so on, `depth`
/// times.
async fn walk(
    search: &mut Search<'_>,
    person: &Person,
    depth: usize,
    found: &mut Found,
) -> Result<(), Failure> {
    let dn = ldap_escape(person.dn.as_str());
    let mut first = format!("(member={dn})(uniqueMember={dn})");
    for uid in &person.uids {
        let name = ldap_escape(uid.as_str());
        first.push_str(&format!("(&(objectClass=posixGroup)(memberUid={name}))"));
    }
    let mut frontier: Vec<Dn> = found.seen.iter().cloned().collect();
    for group in search.groups(format!("(|{first})"), found).await? {
        if found.add(&group) {
            frontier.push(group);
        }
    }
    for _ in 0..depth {
        let mut next = Vec::new();
        for groups in frontier.chunks(AT_A_TIME) {
            let held = groups.iter().map(|group| {
                let dn = ldap_escape(group.as_str());
                format!("(member={dn})(uniqueMember={dn})")
            });
            for group in search.groups(any(held), found).await? {
                if found.add(&group) {
                    next.push(group);
                }
            }
        }
        if next.is_empty() {
            return Ok(());
        }
        frontier = next;
    }
    found.is_cut |= depth > 0;
    Ok(())
}

fn any(parts: impl Iterator<Item = String>) -> String {
    format!("(|{})", parts.collect::<String>())
}

/// A search for groups.
struct Search<'a> {
    connection: &'a mut Connection,
    base: &'a str,
    base_setting: &'static str,
}

impl Search<'_> {
    /// The names of the groups that match; those beyond what the directory gives at once are left
    /// out, which is noted.
    async fn groups(&mut self, filter: String, noted: &mut Found) -> Result<Vec<Dn>, Failure> {
        let query = Query {
            base: self.base,
            setting: self.base_setting,
            scope: Scope::Subtree,
            filter: &filter,
            // No attributes (RFC 4511 section 4.5.1.8).
            attributes: &["1.1"],
            limit: MAX_GROUPS,
        };
        let found = self.connection.search(&query).await?;
        noted.is_cut |= found.is_cut;
        let names = found.entries.iter();
        Ok(names.filter_map(|entry| Dn::parse(&entry.dn)).collect())
    }
}

impl Search<'_> {
    /// Whether a group matches.
    async fn holds(
        &mut self,
        named: &NamedGroup,
        group: &Dn,
        filter: &str,
    ) -> Result<bool, Failure> {
        let query = Query {
            base: group.as_str(),
            setting: named.setting(),
            scope: Scope::Base,
            filter,
            attributes: &["1.1"],
            limit: 1,
        };
        Ok(!self.connection.search(&query).await?.entries.is_empty())
    }
}

/// The setting that names the groups of a role.
fn setting_of(role: Role) -> &'static str {
    match role {
        Role::Admin => "LDAP_ADMIN_GROUPS",
        Role::Publisher => "LDAP_PUBLISHER_GROUPS",
        Role::Editor => "LDAP_EDITOR_GROUPS",
        Role::Auditor => "LDAP_AUDITOR_GROUPS",
        Role::Viewer => "LDAP_VIEWER_GROUPS",
    }
}

/// Groups in the order they were found, each once.
struct Found {
    names: Vec<String>,
    seen: HashSet<Dn>,
    /// Whether there are more.
    is_cut: bool,
}

impl Found {
    fn new(groups: &[String]) -> Self {
        Self {
            names: groups.to_vec(),
            seen: groups.iter().filter_map(|group| Dn::parse(group)).collect(),
            is_cut: groups.len() >= MAX_GROUPS,
        }
    }

    fn add(&mut self, group: &Dn) -> bool {
        let new = self.seen.insert(group.clone());
        self.is_cut |= new && self.names.len() >= MAX_GROUPS;
        if new && self.names.len() < MAX_GROUPS {
            self.names.push(group.as_str().to_owned());
        }
        new
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rules(required: &str, roles: &[(Role, &str)]) -> GroupRules {
        GroupRules {
            required: Some(NamedGroup::new(required, "LDAP_REQUIRED_GROUP")),
            roles: roles
                .iter()
                .map(|(role, name)| (*role, NamedGroup::new(name, setting_of(*role))))
                .collect(),
            nested: true,
            base: None,
            base_setting: "LDAP_BASE_DN",
        }
    }

    #[test]
    fn the_role_with_the_most_rights_is_given_with_its_group() {
        let rules = rules(
            "cn=all,dc=x",
            &[(Role::Admin, "cn=ops,dc=x"), (Role::Viewer, "cn=all,dc=x")],
        );
        let all = "cn=all,dc=x".to_owned();
        let given = rules.role(std::slice::from_ref(&all)).unwrap();
        assert_eq!(
            (given.role, given.reason.as_str()),
            (Role::Viewer, "group cn=all,dc=x")
        );
        assert!(!rules.is_settled(std::slice::from_ref(&all)));
        let both = [all, "CN=Ops,DC=x".to_owned()];
        assert_eq!(rules.role(&both).unwrap().role, Role::Admin);
        assert!(rules.is_settled(&both));
        assert_eq!(rules.role(&[]), None);
    }
}
