//! Whether the directory holds what the configuration names: people and groups.

use ldap3::Scope;

use super::super::Directory;
use super::super::connection::{Connection, Query};
use super::super::entry::AccountState;
use super::super::failure::Failure;
use super::super::named_group::{NamedGroup, Presence};
use super::super::recheck::READ_STATE;
use super::{Asked, Steps};
use crate::auth::{Role, Verdict};

pub(super) const REQUIRED: &str = "required group";
const GROUPS: &str = "where groups are searched";

impl Directory {
    /// Whether it is worth looking for somebody.
    pub(super) async fn look_at_content(
        &self,
        connection: &mut Connection,
        asked: Asked<'_>,
        steps: &mut Steps,
    ) -> bool {
        let (base, anybody) = (self.base_text(), self.filter.anybody());
        match self.finds_anybody(connection).await {
            Ok(true) => steps.well("people", format!("{anybody} finds people under {base}")),
            Ok(false) => steps.note(
                "people",
                Verdict::Failed,
                format!("{anybody} finds nobody under {base}"),
                Some("check LDAP_BASE_DN, LDAP_SEARCH_FILTER and what LDAP_BIND_DN may read"),
            ),
            Err(failure) => {
                steps.failed("people", Verdict::Failed, &failure);
                return false;
            }
        }
        if asked.with_attributes
            && let Err(failure) = self.look_at_attributes(connection, steps).await
        {
            steps.failed("attributes", Verdict::Failed, &failure);
            return false;
        }
        match self.anybody(connection).await {
            Ok(Some(person)) if person.state == AccountState::Unknown => steps.note(
                "accounts",
                Verdict::Failed,
                "entries do not show whether an account is disabled, so that whoever is keeps \
                 sessions and tokens until LDAP_GRACE is over",
                Some(READ_STATE),
            ),
            Ok(_) => {}
            Err(failure) => {
                steps.failed("accounts", Verdict::Failed, &failure);
                return false;
            }
        }
        if self.groups.are_elsewhere() {
            let base = self.groups.base().0;
            match self.check_group_base(connection).await {
                Ok(()) => steps.well(GROUPS, format!("under {base}")),
                Err(failure) => {
                    steps.failed(GROUPS, Verdict::Failed, &failure);
                    return false;
                }
            }
        }
        if let Some(group) = &self.groups.required {
            match group.look(connection, self.groups.base()).await {
                Ok(presence) => note_required(group, presence, steps),
                Err(failure) => {
                    steps.failed(REQUIRED, Verdict::Failed, &failure);
                    return false;
                }
            }
        }
        for groups in self.groups.by_role() {
            if let Err(failure) = self.look_at_role(connection, groups, steps).await {
                steps.failed("groups that give roles", Verdict::Failed, &failure);
                return false;
            }
        }
        true
    }

    /// Whether anybody has the attributes that settings name. Without the one people are known by
    /// nobody signs in; without another they are called by something else. One that cannot be searched,
    /// as without an index, can be read all the same.
    async fn look_at_attributes(
        &self,
        connection: &mut Connection,
        steps: &mut Steps,
    ) -> Result<(), Failure> {
        let anybody = self.filter.anybody();
        for (attribute, setting) in self.attributes.named() {
            let query = Query {
                base: self.base_text(),
                setting: "LDAP_BASE_DN",
                scope: Scope::Subtree,
                filter: &format!("(&{anybody}({attribute}=*))"),
                attributes: &["1.1"],
                limit: 1,
            };
            let found = match connection.search(&query).await {
                Ok(found) => found,
                Err(failure @ Failure::Answer { .. }) => {
                    let saw = format!("whether anybody has {attribute} cannot be seen: {failure}");
                    let advice = format!("an index on {attribute} lets the directory search it");
                    steps.note("attributes", Verdict::Warning, saw, Some(&advice));
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            if !found.entries.is_empty() || found.is_cut {
                continue;
            }
            let (verdict, then) = match setting {
                "LDAP_ID_ATTRIBUTE" => (Verdict::Failed, "nobody can sign in"),
                _ => (
                    Verdict::Warning,
                    "people are called by another one, or what they type",
                ),
            };
            let saw = format!("nobody has {attribute}, which {setting} names: {then}");
            let advice = format!("check {setting} and what LDAP_BIND_DN may read");
            steps.note("attributes", verdict, saw, Some(&advice));
        }
        Ok(())
    }

    /// Whether the groups that give a role are there. One that is not keeps nobody out, but gives
    /// the role to nobody.
    async fn look_at_role(
        &self,
        connection: &mut Connection,
        groups: &[(Role, NamedGroup)],
        steps: &mut Steps,
    ) -> Result<(), Failure> {
        let Some((role, first)) = groups.first() else {
            return Ok(());
        };
        let (name, setting) = (format!("groups of role {role}"), first.setting());
        let mut there = Vec::new();
        for (_, group) in groups {
            let (saw, advice) = match group.look(connection, self.groups.base()).await {
                Ok(Presence::There) => {
                    there.push(group.as_str());
                    continue;
                }
                Ok(Presence::Ambiguous) => (
                    format!(
                        "several entries are called {}: members of each become {role}",
                        group.as_str()
                    ),
                    format!(
                        "give the whole name of the one that is meant (cn=…,dc=…) in {setting}"
                    ),
                ),
                Ok(Presence::Missing) => (
                    format!(
                        "{} is not there, or LDAP_BIND_DN may not read it: only people whose own \
                         entry names it become {role} by it",
                        group.as_str()
                    ),
                    format!(
                        "check {setting}: whole names (cn=…,dc=…) with semicolons between them"
                    ),
                ),
                Err(failure @ Failure::Base { .. }) => {
                    steps.failed(&name, Verdict::Warning, &failure);
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            steps.note(&name, Verdict::Warning, saw, Some(&advice));
        }
        match there.as_slice() {
            [] => {}
            [one] => steps.well(&name, format!("{one} is there")),
            all => steps.well(&name, format!("{} are there", all.join("; "))),
        }
        Ok(())
    }
}

fn note_required(group: &NamedGroup, presence: Presence, steps: &mut Steps) {
    let name = group.as_str();
    match presence {
        Presence::There => steps.well(REQUIRED, format!("{name} is there")),
        Presence::Missing => steps.note(
            REQUIRED,
            Verdict::Failed,
            format!("{name} is not there, or LDAP_BIND_DN may not read it"),
            Some("check LDAP_REQUIRED_GROUP"),
        ),
        Presence::Ambiguous => steps.note(
            REQUIRED,
            Verdict::Warning,
            format!("several entries are called {name}: members of each may come in"),
            Some("give the whole name of the one that is meant (cn=…,dc=…) in LDAP_REQUIRED_GROUP"),
        ),
    }
}
