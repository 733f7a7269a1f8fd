//! What a sign-in would find of somebody.

use super::super::Directory;
use super::super::connection::Connection;
use super::super::entry::{Hindrance, Person};
use super::super::sign_in::barred;
use super::Steps;
use super::content::REQUIRED;
use crate::auth::{Refusal, Source, Username, Verdict};

/// How many groups a step names.
const NAMED: usize = 10;

impl Directory {
    pub(super) async fn look_for(
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
                if let Refusal::Other(why) = &refusal {
                    // Somebody is found; their entry is not enough.
                    return steps.told(&name, Verdict::Failed, why);
                }
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
        if let Some(hindrance) = &person.hindrance {
            note_hindrance(hindrance, steps);
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
        let (direct, tells_groups) = (person.groups.len(), person.tells_groups);
        let looks_further = self.groups.must_look_further(&person);
        let is_settled = self.groups.may_have_more(&person) && !looks_further;
        let (admitted, groups) = match looks_further {
            false => (self.admit(connection, person.clone()).await, person.groups),
            true => match self.groups.look_further(connection, &person).await {
                Ok((groups, _)) => (self.admit(connection, person).await, groups),
                Err(failure) => return steps.failed("groups", Verdict::Failed, &failure),
            },
        };
        let mut saw = told(direct, &groups);
        if is_settled {
            saw.push_str("; more were not searched, as these decide on the role already");
        }
        match tells_groups {
            true => steps.well("groups", saw),
            false => {
                let attribute = &self.attributes.groups;
                let saw = format!("the entry has no {attribute}; {saw}");
                let advice = format!(
                    "check LDAP_GROUP_ATTRIBUTE and what LDAP_BIND_DN may read, unless this person \
                     is in no group, or the directory writes no groups into entries: then their \
                     groups are searched, under {}",
                    self.groups.base().0
                );
                steps.note("groups", Verdict::Warning, saw, Some(&advice));
            }
        }
        let member = match admitted {
            Ok(Ok(member)) => member,
            Ok(Err(Refusal::Other(why))) => {
                return steps.note("admission", Verdict::Failed, why, None);
            }
            Ok(Err(_)) => {
                let required = self.required_name();
                let (saw, advice) = match self.required_group_is_there(connection).await {
                    Ok(true) => (
                        format!("not in the required group {required}"),
                        "add them to it in the directory, or change LDAP_REQUIRED_GROUP",
                    ),
                    _ => (
                        format!(
                            "not seen to be in the required group {required}, which is not shown"
                        ),
                        "mend LDAP_REQUIRED_GROUP first, or what LDAP_BIND_DN may read",
                    ),
                };
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
            Ok(identity) => {
                // Their own entry tells that they are in it.
                steps.excuse(REQUIRED);
                steps.found(identity);
            }
            Err(failure) => steps.failed("name", Verdict::Failed, &failure),
        }
    }
}

fn note_hindrance(hindrance: &Hindrance, steps: &mut Steps) {
    let Hindrance { refusal, is_unsure } = hindrance;
    let advice = match (refusal, is_unsure) {
        (Refusal::NotFromHere, _) => {
            "see that the machines that the entry names include the directory's own servers"
        }
        (Refusal::MustChangePassword, true) => {
            "where the password policy says pwdMustChange, they set a new password first"
        }
        (Refusal::MustChangePassword | Refusal::PasswordExpired, _) => {
            "they set a new password first, at a computer of the domain for one"
        }
        (Refusal::Locked, _) => "unlock it in the directory, or wait until that is over",
        _ => "mend it in the directory",
    };
    let verdict = match is_unsure {
        true => Verdict::Warning,
        false => Verdict::Failed,
    };
    steps.note("account", verdict, refusal.to_string(), Some(advice));
}

/// The groups, those in the entry first.
fn told(direct: usize, groups: &[String]) -> String {
    let named: Vec<_> = groups.iter().take(NAMED).map(String::as_str).collect();
    let more = match groups.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let named = named.join("; ");
    match groups.len() {
        0 => "none".to_owned(),
        all if all == direct || direct == 0 => format!("{all}: {named}{more}"),
        all => format!("{all}, in {direct} of them directly: {named}{more}"),
    }
}
